/*
 * The hot floor: receive, protect and connected send of one packet of 160
 * bytes, over and over with all caches warm. The argument is the crypto suite.
 * Prints the median of each step as JSON, in nanoseconds.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../native/packets.h"
#include "srtp.h"

enum { ROUNDS = 200, BATCH = 100 };

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

static int median(uint64_t took[ROUNDS])
{
	qsort(took, ROUNDS, sizeof(took[0]), compare);
	return (int)(took[ROUNDS / 2] / BATCH);
}

int main(int count, char **arguments)
{
	struct bm_key key = make_key(
		(uint16_t)(count > 1 ? atoi(arguments[1]) :
				       BM_AES_CM_128_HMAC_SHA1_80), 1);
	struct phone from = open_phone(LOOPBACK), to = open_phone(LOOPBACK);
	static uint64_t receive[ROUNDS], crypto[ROUNDS], sending[ROUNDS];
	struct sockaddr_in address = { .sin_family = AF_INET };
	uint8_t packet[256] __attribute__((aligned(8)));
	struct bm_context *context;
	uint16_t sequence = 0;
	size_t length;
	int round, i;

	address.sin_addr.s_addr = htonl(LOOPBACK);
	address.sin_port = htons(to.address.port);
	if (bm_srtp_start() ||
	    bm_context_open(&context, &key, BM_OUTBOUND) ||
	    connect(from.fd, (struct sockaddr *)&address, sizeof(address)))
		return 1;
	for (round = 0; round < ROUNDS; round++) {
		uint64_t start = now_ns();

		for (i = 0; i < BATCH; i++)
			send(from.fd, packet, 172, 0);
		sending[round] = now_ns() - start;
		start = now_ns();
		for (i = 0; i < BATCH; i++)
			recv(to.fd, packet, sizeof(packet), 0);
		receive[round] = now_ns() - start;
		start = now_ns();
		for (i = 0; i < BATCH; i++) {
			length = make_rtp(packet, 1, sequence++, 160);
			bm_protect(context, packet, &length, sizeof(packet));
		}
		crypto[round] = now_ns() - start;
	}
	printf("{\"receive\": %d, \"crypto\": %d, \"send\": %d}\n",
	       median(receive), median(crypto), median(sending));
	bm_context_close(context);
	return 0;
}
