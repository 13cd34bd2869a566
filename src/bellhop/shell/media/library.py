"""The media relay: libbellhop_media.so (native/include/bellhop_media.h) for the shell.

Addresses are (ip, port) with 4 or 16 bytes of ip, or (ip, port, interface index); keys are
(suite, master key, master salt).
Every method raises OSError with the errno that the library returned, and so does `Media` when
the library is missing or of another version.
"""

import errno
import os

from bellhop.shell.media.media_abi import ffi

LIBRARY = "libbellhop_media.so"
# What this module was written for: library and binding are built apart from it.
ABI = 6
EVENTS_AT_ONCE = 64


class Media:
    """One packet thread and its relays, from the call to `open` until `close`."""

    def __init__(self, library=LIBRARY):
        self.lib = ffi.dlopen(library)
        self.handle = self.kept = None
        if {self.lib.bm_abi(), self.lib.BM_ABI} != {ABI}:
            raise OSError(errno.ELIBBAD, "another version of the library", library)

    def open(self, relays, coalesce_us=2000, silent_ms=0, dead_ms=0, dscp=46, kept=None):
        """Start the packet thread. kept: memory of KEPT_BYTES for each relay that outlives it."""
        values = relays, coalesce_us, silent_ms, dead_ms, dscp
        config = ffi.new("struct bm_config *", values)
        if kept is not None:
            self.kept = ffi.from_buffer(kept)
            config.kept = ffi.cast("uint8_t *", self.kept)
        handle = ffi.new("struct bm_media **")
        _check(self.lib.bm_open(config, handle))
        self.handle = handle[0]

    def close(self):
        """End the packet thread; nothing but `open` may follow."""
        if self.handle is not None:
            self.lib.bm_close(self.handle)
            self.handle = None

    def relay_open(self, side_a, side_b):
        """Bind the ports of both sides, each (local ip, lowest port, highest port).

        A link-local ip has the index of its interface as a fourth.

        Return the relay and its ports: A's RTP and RTCP, B's RTP and RTCP.
        """
        sides = self._sides(side_a, side_b)
        relay, ports = ffi.new("uint32_t *"), ffi.new("struct bm_ports *")
        _check(self.lib.bm_relay_open(self.handle, sides, relay, ports))
        return relay[0], tuple(ports.port)

    def relay_resume(self, relay, side_a, side_b):
        """Go on with a relay of an earlier process; sides as in `relay_open`, of two ports each."""
        sides, ports = self._sides(side_a, side_b), ffi.new("struct bm_ports *")
        _check(self.lib.bm_relay_resume(self.handle, sides, relay, ports))
        return tuple(ports.port)

    def _sides(self, *wanted):
        sides = ffi.new("struct bm_side[2]")
        for side, (ip, low, high, *scope) in zip(sides, wanted):
            _fill_address(side.local, (ip, 0, *scope))
            side.port_low, side.port_high = low, high
        return sides

    def relay_update(self, relay, side, **changes):
        """Change what is given of one side.

        remote: one address for RTP, or a pair with that for RTCP; allow: (ip, bits that must
        match), read only together with remote; local: (ip, port 0) to listen and send from;
        receive, send: keys; name: 16 octets, the only CNAME of RTCP that goes there;
        late, relatch: True; and kind, direction, mux, clock_rate as in
        bm_update.
        """
        update = ffi.new("struct bm_update *")
        try:
            for name, value in changes.items():
                bit, fill = CHANGES[name]
                update.set |= bit and getattr(self.lib, bit)
                fill(update, name, value)
            _check(self.lib.bm_relay_update(self.handle, relay, side, update))
        finally:
            ffi.buffer(update)[:] = bytes(ffi.sizeof(update[0]))

    def relay_stats(self, relay):
        """Return a dict for side A, one for side B, and whether the relay is dead."""
        stats = ffi.new("struct bm_stats *")
        _check(self.lib.bm_relay_stats(self.handle, relay, stats))
        return _values(stats.side[0]), _values(stats.side[1]), bool(stats.dead)

    def relay_close(self, relay):
        """Close the ports of a relay and forget its keys."""
        _check(self.lib.bm_relay_close(self.handle, relay))

    def events_fd(self):
        """Return the descriptor that is readable while `events` has something to say."""
        return self.lib.bm_events_fd(self.handle)

    def events(self):
        """Return what happened: dicts with relay, kind, side, component, remote."""
        events = ffi.new("struct bm_event[]", EVENTS_AT_ONCE)
        count = _check(self.lib.bm_events(self.handle, events, EVENTS_AT_ONCE))
        return [_values(events[index]) for index in range(count)]

    def status(self):
        """Return relays, suites (a bit for each), packets and passes of the thread."""
        status = ffi.new("struct bm_status *")
        _check(self.lib.bm_status(self.handle, status))
        return _values(status[0])


def _check(result):
    if result < 0:
        raise OSError(-result, os.strerror(-result))
    return result


def _copy(array, data):
    ffi.buffer(array)[: len(data)] = data


def _fill_address(address, value):
    ip, address.port, *scope = value
    address.scope = scope[0] if scope else 0
    address.family = 4 if len(ip) == 4 else 6
    _copy(address.ip, ip)


def _fill_remote(update, name, value):
    pair = value if isinstance(value[0], tuple) else (value,)
    for index, address in enumerate(pair):
        _fill_address(update.remote[index], address)


def _fill_allow(update, name, value):
    _fill_address(update.allow, (value[0], 0))
    update.allow.prefix = value[1]


def _fill_local(update, name, value):
    _fill_address(update.local, value)


def _fill_key(update, name, value):
    key = getattr(update, name)
    key.suite, master, salt = value
    _copy(key.key, master)
    _copy(key.salt, salt)


def _fill_name(update, name, value):
    _copy(update.name, value)


# What `relay_update` takes: the bit that says so, and what writes it into bm_update.
CHANGES = {
    "kind": ("BM_SET_KIND", setattr),
    "direction": ("BM_SET_DIRECTION", setattr),
    "mux": ("BM_SET_MUX", setattr),
    "clock_rate": ("BM_SET_CLOCK", setattr),
    "remote": ("BM_SET_REMOTE", _fill_remote),
    "allow": (0, _fill_allow),
    "local": ("BM_SET_LOCAL", _fill_local),
    "receive": ("BM_SET_RECEIVE_KEY", _fill_key),
    "send": ("BM_SET_SEND_KEY", _fill_key),
    "name": ("BM_SET_NAME", _fill_name),
    "late": ("BM_LATE", lambda update, name, value: None),
    "relatch": ("BM_RELATCH", lambda update, name, value: None),
}


def _values(item):
    """Return a struct as a dict, an array as a list, an address as (ip, port) or None."""
    if not isinstance(item, ffi.CData):
        return item
    kind = ffi.typeof(item)
    if kind.kind == "array":
        return [_values(member) for member in item]
    if kind.cname == "struct bm_address":
        length = {4: 4, 6: 16}.get(item.family)
        return (bytes(item.ip)[:length], item.port) if length else None
    return {name: _values(getattr(item, name)) for name, _ in kind.fields}
