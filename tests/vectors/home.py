"""A whole node on a clock and a randomness that the test controls; runs on both interpreters."""

import hashlib

from bellhop.effects import Close, Event, Flow, Listener, Resolve, Send
from bellhop.features import catalogue
from bellhop.settings import reader
from bellhop.sip import digest, message

START = 1000000
LISTENERS = (
    Listener("udp", "192.0.2.200", 5060),
    Listener("tcp", "192.0.2.200", 5060),
    Listener("udp", "2001:db8::10", 5060),
)
UDP, TCP, UDP6 = range(3)

CONFIG = """
config privacy
    option uniform 0
config node
    option domain example.com
    option strangers allow
    option stranger_requests_per_minute 0
config user alice
    option password one
    option extension 201
config user bob
    option password two
    option extension 202
"""
PASSWORDS = {b"alice": b"one", b"bob": b"two"}


def udp(host, port=5060):
    """Return the flow of datagrams from a host."""
    return Flow("udp", UDP6 if ":" in host else UDP, host, port, 0, "")


def tcp(host, port, connection):
    """Return the flow of one stream."""
    return Flow("tcp", TCP, host, port, connection, "")


def lines(*parts):
    """Return header lines and what follows as bytes, each with its line end."""
    return b"\r\n".join(parts) + b"\r\n"


class Home:
    """One node. `now` moves when the test moves it.

    closed: flows that it closed; events: what it told; asked: (host, port) of each name to find.
    """

    def __init__(self, text=CONFIG, name=b"home"):
        self.now = START
        self.name = name
        self.drawn = 0
        self.closed = []
        self.events = []
        self.asked = []
        self.engine = catalogue.node(reader.parse(text, "test"), self.random, self.now)
        self.engine.listen(LISTENERS, self.now)

    def random(self, count):
        """Return `count` octets that differ at each call and are the same in each run."""
        out = b""
        while len(out) < count:
            self.drawn += 1
            out += hashlib.sha256(self.name + str(self.drawn).encode()).digest()
        return out[:count]

    def receive(self, data, flow):
        """Give the node one message; return the list of (flow, bytes) that it sends."""
        return self.perform(self.engine.receive(data, flow, self.now))

    def wait(self, milliseconds):
        """Let time pass; return what the node sends meanwhile."""
        end = self.now + milliseconds
        sent = []
        due = self.engine.next_deadline()
        while due is not None and due <= end:
            self.now = max(self.now, due)
            sent += self.perform(self.engine.fire(self.now))
            due = self.engine.next_deadline()
        self.now = end
        return sent

    def perform(self, effects):
        """Carry effects out: every name is found at once, at the address 203.0.113.9."""
        sent = []
        for effect in effects:
            if isinstance(effect, Send):
                sent.append((effect.flow, effect.data))
            elif isinstance(effect, Close):
                self.closed.append(effect.flow)
            elif isinstance(effect, Event):
                self.events.append(effect)
            elif isinstance(effect, Resolve):
                self.asked.append((effect.host, effect.port))
                hops = [Flow("udp", UDP, "203.0.113.9", effect.port or 5060, 0, "")]
                found = self.engine.resolved(effect.query, hops, None, self.now)
                sent += self.perform(found)
        return sent

    def ask(self, data, flow):
        """Give the node a request; return the first response to `flow`, or None."""
        return first_response(self.receive(data, flow), flow)

    def register(self, user, contact, flow, number=1, more=(), host=b"example.com"):
        """Register as a phone does: challenge, then digest; return the final Response."""
        request = register_request(user, contact, number, more, host)
        refused = self.ask(request, flow)
        if refused.status != 401:
            return refused
        request = register_request(user, contact, number + 1, more, host)
        proof = authorization(refused, user, PASSWORDS[user], b"REGISTER", b"sip:" + host)
        return self.ask(with_line(request, proof), flow)

    def status(self):
        """Return what the control socket would tell."""
        return self.engine.status(self.now)


def first_response(sent, flow):
    """Return the first Response among what is sent to the address of `flow`, or None."""
    for where, data in sent:
        if where.host == flow.host and data[:8] == b"SIP/2.0 ":
            return message.parse(data)
    return None


def requests(sent):
    """Return the (flow, Request) pairs among what is sent."""
    return [(flow, message.parse(data)) for flow, data in sent if data[:8] != b"SIP/2.0 "]


def register_request(user, contact, number, more=(), host=b"example.com"):
    """Return the REGISTER of a plain phone; contact: the whole value, or None for none."""
    out = [
        b"REGISTER sip:" + host + b" SIP/2.0",
        b"Via: SIP/2.0/UDP 198.51.100.1;rport;branch=z9hG4bK" + user + str(number).encode(),
        b"Max-Forwards: 70",
        b"From: <sip:" + user + b"@" + host + b">;tag=of" + user,
        b"To: <sip:" + user + b"@" + host + b">",
        b"Call-ID: registration-" + user,
        b"CSeq: " + str(number).encode() + b" REGISTER",
    ]
    if contact is not None:
        out.append(b"Contact: " + contact)
    return lines(*(out + list(more) + [b"Content-Length: 0", b""]))


def authorization(refused, user, password, method, target, count=1):
    """Return the header line that answers the challenge in a 401 or 407 Response."""
    name = b"WWW-Authenticate" if refused.status == 401 else b"Proxy-Authenticate"
    challenge = digest.credentials(refused.value(name.lower()))
    text = b'Digest username="' + user + b'", realm="' + challenge.realm
    text += b'", nonce="' + challenge.nonce + b'", uri="' + target
    text += b'", response="' + b"0" * 32 + b'", algorithm=' + challenge.algorithm
    text += b', cnonce="0a4f113b", qop=auth, nc=%08x' % count
    fields = digest.credentials(text)
    known = digest.ha1(challenge.algorithm, user, challenge.realm, password)
    right = digest.response(challenge.algorithm, known, method, fields)
    name = b"Authorization: " if refused.status == 401 else b"Proxy-Authorization: "
    return name + text.replace(b"0" * 32, right)


def with_line(request, line):
    """Return a request with one more header line behind its first line."""
    start, end, rest = request.partition(b"\r\n")
    return start + end + line + end + rest
