/* Tests of native/srtp.c. */
#include <errno.h>

#include "check.h"
#include "packets.h"
#include "rtp.h"
#include "srtp.h"

enum { SSRC = 0x1234, CAPACITY = 512 };

struct pair {
	struct bm_context *out;
	struct bm_context *in;
};

struct packet {
	uint8_t data[CAPACITY] __attribute__((aligned(8)));
	size_t length;
};

static uint32_t works;

static struct pair open_pair(uint16_t suite, uint8_t fill)
{
	struct bm_key key = make_key(suite, fill);
	struct pair pair;

	CHECK_EQUAL(bm_context_open(&pair.out, &key, BM_OUTBOUND, NULL), 0);
	CHECK_EQUAL(bm_context_open(&pair.in, &key, BM_INBOUND, NULL), 0);
	return pair;
}

static void close_pair(struct pair *pair)
{
	bm_context_close(pair->out);
	bm_context_close(pair->in);
}

static void rekey(struct pair *pair, uint16_t suite, uint8_t fill)
{
	struct bm_key key = make_key(suite, fill);

	CHECK_EQUAL(bm_context_rekey(pair->out, &key), 0);
	CHECK_EQUAL(bm_context_rekey(pair->in, &key), 0);
}

static int protect(struct pair *pair, struct packet *packet, uint32_t ssrc,
		   uint16_t sequence)
{
	packet->length = make_rtp(packet->data, ssrc, sequence, 160);
	return bm_protect(pair->out, packet->data, &packet->length, CAPACITY);
}

static int unprotect(struct pair *pair, const struct packet *packet)
{
	struct packet copy = *packet;
	uint8_t expected[CAPACITY];
	size_t length;
	int error = bm_unprotect(pair->in, copy.data, &copy.length);

	if (error)
		return error;
	length = make_rtp(expected, bm_rtp_ssrc(copy.data),
			  bm_rtp_sequence(copy.data), 160);
	CHECK_EQUAL(copy.length, length);
	CHECK(memcmp(copy.data + 12, expected + 12, 160) == 0);
	return 0;
}

/* Send one packet through and expect it to arrive. */
static void pass(struct pair *pair, uint16_t sequence)
{
	struct packet packet;

	CHECK_EQUAL(protect(pair, &packet, SSRC, sequence), 0);
	CHECK_EQUAL(unprotect(pair, &packet), 0);
}

static int protect_rtcp(struct pair *pair, struct packet *packet)
{
	packet->length = make_rtcp(packet->data, SSRC);
	return bm_protect_rtcp(pair->out, packet->data, &packet->length,
			       CAPACITY);
}

static int unprotect_rtcp(struct pair *pair, const struct packet *packet)
{
	struct packet copy = *packet;

	return bm_unprotect_rtcp(pair->in, copy.data, &copy.length);
}

static void every_suite(void (*run)(uint16_t suite))
{
	uint16_t suite;

	for (suite = BM_AES_CM_128_HMAC_SHA1_80;
	     suite <= BM_LAST_SUITE; suite++)
		if (works >> suite & 1)
			run(suite);
		else
			printf("     suite %d is not in this libsrtp\n",
			       suite);
}

static void round_trip(uint16_t suite)
{
	static const uint8_t tags[] = { 0, 10, 4, 16, 16, 10, 4, 10 };
	static const uint8_t rtcp_tags[] = {
		0, 10, 10, 16, 16, 10, 10, 10
	};
	int hides = suite != BM_NULL_HMAC_SHA1_80;
	struct pair pair = open_pair(suite, 1);
	struct packet packet;

	CHECK_EQUAL(protect(&pair, &packet, SSRC, 7), 0);
	CHECK_EQUAL(packet.length, 172 + tags[suite]);
	CHECK_EQUAL(packet.data[12] != 7 || packet.data[13] != 7, hides);
	CHECK_EQUAL(unprotect(&pair, &packet), 0);
	CHECK_EQUAL(protect_rtcp(&pair, &packet), 0);
	CHECK_EQUAL(packet.length, 32 + 4 + rtcp_tags[suite]);
	CHECK_EQUAL(packet.data[8] != 0x11 || packet.data[9] != 0x11, hides);
	CHECK_EQUAL(unprotect_rtcp(&pair, &packet), 0);
	close_pair(&pair);
}

