"""Sockets as CPython has them: the same words as in `world.micropython.sockets`."""

import errno
import os
import socket
import struct

from .ports import holder_of as holder_of

AF_UNIX, AF_INET, AF_INET6 = socket.AF_UNIX, socket.AF_INET, socket.AF_INET6
EISCONN = errno.EISCONN
# Datagrams taken in one wake-up; then streams, timers and other sockets have their turn.
BATCH = 64
READ_BYTES, NETLINK_BYTES = (16384, 65536)
# Asked of the kernel, which grants less: room for a burst while Python is busy.
RECEIVE_BUFFER_BYTES = 1 << 20
WAITING = (errno.EAGAIN, errno.EINPROGRESS, errno.EALREADY)

IP_RECVERR, IPV6_RECVERR, MSG_ERRQUEUE = 11, 25, 0x2000
# (origin, ICMP type) of "time exceeded", which section 18.4 of RFC 3261 says to ignore.
TIME_EXCEEDED = ((2, 11), (3, 3))
MAX_ERRORS = 64


def family_of(host):
    """Return the address family of an address in text form."""
    return AF_INET6 if ":" in host else AF_INET


def address(host, port, zone=0):
    """Return what bind, connect and sendto take; zone: index of the interface of a link's host."""
    if ":" in host and (zone or "%" in host):
        return host.partition("%")[0], port, 0, zone
    return host, port


def place(found):
    """Return (host, port) of what accept and recvfrom give; a host of a link has no zone here."""
    return found[0].partition("%")[0], found[1]


def path(name):
    """Return the address of a unix socket."""
    return name


def netlink(groups):
    """Return a socket to the kernel's routing tables."""
    made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    made.bind((0, groups))
    return made


def is_address(host):
    """Tell whether a text is an IP address."""
    try:
        socket.inet_pton(family_of(host), host)
    except (OSError, ValueError):
        return False
    return True


def canonical(host):
    """Return an address in the form in which the machine's own list has it."""
    family = family_of(host)
    try:
        return socket.inet_ntop(family, socket.inet_pton(family, host))
    except OSError:  # A name: it matches no address.
        return host


def reason(error):
    """Return what an OSError says."""
    return error.strerror or str(error)


def ask_for_errors(made, host):
    """Have the kernel keep what ICMP says of datagrams, and give a socket room for a burst."""
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    if ":" in host:
        made.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
    else:
        made.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)


def errors(made):
    """Yield (address, reason) of the peers that ICMP calls unreachable."""
    for _ in range(MAX_ERRORS):
        try:
            _, ancillary, _, found = made.recvmsg(0, 512, MSG_ERRQUEUE)
        except OSError:
            return
        for _, _, data in ancillary:
            number, origin, kind = struct.unpack_from("=IBB", data)
            if number != errno.EMSGSIZE and (origin, kind) not in TIME_EXCEEDED:
                yield found, os.strerror(number)
