"""A provider of telephone numbers as a stand-in: it speaks SIP by hand, and asks for a password."""

from bellhop.features import catalogue
from bellhop.sip import digest, message

from .exchange import Exchange, Phone, telephone
from .messages import flow, settings

HOST, DOMAIN, PASSWORD = ("203.0.113.5", "tel.test", b"secret")
TELEPHONE = """
config telephone
	option country 49
	option area 30
"""
PROVIDER = """
config provider
	option name %(name)s
	option domain %(domain)s
	option username %(user)s
	option password secret
	list number +49301234567
	option ring bob
	%(more)s
"""
SDP = (
    "v=0\r\no=bob 1 1 IN IP4 %s\r\ns=talk\r\nc=IN IP4 %s\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"
)


def sdp(host):
    """Return a session description of a phone or provider."""
    return SDP % (host, host)


def provider(name="tel", domain=DOMAIN, user="user1", more=""):
    """Return a section `config provider`; more: further lines."""
    return PROVIDER % {"name": name, "domain": domain, "user": user, "more": more}


def exchange(sections=None, more="", node="list trusted 10.0.0.0/24\n", telephone=TELEPHONE):
    """Return an Exchange whose house calls by these providers; the names are asked for."""
    sections = provider() if sections is None else sections
    made = Exchange(settings(node, telephone + sections + more))
    catalogue.join_trunks(made.engine)
    made.take(made.engine.start(made.now))
    return made


class Carrier(Phone):
    """The provider's side, one host. asks: what it asks for as (algorithm, realm), None: nothing.

    nonce: of the challenge; used: nonces that were answered.
    """

    def __init__(self, made, host=HOST, domain=DOMAIN, transport="udp", connection=0):
        where = flow(host, transport=transport, connection=connection)
        Phone.__init__(self, "P" + host[-1], "+49891111", where, domain)
        self.exchange = made
        self.asks = ("MD5", domain)
        self.nonce = "n1"
        self.came = []

    def take(self):
        """Return what the node has said to this host since the last time, parsed."""
        mine, others = [], []
        for pair in self.exchange.sent:
            (mine if pair[1].flow[:4] == self.flow[:4] else others).append(pair)
        self.exchange.sent[:] = others
        return [self.hear(send.data) for _, send in mine]

    def newest(self, method):
        """Return the last request of a method that came, None where none did."""
        found = [one for one in self.take() if getattr(one, "method", None) == method]
        return found[-1] if found else None

    def say(self, data):
        """Say something to the node."""
        self.exchange.receive(data, self.flow)

    def refuse(self, request, status, lines=()):
        """Refuse a request."""
        lines = [line.encode() for line in lines]
        self.say(message.response_to(request, status, None, lines, b"p").write())

    def ask(self, request, status=401, more="", algorithm=None, realm=None, qop='qop="auth"'):
        """Ask for the password."""
        algorithm, realm = algorithm or self.asks[0], realm or self.asks[1]
        name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
        line = '%s: Digest realm="%s", nonce="%s", algorithm=%s' % (
            name, realm, self.nonce, algorithm,
        )  # fmt: skip
        line += ", " + qop if qop else ""
        self.refuse(request, status, [line + more])

    def is_proved(self, request, user=b"user1"):
        """Tell whether a request holds the right answer to the challenge."""
        return is_proved(request, self.nonce.encode(), user, PASSWORD)

    def accept(self, request, lines=(), body="", status=200):
        """Answer a request."""
        self.asked[request.method.decode()] = request
        lines = list(lines)
        if request.method == b"REGISTER":
            lines.append("Contact: " + request.value(b"contact").decode() + ";expires=600")
        if body:
            lines.append("Content-Type: application/sdp")
        self.say(self.answer(status, request.method.decode(), lines, body))

    def register(self, lines=()):
        """Let the node register, with a password; return the REGISTER that was taken."""
        self.exchange.resolve([self.flow])
        first = self.newest(b"REGISTER")
        self.ask(first)
        second = self.newest(b"REGISTER")
        assert self.is_proved(second), second.write()
        self.accept(second, lines)
        return second


def is_proved(request, nonce, user, password):
    """Tell whether a request holds the right answer to a challenge (octets)."""
    name = b"authorization" if b"authorization" in request.names else b"proxy-authorization"
    value = request.value(name)
    fields = None if value is None else digest.credentials(value)
    if fields is None or fields.nonce != nonce or fields.username != user:
        return False
    secret = digest.ha1(fields.algorithm, user, fields.realm, password)
    return digest.response(fields.algorithm, secret, request.method, fields) == fields.response


def house(sections=None, more="", phones="alice bob"):
    """Return (Exchange, Carrier that the node is registered at, {name: Phone})."""
    made = exchange(sections, more)
    carrier = Carrier(made)
    carrier.register()
    found = {
        name: telephone(made, name, name, "10.0.0.%d" % (3 + index))
        for index, name in enumerate(phones.split())
    }
    return made, carrier, found
