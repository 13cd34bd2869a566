/* Tests of native/circuit.c and circuits.c: nodes in a row on loopback. */
#include <errno.h>

#include "bellhop_circuit.h"
#include "check.h"
#include "circuit.h"
#include "packets.h"

enum { NODES = 4, RELAYS = NODES - 2, WAIT_MS = 2000, NEVER_MS = 50 };

/* caller - relay - relay - called, with a phone at each end. */
static struct bc_node *node[NODES];
static uint32_t handle[NODES];
static struct bc_layer layers[NODES - 1];
static struct phone caller, called;
static uint16_t caller_port, called_port;

static struct bc_address at(uint32_t port)
{
	return (struct bc_address){ .family = 4,
				    .port = (uint16_t)port,
				    .ip = { 127, 0, 0, 1 } };
}

static uint32_t port_of(struct bc_node *one)
{
	uint32_t port;

	bc_port(one, &port);
	return port;
}

static struct bc_side side_to(int other, uint32_t label)
{
	return (struct bc_side){ .remote = at(port_of(node[other])),
				 .local = { .family = 4,
					    .ip = { 127, 0, 0, 1 } },
				 .label = label };
}

static void open_nodes(void)
{
	int i;

	for (i = 0; i < NODES; i++)
		CHECK_EQUAL(bc_open(0, 4, 46, &node[i]), 0);
	for (i = 0; i < NODES - 1; i++) {
		memset(layers[i].forward, 0x10 + i, 32);
		memset(layers[i].back, 0x20 + i, 32);
		layers[i].offset = 0xfffffff0u + 7u * (uint32_t)i;
	}
}

static struct bc_circuit make_circuit(int i, uint32_t count)
{
	struct bc_circuit circuit = {
		.role = i == 0 ? BC_CALLER :
				 i == NODES - 1 ? BC_CALLED : BC_RELAY,
		.layers = i == 0 ? NODES - 1 : 1,
		.count = count,
	};

	if (i == 0)
		memcpy(circuit.layer, layers, sizeof(layers));
	else
		circuit.layer[0] = layers[i - 1];
	if (i > 0)
		circuit.side[BC_BACK] = side_to(i - 1, 100u + (uint32_t)i);
	if (i < NODES - 1)
		circuit.side[BC_FORWARD] = side_to(i + 1, 101u + (uint32_t)i);
	return circuit;
}

static uint16_t open_stream(int i, uint32_t stream, const struct phone *peer)
{
	uint32_t port = 0;

	CHECK_EQUAL(bc_stream_open(node[i], handle[i], stream,
				   peer->address.port, &port), 0);
	return (uint16_t)port;
}

static struct phone open_here(void)
{
	return open_phone(0x7f000001);
}

static void say(const struct phone *from, uint16_t port, const void *packet,
		size_t length)
{
	struct sockaddr_in to = { .sin_family = AF_INET };

	to.sin_addr.s_addr = htonl(0x7f000001);
	to.sin_port = htons(port);
	sendto(from->fd, packet, length, 0, (struct sockaddr *)&to, sizeof(to));
}

/* count: where both ends begin; it runs over 2^32 in some tests. */
static void open_way(uint32_t count)
{
	int i;

	open_nodes();
	for (i = 0; i < NODES; i++) {
		struct bc_circuit circuit = make_circuit(i, count);

		CHECK_EQUAL(bc_circuit_open(node[i], &circuit, &handle[i]), 0);
		CHECK(handle[i] != 0);
	}
	caller = open_here();
	called = open_here();
	caller_port = open_stream(0, 2, &caller);
	called_port = open_stream(NODES - 1, 2, &called);
}

static void close_way(void)
{
	int i;

	for (i = 0; i < NODES; i++)
		CHECK_EQUAL(bc_close(node[i]), 0);
	close(caller.fd);
	close(called.fd);
}

static void check_heard(const struct phone *phone, const void *packet,
			size_t length)
{
	uint8_t got[2048];

	CHECK_EQUAL(phone_receive(phone, got, sizeof(got), WAIT_MS), length);
	CHECK(memcmp(got, packet, length) == 0);
}

