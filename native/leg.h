/*
 * One side of a relay: its two ports (RTP, RTCP), the remote address of each
 * and how it is latched.
 */
#ifndef BM_LEG_H
#define BM_LEG_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bellhop_media.h"
#include "rtp.h"
#include "srtp.h"

/*
 * A port is DEAF until the signalling says who may send to it. Until then
 * and while it is OPEN the socket takes packets from anybody and each source
 * is checked. The first good packet connects the socket; what strangers had
 * queued before that is still checked while DRAINING. Once FIXED, the kernel
 * lets nobody else through, until nothing has come for long: a NAT may have
 * given the phone another port. Sending goes to the last source meanwhile.
 */
enum bm_latch { BM_DEAF, BM_OPEN, BM_DRAINING, BM_FIXED, BM_LATCHES };
enum bm_latch_event {
	BM_SIGNALLED, /* a new remote or a new constraint */
	BM_ADMITTED,  /* a good packet from an acceptable source */
	BM_EMPTIED,   /* nothing is left in the socket's queue */
	BM_MISSED,    /* nothing has come for silent_ms */
	BM_LATCH_EVENTS
};

extern const uint8_t bm_latch_next[BM_LATCHES][BM_LATCH_EVENTS];

enum { BM_SOURCES = 4 };

struct bm_leg {
	int fd[2];
	uint8_t latch[2];      /* enum bm_latch */
	uint8_t bursty[2];     /* the last read found more than one packet */
	uint32_t pass[2];      /* the pass that last read here */
	uint8_t kind;
	uint8_t direction;
	uint8_t mux;
	uint8_t family;
	uint8_t silent;        /* BM_SILENT was reported */
	uint8_t auth_failing;  /* BM_AUTH_FAILING was reported */
	uint8_t is_named;      /* RTCP is passed to it under `name` alone */
	uint8_t name[BM_CNAME];
	struct bm_context *receive;
	struct bm_context *send;
	uint64_t heard_us;     /* last accepted packet */
	uint64_t waiting_us;   /* since when packets are expected */
	struct bm_side_stats stats;
	uint32_t clock_rate;
	uint32_t seen_failed;  /* stats.auth_failed and received_packets at */
	uint64_t seen_packets; /* the last look */
	struct bm_source sources[BM_SOURCES]; /* the last heard comes first */
	uint32_t expected;     /* of sources that lost their place */
	uint32_t heard;
	struct bm_address remote[2]; /* as signalled */
	struct bm_address peer[2];   /* as last latched, or none */
	struct bm_address tied[2];   /* see bm_leg_is_tied() */
	struct bm_address allow;
};

/* Bind an even port of the range and the next one. The leg is all zero. */
int bm_leg_open(struct bm_leg *leg, const struct bm_side *side, uint32_t dscp,
		uint16_t ports[2]);

/* Have new sockets for the same ports, bound to another address. */
int bm_leg_rebind(struct bm_leg *leg, const struct bm_address *local,
		  uint32_t dscp);

/* Linux leaves an IPv6 socket that is disconnected the address of its peer:
 * it hears no other. Tell whether one of `remote` is another; local: that of
 * the sockets, for new ones. */
int bm_leg_is_tied(const struct bm_leg *leg, const struct bm_address remote[2],
		   struct bm_address *local);

/* Close sockets and wipe keys; the counters stay. */
void bm_leg_close(struct bm_leg *leg);

/* Take the signalled remote and constraint; a port for which they are new,
 * or every port if `again`, forgets its latched source. */
void bm_leg_direct(struct bm_leg *leg, const struct bm_address remote[2],
		   const struct bm_address *allow, int again);

/* Nothing has come for silent_ms: hear every acceptable source again. */
void bm_leg_reopen(struct bm_leg *leg);

/* Where packets are sent: to the last source, or as signalled. */
const struct bm_address *bm_leg_peer(const struct bm_leg *leg,
				     unsigned int component);

int bm_leg_admits(const struct bm_leg *leg, unsigned int component,
		  const struct bm_address *from);

/* Accept no other source than `from` from now on. */
int bm_leg_latch(struct bm_leg *leg, unsigned int component,
		 const struct bm_address *from);

/* Length of the next datagram, more than `capacity` if it did not fit, or a
 * negative errno. `from` may be NULL when the port is FIXED. */
ssize_t bm_leg_receive(struct bm_leg *leg, unsigned int component,
		       uint8_t *packet, size_t capacity,
		       struct bm_address *from);

int bm_leg_send(struct bm_leg *leg, unsigned int component,
		const uint8_t *packet, size_t length);

/* Count an accepted RTP packet for its SSRC. */
void bm_leg_hear(struct bm_leg *leg, const uint8_t *packet, uint64_t now_us);

void bm_leg_stats(const struct bm_leg *leg, struct bm_side_stats *stats,
		  uint64_t now_us);

#endif
