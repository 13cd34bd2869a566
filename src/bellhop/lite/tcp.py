"""Streams: listening, connections and their reuse, bounds on what a peer may hold open.

RFC 3261 section 18, RFC 5626 section 4.4.1.
"""

import errno
import os
import select
import socket

from ..effects import Flow
from ..errors import SipError
from ..sip.framing import PING, PONG, Framer
from . import sockets

# Streams of all peers, and of one address.
MAX_STREAMS, MAX_STREAMS_PER_SOURCE = (32, 16)
READ_BYTES = 2048
# Octets of unfinished messages, and octets that wait to be sent, of all streams together.
MAX_HELD_BYTES = 65536
CONNECT_MS = 10000
# A stream must bring its first message, and end every message it begins, within this time.
PATIENCE_MS = 30000
# A phone without keep-alive is silent between two registrations, which may be two hours apart.
IDLE_MS = 7800000
SWEEP_MS = 10000
BACKLOG = 16
# Probes of the kernel find a peer that was switched off: (option, seconds or count).
IPPROTO_TCP, PROBES = 6, ((4, 120), (5, 30), (6, 4))
UNDER_WAY = (errno.EINPROGRESS, errno.EALREADY, errno.EAGAIN)


class Stream:
    """One connection. flow: its own Flow, with the connection's number."""

    def __init__(self, streams, flow, made, is_open):
        self.streams = streams
        self.flow = flow
        self.socket = made
        self.framer = Framer()
        self.waiting = b""
        self.is_open = is_open
        self.is_opener = False
        self.heard = self.partial_since = streams.loop.now()
        self._watch()

    def _watch(self):
        """Look for what is to be read, and for room where something waits."""
        waits = not self.is_open or self.waiting
        events = select.POLLIN | select.POLLOUT if waits else select.POLLIN
        self.streams.loop.watch(self.socket.fileno(), self._ready, events)

    def _ready(self, events):
        try:
            if not self.is_open:
                self._connected()
            elif events & select.POLLOUT:
                self._write()
            if events & ~select.POLLOUT and self.is_open:
                self._read()
        except OSError as error:
            if error.errno not in UNDER_WAY:
                self.streams.end(self, sockets.words(error))

    def _connected(self):
        """Ask the kernel again what became of connect(); raises OSError."""
        try:
            self.socket.connect(sockets.packed(self.flow.host, self.flow.port))
        except OSError as error:
            if error.errno != sockets.EISCONN:
                raise
        self.is_open = True
        self._write()

    def _write(self):
        if self.waiting:
            sent = self.socket.send(self.waiting)
            self.waiting = self.waiting[sent:]
        self._watch()

    def _read(self):
        data = self.socket.recv(READ_BYTES)
        if not data:
            self.streams.end(self, "closed by the peer")
            return
        now = self.heard = self.streams.loop.now()
        try:
            items = self.framer.feed(data)
        except SipError as error:
            self.streams.end(self, error.reason)
            return
        for item in items:
            if item == PING:
                self.send(PONG)
            else:
                self.streams.loop.take(item, self.flow)
        if not self.framer.buffer.strip(PONG):
            self.partial_since = None
        elif self.partial_since is None or items:
            self.partial_since = now
        self.streams.check_room(self)

    def send(self, data):
        """Send a message now, or when there is room."""
        self.waiting += data
        if self.is_open and len(self.waiting) == len(data):
            try:
                self._write()
            except OSError as error:
                if error.errno not in UNDER_WAY:
                    self.streams.end(self, sockets.words(error))
                    return
        if self.waiting:
            self._watch()
        self.streams.check_room(self)

    def held(self):
        """Return how many octets it keeps in memory."""
        return len(self.framer.buffer) + len(self.waiting)

    def fault(self, now):
        """Return why the stream should be closed by now, or ""."""
        if not self.is_open:
            return "no connection within 10 seconds" if now - self.heard > CONNECT_MS else ""
        if self.partial_since is not None and now - self.partial_since > PATIENCE_MS:
            return "half a message, and nothing more for 30 seconds"
        return "silent for too long" if now - self.heard > IDLE_MS else ""


