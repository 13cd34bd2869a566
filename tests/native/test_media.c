/*
 * Tests of the whole library with its thread: two nodes, each with a relay,
 * between two phones:  phone - clear - node 0 - secure - node 1 - clear -
 * phone.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "check.h"
#include "packets.h"

enum { WAIT_MS = 10000, SSRC = 4711, SUITE = BM_AES_CM_128_HMAC_SHA1_80 };

static struct bm_media *nodes[2];
static uint32_t relays[2];
static struct bm_ports ports[2];
static struct phone phones[2];

static struct bm_config config_of(uint32_t most)
{
	return (struct bm_config){ .relays = most,
				   .coalesce_us = 2000,
				   .dscp = 46 };
}

static int32_t open_relay_at(struct bm_media *media, uint32_t *relay,
			     struct bm_ports *out)
{
	struct bm_side sides[2] = {
		make_side(ip4(LOOPBACK, 0), 22000, 23999),
		make_side(ip4(LOOPBACK, 0), 22000, 23999),
	};

	return bm_relay_open(media, sides, relay, out);
}

static struct bm_update agreed(struct bm_address remote, uint32_t kind)
{
	return (struct bm_update){
		.set = BM_SET_KIND | BM_SET_DIRECTION | BM_SET_REMOTE,
		.kind = kind,
		.direction = BM_RECEIVE | BM_SEND,
		.remote = { remote },
	};
}

/* Both nodes: side A towards the phone, side B towards the other node. */
static void set_keys(int node, uint16_t suite, uint8_t receive, uint8_t send)
{
	struct bm_update update = {
		.set = BM_SET_RECEIVE_KEY | BM_SET_SEND_KEY,
		.receive = make_key(suite, receive),
		.send = make_key(suite, send),
	};

	CHECK_EQUAL(bm_relay_update(nodes[node], relays[node], BM_B, &update),
		    0);
}

static void open_call(void)
{
	struct bm_config config = config_of(8);
	struct bm_update update;
	int node;

	for (node = 0; node < 2; node++) {
		phones[node] = open_phone(LOOPBACK);
		CHECK_EQUAL(bm_open(&config, &nodes[node]), 0);
		CHECK_EQUAL(open_relay_at(nodes[node], &relays[node],
					  &ports[node]), 0);
	}
	for (node = 0; node < 2; node++) {
		update = agreed(phones[node].address, BM_CLEAR);
		CHECK_EQUAL(bm_relay_update(nodes[node], relays[node], BM_A,
					    &update), 0);
		update = agreed(ip4(LOOPBACK, ports[!node].port[2]),
				BM_SECURE);
		CHECK_EQUAL(bm_relay_update(nodes[node], relays[node], BM_B,
					    &update), 0);
		set_keys(node, SUITE, node ? 1 : 2, node ? 2 : 1);
	}
}

static void close_call(void)
{
	int node;

	for (node = 0; node < 2; node++) {
		CHECK_EQUAL(bm_close(nodes[node]), 0);
		close(phones[node].fd);
	}
}

static struct bm_stats stats_of(int node)
{
	struct bm_stats stats;

	CHECK_EQUAL(bm_relay_stats(nodes[node], relays[node], &stats), 0);
	return stats;
}

static void talk(int from, uint16_t sequence)
{
	uint8_t packet[256];
	size_t length = make_rtp(packet, SSRC + from, sequence, 160);

	phone_send(&phones[from], ports[from].port[0], packet, length);
}

static void listen_for(int at, uint16_t sequence)
{
	uint8_t packet[2048], expected[256];
	size_t length = make_rtp(expected, SSRC + !at, sequence, 160);

	CHECK_EQUAL(phone_receive(&phones[at], packet, sizeof(packet),
				  WAIT_MS), length);
	CHECK(memcmp(packet, expected, length) == 0);
}

