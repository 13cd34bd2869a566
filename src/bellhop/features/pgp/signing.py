"""OpenPGP signatures of a call: each end node signs the hash of the call's keys for the other.

media/KEYAGREEMENT.md says what is signed. Both nodes announce that they sign with Recv-Info in the
INVITE and its 2xx; once the keys are confirmed the signature travels inside the dialog as an INFO
of its own package (RFC 6086), which the other end node takes: no phone ever sees it.
"""

from ...effects import Event, Note, Sign, Verify
from ...errors import SipError
from ...media import trust
from ...media.agreement import CALLER
from ...media.relay import set_body
from ...media.signature import CONTENT_TYPE, PACKAGE, is_signature, statement
from ...text import readable
from ...transaction.transaction import RESPONSE
from ...tu import dialog

ANNOUNCEMENT = b"Recv-Info: " + PACKAGE
FIELDS = (
    (b"info-package", b"Info-Package: " + PACKAGE),
    (b"content-disposition", b"Content-Disposition: Info-Package"),
    (b"content-type", b"Content-Type: " + CONTENT_TYPE),
)
UNSIGNED = "ended by this node: the other end's signature is required and is "

# What is known of the other side's signature.
NEW, EARLY, WAITING, CHECKING, GOOD, BAD, MISSING = STATES = (
    "new", "early", "waiting", "checking", "good", "bad", "missing",
)  # fmt: skip
CAME, CONFIRMED, FITS, FAILS, LATE = EVENTS = ("came", "confirmed", "fits", "fails", "late")


class SignaturePair:
    """The two signatures of one call. state: of the other side's; ours: what became of this one's.

    is_able: whether the far end announced that it signs; what: words about the other's signature.
    """

    def __init__(self, session):
        self.session = session
        self.state = NEW
        self.is_able = False
        self.held = None
        self.ours = self.what = ""
        self.deadline = self.queued = None

    def seen(self):
        """Return (the other's signature, this one's) in words, None before there is anything."""
        if self.state in (NEW, EARLY):
            return None, None
        return (self.state + ", " + self.what if self.what else self.state), self.ours or None


