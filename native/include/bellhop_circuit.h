/*
 * Sound circuits: packets of sound that pass from node to node by labels, one
 * layer of cipher for each node (src/bellhop/mesh/PROTOCOL.md). The whole ABI
 * of libbellhop_circuit.so, which needs libsodium and nothing else of ours.
 *
 * On the wire, UDP between the sound ports of two neighbours:
 *
 *	label 4 | count 4 | layers of (stream 1 | packet)	(big-endian)
 *
 * A node on the way takes a layer off what goes forward, to the called, and
 * puts one on what comes back; it sees neither the packet nor the ends.
 *
 * Every function returns 0 or a negative errno. Ports and numbers are in host
 * order, addresses in network order. Functions may be called from any thread.
 */
#ifndef BELLHOP_CIRCUIT_H
#define BELLHOP_CIRCUIT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Raised whenever anything below changes; bc_abi() must return the same. */
enum { BC_ABI = 3 };

enum {
	BC_HOPS = 14,    /* most nodes of a way, the called one among them */
	BC_STREAMS = 16, /* most streams of an end: two for each m-line */
	BC_WINDOW = 128  /* counts that may come late */
};

/* The side of a circuit that leads to the caller, and the other. */
enum { BC_BACK = 0, BC_FORWARD = 1 };

enum {
	BC_RELAY = 0,  /* between two neighbours */
	BC_CALLER = 1, /* begins here: knows the keys of every hop */
	BC_CALLED = 2  /* ends here */
};

struct bc_address {
	uint8_t family; /* 4, 6, or 0 for none */
	uint8_t zero;
	uint16_t port;
	uint32_t scope; /* interface index, of an IPv6 link-local address or a
			 * `local` of IPv4 whose net has no route; else 0 */
	uint8_t ip[16]; /* IPv4 uses the first four */
};

/* A neighbour: its sound port, and the label that both use for the circuit.
 * `local` is the own address under which it knows this node (family 0: as the
 * kernel chooses; IPv4 0.0.0.0: so on the interface of `scope`); its port is
 * not read. Who has neither `local` nor a scope is elsewhere, perhaps behind
 * NAT: `remote` follows its packets, and it is shown from where ours come. */
struct bc_side {
	struct bc_address remote;
	struct bc_address local;
	uint32_t label;
};

/* What one hop does: its two keys, and what it adds to a count forward. */
struct bc_layer {
	uint8_t forward[32];
	uint8_t back[32];
	uint32_t offset;
};

/* A relay and the called have one layer, their own; the caller has those of
 * all hops, the first neighbour's first. */
struct bc_circuit {
	uint32_t role;
	uint32_t layers;
	uint32_t plain; /* 1: nothing is hidden, as on amateur radio */
	uint32_t count; /* the first of what this end sends; of ends only */
	struct bc_side side[2];
	struct bc_layer layer[BC_HOPS];
};

/* By direction: BC_FORWARD for what goes to the called. */
struct bc_stats {
	uint64_t packets[2];
	uint64_t octets[2];
	uint32_t late;    /* a count that came before, or too late */
	uint32_t unsent;  /* refused by the kernel */
	uint32_t invalid; /* too short, or of a stream that is not open */
};

struct bc_status {
	uint32_t circuits;
	uint32_t unknown; /* packets with no label of ours from that place */
};

/* One thread, its sound port and its circuits. */
struct bc_node;

int32_t bc_abi(void);

/* Bind the sound port (0: any) for IPv4 and IPv6; -EADDRINUSE: it is taken. */
int32_t bc_open(uint32_t port, uint32_t circuits, uint32_t dscp,
		struct bc_node **node);
int32_t bc_port(struct bc_node *node, uint32_t *port);

/* Ends the thread, wipes all keys. No other call may be under way. */
int32_t bc_close(struct bc_node *node);

/*
 * -ENFILE: there is no place for one more; -EEXIST: the neighbour has a
 * circuit of this label already; -EINVAL. The handle is never 0 and does not
 * come again until 65535 later circuits have used its place.
 */
int32_t bc_circuit_open(struct bc_node *node, const struct bc_circuit *circuit,
			uint32_t *handle);

/* A neighbour is reached at another address, or the way goes on elsewhere. */
int32_t bc_circuit_move(struct bc_node *node, uint32_t handle, uint32_t side,
			const struct bc_side *to);

int32_t bc_circuit_stats(struct bc_node *node, uint32_t handle,
			 struct bc_stats *stats);
int32_t bc_circuit_close(struct bc_node *node, uint32_t handle);

/*
 * Give a stream of an end a port on 127.0.0.1: what `peer`, a port there too,
 * sends to it leaves by the circuit, and what comes is sent to `peer`. Peer 0:
 * none yet. `port` is the wanted one (0: any), then the one in use.
 * -EEXIST: the stream is open; -EINVAL: the circuit does not end here.
 */
int32_t bc_stream_open(struct bc_node *node, uint32_t handle, uint32_t stream,
		       uint32_t peer, uint32_t *port);

/* Name the peer of a stream, or another. */
int32_t bc_stream_meet(struct bc_node *node, uint32_t handle, uint32_t stream,
		       uint32_t peer);

int32_t bc_status(struct bc_node *node, struct bc_status *status);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
