/*
 * One relay: two sides and what happens to a packet between them. Everything
 * here belongs to the packet thread, except opening.
 */
#ifndef BM_RELAY_H
#define BM_RELAY_H

#include <stddef.h>
#include <stdint.h>

#include "bellhop_media.h"
#include "events.h"
#include "leg.h"

/* What of a relay outlives the process. */
struct bm_kept {
	uint32_t relay; /* its handle, 0: there is none */
	uint32_t abi;
	struct bm_kept_stream stream[2][2][BM_CONTEXT_STREAMS]; /* side, flow */
};

struct bm_relay {
	struct bm_leg leg[2];
	struct bm_kept *kept; /* NULL: nothing is kept */
	uint32_t id;
	uint32_t dead;
	struct bm_events *events;
};

/* libsrtp wants its packets aligned; the capacity leaves room for a tag. */
struct bm_packet {
	uint8_t data[BM_PACKET_LENGTH + BM_TRAILER]
		__attribute__((aligned(8)));
	size_t length;
	struct bm_relay *relay; /* where it came in */
	unsigned int port;      /* side * 2 + component */
	struct bm_leg *out;     /* where it goes out, or NULL */
	unsigned int component;
	struct bm_address from; /* read only while the port is not FIXED */
};

/* Bind the ports of both sides. */
int bm_relay_new(struct bm_relay **relay, const struct bm_side side[2],
		 uint32_t dscp, struct bm_ports *ports);
void bm_relay_free(struct bm_relay *relay);

/* -EINVAL, -EAFNOSUPPORT or -ENOTSUP when an update makes no sense. */
int bm_relay_check(const struct bm_relay *relay, uint32_t side,
		   const struct bm_update *update, uint32_t suites);

/* Apply a checked update. */
int bm_relay_apply(struct bm_relay *relay, uint32_t side,
		   const struct bm_update *update, uint64_t now_us);

/*
 * Take packets that came in, and pass on what is good of them. Each step is
 * done for all of them before the next: the code of one step stays in the
 * processor's cache, and together they do not fit.
 */
void bm_relay_pass(struct bm_packet *packets, unsigned int count,
		   uint64_t now_us);

/* Report silence, close what is dead. Called every so often. */
void bm_relay_look(struct bm_relay *relay, const struct bm_config *config,
		   uint64_t now_us);

#endif