static void what_is_protected_can_be_unprotected(void)
{
	every_suite(round_trip);
}

static void tamper(uint16_t suite)
{
	struct pair pair = open_pair(suite, 1);
	struct packet packet;
	size_t i;

	CHECK_EQUAL(protect(&pair, &packet, SSRC, 7), 0);
	/* From the sequence on; the first octets decide whether it is RTP. */
	for (i = 2; i < packet.length; i++) {
		packet.data[i] ^= 1;
		CHECK_EQUAL(unprotect(&pair, &packet), -EBADMSG);
		packet.data[i] ^= 1;
	}
	for (i = 12; i < packet.length; i++) {
		struct packet cut = packet;

		cut.length = i;
		CHECK_EQUAL(unprotect(&pair, &cut), -EBADMSG);
	}
	CHECK_EQUAL(unprotect(&pair, &packet), 0);
	close_pair(&pair);
}

static void a_changed_packet_is_refused_and_changes_nothing(void)
{
	every_suite(tamper);
}

static void tamper_rtcp(uint16_t suite)
{
	struct pair pair = open_pair(suite, 1);
	struct packet packet;
	size_t i;

	CHECK_EQUAL(protect_rtcp(&pair, &packet), 0);
	for (i = 4; i < packet.length; i++) {
		packet.data[i] ^= 1;
		CHECK_EQUAL(unprotect_rtcp(&pair, &packet), -EBADMSG);
		packet.data[i] ^= 1;
	}
	for (i = 8; i < packet.length; i++) {
		struct packet cut = packet;

		cut.length = i;
		CHECK_EQUAL(unprotect_rtcp(&pair, &cut), -EBADMSG);
	}
	CHECK_EQUAL(unprotect_rtcp(&pair, &packet), 0);
	close_pair(&pair);
}

static void a_changed_rtcp_packet_is_refused(void)
{
	every_suite(tamper_rtcp);
}

static void replay(uint16_t suite)
{
	struct pair pair = open_pair(suite, 1);
	struct packet packet;

	CHECK_EQUAL(protect(&pair, &packet, SSRC, 7), 0);
	CHECK_EQUAL(unprotect(&pair, &packet), 0);
	CHECK_EQUAL(unprotect(&pair, &packet), -EALREADY);
	CHECK_EQUAL(protect_rtcp(&pair, &packet), 0);
	CHECK_EQUAL(unprotect_rtcp(&pair, &packet), 0);
	CHECK_EQUAL(unprotect_rtcp(&pair, &packet), -EALREADY);
	close_pair(&pair);
}

static void a_packet_is_accepted_once(void)
{
	every_suite(replay);
}

static void the_window_holds_128_packets(void)
{
	struct pair pair = open_pair(BM_AES_CM_128_HMAC_SHA1_80, 1);
	struct packet kept[BM_REPLAY_WINDOW + 1];
	int i;

	for (i = 0; i <= BM_REPLAY_WINDOW; i++)
		CHECK_EQUAL(protect(&pair, &kept[i], SSRC,
				    (uint16_t)(1000 + i)), 0);
	CHECK_EQUAL(unprotect(&pair, &kept[BM_REPLAY_WINDOW]), 0);
	CHECK_EQUAL(unprotect(&pair, &kept[0]), -EALREADY);
	for (i = 1; i < BM_REPLAY_WINDOW; i++)
		CHECK_EQUAL(unprotect(&pair, &kept[i]), 0);
	close_pair(&pair);
}

static void an_index_is_never_encrypted_twice(void)
{
	struct pair pair = open_pair(BM_AES_CM_128_HMAC_SHA1_80, 1);
	struct packet packet;
	uint16_t i;

	for (i = 1; i <= 200; i++)
		CHECK_EQUAL(protect(&pair, &packet, SSRC, i), 0);
	for (i = 200; i > 1; i -= 2)
		CHECK_EQUAL(protect(&pair, &packet, SSRC, i), -EALREADY);
	close_pair(&pair);
}

