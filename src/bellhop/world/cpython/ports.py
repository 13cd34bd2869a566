"""Who holds a port: for the error of a node that cannot start."""

import os
import socket
import struct

LISTEN = "0A"


def holder_of(listener):
    """Return who has the port of a listener: "process NAME (pid N)", or "another process"."""
    inodes = _inodes("udp" if listener.transport == "udp" else "tcp", listener)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            links = {os.readlink(entry.path) for entry in os.scandir("/proc/%s/fd" % pid)}
            if links & inodes:
                with open("/proc/%s/comm" % pid) as name:
                    return "process %s (pid %s)" % (name.read().strip(), pid)
        except OSError:  # Gone in the meantime, or of another user.
            continue
    return "another process"


def _inodes(table, listener):
    """Return the sockets that may be in the way, as the names of their /proc/PID/fd links."""
    found = set()
    for name in (table, table + "6"):
        try:
            with open("/proc/net/" + name) as rows:
                fields = [row.split() for row in rows][1:]
        except OSError:  # No IPv6 here.
            continue
        for row in fields:
            host, _, port = row[1].rpartition(":")
            is_open = table == "udp" or row[3] == LISTEN
            if is_open and int(port, 16) == listener.port and _overlaps(host, listener.host):
                found.add("socket:[%s]" % row[9])
    return found


def _overlaps(row_host, host):
    """Compare an address of /proc/net (words in machine order, hex) with one in text form."""
    words = [row_host[at : at + 8] for at in range(0, len(row_host), 8)]
    octets = b"".join([struct.pack("=I", int(word, 16)) for word in words])
    if not octets.strip(b"\0"):
        return True
    family = socket.AF_INET6 if len(octets) == 16 else socket.AF_INET
    return socket.inet_ntop(family, octets).removeprefix("::ffff:") == host
