/* Tests of native/leg.c. */
#include <errno.h>
#include <netinet/in.h>

#include "check.h"
#include "leg.h"
#include "packets.h"

enum { LOW = 21000, HIGH = 21019 };

static struct bm_address nobody;

static uint16_t open_leg(struct bm_leg *leg, struct bm_address local)
{
	struct bm_side side = make_side(local, LOW, HIGH);
	uint16_t ports[2];

	memset(leg, 0, sizeof(*leg));
	CHECK_EQUAL(bm_leg_open(leg, &side, 46, ports), 0);
	CHECK_EQUAL(ports[BM_RTP] % 2, 0);
	CHECK_EQUAL(ports[BM_RTCP], ports[BM_RTP] + 1);
	return ports[BM_RTP];
}

static void direct(struct bm_leg *leg, struct bm_address remote,
		   struct bm_address allow)
{
	struct bm_address remotes[2] = { remote };

	bm_leg_direct(leg, remotes, &allow, 0);
}

static struct bm_address net(uint32_t ip, uint8_t prefix)
{
	struct bm_address address = ip4(ip, 0);

	address.prefix = prefix;
	return address;
}

static int admits(const struct bm_leg *leg, struct bm_address from)
{
	return bm_leg_admits(leg, BM_RTP, &from);
}

static void every_pair_of_latch_and_event_is_decided(void)
{
	int latch;

	for (latch = BM_DEAF; latch < BM_LATCHES; latch++) {
		const uint8_t *next = bm_latch_next[latch];

		CHECK_EQUAL(next[BM_SIGNALLED], BM_OPEN);
		CHECK_EQUAL(next[BM_ADMITTED],
			    latch == BM_OPEN ? BM_DRAINING : latch);
		CHECK_EQUAL(next[BM_EMPTIED],
			    latch == BM_DRAINING ? BM_FIXED : latch);
		CHECK_EQUAL(next[BM_MISSED],
			    latch == BM_DEAF ? BM_DEAF : BM_OPEN);
	}
}

static void a_range_is_used_up_to_the_last_pair(void)
{
	struct bm_side side = make_side(ip4(LOOPBACK, 0), LOW, HIGH);
	struct bm_leg legs[10] = { 0 };
	struct bm_leg extra = { 0 };
	uint16_t ports[2];
	int i;

	for (i = 0; i < 10; i++)
		open_leg(&legs[i], ip4(LOOPBACK, 0));
	CHECK_EQUAL(bm_leg_open(&extra, &side, 46, ports), -EADDRINUSE);
	bm_leg_close(&legs[4]);
	CHECK_EQUAL(bm_leg_open(&extra, &side, 46, ports), 0);
	bm_leg_close(&extra);
	for (i = 0; i < 10; i++)
		bm_leg_close(&legs[i]);
}

static void a_taken_rtcp_port_spoils_its_pair(void)
{
	struct bm_side side = make_side(ip4(LOOPBACK, 0), LOW, LOW + 1);
	struct sockaddr_in taken = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct bm_leg leg = { 0 };
	uint16_t ports[2];

	taken.sin_addr.s_addr = htonl(LOOPBACK);
	taken.sin_port = htons(LOW + 1);
	CHECK_EQUAL(bind(fd, (struct sockaddr *)&taken, sizeof(taken)), 0);
	CHECK_EQUAL(bm_leg_open(&leg, &side, 46, ports), -EADDRINUSE);
	close(fd);
	CHECK_EQUAL(bm_leg_open(&leg, &side, 46, ports), 0);
	bm_leg_close(&leg);
}

static int next_file(void)
{
	int fd = dup(STDOUT_FILENO);

	close(fd);
	return fd;
}

static void a_refusal_leaves_no_file_open(void)
{
	struct bm_side side = make_side(ip4(LOOPBACK, 0), LOW, LOW + 1);
	struct bm_leg leg = { 0 }, rtp = { 0 };
	uint16_t ports[2];
	int before;

	CHECK_EQUAL(bm_leg_open(&leg, &side, 46, ports), 0);
	before = next_file();
	CHECK_EQUAL(bm_leg_open(&rtp, &side, 46, ports), -EADDRINUSE);
	CHECK_EQUAL(next_file(), before);
	close(leg.fd[BM_RTP]);
	leg.fd[BM_RTP] = -1;
	before = next_file();
	CHECK_EQUAL(bm_leg_open(&rtp, &side, 46, ports), -EADDRINUSE);
	CHECK_EQUAL(next_file(), before);
	bm_leg_close(&leg);
}

