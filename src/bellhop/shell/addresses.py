"""The machine's addresses and their changes, by netlink (rtnetlink(7)), without a library."""

import socket
import struct

RTM_NEWADDR, RTM_GETADDR = 20, 22
NLMSG_ERROR, NLMSG_DONE = 2, 3
REQUEST_DUMP = 0x301
IFA_ADDRESS, IFA_LOCAL, IFA_FLAGS = 1, 2, 8
# Not usable (duplicate, not yet proved unique), or made to be forgotten soon (RFC 8981).
TEMPORARY, DUPLICATE, TENTATIVE = 0x01, 0x08, 0x40
UNFIT = TEMPORARY | DUPLICATE | TENTATIVE
SCOPE_LINK = 253
# Groups of changes: links, IPv4 addresses, IPv6 addresses.
CHANGES = 0x1 | 0x10 | 0x100

HEADER = struct.Struct("=IHHII")
ADDRESS_MESSAGE = struct.Struct("=BBBBI")
ATTRIBUTE = struct.Struct("=HH")
BUFFER_BYTES = 65536
# A change comes as a burst of messages: one look is enough, and a new address needs a moment.
SETTLE_SECONDS = 0.2


def addresses():
    """Return every address of the machine on which one can listen, as text, in a fixed order.

    Those of a link are left out: link_addresses.
    """
    return [host for host in _all() if "%" not in host]


def link_addresses():
    """Return the IPv6 link-local addresses of the machine, each with its zone (RFC 4007)."""
    return [host for host in _all() if "%" in host]


def socket_address(host, port):
    """Return what bind and sendto take for a host; one of a link has its zone behind a %."""
    host, _, zone = host.partition("%")
    return (host, port, 0, socket.if_nametoindex(zone)) if zone else (host, port)


def _all():
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as asked:
        asked.settimeout(1)
        body = ADDRESS_MESSAGE.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
        asked.send(HEADER.pack(HEADER.size + len(body), RTM_GETADDR, REQUEST_DUMP, 1, 0) + body)
        found = set()
        while _collect(asked.recv(BUFFER_BYTES), found):
            pass
    return sorted(found, key=lambda host: (":" in host, host))


def _collect(data, found):
    """Add the addresses in one netlink datagram; tell whether more follow."""
    at = 0
    while at + HEADER.size <= len(data):
        size, kind = HEADER.unpack_from(data, at)[:2]
        if kind in (NLMSG_DONE, NLMSG_ERROR) or size < HEADER.size:
            return False
        if kind == RTM_NEWADDR:
            host = _usable(data[at + HEADER.size : at + size])
            if host is not None:
                found.add(host)
        at += _aligned(size)
    return True


def _usable(message):
    family, _, flags, scope, index = ADDRESS_MESSAGE.unpack_from(message)
    fields = attributes(message[ADDRESS_MESSAGE.size :])
    if IFA_FLAGS in fields:
        flags = struct.unpack("=I", fields[IFA_FLAGS])[0]
    octets = fields.get(IFA_LOCAL) or fields.get(IFA_ADDRESS)
    if octets is None or flags & UNFIT:
        return None
    host = socket.inet_ntop(family, octets)
    if family != socket.AF_INET6 or scope != SCOPE_LINK:
        return host
    try:
        return "%s%%%s" % (host, socket.if_indextoname(index))
    except OSError:  # It has gone since.
        return None


def attributes(data):
    """Return the attributes in the tail of a netlink message: kind -> octets."""
    found = {}
    at = 0
    while at + ATTRIBUTE.size <= len(data):
        size, kind = ATTRIBUTE.unpack_from(data, at)
        if size < ATTRIBUTE.size:
            break
        found[kind] = data[at + ATTRIBUTE.size : at + size]
        at += _aligned(size)
    return found


def _aligned(size):
    return (size + 3) & ~3


class Watch:
    """Calls `changed()` a moment after the addresses or links of the machine have changed."""

    def __init__(self, aio, changed):
        self.aio = aio
        self.changed = changed
        self.timer = None
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self.socket.setblocking(False)
        self.socket.bind((0, CHANGES))
        aio.add_reader(self.socket, self._readable)

    def _readable(self):
        try:
            while True:
                self.socket.recv(BUFFER_BYTES)
        except BlockingIOError:
            pass
        except OSError:  # The kernel had no room for all: something did change.
            pass
        if self.timer is None:
            self.timer = self.aio.call_later(SETTLE_SECONDS, self._settled)

    def _settled(self):
        self.timer = None
        self.changed()

    def close(self):
        """Stop watching."""
        self.aio.remove_reader(self.socket)
        self.socket.close()