static void rekeyed(uint16_t suite)
{
	struct pair pair = open_pair(suite, 1);
	uint32_t i;

	/* Three rollovers, with a new key every 20000 packets. */
	for (i = 0; i < 200000; i += 100) {
		if (i % 20000 == 0)
			rekey(&pair, suite, (uint8_t)(2 + i / 20000));
		pass(&pair, (uint16_t)(60000 + i));
	}
	close_pair(&pair);
}

static void the_rollover_counter_survives_a_change_of_keys(void)
{
	every_suite(rekeyed);
}

static void a_rollover_at_the_change_of_keys_is_noticed(void)
{
	struct pair pair = open_pair(BM_AES_CM_128_HMAC_SHA1_80, 1);

	pass(&pair, 65535);
	rekey(&pair, BM_AES_CM_128_HMAC_SHA1_80, 2);
	pass(&pair, 0);
	rekey(&pair, BM_AES_CM_128_HMAC_SHA1_80, 3);
	pass(&pair, 1);
	close_pair(&pair);
}

static void in_flight(uint16_t suite)
{
	struct pair pair = open_pair(suite, 1);
	struct bm_key next = make_key(suite, 2);
	struct packet old[4], new;
	uint16_t i;

	pass(&pair, 65533);
	for (i = 0; i < 4; i++)
		CHECK_EQUAL(protect(&pair, &old[i], SSRC,
				    (uint16_t)(65534 + i)), 0);
	CHECK_EQUAL(bm_context_rekey(pair.in, &next), 0);
	CHECK_EQUAL(unprotect(&pair, &old[0]), 0);
	CHECK_EQUAL(unprotect(&pair, &old[2]), 0);
	CHECK_EQUAL(unprotect(&pair, &old[1]), 0);
	CHECK_EQUAL(unprotect(&pair, &old[1]), -EALREADY);
	CHECK_EQUAL(bm_context_rekey(pair.out, &next), 0);
	CHECK_EQUAL(protect(&pair, &new, SSRC, 3), 0);
	CHECK_EQUAL(unprotect(&pair, &new), 0);
	CHECK_EQUAL(unprotect(&pair, &old[3]), -EBADMSG);
	pass(&pair, 4);
	close_pair(&pair);
}

static void packets_in_flight_survive_a_change_of_keys(void)
{
	every_suite(in_flight);
}

static void a_late_key_waits_for_its_turn(void)
{
	struct pair pair = open_pair(BM_AES_CM_128_HMAC_SHA1_80, 1);
	struct bm_key next = make_key(BM_AES_CM_128_HMAC_SHA1_80, 2);
	struct bm_key last = make_key(BM_AES_CM_128_HMAC_SHA1_80, 3);

	pass(&pair, 1);
	CHECK_EQUAL(bm_context_rekey_late(pair.out, &next), 0);
	pass(&pair, 2); /* the peer has not heard of it */
	CHECK_EQUAL(bm_context_rekey(pair.in, &next), 0);
	pass(&pair, 3); /* and takes both when it has */
	CHECK(!bm_context_is_heard(pair.in));
	bm_context_turn(pair.out);
	pass(&pair, 4);
	CHECK(bm_context_is_heard(pair.in));
	bm_context_turn(pair.out);
	pass(&pair, 5);
	CHECK_EQUAL(bm_context_rekey_late(pair.out, &last), 0);
	CHECK_EQUAL(bm_context_rekey_late(pair.out, &next), 0);
	CHECK_EQUAL(bm_context_rekey(pair.in, &last), 0);
	pass(&pair, 6); /* a second one says that the first is known */
	close_pair(&pair);
}