static void a_senseless_range_is_refused(void)
{
	static const uint16_t ranges[][2] = {
		{ 0, 0 }, { 0, 100 }, { 5000, 5000 }, { 5001, 5002 },
		{ 6000, 5000 }, { 65535, 65535 },
	};
	struct bm_leg leg = { 0 };
	uint16_t ports[2];
	size_t i;

	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		struct bm_side side = make_side(ip4(LOOPBACK, 0),
						ranges[i][0], ranges[i][1]);

		CHECK_EQUAL(bm_leg_open(&leg, &side, 46, ports), -EINVAL);
	}
}

static void a_foreign_address_is_an_error_of_its_own(void)
{
	struct bm_side side = make_side(ip4(0xc0000201, 0), LOW, HIGH);
	struct bm_leg leg = { 0 };
	uint16_t ports[2];

	CHECK_EQUAL(bm_leg_open(&leg, &side, 46, ports), -EADDRNOTAVAIL);
}

static void packets_are_marked_expedited(void)
{
	struct bm_leg leg;
	int value = 0;
	socklen_t size = sizeof(value);

	open_leg(&leg, ip4(LOOPBACK, 0));
	getsockopt(leg.fd[BM_RTP], IPPROTO_IP, IP_TOS, &value, &size);
	CHECK_EQUAL(value, 46 << 2);
	bm_leg_close(&leg);
	open_leg(&leg, loopback6(0));
	getsockopt(leg.fd[BM_RTCP], IPPROTO_IPV6, IPV6_TCLASS, &value, &size);
	CHECK_EQUAL(value, 46 << 2);
	bm_leg_close(&leg);
}

static void packets_above_the_mtu_are_fragmented(void)
{
	struct bm_leg leg;
	int value = -1;
	socklen_t size = sizeof(value);

	open_leg(&leg, ip4(LOOPBACK, 0));
	getsockopt(leg.fd[BM_RTP], IPPROTO_IP, IP_MTU_DISCOVER, &value,
		   &size);
	CHECK_EQUAL(value, IP_PMTUDISC_DONT);
	bm_leg_close(&leg);
}

static void nobody_is_admitted_before_the_signalling(void)
{
	struct bm_leg leg;

	open_leg(&leg, ip4(LOOPBACK, 0));
	CHECK(!admits(&leg, ip4(LOOPBACK, 4000)));
	direct(&leg, nobody, nobody);
	CHECK(!admits(&leg, ip4(LOOPBACK, 4000)));
	CHECK(!admits(&leg, nobody));
	bm_leg_close(&leg);
}

static void only_the_signalled_sources_are_admitted(void)
{
	struct bm_address one_port = net(0x0a000000, 32);
	struct bm_leg leg;

	open_leg(&leg, ip4(LOOPBACK, 0));
	direct(&leg, ip4(0x0a000001, 4000), nobody);
	CHECK(admits(&leg, ip4(0x0a000001, 4000)));
	CHECK(!admits(&leg, ip4(0x0a000001, 4002)));
	CHECK(!admits(&leg, ip4(0x0a000002, 4000)));
	direct(&leg, ip4(0x0a000001, 4000), net(0xc0a80180, 25));
	CHECK(admits(&leg, ip4(0x0a000001, 4000)));
	CHECK(admits(&leg, ip4(0xc0a801ff, 1)));
	CHECK(!admits(&leg, ip4(0xc0a8017f, 1)));
	direct(&leg, ip4(0x0a000001, 4000), net(0, 0));
	CHECK(admits(&leg, ip4(0x08080808, 1)));
	CHECK(!admits(&leg, loopback6(1)));
	one_port.port = 7;
	direct(&leg, nobody, one_port);
	CHECK(admits(&leg, ip4(0x0a000000, 7)));
	CHECK(!admits(&leg, ip4(0x0a000000, 8)));
	CHECK(!admits(&leg, ip4(0x0a000001, 7)));
	bm_leg_close(&leg);
}

/* Connected to port 0, Linux lets every port of the host through. */
static void nobody_is_admitted_from_port_0(void)
{
	struct bm_leg leg;

	open_leg(&leg, ip4(LOOPBACK, 0));
	direct(&leg, ip4(LOOPBACK, 0), net(LOOPBACK, 32));
	CHECK(!admits(&leg, ip4(LOOPBACK, 0)));
	CHECK(admits(&leg, ip4(LOOPBACK, 1)));
	bm_leg_close(&leg);
}