static void phones_hear_each_other(void)
{
	uint16_t i;

	open_call();
	for (i = 0; i < 100; i++) {
		talk(0, i);
		talk(1, i);
		listen_for(1, i);
		listen_for(0, i);
	}
	CHECK_EQUAL(stats_of(0).side[BM_A].received_packets, 100);
	CHECK_EQUAL(stats_of(0).side[BM_B].received_packets, 100);
	CHECK_EQUAL(stats_of(1).side[BM_A].sent_packets, 100);
	CHECK_EQUAL(stats_of(1).side[BM_B].lost, 0);
	CHECK_EQUAL(stats_of(1).side[BM_B].auth_failed, 0);
	CHECK_EQUAL(stats_of(1).side[BM_B].latched[BM_RTP], 1);
	close_call();
}

static void packets_arrive_while_keys_change(void)
{
	uint16_t i;

	open_call();
	for (i = 0; i < 400; i++) {
		uint16_t suite = i % 40 < 20 ? SUITE :
					       BM_AES_CM_128_HMAC_SHA1_32;
		uint8_t fill = (uint8_t)(10 + i / 20);

		talk(0, i);
		talk(1, i);
		/* The keys change while these packets are on their way: the
		 * receiver first, as in an offer and its answer. */
		if (i % 20 == 0) {
			struct bm_update first = {
				.set = BM_SET_RECEIVE_KEY,
				.receive = make_key(suite, fill),
			};

			CHECK_EQUAL(bm_relay_update(nodes[1], relays[1], BM_B,
						    &first), 0);
			talk(0, ++i);
			listen_for(1, i - 1);
			listen_for(0, i - 1);
			talk(1, i);
			set_keys(0, suite, fill, fill);
			set_keys(1, suite, fill, fill);
		}
		listen_for(1, i);
		listen_for(0, i);
	}
	CHECK_EQUAL(stats_of(0).side[BM_B].auth_failed, 0);
	CHECK_EQUAL(stats_of(1).side[BM_B].auth_failed, 0);
	close_call();
}

/* Floods one port until told to stop. */
struct flood {
	uint16_t port;
	int stop;
	pthread_t thread;
};

static void *run_flood(void *argument)
{
	struct flood *flood = argument;
	struct phone stranger = open_phone(OTHER_LOOPBACK);
	uint8_t packet[256];
	uint16_t i;

	for (i = 0; !__atomic_load_n(&flood->stop, __ATOMIC_RELAXED); i++) {
		size_t length = make_rtp(packet, 666, i, 160);

		phone_send(&stranger, flood->port, packet, length);
	}
	close(stranger.fd);
	return NULL;
}

static void start_flood(struct flood *flood, uint16_t port)
{
	flood->port = port;
	flood->stop = 0;
	pthread_create(&flood->thread, NULL, run_flood, flood);
}

static void stop_flood(struct flood *flood)
{
	__atomic_store_n(&flood->stop, 1, __ATOMIC_RELAXED);
	pthread_join(flood->thread, NULL);
}

static void a_flood_is_not_relayed_and_takes_nothing_away(void)
{
	struct flood floods[2];
	uint16_t i;

	open_call();
	talk(0, 1);
	talk(1, 1);
	listen_for(0, 1);
	listen_for(1, 1);
	start_flood(&floods[0], ports[0].port[0]);
	start_flood(&floods[1], ports[1].port[2]);
	for (i = 2; i < 300; i++) {
		talk(0, i);
		talk(1, i);
		listen_for(0, i);
		listen_for(1, i);
	}
	stop_flood(&floods[0]);
	stop_flood(&floods[1]);
	CHECK_EQUAL(stats_of(0).side[BM_A].received_packets, 299);
	CHECK_EQUAL(stats_of(0).side[BM_B].sent_packets, 299);
	CHECK_EQUAL(stats_of(1).side[BM_B].received_packets, 299);
	close_call();
}

static void a_flood_before_the_latch_is_only_counted(void)
{
	uint8_t packet[2048];
	struct flood flood;

	open_call();
	start_flood(&flood, ports[0].port[0]);
	while (stats_of(0).side[BM_A].strangers < 1000)
		;
	stop_flood(&flood);
	CHECK_EQUAL(stats_of(0).side[BM_A].received_packets, 0);
	talk(0, 1);
	listen_for(1, 1);
	CHECK_EQUAL(phone_receive(&phones[1], packet, sizeof(packet), 0), -1);
	close_call();
}

