/*
 * The thread of sound circuits and what it owns. circuit.c is a packet's way,
 * circuits.c the table and the library's functions.
 */
#ifndef BC_CIRCUIT_H
#define BC_CIRCUIT_H

#include <netinet/in.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "bellhop_circuit.h"

enum {
	BC_HEADER = 8,   /* label, count */
	BC_PACKET = 2048, /* longer than any frame */
	BC_STACK = 128 * 1024,
	BC_READY = 64,
	BC_READS = 64,     /* of one socket in a pass */
	BC_BUCKETS = 1024 /* a power of two */
};

/* What epoll tells: which kind of socket; of a stream also which one. */
enum { BC_WAKE, BC_SOUND_4, BC_SOUND_6, BC_STREAM };

union bc_socket_address {
	struct sockaddr any;
	struct sockaddr_in ip4;
	struct sockaddr_in6 ip6;
};

/* Counts of one direction that came: the highest, and which before it. */
struct bc_window {
	uint32_t highest;
	uint64_t seen[BC_WINDOW / 64]; /* bit n: highest - n */
	uint8_t begun;
};

/* One direction's neighbour; `next` chains those with the same hash. */
struct bc_place {
	struct bc_entry *circuit;
	struct bc_place *next;
	struct bc_side side;
	struct bc_window window;
};

struct bc_entry {
	uint32_t id;
	struct bc_circuit is; /* its `side` is not read: `place` is */
	struct bc_place place[2];
	int stream[BC_STREAMS];
	uint32_t met; /* bit n: stream n has its peer */
	struct bc_stats stats;
};

struct bc_slot {
	struct bc_entry *circuit; /* NULL: free */
	uint16_t generation;
};

struct bc_node {
	pthread_t thread;
	pthread_mutex_t lock; /* of all below, but the descriptors */
	int stopping;
	int epoll;
	int wake;
	int sound[2]; /* IPv4, IPv6 (-1: none here) */
	uint32_t port;
	uint32_t circuits;
	uint32_t most;
	uint32_t unknown;
	struct bc_place *bucket[BC_BUCKETS];
	uint8_t packet[BC_PACKET];
	struct bc_slot slots[];
};

socklen_t bc_to_socket(const struct bc_address *address,
		       union bc_socket_address *out);

int bc_is_same(const struct bc_address *a, const struct bc_address *b);

/* Where the chain of a label begins. */
struct bc_place **bc_bucket(struct bc_node *node, uint32_t label);

/* Whether a count comes for the first time and not too late. */
int bc_is_new(struct bc_window *window, uint32_t count);

/* The circuit of a handle, or NULL. */
struct bc_entry *bc_find(struct bc_node *node, uint32_t handle);

/* Let a neighbour who is on no interface here see from where this node sends. */
void bc_show(struct bc_node *node, const struct bc_side *side);

/* What a socket with this epoll data has. The node is locked. */
void bc_serve(struct bc_node *node, uint64_t data);

#endif
