"""The calls whose media passes this node: what each message becomes, what the library is told.

How a forwarder uses it. Before it builds the request of an INVITE's branch it calls `decide`, whose
reasons, if there are any, keep the node in the path (Record-Route). Every request that it sends on,
ACK included, goes through `request`, every response that it received through `response`. Each
returns (message, effects); a message that is None goes no further: it waits for ports and comes
back from `opened`, or it was an ACK that proved nothing. A SipError refuses: a request and a final
response with its status, a provisional response by being dropped. `ended` tells that a branch came
to nothing, whoever said so.
"""

import binascii
from collections import namedtuple

from ..effects import Event, Store
from ..errors import SipError
from . import decision, sdp, trust
from .agreement import CALLEE, CALLER, CONFIRMED, FAILED
from .keyed import OPTION, Keying, offered_key
from .session import MAX_DIALOGS, A, B, Dialog, Offer, Session, is_sealed

# Calls with relays at once: each costs four ports and about 10 kB of Python; past it a call is
# treated as one without the media library.
MAX_SESSIONS = 512
# Messages of one call that wait for ports; the shell answers at once, so that two are many.
MAX_PARKED = 16
# RFC 3261 section 13.3.1.4: an answer that nobody acknowledges ends after 64*T1.
ACK_PATIENCE = 32000
# A call whose end nobody told.
LONGEST_CALL = 12 * 3600 * 1000

# What the library reports (native/include/bellhop_media.h, bm_events).
DEAD = 4
REPORTS = {1: "latched", 2: "silent", 3: "heard", DEAD: "dead", 5: "keys do not fit"}

# A message that had waited for ports. user: as it was given with the message; error: the SipError
# that takes its place, or None.
Ready = namedtuple("Ready", ("user", "message", "error"))