static struct bc_stats stats_of(int i)
{
	struct bc_stats stats;

	memset(&stats, 0, sizeof(stats));
	CHECK_EQUAL(bc_circuit_stats(node[i], handle[i], &stats), 0);
	return stats;
}

static void sound_passes_both_ways(void)
{
	uint8_t packet[200];
	uint16_t i;

	open_way(0xfffffffb);
	for (i = 0; i < 20; i++) {
		make_rtp(packet, 7, i, 160);
		say(&caller, caller_port, packet, 172);
		check_heard(&called, packet, 172);
		packet[20] ^= 0xff;
		say(&called, called_port, packet, 172);
		check_heard(&caller, packet, 172);
	}
	CHECK_EQUAL(stats_of(1).packets[BC_FORWARD], 20);
	CHECK_EQUAL(stats_of(1).packets[BC_BACK], 20);
	CHECK_EQUAL(stats_of(1).octets[BC_BACK], 20 * 181);
	CHECK_EQUAL(stats_of(0).late, 0);
	close_way();
}

static void a_stream_that_is_not_open_is_nobodys(void)
{
	struct phone other = open_here();
	uint16_t port;

	open_way(1);
	port = open_stream(0, 5, &other);
	say(&other, port, "nobody", 6);
	say(&caller, caller_port, "somebody", 8);
	check_heard(&called, "somebody", 8);
	CHECK_EQUAL(stats_of(NODES - 1).invalid, 1);
	close(other.fd);
	close_way();
}

static void a_stream_meets_its_peer_later(void)
{
	struct phone late = open_here();
	uint32_t port = 0, again;

	open_way(1);
	CHECK_EQUAL(bc_stream_open(node[0], handle[0], 4, 0, &port), 0);
	say(&late, (uint16_t)port, "before", 6);
	CHECK_EQUAL(bc_stream_meet(node[0], handle[0], 4,
				   late.address.port), 0);
	again = port;
	CHECK_EQUAL(bc_stream_open(node[NODES - 1], handle[NODES - 1], 4,
				   called.address.port, &again), -EADDRINUSE);
	again = 0;
	CHECK_EQUAL(bc_stream_open(node[NODES - 1], handle[NODES - 1], 4,
				   called.address.port, &again), 0);
	say(&late, (uint16_t)port, "after", 5);
	check_heard(&called, "after", 5);
	close(late.fd);
	close_way();
}

/* A neighbour by hand in the place of the first relay. */
static struct bc_circuit end_beside(const struct phone *neighbour)
{
	struct bc_circuit circuit = make_circuit(NODES - 1, 500);

	circuit.side[BC_BACK].remote = at(neighbour->address.port);
	return circuit;
}

static size_t make_sound(uint8_t *packet, uint32_t label, uint32_t count)
{
	put32(packet, label);
	put32(packet + 4, count);
	memset(packet + 8, 0, 20);
	return 28;
}

static void a_count_is_taken_once(void)
{
	static const struct { uint32_t count; int late; } steps[] = {
		{ 1000, 0 }, { 1000, 1 }, { 1001, 0 }, { 999, 0 },
		{ 999, 1 }, { 1200, 0 }, { 1073, 0 }, { 1073, 1 },
		{ 1072, 1 }, { 1136, 0 }, { 1264, 0 }, { 1200, 1 },
		{ 1137, 0 }, { 1136, 1 }, { 0x7ffffff0, 0 },
		{ 0xffffffe0, 0 }, { 5, 0 }, { 0xffffffe0, 1 },
		{ 0xffffffff, 0 }, { 0x80000004, 0 }, { 5, 1 },
	};
	struct bc_window window;
	size_t i;

	memset(&window, 0, sizeof(window));
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (bc_is_new(&window, steps[i].count) == steps[i].late)
			CHECK_EQUAL(steps[i].count, -1);
}

