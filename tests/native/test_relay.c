/* Tests of native/relay.c, without a thread: packets are handed in, and come
 * out at phones on loopback. */
#include <errno.h>
#include <stdlib.h>

#include "check.h"
#include "packets.h"
#include "relay.h"

enum { ALL_SUITES = 0x1e, SSRC = 77 };

static struct bm_events events;
static struct bm_relay *relay;
static struct phone phones[4]; /* side * 2 + component */
static struct bm_ports ports;
static uint64_t now_us = 1000000;

static int apply(uint32_t side, const struct bm_update *update)
{
	int error = bm_relay_check(relay, side, update, ALL_SUITES);

	return error ? error : bm_relay_apply(relay, side, update, now_us);
}

static void open_relay(void)
{
	struct bm_side sides[2] = {
		make_side(ip4(LOOPBACK, 0), 21100, 21199),
		make_side(ip4(LOOPBACK, 0), 21100, 21199),
	};
	int i;

	memset(&events, 0, sizeof(events));
	CHECK_EQUAL(bm_events_open(&events), 0);
	CHECK_EQUAL(bm_relay_new(&relay, sides, 46, &ports), 0);
	relay->events = &events;
	relay->id = 5;
	for (i = 0; i < 4; i++)
		phones[i] = open_phone(LOOPBACK);
}

static void close_relay(void)
{
	int i;

	bm_relay_free(relay);
	bm_events_close(&events);
	for (i = 0; i < 4; i++)
		close(phones[i].fd);
}

/* What the signalling says of a side: kind, both ways, its phones. */
static struct bm_update agreed(uint32_t side, uint32_t kind)
{
	return (struct bm_update){
		.set = BM_SET_KIND | BM_SET_DIRECTION | BM_SET_REMOTE,
		.kind = kind,
		.direction = BM_RECEIVE | BM_SEND,
		.remote = { phones[2 * side].address,
			    phones[2 * side + 1].address },
	};
}

static void agree(uint32_t side, uint32_t kind)
{
	struct bm_update update = agreed(side, kind);

	CHECK_EQUAL(apply(side, &update), 0);
}

static void agree_keys(uint32_t side, uint8_t receive, uint8_t send)
{
	struct bm_update update = {
		.set = BM_SET_RECEIVE_KEY | BM_SET_SEND_KEY,
		.receive = make_key(BM_AES_CM_128_HMAC_SHA1_80, receive),
		.send = make_key(BM_AES_CM_128_HMAC_SHA1_80, send),
	};

	CHECK_EQUAL(apply(side, &update), 0);
}

static struct bm_side_stats stats_of(uint32_t side)
{
	struct bm_side_stats stats;

	bm_leg_stats(&relay->leg[side], &stats, now_us);
	return stats;
}

static struct bm_packet packet;

/* Hand in `packet` to a port as coming from a phone. */
static void hand_in_from(unsigned int port, unsigned int phone)
{
	packet.relay = relay;
	packet.port = port;
	packet.from = phones[phone].address;
	bm_relay_pass(&packet, 1, now_us);
}

static void hand_in(unsigned int port)
{
	hand_in_from(port, port);
}

static void hand_in_rtp(unsigned int port, uint16_t sequence)
{
	packet.length = make_rtp(packet.data, SSRC, sequence, 160);
	hand_in(port);
}

static void hand_in_rtcp(unsigned int port)
{
	packet.length = make_rtcp(packet.data, SSRC);
	hand_in(port);
}

static ssize_t arrives(unsigned int port, uint8_t *data)
{
	uint8_t ignored[4096];

	return phone_receive(&phones[port], data ? data : ignored,
			     sizeof(ignored), 0);
}

static struct bm_event next_event(void)
{
	struct bm_event event = { 0 };

	bm_events_take(&events, &event, 1);
	return event;
}

static void look(uint32_t silent_ms, uint32_t dead_ms)
{
	struct bm_config config = { .silent_ms = silent_ms,
				    .dead_ms = dead_ms };

	bm_relay_look(relay, &config, now_us);
}