static void a_late_key_does_not_wait_for_ever(void)
{
	struct pair pair = open_pair(BM_AES_CM_128_HMAC_SHA1_80, 1);
	struct bm_key next = make_key(BM_AES_CM_128_HMAC_SHA1_80, 2);
	struct packet packet;
	int old = 0;
	uint16_t i;

	pass(&pair, 1);
	CHECK_EQUAL(bm_context_rekey_late(pair.out, &next), 0);
	for (i = 2; i < 500; i++) {
		CHECK_EQUAL(protect(&pair, &packet, SSRC, i), 0);
		old += unprotect(&pair, &packet) == 0;
	}
	CHECK_EQUAL(old, 199);
	CHECK_EQUAL(bm_context_rekey(pair.in, &next), 0);
	pass(&pair, 500);
	close_pair(&pair);
}

static void the_old_key_is_not_tried_for_ever(void)
{
	struct pair pair = open_pair(BM_AES_CM_128_HMAC_SHA1_80, 1);
	struct bm_key next = make_key(BM_AES_CM_128_HMAC_SHA1_80, 2);
	struct packet packet;
	int accepted = 0;
	uint16_t i;

	pass(&pair, 1);
	CHECK_EQUAL(bm_context_rekey(pair.in, &next), 0);
	for (i = 2; i < 1000; i++) {
		CHECK_EQUAL(protect(&pair, &packet, SSRC, i), 0);
		accepted += unprotect(&pair, &packet) == 0;
	}
	CHECK_EQUAL(accepted, 500);
	close_pair(&pair);
}

static void a_key_that_returns_opens_no_replay(void)
{
	struct pair pair = open_pair(BM_AEAD_AES_128_GCM, 1);
	struct packet first[8], report;
	uint16_t i;

	for (i = 0; i < 8; i++) {
		CHECK_EQUAL(protect(&pair, &first[i], SSRC, 10 + i), 0);
		CHECK_EQUAL(unprotect(&pair, &first[i]), 0);
	}
	CHECK_EQUAL(protect_rtcp(&pair, &report), 0);
	CHECK_EQUAL(unprotect_rtcp(&pair, &report), 0);
	rekey(&pair, BM_AEAD_AES_128_GCM, 2);
	pass(&pair, 20);
	rekey(&pair, BM_AEAD_AES_128_GCM, 3);
	pass(&pair, 21);
	rekey(&pair, BM_AEAD_AES_128_GCM, 1);
	for (i = 0; i < 8; i++)
		CHECK_EQUAL(unprotect(&pair, &first[i]), -EALREADY);
	CHECK_EQUAL(unprotect_rtcp(&pair, &report), -EALREADY);
	for (i = 0; i < 8; i++)
		CHECK_EQUAL(protect(&pair, &first[i], SSRC, 10 + i),
			    -EALREADY);
	pass(&pair, 22);
	close_pair(&pair);
}

/* AES-CM: the index stands before the 10 octets of the tag. */
static uint32_t rtcp_index(const struct packet *packet)
{
	return bm_read32(packet->data + packet->length - 14) & 0x7fffffff;
}

static void the_rtcp_index_goes_on_through_keys(void)
{
	struct pair pair = open_pair(BM_AES_CM_128_HMAC_SHA1_80, 1);
	struct packet packet;
	uint32_t i;

	for (i = 1; i <= 6; i++) {
		CHECK_EQUAL(protect_rtcp(&pair, &packet), 0);
		CHECK_EQUAL(rtcp_index(&packet), i);
		CHECK_EQUAL(unprotect_rtcp(&pair, &packet), 0);
		rekey(&pair, BM_AES_CM_128_HMAC_SHA1_80, i % 2 + 1);
	}
	close_pair(&pair);
}

static void the_same_key_again_changes_nothing(void)
{
	struct pair pair = open_pair(BM_AES_CM_128_HMAC_SHA1_80, 1);
	struct packet late;

	CHECK_EQUAL(protect(&pair, &late, SSRC, 9), 0);
	pass(&pair, 10);
	rekey(&pair, BM_AES_CM_128_HMAC_SHA1_80, 1);
	CHECK_EQUAL(unprotect(&pair, &late), 0);
	pass(&pair, 11);
	close_pair(&pair);
}

