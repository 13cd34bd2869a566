"""Datagrams: one socket for one local address (RFC 3261 section 18, RFC 3581)."""

import errno
import socket

from ..effects import Flow
from . import sockets

# A message with video and key offers was seen at 2.3 kB; reading one takes this for a moment.
DATAGRAM_BYTES = 8192
# Peers whose Flow is kept, to make it once; past it all are forgotten and made again.
MAX_FLOWS = 128


class UdpSocket:
    """One bound socket. Raises OSError where the address cannot be had."""

    def __init__(self, loop, listener, local):
        self.loop = loop
        self.local = local
        self.flows = {}
        self.counters = {"dropped_sending": 0}
        self.socket = sockets.bound(socket.SOCK_DGRAM, listener.host, listener.port)
        loop.watch(self.socket.fileno(), self._readable)

    def close(self):
        """Close the socket."""
        self.loop.forget(self.socket.fileno())
        self.socket.close()

    def _readable(self, events):
        try:
            data, address = self.socket.recvfrom(DATAGRAM_BYTES)
        except OSError:
            return  # The error of an earlier datagram, or nothing there after all.
        self.loop.take(data, self.flows.get(address) or self._flow(address))

    def _flow(self, address):
        if len(self.flows) >= MAX_FLOWS:
            self.flows.clear()
        host, port = sockets.unpacked(address)
        flow = self.flows[address] = Flow("udp", self.local, host, port, 0, "")
        return flow

    def send(self, flow, data):
        """Send a datagram; where the kernel has no room it is lost, as on the network."""
        try:
            self.socket.sendto(data, sockets.packed(flow.host, flow.port))
        except OSError as error:
            if error.errno == errno.EAGAIN:
                self.counters["dropped_sending"] += 1
            else:
                self.loop.fail(flow, sockets.words(error))
