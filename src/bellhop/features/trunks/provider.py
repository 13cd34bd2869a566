"""One provider: where it is, how this node registers there and proves itself (tu/registration.py).

All that goes there goes by one flow, that of the host which took the REGISTER last: a provider's
Route may name addresses of its own network, and ports change on the way. What a provider's answer
says of this node's address (received, rport) becomes the Contact; nobody else is asked.
"""

import binascii

from ...effects import TRUNK, Event, Flow, Note, Send
from ...errors import SipError
from ...sip import scan, uri, via
from ...sip.framing import PING
from ...sip.ip import address_octets
from ...sip.message import Request
from ...text import of_octets, readable
from ...transaction.transaction import RESPONSE
from ...tu import authentication, dialog, registration
from ...tu.registration import Registration

# A ping that is not answered so long is lost; so many in a row, and the host is.
PING_PATIENCE, PINGS = 4000, 2
# How long a REGISTER waits before the next host is asked: five of its repetitions fit.
REGISTER_PATIENCE = 8000
# An address that changes more often is not run after.
MOVE_MS = 30000
# Hosts of one provider, all names together.
MOST_HOSTS = 8
# Responses after which the same host is of no use now, and another may be.
ELSEWHERE = (408, 480, 500, 502, 504, 513)
MOST_ROUTES = 8
# How one is that is not asked to register.
THERE, AWAY = UNREGISTERED = ("not asked to register", "cannot be reached")
TRANSPORTS = {"udp": b";transport=udp", "tcp": b";transport=tcp", "tls": b""}


class Asked:
    """One REGISTER or OPTIONS under way. nonces: that it has answered."""

    __slots__ = ("provider", "method", "nonces", "flow", "deadline", "queued")

    def __init__(self, provider, method, flow, nonces):
        self.provider = provider
        self.method = method
        self.flow = flow
        self.nonces = nonces
        self.deadline = self.queued = None


class Pings:
    """When a provider is asked next whether it is there.

    lost: so many were not answered in a row; answers: whether one ever was: some answer none.
    """

    def __init__(self, provider):
        self.provider = provider
        self.deadline = self.queued = None
        self.lost = 0
        self.answers = False


class Lease(Registration):
    """The Registration of one provider."""

    def __init__(self, provider, seconds, now):
        super().__init__(seconds, now)
        self.provider = provider


