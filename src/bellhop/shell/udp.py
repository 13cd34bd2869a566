"""Datagrams: one socket for one local address (RFC 3261 section 18, RFC 3581)."""

import errno
import os
import socket
import struct
from collections import deque

from ..effects import Flow
from .addresses import socket_address
from .loop import milliseconds

# Datagrams taken in one wake-up; then streams, timers and other sockets have their turn.
BATCH = 64
DATAGRAM_BYTES = 65535
# Peers whose Flow is kept, to make it once; past it all are forgotten and made again.
MAX_FLOWS = 1024
# Datagrams that wait for a full send buffer; past it they are dropped, as the network would.
MAX_WAITING = 256
# Asked of the kernel, which grants less: room for a burst while Python is busy.
RECEIVE_BUFFER_BYTES = 1 << 20

IP_RECVERR, IPV6_RECVERR, MSG_ERRQUEUE = 11, 25, 0x2000
# (origin, ICMP type) of "time exceeded", which section 18.4 of RFC 3261 says to ignore.
TIME_EXCEEDED = ((2, 11), (3, 3))


class UdpSocket:
    """One bound socket. Raises OSError where the address cannot be had."""

    def __init__(self, loop, listener, local):
        self.loop = loop
        self.local = local
        self.flows = {}
        self.waiting = deque()
        self.counters = {"dropped_sending": 0, "unreachable": 0}
        self.socket = _bound(listener)
        self.sendto = self.socket.sendto
        _, percent, zone = listener.host.partition("%")
        self.zone = percent + zone
        if zone:
            self.sendto = self._send_on_link
        loop.aio.add_reader(self.socket, self._readable)

    def close(self):
        """Close the socket."""
        self.loop.aio.remove_reader(self.socket)
        self.loop.aio.remove_writer(self.socket)
        self.socket.close()

    def _readable(self):
        recvfrom, flows, take = self.socket.recvfrom, self.flows, self.loop.take
        now = milliseconds()
        count = 0
        try:
            while count < BATCH:
                data, address = recvfrom(DATAGRAM_BYTES)
                count += 1
                flow = flows.get(address)
                take(data, self._flow(address) if flow is None else flow, now)
        except BlockingIOError:
            if not count:
                self._read_errors()
        except OSError:
            self._read_errors()
        finally:
            self.loop.settle()

    def _flow(self, address):
        if len(self.flows) >= MAX_FLOWS:
            self.flows.clear()
        host = address[0] + self.zone
        flow = self.flows[address] = Flow("udp", self.local, host, address[1], 0, "")
        return flow

    def _send_on_link(self, data, address):
        return self.socket.sendto(data, socket_address(*address))

    def send(self, flow, data):
        """Send a datagram, or let it wait where the kernel has no room."""
        try:
            self.sendto(data, (flow.host, flow.port))
        except BlockingIOError:
            self._wait(flow, data)
        except OSError:
            self._send_again(flow, data)

    def _send_again(self, flow, data):
        """The error may be that of an earlier datagram to another peer: read it, try once more."""
        self._read_errors()
        try:
            self.sendto(data, (flow.host, flow.port))
        except OSError as error:
            self.loop.fail(flow, os.strerror(error.errno))

    def _wait(self, flow, data):
        if len(self.waiting) >= MAX_WAITING:
            self.counters["dropped_sending"] += 1
            return
        if not self.waiting:
            self.loop.aio.add_writer(self.socket, self._writable)
        self.waiting.append((flow, data))

    def _writable(self):
        waiting, self.waiting = self.waiting, deque()
        self.loop.aio.remove_writer(self.socket)
        for flow, data in waiting:
            self.send(flow, data)

    def _read_errors(self):
        """Report the peers that ICMP calls unreachable (RFC 3261 section 18.4)."""
        for _ in range(BATCH):
            try:
                _, ancillary, _, address = self.socket.recvmsg(0, 512, MSG_ERRQUEUE)
            except OSError:
                return
            for _, _, data in ancillary:
                number, origin, kind = struct.unpack_from("=IBB", data)
                if number != errno.EMSGSIZE and (origin, kind) not in TIME_EXCEEDED:
                    self.counters["unreachable"] += 1
                    self.loop.fail(self._flow(address), os.strerror(number))


def _bound(listener):
    is_six = ":" in listener.host
    made = socket.socket(socket.AF_INET6 if is_six else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        if is_six:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
        else:
            made.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        made.bind(socket_address(listener.host, listener.port))
    except OSError:
        made.close()
        raise
    return made
