"""The mesh's links: one socket for each interface and address family, and the kernel's events.

A link is numbered 2 * interface index, plus 1 for IPv6; link 0 is the way to hosts anywhere.
"""

import asyncio
import contextlib
import os
import socket
import struct

from .addresses import BUFFER_BYTES, HEADER, attributes
from .loop import milliseconds

GROUP_IPV4 = "239.255.66.66"
GROUP_IPV6 = "ff02::6265:6c6c"
ANYWHERE = 0
BATCH = 64
SEEK_SECONDS = 600

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK, RTM_NEWNEIGH = 16, 17, 18, 28
IFLA_IFNAME, NDA_DST = 3, 1
IFF_UP, IFF_LOOPBACK, IFF_RUNNING, IFF_MULTICAST, IFF_LOWER_UP = 0x1, 0x8, 0x40, 0x1000, 0x10000
USABLE = IFF_UP | IFF_LOWER_UP | IFF_MULTICAST
NUD_FRESH = 0x02 | 0x04 | 0x10  # reachable, stale, probe
LINK, NEIGHBOUR = struct.Struct("=BxHiII"), struct.Struct("=BxxxiHBB")
EVENTS = 0x1 | 0x4  # groups of links and of neighbours
REQUEST_DUMP = 0x301
SO_BINDTODEVICE = 25
IP_MULTICAST_ALL, IPV6_MULTICAST_ALL = 49, 29


class MeshLinks:
    """Keeps the sockets in step with the interfaces, and carries datagrams both ways."""

    def __init__(self, loop, port, wanted):
        """port: UDP; wanted: names of interfaces, empty for all."""
        self.loop = loop
        self.port = port
        self.wanted = frozenset(wanted)
        self.sockets = {}
        self.problems = {}
        self.netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self.netlink.setblocking(False)
        self.netlink.bind((0, EVENTS))

    def open(self):
        """Open the way to hosts anywhere, then a link for every interface that is up."""
        for family in (socket.AF_INET, socket.AF_INET6):
            try:
                self._add(ANYWHERE + (family == socket.AF_INET6), family, None)
            except OSError as error:
                self.problems[family] = os.strerror(error.errno)
        now = milliseconds()
        self.loop.perform(self.loop.engine.mesh_link(ANYWHERE, ("internet", False), now))
        self.loop.aio.add_reader(self.netlink, self._news)
        message = LINK.pack(0, 0, 0, 0, 0)
        header = HEADER.pack(HEADER.size + len(message), RTM_GETLINK, REQUEST_DUMP, 1, 0)
        self.netlink.send(header + message)

    async def seek(self, section, resolver):
        """Look up the owner's peers and search domains now, and again every ten minutes."""
        while True:
            found = []
            for host, port in section.peer:
                for one in await resolver.addresses(host):
                    found.append((one, port or section.port))
            for domain in section.search_domain:
                found += await resolver.service("_bellhop._udp." + domain)
            self.loop.perform(self.loop.engine.mesh_peers(found, milliseconds()))
            await asyncio.sleep(SEEK_SECONDS)

    def close(self):
        """Close everything."""
        self.loop.aio.remove_reader(self.netlink)
        self.netlink.close()
        for link in list(self.sockets):
            self._drop(link)

    def send(self, effect):
        """Perform a SendMesh: to one address, or to the group of the link where there is none."""
        link, address = effect.link, effect.address
        if link == ANYWHERE and address is not None and ":" in address[0]:
            link = ANYWHERE + 1
        opened = self.sockets.get(link)
        if opened is None:
            return
        if address is None:
            group = GROUP_IPV6 if link & 1 else GROUP_IPV4
            address = (group, self.port)
        # Full, or no way there now: hellos and acknowledgements notice.
        with contextlib.suppress(OSError):
            opened.sendto(effect.data, address)

    def _add(self, link, family, name):
        made = socket.socket(family, socket.SOCK_DGRAM)
        try:
            made.setblocking(False)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            _leave_groups_alone(made, family)
            if family == socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if name is not None:
                made.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, name.encode() + b"\0")
                _join(made, family, link // 2)
            made.bind(("", self.port))
        except OSError:
            made.close()
            raise
        self.sockets[link] = made
        self.loop.aio.add_reader(made, self._readable, link, made)

    def _drop(self, link):
        made = self.sockets.pop(link)
        self.loop.aio.remove_reader(made)
        made.close()

    def _readable(self, link, made):
        now = milliseconds()
        engine = self.loop.engine
        shown = ANYWHERE if link < 2 else link
        for _ in range(BATCH):
            try:
                data, source = made.recvfrom(2048)
            except OSError:
                return
            self.loop.perform(engine.receive_mesh(data, shown, source[:2], now))

    def _news(self):
        while True:
            try:
                data = self.netlink.recv(BUFFER_BYTES)
            except OSError:
                return
            at = 0
            while at + HEADER.size <= len(data):
                size, kind = HEADER.unpack_from(data, at)[:2]
                if size < HEADER.size:
                    break
                self._event(kind, data[at + HEADER.size : at + size])
                at += (size + 3) & ~3

    def _event(self, kind, message):
        if kind in (RTM_NEWLINK, RTM_DELLINK):
            _, _, index, flags, _ = LINK.unpack_from(message)
            name = attributes(message[LINK.size :]).get(IFLA_IFNAME, b"").rstrip(b"\0").decode()
            usable = kind == RTM_NEWLINK and flags & USABLE == USABLE and not flags & IFF_LOOPBACK
            self._link(index, name, usable and (not self.wanted or name in self.wanted))
        elif kind == RTM_NEWNEIGH:
            family, index, state, _, _ = NEIGHBOUR.unpack_from(message)
            octets = attributes(message[NEIGHBOUR.size :]).get(NDA_DST, b"")
            if state & NUD_FRESH and len(octets) in (4, 16):
                self._neighbour(family, index, socket.inet_ntop(family, octets))

    def _link(self, index, name, usable):
        now = milliseconds()
        for family, link in ((socket.AF_INET, 2 * index), (socket.AF_INET6, 2 * index + 1)):
            if usable and link not in self.sockets:
                try:
                    self._add(link, family, name)
                except OSError as error:
                    self.problems[name] = os.strerror(error.errno)
                    continue
                self.loop.perform(self.loop.engine.mesh_link(link, (name, True), now))
            elif not usable and link in self.sockets:
                self._drop(link)
                self.loop.perform(self.loop.engine.mesh_link(link, None, now))

    def _neighbour(self, family, index, host):
        link = 2 * index + (family == socket.AF_INET6)
        if link in self.sockets:
            now = milliseconds()
            self.loop.perform(self.loop.engine.mesh_neighbour(link, (host, self.port), now))


def _leave_groups_alone(made, family):
    """Take no datagram for a group that another socket joined: each would come twice."""
    if family == socket.AF_INET:
        made.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL, 0)
    else:
        made.setsockopt(socket.IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0)


def _join(made, family, index):
    """Join the group on one interface; what we send stays on the link."""
    if family == socket.AF_INET:
        request = struct.pack("=4s4si", socket.inet_aton(GROUP_IPV4), bytes(4), index)
        made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, request)
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
    else:
        group = socket.inet_pton(socket.AF_INET6, GROUP_IPV6)
        made.setsockopt(
            socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group + struct.pack("=I", index)
        )
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
