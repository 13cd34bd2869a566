"""The mesh's links: one socket for each interface and address family.

A link is numbered 2 * interface index, plus 1 for IPv6; link 0 is the way to hosts anywhere, and
that of the loopback, which never is one, has the probes.
"""

import socket
import struct

from . import netlink
from .binding import CS3, CS6, IPPROTO_IP, IPPROTO_IPV6, IPV6_V6ONLY, classify
from .system import sockets

GROUP_IPV4 = "239.255.66.66"
GROUP_IPV6 = "ff02::6265:6c6c"
ANYWHERE, INTERNET = 0, "internet"
PROBES = 2
# A packet of the mesh has 1,200 octets at most.
DATAGRAM_BYTES = 2048
SEEK_MS = 600000
# Linux has these numbers on every machine; MicroPython has no names for them.
IP_MULTICAST_TTL, IP_MULTICAST_LOOP, IP_ADD_MEMBERSHIP = 33, 34, 35
IPV6_MULTICAST_HOPS, IPV6_MULTICAST_LOOP, IPV6_JOIN_GROUP = 18, 19, 20
SO_BINDTODEVICE, IP_MULTICAST_ALL, IPV6_MULTICAST_ALL = 25, 49, 29


class MeshLinks:
    """Keeps the sockets in step with the interfaces, and carries datagrams both ways.

    section: the settings' `config mesh`.
    """

    def __init__(self, loop, section):
        self.loop = loop
        self.section = section
        self.sockets = {}
        self.classes = {}
        self.problems = {}
        self.lost = 0
        self.seeker = None

    def open(self, watch):
        """Open the way to hosts anywhere, then a link for every interface that is up."""
        self._begin(ANYWHERE, INTERNET)
        self._told(ANYWHERE, (INTERNET, False))
        watch.linked, watch.met, watch.lost = self.linked, self.met, self.adjust
        self.adjust()

    def probe(self, port):
        """Ask and answer at a port whether sound may go from here to another node."""
        for link, host in ((PROBES, "0.0.0.0"), (PROBES + 1, "::")):
            try:
                self._add(link, host, port, None)
            except OSError:
                continue  # Nobody answers then, and sound takes other ways.

    def seek(self, resolver):
        """Look up the owner's peers and search domains now, and again every ten minutes."""
        if self.section.peer or self.section.search_domain:
            resolver.seek(self.section, self._found)
            self.seeker = self.loop.call_later(SEEK_MS, lambda: self.seek(resolver))

    def _found(self, places):
        self.loop.perform(self.loop.engine.hear("mesh", "find_peers", places, self.loop.now()))

    def close(self):
        """Close everything."""
        self.loop.cancel(self.seeker)
        for link in list(self.sockets):
            self._drop(link)

    def send(self, effect):
        """Perform a SendMesh: to one address, or to the group of the link where there is none."""
        link, address = effect.link, effect.address
        if link in (ANYWHERE, PROBES) and address is not None and ":" in address[0]:
            link += 1
        opened = self.sockets.get(link)
        if opened is None:
            return
        if address is None:
            address = GROUP_IPV6 if link & 1 else GROUP_IPV4, self.section.port
        self._classify(link, opened, CS3 if effect.is_cell else CS6)
        try:
            opened.sendto(effect.data, sockets.address(address[0], address[1], link // 2))
        except OSError:
            self.lost += 1  # Full, or no way there now: hellos and acknowledgements notice.

    def _classify(self, link, opened, dscp):
        if self.classes.get(link) != dscp:
            self.classes[link] = dscp
            classify(opened, link & 1, dscp)

    def adjust(self):
        """Bring the links in step with the interfaces that are up now."""
        up = netlink.links()
        for index in {link // 2 for link in self.sockets if link > PROBES + 1}.difference(up):
            self.linked(index, "", False)
        for index in up:
            self.linked(index, up[index], True)

    def linked(self, index, name, is_up):
        """Open the links of an interface that is up, close those of one that is not."""
        is_amateur = name in self.section.amateur
        is_wanted = not self.section.interface or name in self.section.interface or is_amateur
        self.problems.pop(name, None)
        if is_up and is_amateur and not self.section.callsign:
            self.problems[name] = "amateur radio needs `option callsign` in `config mesh`"
        elif is_up and is_wanted:
            self._begin(index, name)
            return
        for link in (2 * index, 2 * index + 1):
            if link in self.sockets:
                self._drop(link)
                self._told(link, None)

    def _begin(self, index, name):
        """Open the links of an interface; it is enough when one family will do."""
        reason = ""
        for link, host in ((2 * index, "0.0.0.0"), (2 * index + 1, "::")):
            try:
                if link not in self.sockets:
                    self._add(link, host, self.section.port, name if index else None)
                    if index:
                        self._told(link, (name, True))
            except OSError as error:
                reason = sockets.reason(error)
        if 2 * index in self.sockets or 2 * index + 1 in self.sockets:
            self.problems.pop(name, None)
        else:
            self.problems[name] = reason

    def _told(self, link, name):
        self.loop.perform(self.loop.engine.hear("mesh", "link", link, name, self.loop.now()))

    def met(self, index, host):
        """The kernel has seen a neighbour on an interface: ask whether it is a node."""
        link = 2 * index + (":" in host)
        if link in self.sockets:
            address = host, self.section.port
            self.loop.perform(self.loop.engine.hear("mesh", "met", link, address, self.loop.now()))

    def _add(self, link, host, port, name):
        made = socket.socket(sockets.family_of(host), socket.SOCK_DGRAM)
        try:
            made.setblocking(False)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if link & 1:
                made.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1)
            _hear_own_groups(made, link)
            if name is not None:
                made.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, name.encode() + b"\0")
                _join(made, link)
            made.bind(sockets.address(host, port))
        except OSError:
            made.close()
            raise
        self.sockets[link] = made
        self.loop.watch(made.fileno(), lambda events: self._readable(link, made))

    def _drop(self, link):
        made = self.sockets.pop(link)
        self.classes.pop(link, None)
        self.loop.forget(made.fileno())
        made.close()

    def _readable(self, link, made):
        shown = link & ~1 if link <= PROBES + 1 else link
        for _ in range(sockets.BATCH):
            try:
                data, address = made.recvfrom(DATAGRAM_BYTES)
            except OSError:
                return  # Nothing more, or the error of an earlier datagram.
            source = sockets.place(address)
            hear, now = self.loop.engine.hear, self.loop.now()
            self.loop.perform(hear("mesh", "receive", data, shown, source, now))


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
        group = socket.inet_pton(sockets.AF_INET6, GROUP_IPV6)
        made.setsockopt(IPPROTO_IPV6, IPV6_JOIN_GROUP, group + struct.pack("I", index))
        made.setsockopt(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 255)
        made.setsockopt(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0)
    else:
        group = socket.inet_pton(sockets.AF_INET, GROUP_IPV4)
        request = group + bytes(4) + struct.pack("i", index)
        made.setsockopt(IPPROTO_IP, IP_ADD_MEMBERSHIP, request)
        made.setsockopt(IPPROTO_IP, IP_MULTICAST_TTL, 1)
        made.setsockopt(IPPROTO_IP, IP_MULTICAST_LOOP, 0)
