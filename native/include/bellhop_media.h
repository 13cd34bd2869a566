/*
 * bellhop's media path: SRTP (RFC 3711, RFC 7714) between two sides of a
 * call, in a thread of its own. The whole ABI of libbellhop_media.so.
 *
 * Every function returns 0 (or a count) or a negative errno. Sizes are in
 * bytes, ports in host order, addresses and keys in network order. Functions
 * may be called from any thread; none of them waits for a packet. The caller
 * zeroes a structure before filling it in.
 */
#ifndef BELLHOP_MEDIA_H
#define BELLHOP_MEDIA_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Raised whenever anything below changes; bm_abi() must return the same. */
enum { BM_ABI = 6 };

/* Room for what is kept of one relay. */
enum { BM_KEPT_BYTES = 4096 };

/* The two sides of a relay, and the two components of a side. */
enum { BM_A = 0, BM_B = 1 };
enum { BM_RTP = 0, BM_RTCP = 1 };

/* What travels on a side. BM_UNTOUCHED needs BM_UNTOUCHED on the other. */
enum {
	BM_CLEAR = 0,     /* RTP and RTCP, RFC 3550 */
	BM_SECURE = 1,    /* SRTP and SRTCP with the keys given here */
	BM_UNTOUCHED = 2  /* every datagram as it is: DTLS, ZRTP, STUN, ... */
};

/* Crypto suites, RFC 4568, RFC 7714 and RFC 6188. */
enum {
	BM_AES_CM_128_HMAC_SHA1_80 = 1,
	BM_AES_CM_128_HMAC_SHA1_32 = 2,
	BM_AEAD_AES_128_GCM = 3,
	BM_AEAD_AES_256_GCM = 4,
	BM_AES_256_CM_HMAC_SHA1_80 = 5,
	BM_AES_256_CM_HMAC_SHA1_32 = 6,
	BM_NULL_HMAC_SHA1_80 = 7, /* signed only */
	BM_LAST_SUITE = BM_NULL_HMAC_SHA1_80
};

/* Direction of a side (bits): take RTP from it, pass RTP to it. */
enum { BM_RECEIVE = 1, BM_SEND = 2 };

/* Which members of bm_update are to be applied (bits). */
enum {
	BM_SET_KIND = 1,
	BM_SET_DIRECTION = 2,
	BM_SET_MUX = 4,
	BM_SET_CLOCK = 8,
	BM_SET_REMOTE = 16,
	BM_SET_RECEIVE_KEY = 32,
	BM_SET_SEND_KEY = 64,
	BM_RELATCH = 128, /* forget the latched source even if nothing changed */
	BM_SET_LOCAL = 256,
	BM_LATE = 512, /* the peer may not have the new `send` key yet */
	BM_SET_NAME = 1024
};

/* What bm_events() reports. */
enum {
	BM_LATCHED = 1,      /* the remote address is now known and fixed */
	BM_SILENT = 2,       /* nothing came for silent_ms */
	BM_HEARD = 3,        /* the silent side is back */
	BM_DEAD = 4,         /* nothing came for dead_ms: shut, keys gone */
	BM_AUTH_FAILING = 5, /* for a second, only packets that do not verify */
	BM_EVENTS_LOST = 6   /* the reader was too slow; look at the counters */
};

struct bm_address {
	uint8_t family; /* 4, 6, or 0 for none */
	uint8_t prefix; /* bits of ip that must match; read in `allow` only */
	uint16_t port;  /* in `allow`: 0 admits every port */
	uint32_t scope; /* interface index of an IPv6 link-local address */
	uint8_t ip[16]; /* IPv4 uses the first four */
};

/* Master key and master salt, RFC 3711 section 3.2.1; unused bytes zero. */
struct bm_key {
	uint16_t suite;
	uint8_t key[32];
	uint8_t salt[14];
};

struct bm_config {
	uint32_t relays;      /* most relays at once, 1 to 65535 */
	uint32_t coalesce_us; /* longest nap under load; 0: woken per packet */
	uint32_t silent_ms;   /* 0: never reported */
	uint32_t dead_ms;     /* 0: never closed */
	uint32_t dscp;        /* 46 is Expedited Forwarding, RFC 3246 */
	uint8_t *kept;        /* NULL, or relays * BM_KEPT_BYTES, aligned to 8,
				 zero or as an earlier process left them: how
				 far the packets went, without any key; each
				 begins with the handle of its relay, 0 for
				 none, and ends with 8 octets for the caller */
};

struct bm_side {
	struct bm_address local; /* where to listen; its port is not read */
	uint16_t port_low;       /* RTP takes an even port, RTCP the next */
	uint16_t port_high;
};

struct bm_ports {
	uint16_t port[4]; /* side * 2 + component */
};

