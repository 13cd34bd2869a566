"""Streams: listening, connections and their reuse, bounds on what a peer may hold open.

RFC 3261 section 18, RFC 5626 section 4.4.1. TLS and WebSocket are streams too: tls.py gives the
contexts, a codec (`SipOctets`, websocket.Session) turns octets into messages and back.
"""

import asyncio
import os
import socket

from ..effects import Flow
from ..errors import SipError
from ..sip.framing import PING, PONG, Framer
from .addresses import socket_address
from .loop import milliseconds
from .websocket import Fed, Session

# Streams of all peers: 1,024 phones would be a large house, and cost 5 kB each, 50 kB with TLS.
MAX_STREAMS = 1024
# Streams of one IPv4 address or one IPv6 /64: an office behind one address fits.
MAX_STREAMS_PER_SOURCE = 128
# What a peer that does not read may leave in our memory.
MAX_WRITE_BYTES = 262144
# Messages that wait until a connection is open.
MAX_WAITING_BYTES = 262144
CONNECT_SECONDS = 10
HANDSHAKE_SECONDS = 10
# A stream must bring its first message, and end every message it begins, within this time.
PATIENCE_MS = 30_000
# A phone without keep-alive is silent between two registrations, which may be two hours apart.
IDLE_MS = 7_800_000
SWEEP_SECONDS = 10
# What was written last may still leave before a stream is cut.
CLOSE_SECONDS = 5
BACKLOG = 64
ACCEPT_BATCH = 16
# Pause of a listener when the process has no file descriptors left.
PAUSE_SECONDS = 1
# Probes of the kernel find a peer that was switched off: (option, seconds or count).
PROBES = ((socket.TCP_KEEPIDLE, 120), (socket.TCP_KEEPINTVL, 30), (socket.TCP_KEEPCNT, 4))


class SipOctets:
    """SIP messages straight on a stream; a keep-alive PING is answered with PONG."""

    def __init__(self):
        self.framer = Framer()

    def feed(self, data):
        """Return a Fed."""
        try:
            items = self.framer.feed(data)
        except SipError as error:
            return Fed((), b"", error.reason)
        pings = items.count(PING)
        if not pings:
            return Fed(items, b"", "")
        return Fed([item for item in items if item != PING], PONG * pings, "")

    def wrap(self, message):
        """Return the octets that carry a message."""
        return message

    def is_partial(self):
        """Tell whether a message has begun and not ended; phones leave a CRLF after one."""
        return bool(self.framer.buffer.strip(PONG))


CODECS = {"tcp": SipOctets, "tls": SipOctets, "ws": Session, "wss": Session}


class Stream(asyncio.Protocol):
    """One connection. flow: its own Flow, with the connection's number."""

    def __init__(self, streams, flow, source):
        self.streams = streams
        self.flow = flow
        self.source = source
        self.codec = CODECS[flow.transport]()
        self.transport = None
        self.task = None
        self.waiting = []
        self.heard = self.partial_since = milliseconds()
        self.is_opener = False

    def connection_made(self, transport):
        """Send what waited for the connection."""
        self.transport = transport
        transport.set_write_buffer_limits(MAX_WRITE_BYTES)
        _probe(transport.get_extra_info("socket"))
        for data in self.waiting:
            transport.write(self.codec.wrap(data))
        self.waiting = []

    def data_received(self, data):
        """Give whole messages to the engine."""
        now = self.heard = milliseconds()
        fed = self.codec.feed(data)
        if fed.reply:
            self.transport.write(fed.reply)
        if not self.codec.is_partial():
            self.partial_since = None
        elif self.partial_since is None or fed.messages:
            self.partial_since = now
        self.streams.take(fed.messages, self.flow, now)
        if fed.fault:
            self.close(fed.fault)

    def send(self, data):
        """Send a message now, or when the connection is open."""
        if self.transport is not None:
            self.transport.write(self.codec.wrap(data))
            return
        self.waiting.append(data)
        if sum(map(len, self.waiting)) > MAX_WAITING_BYTES:
            self.close("too much waits for this connection")

    def pause_writing(self):
        """The bound of the write buffer is reached (called by asyncio)."""
        self.close("the peer does not read what it is sent")
        self.transport.abort()

    def connection_lost(self, error):
        """Report the end (called by asyncio)."""
        self.streams.forget(self, "closed by the peer" if error is None else str(error))

    def close(self, reason):
        """Close, and report it."""
        self.streams.forget(self, reason)
        if self.transport is None:
            self.task.cancel()
            return
        self.transport.close()
        self.streams.loop.aio.call_later(CLOSE_SECONDS, self.transport.abort)

    def fault(self, now):
        """Return why the stream should be closed by now, or ""."""
        if self.partial_since is not None and now - self.partial_since > PATIENCE_MS:
            return "half a message, and nothing more for 30 seconds"
        return "silent for too long" if now - self.heard > IDLE_MS else ""