static void what_comes_twice_is_dropped(void)
{
	struct phone neighbour = open_here();
	struct bc_circuit circuit;
	struct bc_stats stats;
	uint8_t packet[64];
	uint32_t own;
	size_t length;
	int i;

	open_nodes();
	circuit = end_beside(&neighbour);
	CHECK_EQUAL(bc_circuit_open(node[3], &circuit, &own), 0);
	length = make_sound(packet, 103, 9);
	for (i = 0; i < 3; i++)
		say(&neighbour, (uint16_t)port_of(node[3]), packet, length);
	do
		bc_circuit_stats(node[3], own, &stats);
	while (stats.late < 2);
	CHECK_EQUAL(stats.invalid, 1);
	for (i = 0; i < NODES; i++)
		bc_close(node[i]);
	close(neighbour.fd);
}

static void nobody_else_may_use_a_label(void)
{
	struct phone stranger = open_here();
	struct bc_status status;
	uint8_t packet[64];
	size_t length = make_sound(packet, 101, 3);

	open_way(1);
	say(&stranger, (uint16_t)port_of(node[1]), packet, length);
	say(&stranger, (uint16_t)port_of(node[1]), packet, 8);
	do
		bc_status(node[1], &status);
	while (status.unknown < 2);
	CHECK_EQUAL(stats_of(1).packets[BC_FORWARD], 0);
	CHECK_EQUAL(status.circuits, 1);
	close(stranger.fd);
	close_way();
}

static void nothing_of_the_sound_is_on_the_wire(void)
{
	struct phone neighbour = open_here();
	struct bc_circuit circuit;
	uint8_t said[160], got[256];
	uint32_t own, port = 0;
	size_t i, same = 0;

	open_nodes();
	memset(said, 0xd5, sizeof(said));
	circuit = end_beside(&neighbour);
	CHECK_EQUAL(bc_circuit_open(node[3], &circuit, &own), 0);
	caller = open_here();
	CHECK_EQUAL(bc_stream_open(node[3], own, 0, caller.address.port,
				   &port), 0);
	say(&caller, (uint16_t)port, said, sizeof(said));
	CHECK_EQUAL(phone_receive(&neighbour, got, sizeof(got), WAIT_MS),
		    sizeof(said) + 9);
	for (i = 0; i < sizeof(said); i++)
		same += got[9 + i] == 0xd5;
	CHECK(same < 16);
	CHECK_EQUAL(got[3], 103);
	for (i = 0; i < NODES; i++)
		bc_close(node[i]);
	close(neighbour.fd);
	close(caller.fd);
}

static void a_neighbour_may_move(void)
{
	struct phone elsewhere = open_here();
	struct bc_side to;
	uint8_t got[64];

	open_way(1);
	to = side_to(1, 101);
	to.remote = at(elsewhere.address.port);
	CHECK_EQUAL(bc_circuit_move(node[0], handle[0], BC_FORWARD, &to), 0);
	CHECK_EQUAL(bc_circuit_move(node[0], handle[0], BC_BACK, &to),
		    -EINVAL);
	say(&caller, caller_port, "moved", 5);
	CHECK_EQUAL(phone_receive(&elsewhere, got, sizeof(got), WAIT_MS), 14);
	CHECK_EQUAL(phone_receive(&called, got, sizeof(got), NEVER_MS), -1);
	close(elsewhere.fd);
	close_way();
}

static void a_neighbour_behind_nat_is_followed(void)
{
	struct phone first = open_here(), second = open_here();
	struct bc_circuit circuit;
	uint8_t packet[64], got[64];
	uint32_t own, port = 0;

	open_nodes();
	caller = open_here();
	circuit = end_beside(&first);
	circuit.side[BC_BACK].local.family = 0;
	CHECK_EQUAL(bc_circuit_open(node[3], &circuit, &own), 0);
	CHECK_EQUAL(phone_receive(&first, got, sizeof(got), WAIT_MS), 8);
	CHECK_EQUAL(got[3], 103);
	CHECK_EQUAL(bc_stream_open(node[3], own, 0, caller.address.port,
				   &port), 0);
	make_sound(packet, 103, 0);
	say(&second, (uint16_t)port_of(node[3]), packet, 8);
	do
		say(&caller, (uint16_t)port, "there", 5);
	while (phone_receive(&second, got, sizeof(got), NEVER_MS) < 0);
	CHECK_EQUAL(got[3], 103);
	bc_circuit_close(node[3], own);
	for (own = 0; own < NODES; own++)
		bc_close(node[own]);
	close(first.fd);
	close(second.fd);
	close(caller.fd);
}