class Relays:
    """All sessions of a node. settings: MediaSettings; keying: what the calls share of keys."""

    def __init__(self, settings, dh, identity, token, deadlines):
        self.settings = settings
        self.keying = Keying(dh, identity, token)
        self.deadlines = deadlines
        self.by_user = {}
        self.by_call = {}
        self.by_number = {}
        self.count = 0
        self.counters = {
            "relayed": 0, "unable": 0, "refused": 0, "keys_failed": 0, "legs_lost": 0,
        }  # fmt: skip

    def library(self, suites):
        """Take the suites that the media library can do, the best first; () where it is missing."""
        self.keying.suites = tuple(suites)

    # One branch of an INVITE begins or ends.

    def decide(self, user, request, near, far, now):
        """Decide whether the media of a branch passes this node; return (reasons, effects).

        user: the branch, any hashable value; near, far: the Party on each side. A branch that is
        tried again at another hop is decided anew.
        """
        effects = self.ended(user)
        if request.method != b"INVITE" or request.to.param(b"tag") is not None:
            return [], effects
        description = _readable(request)
        key = offered_key(request, description)
        role = self._role(key, description, near, far)
        hides = b"session" in (request.value(b"privacy") or b"").lower()
        reasons = decision.path_reasons(self.settings, description, hides, near, far)
        if role is not None:
            reasons.insert(0, decision.ENCRYPTED)
        if not reasons:
            return [], effects
        session = Session(request, near, far, reasons, role)
        session.user = user
        if not self._is_able(session, request):
            return [], effects
        if role is not None:
            self.keying.begin(session, key)
        self.by_user[user] = session
        self.by_call.setdefault(session.call_id, []).append(session)
        self._watch(session, now + LONGEST_CALL)
        self.counters["relayed"] += 1
        return reasons, effects

    def _role(self, key, description, near, far):
        """Return CALLER or CALLEE where this node makes keys for its phone, or None."""
        if _is_sealed(description) or (near.contact is None) == (far.contact is None):
            return None
        if near.contact is None:
            return CALLER if key is None and self.keying.wants(far) else None
        if key is None:
            self.keying.refuse_clear(near.contact)
        return None if key is None else CALLEE

    def _is_able(self, session, request):
        """Tell whether this node can do what it decided; refuses where nothing else will do."""
        if not self.keying.suites:
            problem = "the media library is missing"
        elif len(self.by_user) >= MAX_SESSIONS:
            problem = "too many calls pass this node"
        elif request.body and not is_sdp(request):
            problem = "the body of the call is no session description"
        else:
            return True
        self._do_without(session, problem)
        return False

    def _do_without(self, session, problem):
        self.counters["unable"] += 1
        hidden = decision.HIDDEN in session.reasons
        if hidden or (session.role is not None and self.keying.must(session.contact())):
            self.counters["refused"] += 1
            raise SipError(488, "%s is not possible: %s" % (session.reasons[0], problem))

    def ended(self, user):
        """A branch came to nothing; return the effects."""
        session = self.by_user.get(user)
        return [] if session is None else self._end(session)

    def _end(self, session):
        effects = session.close()
        for effect in effects:
            self.by_number.pop(effect.relay, None)
        self.by_user.pop(session.user, None)
        sessions = self.by_call.get(session.call_id, [])
        if session in sessions:
            sessions.remove(session)
        if not sessions:
            self.by_call.pop(session.call_id, None)
        session.parked = []
        session.deadline = None
        return effects

    def _watch(self, session, deadline):
        session.deadline = deadline
        self.deadlines.watch(session)

    def wake(self, session, now):
        """A session's time is over: nobody acknowledged it, or nobody told its end."""
        return self._fail(session, "its time is over: no acknowledgement or no end came")

    # Messages.

    def request(self, user, request, now):
        """Return (request, effects) for a request on its way. user: None for an ACK."""
        session, dialog, side = self._place(user, request)
        if session is None:
            return request, []
        if request.method == b"ACK":
            return self._acknowledge(session, dialog, side, request, now)
        if request.method == b"BYE":
            return request, self._end(session) if dialog is session.chosen else []
        if session.is_opening():
            return self._park(session, user, request, [])
        if not is_sdp(request):
            if dialog is None and session.role is not None:
                self.keying.invite(session, request, None)
            return request, []
        if request.method == b"PRACK" and dialog is not None:
            offer = dialog.offers[1 - side]
            if offer is not None and not dialog.is_answered(offer):
                return self._answer(session, dialog, offer, request)
        if request.method in (b"INVITE", b"UPDATE", b"PRACK"):
            return self._offer(session, dialog, side, user, request)
        return request, []

    def response(self, user, response, now):
        """Return (response, effects) for a response on its way. user: as with its request."""
        session, dialog, side = self._answering(user, response)
        if session is None:
            return response, []
        if response.status >= 300:
            return self._reject(session, dialog, side, user, response)
        if dialog is None:
            return response, []
        if session.chosen not in (None, dialog):
            # Another phone behind the same branch answered too; the caller will end that call.
            set_body(response, b"")
            return response, []
        if session.is_opening():
            return self._park(session, user, response, [])
        response, effects = self._described(session, dialog, side, user, response)
        if response is not None and response.status >= 200 and session is self.by_user.get(user):
            effects += self._choose(session, dialog, now)
        return response, effects

    def _described(self, session, dialog, side, user, response):
        """Take the session description of a response that accepts."""
        if not is_sdp(response):
            return response, []
        offer = dialog.offers[1 - side]
        if offer is not None and offer.cseq == response.cseq:
            return self._answer(session, dialog, offer, response)
        if response.cseq[1] == b"INVITE":
            return self._offer(session, dialog, side, user, response)
        return response, []

    def _choose(self, session, dialog, now):
        """The call is answered: this dialog's media is the branch's."""
        if session.chosen is not None:
            return []
        session.chosen = dialog
        self._watch(session, now + ACK_PATIENCE)
        return self._forget(session, session.updates(dialog))

    def _reject(self, session, dialog, side, user, response):
        if self.by_user.get(user) is session:
            if response.status == 420 and OPTION in response.tokens(b"unsupported"):
                raise SipError(488, "the far end cannot encrypt and this call must be")
            return response, self._end(session)
        if dialog is not None:
            dialog.withdraw(1 - side, response.cseq)
        return response, []

    def _acknowledge(self, session, dialog, side, request, now):
        if dialog is None or dialog is not session.chosen:
            return request, []
        effects = []
        try:
            offer = dialog.offers[1 - side]
            if offer is not None and offer.cseq[0] == request.cseq[0] and is_sdp(request):
                request, effects = self._answer(session, dialog, offer, request)
            if side == A and session.role is not None:
                self.keying.acknowledge(dialog, request, session.role)
        except SipError as error:
            self.counters["keys_failed"] += 1
            return None, self._fail(session, error.reason)
        self._watch(session, now + LONGEST_CALL)
        return request, effects + self._tell(session, dialog)

    # Which session a message belongs to.

    def _place(self, user, request):
        """Return (session, dialog or None in an INVITE that begins, side that sent it)."""
        session = self.by_user.get(user)
        if session is not None:
            return session, None, A
        return self._within(request)

    def _answering(self, user, response):
        session = self.by_user.get(user)
        if session is None:
            session, dialog, side = self._within(response)
            return session, dialog, None if side is None else 1 - side
        tag = response.to.param(b"tag")
        if tag is None or response.status >= 300:
            return session, None, B
        if tag not in session.dialogs:
            if len(session.dialogs) >= MAX_DIALOGS:
                raise SipError(488, "too many phones answer behind one address")
            agreement = None if session.agreement is None else session.agreement.fork()
            session.dialogs[tag] = Dialog(agreement, session.first)
        return session, session.dialogs[tag], B

    def _within(self, message):
        tags = message.from_.param(b"tag"), message.to.param(b"tag")
        for session in self.by_call.get(message.call_id, ()):
            if session.caller_tag == tags[0] and tags[1] in session.dialogs:
                return session, session.dialogs[tags[1]], A
            if session.caller_tag == tags[1] and tags[0] in session.dialogs:
                return session, session.dialogs[tags[0]], B
        return None, None, None

    # Session descriptions.

    def _offer(self, session, dialog, side, user, message):
        known = session.first if dialog is None else dialog.offers[side]
        if known is not None and (known.cseq, known.raw) == (message.cseq, message.body):
            set_body(message, known.sent.write())
            return message, []
        if session.problem is not None:
            return self._unopened(session, message)
        offer = Offer(side, message.cseq, message.body)
        effects = session.open_for(offer, self.settings, lambda: self._number(session))
        if effects:
            return self._park(session, user, message, effects)
        session.pass_on(offer, dialog, self.keying.token, self.keying.suites)
        if dialog is None:
            session.first = offer
            offer.is_first = True
            if session.role is not None:
                self.keying.invite(session, message, offer.sent)
        else:
            self.keying.offer(session, dialog, offer)
            dialog.offers[side] = offer
        set_body(message, offer.sent.write())
        return message, []

    def _answer(self, session, dialog, offer, message):
        known = dialog.answers[1 - offer.side]
        if known is None or known[:2] != (offer.cseq, message.body):
            raw = message.body
            description, sent, cryptos = session.answer(offer, raw)
            lines = session.lines_of(1 - offer.side, description, sent)
            self.keying.answer(session, dialog, offer, description, sent, lines)
            known = offer.cseq, raw, sent.write()
            dialog.agree(offer, description, cryptos, known)
            set_body(message, known[2])
            return message, self._forget(session, session.updates(dialog))
        set_body(message, known[2])
        return message, []

    def _forget(self, session, effects):
        """Take relays that are closed out of the table."""
        numbers = [slot.number for slot in session.slots if slot is not None]
        for effect in effects:
            if effect.relay not in numbers:
                self.by_number.pop(effect.relay, None)
        return effects

    # Ports.

    def _number(self, session):
        self.count += 1
        self.by_number[self.count] = session
        return self.count

    def _park(self, session, user, message, effects):
        if len(session.parked) >= MAX_PARKED:
            raise SipError(500, "the ports of this call do not open")
        session.parked.append((user, message))
        return None, effects

    def opened(self, number, ports, problem, now):
        """The shell has answered a RelayOpen; return (list of Ready, effects).

        ports: A's RTP and RTCP, B's RTP and RTCP, or None; problem: text where there are none.
        """
        session = self.by_number.get(number)
        if session is None:
            return [], []
        slot = [one for one in session.slots if one is not None and one.number == number][0]
        slot.ports = ports or ()
        if not ports:
            session.problem = problem
        if session.is_opening():
            return [], []
        effects = [] if session.problem is None else self._close_unused(session)
        parked, session.parked = session.parked, []
        ready = []
        for user, message in parked:
            try:
                again = self.request if hasattr(message, "method") else self.response
                message, more = again(user, message, now)
                effects += more
                if message is not None:
                    ready.append(Ready(user, message, None))
            except SipError as error:
                ready.append(Ready(user, message, error))
        return ready, effects

    def _close_unused(self, session):
        """Close what was opened in vain; the relays that a standing call uses stay."""
        unused = [slot.number for slot in session.slots if slot is not None and slot.is_unused()]
        effects = []
        for number in unused:
            effects += session.close(number)
        return self._forget(session, effects)

    def _unopened(self, session, message):
        """There were no ports: the call goes on without this node if that is allowed."""
        problem, session.problem = session.problem, None
        if session.chosen is not None:
            raise SipError(488, "no more media can pass this node: %s" % problem)
        self._do_without(session, problem)
        return message, self._end(session)

    # What the library reports.

    def reported(self, number, kind, side, now):
        """The library says something about a relay (REPORTS); return the effects."""
        session = self.by_number.get(number)
        if session is None:
            return []
        if kind == DEAD:
            return self.failed(number, "nothing was heard for too long", now)
        return [self._event(session, "%s on side %s" % (REPORTS.get(kind, "?"), "AB"[side]))]

    def failed(self, number, problem, now):
        """A relay is of no use any more; return the effects."""
        session = self.by_number.get(number)
        if session is None:
            return []
        self.counters["legs_lost"] += 1
        told = [self._event(session, problem)]
        effects = session.close(number)
        if session.slots.count(None) == len(session.slots):
            return told + effects + self._end(session)
        return told + self._forget(session, effects)

    # What people see.

    def _tell(self, session, dialog):
        """The call stands: note and tell once what its keys are worth."""
        if session.level is not None or session.role is None:
            return []
        contact, agreement = session.contact(), dialog.agreement
        if agreement is None:
            session.level = trust.CLEAR
            return [self._event(session, "no key was agreed")]
        session.level = self.keying.trust.see(contact, agreement.peer)
        return [self._store(), self._event(session, "keys are confirmed")]

    def _fail(self, session, reason):
        session.level = FAILED
        told = self._event(session, reason)
        return self._end(session) + [told]

    def _store(self):
        return Store("trust", lambda now: self.keying.trust.dump())

    def _event(self, session, what):
        return Event("media", dict(self.record(session), what=what))

    def record(self, session):
        """Return what is known of a session as a JSON-able dict; it holds no key of its media."""
        contact = session.contact()
        fields = {
            "call_id": "".join([chr(o) if 32 <= o < 127 else "?" for o in session.call_id]),
            "contact": contact,
            "reasons": session.reasons,
            "level": session.level,
            "is_enough": None,
            "key": None,
            "words": None,
            "suite": None,
            "relays": [slot.number for slot in session.slots if slot is not None],
        }
        agreement = None if session.chosen is None else session.chosen.agreement
        if session.level in trust.LEVELS:
            fields["is_enough"] = self.keying.policies.is_enough(contact, session.level)
        if agreement is not None and agreement.state == CONFIRMED:
            fields["key"] = binascii.hexlify(agreement.peer).decode()
            fields["words"] = " ".join(agreement.words())
            fields["suite"] = agreement.suite.name.decode()
        return fields

    def of_call(self, call_id):
        """Return the records of all sessions of a call."""
        return [self.record(session) for session in self.by_call.get(call_id, ())]

    def mark(self, call_id, mark):
        """The people of a call compared words or signatures; return the effects."""
        effects = []
        for session in self.by_call.get(call_id, ()):
            agreement = None if session.chosen is None else session.chosen.agreement
            if agreement is not None and agreement.state == CONFIRMED:
                session.level = self.keying.trust.mark(session.contact(), agreement.peer, mark)
                effects += [self._store(), self._event(session, mark)]
        return effects


def is_sdp(message):
    """Tell whether a message carries a session description that can be read."""
    if not message.body or b"content-encoding" in message.names:
        return False
    kind = message.value(b"content-type") or b""
    return kind.partition(b";")[0].strip().lower() == sdp.CONTENT_TYPE


def set_body(message, body):
    """Put another body into a message."""
    message.body = body
    message.set(b"content-length", b"Content-Length: " + str(len(body)).encode())


def _readable(request):
    """Return the Description in a request, or None."""
    try:
        return sdp.parse(request.body) if is_sdp(request) else None
    except SipError:
        return None


def _is_sealed(description):
    """Tell whether the phones encrypt every stream themselves: nodes have nothing to add."""
    streams = [] if description is None else [s for s in description.streams if s.port]
    return bool(streams) and not [stream for stream in streams if not is_sealed(stream)]