class Signing:
    """A feature: all signatures of a node.

    relays: media.relay.Relays; release: ends calls; contact_of(address): name of a contact's keys.
    """

    name = "pgp"
    hooks = ("offered", "accepted", "confirmed", "told", "adopt", "counters")
    events = ("signed", "verified")

    def __init__(self, node, relays, release, uac, contact_of):
        self.node = node
        self.relays = relays
        self.release = release
        self.uac = uac
        self.contact_of = contact_of
        self.users = {SignaturePair: self._sent}
        self.wakers = {SignaturePair: self._wake}
        self.patience = 0
        self.count = 0
        self.asked = {}
        self.outcomes = {"good": 0, "bad": 0, "missing": 0, "not_made": 0, "not_taken": 0}

    def adopt(self, settings):
        """Put new settings in force."""
        self.patience = settings.pgp.wait_seconds * 1000
        signers = {}
        for contact in settings.contacts:
            if contact.address and contact.pgp:
                signers[self.contact_of(contact.address.encode())] = contact.pgp
        self.relays.keying.expect(signers)

    def counters(self):
        """Return what became of signatures."""
        return {"signatures": self.outcomes}

    # The messages that begin a call.

    def offered(self, session, request):
        """Announce in the INVITE of a caller's node, or read the announcement."""
        if session.role is None or request.method != b"INVITE" or session.guise is not None:
            return
        if session.signature is None:
            session.be_signed(SignaturePair(session))
        _announce(request, session, session.role == CALLER)

    def accepted(self, session, response):
        """Announce in the 2xx of a called node, or read the announcement."""
        if session.signature is not None:
            _announce(response, session, session.role != CALLER)

    def confirmed(self, session, now):
        """An ACK has gone by; where it confirmed the keys both sides sign now."""
        exchange = session.signature
        if exchange is None or session.proved() is None:
            return []
        if exchange.state == NEW and not exchange.is_able and not self._expects(session.contact):
            return []
        return self._handle(exchange, CONFIRMED, now)

    def _expects(self, contact):
        """Tell whether the owner counts on signatures of a contact."""
        keying = self.relays.keying
        return contact in keying.signers or keying.policies.wants(contact, trust.SIGNED)

    # The signature of the other side.

    def told(self, session, negotiation, request, now):
        """Take the INFO with the other side's signature; return the effects, or refuse it."""
        kind = request.value(b"content-type") or b""
        if kind.partition(b";")[0].strip().lower() != CONTENT_TYPE:
            raise SipError(415, None, (b"Accept: " + CONTENT_TYPE,))
        if not is_signature(request.body):
            raise SipError(400, "this is no signature")
        if session.signature is None or negotiation is not session.chosen:
            raise SipError(481)
        return self._handle(session.signature, CAME, now, request.body)

    def verified(self, number, fingerprints, problem, now):
        """The shell has checked a signature. fingerprints: of who made it, () where it is bad."""
        exchange = self._answered(number)
        if exchange is None:
            return []
        wanted = self.relays.keying.signers.get(exchange.session.contact, ())
        if fingerprints and not [one for one in fingerprints if one in wanted]:
            problem = "made by %s, which is not set as a key of this contact" % fingerprints[-1]
        if problem is not None or not fingerprints:
            return self._handle(exchange, FAILS, now, problem)
        return self._handle(exchange, FITS, now, "by " + fingerprints[-1])

    def _wake(self, exchange, now):
        """The time for the other side's signature is over."""
        exchange.deadline = None
        return [] if _is_over(exchange) else self._handle(exchange, LATE, now)

    # This node's signature.

    def signed(self, number, signature, problem, now):
        """The shell has signed; send it to the other end node."""
        exchange = self._answered(number)
        if exchange is None:
            return []
        session = exchange.session
        call = self.node.calls.live.get(session.call_id)
        ends = (None, None) if call is None or call.legs is None else call.legs
        leg = ends[session.role == CALLER]
        if problem is None and leg is None:
            problem = "no way to the other end is known"
        if problem is not None:
            return self._unsent(exchange, "not_made", "not made: " + problem)
        request = dialog.request(leg, b"INFO", leg.cseq, FIELDS)
        set_body(request, signature)
        exchange.ours = "sent"
        return self.uac.within(leg, request, self.node.flow_to(call, leg), exchange, now)

    def _sent(self, indication, now):
        """The other end node has taken the signature, or has not (a client transaction's word)."""
        exchange = indication.user
        if _is_over(exchange):
            return []
        if indication.kind != RESPONSE:
            return self._unsent(exchange, "not_taken", "not taken: nobody answered")
        status = indication.message.status
        if status >= 300:
            return self._unsent(exchange, "not_taken", "not taken: refused with %d" % status)
        if status >= 200:
            exchange.ours = "taken by the other node"
        return []

    def _unsent(self, exchange, counter, words):
        self.outcomes[counter] += 1
        exchange.ours = words
        return self._report(exchange, "warning", "this node's signature was " + words)

    # Parts.

    def _handle(self, exchange, event, now, detail=None):
        step = TABLE.get((exchange.state, event))
        if step is None:
            return []
        exchange.state, action = step
        return action(self, exchange, now, detail)

    def ask(self, kind, exchange, role, *signature):
        """Return the effect that has the statement of a side signed or checked."""
        self.count += 1
        self.asked[self.count] = exchange
        octets = statement(role, exchange.session.proved().session_hash())
        return kind(self.count, octets, *signature)

    def _answered(self, number):
        exchange = self.asked.pop(number, None)
        return None if exchange is None or _is_over(exchange) else exchange

    def judged(self, exchange, words, now):
        """Tell of a signature that is bad or missing; end the call where the owner wants that."""
        self.outcomes[exchange.state] += 1
        exchange.what = words
        session = exchange.session
        policies = self.relays.keying.policies
        text = "the other end's signature is %s, %s" % (exchange.state, words)
        effects = self._report(exchange, "warning", text)
        if policies.of(session.contact) != trust.REQUIRE:
            return effects
        call = self.node.calls.live.get(session.call_id)
        if call is None or policies.is_enough(session.contact, session.level):
            return effects
        return effects + self.release.hang_up(call, now, UNSIGNED + exchange.state)

    def _report(self, exchange, level, text):
        session = exchange.session
        call_id = readable(session.call_id)
        fields = {"call_id": call_id, "contact": session.contact, "what": text}
        fields["signature"], fields["own_signature"] = exchange.seen()
        return [
            Event("signature", fields),
            Note(level, "call with %s: %s" % (session.contact, text)),
        ]

    def raised(self, exchange):
        """The call is signed: tell, and note it in the list of calls."""
        self.outcomes[GOOD] += 1
        session = exchange.session
        effects = self.relays.vouch(session, trust.SIGNED)
        call = self.node.calls.live.get(session.call_id)
        if call is not None:
            call.secure(session.level)
        return effects + self._report(exchange, "info", "the call is signed " + exchange.what)


