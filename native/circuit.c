/* A packet's way through a sound circuit, see bc_serve(); circuit.h. */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "circuit.h"

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static void put32(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 24);
	p[1] = (uint8_t)(value >> 16);
	p[2] = (uint8_t)(value >> 8);
	p[3] = (uint8_t)value;
}

/* RFC 8439's cipher from block 1; the nonce is the count, little-endian
 * behind zeros. Putting a layer on and taking it off are the same. */
static void layer(const struct bc_entry *circuit, uint8_t *body,
		  size_t length, const uint8_t key[32], uint32_t count)
{
	uint8_t nonce[12] = { 0 };
	int i;

	if (circuit->is.plain)
		return;
	for (i = 0; i < 4; i++)
		nonce[4 + i] = (uint8_t)(count >> 8 * i);
	crypto_stream_chacha20_ietf_xor_ic(body, body, length, nonce, 1, key);
}

/* Whether a count comes for the first time and not too late. */
int bc_is_new(struct bc_window *window, uint32_t count)
{
	uint32_t ahead = count - window->highest;
	uint32_t behind = window->highest - count;

	if (!window->begun) {
		window->begun = 1;
		window->highest = count;
		window->seen[0] = 1;
		return 1;
	}
	if (ahead - 1 < 0x7fffffff) {
		if (ahead >= 128)
			window->seen[0] = window->seen[1] = 0;
		else if (ahead >= 64) {
			window->seen[1] = window->seen[0] << (ahead - 64);
			window->seen[0] = 0;
		} else {
			window->seen[1] = window->seen[1] << ahead |
					  window->seen[0] >> (64 - ahead);
			window->seen[0] <<= ahead;
		}
		window->highest = count;
		window->seen[0] |= 1;
		return 1;
	}
	if (behind >= BC_WINDOW ||
	    window->seen[behind / 64] >> behind % 64 & 1)
		return 0;
	window->seen[behind / 64] |= 1ull << behind % 64;
	return 1;
}

socklen_t bc_to_socket(const struct bc_address *address,
			   union bc_socket_address *out)
{
	memset(out, 0, sizeof(*out));
	if (address->family == 4) {
		out->ip4.sin_family = AF_INET;
		out->ip4.sin_port = htons(address->port);
		memcpy(&out->ip4.sin_addr, address->ip, 4);
		return sizeof(out->ip4);
	}
	out->ip6.sin6_family = AF_INET6;
	out->ip6.sin6_port = htons(address->port);
	out->ip6.sin6_scope_id = address->scope;
	memcpy(&out->ip6.sin6_addr, address->ip, 16);
	return sizeof(out->ip6);
}

static int is_from(const union bc_socket_address *from,
		   const struct bc_address *address)
{
	if (from->any.sa_family == AF_INET)
		return address->family == 4 &&
		       ntohs(from->ip4.sin_port) == address->port &&
		       memcmp(&from->ip4.sin_addr, address->ip, 4) == 0;
	return address->family == 6 &&
	       ntohs(from->ip6.sin6_port) == address->port &&
	       (!address->scope ||
		from->ip6.sin6_scope_id == address->scope) &&
	       memcmp(&from->ip6.sin6_addr, address->ip, 16) == 0;
}

int bc_is_same(const struct bc_address *a, const struct bc_address *b)
{
	return a->family == b->family && a->port == b->port &&
	       a->scope == b->scope && memcmp(a->ip, b->ip, 16) == 0;
}

struct bc_place **bc_bucket(struct bc_node *node, uint32_t label)
{
	return &node->bucket[(label ^ label >> 16) & (BC_BUCKETS - 1)];
}

/* A neighbour that is on no interface of this node, but somewhere. */
static int is_elsewhere(const struct bc_side *side)
{
	return side->local.family == 0 && side->remote.scope == 0;
}

static void to_address(const union bc_socket_address *from,
		       struct bc_address *out)
{
	memset(out, 0, sizeof(*out));
	if (from->any.sa_family == AF_INET) {
		out->family = 4;
		out->port = ntohs(from->ip4.sin_port);
		memcpy(out->ip, &from->ip4.sin_addr, 4);
		return;
	}
	out->family = 6;
	out->port = ntohs(from->ip6.sin6_port);
	memcpy(out->ip, &from->ip6.sin6_addr, 16);
}

/* Who is elsewhere may be behind NAT: its label shows from where it sends now,
 * for nobody else on the way has seen it. Counts are looked at afterwards, and
 * only the ends can tell whether the sound is good. */
