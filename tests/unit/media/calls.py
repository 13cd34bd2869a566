"""Nodes and phones for the tests of calls: messages by hand, ports from a counter, no sockets."""

from bellhop.deadlines import Deadlines
from bellhop.effects import Event, RelayClose, RelayOpen, RelayUpdate
from bellhop.errors import SipError
from bellhop.media.decision import NEEDED, NO, MediaSettings, Party
from bellhop.media.relay import Relays
from bellhop.sip import message
from tests.support.messages import answer, parsed

from .curve import TOY, toy_identity
from .keys import Tokens

NOW = 1000000
# The house of Alice, the net between, the house of Bob; each node has two addresses.
ALICE_PHONE, ALICE_LAN = bytes([192, 168, 1, 2]), bytes([192, 168, 1, 1])
ALICE_WAN = bytes([203, 0, 113, 1])
BOB_WAN = bytes([203, 0, 113, 2])
BOB_LAN, BOB_PHONE = bytes([192, 168, 2, 1]), bytes([192, 168, 2, 2])
ALICE, BOB = toy_identity("a"), toy_identity("b")

SDP = "v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
AUDIO = "m=audio %d RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n"
VIDEO = "m=video %d RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\n"
CRYPTO = "a=crypto:%d AES_CM_128_HMAC_SHA1_80 inline:%s\r\n"
PHONE_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd"
SAVP_AUDIO = AUDIO.replace("AVP", "SAVP") + CRYPTO % (1, PHONE_KEY)


def text(octets):
    """Return an IPv4 address as text."""
    return ".".join([str(octet) for octet in octets])


def sdp(host, *streams):
    """Return a session description; streams: m= blocks."""
    where = text(host)
    return SDP % (where, where) + "".join(streams or (AUDIO % 4000,))


def phone(source, own, srtp=NO, behind_nat=False):
    """Return the Party of a phone of a node whose address towards it is `own`."""
    return Party(None, None, source, (own,), behind_nat, srtp)


def beyond(contact, node, source, own):
    """Return the Party of somebody behind another node."""
    return Party(contact, node, source, (own,), False, NO)


class Box:
    """One node's Relays. opened: relay -> ports; told: (relay, side) -> all changes together."""

    def __init__(self, identity, first_port, settings=None, suites=(4, 3, 1), tokens=0):
        self.settings = settings or MediaSettings(NEEDED, False, 20000, 30000, 512)
        self.relays = Relays(self.settings, TOY, identity, Tokens(tokens), Deadlines())
        self.relays.library(suites)
        self.port = first_port
        self.holds = False
        self.problem = None
        self.opens, self.ports, self.told, self.closed, self.events = [], {}, {}, [], []
        self.now = NOW
        self.ready = []

    def take(self, effects):
        """Do what the shell would do."""
        for effect in effects:
            if isinstance(effect, RelayOpen):
                self.opens.append(effect)
                if not self.holds:
                    self.open(effect.relay)
            elif isinstance(effect, RelayUpdate):
                assert effect.relay in self.ports and effect.relay not in self.closed
                self.told.setdefault((effect.relay, effect.side), {}).update(effect.changes)
            elif isinstance(effect, RelayClose):
                self.closed.append(effect.relay)
            elif isinstance(effect, Event):
                self.events.append(effect.fields)

    def open(self, number):
        """Answer a RelayOpen."""
        ports = None
        if self.problem is None:
            ports = tuple(range(self.port, self.port + 4))
            self.ports[number] = ports
            self.port += 4
        ready, effects = self.relays.opened(number, ports, self.problem, self.now)
        self.ready += ready
        self.take(effects)

    def decide(self, user, request, near, far):
        """Return the reasons for a branch."""
        reasons, effects = self.relays.decide(user, request, near, far, self.now)
        self.take(effects)
        return reasons

    def invite(self, user, request, near, far):
        """Decide on a branch and send its request on; return it."""
        self.decide(user, request, near, far)
        return self.request(user, request.copy())

    def request(self, user, request):
        """Return a request as it goes on, None where it does not."""
        return self._carry(self.relays.request, user, request)

    def response(self, user, response):
        """Return a response as it goes on."""
        return self._carry(self.relays.response, user, response)

    def _carry(self, function, user, carried):
        carried, effects = function(user, carried, self.now)
        self.take(effects)
        if carried is None and self.ready:
            found = self.ready.pop(0)
            assert found.user == user
            if found.error is not None:
                raise found.error
            carried = found.message
        return None if carried is None else message.parse(carried.write())