class Provider:
    """section: of `config provider`; calls: those of now, which calls.py counts."""

    def __init__(self, node, uac, lookups, section, keep, now):
        """keep(): the effects that keep by what it was let in."""
        self.keep = keep
        self.node = node
        self.uac = uac
        self.lookups = lookups
        self.section = section
        self.name = section.name
        self.domain = section.domain.encode()
        user = (section.auth_user or section.username).encode()
        realms = tuple([one.encode() for one in section.realm])
        self.account = authentication.Account(user, section.password.encode(), realms)
        self.lease = Lease(self, section.expires, now)
        self.pings = Pings(self)
        # What stands as the user in this node's Contact: who has it may call, so nobody guesses it.
        # It is the same after each start, so that the provider has one Contact of this node.
        self.line = binascii.hexlify(node.proof.of(b"line " + section.name.encode())[:10])
        self.call_id = binascii.hexlify(node.random(10)) + b"@" + self.domain
        self.tag = binascii.hexlify(node.random(6))
        self.cseq = 0
        self.hosts, self.index = [], 0
        # A host's Flow and that by which the core reaches it, made last.
        self.back = None
        # The listener that was in use when it was found.
        self.here = None
        self.is_resolving = False
        self.public = None
        self.moved_at = None
        self.service_routes, self.verify = [], []
        self.problem = ""
        self.since = now
        self.asked = None
        self.numbers = ()

    # Where it is.

    def flow(self):
        """Return the Flow to the host that is in use, or None where none is known."""
        return self.hosts[self.index] if self.index < len(self.hosts) else None

    def way(self):
        """Return the Flow by which the core reaches it, or None."""
        flow = self.flow()
        if flow is None or self.node.listening[flow.local] is None:
            return None
        return self.way_back(flow)

    def way_back(self, flow):
        """Return the Flow by which the core hears of it. flow: of the request, or None."""
        flow = flow or self.flow()
        if flow is None:
            local = [i for i, one in enumerate(self.node.listening) if one is not None]
            return Flow(TRUNK, (local + [0])[0], self.section.domain, 5060, 0, self.name)
        if self.back is None or self.back[0] is not flow:
            self.back = flow, Flow(TRUNK, flow.local, flow.host, flow.port, 0, self.name)
        return self.back[1]

    def is_host(self, host):
        """Tell whether an address is one of its hosts."""
        return bool([one for one in self.hosts if one.host == host])

    def is_up(self):
        """Tell whether calls can be made by it, for all that is known."""
        if self.section.register:
            return self.lease.is_up()
        return self.flow() is not None and self.pings.lost < PINGS

    def look_up(self, now):
        """Ask for the addresses of all its hosts; return the effects."""
        self.is_resolving = True
        places = self.section.proxy or ((self.section.domain, 0),)
        return self._ask_name(list(places), [], now)

    def _ask_name(self, places, found, now):
        host, port = places.pop(0)
        transport = self.section.transport
        scheme = b"sips:" if transport == "tls" else b"sip:"
        target = scheme + uri.host_port(host.encode(), port or None)
        target += TRANSPORTS.get(transport, b"")
        try:
            return self.lookups.ask(
                uri.parse(target),
                lambda hops, problem, now: self._named(places, found, hops, problem, now),
            )
        except SipError as error:
            return self._named(places, found, [], error.reason, now)

    def _named(self, places, found, hops, problem, now):
        if not self.is_resolving:
            return []
        found += hops
        if places:
            return self._ask_name(places, found, now)
        self.is_resolving = False
        if not found:
            self.problem = problem or "none of its hosts is known"
            return self.handle(registration.LOST, now)
        before = self.flow()
        self.hosts = found[:MOST_HOSTS]
        self.index = self.hosts.index(before) if before in self.hosts else 0
        self.here = self._here()
        return self._register(now) if self.section.register else self.ping(now)

    def next_host(self, now):
        """Take the next of its hosts; tell whether there is one that was not tried yet."""
        self.index += 1
        if self.index < len(self.hosts):
            self.here = self._here()
            return True
        self.hosts, self.index = [], 0
        return False

    def listening(self, now):
        """The listeners have changed: all flows may be of an address that is gone.

        Another address may have taken the number of the old one.
        """
        if self.flow() is not None and self.here == self._here():
            return []
        self.public = None
        self.hosts, self.index, self.is_resolving = [], 0, False
        return self.moved(now)

    def _here(self):
        """Return the Listener by which its host in use is reached, or None."""
        flow = self.flow()
        listening = None if flow is None else self.node.listening[flow.local]
        return None if listening is None else listening.listener

    # The registration.

    def handle(self, event, now, seconds=None):
        """Do what the table says to an event; return the effects."""
        was_up, effects = self.lease.is_up(), []
        for what in self.lease.handle(event, now, seconds):
            if what == registration.REGISTER:
                effects += self._register(now) if self.flow() else self._wait_for_names(now)
            elif what == registration.UNREGISTER:
                effects += self._send_register(0, now)
            elif what == registration.NEXT and self.next_host(now):
                self.lease.hurry(now)
        self.node.deadlines.watch(self.lease)
        if self.lease.is_up() != was_up:
            self.since = now
            effects += self._tell()
        return effects

    def _wait_for_names(self, now):
        return [] if self.is_resolving else self.look_up(now)

    def _tell(self):
        is_up = self.lease.is_up()
        words = "registered at the provider %s" if is_up else "not registered at the provider %s"
        level, words = "notice" if is_up else "warning", words % self.name
        if not is_up and self.problem:
            words += ": " + self.problem
        fields = {"provider": self.name, "is_up": is_up, "problem": self.problem}
        return [Note(level, words), Event("provider", fields)]

    def moved(self, now):
        """This node has another address: register again at once; return the effects."""
        self.moved_at, self.asked = now, None
        if self.section.register:
            return self.handle(registration.MOVED, now)
        return self._wait_for_names(now) if self.flow() is None else self.ping(now)

    def due(self, now):
        """Its registration's time has come; return the effects."""
        if not self.section.register:
            self.lease.handle(registration.LEAVE, now)
            return self._wait_for_names(now) if self.flow() is None else []
        return self.handle(registration.DUE, now)

    def _register(self, now):
        return self._send_register(self.lease.seconds, now)

    def _send_register(self, seconds, now):
        flow = self.flow()
        if flow is None or self.node.listening[flow.local] is None:
            return []
        nonces = self.asked.nonces if self.asked is not None else []
        asked = self.asked = Asked(self, b"REGISTER", flow, nonces)
        if self.lease.state != registration.LEAVING:
            asked.deadline = now + REGISTER_PATIENCE
            self.node.deadlines.watch(asked)
        request = self.request(b"REGISTER", b"sip:" + self.domain, self.call_id, self.tag)
        lines = [
            (b"contact", b"Contact: " + self.contact() + self._instance()),
            (b"expires", b"Expires: %d" % seconds),
            (b"supported", b"Supported: path, outbound, gruu"),
        ]
        return self.send(request, lines, asked, now)[1]

    def _instance(self):
        """RFC 5626 section 4.1: the same device after each start, told by no address."""
        mark = binascii.hexlify(self.node.proof.of(b"instance")[:16])
        parts = mark[:8], mark[8:12], mark[12:16], mark[16:20], mark[20:]
        return b';+sip.instance="<urn:uuid:' + b"-".join(parts) + b'>";reg-id=1'

    def request(self, method, target, call_id, tag):
        """Return a request of this account, without Via, Contact and answers to challenges."""
        self.cseq += 1
        me = b"<sip:" + uri.escape(self.section.username.encode()) + b"@" + self.domain + b">"
        lines = [
            b"Max-Forwards: 70",
            b"From: " + me + b";tag=" + tag,
            b"To: " + (me if method == b"REGISTER" else b"<" + target + b">"),
            b"Call-ID: " + call_id,
            b"CSeq: %d %s" % (self.cseq, method),
            b"Content-Length: 0",
        ]
        names = [b"max-forwards", b"from", b"to", b"call-id", b"cseq", b"content-length"]
        return Request(method, target, names, lines)

    def send(self, request, lines, user, now, path=()):
        """Send a request to the host in use, proved by what is known.

        lines: further (name, line). Returns (transaction or None, effects).
        """
        flow = user.flow if user is not None and user.flow is not None else self.flow()
        proved = self.account.lines(request.method, request.uri, self.node.random)
        more = list(lines) + proved + self.secured()
        if more:
            request = request.copy()
            for name, line in more:
                request.add(name, line)
        return self.uac.send(request, flow, user, now, path)

    def secured(self):
        """Return the lines of RFC 3329 where the provider has asked for them."""
        if not self.verify:
            return []
        found = [(b"security-verify", b"Security-Verify: " + one) for one in self.verify]
        tag = b"mediasec" if [1 for one in self.verify if b"mediasec" in one] else b"sec-agree"
        mine = b"sdes-srtp;mediasec" if tag == b"mediasec" else b"digest;d-alg=MD5, tls"
        return found + [
            (b"security-client", b"Security-Client: " + mine),
            (b"require", b"Require: " + tag),
            (b"proxy-require", b"Proxy-Require: " + tag),
        ]

    def contact(self):
        """Return this node's Contact for the provider, in angle brackets."""
        flow = self.flow()
        listening = self.node.listening[flow.local]
        place = uri.host_port(listening.listener.host.partition("%")[0].encode(), listening.port)
        if self.public is not None:
            place = uri.host_port(self.public[0].encode(), self.public[1])
        kind = b"" if flow.transport == "udp" else b";transport=" + flow.transport.encode()
        return b"<sip:" + self.line + b"@" + place + kind + b">"

    # What comes back.

    def answered(self, indication, now):
        """Take what a REGISTER or OPTIONS has come to; return the effects."""
        asked, response = indication.user, indication.message
        if asked.method == b"OPTIONS":
            return self._pinged(asked, response, now)
        if asked is not self.asked:
            return []
        if indication.kind != RESPONSE:
            self.asked, self.problem = None, "it does not answer"
            return self.handle(registration.LOST, now)
        if response.status < 200:
            return []
        asked.deadline = None
        status = response.status
        moved = self._note_address(response, now)
        if status in (401, 407, 494):
            return self._challenged(asked, response, now)
        self.asked = None
        if status < 300:
            return self._accepted(response, now) + (self.moved(now) if moved else [])
        return self._refused(response, now)

    def _challenged(self, asked, response, now):
        self.note_security(response)
        if response.status == 494:
            is_new = bool(self.verify) and len(asked.nonces) < authentication.MOST_TRIES
            asked.nonces.append(b"")
            verdict = authentication.ANSWERS if is_new else "it asks for security of another kind"
        else:
            verdict = self.account.hear(response, asked.nonces)
        if verdict == authentication.ANSWERS:
            return self.handle(registration.CHALLENGED, now)
        self.asked = None
        self.problem = verdict
        if verdict == authentication.OTHER_REALM:
            realms = [readable(one.realm) for one in authentication.questions(response)]
            self.problem += " (%s): `list realm` allows it" % ", ".join(realms)[:80]
        return self.handle(registration.FORBIDDEN, now)

    def let_in(self):
        """A request was accepted; return the effects that keep by what."""
        return self.keep() if self.account.let_in() else []

    def doubt(self, problem):
        """Note why it does not take this node's word, "" where it does."""
        self.problem = problem or self.problem

    def doubt_host(self, now):
        """The host in use has left a call without a word: is it there? Returns the effects."""
        self.pings.lost = PINGS - 1
        return self.ping(now)

    def note_security(self, response):
        """Take what the provider wants to see again (RFC 3329 section 2.3.1)."""
        offered = response.items(b"security-server")[:MOST_ROUTES]
        if offered:
            self.verify = offered

    def _accepted(self, response, now):
        effects = self.let_in()
        self.problem = ""
        self.service_routes = response.items(b"service-route")[:MOST_ROUTES]
        effects += self.handle(registration.ACCEPTED, now, self._given(response))
        return effects + self._plan_ping(now)

    def _given(self, response):
        """Return the seconds that a registration lasts, None where it does not say so.

        A provider may write another Contact than the node's; where there is one, it is that.
        """
        contacts = dialog.contacts_of(response)
        mine = [one for one in contacts if one.uri.user == self.line]
        for contact in mine or contacts[:1]:
            given = contact.param(b"expires")
            if given is not None and given.isdigit():
                return int(given[:6])
        return _seconds(response, b"expires")

    def _refused(self, response, now):
        status = response.status
        self.problem = "it says %d %s" % (status, readable(response.reason)[:80])
        if status == 423:
            least = _seconds(response, b"min-expires")
            if least is not None and self.lease.seconds < least <= registration.MOST_SECONDS:
                return self.handle(registration.BRIEF, now, least)
            return self.handle(registration.FORBIDDEN, now)
        if status == 503:
            return self.handle(registration.BUSY, now, _seconds(response, b"retry-after"))
        lost = status in ELSEWHERE or (status >= 500 and status < 600)
        return self.handle(registration.LOST if lost else registration.FORBIDDEN, now)

    def silent(self, asked, now):
        """A REGISTER has had no answer for a while: the next host; return the effects."""
        if asked.method == b"OPTIONS":
            return self._pinged(asked, None, now)
        asked.deadline = None
        if asked is not self.asked:
            return []
        self.asked, self.problem = None, "it does not answer"
        return self.handle(registration.LOST, now)

    def _note_address(self, response, now):
        """Learn this node's address as the provider sees it; tell whether that is new."""
        try:
            top = via.parse(response.value(b"via"))
        except SipError:
            return False
        flow, received, rport = self.flow(), top.param(b"received"), top.param(b"rport")
        listening = None if flow is None else self.node.listening[flow.local]
        if listening is None or not (received or rport):
            return False
        host = of_octets(received or top.host).strip("[]")
        port = int(rport) if rport and rport.isdigit() and len(rport) < 6 else top.port or 5060
        if address_octets(host) is None or not 0 < port < 65536:
            return False
        seen = None if (host, port) == (listening.listener.host, listening.port) else (host, port)
        if flow.transport != "udp":
            # The port of a connection is nobody's to call.
            seen = None if host == listening.listener.host else (host, listening.port)
        if seen == self.public:
            return False
        recent = self.moved_at is not None and now - self.moved_at < MOVE_MS
        self.public = seen
        return not recent

    # Is it there?

    def _plan_ping(self, now):
        if self.section.keepalive:
            self.pings.deadline = now + self.section.keepalive * 1000
            self.node.deadlines.watch(self.pings)
        return []

    def ping(self, now):
        """Ask the provider whether it is there (RFC 3261 section 11); return the effects."""
        flow = self.flow()
        if not self.section.keepalive or flow is None:
            return []
        if self.node.listening[flow.local] is None:
            return self.listening(now)
        asked = Asked(self, b"OPTIONS", flow, [])
        asked.deadline = now + PING_PATIENCE
        self.pings.deadline = None
        self.node.deadlines.watch(asked)
        random = binascii.hexlify(self.node.random(10))
        target = b"sip:" + self.domain
        request = self.request(b"OPTIONS", target, random + b"@" + self.domain, random[:8])
        contact = (b"contact", b"Contact: " + self.contact())
        request.add(*contact)
        effects = self.uac.send(request, flow, asked, now)[1]
        if flow.transport != "udp":
            effects.append(Send(flow, PING))
        return effects

    def _pinged(self, asked, response, now):
        """Any answer will do: what is asked is whether somebody is there."""
        if asked.deadline is None or asked.flow != self.flow():
            return []
        if response is not None and response.status < 200:
            return []
        asked.deadline = None
        effects = self._plan_ping(now)
        if response is not None:
            self.pings.lost, self.pings.answers = 0, True
            return effects + (self.moved(now) if self._note_address(response, now) else [])
        if not self.pings.answers:
            return effects
        self.pings.lost += 1
        if self.pings.lost < PINGS:
            return self.ping(now)
        return effects + self.lose("it does not answer any more", now)

    def lose(self, problem, now):
        """The host in use is gone: register at the next one; return the effects."""
        self.problem = problem
        self.pings.lost = 0 if self.section.register else PINGS
        if self.section.register:
            return self.handle(registration.LOST, now)
        return [] if self.next_host(now) else self.look_up(now)

    def failed(self, flow, now):
        """A stream is gone; return the effects."""
        mine = self.flow()
        if mine is None or mine.transport == "udp" or mine[:4] != flow[:4]:
            return []
        return self.lose("its connection broke", now) if self.lease.is_up() else []

    def leave(self, now):
        """Take this node off the provider's register; return the effects."""
        self.is_resolving = False
        self.pings.deadline = None
        return self.handle(registration.LEAVE, now)

    # What the owner sees.

    def record(self, now):
        """Return how it is, JSON-able."""
        flow, section = self.flow(), self.section
        state = self.lease.state
        if not section.register:
            state = THERE if self.is_up() else AWAY
        return {
            "name": self.name,
            "account": section.username,
            "domain": section.domain,
            "state": state,
            "is_up": self.is_up(),
            "problem": self.problem,
            "host": "" if flow is None else "%s %s port %d" % (flow[0], flow.host, flow.port),
            "seen_as": "" if self.public is None else "%s port %d" % self.public,
            "seconds": (now - self.since) // 1000,
            "emergency": section.emergency,
        }


def _seconds(response, name):
    """Return the number that a field begins with, or None."""
    value = response.value(name)
    digits = b"" if value is None else scan.first_word(value.partition(b";")[0].strip())[0]
    return int(digits) if digits.isdigit() and len(digits) < 10 else None
