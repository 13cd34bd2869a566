/*
 * Memory that runs out: a call is set up, talked over, re-keyed and closed,
 * with the n-th allocation of native/ failing, for every n until nothing
 * fails. Nothing may crash, leak, or leave a key in memory that was given
 * back.
 *
 * The Makefile has native/ call fail_malloc and fail_calloc here; the program
 * also brings its own malloc to watch libsrtp's blocks, so it runs without a
 * sanitizer. (Allocations inside libsrtp are not made to fail: 2.5 crashes.)
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

#include "check.h"
#include "packets.h"
#include "relay.h"

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *block);

enum { NEVER = -1, KEY = 0xa7, SECRET_BYTES = 16 };

static int countdown = NEVER;
static int failures;
static long blocks;
static int leaks_of_keys;

static int may_allocate(void)
{
	if (countdown == 0)
		failures++;
	return countdown < 0 || countdown-- > 0;
}

void *malloc(size_t size)
{
	void *block = __libc_malloc(size);

	blocks += block != NULL;
	return block;
}

void *calloc(size_t count, size_t size)
{
	void *block = __libc_calloc(count, size);

	blocks += block != NULL;
	return block;
}

void *realloc(void *old, size_t size)
{
	void *block = __libc_realloc(old, size);

	blocks += block != NULL && old == NULL;
	return block;
}

void *fail_malloc(size_t size);
void *fail_malloc(size_t size)
{
	return may_allocate() ? malloc(size) : NULL;
}

void *fail_calloc(size_t count, size_t size);
void *fail_calloc(size_t count, size_t size)
{
	return may_allocate() ? calloc(count, size) : NULL;
}

/* Every key of this test is one octet repeated. */
static int holds_key(const uint8_t *block, size_t size)
{
	size_t run = 0, i;

	for (i = 0; i < size; i++) {
		run = block[i] == KEY ? run + 1 : 0;
		if (run == SECRET_BYTES)
			return 1;
	}
	return 0;
}

void free(void *block)
{
	if (!block)
		return;
	leaks_of_keys += holds_key(block, malloc_usable_size(block));
	blocks--;
	__libc_free(block);
}

static struct bm_events events;
static uint32_t suites;

static void update_side(struct bm_relay *relay, uint32_t side, uint16_t suite,
			uint8_t fill)
{
	struct bm_update update = {
		.set = BM_SET_KIND | BM_SET_DIRECTION | BM_SET_REMOTE |
		       BM_SET_RECEIVE_KEY | BM_SET_SEND_KEY,
		.kind = BM_SECURE,
		.direction = BM_RECEIVE | BM_SEND,
		.remote = { ip4(LOOPBACK, 9) },
		.receive = make_key(suite, fill),
		.send = make_key(suite, fill),
	};
	int error = bm_relay_check(relay, side, &update, suites);

	if (!error)
		error = bm_relay_apply(relay, side, &update, 1);
	CHECK(error == 0 || error == -ENOMEM || error == -ENOTSUP ||
	      error == -ENOTRECOVERABLE);
}

static void talk(struct bm_relay *relay, struct bm_context *far,
		 uint16_t sequence)
{
	struct bm_packet packet = { .relay = relay,
				    .from = ip4(LOOPBACK, 9) };

	packet.length = make_rtp(packet.data, 1, sequence, 20);
	if (bm_protect(far, packet.data, &packet.length,
		       sizeof(packet.data)) == 0)
		bm_relay_pass(&packet, 1, 1);
	packet.length = make_rtcp(packet.data, 1);
	packet.port = BM_RTCP;
	packet.from.port++;
	if (bm_protect_rtcp(far, packet.data, &packet.length,
			    sizeof(packet.data)) == 0)
		bm_relay_pass(&packet, 1, 1);
}

/* The relay starts late, after a rollover. */
static void lose(struct bm_context *far, uint16_t sequence)
{
	struct bm_packet packet;

	packet.length = make_rtp(packet.data, 1, sequence, 20);
	bm_protect(far, packet.data, &packet.length, sizeof(packet.data));
}