static void the_suite_may_change_with_the_key(void)
{
	struct pair pair = open_pair(BM_AES_CM_128_HMAC_SHA1_80, 1);
	uint16_t suite, sequence = 65530;

	for (suite = 1; suite <= BM_LAST_SUITE; suite++) {
		if (!(works >> suite & 1))
			continue;
		rekey(&pair, suite, 7);
		pass(&pair, sequence++);
		pass(&pair, sequence++);
		pass(&pair, sequence++);
	}
	close_pair(&pair);
}

static void late(uint16_t suite)
{
	struct pair pair = open_pair(suite, 1);
	struct packet packet, forged;
	uint32_t i;

	for (i = 65000; i < 65536 + 20; i++)
		CHECK_EQUAL(protect(&pair, &packet, SSRC, (uint16_t)i), 0);
	forged = packet;
	forged.data[20] ^= 1;
	CHECK_EQUAL(unprotect(&pair, &forged), -EBADMSG);
	CHECK_EQUAL(unprotect(&pair, &packet), 0);
	CHECK_EQUAL(unprotect(&pair, &packet), -EALREADY);
	for (i = 20; i < 70000; i += 500)
		pass(&pair, (uint16_t)i);
	rekey(&pair, suite, 2);
	pass(&pair, (uint16_t)i);
	close_pair(&pair);
}

static void a_rollover_before_the_first_packet_heard_is_found(void)
{
	every_suite(late);
}

static void a_report_before_the_first_packet_does_not_hinder_that(void)
{
	struct pair pair = open_pair(BM_AES_CM_128_HMAC_SHA1_80, 1);
	struct packet packet;
	uint32_t i;

	CHECK_EQUAL(protect_rtcp(&pair, &packet), 0);
	CHECK_EQUAL(unprotect_rtcp(&pair, &packet), 0);
	for (i = 65000; i < 65536 + 20; i++)
		CHECK_EQUAL(protect(&pair, &packet, SSRC, (uint16_t)i), 0);
	CHECK_EQUAL(unprotect(&pair, &packet), 0);
	pass(&pair, 20);
	rekey(&pair, BM_AES_CM_128_HMAC_SHA1_80, 2);
	pass(&pair, 21);
	close_pair(&pair);
}

static void a_source_that_starts_again_goes_on_above(void)
{
	struct pair pair = open_pair(BM_AES_CM_128_HMAC_SHA1_80, 1);
	struct packet packet;
	uint16_t i;

	for (i = 0; i < 300; i++)
		pass(&pair, (uint16_t)(20000 + i));
	CHECK_EQUAL(protect(&pair, &packet, SSRC, 100), -EALREADY);
	for (i = 1; i < 50; i++) {
		packet.length = make_rtp(packet.data, SSRC, 100 + i, 160);
		CHECK_EQUAL(bm_protect(pair.out, packet.data, &packet.length,
				       CAPACITY), 0);
		CHECK_EQUAL(bm_rtp_sequence(packet.data), 20299 + i);
		CHECK_EQUAL(bm_unprotect(pair.in, packet.data,
					 &packet.length), 0);
	}
	close_pair(&pair);
}

static void more_sources_than_places_are_refused(void)
{
	struct pair pair = open_pair(BM_AES_CM_128_HMAC_SHA1_80, 1);
	struct pair wide = open_pair(BM_AES_CM_128_HMAC_SHA1_80, 1);
	struct packet packet;
	uint32_t i;

	for (i = 0; i < BM_CONTEXT_STREAMS; i++) {
		CHECK_EQUAL(protect(&pair, &packet, i, 1), 0);
		CHECK_EQUAL(unprotect(&pair, &packet), 0);
	}
	CHECK_EQUAL(protect(&pair, &packet, i, 1), -ENOSPC);
	CHECK_EQUAL(protect_rtcp(&pair, &packet), -ENOSPC);
	CHECK_EQUAL(protect(&wide, &packet, i, 1), 0);
	CHECK_EQUAL(unprotect(&pair, &packet), -ENOSPC);
	CHECK_EQUAL(protect_rtcp(&wide, &packet), 0);
	CHECK_EQUAL(unprotect_rtcp(&pair, &packet), -ENOSPC);
	CHECK_EQUAL(protect(&pair, &packet, 3, 2), 0);
	CHECK_EQUAL(unprotect(&pair, &packet), 0);
	close_pair(&pair);
	close_pair(&wide);
}

