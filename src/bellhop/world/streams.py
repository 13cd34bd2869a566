"""SIP on streams: listening, connections and their reuse, bounds on what a peer may hold open.

RFC 3261 section 18, RFC 5626 section 4.4.1. TLS and WebSocket are streams too: where the shell has
them, it gives the connections of its own (tls.py) and the codecs that turn octets into messages
and back (websocket.py).
"""

import os
import socket
from collections import namedtuple

from .. import limits
from ..effects import Flow
from ..errors import SipError
from ..sip.framing import PING, PONG, Framer
from ..sip.ip import network_of
from .binding import CS3, bound, classify
from .connection import Connection, Listening
from .system import sockets

CONNECT_MS = 10000
# A stream must bring its first message, and end every message it begins, within this time.
PATIENCE_MS = 30000
# A phone without keep-alive is silent between two registrations, which may be two hours apart.
IDLE_MS = 7800000
# Whose stream nobody knows: it has brought no registration, and no call goes over it.
UNKNOWN_IDLE_MS = 90000
SWEEP_MS = 10000
BACKLOG = 64
# Send at once (RFC 896 would wait for the peer's delayed word), and let probes of the kernel find a
# peer that was switched off: (option; seconds or count). Some NATs forget a stream after 120 s.
IPPROTO_TCP, OPTIONS = 6, ((1, 1), (4, 60), (5, 30), (6, 4))
# What octets brought: whole messages, octets to send back, and the fault that ends the stream.
Fed = namedtuple("Fed", ("messages", "reply", "fault"))
NO_ROOM = "more waits on the streams than the memory holds"


class SipOctets:
    """SIP messages straight on a stream; a keep-alive PING is answered with PONG."""

    def __init__(self):
        self.framer = Framer()

    def feed(self, data):
        """Return a Fed."""
        fault = ""
        try:
            items = self.framer.feed(data)
        except SipError as error:
            items, fault = error.items, error.reason
        pings = items.count(PING)
        if not pings:
            return Fed(items, b"", fault)
        return Fed([item for item in items if item != PING], PONG * pings, fault)

    def wrap(self, message):
        """Return the octets that carry a message."""
        return message

    def is_partial(self):
        """Tell whether a message has begun and not ended; phones leave a CRLF after one."""
        return bool(self.framer.buffer.strip(PONG))

    def held(self):
        """Return how many octets wait here for the rest of their message."""
        return len(self.framer.buffer)


class Plain:
    """How streams are made where there is neither TLS nor WebSocket."""

    accepted: tuple[str, ...] = ("tcp",)
    opened: tuple[str, ...] = ("tcp",)

    def codec(self, transport):
        """Return a new codec."""
        return SipOctets()

    def connection(self, loop, made, stream, most, target):
        """Return the Connection of a stream; target: where it is to be connected to, or None."""
        return Connection(loop, made, stream, most, target)


class Stream:
    """One connection. flow: its own Flow, with the connection's number."""

    def __init__(self, streams, flow, source, codec, is_ours):
        self.streams = streams
        self.flow = flow
        self.source = source
        self.codec = codec
        self.connection = None
        self.counted = 0
        self.is_ours = is_ours
        self.is_opener = False
        self.heard = self.partial_since = streams.loop.now()

    def received(self, data):
        """Give whole messages to the engine."""
        now = self.heard = self.streams.loop.now()
        fed = self.codec.feed(data)
        if fed.reply:
            self.connection.send(fed.reply)
        if not self.codec.is_partial():
            self.partial_since = None
        elif self.partial_since is None or fed.messages:
            self.partial_since = now
        for message in fed.messages:
            self.streams.loop.take(message, self.flow)
        if fed.fault:
            self.close(fed.fault)
        else:
            self.streams.count(self)

    def send(self, data):
        """Send a message now, or when the connection is open and has room."""
        self.connection.send(self.codec.wrap(data))
        self.streams.count(self)

    def ended(self, reason):
        """The connection is gone."""
        self.streams.forget(self, reason)

    def close(self, reason):
        """Close, and report it."""
        self.streams.forget(self, reason)
        self.connection.close()

    def held(self):
        """Return how many octets it keeps in memory."""
        return self.codec.held() + len(self.connection.waiting)

    def fault(self, now):
        """Return why the stream should be closed by now, or ""."""
        if not self.connection.is_open:
            return "no connection within 10 seconds" if now - self.heard > CONNECT_MS else ""
        if self.partial_since is not None and now - self.partial_since > PATIENCE_MS:
            return "half a message, and nothing more for 30 seconds"
        if now - self.heard > UNKNOWN_IDLE_MS and self.is_unknown():
            return "silent for too long, and nobody has registered over it"
        return "silent for too long" if now - self.heard > IDLE_MS else ""

    def is_unknown(self):
        """Tell whether a stranger has opened it, for all that is known."""
        known = self.streams.known()
        return not self.is_ours and known is not None and self.flow.connection not in known