def _probe(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in PROBES:
        connection.setsockopt(socket.IPPROTO_TCP, option, value)


class Streams:
    """All connections of the node. contexts: the tls.Contexts."""

    def __init__(self, loop, contexts):
        self.loop = loop
        self.contexts = contexts
        # A number is never used again, not even by the next process: bindings outlive it.
        self.number = int.from_bytes(os.urandom(6), "big")
        self.streams = {}
        self.openers = {}
        self.sources = {}
        self.sweeper = None
        self.counters = {"accepted": 0, "opened": 0, "refused": 0, "slow": 0, "faulty": 0}

    def take(self, messages, flow, now):
        """Give the messages of one stream to the engine."""
        try:
            for message in messages:
                self.loop.take(message, flow, now)
        finally:
            self.loop.settle()

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
            stream.close(reason)

    def close_all(self, local, reason):
        """Close the streams of one listener."""
        for stream in [one for one in self.streams.values() if one.flow.local == local]:
            stream.close(reason)

    def accept(self, connection, peer, listener, local):
        """Take in a connection that a peer opened, or refuse it where a bound is reached."""
        _, percent, zone = listener.host.partition("%")
        flow = Flow(listener.transport, local, peer[0] + percent + zone, peer[1], 0, "")
        stream = self._add(flow)
        if stream is None:
            self.counters["refused"] += 1
            connection.close()
            return
        self.counters["accepted"] += 1
        stream.task = self.loop.aio.create_task(self._serve(stream, connection))

    async def _serve(self, stream, connection):
        context = self.contexts.server_for(stream.flow.transport)
        limit = None if context is None else HANDSHAKE_SECONDS
        try:
            await self.loop.aio.connect_accepted_socket(
                lambda: stream, connection, ssl=context, ssl_handshake_timeout=limit
            )
        except OSError as error:
            self.forget(stream, str(error))
        except asyncio.CancelledError:
            pass  # Stream.close has reported why.

    def _open(self, flow, listener):
        if flow.transport not in ("tcp", "tls"):
            return None  # Nobody can open a WebSocket towards a browser.
        stream = self._add(flow)
        if stream is not None:
            self.counters["opened"] += 1
            stream.task = self.loop.aio.create_task(self._connect(stream, listener.host))
        return stream

    async def _connect(self, stream, source):
        flow = stream.flow
        try:
            context = self.contexts.client_for(flow.transport, flow.name)
            async with asyncio.timeout(CONNECT_SECONDS):
                await self.loop.aio.create_connection(
                    lambda: stream,
                    flow.host,
                    flow.port,
                    ssl=context,
                    local_addr=(source, 0),
                    server_hostname=None if context is None else flow.name or flow.host,
                )
        except TimeoutError:
            self.forget(stream, "no connection within %d seconds" % CONNECT_SECONDS)
        except OSError as error:
            self.forget(stream, str(error))
        except asyncio.CancelledError:
            pass  # Stream.close has reported why.

    def _add(self, opener):
        """Return a new Stream for a flow without number, or None where a bound is reached."""
        source = _source(opener.host)
        count = self.sources.get(source, 0)
        if len(self.streams) >= MAX_STREAMS or count >= MAX_STREAMS_PER_SOURCE:
            return None
        self.number += 1
        stream = Stream(self, opener._replace(connection=self.number), source)
        self.sources[source] = count + 1
        self.streams[self.number] = stream
        self.openers.setdefault(opener, stream)
        if self.sweeper is None:
            self.sweeper = self.loop.aio.call_later(SWEEP_SECONDS, self._sweep)
        return stream

    def forget(self, stream, reason):
        """Take a stream off the tables and report it to the engine, once."""
        flow = stream.flow
        if self.streams.pop(flow.connection, None) is None:
            return
        opener = flow._replace(connection=0)
        if self.openers.get(opener) is stream:
            del self.openers[opener]
        self.sources[stream.source] -= 1
        if not self.sources[stream.source]:
            del self.sources[stream.source]
        self.loop.fail(flow, reason)
        if stream.is_opener:
            self.loop.fail(opener, reason)

    def _sweep(self):
        now = milliseconds()
        for stream in list(self.streams.values()):
            fault = stream.fault(now)
            if fault:
                self.counters["slow"] += 1
                stream.close(fault)
        self.sweeper = None
        if self.streams:
            self.sweeper = self.loop.aio.call_later(SWEEP_SECONDS, self._sweep)


def _source(host):
    """Return what counts as one source: an IPv4 address, or an IPv6 /64."""
    if ":" not in host:
        return host
    return socket.inet_pton(socket.AF_INET6, host.partition("%")[0])[:8]


class StreamListener:
    """One listening socket. Raises OSError where the address cannot be had."""

    def __init__(self, streams, listener, local):
        self.streams = streams
        self.listener = listener
        self.local = local
        self.counters = {}
        self.aio = streams.loop.aio
        self.pause = None
        self.socket = _listening(listener)
        self._resume()

    def _resume(self):
        self.pause = None
        self.aio.add_reader(self.socket, self._readable)

    def _readable(self):
        for _ in range(ACCEPT_BATCH):
            try:
                connection, peer = self.socket.accept()
            except BlockingIOError:
                return
            except ConnectionError:
                continue  # The peer left before it was accepted.
            except OSError:
                self.aio.remove_reader(self.socket)
                self.pause = self.aio.call_later(PAUSE_SECONDS, self._resume)
                return
            connection.setblocking(False)
            self.streams.accept(connection, peer, self.listener, self.local)

    def send(self, flow, data):
        """Send a message on a stream of this listener's address."""
        self.streams.send(flow, data, self.listener)

    def close(self):
        """Stop listening and close the streams of this address."""
        if self.pause is not None:
            self.pause.cancel()
        self.aio.remove_reader(self.socket)
        self.socket.close()
        self.streams.close_all(self.local, "the address %s is gone" % self.listener.host)


def _listening(listener):
    is_six = ":" in listener.host
    made = socket.socket(socket.AF_INET6 if is_six else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_six:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(socket_address(listener.host, listener.port))
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    return made
