"""Sockets bound to one address of the machine, and the class of what they send (RFC 4594)."""

import socket

from .system import sockets

# Linux has these numbers on every machine; MicroPython has no names for them.
IPPROTO_IP, IPPROTO_IPV6, IPV6_V6ONLY = 0, 41, 26
IP_TOS, IPV6_TCLASS = 1, 67
# What keeps the mesh together, and signalling; sound has EF of its own libraries (RFC 2474: six
# bits, above two of congestion).
CS6, CS3 = 48 << 2, 24 << 2


def classify(made, is_ipv6, dscp):
    """Let routers and radios on the way know what a socket sends: CS6 or CS3."""
    level, option = (IPPROTO_IPV6, IPV6_TCLASS) if is_ipv6 else (IPPROTO_IP, IP_TOS)
    made.setsockopt(level, option, dscp)


def bound(kind, host, port, zone=0, reuse=False):
    """Return a socket that does not block, bound to an address; raises OSError.

    zone: index of the interface of a link's host; reuse: although old connections linger there.
    """
    made = socket.socket(sockets.family_of(host), kind)
    try:
        made.setblocking(False)
        if reuse:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if ":" in host:
            made.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1)
        made.bind(sockets.address(host, port, zone))
    except OSError:
        made.close()
        raise
    return made