static void clear_packets_pass_unchanged(void)
{
	uint8_t sent[4096], got[4096];

	open_relay();
	agree(BM_A, BM_CLEAR);
	agree(BM_B, BM_CLEAR);
	hand_in_rtp(0, 9);
	make_rtp(sent, SSRC, 9, 160);
	CHECK_EQUAL(arrives(2, got), 172);
	CHECK(memcmp(sent, got, 172) == 0);
	hand_in_rtcp(3);
	make_rtcp(sent, SSRC);
	CHECK_EQUAL(arrives(1, got), 32);
	CHECK(memcmp(sent, got, 32) == 0);
	CHECK_EQUAL(stats_of(BM_A).received_packets, 1);
	CHECK_EQUAL(stats_of(BM_A).received_bytes, 172);
	CHECK_EQUAL(stats_of(BM_A).sent_packets, 1);
	CHECK_EQUAL(stats_of(BM_B).sent_bytes, 172);
	CHECK_EQUAL(stats_of(BM_B).rtcp_packets, 1);
	close_relay();
}

static void a_secure_side_is_decrypted_and_encrypted(void)
{
	struct bm_key key = make_key(BM_AES_CM_128_HMAC_SHA1_80, 2);
	struct bm_context *far;
	uint8_t got[4096] __attribute__((aligned(8)));
	size_t length;

	open_relay();
	agree(BM_A, BM_CLEAR);
	agree(BM_B, BM_SECURE);
	agree_keys(BM_B, 1, 2);
	hand_in_rtp(0, 9);
	CHECK_EQUAL(arrives(2, got), 182);
	CHECK_EQUAL(bm_context_open(&far, &key, BM_INBOUND, NULL), 0);
	length = 182;
	CHECK_EQUAL(bm_unprotect(far, got, &length), 0);
	CHECK_EQUAL(length, 172);
	CHECK_EQUAL(got[100], 9);
	bm_context_close(far);

	key = make_key(BM_AES_CM_128_HMAC_SHA1_80, 1);
	CHECK_EQUAL(bm_context_open(&far, &key, BM_OUTBOUND, NULL), 0);
	packet.length = make_rtp(packet.data, SSRC, 8, 160);
	CHECK_EQUAL(bm_protect(far, packet.data, &packet.length,
			       sizeof(packet.data)), 0);
	hand_in(2);
	CHECK_EQUAL(arrives(0, got), 172);
	CHECK_EQUAL(got[100], 8);
	bm_context_close(far);
	close_relay();
}

/* Length of what the far end can read of a packet of the phone, or 0. */
static size_t heard_with(struct bm_context *far, uint16_t sequence)
{
	uint8_t got[4096] __attribute__((aligned(8)));
	size_t length = 182;

	hand_in_rtp(0, sequence);
	CHECK_EQUAL(arrives(2, got), 182);
	return bm_unprotect(far, got, &length) ? 0 : length;
}

static void a_late_key_is_used_once_the_far_end_uses_its_own(void)
{
	struct bm_key keys[4];
	struct bm_context *in, *out, *new;
	struct bm_update late = { .set = BM_SET_RECEIVE_KEY |
					 BM_SET_SEND_KEY | BM_LATE };
	unsigned int i;

	for (i = 0; i < 4; i++)
		keys[i] = make_key(BM_AES_CM_128_HMAC_SHA1_80,
				   (uint8_t)(i + 1));
	open_relay();
	agree(BM_A, BM_CLEAR);
	agree(BM_B, BM_SECURE);
	agree_keys(BM_B, 1, 2);
	CHECK_EQUAL(bm_context_open(&out, &keys[0], BM_OUTBOUND, NULL), 0);
	CHECK_EQUAL(bm_context_open(&in, &keys[1], BM_INBOUND, NULL), 0);
	CHECK_EQUAL(bm_context_open(&new, &keys[3], BM_INBOUND, NULL), 0);
	CHECK_EQUAL(heard_with(in, 1), 172);

	late.receive = keys[2];
	late.send = keys[3];
	CHECK_EQUAL(apply(BM_B, &late), 0);
	CHECK_EQUAL(heard_with(in, 2), 172);
	for (i = 0; i < 2; i++) { /* the answer is lost, then it is not */
		packet.length = make_rtp(packet.data, SSRC,
					 (uint16_t)(50 + i), 160);
		CHECK_EQUAL(bm_protect(out, packet.data, &packet.length,
				       sizeof(packet.data)), 0);
		hand_in(2);
		CHECK_EQUAL(arrives(0, NULL), 172);
		CHECK_EQUAL(heard_with(i ? new : in, (uint16_t)(3 + i)), 172);
		CHECK_EQUAL(bm_context_rekey(out, &keys[2]), 0);
	}
	bm_context_close(in);
	bm_context_close(out);
	bm_context_close(new);
	close_relay();
}