static void a_phone_that_moves_is_heard_when_the_signalling_says_so(void)
{
	struct bm_update update;

	open_call();
	talk(0, 1);
	listen_for(1, 1);
	close(phones[0].fd);
	phones[0] = open_phone(LOOPBACK);
	talk(0, 2);
	update = agreed(phones[0].address, BM_CLEAR);
	CHECK_EQUAL(bm_relay_update(nodes[0], relays[0], BM_A, &update), 0);
	talk(0, 3);
	listen_for(1, 3);
	talk(1, 1);
	listen_for(0, 1);
	close_call();
}

/* The node with the moved side is heard from its new address only. */
static void a_side_that_moves_speaks_from_its_new_address(void)
{
	struct bm_update update = {
		.set = BM_SET_LOCAL,
		.local = ip4(OTHER_LOOPBACK, 0),
	};

	open_call();
	talk(0, 1);
	listen_for(1, 1);
	CHECK_EQUAL(bm_relay_update(nodes[0], relays[0], BM_B, &update), 0);
	update = agreed(ip4(OTHER_LOOPBACK, ports[0].port[2]), BM_SECURE);
	CHECK_EQUAL(bm_relay_update(nodes[1], relays[1], BM_B, &update), 0);
	talk(0, 2);
	listen_for(1, 2);
	talk(1, 3);
	listen_for(0, 3);
	CHECK_EQUAL(stats_of(1).side[BM_B].strangers, 0);
	CHECK_EQUAL(stats_of(1).side[BM_B].latched[BM_RTP], 1);
	update = (struct bm_update){ .set = BM_SET_LOCAL,
				     .local = loopback6(0) };
	CHECK_EQUAL(bm_relay_update(nodes[0], relays[0], BM_B, &update),
		    -EAFNOSUPPORT);
	close_call();
}

static void a_new_ssrc_and_the_same_on_both_sides_pass(void)
{
	uint8_t packet[2048];
	size_t length;
	uint32_t i;

	open_call();
	for (i = 0; i < 20; i++) {
		length = make_rtp(packet, i, (uint16_t)(i * 7000), 160);
		phone_send(&phones[0], ports[0].port[0], packet, length);
		CHECK_EQUAL(phone_receive(&phones[1], packet, sizeof(packet),
					  WAIT_MS), length);
		phone_send(&phones[1], ports[1].port[0], packet, length);
		CHECK_EQUAL(phone_receive(&phones[0], packet, sizeof(packet),
					  WAIT_MS), length);
	}
	CHECK_EQUAL(stats_of(0).side[BM_B].ssrc, 19);
	close_call();
}

static void a_packet_above_the_mtu_arrives(void)
{
	uint8_t packet[4096];
	size_t length;

	open_call();
	length = make_rtp(packet, SSRC, 1, 1990);
	phone_send(&phones[0], ports[0].port[0], packet, length);
	CHECK_EQUAL(phone_receive(&phones[1], packet, sizeof(packet),
				  WAIT_MS), length);
	length = make_rtp(packet, SSRC, 2, 3000);
	phone_send(&phones[0], ports[0].port[0], packet, length);
	talk(0, 3);
	listen_for(1, 3);
	CHECK_EQUAL(stats_of(0).side[BM_A].oversize, 1);
	close_call();
}

static void a_burst_arrives_whole_and_in_order(void)
{
	struct bm_status status;
	uint16_t i, round;

	open_call();
	for (round = 0; round < 20; round++) {
		for (i = 0; i < 100; i++)
			talk(0, (uint16_t)(round * 100 + i));
		for (i = 0; i < 100; i++)
			listen_for(1, (uint16_t)(round * 100 + i));
	}
	CHECK_EQUAL(bm_status(nodes[0], &status), 0);
	CHECK_EQUAL(status.packets, 2000);
	CHECK_EQUAL(status.relays, 1);
	CHECK(status.suites & 1 << SUITE);
	close_call();
}

