/* RTP and RTCP headers, see rtp.h. */
#include <string.h>

#include "rtp.h"

enum {
	MAX_DROPOUT = 3000, /* RFC 3550 A.1: a larger gap is a restart */
	MAX_MISORDER = 100, /* RFC 3550 A.1: an older packet is a restart */
	NO_SUSPECT = UINT32_MAX,
	SDES = 202, /* RFC 3550 section 12.1 */
	APP = 204,
	SDES_CNAME = 1
};

static int has_version_2(const uint8_t *packet)
{
	return packet[0] >> 6 == 2;
}

int bm_is_rtcp_type(const uint8_t *packet, size_t length)
{
	return length >= 2 && packet[1] >= 192 && packet[1] <= 223;
}

int bm_rtp_is_valid(const uint8_t *packet, size_t length)
{
	size_t header;

	if (length < BM_RTP_HEADER || !has_version_2(packet))
		return 0;
	header = BM_RTP_HEADER + 4 * (size_t)(packet[0] & 15);
	if (packet[0] & 0x10) {
		if (length < header + 4)
			return 0;
		header += 4 + 4 * (size_t)bm_read16(packet + header + 2);
	}
	return header <= length;
}

static size_t rtcp_length(const uint8_t *packet)
{
	return 4 * ((size_t)bm_read16(packet + 2) + 1);
}

int bm_rtcp_is_plausible(const uint8_t *packet, size_t length)
{
	return length >= BM_RTCP_HEADER && has_version_2(packet) &&
	       bm_is_rtcp_type(packet, length) &&
	       rtcp_length(packet) <= length;
}

int bm_rtcp_is_valid(const uint8_t *packet, size_t length)
{
	if (!bm_rtcp_is_plausible(packet, length))
		return 0;
	while (length >= 4 && has_version_2(packet) &&
	       rtcp_length(packet) <= length) {
		size_t one = rtcp_length(packet);

		packet += one;
		length -= one;
	}
	return length == 0;
}

/* Octets of the items of one chunk, with the zeros behind them. */
static size_t items_length(const uint8_t *items, size_t room)
{
	size_t at = 0;

	while (at + 2 <= room && items[at])
		at += 2 + (size_t)items[at + 1];
	at = (at | 3) + 1;
	return at < room ? at : room;
}

static void rename_chunks(uint8_t *chunk, size_t room, const uint8_t *name)
{
	while (room > 4) {
		size_t length = items_length(chunk + 4, room - 4);
		size_t text = length < 3 ? 0 : length - 3;

		if (text > BM_CNAME)
			text = BM_CNAME;
		memset(chunk + 4, 0, length);
		if (text) {
			chunk[4] = SDES_CNAME;
			chunk[5] = (uint8_t)text;
			memcpy(chunk + 6, name, text);
		}
		chunk += 4 + length;
		room -= 4 + length;
	}
}

void bm_rtcp_rename(uint8_t *packet, size_t length, const uint8_t *name)
{
	while (length >= 4) {
		size_t one = rtcp_length(packet);

		if (packet[1] == SDES)
			rename_chunks(packet + 4, one - 4, name);
		else if (packet[1] == APP && one > BM_RTCP_HEADER)
			memset(packet + BM_RTCP_HEADER, 0,
			       one - BM_RTCP_HEADER);
		packet += one;
		length -= one;
	}
}

uint64_t bm_rtp_index(uint64_t highest, uint16_t sequence)
{
	uint16_t last = (uint16_t)highest;
	uint64_t index = (highest & ~(uint64_t)0xffff) | sequence;

	/* There is no rollover before the first: libsrtp reads it so too. */
	if (highest <= 0x8000)
		return sequence;
	if (last < 0x8000)
		return sequence - last > 0x8000 ? index - 0x10000 : index;
	return last - 0x8000 > sequence ? index + 0x10000 : index;
}

static void start(struct bm_source *source, uint16_t sequence,
		  uint32_t transit)
{
	source->base = sequence;
	source->highest = sequence;
	source->suspect = NO_SUSPECT;
	source->transit = transit;
}

uint32_t bm_source_expected(const struct bm_source *source)
{
	return source->expected + source->highest - source->base + 1;
}

/* RFC 3550 A.1: false while a jump is not yet known to be a restart. */
static int follow(struct bm_source *source, uint16_t sequence,
		  uint32_t transit)
{
	uint16_t ahead = (uint16_t)(sequence - (uint16_t)source->highest);

	if (ahead < MAX_DROPOUT) {
		source->highest += ahead;
		return 1;
	}
	if (ahead > 65536 - MAX_MISORDER)
		return 1;
	if (sequence != source->suspect) {
		source->suspect = (uint16_t)(sequence + 1);
		return 0;
	}
	source->expected = bm_source_expected(source);
	start(source, sequence, transit);
	return 1;
}

void bm_source_hear(struct bm_source *source, const uint8_t *packet,
		    uint32_t arrival)
{
	uint16_t sequence = bm_rtp_sequence(packet);
	uint32_t transit = arrival - bm_rtp_timestamp(packet);
	uint32_t change;

	if (source->heard == 0)
		start(source, sequence, transit);
	else if (!follow(source, sequence, transit))
		return;
	source->heard++;
	change = transit - source->transit;
	if (change > INT32_MAX)
		change = 0 - change;
	source->transit = transit;
	source->jitter += change - ((source->jitter + 8) >> 4);
}
