"""The mesh's links: one socket for each interface and address family.

A link is numbered 2 * interface index, plus 1 for IPv6; link 0 is the way to hosts anywhere.
"""

import socket
import struct

from . import netlink, sockets
from .sockets import AF_INET, AF_INET6, IPPROTO_IP, IPPROTO_IPV6

GROUP_IPV4 = "239.255.66.66"
GROUP_IPV6 = "ff02::6265:6c6c"
ANYWHERE = 0
# A packet of the mesh has 1,200 octets at most.
DATAGRAM_BYTES = 2048
SEEK_MS = 600000
# Linux has these numbers on every machine.
SO_BINDTODEVICE = 25
IP_MULTICAST_TTL, IP_MULTICAST_LOOP, IP_ADD_MEMBERSHIP = 33, 34, 35
IPV6_MULTICAST_HOPS, IPV6_MULTICAST_LOOP, IPV6_JOIN_GROUP = 18, 19, 20
IP_MULTICAST_ALL, IPV6_MULTICAST_ALL = 49, 29


class MeshLinks:
    """Keeps the sockets in step with the interfaces, and carries datagrams both ways.

    section: the settings' `config mesh`; only_peers: hear nobody but the peers that it names.
    is_heard: a datagram that came by a link is being read.
    """

    def __init__(self, loop, section, only_peers):
        self.loop = loop
        self.section = section
        self.only_peers = only_peers
        self.heard = ()
        self.is_heard = False
        self.sockets = {}
        self.problems = {}
        self.lost = 0
        self.resolver = None

    def open(self):
        """Open the way to hosts anywhere, then a link for every interface that is up."""
        for link, host in ((ANYWHERE, "0.0.0.0"), (ANYWHERE + 1, "::")):
            try:
                self._add(link, host, None)
            except OSError as error:
                self.problems[host] = sockets.words(error)
        self._up(ANYWHERE, "internet", False)
        self.adjust()

    def seek(self, resolver):
        """Look up the owner's peers and search domains now, and again every ten minutes."""
        section, self.resolver, found = self.section, resolver, []
        for host, port in section.peer:
            found += [(one, port or section.port) for one in (yield host, "")]
        for domain in section.search_domain:
            found += yield domain, "_bellhop._udp."
        self.heard = tuple([host for host, _ in found])
        self.loop.perform(self.loop.engine.mesh_peers(found, self.loop.now()))
        self.loop.call_later(SEEK_MS, lambda: self.resolver.carry_out(self.seek(self.resolver)))

    def close(self):
        """Close everything."""
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
            address = GROUP_IPV6 if link & 1 else GROUP_IPV4, self.section.port
        try:
            opened.sendto(effect.data, sockets.packed(address[0], address[1]))
        except OSError:
            self.lost += 1  # Full, or no way there now: hellos and acknowledgements notice.

    def adjust(self):
        """Open a link for what is up, close that of what is not, and tell the engine."""
        wanted, up = self.section.interface, netlink.links()
        for index in list(up):
            if wanted and up[index] not in wanted:
                del up[index]
        for link in [one for one in self.sockets if one > 1 and one // 2 not in up]:
            self._drop(link)
            self.loop.perform(self.loop.engine.mesh_link(link, None, self.loop.now()))
        for index in up:
            for link, host in ((2 * index, "0.0.0.0"), (2 * index + 1, "::")):
                if link not in self.sockets:
                    self._open_link(link, host, up[index])

    def _open_link(self, link, host, name):
        try:
            self._add(link, host, name)
        except OSError as error:
            self.problems[name] = sockets.words(error)
        else:
            self._up(link, name, True)

    def _up(self, link, name, multicast):
        self.loop.perform(self.loop.engine.mesh_link(link, (name, multicast), self.loop.now()))

    def met(self, index, host):
        """The kernel has seen a neighbour on an interface: ask whether it is a node."""
        link = 2 * index + (":" in host)
        if link in self.sockets and not self.only_peers:
            address = host, self.section.port
            self.loop.perform(self.loop.engine.mesh_neighbour(link, address, self.loop.now()))

    def _add(self, link, host, name):
        made = socket.socket(sockets.family_of(host), socket.SOCK_DGRAM)
        try:
            made.setblocking(False)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if link & 1:
                made.setsockopt(IPPROTO_IPV6, sockets.IPV6_V6ONLY, 1)
            _hear_own_groups(made, link)
            if name is not None:
                made.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, name.encode() + b"\0")
                _join(made, link)
            made.bind(sockets.packed(host, self.section.port))
        except OSError:
            made.close()
            raise
        self.sockets[link] = made
        self.loop.watch(made.fileno(), lambda events: self._readable(link, made))

    def _drop(self, link):
        made = self.sockets.pop(link)
        self.loop.forget(made.fileno())
        made.close()

    def _readable(self, link, made):
        try:
            data, address = made.recvfrom(DATAGRAM_BYTES)
        except OSError:
            return  # The error of an earlier datagram.
        source = sockets.unpacked(address)
        if self.only_peers and source[0] not in self.heard:
            return
        shown = ANYWHERE if link < 2 else link
        self.is_heard = True
        try:
            effects = self.loop.engine.receive_mesh(data, shown, source, self.loop.now())
        finally:
            self.is_heard = False
        self.loop.perform(effects)


def _hear_own_groups(made, link):
    """Take no datagram for a group that another socket joined: it would come twice."""
    level = IPPROTO_IPV6 if link & 1 else IPPROTO_IP
    try:
        made.setsockopt(level, IPV6_MULTICAST_ALL if link & 1 else IP_MULTICAST_ALL, 0)
    except OSError:
        return  # Kernels before 4.20 and emulators do not know it: then it comes twice.


def _join(made, link):
    """Join the group on the socket's interface, which it is bound to; what we send stays there."""
    index = link // 2
    if link & 1:
        group = socket.inet_pton(AF_INET6, GROUP_IPV6)
        made.setsockopt(IPPROTO_IPV6, IPV6_JOIN_GROUP, group + struct.pack("I", index))
        made.setsockopt(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 255)
        made.setsockopt(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0)
    else:
        request = socket.inet_pton(AF_INET, GROUP_IPV4) + bytes(4) + struct.pack("i", index)
        made.setsockopt(IPPROTO_IP, IP_ADD_MEMBERSHIP, request)
        made.setsockopt(IPPROTO_IP, IP_MULTICAST_TTL, 1)
        made.setsockopt(IPPROTO_IP, IP_MULTICAST_LOOP, 0)
