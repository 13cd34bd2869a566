/* The circuits of a node and the library's functions, bellhop_circuit.h. */
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "circuit.h"

int32_t bc_abi(void)
{
	return BC_ABI;
}

static int is_taken(struct bc_node *node, const struct bc_side *side)
{
	struct bc_place *place = *bc_bucket(node, side->label);

	while (place && !(place->side.label == side->label &&
			  bc_is_same(&place->side.remote, &side->remote)))
		place = place->next;
	return place != NULL;
}

static void enter(struct bc_node *node, struct bc_place *place)
{
	struct bc_place **first = bc_bucket(node, place->side.label);

	place->next = *first;
	*first = place;
}

static void leave(struct bc_node *node, struct bc_place *place)
{
	struct bc_place **at = bc_bucket(node, place->side.label);

	while (*at && *at != place)
		at = &(*at)->next;
	if (*at)
		*at = place->next;
}

static void *run(void *argument)
{
	struct bc_node *node = argument;
	struct epoll_event ready[BC_READY];
	int stopping = 0, count, i;

	while (!stopping) {
		count = epoll_wait(node->epoll, ready, BC_READY, -1);
		pthread_mutex_lock(&node->lock);
		for (i = 0; i < count; i++)
			bc_serve(node, ready[i].data.u64);
		stopping = node->stopping;
		pthread_mutex_unlock(&node->lock);
	}
	return NULL;
}

