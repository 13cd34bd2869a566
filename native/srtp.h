/*
 * One cryptographic context (RFC 3711 section 3.2): one direction of one
 * side, all its SSRCs, RTP and RTCP. srtp.c is the only file that knows
 * libsrtp.
 *
 * Results: 0; -EBADMSG does not verify; -EALREADY index seen before; -ENOSPC
 * no place for another SSRC, or no room for the tag; -EKEYEXPIRED key used
 * up; -ENOTRECOVERABLE a change of keys failed half way; -EINVAL, -ENOTSUP
 * suite unknown, or not in this libsrtp; -ENOMEM.
 */
#ifndef BM_SRTP_H
#define BM_SRTP_H

#include <stddef.h>
#include <stdint.h>

#include "bellhop_media.h"

enum {
	/* Longest packet before protection; anything an Ethernet carries. */
	BM_PACKET_LENGTH = 2048,
	/* Authentication tag and SRTCP index, rounded up. */
	BM_TRAILER = 32,
	/* SSRCs that one context keeps. None is ever forgotten: its index
	 * would start again under the same key. */
	BM_CONTEXT_STREAMS = 32,
	BM_REPLAY_WINDOW = 128
};

enum bm_flow { BM_OUTBOUND, BM_INBOUND };

struct bm_context;

/* How far one SSRC went. It may lie in memory that outlives the process. */
struct bm_kept_stream {
	uint64_t index;  /* highest packet index processed, RFC 3711 3.3.1 */
	uint32_t ssrc;
	uint32_t rtcp;   /* highest index of SRTCP */
	uint16_t shift;  /* added to sequences since the source restarted */
	uint8_t used;    /* 0: this place is free, and all behind it */
	uint8_t started; /* an RTP packet was processed: index is valid */
};

/* Call both once per user of the library, in pairs. */
int bm_srtp_start(void);
void bm_srtp_stop(void);

/* Bit n is set when suite n works with the libsrtp that is loaded. */
uint32_t bm_srtp_suites(void);

/* kept: BM_CONTEXT_STREAMS places, zero or as an earlier process left them
 * that had the same keys; NULL: none of it outlives the context.
 * -EKEYEXPIRED: that one sent too much SRTCP to go on. */
int bm_context_open(struct bm_context **context, const struct bm_key *key,
		    enum bm_flow flow, struct bm_kept_stream *kept);
int bm_context_rekey(struct bm_context *context, const struct bm_key *key);
/* Change an outbound key by and by: at bm_context_turn(), or after so many
 * packets that the peer would soon not try the old key any more. */
int bm_context_rekey_late(struct bm_context *context,
			  const struct bm_key *key);
void bm_context_turn(struct bm_context *context);
/* Whether a packet with the last inbound key was heard. */
int bm_context_is_heard(const struct bm_context *context);
void bm_context_close(struct bm_context *context);

/* In place, on 4-byte-aligned buffers whose headers are valid (rtp.h). */
int bm_protect(struct bm_context *context, uint8_t *packet, size_t *length,
	       size_t capacity);
int bm_protect_rtcp(struct bm_context *context, uint8_t *packet,
		    size_t *length, size_t capacity);
int bm_unprotect(struct bm_context *context, uint8_t *packet, size_t *length);
int bm_unprotect_rtcp(struct bm_context *context, uint8_t *packet,
		      size_t *length);

#endif
