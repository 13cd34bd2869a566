"""Sockets bound to one address of the machine."""

import socket

from .system import sockets

# Linux has these numbers on every machine; MicroPython has no names for them.
IPPROTO_IPV6, IPV6_V6ONLY = 41, 26


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
