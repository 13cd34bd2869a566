/*
 * RTP and RTCP headers: validity (RFC 3550 section 5.1, 6.4, A.1, A.2),
 * telling them apart on one port (RFC 5761), packet index (RFC 3711
 * section 3.3.1), loss and jitter (RFC 3550 A.3, A.8).
 */
#ifndef BM_RTP_H
#define BM_RTP_H

#include <stddef.h>
#include <stdint.h>

enum { BM_RTP_HEADER = 12, BM_RTCP_HEADER = 8 };

/* Packets come from strangers: bytes only, no casts to wider types. */
static inline uint16_t bm_read16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t bm_read32(const uint8_t *p)
{
	return (uint32_t)bm_read16(p) << 16 | bm_read16(p + 2);
}

static inline uint16_t bm_rtp_sequence(const uint8_t *packet)
{
	return bm_read16(packet + 2);
}

static inline uint32_t bm_rtp_timestamp(const uint8_t *packet)
{
	return bm_read32(packet + 4);
}

static inline uint32_t bm_rtp_ssrc(const uint8_t *packet)
{
	return bm_read32(packet + 8);
}

static inline uint32_t bm_rtcp_ssrc(const uint8_t *packet)
{
	return bm_read32(packet + 4);
}

/* True when the second octet names an RTCP packet type: RFC 5761 section 4. */
int bm_is_rtcp_type(const uint8_t *packet, size_t length);

/* Header, CSRC list and extension fit. Padding is not looked at: it may be
 * encrypted. */
int bm_rtp_is_valid(const uint8_t *packet, size_t length);

/* The first header fits; all that can be said of SRTCP. */
int bm_rtcp_is_plausible(const uint8_t *packet, size_t length);

/* Every packet of the compound has version 2 and their lengths add up. */
int bm_rtcp_is_valid(const uint8_t *packet, size_t length);

enum { BM_CNAME = 16 };

/* Let a valid compound say nothing of its sender but `name`, BM_CNAME octets:
 * SDES and APP (RFC 3550 sections 6.5 and 6.7). No length changes. */
void bm_rtcp_rename(uint8_t *packet, size_t length, const uint8_t *name);

/* The packet index (rollover counter and sequence) nearest to `highest`. */
uint64_t bm_rtp_index(uint64_t highest, uint16_t sequence);

/* Reception of one SSRC. */
struct bm_source {
	uint32_t ssrc;
	uint32_t heard;     /* packets; 0: this place is free */
	uint32_t expected;  /* before the last restart */
	uint32_t base;      /* first extended sequence since the restart */
	uint32_t highest;   /* highest extended sequence */
	uint32_t suspect;   /* sequence that would prove a restart, or ~0 */
	uint32_t transit;   /* of the last packet, in timestamp units */
	uint32_t jitter;    /* sixteenths of timestamp units */
};

/* Count one packet that arrived at `arrival`, in its timestamp's units. */
void bm_source_hear(struct bm_source *source, const uint8_t *packet,
		    uint32_t arrival);

/* Packets that should have come until now. */
uint32_t bm_source_expected(const struct bm_source *source);

#endif