static void a_secure_side_without_keys_lets_nothing_through(void)
{
	open_relay();
	agree(BM_A, BM_CLEAR);
	agree(BM_B, BM_SECURE);
	hand_in_rtp(0, 1);
	hand_in_rtp(2, 1);
	CHECK_EQUAL(arrives(0, NULL), -1);
	CHECK_EQUAL(arrives(2, NULL), -1);
	CHECK_EQUAL(stats_of(BM_B).unsent, 1);
	CHECK_EQUAL(stats_of(BM_B).held, 1);
	CHECK_EQUAL(stats_of(BM_B).latched[BM_RTP], 0);
	look(0, 0);
	CHECK_EQUAL(next_event().side, BM_A);
	CHECK_EQUAL(next_event().kind, 0);
	close_relay();
}

static void clear_packets_do_not_pass_a_secure_side(void)
{
	open_relay();
	agree(BM_A, BM_CLEAR);
	agree(BM_B, BM_SECURE);
	agree_keys(BM_B, 1, 2);
	hand_in_rtp(2, 1);
	hand_in_rtcp(3);
	CHECK_EQUAL(arrives(0, NULL), -1);
	CHECK_EQUAL(arrives(1, NULL), -1);
	CHECK_EQUAL(stats_of(BM_B).auth_failed, 2);
	close_relay();
}

static void only_a_packet_that_verifies_latches_a_secure_side(void)
{
	struct bm_key key = make_key(BM_AES_CM_128_HMAC_SHA1_80, 1);
	struct bm_update update;
	struct bm_context *far;

	open_relay();
	agree(BM_A, BM_CLEAR);
	update = agreed(BM_B, BM_SECURE);
	update.allow = ip4(LOOPBACK, 0);
	update.allow.prefix = 32;
	CHECK_EQUAL(apply(BM_B, &update), 0);
	agree_keys(BM_B, 1, 2);
	CHECK_EQUAL(bm_context_open(&far, &key, BM_OUTBOUND, NULL), 0);
	packet.length = make_rtp(packet.data, SSRC, 8, 160);
	hand_in_from(2, 3);
	CHECK_EQUAL(stats_of(BM_B).latched[BM_RTP], 0);
	packet.length = make_rtp(packet.data, SSRC, 8, 160);
	CHECK_EQUAL(bm_protect(far, packet.data, &packet.length,
			       sizeof(packet.data)), 0);
	hand_in(2);
	CHECK_EQUAL(stats_of(BM_B).latched[BM_RTP], 1);
	CHECK_EQUAL(stats_of(BM_B).remote[BM_RTP].port,
		    phones[2].address.port);
	bm_context_close(far);
	close_relay();
}

static void garbage_is_counted_and_dropped(void)
{
	unsigned int i;

	open_relay();
	agree(BM_A, BM_CLEAR);
	agree(BM_B, BM_CLEAR);
	for (i = 0; i < 100; i++) {
		memset(packet.data, (int)i, 100);
		packet.length = i;
		hand_in(0);
	}
	CHECK_EQUAL(stats_of(BM_A).invalid, 100);
	CHECK_EQUAL(stats_of(BM_A).latched[BM_RTP], 0);
	hand_in_rtp(0, 1);
	hand_in_rtp(1, 1);
	hand_in_rtcp(0);
	packet.length = BM_PACKET_LENGTH + 1;
	hand_in(0);
	CHECK_EQUAL(stats_of(BM_A).invalid, 102);
	CHECK_EQUAL(stats_of(BM_A).oversize, 1);
	CHECK_EQUAL(arrives(2, NULL), 172);
	CHECK_EQUAL(arrives(2, NULL), -1);
	CHECK_EQUAL(arrives(3, NULL), -1);
	close_relay();
}