class Streams:
    """All connections of the node. kinds: a Plain, or what knows more transports.

    phones: knows streams and addresses of phones (known_streams, has_phone of the engine), or None.
    """

    def __init__(self, loop, kinds, phones=None):
        self.loop = loop
        self.kinds = kinds
        self.phones = phones
        # A number is never used again, not even by the next process: bindings outlive it.
        self.number = int.from_bytes(os.urandom(6), "big")
        self.streams = {}
        self.openers = {}
        self.sources, self.networks = {}, {}
        self.held = 0
        self.sweeper = None
        self.counters = {
            "accepted": 0,
            "opened": 0,
            "refused": 0,
            "evicted": 0,
            "slow": 0,
            "faulty": 0,
        }

    def send(self, flow, data, endpoint):
        """Send on the stream of a flow; one without a number is found or opened."""
        stream, problem = self.streams.get(flow.connection), "the connection is closed"
        if not flow.connection:
            stream = self.openers.get(flow)
            if stream is None:
                stream, problem = self._open(flow, endpoint)
            if stream is not None:
                stream.is_opener = True
        if stream is None:
            self.loop.fail(flow, problem)
        else:
            stream.send(data)

    def close(self, effect):
        """Perform a Close: end the stream of a flow, if there still is one."""
        stream = self.streams.get(effect.flow.connection) or self.openers.get(effect.flow)
        if stream is not None:
            self.counters["faulty"] += 1
            stream.close(effect.reason)

    def close_all(self, local, reason):
        """Close the streams of one listener."""
        for stream in [one for one in self.streams.values() if one.flow.local == local]:
            stream.close(reason)

    def accept(self, made, flow):
        """Take in a connection that a peer opened, or refuse it where a bound is reached."""
        if self._add(flow, made, None) is None:
            self.counters["refused"] += 1
            made.close()
        else:
            self.counters["accepted"] += 1

    def _open(self, flow, endpoint):
        """Return (a stream of our own, which sends when it is connected; or None, and why)."""
        if flow.transport not in self.kinds.opened:
            return None, "no %s connection can be opened from here" % flow.transport
        if not self._has_room(flow.host):
            return None, "too many connections"
        target = sockets.address(flow.host, flow.port, endpoint.zone)
        try:
            made = bound(socket.SOCK_STREAM, endpoint.listener.host, 0, endpoint.zone)
        except OSError as error:
            return None, sockets.reason(error)
        classify(made, ":" in flow.host, CS3)
        try:
            made.connect(target)
        except OSError:
            pass  # It is under way, or the next question brings the error again.
        self.counters["opened"] += 1
        stream = self._add(flow, made, target)
        self.loop.call_later(CONNECT_MS + 1, lambda: self._look(stream))
        return stream, ""

    def known(self):
        """Return the numbers of the streams that are somebody's, None where nothing is known."""
        return None if self.phones is None else self.phones.known_streams()

    def _has_room(self, host):
        """Tell whether one more stream of an address fits, after making room for it.

        Part of all places is kept for addresses of phones. Of the others the longest silent stream
        of the network that has most of them goes.
        """
        if self.sources.get(source_of(host), 0) >= limits.MAX_STREAMS_PER_SOURCE:
            return False
        most = limits.MAX_STREAMS
        if self.phones is not None and not self.phones.has_phone(host):
            if self.networks.get(network_of(host), 0) >= limits.MAX_STREAMS_PER_NETWORK:
                return False
            most -= most // limits.STREAMS_RESERVE
        return len(self.streams) < most or self._make_room()

    def _make_room(self):
        known = self.known()
        if known is None:
            return False
        unknown = [
            one
            for one in self.streams.values()
            if not one.is_ours and one.flow.connection not in known
        ]
        if not unknown:
            return False
        crowded = max([self.networks[network_of(one.flow.host)] for one in unknown])
        those = [one for one in unknown if self.networks[network_of(one.flow.host)] == crowded]
        self.counters["evicted"] += 1
        min(those, key=lambda one: one.heard).close("the place is needed for others")
        return True

    def _add(self, opener, made, target):
        """Return a new Stream for a flow without number, or None where a bound is reached."""
        source = source_of(opener.host)
        if not self._has_room(opener.host):
            return None
        _probe(made)
        self.number += 1
        flow = Flow(*(opener[:4] + (self.number, opener.name)))
        codec = self.kinds.codec(flow.transport)
        stream = Stream(self, flow, source, codec, target is not None)
        stream.connection = self.kinds.connection(
            self.loop, made, stream, limits.MAX_STREAM_BYTES, target
        )
        self.sources[source] = self.sources.get(source, 0) + 1
        network = network_of(flow.host)
        self.networks[network] = self.networks.get(network, 0) + 1
        self.streams[self.number] = stream
        self.openers.setdefault(opener, stream)
        if self.sweeper is None:
            self.sweeper = self.loop.call_later(SWEEP_MS, self._sweep)
        return stream

    def count(self, stream):
        """Close a stream that brings what all hold in memory over the bound."""
        if stream.flow.connection not in self.streams:
            return
        held = stream.held()
        self.held += held - stream.counted
        stream.counted = held
        if self.held > limits.MAX_STREAMS_BYTES:
            stream.close(NO_ROOM)

    def forget(self, stream, reason):
        """Take a stream off the tables and report it to the engine, once."""
        flow = stream.flow
        if self.streams.pop(flow.connection, None) is None:
            return
        opener = Flow(*(flow[:4] + (0, flow.name)))
        if self.openers.get(opener) is stream:
            del self.openers[opener]
        self.held -= stream.counted
        self.sources[stream.source] -= 1
        if not self.sources[stream.source]:
            del self.sources[stream.source]
        network = network_of(flow.host)
        self.networks[network] -= 1
        if not self.networks[network]:
            del self.networks[network]
        self.loop.fail(flow, reason)
        if stream.is_opener:
            self.loop.fail(opener, reason)

    def _look(self, stream):
        """Close a stream that has taken too long."""
        if stream.flow.connection not in self.streams:
            return
        self.count(stream)
        fault = stream.fault(self.loop.now())
        if fault:
            self.counters["slow"] += 1
            stream.close(fault)

    def _sweep(self):
        for stream in list(self.streams.values()):
            self._look(stream)
        self.sweeper = self.loop.call_later(SWEEP_MS, self._sweep) if self.streams else None


