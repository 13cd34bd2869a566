/*
 * A day of packets, 50 a second, through one sending and one receiving
 * context: 66 rollovers, a new key every hour, packets out of order, lost and
 * repeated. The argument is the step between two packets that are really
 * sent: 1 sends all of them.
 */
#include <errno.h>
#include <stdlib.h>

#include "check.h"
#include "packets.h"
#include "rtp.h"
#include "srtp.h"

enum {
	PER_HOUR = 180000,
	DAY = 24 * PER_HOUR,
	FIRST = 60000,
	SHUFFLED = 8,
	SUITE = BM_AES_CM_128_HMAC_SHA1_80
};

struct packet {
	uint8_t data[128] __attribute__((aligned(8)));
	size_t length;
};

static struct bm_context *out, *in;
static uint32_t dice = 1;

/* Numbers that are the same in every run. */
static uint32_t roll(uint32_t sides)
{
	dice = dice * 1664525 + 1013904223;
	return (dice >> 8) % sides;
}

static void rekey(uint32_t hour)
{
	struct bm_key key = make_key(SUITE, (uint8_t)(1 + hour));

	CHECK_EQUAL(bm_context_rekey(in, &key), 0);
	CHECK_EQUAL(bm_context_rekey(out, &key), 0);
}

static void protect(struct packet *packet, uint32_t number)
{
	packet->length = make_rtp(packet->data, 5, (uint16_t)(FIRST + number),
				  20);
	CHECK_EQUAL(bm_protect(out, packet->data, &packet->length,
			       sizeof(packet->data)), 0);
}

/* One in fifty is lost, one in fifty comes twice. */
static void deliver(const struct packet *packet)
{
	struct packet once = *packet, twice = *packet;
	uint32_t chance = roll(50);

	if (chance == 0)
		return;
	CHECK_EQUAL(bm_unprotect(in, once.data, &once.length), 0);
	CHECK_EQUAL(once.data[20], bm_rtp_sequence(once.data) & 0xff);
	if (chance == 1)
		CHECK_EQUAL(bm_unprotect(in, twice.data, &twice.length),
			    -EALREADY);
}

static void send_group(uint32_t number, uint32_t step)
{
	struct packet packets[SHUFFLED];
	uint32_t i;

	for (i = 0; i < SHUFFLED; i++)
		protect(&packets[i], number + i * step);
	for (i = SHUFFLED; i > 0; i--) {
		uint32_t chosen = roll(i);

		deliver(&packets[chosen]);
		packets[chosen] = packets[i - 1];
	}
}

int main(int count, char **arguments)
{
	uint32_t step = count > 1 ? (uint32_t)atoi(arguments[1]) : 1;
	struct bm_key key = make_key(SUITE, 1);
	uint32_t number, hour = 0;

	if (bm_srtp_start() || step == 0 || step > 15)
		return 1;
	CHECK_EQUAL(bm_context_open(&out, &key, BM_OUTBOUND, NULL), 0);
	CHECK_EQUAL(bm_context_open(&in, &key, BM_INBOUND, NULL), 0);
	for (number = 0; number < DAY && !check_failures;
	     number += SHUFFLED * step) {
		if (number / PER_HOUR != hour)
			rekey(++hour);
		send_group(number, step);
	}
	printf("%s %u packets in steps of %u, %u keys\n",
	       check_failures ? "FAIL" : "ok  ", number, step, hour + 1);
	bm_context_close(out);
	bm_context_close(in);
	bm_srtp_stop();
	return check_failures != 0;
}