static void strangers_are_counted_and_dropped(void)
{
	open_relay();
	agree(BM_A, BM_CLEAR);
	agree(BM_B, BM_CLEAR);
	packet.length = make_rtp(packet.data, SSRC, 1, 160);
	hand_in_from(0, 3);
	CHECK_EQUAL(stats_of(BM_A).strangers, 1);
	CHECK_EQUAL(stats_of(BM_A).latched[BM_RTP], 0);
	CHECK_EQUAL(arrives(2, NULL), -1);
	close_relay();
}

static void packets_before_the_answer_are_not_relayed(void)
{
	open_relay();
	hand_in_rtp(0, 1);
	CHECK_EQUAL(stats_of(BM_A).strangers, 1);
	agree(BM_A, BM_CLEAR);
	hand_in_rtp(0, 2);
	CHECK_EQUAL(stats_of(BM_A).held, 1);
	agree(BM_B, BM_CLEAR);
	hand_in_rtp(0, 3);
	CHECK_EQUAL(arrives(2, NULL), 172);
	CHECK_EQUAL(arrives(2, NULL), -1);
	close_relay();
}

static void one_port_and_two_ports_meet(void)
{
	struct bm_update mux = { .set = BM_SET_MUX, .mux = 1 };

	open_relay();
	agree(BM_A, BM_CLEAR);
	agree(BM_B, BM_CLEAR);
	CHECK_EQUAL(apply(BM_A, &mux), 0);
	hand_in_rtcp(0);
	CHECK_EQUAL(arrives(3, NULL), 32);
	hand_in_rtcp(3);
	CHECK_EQUAL(arrives(0, NULL), 32);
	hand_in_rtp(0, 1);
	CHECK_EQUAL(arrives(2, NULL), 172);
	close_relay();
}

static void many_packets_at_once_keep_their_order(void)
{
	static struct bm_packet packets[8];
	uint8_t got[4096];
	unsigned int i;

	open_relay();
	agree(BM_A, BM_CLEAR);
	agree(BM_B, BM_CLEAR);
	for (i = 0; i < 8; i++) {
		packets[i].relay = relay;
		packets[i].port = i % 2 * 2;
		packets[i].from = phones[i % 2 * 2].address;
		packets[i].length = make_rtp(packets[i].data, SSRC,
					     (uint16_t)i, 160);
	}
	packets[3].data[0] = 0;
	bm_relay_pass(packets, 8, now_us);
	for (i = 0; i < 8; i++) {
		if (i == 3)
			continue;
		CHECK_EQUAL(arrives(i % 2 ? 0 : 2, got), 172);
		CHECK_EQUAL(got[3], i);
	}
	CHECK_EQUAL(stats_of(BM_B).invalid, 1);
	close_relay();
}

static void hold_stops_rtp_and_not_rtcp(void)
{
	struct bm_update hold = { .set = BM_SET_DIRECTION,
				  .direction = BM_SEND };

	open_relay();
	agree(BM_A, BM_CLEAR);
	agree(BM_B, BM_CLEAR);
	CHECK_EQUAL(apply(BM_A, &hold), 0);
	hand_in_rtp(0, 1);
	hand_in_rtcp(1);
	hand_in_rtp(2, 1);
	CHECK_EQUAL(arrives(2, NULL), -1);
	CHECK_EQUAL(arrives(3, NULL), 32);
	CHECK_EQUAL(arrives(0, NULL), 172);
	CHECK_EQUAL(stats_of(BM_A).held, 1);
	close_relay();
}

static void untouched_packets_are_not_looked_into(void)
{
	static const uint8_t first[] = { 0, 1, 16, 20, 63, 64, 128, 191, 255 };
	uint8_t got[4096];
	size_t i;

	open_relay();
	agree(BM_A, BM_UNTOUCHED);
	agree(BM_B, BM_UNTOUCHED);
	for (i = 0; i < sizeof(first); i++) {
		memset(packet.data, first[i], 100);
		packet.length = 1 + i * 10;
		hand_in((unsigned int)i % 2);
		CHECK_EQUAL(arrives(2 + (unsigned int)i % 2, got),
			    1 + i * 10);
		CHECK_EQUAL(got[0], first[i]);
	}
	agree(BM_B, BM_CLEAR);
	hand_in_rtp(0, 1);
	hand_in_rtp(2, 1);
	CHECK_EQUAL(arrives(2, NULL), -1);
	CHECK_EQUAL(arrives(0, NULL), -1);
	close_relay();
}

