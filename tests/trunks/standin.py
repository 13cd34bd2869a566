"""A provider as a stand-in: a Line that registers the node, asks for a password, and refuses."""

import socket

from bellhop.sip import message
from tests.support.carrier import is_proved
from tests.trunks.line import Line


class Standin(Line):
    """asks: (algorithm, realm) of its challenges, None for none; expires: what it grants.

    user, secret: of the account; nonces: a new one each time; contact: the node's, once registered.
    """

    def __init__(self, name, host, port=0, stream=None, datagrams=None):
        domain = name + ".test"
        Line.__init__(
            self, name, "+49891111", domain, host, None, port=port, stream=stream,
            datagrams=datagrams,
        )  # fmt: skip
        self.asks = ("MD5", name + ".test")
        self.expires = 600
        self.user_name, self.secret = b"user1", b"secret"
        self.count = 0
        self.registers = []
        self.contact_uri = None
        self.extra = []
        self.min_expires = 0
        self.refuses_register = None

    @property
    def place(self):
        """(host, port) of it."""
        return self.socket.getsockname()[:2]

    @property
    def nonce(self):
        return "nonce-%d" % self.count

    def ask(self, request, status=401, more="", algorithm=None, realm=None):
        """Ask for the password, with a nonce of its own each time."""
        self.count += 1
        name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
        line = '%s: Digest realm="%s", nonce="%s", algorithm=%s, qop="auth"%s' % (
            name, realm or self.asks[1], self.nonce, algorithm or self.asks[0], more,
        )  # fmt: skip
        self.refuse(request, status, [line])

    def refuse(self, request, status, lines=()):
        """Refuse a request."""
        lines = [line.encode() for line in lines]
        self.say(message.response_to(request, status, None, lines, b"p").write())

    def is_proved(self, request):
        """Tell whether a request answers the last challenge rightly."""
        return is_proved(request, self.nonce.encode(), self.user_name, self.secret)

    def challenged(self, method, status=401):
        """Wait for a request, challenge it, and return the one that is proved."""
        first = self.wait(method)
        if self.asks is None:
            return first
        self.ask(first, status)
        if method == "INVITE":
            self.wait("ACK")
        second = self.wait(method)
        assert self.is_proved(second), second.write()
        return second

    def let_in(self, request=None, lines=()):
        """Register the node; return the REGISTER."""
        request = request or self.challenged("REGISTER")
        self.registers.append(request)
        self.contact_uri = request.contacts[0].uri_bytes.decode()
        contact = "Contact: <%s>;expires=%d" % (self.contact_uri, self.expires)
        self.asked["REGISTER"] = request
        self.say(self.answer(200, "REGISTER", [contact, *self.extra, *lines]))
        return request

    def called(self, status=407):
        """Wait for a call of the house; return its INVITE, proved."""
        return self.challenged("INVITE", status)

    def ring(self, target=None, lines=(), body=None, caller=None):
        """Call the house at its registered Contact, or another target; return nothing."""
        target = target or self.contact_uri
        body = self.sdp(5000) if body is None else body
        self.say(self.request("INVITE", target, ["Content-Type: application/sdp", *lines], body))
        return self


def listen(host, port=0):
    """Return a TCP socket that waits for the node's connection."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((host, port))
    made.listen(4)
    made.settimeout(10)
    return made
