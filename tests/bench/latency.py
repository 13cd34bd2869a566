"""How long an INVITE takes through a server: a pair of UDP sockets, one calling, one called."""

import select
import socket
import statistics
import time

from tests.system.sipp.runner import DOMAIN, HOST

INVITE = """INVITE sip:{user}@{domain} SIP/2.0
Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bKlatency{number}
From: <sip:caller@{host}:{port}>;tag=l{number}
To: <sip:{user}@{domain}>
Call-ID: latency{number}@{host}
CSeq: 1 INVITE
Contact: <sip:caller@{host}:{port}>
Max-Forwards: 70
Content-Length: 0

"""
ACK = """ACK sip:{user}@{domain} SIP/2.0
Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bKlatency{number}
From: <sip:caller@{host}:{port}>;tag=l{number}
To: {to}
Call-ID: latency{number}@{host}
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

"""
KEPT = (b"Via", b"From", b"To", b"Call-ID", b"CSeq")
PATIENCE_SECONDS = 2


def setup_microseconds(server_port, caller_port, phones_port, user, count, rate):
    """Return the (median, 95th percentile) of INVITE sent to INVITE received.

    Every call is refused with 486, so that no transaction stays open.
    """
    with _bound(caller_port) as caller, _bound(phones_port) as called:
        pair = _Pair(caller, called, (HOST, server_port), user)
        begun = time.monotonic()
        for number in range(count):
            pair.serve(begun + number / rate)
            pair.invite(number)
        pair.serve(time.monotonic() + PATIENCE_SECONDS, count)
    if len(pair.taken) < count:
        raise AssertionError("%d of %d INVITEs arrived" % (len(pair.taken), count))
    taken = sorted(pair.taken.values())
    return statistics.median(taken), taken[int(0.95 * len(taken))]


def _bound(port):
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((HOST, port))
    return made


class _Pair:
    """taken: Call-ID -> microseconds that its INVITE took."""

    def __init__(self, caller, called, server, user):
        self.caller = caller
        self.called = called
        self.server = server
        self.fields = {
            "user": user,
            "domain": DOMAIN,
            "host": HOST,
            "port": caller.getsockname()[1],
        }
        self.sent = []
        self.taken = {}
        self.refused = set()

    def invite(self, number):
        data = _wire(INVITE, number=number, **self.fields)
        self.sent.append(time.perf_counter_ns())
        self.caller.sendto(data, self.server)

    def serve(self, until, count=None):
        """Answer what comes in until a time, or until `count` calls have been refused."""
        while len(self.refused) != count and (left := until - time.monotonic()) > 0:
            readable, _, _ = select.select([self.caller, self.called], [], [], left)
            if self.called in readable:
                self._take_called(time.perf_counter_ns())
            if self.caller in readable:
                self._take_caller()

    def _take_called(self, now):
        data, source = self.called.recvfrom(65535)
        if not data.startswith(b"INVITE"):
            return
        fields = _fields(data)
        number = _number(fields)
        self.taken.setdefault(number, (now - self.sent[number]) / 1000)
        lines = [b"SIP/2.0 486 Busy Here"]
        for name, line in fields:
            if name in KEPT:
                lines.append(line + b";tag=b%d" % number if name == b"To" else line)
        lines.append(b"Content-Length: 0")
        self.called.sendto(b"\r\n".join(lines) + b"\r\n\r\n", source)

    def _take_caller(self):
        data, _ = self.caller.recvfrom(65535)
        if not data.startswith(b"SIP/2.0 486"):
            return
        fields = _fields(data)
        number = _number(fields)
        self.refused.add(number)
        to = dict(fields)[b"To"].partition(b": ")[2].decode()
        self.caller.sendto(_wire(ACK, number=number, to=to, **self.fields), self.server)


def _wire(text, **fields):
    return text.format(**fields).replace("\n", "\r\n").encode()


def _fields(data):
    lines = data.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    return [(line.partition(b":")[0], line) for line in lines]


def _number(fields):
    """Return the number of the call; a B2BUA may put something behind the Call-ID."""
    return int(dict(fields)[b"Call-ID"].partition(b"latency")[2].partition(b"@")[0])