static void a_senseless_update_changes_nothing(void)
{
	struct bm_update update;

	open_relay();
	update = agreed(BM_A, 3);
	CHECK_EQUAL(apply(BM_A, &update), -EINVAL);
	update = agreed(BM_A, BM_CLEAR);
	CHECK_EQUAL(apply(2, &update), -EINVAL);
	update.direction = 4;
	CHECK_EQUAL(apply(BM_A, &update), -EINVAL);
	update = agreed(BM_A, BM_CLEAR);
	update.remote[BM_RTP] = loopback6(4000);
	CHECK_EQUAL(apply(BM_A, &update), -EAFNOSUPPORT);
	update = agreed(BM_A, BM_CLEAR);
	update.allow = ip4(LOOPBACK, 0);
	update.allow.prefix = 33;
	CHECK_EQUAL(apply(BM_A, &update), -EINVAL);
	update.set = BM_SET_CLOCK;
	CHECK_EQUAL(apply(BM_A, &update), -EINVAL);
	update.set = BM_SET_RECEIVE_KEY;
	CHECK_EQUAL(apply(BM_A, &update), -EINVAL);
	update.receive.suite = BM_AEAD_AES_256_GCM;
	CHECK_EQUAL(bm_relay_check(relay, BM_A, &update, 2), -ENOTSUP);
	hand_in_rtp(0, 1);
	CHECK_EQUAL(stats_of(BM_A).strangers, 1);
	close_relay();
}

static void latching_is_reported_once(void)
{
	struct bm_event event;

	open_relay();
	agree(BM_A, BM_CLEAR);
	agree(BM_B, BM_CLEAR);
	hand_in_rtp(0, 1);
	hand_in_rtp(0, 2);
	event = next_event();
	CHECK_EQUAL(event.kind, BM_LATCHED);
	CHECK_EQUAL(event.relay, 5);
	CHECK_EQUAL(event.side, BM_A);
	CHECK_EQUAL(event.remote.port, phones[0].address.port);
	CHECK_EQUAL(next_event().kind, 0);
	close_relay();
}

static void silence_is_reported_and_so_is_its_end(void)
{
	open_relay();
	agree(BM_A, BM_CLEAR);
	now_us += 4999000;
	look(5000, 0);
	CHECK_EQUAL(next_event().kind, 0);
	now_us += 1000;
	look(5000, 0);
	CHECK_EQUAL(next_event().kind, BM_SILENT);
	look(5000, 0);
	CHECK_EQUAL(next_event().kind, 0);
	hand_in_rtp(0, 1);
	CHECK_EQUAL(next_event().kind, BM_LATCHED);
	look(5000, 0);
	CHECK_EQUAL(next_event().kind, BM_HEARD);
	close_relay();
}

static void a_phone_that_moved_without_a_word_is_heard_after_silence(void)
{
	struct bm_update update;

	open_relay();
	update = agreed(BM_A, BM_CLEAR);
	update.allow = ip4(LOOPBACK, 0);
	update.allow.prefix = 32;
	CHECK_EQUAL(apply(BM_A, &update), 0);
	agree(BM_B, BM_CLEAR);
	hand_in_rtp(0, 1);
	packet.length = make_rtp(packet.data, SSRC, 2, 160);
	hand_in_from(0, 1);
	CHECK_EQUAL(stats_of(BM_A).strangers, 1);
	now_us += 5000000;
	look(5000, 0);
	packet.length = make_rtp(packet.data, SSRC, 3, 160);
	hand_in_from(0, 1);
	CHECK_EQUAL(stats_of(BM_A).received_packets, 2);
	hand_in_rtp(2, 1);
	CHECK_EQUAL(arrives(1, NULL), 172);
	CHECK_EQUAL(arrives(0, NULL), -1);
	close_relay();
}

