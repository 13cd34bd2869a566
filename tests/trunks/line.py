"""Telephones and providers that speak SIP by hand over real sockets, on 127.0.0.x."""

import select
import socket
import ssl
import time

from bellhop.effects import Flow
from bellhop.sip import framing, message
from tests.support.exchange import Phone

SECONDS = 40
SDP = (
    "v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\n"
    "m=audio {1} RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"
)
TYPE = "Content-Type: application/sdp"


class Line(Phone):
    """One end of SIP: a Phone (tests/support/exchange.py) with a socket of its own.

    host, port: where it is; there: (host, port) of the node; stream: a connected socket, datagrams:
    a bound one of another network, or None.
    """

    def __init__(
        self, name, user, domain, host, there, password=b"secret", port=0, stream=None,
        datagrams=None,
    ):  # fmt: skip
        self.socket = stream or datagrams
        self.framer = None if stream is None else framing.Framer()
        if self.socket is None:
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.socket.bind((host, port))
        self.there = there
        here = self.socket.getsockname()
        kind = "udp" if stream is None else "tls" if isinstance(stream, ssl.SSLSocket) else "tcp"
        where = Flow(kind, 0, here[0], here[1], 0, "")
        Phone.__init__(self, name, user, where, domain, password)
        self.waiting = []
        self.log = []

    def close(self):
        self.socket.close()

    def sdp(self, port=4000):
        """Return a description of its sound."""
        return SDP.format(self.flow.host, port)

    def say(self, data):
        """Send octets to the node."""
        self.log.append(("said", data))
        if self.framer is None:
            self.socket.sendto(data, self.there)
        else:
            self.socket.sendall(data)

    def _read(self, seconds):
        """Return the messages that come within a time."""
        if not select.select([self.socket], [], [], max(seconds, 0))[0]:
            return []
        if self.framer is None:
            data, self.there = self.socket.recvfrom(65535)
            return [data] if data.strip(b"\r\n\0") else []
        data = self.socket.recv(65535)
        return [one for one in self.framer.feed(data) if one.strip(b"\r\n")]

    def wait(self, what, seconds=SECONDS):
        """Return the next message of a kind: a method (text), a status, or a class such as 1.

        What comes before it is heard too, and kept for another wait.
        """
        end = time.monotonic() + seconds
        while True:
            for one in self.waiting:
                if _is(one, what):
                    self.waiting.remove(one)
                    return one
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError("%s heard no %s, but %s" % (self.name, what, self.told()))
            for data in self._read(left):
                self.log.append(("heard", data))
                self.waiting.append(self.hear(data))

    def heard(self, what, seconds=0.0):
        """Tell whether a message of a kind has come, or comes within a time."""
        try:
            self.wait(what, seconds)
            return True
        except AssertionError:
            return False

    def told(self):
        """Return what has passed, a line each."""
        return [kind + " " + data.split(b"\r\n")[0].decode("latin-1") for kind, data in self.log]

    def proves(self, method):
        """Answer the challenge to a request."""
        self.wait(401 if method == "REGISTER" else 407)
        self.say(self.proven(method))

    def register(self):
        """Register at the node with the password."""
        self.say(self.request("REGISTER", "sip:" + self.domain))
        self.proves("REGISTER")
        assert self.wait("final").status == 200
        return self

    def dial(self, number, lines=()):
        """Call a number of the node's domain; the password is shown."""
        target = "sip:%s@%s" % (number, self.domain)
        self.say(self.request("INVITE", target, [TYPE, *lines], self.sdp()))
        self.proves("INVITE")
        self.acknowledge_challenge()
        return self

    def acknowledge_challenge(self):
        """The ACK of a 407 stays out: the node's timer H ends it; nothing depends on it."""

    def take(self, request, status=200, lines=(), body=None):
        """Answer a request."""
        self.asked[request.method.decode()] = request
        body = self.sdp() if body is None and request.method == b"INVITE" else body or ""
        if status >= 300 or (status < 200 and status != 183):
            body = ""
        lines = [*lines, TYPE] if body else list(lines)
        self.say(self.answer(status, request.method.decode(), lines, body))

    def talk_to(self, called, invite):
        """Let the phone that is called ring and take the call; both talk."""
        called.take(invite, 180)
        assert self.wait(180)
        called.take(invite, 200)
        assert self.wait("final").status == 200
        self.say(self.acknowledge())
        assert called.wait("ACK")

    def hang_up_by(self, other):
        """End the call; the other end answers."""
        self.say(self.within("BYE"))
        other.take(other.wait("BYE"))
        return self.wait("final")


def _is(one, what):
    if isinstance(one, message.Request):
        return one.method.decode() == what
    if what == "final":
        return one.status >= 200 and one.status not in (401, 407)
    return what in (one.status, one.status // 100)
