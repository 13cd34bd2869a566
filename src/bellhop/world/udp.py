"""Datagrams: one socket for one local address (RFC 3261 section 18, RFC 3581)."""

import select
import socket

from ..effects import Flow
from ..limits import MAX_DATAGRAM_BYTES, MAX_KEPT_FLOWS, MAX_WAITING_DATAGRAMS
from .binding import CS3, bound, classify
from .system import sockets


class UdpSocket:
    """One bound socket. Raises OSError where the address cannot be had.

    listener: a Listener; local: its index; zone: index of the interface of a link-local address.
    """

    def __init__(self, loop, listener, local, zone):
        self.loop = loop
        self.local = local
        self.zone = zone
        self.suffix = "".join(listener.host.partition("%")[1:])
        self.flows = {}
        self.waiting = []
        self.counters = {"dropped_sending": 0, "unreachable": 0}
        self.socket = bound(socket.SOCK_DGRAM, listener.host, listener.port, zone)
        classify(self.socket, ":" in listener.host, CS3)
        sockets.ask_for_errors(self.socket, listener.host)
        self.recvfrom, self.sendto = self.socket.recvfrom, self.socket.sendto
        loop.watch(self.socket.fileno(), self._ready)

    def close(self):
        """Close the socket."""
        self.loop.forget(self.socket.fileno())
        self.socket.close()

    def _ready(self, events):
        if events & select.POLLOUT:
            self._writable()
        if events & ~select.POLLOUT:
            self._readable()

    def _readable(self):
        recvfrom, flows, take = self.recvfrom, self.flows, self.loop.take
        for count in range(sockets.BATCH):
            try:
                data, address = recvfrom(MAX_DATAGRAM_BYTES)
            except OSError:
                if not count:  # It was an error that woke us.
                    self._note_errors()
                return
            take(data, flows.get(address) or self._flow(address))

    def _flow(self, address):
        """Return the Flow of a peer; those met are kept, to make each once."""
        if len(self.flows) >= MAX_KEPT_FLOWS:
            self.flows.clear()
        host, port = sockets.place(address)
        flow = self.flows[address] = Flow("udp", self.local, host + self.suffix, port, 0, "")
        return flow

    def send(self, flow, data):
        """Send a datagram, or let it wait where the kernel has no room."""
        address = sockets.address(flow.host, flow.port, self.zone)
        try:
            self.sendto(data, address)
        except OSError as error:
            if error.errno in sockets.WAITING:
                self._wait(flow, data)
            else:
                self._send_again(flow, data, address)

    def _send_again(self, flow, data, address):
        """The error may be that of an earlier datagram to another peer: read it, try once more."""
        self._note_errors()
        try:
            self.sendto(data, address)
        except OSError as error:
            self.loop.fail(flow, sockets.reason(error))

    def _wait(self, flow, data):
        if len(self.waiting) >= MAX_WAITING_DATAGRAMS:
            self.counters["dropped_sending"] += 1
            return
        self.waiting.append((flow, data))
        self.loop.watch(self.socket.fileno(), self._ready, select.POLLIN | select.POLLOUT)

    def _writable(self):
        waiting, self.waiting = self.waiting, []
        self.loop.watch(self.socket.fileno(), self._ready)
        for flow, data in waiting:
            self.send(flow, data)

    def _note_errors(self):
        """Report the peers that the kernel found unreachable (RFC 3261 section 18.4)."""
        for address, reason in sockets.errors(self.socket):
            self.counters["unreachable"] += 1
            self.loop.fail(self._flow(address), reason)