static void ipv6_networks_match_by_prefix(void)
{
	struct bm_address allow = loopback6(0), from = loopback6(9);
	struct bm_leg leg;
	uint8_t prefix;

	open_leg(&leg, loopback6(0));
	from.ip[7] = 0x01;
	for (prefix = 0; prefix <= 128; prefix++) {
		allow.prefix = prefix;
		direct(&leg, nobody, allow);
		CHECK_EQUAL(admits(&leg, from), prefix < 64);
		CHECK(admits(&leg, loopback6(1)));
	}
	bm_leg_close(&leg);
}

static int is_tied(const struct bm_leg *leg, struct bm_address to,
		   struct bm_address *local)
{
	struct bm_address remote[2] = { to, { 0 } };

	return bm_leg_is_tied(leg, remote, local);
}

static void only_new_sockets_hear_another_ipv6_address(void)
{
	struct bm_address from = loopback6(30000), other = loopback6(30000);
	struct bm_address local;
	struct bm_leg leg;

	other.ip[0] = 0xfd;
	open_leg(&leg, loopback6(0));
	direct(&leg, from, nobody);
	CHECK(!is_tied(&leg, other, &local));
	CHECK_EQUAL(bm_leg_latch(&leg, BM_RTP, &from), 0);
	from.port = 30002;
	CHECK(!is_tied(&leg, from, &local));
	direct(&leg, from, nobody);
	CHECK(is_tied(&leg, other, &local));
	CHECK_EQUAL(local.family, 6);
	CHECK_EQUAL(bm_leg_rebind(&leg, &local, 46), 0);
	CHECK(!is_tied(&leg, other, &local));
	bm_leg_close(&leg);
	open_leg(&leg, ip4(LOOPBACK, 0));
	direct(&leg, ip4(LOOPBACK, 30000), nobody);
	from = ip4(LOOPBACK, 30000);
	CHECK_EQUAL(bm_leg_latch(&leg, BM_RTP, &from), 0);
	CHECK(!is_tied(&leg, ip4(OTHER_LOOPBACK, 30000), &local));
	bm_leg_close(&leg);
}

static void rtcp_goes_to_the_next_port_unless_signalled(void)
{
	struct bm_address remotes[2] = { ip4(LOOPBACK, 4000),
					 ip4(OTHER_LOOPBACK, 7777) };
	struct bm_side_stats stats;
	struct bm_leg leg;

	open_leg(&leg, ip4(LOOPBACK, 0));
	direct(&leg, remotes[0], nobody);
	bm_leg_stats(&leg, &stats, 0);
	CHECK_EQUAL(stats.remote[BM_RTCP].port, 4001);
	CHECK_EQUAL(stats.remote[BM_RTCP].ip[0], 127);
	bm_leg_direct(&leg, remotes, &nobody, 0);
	bm_leg_stats(&leg, &stats, 0);
	CHECK_EQUAL(stats.remote[BM_RTCP].port, 7777);
	bm_leg_close(&leg);
}

static ssize_t receive(struct bm_leg *leg, struct bm_address *from)
{
	uint8_t packet[64];

	return bm_leg_receive(leg, BM_RTP, packet, sizeof(packet), from);
}

static void what_strangers_queued_before_the_latch_is_still_checked(void)
{
	uint8_t byte[4] = { 0 };
	struct phone phone = open_phone(LOOPBACK);
	struct phone stranger = open_phone(OTHER_LOOPBACK);
	struct bm_address from;
	struct bm_leg leg;
	uint16_t port = open_leg(&leg, ip4(LOOPBACK, 0));

	direct(&leg, phone.address, nobody);
	phone_send(&phone, port, byte, 1);
	phone_send(&stranger, port, byte, 2);
	phone_send(&phone, port, byte, 3);
	CHECK_EQUAL(receive(&leg, &from), 1);
	CHECK(admits(&leg, from));
	bm_leg_latch(&leg, BM_RTP, &from);
	CHECK_EQUAL(leg.latch[BM_RTP], BM_DRAINING);
	phone_send(&stranger, port, byte, 4);
	CHECK_EQUAL(receive(&leg, &from), 2);
	CHECK(!admits(&leg, from));
	CHECK_EQUAL(receive(&leg, &from), 3);
	CHECK(admits(&leg, from));
	CHECK_EQUAL(receive(&leg, &from), -EAGAIN);
	CHECK_EQUAL(leg.latch[BM_RTP], BM_FIXED);
	phone_send(&stranger, port, byte, 4);
	CHECK_EQUAL(receive(&leg, &from), -EAGAIN);
	bm_leg_close(&leg);
	close(phone.fd);
	close(stranger.fd);
}