static struct bc_place *follow(struct bc_node *node, uint32_t label,
			       const union bc_socket_address *from)
{
	struct bc_place *place = *bc_bucket(node, label);
	struct bc_place *found = NULL;

	for (; place; place = place->next) {
		if (place->side.label != label || !is_elsewhere(&place->side) ||
		    (place->side.remote.family == 4) !=
			    (from->any.sa_family == AF_INET))
			continue;
		if (found)
			return NULL;
		found = place;
	}
	if (found)
		to_address(from, &found->side.remote);
	return found;
}

static struct bc_place *find(struct bc_node *node, uint32_t label,
			  const union bc_socket_address *from)
{
	struct bc_place *place = *bc_bucket(node, label);

	while (place && !(place->side.label == label &&
			  is_from(from, &place->side.remote)))
		place = place->next;
	return place ? place : follow(node, label, from);
}

/* The source address as a control message: the neighbour takes packets from
 * the address that it knows, whatever the kernel would have chosen. */
static void set_source(struct msghdr *message, const struct bc_address *local)
{
	struct cmsghdr *header = message->msg_control;
	struct in_pktinfo *ip4 = (struct in_pktinfo *)CMSG_DATA(header);
	struct in6_pktinfo *ip6 = (struct in6_pktinfo *)CMSG_DATA(header);
	size_t size = local->family == 4 ? sizeof(*ip4) : sizeof(*ip6);

	memset(header, 0, message->msg_controllen);
	header->cmsg_len = CMSG_LEN(size);
	message->msg_controllen = CMSG_SPACE(size);
	if (local->family == 4) {
		header->cmsg_level = IPPROTO_IP;
		header->cmsg_type = IP_PKTINFO;
		memcpy(&ip4->ipi_spec_dst, local->ip, 4);
		ip4->ipi_ifindex = (int)local->scope;
		return;
	}
	header->cmsg_level = IPPROTO_IPV6;
	header->cmsg_type = IPV6_PKTINFO;
	memcpy(&ip6->ipi6_addr, local->ip, 16);
	ip6->ipi6_ifindex = local->scope;
}

static void send_on(struct bc_node *node, struct bc_entry *circuit,
		    unsigned int direction, size_t length)
{
	const struct bc_side *side = &circuit->place[direction].side;
	union {
		struct cmsghdr header;
		uint8_t room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control;
	union bc_socket_address address;
	struct iovec octets = { node->packet, length };
	struct msghdr message = {
		.msg_name = &address,
		.msg_namelen = bc_to_socket(&side->remote, &address),
		.msg_iov = &octets,
		.msg_iovlen = 1,
	};

	if (side->local.family) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		set_source(&message, &side->local);
	}
	if (sendmsg(node->sound[side->remote.family == 6], &message, 0) < 0) {
		circuit->stats.unsent++;
		return;
	}
	circuit->stats.packets[direction]++;
	circuit->stats.octets[direction] += length;
}

/* Nothing but a label: who is elsewhere sees from where this node sends. */
void bc_show(struct bc_node *node, const struct bc_side *side)
{
	uint8_t label[BC_HEADER] = { 0 };
	union bc_socket_address address;
	socklen_t size = bc_to_socket(&side->remote, &address);

	if (!is_elsewhere(side))
		return;
	put32(label, side->label);
	(void)!sendto(node->sound[side->remote.family == 6], label,
		      sizeof(label), 0, &address.any, size);
}

/* What has come to the end of its way goes to its stream. */
static void arrive(struct bc_entry *circuit, unsigned int direction,
		   const uint8_t *body, size_t length)
{
	unsigned int stream = body[0];

	if (stream >= BC_STREAMS || circuit->stream[stream] < 0) {
		circuit->stats.invalid++;
		return;
	}
	if (send(circuit->stream[stream], body + 1, length - 1, 0) < 0 &&
	    (errno != ECONNREFUSED ||
	     send(circuit->stream[stream], body + 1, length - 1, 0) < 0)) {
		circuit->stats.unsent++;
		return;
	}
	circuit->stats.packets[direction]++;
	circuit->stats.octets[direction] += length;
}

/* The caller takes off what each hop has put on, the nearest first. */
static void peel(const struct bc_entry *circuit, uint8_t *body, size_t length,
		 uint32_t count)
{
	uint32_t i;

	for (i = 0; i < circuit->is.layers; i++) {
		count += circuit->is.layer[i].offset;
		layer(circuit, body, length, circuit->is.layer[i].back, count);
	}
}