static void an_old_handle_is_unknown(void)
{
	struct bm_config config = config_of(1);
	struct bm_update update = { 0 };
	struct bm_media *media;
	struct bm_ports out;
	struct bm_stats stats;
	uint32_t first, second;
	int i;

	CHECK_EQUAL(bm_open(&config, &media), 0);
	CHECK_EQUAL(open_relay_at(media, &first, &out), 0);
	CHECK_EQUAL(open_relay_at(media, &second, &out), -ENFILE);
	for (i = 0; i < 1000; i++) {
		CHECK_EQUAL(bm_relay_close(media, first), 0);
		CHECK_EQUAL(open_relay_at(media, &second, &out), 0);
		CHECK(first != second && second != 0);
		CHECK_EQUAL(bm_relay_close(media, first), -ENOENT);
		CHECK_EQUAL(bm_relay_stats(media, first, &stats), -ENOENT);
		CHECK_EQUAL(bm_relay_update(media, first, BM_A, &update),
			    -ENOENT);
		first = second;
	}
	CHECK_EQUAL(bm_relay_close(media, 0), -ENOENT);
	CHECK_EQUAL(bm_relay_close(media, UINT32_MAX), -ENOENT);
	CHECK_EQUAL(bm_close(media), 0);
}

static void too_few_files_are_an_error_that_passes(void)
{
	struct bm_config config = config_of(2000);
	struct bm_media *media;
	struct bm_ports out;
	struct rlimit before, few;
	uint32_t relay;
	int32_t error = 0;
	int opened = 0;

	CHECK_EQUAL(bm_open(&config, &media), 0);
	getrlimit(RLIMIT_NOFILE, &before);
	few = before;
	few.rlim_cur = 64;
	setrlimit(RLIMIT_NOFILE, &few);
	while (opened < 100 && !error) {
		error = open_relay_at(media, &relay, &out);
		opened += !error;
	}
	CHECK_EQUAL(error, -EMFILE);
	CHECK(opened > 5);
	setrlimit(RLIMIT_NOFILE, &before);
	CHECK_EQUAL(open_relay_at(media, &relay, &out), 0);
	CHECK_EQUAL(bm_close(media), 0);
}

static void a_senseless_configuration_is_refused(void)
{
	struct bm_config config = config_of(0);
	struct bm_media *media;

	CHECK_EQUAL(bm_open(&config, &media), -EINVAL);
	CHECK(media == NULL);
	config = config_of(65536);
	CHECK_EQUAL(bm_open(&config, &media), -EINVAL);
	config = config_of(1);
	config.dscp = 64;
	CHECK_EQUAL(bm_open(&config, &media), -EINVAL);
	CHECK_EQUAL(bm_abi(), BM_ABI);
}

static void *open_and_close_relays(void *argument)
{
	struct bm_media *media = argument;
	struct bm_stats stats;
	struct bm_ports out;
	uint32_t relay;
	int i;

	for (i = 0; i < 200; i++) {
		struct bm_update update = {
			.set = BM_SET_SEND_KEY | BM_SET_KIND,
			.kind = BM_SECURE,
			.send = make_key(SUITE, (uint8_t)i),
		};

		CHECK_EQUAL(open_relay_at(media, &relay, &out), 0);
		CHECK_EQUAL(bm_relay_update(media, relay, BM_A, &update), 0);
		CHECK_EQUAL(bm_relay_stats(media, relay, &stats), 0);
		CHECK_EQUAL(bm_relay_close(media, relay), 0);
	}
	return NULL;
}

static void relays_come_and_go_while_others_talk(void)
{
	pthread_t threads[2];
	uint16_t i;

	open_call();
	pthread_create(&threads[0], NULL, open_and_close_relays, nodes[0]);
	pthread_create(&threads[1], NULL, open_and_close_relays, nodes[0]);
	for (i = 0; i < 500; i++) {
		talk(0, i);
		listen_for(1, i);
	}
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	CHECK_EQUAL(stats_of(1).side[BM_B].received_packets, 500);
	close_call();
}