static void the_first_good_source_shuts_out_all_others_at_once(void)
{
	struct bm_address first = ip4(LOOPBACK, 4000);
	struct bm_leg leg;

	open_leg(&leg, ip4(LOOPBACK, 0));
	direct(&leg, ip4(LOOPBACK, 5000), net(LOOPBACK, 32));
	CHECK(admits(&leg, ip4(LOOPBACK, 4002)));
	bm_leg_latch(&leg, BM_RTP, &first);
	CHECK(admits(&leg, first));
	CHECK(!admits(&leg, ip4(LOOPBACK, 4002)));
	CHECK(!admits(&leg, ip4(LOOPBACK, 5000)));
	bm_leg_close(&leg);
}

static void the_same_signalling_again_keeps_the_latch(void)
{
	struct phone phone = open_phone(LOOPBACK);
	struct bm_address remotes[2] = { phone.address };
	struct bm_leg leg;

	open_leg(&leg, ip4(LOOPBACK, 0));
	direct(&leg, ip4(LOOPBACK, 4000), net(LOOPBACK, 32));
	bm_leg_latch(&leg, BM_RTP, &phone.address);
	direct(&leg, ip4(LOOPBACK, 4000), net(LOOPBACK, 32));
	CHECK_EQUAL(leg.latch[BM_RTP], BM_DRAINING);
	direct(&leg, phone.address, nobody);
	CHECK_EQUAL(leg.latch[BM_RTP], BM_DRAINING);
	direct(&leg, ip4(LOOPBACK, 4002), nobody);
	CHECK_EQUAL(leg.latch[BM_RTP], BM_OPEN);
	bm_leg_latch(&leg, BM_RTP, &phone.address);
	bm_leg_direct(&leg, remotes, &nobody, 1);
	CHECK_EQUAL(leg.latch[BM_RTP], BM_OPEN);
	bm_leg_close(&leg);
	close(phone.fd);
}

static void a_new_latch_hears_others_again(void)
{
	uint8_t byte[4] = { 0 };
	struct phone phone = open_phone(LOOPBACK);
	struct phone moved = open_phone(LOOPBACK);
	struct bm_address from;
	struct bm_leg leg;
	uint16_t port = open_leg(&leg, ip4(LOOPBACK, 0));

	direct(&leg, phone.address, nobody);
	bm_leg_latch(&leg, BM_RTP, &phone.address);
	phone_send(&moved, port, byte, 1);
	CHECK_EQUAL(receive(&leg, &from), -EAGAIN);
	direct(&leg, moved.address, nobody);
	phone_send(&moved, port, byte, 2);
	CHECK_EQUAL(receive(&leg, &from), 2);
	CHECK(admits(&leg, from));
	bm_leg_latch(&leg, BM_RTP, &from);
	CHECK_EQUAL(bm_leg_send(&leg, BM_RTP, byte, 3), 0);
	CHECK_EQUAL(phone_receive(&moved, byte, sizeof(byte), 5000), 3);
	bm_leg_close(&leg);
	close(phone.fd);
	close(moved.fd);
}

static void after_silence_the_same_host_is_heard_from_another_port(void)
{
	uint8_t byte[4] = { 0 };
	struct phone phone = open_phone(LOOPBACK);
	struct phone moved = open_phone(LOOPBACK);
	struct phone stranger = open_phone(OTHER_LOOPBACK);
	struct bm_address from;
	struct bm_leg leg;
	uint16_t port = open_leg(&leg, ip4(LOOPBACK, 0));

	direct(&leg, ip4(0x0a000001, 4000), net(LOOPBACK, 32));
	bm_leg_latch(&leg, BM_RTP, &phone.address);
	bm_leg_reopen(&leg);
	CHECK_EQUAL(bm_leg_send(&leg, BM_RTP, byte, 3), 0);
	CHECK_EQUAL(phone_receive(&phone, byte, sizeof(byte), 5000), 3);
	phone_send(&stranger, port, byte, 1);
	phone_send(&moved, port, byte, 2);
	CHECK_EQUAL(receive(&leg, &from), 1);
	CHECK(!admits(&leg, from));
	CHECK_EQUAL(receive(&leg, &from), 2);
	CHECK(admits(&leg, from));
	CHECK(admits(&leg, phone.address));
	bm_leg_latch(&leg, BM_RTP, &from);
	CHECK(!admits(&leg, phone.address));
	CHECK_EQUAL(bm_leg_send(&leg, BM_RTP, byte, 4), 0);
	CHECK_EQUAL(phone_receive(&moved, byte, sizeof(byte), 5000), 4);
	bm_leg_close(&leg);
	close(phone.fd);
	close(moved.fd);
	close(stranger.fd);
}

