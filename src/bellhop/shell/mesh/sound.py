"""Sound circuits: libbellhop_circuit.so (native/include/bellhop_circuit.h) for the shell.

Addresses are (ip, port) with 4 or 16 octets of ip, or (ip, port, interface index). Every method
raises OSError with the errno that the library returned, and so does `Sound` when the library is
missing or of another version.
"""

import errno
import os

from bellhop.shell.mesh.circuit_abi import ffi

LIBRARY = "libbellhop_circuit.so"
# What this module was written for: library and binding are built apart from it.
ABI = 3
MOST_CIRCUITS = 512
DSCP = 46  # Expedited Forwarding, RFC 3246


class Sound:
    """One thread, its sound port and its circuits, from the call to `open` until `close`."""

    def __init__(self, library=LIBRARY):
        self.lib = ffi.dlopen(library)
        self.node = None
        if {self.lib.bc_abi(), self.lib.BC_ABI} != {ABI}:
            raise OSError(errno.ELIBBAD, "another version of the library", library)
        self.roles = {
            "relay": self.lib.BC_RELAY, "caller": self.lib.BC_CALLER, "called": self.lib.BC_CALLED,
        }  # fmt: skip

    def open(self, port=0, circuits=MOST_CIRCUITS):
        """Start the thread; return the sound port, which a HELLO tells the neighbours."""
        node, bound = ffi.new("struct bc_node **"), ffi.new("uint32_t *")
        _check(self.lib.bc_open(port, circuits, DSCP, node))
        self.node = node[0]
        _check(self.lib.bc_port(self.node, bound))
        return bound[0]

    def close(self):
        """End the thread with all circuits; nothing but `open` may follow."""
        if self.node is not None:
            self.lib.bc_close(self.node)
            self.node = None

    def circuit_open(self, role, count, back, forward, layers):
        """Open a circuit; return its handle.

        role: relay, caller or called; count: the first of what this end sends; back, forward:
        (address of the neighbour's sound port, own address or None, label) towards the caller and
        the called, None where this node is that end; layers: [(forward key, back key, offset)] of
        this node, or of all hops, keys empty where nothing is hidden.
        """
        circuit = ffi.new("struct bc_circuit *")
        try:
            circuit.role, circuit.layers, circuit.count = self.roles[role], len(layers), count
            circuit.plain = not layers[0][0]
            for side, place in zip(circuit.side, (back, forward)):
                if place is not None:
                    _fill_side(side, place)
            for room, (there, here, offset) in zip(circuit.layer, layers):
                ffi.buffer(room.forward)[: len(there)] = there
                ffi.buffer(room.back)[: len(here)] = here
                room.offset = offset
            handle = ffi.new("uint32_t *")
            _check(self.lib.bc_circuit_open(self.node, circuit, handle))
        finally:
            ffi.buffer(circuit)[:] = bytes(ffi.sizeof(circuit[0]))
        return handle[0]

    def circuit_move(self, handle, is_forward, place):
        """Send to a neighbour that is now elsewhere; place: as in `circuit_open`."""
        side = ffi.new("struct bc_side *")
        _fill_side(side, place)
        _check(self.lib.bc_circuit_move(self.node, handle, int(is_forward), side))

    def circuit_close(self, handle):
        """Close a circuit with its streams and wipe its keys."""
        _check(self.lib.bc_circuit_close(self.node, handle))

    def circuit_stats(self, handle):
        """Return packets and octets, each [back, forward], late, unsent, invalid."""
        stats = ffi.new("struct bc_stats *")
        _check(self.lib.bc_circuit_stats(self.node, handle, stats))
        found = {name: getattr(stats, name) for name in ("late", "unsent", "invalid")}
        return dict(found, packets=list(stats.packets), octets=list(stats.octets))

    def stream_open(self, handle, stream, peer=0, wanted=0):
        """Return the port on 127.0.0.1, `wanted` if it is not 0, that carries a stream.

        peer: the port there for which it does, 0: none yet.
        """
        port = ffi.new("uint32_t *", wanted)
        _check(self.lib.bc_stream_open(self.node, handle, stream, peer, port))
        return port[0]

    def stream_meet(self, handle, stream, peer):
        """Name the port on 127.0.0.1 for which a stream is carried."""
        _check(self.lib.bc_stream_meet(self.node, handle, stream, peer))

    def status(self):
        """Return circuits, and how many packets were of none of them."""
        status = ffi.new("struct bc_status *")
        _check(self.lib.bc_status(self.node, status))
        return {"circuits": status.circuits, "unknown": status.unknown}


def _check(result):
    if result < 0:
        raise OSError(-result, os.strerror(-result))


def _fill_side(side, place):
    remote, local, side.label = place
    _fill_address(side.remote, remote)
    if local is not None:
        _fill_address(side.local, local)


def _fill_address(address, value):
    ip, address.port, *scope = value
    address.scope = scope[0] if scope else 0
    address.family = 4 if len(ip) == 4 else 6
    ffi.buffer(address.ip)[: len(ip)] = ip
