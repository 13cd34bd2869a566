"""Addresses as the kernel has them, and sockets bound to one: MicroPython gives no more than that.

A structure of C is packed in the machine's own byte order, which has no prefix in a format.
"""

import errno
import socket
import struct

AF_UNIX, AF_INET, AF_INET6 = socket.AF_UNIX, socket.AF_INET, socket.AF_INET6
# Linux on MIPS numbers errors and signals in its own way (errno(3)).
IS_MIPS = errno.EINPROGRESS == 150
EAGAIN, EISCONN = errno.EAGAIN, 133 if IS_MIPS else 106
# Linux has these numbers on every machine; MicroPython has no names for them.
NAMES = {28: "ENOSPC: the disk is full", 30: "EROFS: the disk cannot be written"}
IPPROTO_IP, IPPROTO_IPV6, IPV6_V6ONLY = 0, 41, 26


def family_of(host):
    """Return the address family of an address in text form."""
    return AF_INET6 if ":" in host else AF_INET


def packed(host, port):
    """Return sockaddr_in or sockaddr_in6; raises OSError or ValueError where host is no address."""
    address, _, zone = host.partition("%")
    if ":" not in address:
        octets = socket.inet_pton(AF_INET, address)
        return struct.pack("H", AF_INET) + struct.pack(">H", port) + octets + bytes(8)
    octets = socket.inet_pton(AF_INET6, address)
    head = struct.pack("H", AF_INET6) + struct.pack(">HI", port, 0)
    return head + octets + struct.pack("I", int(zone or 0))


def unpacked(data):
    """Return (host, port) of a sockaddr; a link-local host has its interface behind a %."""
    port = struct.unpack_from(">H", data, 2)[0]
    if struct.unpack_from("H", data)[0] == AF_INET:
        return socket.inet_ntop(AF_INET, data[4:8]), port
    zone = struct.unpack_from("I", data, 24)[0]
    host = socket.inet_ntop(AF_INET6, data[8:24])
    return (host + "%" + str(zone) if zone else host), port


def packed_path(path):
    """Return sockaddr_un."""
    return struct.pack("H", AF_UNIX) + path.encode() + b"\0"


def bound(kind, host, port, reuse=False):
    """Return a socket that does not block, bound to an address; raises OSError."""
    made = socket.socket(family_of(host), kind)
    try:
        made.setblocking(False)
        if reuse:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if ":" in host:
            made.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1)
        made.bind(packed(host, port))
    except OSError:
        made.close()
        raise
    return made


def is_address(host):
    """Tell whether a text is an IP address."""
    try:
        packed(host, 0)
    except (OSError, ValueError):
        return False
    return True


def words(error):
    """Return what an OSError says: the name of its number."""
    known = errno.errorcode.get(error.errno) or NAMES.get(error.errno)
    return known or "error %s" % error.errno