static void whole_call(uint16_t suite)
{
	struct bm_side sides[2] = {
		make_side(ip4(LOOPBACK, 0), 27000, 27099),
		make_side(ip4(LOOPBACK, 0), 27000, 27099),
	};
	struct bm_key key = make_key(suite, KEY);
	struct bm_context *far = NULL;
	struct bm_relay *relay;
	struct bm_ports ports;

	if (bm_relay_new(&relay, sides, 46, &ports))
		return;
	relay->events = &events;
	if (bm_context_open(&far, &key, BM_OUTBOUND, NULL) == 0) {
		update_side(relay, BM_A, suite, KEY);
		update_side(relay, BM_B, suite, KEY);
		lose(far, 65535);
		talk(relay, far, 0);
		talk(relay, far, 1);
		update_side(relay, BM_A, suite, 3);
		update_side(relay, BM_B, suite, 3);
		talk(relay, far, 3);
		update_side(relay, BM_A, suite, KEY);
		talk(relay, far, 4);
	}
	bm_context_close(far);
	bm_relay_free(relay);
}

static void fail_every_allocation(uint16_t suite)
{
	int n = 0;
	long before;

	/* Once to let the libraries set themselves up. */
	whole_call(suite);
	do {
		before = blocks;
		failures = 0;
		leaks_of_keys = 0;
		countdown = n++;
		whole_call(suite);
		countdown = NEVER;
		CHECK_EQUAL(leaks_of_keys, 0);
		CHECK_EQUAL(blocks, before);
		if (blocks != before || leaks_of_keys)
			printf("     with allocation %d failing\n", n - 1);
	} while (failures);
	printf("     suite %d: %d allocations\n", suite, n - 1);
}

static void a_call_survives_every_failing_allocation(void)
{
	uint16_t suite;

	for (suite = BM_AES_CM_128_HMAC_SHA1_80;
	     suite <= BM_LAST_SUITE; suite++)
		if (suites >> suite & 1)
			fail_every_allocation(suite);
}

enum { STACK_BYTES = 256 * 1024 };

static uint8_t stack[STACK_BYTES] __attribute__((aligned(4096)));
static struct bm_relay *changing;
static struct bm_update updates[2];

static void *change_keys(void *update)
{
	CHECK_EQUAL(bm_relay_apply(changing, BM_A, update, 1), 0);
	return NULL;
}

/* On a stack of its own, where the test itself leaves no key. */
static void change_keys_and_search(const struct bm_update *update)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, stack, sizeof(stack));
	pthread_create(&thread, &attributes, change_keys, (void *)update);
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attributes);
	CHECK(!holds_key(stack, sizeof(stack)));
}

static void leave_no_key_on_the_stack(uint16_t suite)
{
	struct bm_side sides[2] = {
		make_side(ip4(LOOPBACK, 0), 27000, 27099),
		make_side(ip4(LOOPBACK, 0), 27000, 27099),
	};
	struct bm_ports ports;
	int i;

	for (i = 0; i < 2; i++) {
		updates[i].set = BM_SET_RECEIVE_KEY | BM_SET_SEND_KEY;
		updates[i].receive = make_key(suite, i ? 3 : KEY);
		updates[i].send = updates[i].receive;
	}
	CHECK_EQUAL(bm_relay_new(&changing, sides, 46, &ports), 0);
	for (i = 0; i < 3; i++)
		change_keys_and_search(&updates[i % 2]);
	bm_relay_free(changing);
}

static void no_key_stays_on_the_stack(void)
{
	uint16_t suite;

	for (suite = BM_AES_CM_128_HMAC_SHA1_80;
	     suite <= BM_LAST_SUITE; suite++)
		if (suites >> suite & 1)
			leave_no_key_on_the_stack(suite);
}

static void a_library_survives_every_failing_allocation(void)
{
	struct bm_config config = { .relays = 4 };
	struct bm_media *media;
	int n = 0;
	int32_t error;

	do {
		failures = 0;
		countdown = n++;
		error = bm_open(&config, &media);
		countdown = NEVER;
		if (!error)
			CHECK_EQUAL(bm_close(media), 0);
	} while (failures);
	CHECK_EQUAL(error, 0);
}

static const struct check_test tests[] = {
	TEST(a_call_survives_every_failing_allocation),
	TEST(no_key_stays_on_the_stack),
	TEST(a_library_survives_every_failing_allocation),
};

int main(void)
{
	int failed;

	if (bm_srtp_start() || bm_events_open(&events))
		return 1;
	suites = bm_srtp_suites();
	failed = check_run(tests, sizeof(tests) / sizeof(tests[0]));
	bm_events_close(&events);
	bm_srtp_stop();
	return failed;
}