static int watch(struct bc_node *node, int fd, uint64_t data)
{
	struct epoll_event event = { .events = EPOLLIN };

	event.data.u64 = data;
	return epoll_ctl(node->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

static int open_socket(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

static int bind_to(int fd, const struct bc_address *address, uint32_t *port)
{
	union bc_socket_address bound;
	socklen_t length = bc_to_socket(address, &bound);

	if (bind(fd, &bound.any, length) < 0 ||
	    getsockname(fd, &bound.any, &length) < 0)
		return -errno;
	/* Both families have their port at the same place. */
	*port = ntohs(bound.ip4.sin_port);
	return 0;
}

/* IPv4 must be there; without IPv6 a node still has neighbours. */
static int open_sound(struct bc_node *node, uint32_t port, uint32_t dscp)
{
	struct bc_address any = { .family = 4, .port = (uint16_t)port };
	int fd = node->sound[0] = open_socket(AF_INET);
	int error;

	if (fd < 0)
		return fd;
	set_option(fd, IPPROTO_IP, IP_TOS, (int)(dscp << 2));
	error = bind_to(fd, &any, &node->port);
	if (!error)
		error = watch(node, fd, BC_SOUND_4);
	fd = node->sound[1] = open_socket(AF_INET6);
	if (error || fd < 0)
		return error;
	set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	set_option(fd, IPPROTO_IPV6, IPV6_TCLASS, (int)(dscp << 2));
	any.family = 6;
	any.port = (uint16_t)node->port;
	error = bind_to(fd, &any, &node->port);
	return error ? error : watch(node, fd, BC_SOUND_6);
}

/* Signals are for the program that loaded the library. */
static int start(struct bc_node *node)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int error;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, BC_STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&node->thread, &attributes, run, node);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return -error;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void free_node(struct bc_node *node)
{
	close_fd(node->sound[0]);
	close_fd(node->sound[1]);
	close_fd(node->wake);
	close_fd(node->epoll);
	pthread_mutex_destroy(&node->lock);
	sodium_memzero(node, sizeof(*node));
	free(node);
}

int32_t bc_open(uint32_t port, uint32_t circuits, uint32_t dscp,
		struct bc_node **node)
{
	struct bc_node *new;
	int error = 0;

	*node = NULL;
	if (port > 65535 || circuits == 0 || circuits > 65535 || dscp > 63)
		return -EINVAL;
	if (sodium_init() < 0)
		return -ENOTSUP;
	new = calloc(1, sizeof(*new) + circuits * sizeof(new->slots[0]));
	if (!new)
		return -ENOMEM;
	new->most = circuits;
	new->sound[0] = new->sound[1] = -1;
	pthread_mutex_init(&new->lock, NULL);
	new->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	new->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (new->wake < 0 || new->epoll < 0)
		error = -EMFILE;
	if (!error)
		error = watch(new, new->wake, BC_WAKE);
	if (!error)
		error = open_sound(new, port, dscp);
	if (!error)
		error = start(new);
	if (error) {
		free_node(new);
		return error;
	}
	*node = new;
	return 0;
}

int32_t bc_port(struct bc_node *node, uint32_t *port)
{
	*port = node->port;
	return 0;
}

static int has_side(const struct bc_circuit *circuit, unsigned int side)
{
	return circuit->role == BC_RELAY ||
	       (circuit->role == BC_CALLER) == (side == BC_FORWARD);
}

static int check_side(const struct bc_node *node, const struct bc_side *side)
{
	uint8_t family = side->remote.family;

	if ((family != 4 && family != 6) || side->remote.port == 0 ||
	    (side->local.family && side->local.family != family))
		return -EINVAL;
	return node->sound[family == 6] < 0 ? -EAFNOSUPPORT : 0;
}

static int check(struct bc_node *node, const struct bc_circuit *circuit)
{
	unsigned int side;
	int error = 0;

	if (circuit->role > BC_CALLED || circuit->layers == 0 ||
	    circuit->layers > BC_HOPS ||
	    (circuit->role != BC_CALLER && circuit->layers != 1))
		return -EINVAL;
	for (side = BC_BACK; side <= BC_FORWARD && !error; side++) {
		if (!has_side(circuit, side))
			continue;
		error = check_side(node, &circuit->side[side]);
		if (!error && is_taken(node, &circuit->side[side]))
			error = -EEXIST;
	}
	if (!error && circuit->role == BC_RELAY &&
	    circuit->side[0].label == circuit->side[1].label &&
	    bc_is_same(&circuit->side[0].remote, &circuit->side[1].remote))
		error = -EINVAL;
	return error;
}

static struct bc_slot *free_slot(struct bc_node *node)
{
	uint32_t i;

	for (i = 0; i < node->most; i++)
		if (!node->slots[i].circuit)
			return &node->slots[i];
	return NULL;
}

static struct bc_entry *make(const struct bc_circuit *is)
{
	struct bc_entry *circuit = calloc(1, sizeof(*circuit));
	unsigned int i;

	if (!circuit)
		return NULL;
	circuit->is = *is;
	for (i = 0; i < BC_STREAMS; i++)
		circuit->stream[i] = -1;
	for (i = BC_BACK; i <= BC_FORWARD; i++) {
		circuit->place[i].circuit = circuit;
		circuit->place[i].side = is->side[i];
	}
	return circuit;
}

static int install(struct bc_node *node, const struct bc_circuit *is,
		   uint32_t *handle)
{
	struct bc_slot *slot = free_slot(node);
	int error = check(node, is);
	struct bc_entry *circuit;
	unsigned int side;

	if (!error && !slot)
		error = -ENFILE;
	circuit = error ? NULL : make(is);
	if (!circuit)
		return error ? error : -ENOMEM;
	if (++slot->generation == 0)
		slot->generation = 1;
	circuit->id = (uint32_t)slot->generation << 16 |
		      (uint32_t)(slot - node->slots);
	for (side = BC_BACK; side <= BC_FORWARD; side++)
		if (has_side(is, side)) {
			enter(node, &circuit->place[side]);
			bc_show(node, &is->side[side]);
		}
	slot->circuit = circuit;
	node->circuits++;
	*handle = circuit->id;
	return 0;
}

static void uninstall(struct bc_node *node, struct bc_entry *circuit)
{
	unsigned int i;

	for (i = BC_BACK; i <= BC_FORWARD; i++)
		leave(node, &circuit->place[i]);
	for (i = 0; i < BC_STREAMS; i++)
		close_fd(circuit->stream[i]);
	node->slots[circuit->id & 0xffff].circuit = NULL;
	node->circuits--;
	sodium_memzero(circuit, sizeof(*circuit));
	free(circuit);
}

int32_t bc_close(struct bc_node *node)
{
	uint32_t i;

	pthread_mutex_lock(&node->lock);
	node->stopping = 1;
	for (i = 0; i < node->most; i++)
		if (node->slots[i].circuit)
			uninstall(node, node->slots[i].circuit);
	pthread_mutex_unlock(&node->lock);
	eventfd_write(node->wake, 1);
	pthread_join(node->thread, NULL);
	free_node(node);
	return 0;
}

int32_t bc_circuit_open(struct bc_node *node, const struct bc_circuit *circuit,
			uint32_t *handle)
{
	int error;

	pthread_mutex_lock(&node->lock);
	error = install(node, circuit, handle);
	pthread_mutex_unlock(&node->lock);
	return error;
}

/* The counts go on: what came before the move is not taken again. */
static int move(struct bc_node *node, struct bc_entry *circuit, uint32_t side,
		const struct bc_side *to)
{
	struct bc_place *place;
	int error;

	if (!circuit)
		return -ENOENT;
	if (side > BC_FORWARD || !has_side(&circuit->is, side))
		return -EINVAL;
	error = check_side(node, to);
	if (error)
		return error;
	place = &circuit->place[side];
	leave(node, place);
	if (is_taken(node, to))
		error = -EEXIST;
	else
		place->side = *to;
	enter(node, place);
	bc_show(node, &place->side);
	return error;
}

int32_t bc_circuit_move(struct bc_node *node, uint32_t handle, uint32_t side,
			const struct bc_side *to)
{
	int error;

	pthread_mutex_lock(&node->lock);
	error = move(node, bc_find(node, handle), side, to);
	pthread_mutex_unlock(&node->lock);
	return error;
}

int32_t bc_circuit_stats(struct bc_node *node, uint32_t handle,
			 struct bc_stats *stats)
{
	struct bc_entry *circuit;

	pthread_mutex_lock(&node->lock);
	circuit = bc_find(node, handle);
	if (circuit)
		*stats = circuit->stats;
	pthread_mutex_unlock(&node->lock);
	return circuit ? 0 : -ENOENT;
}

int32_t bc_circuit_close(struct bc_node *node, uint32_t handle)
{
	struct bc_entry *circuit;

	pthread_mutex_lock(&node->lock);
	circuit = bc_find(node, handle);
	if (circuit)
		uninstall(node, circuit);
	pthread_mutex_unlock(&node->lock);
	return circuit ? 0 : -ENOENT;
}

/* What somebody else has sent to the port before is not the peer's. */
static int meet(struct bc_entry *circuit, uint32_t stream, uint32_t peer)
{
	struct bc_address here = { .family = 4, .port = (uint16_t)peer,
				   .ip = { 127, 0, 0, 1 } };
	union bc_socket_address there;
	socklen_t length = bc_to_socket(&here, &there);
	uint8_t octet;
	int i;

	if (peer == 0 || peer > 65535 || stream >= BC_STREAMS ||
	    circuit->stream[stream] < 0)
		return -EINVAL;
	if (connect(circuit->stream[stream], &there.any, length) < 0)
		return -errno;
	for (i = 0; !(circuit->met >> stream & 1) && i < BC_READS; i++)
		if (recv(circuit->stream[stream], &octet, 1, MSG_DONTWAIT) < 0)
			break;
	circuit->met |= 1u << stream;
	return 0;
}

static int open_stream(struct bc_node *node, struct bc_entry *circuit,
		       uint32_t stream, uint32_t peer, uint32_t *port)
{
	struct bc_address here = { .family = 4, .port = (uint16_t)*port,
				   .ip = { 127, 0, 0, 1 } };
	int error, fd;

	if (!circuit)
		return -ENOENT;
	if (stream >= BC_STREAMS || peer > 65535 || *port > 65535 ||
	    circuit->is.role == BC_RELAY)
		return -EINVAL;
	if (circuit->stream[stream] >= 0)
		return -EEXIST;
	fd = open_socket(AF_INET);
	if (fd < 0)
		return fd;
	circuit->stream[stream] = fd;
	error = bind_to(fd, &here, port);
	if (!error && peer)
		error = meet(circuit, stream, peer);
	if (!error)
		error = watch(node, fd, (uint64_t)circuit->id << 32 |
						stream << 8 | BC_STREAM);
	if (error) {
		close_fd(fd);
		circuit->stream[stream] = -1;
	}
	return error;
}

int32_t bc_stream_open(struct bc_node *node, uint32_t handle, uint32_t stream,
		       uint32_t peer, uint32_t *port)
{
	int error;

	pthread_mutex_lock(&node->lock);
	error = open_stream(node, bc_find(node, handle), stream, peer, port);
	pthread_mutex_unlock(&node->lock);
	return error;
}

int32_t bc_stream_meet(struct bc_node *node, uint32_t handle, uint32_t stream,
		       uint32_t peer)
{
	struct bc_entry *circuit;
	int error = -ENOENT;

	pthread_mutex_lock(&node->lock);
	circuit = bc_find(node, handle);
	if (circuit)
		error = meet(circuit, stream, peer);
	pthread_mutex_unlock(&node->lock);
	return error;
}

int32_t bc_status(struct bc_node *node, struct bc_status *status)
{
	pthread_mutex_lock(&node->lock);
	status->circuits = node->circuits;
	status->unknown = node->unknown;
	pthread_mutex_unlock(&node->lock);
	return 0;
}