/*
 * Change one side. A source is accepted when it is `remote` itself or lies
 * inside `allow`; the first such packet (on a secure side: the first that
 * verifies) latches the side, and no other source is heard until the
 * signalling sets another `remote` or `allow`, or asks for BM_RELATCH, or
 * until nothing has come for silent_ms: a NAT may have changed the port.
 * Without a port, remote[BM_RTCP] is the RTP port plus one (RFC 3605).
 * A new `local` address listens and sends with the ports that the side has;
 * where they are taken there, the side stays mute (-EADDRINUSE).
 * Nothing is changed on -EINVAL, -EAFNOSUPPORT, -ENOENT, -ENOTSUP.
 */
struct bm_update {
	uint32_t set;
	uint32_t kind;
	uint32_t direction;
	uint32_t mux;        /* RTP and RTCP on one port, RFC 5761 */
	uint32_t clock_rate; /* RTP timestamp units per second, for jitter */
	struct bm_address remote[2];
	struct bm_address allow;
	struct bm_address local; /* its port is not read */
	struct bm_key receive;
	struct bm_key send;
	uint8_t name[16]; /* CNAME of all RTCP that is passed to this side:
			     what else it says of the other end is wiped */
};

struct bm_side_stats {
	uint64_t received_packets; /* accepted: valid, verified, not replayed */
	uint64_t received_bytes;
	uint64_t sent_packets;
	uint64_t sent_bytes;
	uint32_t rtcp_packets;     /* of the received ones */
	int32_t lost;              /* RFC 3550 A.3; negative with duplicates */
	uint32_t jitter_us;        /* RFC 3550 A.8, of the last source heard */
	uint32_t ssrc;             /* of the last source heard */
	uint32_t idle_ms;          /* since the last accepted; all ones: none
				      was accepted yet */
	uint32_t auth_failed;
	uint32_t replayed;
	uint32_t strangers;        /* refused by source; none is counted once
				      the kernel refuses them: latched */
	uint32_t invalid;          /* not RTP, not RTCP, or on the wrong port */
	uint32_t oversize;         /* longer than any packet of ours */
	uint32_t held;             /* came against the direction agreed, or
				      before the key */
	uint32_t sources_refused;  /* more SSRCs than a context keeps */
	uint32_t unsent;           /* no address, no key, refused by kernel */
	uint32_t latched[2];       /* per component */
	struct bm_address remote[2];
};

struct bm_stats {
	struct bm_side_stats side[2];
	uint32_t dead;
};

struct bm_status {
	uint32_t relays;
	uint32_t suites;  /* bit n set: suite n works here */
	uint64_t packets; /* read from sockets since bm_open() */
	uint64_t passes;  /* times the thread looked for packets */
};

struct bm_event {
	uint32_t relay;
	uint16_t kind;
	uint8_t side;
	uint8_t component;
	struct bm_address remote;
};

/* One packet thread and its relays. */
struct bm_media;

int32_t bm_abi(void);

int32_t bm_open(const struct bm_config *config, struct bm_media **media);

/* Ends the thread, wipes all keys, frees everything. No other call may be
 * under way. */
int32_t bm_close(struct bm_media *media);

/*
 * Bind the ports of both sides before anything else is known. -EADDRINUSE:
 * the range is exhausted; -ENFILE: too many relays; -EMFILE: too many files.
 * The handle written to *relay is never 0; once closed it stays unknown
 * (-ENOENT) until 65535 later relays have used its slot.
 */
int32_t bm_relay_open(struct bm_media *media, const struct bm_side side[2],
		      uint32_t *relay, struct bm_ports *ports);

/*
 * Go on with a relay of an earlier process, from what it left in `kept`: with
 * the keys of that one, no packet index is sent or accepted again (RFC 3711
 * section 9.1). The first updates must set those keys. -ENOENT: nothing is
 * kept of it; -EKEYEXPIRED of an update: it sent too much SRTCP.
 */
int32_t bm_relay_resume(struct bm_media *media, const struct bm_side side[2],
			uint32_t relay, struct bm_ports *ports);

/*
 * A new key takes effect at once for sending, with BM_LATE when the first
 * packet with the new `receive` key arrives or 200 have been sent; received
 * packets that still use the old one are accepted until the first with the
 * new one arrives.
 * Rollover counters and replay windows go on (RFC 3711 section 3.3.1).
 * -ENOTRECOVERABLE: memory ran out in the middle of a change of keys; this
 * side stays mute and the relay must be replaced.
 */
int32_t bm_relay_update(struct bm_media *media, uint32_t relay, uint32_t side,
			const struct bm_update *update);

int32_t bm_relay_stats(struct bm_media *media, uint32_t relay,
		       struct bm_stats *stats);

int32_t bm_relay_close(struct bm_media *media, uint32_t relay);

/* A descriptor that is readable while bm_events() has something to say. */
int32_t bm_events_fd(struct bm_media *media);

/* Takes up to `capacity` events and returns how many. */
int32_t bm_events(struct bm_media *media, struct bm_event *events,
		  uint32_t capacity);

int32_t bm_status(struct bm_media *media, struct bm_status *status);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