static void sources_do_not_disturb_each_other(void)
{
	struct pair pair = open_pair(BM_AES_CM_128_HMAC_SHA1_80, 1);
	struct packet packet;
	uint32_t i;

	for (i = 0; i < 150000; i += 50) {
		CHECK_EQUAL(protect(&pair, &packet, 1, (uint16_t)i), 0);
		CHECK_EQUAL(unprotect(&pair, &packet), 0);
		CHECK_EQUAL(protect(&pair, &packet, 2,
				    (uint16_t)(i + 30000)), 0);
		CHECK_EQUAL(unprotect(&pair, &packet), 0);
	}
	close_pair(&pair);
}

static void the_tag_needs_room(void)
{
	struct pair pair = open_pair(BM_AES_CM_128_HMAC_SHA1_80, 1);
	uint8_t packet[64] __attribute__((aligned(8)));
	size_t length = make_rtp(packet, SSRC, 1, 40);

	CHECK_EQUAL(bm_protect(pair.out, packet, &length, sizeof(packet)),
		    -ENOSPC);
	length = make_rtcp(packet, SSRC);
	CHECK_EQUAL(bm_protect_rtcp(pair.out, packet, &length, 40), -ENOSPC);
	close_pair(&pair);
}

static void an_unknown_suite_is_refused(void)
{
	struct bm_key key = { .suite = 9 };
	struct pair pair = open_pair(BM_AES_CM_128_HMAC_SHA1_80, 1);
	struct bm_context *context;

	CHECK_EQUAL(bm_context_open(&context, &key, BM_INBOUND, NULL), -EINVAL);
	CHECK(context == NULL);
	CHECK_EQUAL(bm_context_rekey(pair.in, &key), -EINVAL);
	pass(&pair, 1);
	close_pair(&pair);
}

static void keys_differ_by_key_and_salt(void)
{
	struct pair pair = open_pair(BM_AES_CM_128_HMAC_SHA1_80, 1);
	struct bm_key key = make_key(BM_AES_CM_128_HMAC_SHA1_80, 1);
	struct packet packet;

	key.salt[13] ^= 1;
	bm_context_close(pair.in);
	CHECK_EQUAL(bm_context_open(&pair.in, &key, BM_INBOUND, NULL), 0);
	CHECK_EQUAL(protect(&pair, &packet, SSRC, 1), 0);
	CHECK_EQUAL(unprotect(&pair, &packet), -EBADMSG);
	close_pair(&pair);
}

/* What one end keeps of both directions while its process ends. */
static struct bm_kept_stream kept[2][BM_CONTEXT_STREAMS];

static void open_kept(struct pair *near, uint16_t suite)
{
	struct bm_key key = make_key(suite, 1);

	CHECK_EQUAL(bm_context_open(&near->out, &key, BM_OUTBOUND,
				    kept[BM_OUTBOUND]), 0);
	CHECK_EQUAL(bm_context_open(&near->in, &key, BM_INBOUND,
				    kept[BM_INBOUND]), 0);
}

static void pass_both(struct pair *near, struct pair *far, uint16_t sequence)
{
	struct pair there = { near->out, far->in };
	struct pair back = { far->out, near->in };

	pass(&there, sequence);
	pass(&back, sequence);
}

static int report(struct pair *pair, struct packet *packet)
{
	int error = protect_rtcp(pair, packet);

	return error ? error : unprotect_rtcp(pair, packet);
}

