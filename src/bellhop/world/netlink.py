"""The machine's addresses, links and neighbours, and their changes, by netlink (rtnetlink(7)).

Structures of C are packed without a prefix: in the machine's own byte order and alignment.
"""

import socket
import struct

from .system import sockets

AF_INET, AF_INET6 = sockets.AF_INET, sockets.AF_INET6
RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK, RTM_NEWADDR, RTM_GETADDR = 16, 17, 18, 20, 22
RTM_NEWROUTE, RTM_GETROUTE, RTM_NEWNEIGH = 24, 26, 28
NLMSG_ERROR, NLMSG_DONE = 2, 3
REQUEST, REQUEST_DUMP = 0x1, 0x301
IFA_ADDRESS, IFA_LOCAL, IFA_FLAGS, IFLA_IFNAME, NDA_DST, RTA_DST = 1, 2, 8, 3, 1, 1
RTA_OIF, RTA_GATEWAY, RTA_PREFSRC = 4, 5, 7
# Not usable (duplicate, not yet proved unique), or made to be forgotten soon (RFC 8981). What marks
# those of IPv6 marks an IPv4 address that has another of its network before it: it is as good.
UNPROVED, TEMPORARY = 0x08 | 0x40, 0x01
SCOPE_LINK = 253
# Up, with a carrier, and multicast; loopback is none of it.
USABLE, LOOPBACK = 0x1 | 0x10000 | 0x1000, 0x8
NUD_FRESH = 0x02 | 0x04 | 0x10  # reachable, stale, probe
# Groups of changes: links, neighbours, IPv4 addresses, IPv6 addresses.
CHANGES = 0x1 | 0x4 | 0x10 | 0x100

HEADER, HEADER_BYTES = "IHHII", 16
ADDRESS, ADDRESS_BYTES = "BBBBI", 8
LINK, LINK_BYTES = "BBHiII", 16
NEIGHBOUR, NEIGHBOUR_BYTES = "BBHiHBB", 12
ROUTE, ROUTE_BYTES = "BBBBBBBBI", 12
ANSWER_SECONDS = 1
# A change comes as a burst of messages: one look is enough, and a new address needs a moment.
SETTLE_MS = 200


def _ask(kind, flags, body):
    """Return the bodies of the messages that answer one request: [(kind, octets)]."""
    asked = sockets.netlink(0)
    try:
        asked.settimeout(ANSWER_SECONDS)
        asked.send(struct.pack(HEADER, HEADER_BYTES + len(body), kind, flags, 1, 0) + body)
        found = []
        while True:
            for answer in messages(asked.recv(sockets.NETLINK_BYTES)):
                if answer[0] in (NLMSG_DONE, NLMSG_ERROR):
                    return found
                found.append(answer)
            if flags == REQUEST:
                return found
    finally:
        asked.close()


def messages(data):
    """Return [(kind, octets)] of the messages in one datagram of netlink."""
    found = []
    at = 0
    while at + HEADER_BYTES <= len(data):
        size, kind = struct.unpack_from(HEADER, data, at)[:2]
        if size < HEADER_BYTES:
            break
        found.append((kind, data[at + HEADER_BYTES : at + size]))
        at += (size + 3) & ~3
    return found


def attributes(data):
    """Return the attributes in the tail of a netlink message: kind -> octets."""
    found = {}
    at = 0
    while at + 4 <= len(data):
        size, kind = struct.unpack_from("HH", data, at)
        if size < 4:
            break
        found[kind] = data[at + 4 : at + size]
        at += (size + 3) & ~3
    return found


def _text(octets):
    return socket.inet_ntop(AF_INET if len(octets) == 4 else AF_INET6, octets)


def addresses():
    """Return (addresses on which one can listen, those of links, indexes).

    The first is a list of texts in a fixed order; the second a dict, IPv6 link-local address with
    its zone (RFC 4007) -> index of the interface; the third: each of the first -> that index.
    """
    found, links = {}, []
    for _, body in _ask(RTM_GETADDR, REQUEST_DUMP, struct.pack(ADDRESS, 0, 0, 0, 0, 0)):
        _, _, flags, scope, index = struct.unpack_from(ADDRESS, body)
        fields = attributes(body[ADDRESS_BYTES:])
        if IFA_FLAGS in fields:
            flags = struct.unpack("I", fields[IFA_FLAGS])[0]
        octets = fields.get(IFA_LOCAL) or fields.get(IFA_ADDRESS)
        if octets is None or flags & UNPROVED or (flags & TEMPORARY and len(octets) == 16):
            continue
        if len(octets) == 16 and scope == SCOPE_LINK:
            links.append((_text(octets), index))
        else:
            found[_text(octets)] = index
    names = {index: name for index, name, _ in _links()} if links else {}
    zones = {"%s%%%s" % (host, names[index]): index for host, index in links if index in names}
    return sorted(found, key=lambda host: (":" in host, host)), zones, found