static void wrap(const struct bc_entry *circuit, uint8_t *body, size_t length,
		 uint32_t count)
{
	uint32_t i;

	for (i = 0; i < circuit->is.layers; i++) {
		layer(circuit, body, length, circuit->is.layer[i].forward, count);
		count += circuit->is.layer[i].offset;
	}
}

/* A packet of a neighbour: one layer, and on; or this is its end. */
static void relay(struct bc_node *node, const union bc_socket_address *from,
		  size_t length)
{
	uint8_t *packet = node->packet, *body = packet + BC_HEADER;
	uint32_t count = get32(packet + 4);
	struct bc_place *place = find(node, get32(packet), from);
	struct bc_entry *circuit;
	unsigned int direction;

	if (!place) {
		node->unknown++;
		return;
	}
	circuit = place->circuit;
	direction = place == &circuit->place[BC_BACK] ? BC_FORWARD : BC_BACK;
	if (!bc_is_new(&place->window, count)) {
		circuit->stats.late++;
		return;
	}
	length -= BC_HEADER;
	if (circuit->is.role == BC_CALLER) {
		peel(circuit, body, length, count);
		arrive(circuit, direction, body, length);
		return;
	}
	if (direction == BC_FORWARD) {
		layer(circuit, body, length, circuit->is.layer[0].forward, count);
		count += circuit->is.layer[0].offset;
	} else {
		layer(circuit, body, length, circuit->is.layer[0].back, count);
		count -= circuit->is.layer[0].offset;
	}
	if (circuit->is.role == BC_CALLED) {
		arrive(circuit, direction, body, length);
		return;
	}
	put32(packet, circuit->place[direction].side.label);
	put32(packet + 4, count);
	send_on(node, circuit, direction, length + BC_HEADER);
}

static void read_sound(struct bc_node *node, int fd)
{
	union bc_socket_address from;
	socklen_t size;
	ssize_t got;
	int i;

	for (i = 0; i < BC_READS; i++) {
		size = sizeof(from);
		got = recvfrom(fd, node->packet, BC_PACKET, MSG_TRUNC, &from.any,
			       &size);
		if (got < 0)
			return;
		if (got > BC_HEADER && got <= BC_PACKET)
			relay(node, &from, (size_t)got);
		else if (got != BC_HEADER ||
			 !find(node, get32(node->packet), &from))
			node->unknown++;
	}
}

/* What a stream's peer says begins its way here. */
static void begin(struct bc_node *node, struct bc_entry *circuit,
		  unsigned int stream, size_t length)
{
	uint8_t *packet = node->packet, *body = packet + BC_HEADER;
	unsigned int direction =
		circuit->is.role == BC_CALLER ? BC_FORWARD : BC_BACK;
	uint32_t count = circuit->is.count++;

	body[0] = (uint8_t)stream;
	if (direction == BC_FORWARD) {
		wrap(circuit, body, length + 1, count);
	} else {
		layer(circuit, body, length + 1,
		      circuit->is.layer[0].back, count);
		count -= circuit->is.layer[0].offset;
	}
	put32(packet, circuit->place[direction].side.label);
	put32(packet + 4, count);
	send_on(node, circuit, direction, length + 1 + BC_HEADER);
}

struct bc_entry *bc_find(struct bc_node *node, uint32_t handle)
{
	uint32_t slot = handle & 0xffff;
	struct bc_entry *circuit =
		slot < node->most ? node->slots[slot].circuit : NULL;

	return circuit && circuit->id == handle ? circuit : NULL;
}

static void read_stream(struct bc_node *node, uint64_t data)
{
	struct bc_entry *circuit = bc_find(node, (uint32_t)(data >> 32));
	unsigned int stream = data >> 8 & 0xff;
	size_t room = BC_PACKET - BC_HEADER - 1;
	ssize_t got;
	int i;

	for (i = 0; circuit && i < BC_READS; i++) {
		got = recv(circuit->stream[stream], node->packet + BC_HEADER + 1,
			   room, MSG_TRUNC);
		if (got < 0)
			return;
		if ((size_t)got <= room && circuit->met >> stream & 1)
			begin(node, circuit, stream, (size_t)got);
		else
			circuit->stats.invalid++;
	}
}

void bc_serve(struct bc_node *node, uint64_t data)
{
	if ((data & 0xff) == BC_STREAM)
		read_stream(node, data);
	else if ((data & 0xff) != BC_WAKE)
		read_sound(node, node->sound[(data & 0xff) == BC_SOUND_6]);
}