def _announce(message, session, ours):
    """Put this node's announcement into a message, or take the other side's out of it."""
    is_there = PACKAGE in message.tokens(b"recv-info")
    if is_there:
        rest = [item for item in message.items(b"recv-info") if item.lower() != PACKAGE]
        message.remove(b"recv-info")
        if rest:
            message.insert(b"recv-info", b"Recv-Info: " + b", ".join(rest))
    if ours:
        message.insert(b"recv-info", ANNOUNCEMENT)
    else:
        session.signature.is_able = is_there


def _is_over(exchange):
    return exchange.session.deadline is None


def _hold(signing, exchange, now, signature):
    exchange.held = signature
    return []


def _begin(signing, exchange, now, _):
    """Sign, and wait for the other; no longer than this moment if it will not come."""
    exchange.deadline = now + (signing.patience if exchange.is_able else 0)
    signing.node.deadlines.watch(exchange)
    if not exchange.is_able:
        return []
    return [signing.ask(Sign, exchange, exchange.session.role)]


def _begin_late(signing, exchange, now, _):
    return _begin(signing, exchange, now, _) + _check(signing, exchange, now, exchange.held)


def _check(signing, exchange, now, signature):
    exchange.deadline, exchange.held = now + signing.patience, None
    signing.node.deadlines.watch(exchange)
    return [signing.ask(Verify, exchange, 1 - exchange.session.role, signature)]


def _trust(signing, exchange, now, words):
    exchange.what = words
    return signing.raised(exchange)


def _reject(signing, exchange, now, problem):
    return signing.judged(exchange, problem, now)


def _stop_checking(signing, exchange, now, _):
    return signing.judged(exchange, "it could not be checked in time", now)


def _give_up(signing, exchange, now, _):
    if exchange.is_able:
        words = "none came within %d seconds" % (signing.patience // 1000)
    else:
        words = "the other end does not sign its calls"
    return signing.judged(exchange, words, now)


TABLE = {
    (NEW, CAME): (EARLY, _hold),
    (NEW, CONFIRMED): (WAITING, _begin),
    (EARLY, CONFIRMED): (CHECKING, _begin_late),
    (WAITING, CAME): (CHECKING, _check),
    (WAITING, LATE): (MISSING, _give_up),
    (CHECKING, FITS): (GOOD, _trust),
    (CHECKING, FAILS): (BAD, _reject),
    (CHECKING, LATE): (BAD, _stop_checking),
    (MISSING, CAME): (CHECKING, _check),
}
IGNORED = {
    (NEW, FITS): "nothing was checked",
    (NEW, FAILS): "nothing was checked",
    (NEW, LATE): "the time begins with the confirmation",
    (EARLY, CAME): "one signature a call",
    (EARLY, FITS): "nothing was checked",
    (EARLY, FAILS): "nothing was checked",
    (EARLY, LATE): "the time begins with the confirmation",
    (WAITING, CONFIRMED): "a repeated ACK",
    (WAITING, FITS): "nothing was checked",
    (WAITING, FAILS): "nothing was checked",
    (CHECKING, CAME): "one signature a call",
    (CHECKING, CONFIRMED): "a repeated ACK",
    (GOOD, CAME): "one signature a call",
    (GOOD, CONFIRMED): "a repeated ACK",
    (GOOD, FITS): "judged",
    (GOOD, FAILS): "judged",
    (GOOD, LATE): "judged",
    (BAD, CAME): "one signature a call",
    (BAD, CONFIRMED): "a repeated ACK",
    (BAD, FITS): "judged",
    (BAD, FAILS): "judged",
    (BAD, LATE): "judged",
    (MISSING, CONFIRMED): "a repeated ACK",
    (MISSING, FITS): "nothing was checked",
    (MISSING, FAILS): "nothing was checked",
    (MISSING, LATE): "it is known to be missing",
}