static void what_makes_no_sense_is_refused(void)
{
	struct bc_circuit circuit;
	struct bc_stats stats;
	struct bc_node *taken;
	uint32_t own, port = 0;

	open_way(1);
	circuit = make_circuit(1, 0);
	CHECK_EQUAL(bc_circuit_open(node[1], &circuit, &own), -EEXIST);
	circuit.side[BC_BACK].label = 900;
	CHECK_EQUAL(bc_circuit_open(node[1], &circuit, &own), -EEXIST);
	circuit.side[BC_FORWARD] = circuit.side[BC_BACK];
	CHECK_EQUAL(bc_circuit_open(node[1], &circuit, &own), -EINVAL);
	circuit.side[BC_FORWARD].label = 901;
	circuit.layers = 2;
	CHECK_EQUAL(bc_circuit_open(node[1], &circuit, &own), -EINVAL);
	circuit.layers = 1;
	circuit.side[BC_BACK].remote.family = 5;
	CHECK_EQUAL(bc_circuit_open(node[1], &circuit, &own), -EINVAL);
	CHECK_EQUAL(bc_stream_open(node[1], handle[1], 0, 9, &port), -EINVAL);
	CHECK_EQUAL(bc_stream_open(node[0], handle[0], 2, 9, &port), -EEXIST);
	CHECK_EQUAL(bc_stream_open(node[0], handle[0], BC_STREAMS, 9, &port),
		    -EINVAL);
	CHECK_EQUAL(bc_stream_meet(node[0], handle[0], 7, 9), -EINVAL);
	CHECK_EQUAL(bc_stream_meet(node[1], handle[1], 0, 9), -EINVAL);
	CHECK_EQUAL(bc_circuit_close(node[1], handle[1]), 0);
	CHECK_EQUAL(bc_circuit_close(node[1], handle[1]), -ENOENT);
	CHECK_EQUAL(bc_circuit_stats(node[1], handle[1], &stats), -ENOENT);
	CHECK_EQUAL(bc_open(port_of(node[0]), 1, 0, &taken), -EADDRINUSE);
	CHECK_EQUAL(bc_open(70000, 1, 0, &taken), -EINVAL);
	CHECK_EQUAL(bc_open(0, 0, 0, &taken), -EINVAL);
	CHECK_EQUAL(bc_abi(), BC_ABI);
	close_way();
}

static void places_are_bounded_and_used_again(void)
{
	struct bc_circuit circuit;
	uint32_t own[5], again;
	uint32_t i;

	open_nodes();
	circuit = make_circuit(1, 0);
	for (i = 0; i < 5; i++) {
		circuit.side[BC_BACK].label = 1000 + i;
		circuit.side[BC_FORWARD].label = 2000 + i;
		CHECK_EQUAL(bc_circuit_open(node[1], &circuit, &own[i]),
			    i < 4 ? 0 : -ENFILE);
	}
	CHECK_EQUAL(bc_circuit_close(node[1], own[2]), 0);
	CHECK_EQUAL(bc_circuit_open(node[1], &circuit, &again), 0);
	CHECK(again != own[2]);
	for (i = 0; i < NODES; i++)
		bc_close(node[i]);
}

static const struct check_test tests[] = {
	TEST(sound_passes_both_ways),
	TEST(a_stream_that_is_not_open_is_nobodys),
	TEST(a_stream_meets_its_peer_later),
	TEST(a_count_is_taken_once),
	TEST(what_comes_twice_is_dropped),
	TEST(nobody_else_may_use_a_label),
	TEST(nothing_of_the_sound_is_on_the_wire),
	TEST(a_neighbour_may_move),
	TEST(a_neighbour_behind_nat_is_followed),
	TEST(what_makes_no_sense_is_refused),
	TEST(places_are_bounded_and_used_again),
};

CHECK_MAIN(tests)