static struct bm_event wait_for_event(struct bm_media *media)
{
	struct pollfd ready = { .fd = bm_events_fd(media), .events = POLLIN };
	struct bm_event event = { 0 };

	CHECK_EQUAL(poll(&ready, 1, WAIT_MS), 1);
	CHECK_EQUAL(bm_events(media, &event, 1), 1);
	return event;
}

static void silence_and_death_are_reported(void)
{
	struct bm_config config = config_of(1);
	struct phone phone = open_phone(LOOPBACK);
	struct bm_update update = agreed(phone.address, BM_CLEAR);
	struct bm_media *media;
	struct bm_stats stats;
	struct bm_ports out;
	uint32_t relay;

	config.silent_ms = 40;
	config.dead_ms = 80;
	CHECK_EQUAL(bm_open(&config, &media), 0);
	CHECK_EQUAL(open_relay_at(media, &relay, &out), 0);
	CHECK_EQUAL(bm_relay_update(media, relay, BM_B, &update), 0);
	CHECK_EQUAL(wait_for_event(media).kind, BM_SILENT);
	CHECK_EQUAL(wait_for_event(media).kind, BM_DEAD);
	CHECK_EQUAL(bm_relay_stats(media, relay, &stats), 0);
	CHECK_EQUAL(stats.dead, 1);
	CHECK_EQUAL(bm_relay_update(media, relay, BM_B, &update), -ENOENT);
	CHECK_EQUAL(bm_relay_close(media, relay), 0);
	CHECK_EQUAL(bm_close(media), 0);
	close(phone.fd);
}