static void new_signalling_forgets_the_last_source(void)
{
	struct phone phone = open_phone(LOOPBACK);
	struct bm_leg leg;

	open_leg(&leg, ip4(LOOPBACK, 0));
	direct(&leg, phone.address, nobody);
	bm_leg_latch(&leg, BM_RTP, &phone.address);
	direct(&leg, ip4(LOOPBACK, 4000), nobody);
	CHECK(!admits(&leg, phone.address));
	CHECK_EQUAL(bm_leg_peer(&leg, BM_RTP)->port, 4000);
	bm_leg_close(&leg);
	close(phone.fd);
}

static void nothing_is_sent_to_nowhere(void)
{
	uint8_t byte[4] = { 0 };
	struct bm_leg leg;

	open_leg(&leg, ip4(LOOPBACK, 0));
	CHECK_EQUAL(bm_leg_send(&leg, BM_RTP, byte, 1), -ENOTCONN);
	direct(&leg, ip4(LOOPBACK, 0), nobody);
	CHECK_EQUAL(bm_leg_send(&leg, BM_RTP, byte, 1), -ENOTCONN);
	bm_leg_close(&leg);
}

static void a_refusal_by_icmp_costs_no_later_packet(void)
{
	uint8_t byte[4] = { 0 };
	struct phone phone = open_phone(LOOPBACK);
	struct bm_leg leg;

	open_leg(&leg, ip4(LOOPBACK, 0));
	direct(&leg, phone.address, nobody);
	bm_leg_latch(&leg, BM_RTP, &phone.address);
	close(phone.fd);
	CHECK_EQUAL(bm_leg_send(&leg, BM_RTP, byte, 1), 0);
	CHECK_EQUAL(bm_leg_send(&leg, BM_RTP, byte, 1), 0);
	bm_leg_close(&leg);
}

static void sources_beyond_the_places_still_count(void)
{
	struct bm_side_stats stats;
	struct bm_leg leg = { .clock_rate = 8000 };
	uint8_t packet[64];
	uint32_t i;

	for (i = 0; i < 3 * BM_SOURCES; i++) {
		make_rtp(packet, i, 10, 0);
		bm_leg_hear(&leg, packet, 0);
		make_rtp(packet, i, 13, 0);
		bm_leg_hear(&leg, packet, 0);
	}
	bm_leg_stats(&leg, &stats, 0);
	CHECK_EQUAL(stats.lost, 2 * 3 * BM_SOURCES);
	CHECK_EQUAL(stats.ssrc, 3 * BM_SOURCES - 1);
	make_rtp(packet, i - 2, 15, 0);
	bm_leg_hear(&leg, packet, 0);
	bm_leg_stats(&leg, &stats, 0);
	CHECK_EQUAL(stats.lost, 2 * 3 * BM_SOURCES + 1);
	CHECK_EQUAL(stats.ssrc, i - 2);
}

static const struct check_test tests[] = {
	TEST(every_pair_of_latch_and_event_is_decided),
	TEST(a_range_is_used_up_to_the_last_pair),
	TEST(a_taken_rtcp_port_spoils_its_pair),
	TEST(a_refusal_leaves_no_file_open),
	TEST(a_senseless_range_is_refused),
	TEST(a_foreign_address_is_an_error_of_its_own),
	TEST(packets_are_marked_expedited),
	TEST(packets_above_the_mtu_are_fragmented),
	TEST(nobody_is_admitted_before_the_signalling),
	TEST(only_the_signalled_sources_are_admitted),
	TEST(nobody_is_admitted_from_port_0),
	TEST(ipv6_networks_match_by_prefix),
	TEST(only_new_sockets_hear_another_ipv6_address),
	TEST(rtcp_goes_to_the_next_port_unless_signalled),
	TEST(what_strangers_queued_before_the_latch_is_still_checked),
	TEST(the_first_good_source_shuts_out_all_others_at_once),
	TEST(the_same_signalling_again_keeps_the_latch),
	TEST(a_new_latch_hears_others_again),
	TEST(after_silence_the_same_host_is_heard_from_another_port),
	TEST(new_signalling_forgets_the_last_source),
	TEST(nothing_is_sent_to_nowhere),
	TEST(a_refusal_by_icmp_costs_no_later_packet),
	TEST(sources_beyond_the_places_still_count),
};

CHECK_MAIN(tests)