def invite(body="", **fields):
    """Return an INVITE with a session description."""
    return request("INVITE", body, **fields)


def request(method, body="", lines=(), **fields):
    """Return a request with a session description."""
    if body:
        lines = list(lines) + ["Content-Type: application/sdp"]
    return parsed(method, lines=lines, body=body, **fields)


def reply(asked, status, body="", tag="b1", lines=()):
    """Return a response with a session description."""
    lines = list(lines)
    if body:
        lines.append("Content-Type: application/sdp")
    found = answer(asked, status, lines, tag)
    found.body = body.encode()
    found.set(b"content-length", b"Content-Length: %d" % len(found.body))
    return message.parse(found.write())


def inside(method, body="", from_caller=True, cseq=1, tag="b1", lines=()):
    """Return a request inside the dialog."""
    ends = ["<sip:alice@home.test>;tag=a1", "<sip:bob@home.test>;tag=" + tag]
    sender, to = ends if from_caller else reversed(ends)
    return request(method, body, lines, sender=sender, to=to, cseq=cseq)


class Pair:
    """Alice's phone, her node, Bob's node, his phone. What passes between the nodes is `wire`."""

    def __init__(self, one=None, two=None, bob_srtp=NO):
        self.one = one or Box(ALICE, 20000)
        self.two = two or Box(BOB, 30000, tokens=1000)
        self.alice = phone(ALICE_PHONE, ALICE_LAN)
        self.to_bob = beyond("bob@home.test", BOB.key, BOB_WAN, ALICE_WAN)
        self.from_alice = beyond("alice@home.test", None, ALICE_WAN, BOB_WAN)
        self.bob = phone(BOB_PHONE, BOB_LAN, bob_srtp)
        self.wire = []
        # What somebody between the nodes makes of a message.
        self.between = lambda message: message

    def cross(self, carried):
        """Carry a message from one node to the other."""
        if carried is None:
            return None
        self.wire.append(carried.write())
        return self.between(carried)

    def invite(self, body="", **fields):
        """Alice calls; return the INVITE that Bob's phone gets."""
        self.asked = self.one.invite("1", invite(body, **fields), self.alice, self.to_bob)
        self.crossed = self.cross(self.asked)
        return self.two.invite("2", self.crossed, self.from_alice, self.bob)

    def reply(self, status, body="", tag="b1"):
        """Bob's phone answers the INVITE; return what Alice's phone gets."""
        passed = self.two.response("2", reply(self.crossed, status, body, tag))
        return self.one.response("1", self.cross(passed))

    def acknowledge(self, body="", cseq=1):
        """Alice's phone acknowledges; return what Bob's phone gets."""
        passed = self.cross(self.one.request(None, inside("ACK", body, cseq=cseq)))
        return None if passed is None else self.two.request(None, passed)

    def call(self, offer=None, answered=None):
        """Make a whole call."""
        offer = offer or sdp(ALICE_PHONE)
        answered = answered or sdp(BOB_PHONE, AUDIO % 5000)
        return self.invite(offer), self.reply(200, answered), self.acknowledge()

    def change(self, method, body, answered, cseq=2, from_caller=True, status=200):
        """One phone changes the call; return (request, response) as they arrive."""
        first, second = (self.one, self.two) if from_caller else (self.two, self.one)
        sent = inside(method, body, from_caller, cseq)
        there = second.request("x2", self.cross(first.request("x1", sent)))
        back = second.response("x2", reply(sent, status, answered, "b1"))
        back = first.response("x1", self.cross(back))
        if method == "INVITE" and status < 300:
            ack = self.cross(first.request(None, inside("ACK", "", from_caller, cseq)))
            assert second.request(None, ack) is not None
        return there, back


def refusal(function, *args):
    """Return the SipError that a call raises, or None."""
    try:
        function(*args)
    except SipError as error:
        return error
    return None
