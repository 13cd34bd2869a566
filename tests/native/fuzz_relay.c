/*
 * libFuzzer on everything a stranger can send to a media port.
 *
 * The first octet of an input chooses the relay and whether packets arrive as
 * they are or protected (so that what stands behind the authentication is
 * reached as well); then packets follow, each behind an octet that gives its
 * length in units of four and one that gives its port. The relays have no
 * sockets: sending fails and is counted.
 */
#include <stdlib.h>

#include "packets.h"
#include "relay.h"

enum { KINDS = 4, SUITE = BM_AES_CM_128_HMAC_SHA1_32 };

static struct bm_events events;

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	(void)count;
	(void)arguments;
	return bm_srtp_start() || bm_events_open(&events);
}

static void agree(struct bm_relay *relay, uint32_t side, uint32_t kind,
		  uint32_t mux)
{
	struct bm_update update = {
		.set = BM_SET_KIND | BM_SET_DIRECTION | BM_SET_MUX |
		       BM_SET_RECEIVE_KEY | BM_SET_SEND_KEY,
		.kind = kind,
		.mux = mux,
		.direction = BM_RECEIVE | BM_SEND,
		.receive = make_key(SUITE, 1),
		.send = make_key(SUITE, 2),
	};
	struct bm_leg *leg = &relay->leg[side];

	leg->fd[BM_RTP] = leg->fd[BM_RTCP] = -1;
	leg->family = 4;
	leg->clock_rate = 8000;
	leg->latch[BM_RTP] = leg->latch[BM_RTCP] = BM_FIXED;
	if (bm_relay_check(relay, side, &update, 1 << SUITE) ||
	    bm_relay_apply(relay, side, &update, 0))
		abort();
}

static void protect(struct bm_context *far, struct bm_packet *packet)
{
	if (bm_is_rtcp_type(packet->data, packet->length)) {
		if (bm_rtcp_is_plausible(packet->data, packet->length))
			bm_protect_rtcp(far, packet->data, &packet->length,
					sizeof(packet->data));
	} else if (bm_rtp_is_valid(packet->data, packet->length)) {
		bm_protect(far, packet->data, &packet->length,
			   sizeof(packet->data));
	}
}

static void feed(struct bm_relay *relay, struct bm_context *far,
		 const uint8_t *data, size_t size)
{
	static struct bm_packet packet;
	uint64_t now_us = 0;

	while (size >= 2) {
		size_t length = data[0] * 4u + (data[1] >> 6);

		packet.relay = relay;
		packet.port = data[1] & 3;
		data += 2;
		size -= 2;
		if (length > size)
			length = size;
		memcpy(packet.data, data, length);
		packet.length = length;
		data += length;
		size -= length;
		if (far)
			protect(far, &packet);
		bm_relay_pass(&packet, 1, now_us += 20000);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t kinds[KINDS][2] = {
		{ BM_CLEAR, BM_CLEAR },
		{ BM_CLEAR, BM_SECURE },
		{ BM_SECURE, BM_SECURE },
		{ BM_UNTOUCHED, BM_UNTOUCHED },
	};
	struct bm_relay relay = { .id = 1, .events = &events };
	struct bm_key key = make_key(SUITE, 1);
	struct bm_context *far = NULL;
	const uint32_t *kind;

	if (size < 1)
		return 0;
	kind = kinds[data[0] % KINDS];
	agree(&relay, BM_A, kind[0], data[0] & 4);
	agree(&relay, BM_B, kind[1], data[0] & 8);
	if (data[0] & 16 && bm_context_open(&far, &key, BM_OUTBOUND, NULL))
		abort();
	feed(&relay, far, data + 1, size - 1);
	bm_context_close(far);
	bm_leg_close(&relay.leg[BM_A]);
	bm_leg_close(&relay.leg[BM_B]);
	return 0;
}
