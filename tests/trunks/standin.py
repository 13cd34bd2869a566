"""A provider as a stand-in: a Line that registers the node, asks for a password, and refuses."""

import socket
import ssl
import subprocess

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


class Door:
    """A TCP socket that waits for the node, and speaks TLS with a certificate (PEM), or not."""

    def __init__(self, host, certificate=None):
        self.socket = socket.socket()
        self.socket.bind((host, 0))
        self.socket.listen(4)
        self.socket.settimeout(10)
        self.place = self.socket.getsockname()
        self.context = None
        if certificate is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate)

    def accept(self, name):
        """Return the Standin at the next connection; raises OSError where TLS comes to nothing."""
        made, _ = self.socket.accept()
        made.settimeout(10)
        if self.context is not None:
            made = self.context.wrap_socket(made, server_side=True)
        return Standin(name, self.place[0], stream=made)

    def close(self):
        self.socket.close()


def certificate(folder, host):
    """Write a self-signed certificate of an address with its key; return the path."""
    path = str(folder / "provider.pem")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=tel.test", "-keyout", path, "-out", path]
    command += ["-addext", "subjectAltName=IP:" + host]
    subprocess.run(command, check=True, capture_output=True)
    whole = (folder / "provider.pem").read_text()
    (folder / "provider.crt").write_text("-----BEGIN CERT" + whole.partition("-----BEGIN CERT")[2])
    return path
