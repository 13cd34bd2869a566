"""Asks the router in front of this one to lead ports here: PCP (RFC 6887), NAT-PMP (RFC 6886).

Octets in and out, and which of the ways is tried next. UPnP is a program's work (shell/mesh).
"""

from collections import namedtuple

from ..errors import MeshError
from .address import pack, unpack

UDP, TCP = 17, 6
LIFETIME = 7200
NONCE_BYTES = 12
ANNOUNCE, MAP, ANSWER = 0, 1, 128
PCP_VERSION, PCP_BYTES = 2, 60
MAPPED = bytes(10) + b"\xff\xff"
SUCCESS, OLD_VERSION = 0, 1
# RFC 6887 section 7.4 and RFC 6886 section 3.5, in words.
RESULTS = {
    2: "it does not allow that", 3: "it did not understand", 4: "it cannot do that",
    8: "it has no room for more", 11: "somebody else has the port",
    12: "another router is between", 13: "too many others have its ports",
}  # fmt: skip
OLD_RESULTS = {2: "it does not allow that", 3: "it has no address itself", 4: "it has no room"}

IDLE, PCP, NAT_PMP, UPNP, NONE = STATES = ("idle", "PCP", "NAT-PMP", "UPnP", "none")
FOUND, SILENT, OLD, REFUSED, GONE = EVENTS = ("found", "silent", "old", "refused", "gone")
TABLE = {
    (IDLE, FOUND): PCP,
    (PCP, FOUND): PCP,
    (PCP, SILENT): NAT_PMP,
    (PCP, OLD): NAT_PMP,
    (PCP, REFUSED): UPNP,
    (PCP, GONE): IDLE,
    (NAT_PMP, FOUND): PCP,
    (NAT_PMP, SILENT): UPNP,
    (NAT_PMP, OLD): UPNP,
    (NAT_PMP, REFUSED): UPNP,
    (NAT_PMP, GONE): IDLE,
    (UPNP, FOUND): PCP,
    (UPNP, SILENT): NONE,
    (UPNP, REFUSED): NONE,
    (UPNP, GONE): IDLE,
    (NONE, FOUND): PCP,
    (NONE, GONE): IDLE,
}
IGNORED = {
    (IDLE, SILENT): "nobody was asked",
    (IDLE, OLD): "nobody was asked",
    (IDLE, REFUSED): "nobody was asked",
    (IDLE, GONE): "there was none",
    (UPNP, OLD): "a late answer to one of the other protocols",
    (NONE, SILENT): "nobody was asked",
    (NONE, OLD): "a late answer",
    (NONE, REFUSED): "a late answer",
}

# What a gateway says. protocol, nonce, port: of the lease that it is about, None for all; address:
# text, or None; epoch: its seconds since it forgot all (RFC 6887 section 8.5).
Answer = namedtuple(
    "Answer", ("result", "epoch", "seconds", "protocol", "nonce", "port", "external", "address")
)


class Lease:
    """One port that is to lead here. protocol: UDP or TCP; external, address: as it was given."""

    def __init__(self, protocol, port, nonce):
        self.protocol = protocol
        self.port = port
        self.nonce = nonce
        self.external = self.address = None
        self.until = 0
        self.tries = 0
        self.deadline = self.queued = None

    def give(self, external, address, until):
        """Take what the gateway has given; until: ms."""
        self.external, self.address, self.until, self.tries = external, address, until, 0

    def drop(self):
        """The gateway does not lead it here any more."""
        self.give(None, None, 0)

    def ask(self, at):
        """Note that it was asked for once more; at: when it is to be asked again."""
        self.tries += 1
        self.deadline = at

    def rest(self, at):
        """Set when it is to be asked for, None: not now."""
        self.tries, self.deadline = 0, at


class Lease6(Lease):
    """A hole in a firewall for one port by IPv6: another feature is woken for it."""


def write_pcp(lease, client, seconds):
    """Return a MAP request; client: this node's own address, text (RFC 6887 section 11.1)."""
    head = bytes((PCP_VERSION, MAP, 0, 0)) + seconds.to_bytes(4, "big") + _mapped(client)
    body = lease.nonce + bytes((lease.protocol, 0, 0, 0)) + lease.port.to_bytes(2, "big")
    wanted = lease.external or lease.port
    address = _mapped(lease.address) if lease.address else MAPPED + bytes(4)
    return head + body + wanted.to_bytes(2, "big") + address


def _mapped(host):
    octets = pack(host)
    return octets if len(octets) == 16 else MAPPED + octets


def write_natpmp(lease, seconds):
    """Return a request for a port (RFC 6886 section 3.3)."""
    ports = lease.port.to_bytes(2, "big") + (lease.external or lease.port).to_bytes(2, "big")
    return bytes((0, 1 if lease.protocol == UDP else 2, 0, 0)) + ports + seconds.to_bytes(4, "big")


def write_natpmp_address():
    """Return the question for the gateway's own address (RFC 6886 section 3.2)."""
    return bytes(2)


def read(data):
    """Return the Answer in a datagram of a gateway; raises MeshError."""
    if len(data) >= 24 and data[0] == PCP_VERSION and data[1] in (MAP | ANSWER, ANNOUNCE | ANSWER):
        return _read_pcp(data)
    if len(data) >= 8 and data[0] == 0 and data[1] & ANSWER:
        return _read_natpmp(data)
    raise MeshError("not an answer of a gateway")


def _read_pcp(data):
    result, seconds, epoch = data[3], _number(data, 4, 4), _number(data, 8, 4)
    if len(data) < PCP_BYTES:
        if result == SUCCESS and data[1] == MAP | ANSWER:
            raise MeshError("a lease is not whole")
        return Answer(result, epoch, seconds, None, None, None, None, None)
    octets = data[44:60]
    address = unpack(octets[12:] if octets[:12] == MAPPED else octets)
    port, external = _number(data, 40, 2), _number(data, 42, 2)
    return Answer(result, epoch, seconds, data[36], data[24:36], port, external, address)


def _read_natpmp(data):
    kind, result, epoch = data[1] & 127, _number(data, 2, 2), _number(data, 4, 4)
    if kind == 0 and result == SUCCESS and len(data) >= 12:
        return Answer(result, epoch, 0, None, None, None, None, unpack(data[8:12]))
    if kind in (1, 2) and len(data) >= 16:
        protocol, port, external = (UDP, TCP)[kind - 1], _number(data, 8, 2), _number(data, 10, 2)
        return Answer(result, epoch, _number(data, 12, 4), protocol, None, port, external, None)
    if result != SUCCESS:  # Of a version that it does not know, it says no more.
        return Answer(result, epoch, 0, None, None, None, None, None)
    raise MeshError("not an answer of a gateway")


def _number(data, at, size):
    return int.from_bytes(data[at : at + size], "big")