static void nobody_waits_for_a_side_that_has_nothing_to_send(void)
{
	struct bm_update hold = { .set = BM_SET_DIRECTION,
				  .direction = BM_SEND };

	open_relay();
	now_us += 1000000000;
	look(5000, 60000);
	agree(BM_A, BM_CLEAR);
	CHECK_EQUAL(apply(BM_A, &hold), 0);
	now_us += 1000000000;
	look(5000, 60000);
	CHECK_EQUAL(next_event().kind, 0);
	hold.direction = BM_RECEIVE;
	CHECK_EQUAL(apply(BM_A, &hold), 0);
	look(5000, 60000);
	CHECK_EQUAL(next_event().kind, 0);
	CHECK_EQUAL(relay->dead, 0);
	close_relay();
}

static void a_dead_side_closes_the_relay_and_keeps_the_counters(void)
{
	open_relay();
	agree(BM_A, BM_CLEAR);
	agree(BM_B, BM_CLEAR);
	hand_in_rtp(0, 1);
	CHECK_EQUAL(next_event().kind, BM_LATCHED);
	now_us += 60000000;
	hand_in_rtp(0, 2);
	look(0, 60000);
	CHECK_EQUAL(next_event().kind, BM_DEAD);
	CHECK_EQUAL(next_event().kind, 0);
	CHECK_EQUAL(relay->dead, 1);
	CHECK_EQUAL(relay->leg[BM_A].fd[BM_RTP], -1);
	CHECK_EQUAL(stats_of(BM_A).received_packets, 2);
	look(0, 60000);
	CHECK_EQUAL(next_event().kind, 0);
	close_relay();
}

static void failing_authentication_is_reported(void)
{
	open_relay();
	agree(BM_A, BM_SECURE);
	agree_keys(BM_A, 1, 2);
	look(0, 0);
	hand_in_rtp(0, 1);
	look(0, 0);
	CHECK_EQUAL(next_event().kind, BM_AUTH_FAILING);
	hand_in_rtp(0, 2);
	look(0, 0);
	CHECK_EQUAL(next_event().kind, 0);
	close_relay();
}

static void no_port_left_undoes_the_first_side(void)
{
	struct bm_side sides[2] = {
		make_side(ip4(LOOPBACK, 0), 21300, 21301),
		make_side(ip4(LOOPBACK, 0), 21300, 21301),
	};
	struct bm_relay *none;
	struct bm_leg leg = { 0 };

	CHECK_EQUAL(bm_relay_new(&none, sides, 46, &ports), -EADDRINUSE);
	CHECK(none == NULL);
	CHECK_EQUAL(bm_leg_open(&leg, &sides[0], 46, ports.port), 0);
	bm_leg_close(&leg);
}

static const struct check_test tests[] = {
	TEST(clear_packets_pass_unchanged),
	TEST(a_secure_side_is_decrypted_and_encrypted),
	TEST(a_late_key_is_used_once_the_far_end_uses_its_own),
	TEST(a_secure_side_without_keys_lets_nothing_through),
	TEST(clear_packets_do_not_pass_a_secure_side),
	TEST(only_a_packet_that_verifies_latches_a_secure_side),
	TEST(garbage_is_counted_and_dropped),
	TEST(strangers_are_counted_and_dropped),
	TEST(packets_before_the_answer_are_not_relayed),
	TEST(one_port_and_two_ports_meet),
	TEST(many_packets_at_once_keep_their_order),
	TEST(hold_stops_rtp_and_not_rtcp),
	TEST(untouched_packets_are_not_looked_into),
	TEST(a_senseless_update_changes_nothing),
	TEST(latching_is_reported_once),
	TEST(silence_is_reported_and_so_is_its_end),
	TEST(a_phone_that_moved_without_a_word_is_heard_after_silence),
	TEST(nobody_waits_for_a_side_that_has_nothing_to_send),
	TEST(a_dead_side_closes_the_relay_and_keeps_the_counters),
	TEST(failing_authentication_is_reported),
	TEST(no_port_left_undoes_the_first_side),
};

int main(void)
{
	int failed;

	if (bm_srtp_start())
		return 1;
	failed = check_run(tests, sizeof(tests) / sizeof(tests[0]));
	bm_srtp_stop();
	return failed;
}