def source_of(host):
    """Return what counts as one source: an IPv4 address, or an IPv6 /64."""
    if ":" not in host:
        return host
    return socket.inet_pton(sockets.AF_INET6, host.partition("%")[0])[:8]


def _probe(made):
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in OPTIONS:
        made.setsockopt(IPPROTO_TCP, option, value)


class StreamListener:
    """One listening socket. Raises OSError where the address cannot be had."""

    def __init__(self, loop, streams, listener, local, zone):
        self.loop = loop
        self.streams = streams
        self.listener = listener
        self.local = local
        self.zone = zone
        self.suffix = "".join(listener.host.partition("%")[1:])
        self.counters = {}
        made = bound(socket.SOCK_STREAM, listener.host, listener.port, zone, reuse=True)
        classify(made, ":" in listener.host, CS3)
        made.listen(BACKLOG)
        self.listening = Listening(loop, made, self._came)

    def _came(self, made, address):
        host, port = sockets.place(address)
        transport = self.listener.transport
        self.streams.accept(made, Flow(transport, self.local, host + self.suffix, port, 0, ""))

    def send(self, flow, data):
        """Send a message on a stream of this listener's address."""
        self.streams.send(flow, data, self)

    def close(self):
        """Stop listening and close the streams of this address."""
        self.listening.close()
        self.streams.close_all(self.local, "the address %s is gone" % self.listener.host)
