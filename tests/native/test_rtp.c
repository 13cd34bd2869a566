/* Tests of native/rtp.c. */
#include "check.h"
#include "packets.h"
#include "rtp.h"

static void a_short_packet_is_not_rtp(void)
{
	uint8_t packet[64];
	size_t length = make_rtp(packet, 1, 1, 0);

	CHECK(bm_rtp_is_valid(packet, length));
	CHECK(!bm_rtp_is_valid(packet, length - 1));
	CHECK(!bm_rtp_is_valid(packet, 0));
}

static void another_version_is_not_rtp(void)
{
	uint8_t packet[64];
	size_t length = make_rtp(packet, 1, 1, 20);
	int version;

	for (version = 0; version < 4; version++) {
		packet[0] = (uint8_t)(version << 6);
		CHECK_EQUAL(bm_rtp_is_valid(packet, length), version == 2);
	}
}

static void the_csrc_list_and_the_extension_must_fit(void)
{
	uint8_t packet[64];
	size_t length = make_rtp(packet, 1, 1, 16);

	packet[0] = 0x84;
	CHECK(bm_rtp_is_valid(packet, length));
	packet[0] = 0x85;
	CHECK(!bm_rtp_is_valid(packet, length));
	packet[0] = 0x90;
	put16(packet + 14, 3);
	CHECK(bm_rtp_is_valid(packet, length));
	put16(packet + 14, 4);
	CHECK(!bm_rtp_is_valid(packet, length));
	put16(packet + 14, 0xffff);
	CHECK(!bm_rtp_is_valid(packet, length));
	CHECK(!bm_rtp_is_valid(packet, 15));
}

static void rtcp_types_are_told_from_payload_types(void)
{
	uint8_t packet[2] = { 0x80, 0 };
	int type;

	for (type = 0; type < 256; type++) {
		packet[1] = (uint8_t)type;
		CHECK_EQUAL(bm_is_rtcp_type(packet, 2),
			    type >= 192 && type <= 223);
	}
	CHECK(!bm_is_rtcp_type(packet, 1));
}

static void a_compound_must_add_up(void)
{
	uint8_t packet[64];
	size_t length = make_rtcp(packet, 1);

	CHECK(bm_rtcp_is_valid(packet, length));
	CHECK(!bm_rtcp_is_valid(packet, length - 4));
	CHECK(!bm_rtcp_is_valid(packet, length + 2));
	make_rtcp(packet + 32, 1);
	CHECK(bm_rtcp_is_valid(packet, 64));
	packet[32] = 0x41;
	CHECK(!bm_rtcp_is_valid(packet, 64));
	CHECK(bm_rtcp_is_plausible(packet, 64));
	CHECK(!bm_rtcp_is_plausible(packet, 7));
}

static void the_index_follows_the_nearest_rollover(void)
{
	CHECK_EQUAL(bm_rtp_index(0, 0), 0);
	CHECK_EQUAL(bm_rtp_index(0, 65535), 65535);
	CHECK_EQUAL(bm_rtp_index(5, 65535), 65535);
	CHECK_EQUAL(bm_rtp_index(65535, 0), 0x10000);
	CHECK_EQUAL(bm_rtp_index(65535, 0x7ffe), 0x17ffe);
	CHECK_EQUAL(bm_rtp_index(65535, 0x7fff), 0x7fff);
	CHECK_EQUAL(bm_rtp_index(0x10000, 65535), 65535);
	CHECK_EQUAL(bm_rtp_index(0x30000, 0x8000), 0x38000);
	CHECK_EQUAL(bm_rtp_index(0x30000, 0x8001), 0x28001);
	CHECK_EQUAL(bm_rtp_index(0xffffffffffffull, 1), 0x1000000000001ll);
}

static void hear(struct bm_source *source, uint16_t sequence,
		 uint32_t arrival)
{
	uint8_t packet[12];

	make_rtp(packet, 9, sequence, 0);
	bm_source_hear(source, packet, arrival);
}

static int32_t lost(const struct bm_source *source)
{
	return (int32_t)(bm_source_expected(source) - source->heard);
}

static void loss_is_counted_across_the_rollover(void)
{
	struct bm_source source = { 0 };
	uint32_t i;

	for (i = 0; i < 300000; i++)
		if (i % 10 != 3)
			hear(&source, (uint16_t)(65000 + i), 0);
	CHECK_EQUAL(source.heard, 270000);
	CHECK_EQUAL(lost(&source), 30000);
}