static void ipv4_and_ipv6_meet(void)
{
	struct bm_side sides[2] = {
		make_side(ip4(LOOPBACK, 0), 22000, 23999),
		make_side(loopback6(0), 24000, 25999),
	};
	struct sockaddr_in6 far = { .sin6_family = AF_INET6,
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct bm_config config = config_of(1);
	struct phone phone = open_phone(LOOPBACK);
	socklen_t size = sizeof(far);
	struct bm_update update;
	struct bm_media *media;
	struct bm_ports out;
	uint8_t packet[2048];
	uint32_t relay;
	struct phone phone6 = { .fd = socket(AF_INET6, SOCK_DGRAM, 0) };

	CHECK_EQUAL(bind(phone6.fd, (struct sockaddr *)&far, size), 0);
	getsockname(phone6.fd, (struct sockaddr *)&far, &size);
	CHECK_EQUAL(bm_open(&config, &media), 0);
	CHECK_EQUAL(bm_relay_open(media, sides, &relay, &out), 0);
	update = agreed(phone.address, BM_CLEAR);
	CHECK_EQUAL(bm_relay_update(media, relay, BM_A, &update), 0);
	update = agreed(loopback6(ntohs(far.sin6_port)), BM_CLEAR);
	CHECK_EQUAL(bm_relay_update(media, relay, BM_B, &update), 0);
	phone_send(&phone, out.port[0], packet,
		   make_rtp(packet, SSRC, 1, 20));
	CHECK_EQUAL(phone_receive(&phone6, packet, sizeof(packet), WAIT_MS),
		    32);
	far.sin6_port = htons(out.port[2]);
	sendto(phone6.fd, packet, 32, 0, (struct sockaddr *)&far, size);
	CHECK_EQUAL(phone_receive(&phone, packet, sizeof(packet), WAIT_MS),
		    32);
	CHECK_EQUAL(bm_close(media), 0);
	close(phone.fd);
	close(phone6.fd);
}

static uint8_t kept[8 * BM_KEPT_BYTES] __attribute__((aligned(8)));

/* Have a call of which node 0 keeps how far it went. */
static void open_kept_call(void)
{
	struct bm_config config = config_of(8);
	struct bm_update update = agreed(ip4(0, 0), BM_CLEAR);

	open_call();
	CHECK_EQUAL(bm_close(nodes[0]), 0);
	memset(kept, 0, sizeof(kept));
	config.kept = kept;
	CHECK_EQUAL(bm_open(&config, &nodes[0]), 0);
	CHECK_EQUAL(open_relay_at(nodes[0], &relays[0], &ports[0]), 0);
	update = agreed(ip4(LOOPBACK, ports[0].port[2]), BM_SECURE);
	CHECK_EQUAL(bm_relay_update(nodes[1], relays[1], BM_B, &update), 0);
}

static void agree_at_node_0(void)
{
	struct bm_update update = agreed(phones[0].address, BM_CLEAR);

	CHECK_EQUAL(bm_relay_update(nodes[0], relays[0], BM_A, &update), 0);
	update = agreed(ip4(LOOPBACK, ports[1].port[2]), BM_SECURE);
	CHECK_EQUAL(bm_relay_update(nodes[0], relays[0], BM_B, &update), 0);
	set_keys(0, SUITE, 2, 1);
}

static int32_t resume_at(uint32_t relay, struct bm_ports *out)
{
	struct bm_side sides[2] = {
		make_side(ip4(LOOPBACK, 0), ports[0].port[0],
			  ports[0].port[1]),
		make_side(ip4(LOOPBACK, 0), ports[0].port[2],
			  ports[0].port[3]),
	};

	return bm_relay_resume(nodes[0], sides, relay, out);
}

static void a_call_goes_on_in_another_process(void)
{
	struct bm_config config = config_of(8);
	struct bm_ports same;
	uint16_t i, round;

	open_kept_call();
	agree_at_node_0();
	for (round = 0; round < 3; round++) {
		for (i = round * 100; i < round * 100 + 50; i++) {
			talk(0, i);
			talk(1, i);
			listen_for(1, i);
			listen_for(0, i);
		}
		CHECK_EQUAL(bm_close(nodes[0]), 0);
		config.kept = kept;
		CHECK_EQUAL(bm_open(&config, &nodes[0]), 0);
		CHECK_EQUAL(resume_at(relays[0] + 1, &same), -ENOENT);
		CHECK_EQUAL(resume_at(relays[0], &same), 0);
		CHECK(memcmp(&same, &ports[0], sizeof(same)) == 0);
		CHECK_EQUAL(resume_at(relays[0], &same), -EADDRINUSE);
		agree_at_node_0();
	}
	CHECK_EQUAL(stats_of(1).side[BM_B].auth_failed, 0);
	CHECK_EQUAL(stats_of(1).side[BM_B].replayed, 0);
	close_call();
}

static void what_was_closed_is_not_gone_on_with(void)
{
	struct bm_config config = config_of(8);
	struct bm_ports same;

	open_kept_call();
	CHECK_EQUAL(bm_relay_close(nodes[0], relays[0]), 0);
	CHECK_EQUAL(bm_close(nodes[0]), 0);
	config.kept = kept;
	CHECK_EQUAL(bm_open(&config, &nodes[0]), 0);
	CHECK_EQUAL(resume_at(relays[0], &same), -ENOENT);
	close_call();
}

static const struct check_test tests[] = {
	TEST(phones_hear_each_other),
	TEST(packets_arrive_while_keys_change),
	TEST(a_flood_is_not_relayed_and_takes_nothing_away),
	TEST(a_flood_before_the_latch_is_only_counted),
	TEST(a_phone_that_moves_is_heard_when_the_signalling_says_so),
	TEST(a_side_that_moves_speaks_from_its_new_address),
	TEST(a_new_ssrc_and_the_same_on_both_sides_pass),
	TEST(a_packet_above_the_mtu_arrives),
	TEST(a_burst_arrives_whole_and_in_order),
	TEST(an_old_handle_is_unknown),
	TEST(too_few_files_are_an_error_that_passes),
	TEST(a_senseless_configuration_is_refused),
	TEST(relays_come_and_go_while_others_talk),
	TEST(silence_and_death_are_reported),
	TEST(ipv4_and_ipv6_meet),
	TEST(a_call_goes_on_in_another_process),
	TEST(what_was_closed_is_not_gone_on_with),
};

CHECK_MAIN(tests)
