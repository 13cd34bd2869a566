"""Sockets as MicroPython has them: addresses are those of the kernel, and nothing is named.

A structure of C is packed in the machine's own byte order, which has no prefix in a format.
"""

import errno
import socket
import struct

AF_UNIX, AF_INET, AF_INET6, AF_NETLINK = socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, 16
# Linux on MIPS numbers errors and signals in its own way (errno(3)).
IS_MIPS = errno.EINPROGRESS == 150
EISCONN = 133 if IS_MIPS else 106
WAITING = (errno.EAGAIN, errno.EINPROGRESS, errno.EALREADY)
# Linux has these numbers on every machine; MicroPython has no names for them.
NAMES = {28: "ENOSPC: the disk is full", 30: "EROFS: the disk cannot be written"}
# Datagrams taken in one wake-up: a question in vain takes memory for an answer.
BATCH = 1
READ_BYTES, NETLINK_BYTES = (2048, 8192)


def family_of(host):
    """Return the address family of an address in text form."""
    return AF_INET6 if ":" in host else AF_INET


def address(host, port, zone=0):
    """Return sockaddr_in or sockaddr_in6; raises OSError or ValueError where host is no address.

    zone: index of the interface of a link's host.
    """
    host = host.partition("%")[0]
    if ":" not in host:
        octets = socket.inet_pton(AF_INET, host)
        return struct.pack("H", AF_INET) + struct.pack(">H", port) + octets + bytes(8)
    octets = socket.inet_pton(AF_INET6, host)
    head = struct.pack("H", AF_INET6) + struct.pack(">HI", port, 0)
    return head + octets + struct.pack("I", zone)


def place(found):
    """Return (host, port) of a sockaddr; a host of a link has no zone here."""
    port = struct.unpack_from(">H", found, 2)[0]
    if struct.unpack_from("H", found)[0] == AF_INET:
        return socket.inet_ntop(AF_INET, found[4:8]), port
    return socket.inet_ntop(AF_INET6, found[8:24]), port


def path(name):
    """Return sockaddr_un."""
    return struct.pack("H", AF_UNIX) + name.encode() + b"\0"


def netlink(groups):
    """Return a socket to the kernel's routing tables."""
    made = socket.socket(AF_NETLINK, socket.SOCK_RAW, 0)
    made.bind(struct.pack("HHII", AF_NETLINK, 0, 0, groups))
    return made


def is_address(host):
    """Tell whether a text is an IP address."""
    try:
        address(host, 0)
    except (OSError, ValueError):
        return False
    return True


def canonical(host):
    """Return an address in the form in which the machine's own list has it."""
    return place(address(host, 0))[0] if is_address(host) else host


def reason(error):
    """Return what an OSError says: the name of its number."""
    known = errno.errorcode.get(error.errno) or NAMES.get(error.errno)
    return known or "error %s" % error.errno


def holder_of(listener):
    """Return who has the port of a listener."""
    return "another process"


def ask_for_errors(made, host):
    """Do nothing: there is no way here to read what ICMP says of datagrams."""


def errors(made):
    """Return no errors."""
    return ()