class Streams:
    """All connections of the node."""

    def __init__(self, loop):
        self.loop = loop
        # A number is never used again, not even by the next process: bindings outlive it.
        self.number = int.from_bytes(os.urandom(6), "big")
        self.streams = {}
        self.openers = {}
        self.sweeper = None
        self.counters = {"accepted": 0, "opened": 0, "refused": 0, "slow": 0, "faulty": 0}

    def send(self, flow, data, listener):
        """Send on the stream of a flow; one without a number is found or opened."""
        if flow.connection:
            stream = self.streams.get(flow.connection)
        else:
            stream = self.openers.get(flow) or self._open(flow, listener)
            if stream is not None:
                stream.is_opener = True
        if stream is None:
            self.loop.fail(flow, "the connection is closed")
        else:
            stream.send(data)

    def close(self, flow, reason):
        """Close the stream of a flow, if there still is one."""
        stream = self.streams.get(flow.connection) or self.openers.get(flow)
        if stream is not None:
            self.counters["faulty"] += 1
            self.end(stream, reason)

    def close_all(self, local, reason):
        """Close the streams of one listener."""
        for stream in [one for one in self.streams.values() if one.flow.local == local]:
            self.end(stream, reason)

    def accept(self, made, host, port, local):
        """Take in a connection that a peer opened, or refuse it where a bound is reached."""
        if not self._has_room(host):
            self.counters["refused"] += 1
            made.close()
            return
        self.counters["accepted"] += 1
        self._add(Flow("tcp", local, host, port, 0, ""), made, True)

    def _open(self, flow, listener):
        if flow.transport != "tcp" or not self._has_room(flow.host):
            return None
        made = None
        try:
            made = sockets.bound(socket.SOCK_STREAM, listener.host, 0)
            made.connect(sockets.packed(flow.host, flow.port))
        except OSError as error:
            if made is None or error.errno != errno.EINPROGRESS:
                return None
        self.counters["opened"] += 1
        return self._add(flow, made, False)

    def _has_room(self, host):
        same = [one for one in self.streams.values() if one.flow.host == host]
        return len(self.streams) < MAX_STREAMS and len(same) < MAX_STREAMS_PER_SOURCE

    def _add(self, opener, made, is_open):
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in PROBES:
            made.setsockopt(IPPROTO_TCP, option, value)
        self.number += 1
        flow = Flow("tcp", opener.local, opener.host, opener.port, self.number, "")
        stream = Stream(self, flow, made, is_open)
        self.streams[self.number] = stream
        self.openers.setdefault(opener, stream)
        if self.sweeper is None:
            self.sweeper = self.loop.call_later(SWEEP_MS, self._sweep)
        return stream

    def check_room(self, stream):
        """Close a stream that brings what all hold in memory over the bound."""
        if sum([one.held() for one in self.streams.values()]) > MAX_HELD_BYTES:
            self.end(stream, "more waits on the streams than the memory holds")

    def end(self, stream, reason):
        """Close a stream, take it off the tables and report it to the engine, once."""
        flow = stream.flow
        if self.streams.pop(flow.connection, None) is None:
            return
        self.loop.forget(stream.socket.fileno())
        stream.socket.close()
        opener = Flow("tcp", flow.local, flow.host, flow.port, 0, "")
        if self.openers.get(opener) is stream:
            del self.openers[opener]
        self.loop.fail(flow, reason)
        if stream.is_opener:
            self.loop.fail(opener, reason)

    def _sweep(self):
        now = self.loop.now()
        for stream in list(self.streams.values()):
            fault = stream.fault(now)
            if fault:
                self.counters["slow"] += 1
                self.end(stream, fault)
        self.sweeper = self.loop.call_later(SWEEP_MS, self._sweep) if self.streams else None


class StreamListener:
    """One listening socket. Raises OSError where the address cannot be had."""

    def __init__(self, loop, streams, listener, local):
        self.loop = loop
        self.streams = streams
        self.listener = listener
        self.local = local
        self.counters = {}
        self.socket = sockets.bound(socket.SOCK_STREAM, listener.host, listener.port, reuse=True)
        self.socket.listen(BACKLOG)
        loop.watch(self.socket.fileno(), self._readable)

    def _readable(self, events):
        try:
            made, address = self.socket.accept()
        except OSError:
            return  # The peer left before it was accepted.
        host, port = sockets.unpacked(address)
        self.streams.accept(made, host, port, self.local)

    def send(self, flow, data):
        """Send a message on a stream of this listener's address."""
        self.streams.send(flow, data, self.listener)

    def close(self):
        """Stop listening and close the streams of this address."""
        self.loop.forget(self.socket.fileno())
        self.socket.close()
        self.streams.close_all(self.local, "the address %s is gone" % self.listener.host)