def networks():
    """Return [(address as text, its octets, prefix length)] of this machine, loopback included."""
    found = []
    for _, body in _ask(RTM_GETADDR, REQUEST_DUMP, struct.pack(ADDRESS, 0, 0, 0, 0, 0)):
        bits = struct.unpack_from(ADDRESS, body)[1]
        fields = attributes(body[ADDRESS_BYTES:])
        octets = fields.get(IFA_LOCAL) or fields.get(IFA_ADDRESS)
        if octets is not None:
            found.append((_text(octets), octets, bits))
    return found


def _links():
    body = struct.pack(LINK, 0, 0, 0, 0, 0, 0)
    return [_link(kind, one) for kind, one in _ask(RTM_GETLINK, REQUEST_DUMP, body)]


def _link(kind, body):
    """Return (index, name, whether it is up and knows multicast) of a message about a link."""
    _, _, _, index, flags, _ = struct.unpack_from(LINK, body)
    name = attributes(body[LINK_BYTES:]).get(IFLA_IFNAME, b"").rstrip(b"\0").decode()
    is_up = flags & USABLE == USABLE and not flags & LOOPBACK
    return index, name, kind == RTM_NEWLINK and is_up


def links():
    """Return the interfaces that are up and know multicast: index -> name."""
    return {index: name for index, name, is_up in _links() if is_up}


def source_towards(host):
    """Return the local address from which the kernel would reach an address, or None."""
    source = _route(host).get(RTA_PREFSRC)
    return None if source is None else _text(source)


def gateway_towards(host):
    """Return (router, own address towards it) on the way to an address, (None, None) for none.

    A link-local router has its zone (RFC 4007).
    """
    route = _route(host)
    gateway, source = route.get(RTA_GATEWAY), route.get(RTA_PREFSRC)
    if gateway is None or source is None:
        return None, None
    router = _text(gateway)
    if router.startswith("fe80:"):
        router += "%" + socket.if_indextoname(struct.unpack("I", route[RTA_OIF])[0])
    return router, _text(source)


def _route(host):
    """Return the attributes of the way to an address, kind -> octets; none where there is none."""
    family = sockets.family_of(host)
    octets = socket.inet_pton(family, host.partition("%")[0])
    head = struct.pack(ROUTE, family, 8 * len(octets), 0, 0, 0, 0, 0, 0, 0)
    body = head + struct.pack("HH", 4 + len(octets), RTA_DST) + octets
    for kind, answer in _ask(RTM_GETROUTE, REQUEST, body):
        if kind == RTM_NEWROUTE:
            return attributes(answer[ROUTE_BYTES:])
    return {}


class Watch:
    """Calls changed() a moment after addresses or links have changed.

    linked(index, name, is_up): at once, of an interface; met(index, host): a neighbour that the
    kernel has just seen there; lost(): the kernel had no room for all that happened.
    """

    def __init__(self, loop, changed):
        self.loop = loop
        self.changed = changed
        self.linked = self.met = lambda *arguments: None
        self.lost = lambda: None
        self.timer = None
        self.socket = sockets.netlink(CHANGES)
        self.socket.setblocking(False)
        loop.watch(self.socket.fileno(), self._readable)

    def _readable(self, events):
        try:
            found = messages(self.socket.recv(sockets.NETLINK_BYTES))
        except OSError as error:
            if error.errno in sockets.WAITING:
                return
            found = [(0, b"")]
            self.lost()
        for kind, body in found:
            if kind == RTM_NEWNEIGH:
                self._neighbour(body)
                continue
            # The first octet is the family: a port that leaves its bridge is told of as well.
            if kind in (RTM_NEWLINK, RTM_DELLINK) and not body[0]:
                self.linked(*_link(kind, body))
            if self.timer is None:
                self.timer = self.loop.call_later(SETTLE_MS, self._settled)

    def _neighbour(self, body):
        _, _, _, index, state, _, _ = struct.unpack_from(NEIGHBOUR, body)
        octets = attributes(body[NEIGHBOUR_BYTES:]).get(NDA_DST, b"")
        if state & NUD_FRESH and len(octets) in (4, 16):
            self.met(index, _text(octets))

    def _settled(self):
        self.timer = None
        self.changed()

    def close(self):
        """Stop watching."""
        self.loop.cancel(self.timer)
        self.loop.forget(self.socket.fileno())
        self.socket.close()