static void reordered_packets_are_not_lost(void)
{
	struct bm_source source = { 0 };
	uint16_t i;

	for (i = 0; i < 1000; i += 2) {
		hear(&source, (uint16_t)(i + 65001), 0);
		hear(&source, (uint16_t)(i + 65000), 0);
	}
	CHECK_EQUAL(source.heard, 1000);
	CHECK_EQUAL(lost(&source), -1);
}

static void a_restart_needs_two_packets_in_a_row(void)
{
	struct bm_source source = { 0 };
	uint16_t i;

	for (i = 0; i < 100; i++)
		hear(&source, (uint16_t)(1000 + i), 0);
	hear(&source, 40000, 0);
	hear(&source, 1100, 0);
	CHECK_EQUAL(source.heard, 101);
	CHECK_EQUAL(lost(&source), 0);
	for (i = 0; i < 100; i++)
		hear(&source, (uint16_t)(30000 + i), 0);
	CHECK_EQUAL(source.heard, 200);
	CHECK_EQUAL(lost(&source), 0);
}

static void jitter_is_that_of_the_rfc(void)
{
	struct bm_source source = { 0 };
	uint16_t i;

	for (i = 0; i < 50; i++)
		hear(&source, i, i * 160u);
	CHECK_EQUAL(source.jitter, 0);
	/* Every second packet 16 units late: a difference of 16 each time,
	 * towards which the sixteenths converge. */
	for (i = 50; i < 1000; i++)
		hear(&source, i, i * 160u + (i & 1) * 16);
	CHECK(source.jitter / 16 >= 15 && source.jitter / 16 <= 16);
}

static void a_compound_says_nothing_but_the_name(void)
{
	static const uint8_t name[BM_CNAME + 1] = "abcdefghijklmnop";
	/* RR; SDES of two chunks: CNAME alice@10.0.0.5, TOOL x; CNAME b. APP. */
	uint8_t packet[] = {
		0x80, 201, 0, 1, 1, 2, 3, 4,
		0x82, 202, 0, 8, 1, 2, 3, 4,
		1, 14, 'a', 'l', 'i', 'c', 'e', '@', '1', '0', '.', '0',
		'.', '0', '.', '5', 6, 1, 'x', 0,
		5, 6, 7, 8, 1, 1, 'b', 0,
		0x80, 204, 0, 3, 1, 2, 3, 4, 'a', 'p', 'p', 'x', 9, 9, 9, 9,
	};
	size_t length = sizeof(packet);

	CHECK(bm_rtcp_is_valid(packet, length));
	bm_rtcp_rename(packet, length, name);
	CHECK(bm_rtcp_is_valid(packet, length));
	CHECK(memcmp(packet + 16, "\1\20abcdefghijklmnop", 18) == 0);
	CHECK(packet[34] == 0 && packet[35] == 0);
	CHECK(memcmp(packet + 36, "\5\6\7\10\1\1a", 8) == 0);
	CHECK(memcmp(packet + 52, "\0\0\0\0\0\0\0", 8) == 0);
}

static void whatever_the_items_say_nothing_is_written_beyond(void)
{
	static const uint8_t name[BM_CNAME + 1] = "abcdefghijklmnop";
	uint8_t packet[64], fill;
	size_t words, at;

	for (words = 0; words < 12; words++) {
		for (fill = 0; fill < 40; fill++) {
			memset(packet, fill, sizeof(packet));
			packet[0] = 0x9f;
			packet[1] = 202;
			put16(packet + 2, (uint16_t)words);
			bm_rtcp_rename(packet, 4 * (words + 1), name);
			for (at = 4 * (words + 1); at < sizeof(packet); at++)
				CHECK_EQUAL(packet[at], fill);
		}
	}
}

static const struct check_test tests[] = {
	TEST(a_short_packet_is_not_rtp),
	TEST(another_version_is_not_rtp),
	TEST(the_csrc_list_and_the_extension_must_fit),
	TEST(rtcp_types_are_told_from_payload_types),
	TEST(a_compound_must_add_up),
	TEST(a_compound_says_nothing_but_the_name),
	TEST(whatever_the_items_say_nothing_is_written_beyond),
	TEST(the_index_follows_the_nearest_rollover),
	TEST(loss_is_counted_across_the_rollover),
	TEST(reordered_packets_are_not_lost),
	TEST(a_restart_needs_two_packets_in_a_row),
	TEST(jitter_is_that_of_the_rfc),
};

CHECK_MAIN(tests)