static void resume_after(uint16_t suite, uint16_t gap)
{
	const uint16_t last = (uint16_t)(60000 + 59 * 100);
	struct pair near, far = open_pair(suite, 1);
	struct packet old, old_report, report_before, again;
	struct pair there, back;
	uint16_t i;

	memset(kept, 0, sizeof(kept));
	open_kept(&near, suite);
	for (i = 60000; i != last; i = (uint16_t)(i + 100))
		pass_both(&near, &far, i);
	there = (struct pair){ near.out, far.in };
	back = (struct pair){ far.out, near.in };
	CHECK_EQUAL(protect(&back, &old, SSRC, last), 0);
	CHECK_EQUAL(unprotect(&back, &old), 0);
	for (i = 0; i < 3; i++) {
		CHECK_EQUAL(report(&back, &old_report), 0);
		CHECK_EQUAL(report(&there, &report_before), 0);
	}
	CHECK_EQUAL(protect(&there, &again, SSRC, last), 0);
	close_pair(&near);
	open_kept(&near, suite);
	there.out = near.out;
	back.in = near.in;
	CHECK_EQUAL(unprotect(&back, &old), -EALREADY);
	CHECK_EQUAL(unprotect_rtcp(&back, &old_report), -EALREADY);
	CHECK_EQUAL(protect(&there, &again, SSRC, last), -EALREADY);
	pass_both(&near, &far, (uint16_t)(last + gap));
	CHECK_EQUAL(report(&there, &again), 0);
	CHECK(memcmp(again.data, report_before.data, again.length) != 0);
	CHECK_EQUAL(report(&back, &again), 0);
	close_pair(&near);
	close_pair(&far);
}

static void resume_at_once(uint16_t suite)
{
	resume_after(suite, 1);
}

static void resume_late(uint16_t suite)
{
	resume_after(suite, 3000);
}

static void a_resumed_context_goes_on_and_repeats_nothing(void)
{
	every_suite(resume_at_once);
	every_suite(resume_late);
}

static void a_rollover_while_nobody_listens_is_noticed(void)
{
	struct pair near, far = open_pair(BM_AES_CM_128_HMAC_SHA1_80, 1);
	struct pair back;
	struct packet lost;
	uint32_t i;

	memset(kept, 0, sizeof(kept));
	open_kept(&near, BM_AES_CM_128_HMAC_SHA1_80);
	for (i = 65000; i < 65530; i++)
		pass_both(&near, &far, (uint16_t)i);
	close_pair(&near);
	back = (struct pair){ far.out, NULL };
	for (; i < 65600; i++)
		CHECK_EQUAL(protect(&back, &lost, SSRC, (uint16_t)i), 0);
	open_kept(&near, BM_AES_CM_128_HMAC_SHA1_80);
	for (; i < 65700; i++)
		pass_both(&near, &far, (uint16_t)i);
	close_pair(&near);
	close_pair(&far);
}

static const struct check_test tests[] = {
	TEST(what_is_protected_can_be_unprotected),
	TEST(a_changed_packet_is_refused_and_changes_nothing),
	TEST(a_changed_rtcp_packet_is_refused),
	TEST(a_packet_is_accepted_once),
	TEST(the_window_holds_128_packets),
	TEST(an_index_is_never_encrypted_twice),
	TEST(the_rollover_counter_survives_a_change_of_keys),
	TEST(a_rollover_at_the_change_of_keys_is_noticed),
	TEST(packets_in_flight_survive_a_change_of_keys),
	TEST(a_late_key_waits_for_its_turn),
	TEST(a_late_key_does_not_wait_for_ever),
	TEST(the_old_key_is_not_tried_for_ever),
	TEST(a_key_that_returns_opens_no_replay),
	TEST(the_rtcp_index_goes_on_through_keys),
	TEST(the_same_key_again_changes_nothing),
	TEST(the_suite_may_change_with_the_key),
	TEST(a_rollover_before_the_first_packet_heard_is_found),
	TEST(a_report_before_the_first_packet_does_not_hinder_that),
	TEST(a_source_that_starts_again_goes_on_above),
	TEST(more_sources_than_places_are_refused),
	TEST(sources_do_not_disturb_each_other),
	TEST(the_tag_needs_room),
	TEST(an_unknown_suite_is_refused),
	TEST(keys_differ_by_key_and_salt),
	TEST(a_resumed_context_goes_on_and_repeats_nothing),
	TEST(a_rollover_while_nobody_listens_is_noticed),
};

int main(void)
{
	int failed;

	if (bm_srtp_start())
		return 1;
	works = bm_srtp_suites();
	failed = check_run(tests, sizeof(tests) / sizeof(tests[0]));
	bm_srtp_stop();
	return failed;
}
