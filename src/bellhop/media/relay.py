"""The calls whose media passes this node: what each message becomes, what the library is told.

How a forwarder uses it. Before it builds the request of an INVITE's branch it calls `decide`, whose
reasons, if there are any, keep the node in the path (Record-Route). Every request that it sends on,
ACK included, goes through `request`, every response that it received through `response`. Each
returns (message, effects); a message that is None goes no further: it waits for ports and comes
back from `opened`, or it was an ACK that proved nothing. A SipError refuses: a request and a final
response with its status, a provisional response by being dropped. `ended` tells that a branch came
to nothing, whoever said so.
"""

from collections import namedtuple

from ..effects import Event, Store
from ..errors import SipError
from . import decision, sdp, trust
from .agreement import CALLEE, CALLER, FAILED
from .crypto import SIGNING
from .keyed import OPTION, Keying, offered_key
from .negotiation import A, Offer
from .ownkeys import is_keyed, is_sealed
from .session import Session
from .table import Sessions

# Messages of one call that wait for ports; the shell answers at once, so that two are many.
MAX_PARKED = 16
# Of the places for streams all callers from elsewhere together may take one of so many, and those
# of one node or network; the rest is for phones here, and for contacts whose key is known.
OUTSIDE_SHARE, GROUP_SHARE, PORTS_OF_A_STREAM = (2, 8, 4)
# RFC 3261 section 13.3.1.4: an answer that nobody acknowledges ends after 64*T1.
ACK_PATIENCE = 32000
# A call whose end nobody told.
LONGEST_CALL = 12 * 3600 * 1000

BETWEEN_NODES = (1, 3, 4)

# Library or PyNaCl.
LACKING = "its status says what is missing"

# Requests that may carry an offer (RFC 3261, RFC 3311, RFC 3262).
OFFERING = (b"INVITE", b"UPDATE", b"PRACK")

# What the library reports (native/include/bellhop_media.h, bm_events).
DEAD = 4
REPORTS = {
    1: "sound arrives from the %s",
    2: "silence from the %s",
    3: "sound arrives again from the %s",
    5: "what comes from the %s does not fit the keys",
}
SIDES = ("caller", "called")
# What the DNS cannot better: what people have seen themselves.
UNNAMED = (trust.DIFFERENT, trust.COMPARED, trust.SIGNED)

# A message that had waited for ports. user: as it was given with the message; error: the SipError
# that takes its place, or None.
Ready = namedtuple("Ready", ("user", "message", "error"))


class Relays:
    """All calls of a node whose media may pass it. settings: MediaSettings; deadlines: Deadlines.

    dh, identity: as in agreement.py, None where the node cannot make keys; random(n): n random
    octets.
    """

    def __init__(self, settings, dh, identity, random, deadlines):
        self.settings = settings
        self.keying = Keying(dh, identity, random)
        # What a phone may use; nodes use few of them between themselves.
        self.suites = ()
        self.sessions = Sessions(deadlines)
        self.counters = {
            "relayed": 0, "unable": 0, "refused": 0, "keys_failed": 0, "legs_lost": 0,
        }  # fmt: skip

    def adopt(self, settings):
        """Put other MediaSettings in force; calls keep what was decided."""
        self.settings = settings

    def library(self, suites):
        """Take the suites that the media library can do, the best first; () where it is missing."""
        self.suites = tuple(suites)
        self.keying.suites = tuple([number for number in suites if number in BETWEEN_NODES])
        self.keying.signing = tuple([number for number in suites if number == SIGNING.number])

    # One branch of an INVITE begins or ends.

    def decide(self, user, request, near, far, now, guise=None):
        """Decide whether the media of a branch passes this node; return (reasons, effects).

        guise: agreement.Identity of a caller who hides, in this call alone, or None.

        user: the branch, any hashable value; near, far: the Party on each side. A branch that is
        tried again at another hop is decided anew.
        """
        if request.method != b"INVITE" or request.to.param(b"tag") is not None:
            return [], []
        description = _readable(request)
        key, lacking = offered_key(request, description), []
        role = self._role(key, description, near, far)
        if role is not None and self.keying.dh is None:
            lacking = self._do_without(Session(request, near, far, [], role), request, LACKING)
            role = None
        is_watched = role is None and self._must_be_sealed(key, description, near, far)
        hides = b"session" in (request.value(b"privacy") or b"").lower()
        reasons = decision.path_reasons(self.settings, description, hides, near, far)
        if role is not None:
            reasons.insert(0, decision.ENCRYPTED)
        if is_watched:
            reasons.insert(0, decision.WATCHED)
        session = Session(request, near, far, reasons, role)
        if role is None and session.phone_side is not None:
            reasons.insert(0, decision.SEALED)
        stays, told = False, []
        if reasons:
            stays, told = self._is_able(session, request, description)
        if stays and role is not None:
            session.guise = guise
            self._begin_keys(session, key)
        before = self.sessions.by_user.get(user)
        effects = lacking + ([] if before is None else self.sessions.end(before))
        if not stays:
            return [], effects + told
        self.sessions.add(user, session, now + LONGEST_CALL)
        self.counters["relayed"] += 1
        return reasons, effects

    def join(self, user, request, near, far, now):
        """Let the sound of an answered call pass from now on where its ends have moved apart.

        request: a re-INVITE with an offer. Returns the effects.
        """
        description = _readable(request)
        if request.call_id in self.sessions.by_call or description is None:
            return []
        reasons = decision.path_reasons(self.settings, description, False, near, far)
        if not reasons:
            return []
        session = Session(request, near, far, reasons, None)
        stays, told = self._is_able(session, request, description)
        if stays:
            self.sessions.add(user, session, now + LONGEST_CALL)
            self.counters["relayed"] += 1
        return told

    def _role(self, key, description, near, far):
        """Return CALLER or CALLEE where this node makes keys for its phone, or None."""
        if _is_sealed(description) or (near.contact is None) == (far.contact is None):
            return None
        if near.contact is None and (key is not None or not self.keying.wants(far)):
            return None
        if near.contact is not None and key is None:
            self.keying.refuse_clear(near.contact)
            return None
        return CALLER if near.contact is None else CALLEE

    def _begin_keys(self, session, key):
        try:
            self.keying.begin(session, key)
        except SipError:
            if not self.keying.is_help(session.contact):
                raise
            session.do_without_keys()  # A call for help goes on as it comes.

    def _must_be_sealed(self, key, description, near, far):
        """Tell whether phones that encrypt themselves are held to it; refuses what only says so."""
        contact = near.contact or far.contact
        if (near.contact is None) == (far.contact is None) or not self.keying.must(contact):
            return False
        if key is not None or description is None or not _is_sealed(description):
            return False
        self._check_sealed(contact, description)
        return True

    def _is_able(self, session, request, description):
        """Return (whether this node can do what it decided, effects that tell why it cannot).

        Refuses where nothing else will do.
        """
        group = self._group(session.parties[A])
        streams = 0 if description is None else len([s for s in description.streams if s.port])
        if not self.keying.suites_with(session.contact):
            problem = LACKING
        elif group is not None and not self._has_ports(group, max(streams, 1)):
            problem = "calls from elsewhere have their share of the ports"
        elif len(self.sessions.by_user) >= self.settings.most:
            problem = "too many calls pass this node"
        elif request.body and not is_sdp(request):
            problem = "the body of the call is no session description"
        else:
            session.count_for(group)
            return True, []
        return False, self._do_without(session, request, problem)

    def _group(self, caller):
        """Return what a caller shares ports with: its node or network; None for phones here.

        A contact whose key is known has no such bound either.
        """
        if caller.contact is None or self.keying.trust.is_known(caller.contact):
            return None
        if caller.node:
            return caller.node
        source = caller.source or b""
        return source[:3] if len(source) == 4 else source[:7]

    def _has_ports(self, group, streams):
        """Tell whether so many streams more fit into the shares of a group and of all of them."""
        places = (self.settings.port_high - self.settings.port_low + 1) // PORTS_OF_A_STREAM
        taken = {}
        for session in self.sessions.by_user.values():
            if session.group is not None:
                count = max(len(session.numbers()), 1)
                taken[session.group] = taken.get(session.group, 0) + count
        mine = taken.get(group, 0) + streams
        others = sum(taken.values()) + streams
        return mine <= max(places // GROUP_SHARE, streams) and others <= places // OUTSIDE_SHARE

    def _do_without(self, session, message, problem):
        self.counters["unable"] += 1
        is_asked = OPTION in message.tokens(b"require")
        if session.role is not None and (is_asked or self.keying.must(session.contact)):
            wish = "calls with %s must be encrypted" % session.contact
        elif session.must_seal():
            wish = "the sound to the provider must be encrypted"
        elif decision.HIDDEN in session.reasons:
            wish = decision.HIDDEN
        elif session.role is None:
            return []
        else:
            return [self._event(session, "not encrypted: " + problem)]
        self.counters["refused"] += 1
        raise SipError(488, "%s, and this node cannot: %s" % (wish, problem))

    def ended(self, user):
        """A branch came to nothing; return the effects."""
        session = self.sessions.by_user.get(user)
        if session is None or session.chosen is not None:
            return []
        return self.sessions.end(session)

    def ended_call(self, call_id):
        """This node ends a call by itself; return the effects."""
        effects = []
        for session in list(self.sessions.by_call.get(call_id, ())):
            effects += self.sessions.end(session)
        return effects

    def wake(self, session, now):
        """A session's time is over; return the effects."""
        effects = self.sessions.end(session)
        if session.level != FAILED:
            effects.append(self._event(session, "no acknowledgement or no end came"))
        return effects

    # Messages.

    def request(self, user, request, now):
        """Return (request, effects) for a request on its way. user: None for an ACK."""
        session, dialog, side = self.sessions.asking(user, request)
        if session is None:
            return request, []
        if request.method == b"BYE":
            return request, self.sessions.end(session) if dialog is session.chosen else []
        if request.method == b"ACK":
            return self._acknowledge(session, dialog, side, request, now)
        if session.level == FAILED:
            raise SipError(488, "the keys of this call have failed")
        if not is_sdp(request):
            if dialog is None and session.role is not None:
                self.keying.invite(session, request, None)
            return request, []
        if request.method == b"PRACK" and dialog is not None:
            offer = dialog.offers[1 - side]
            if offer is not None and not dialog.is_answered(offer):
                return self._answer(session, dialog, offer, request)
        if request.method in OFFERING:
            return self._offer(session, dialog, side, user, request)
        return request, []

    def response(self, user, response, now):
        """Return (response, effects) for a response on its way. user: as with its request."""
        session, dialog, side = self.sessions.answering(user, response)
        if session is None:
            return response, []
        begins = self.sessions.by_user.get(user) is session
        if response.status >= 300:
            return response, self._refused(session, dialog, side, begins, response)
        if dialog is None:
            return response, []
        if session.level == FAILED and begins:
            raise SipError(488, session.problem)
        if session.chosen not in (None, dialog):
            # Another phone behind the same branch answered too; the caller will end that call.
            set_body(response, b"")
            return response, []
        response, effects = self._described(session, dialog, side, user, response)
        if response is not None and begins and response.status >= 200 and session.chosen is None:
            session.chosen = dialog
            self.sessions.watch(session, now + ACK_PATIENCE)
            effects += self.sessions.closed(session.updates(dialog))
        return response, effects

    def _described(self, session, dialog, side, user, response):
        """Take the session description of a response that accepts."""
        if not is_sdp(response):
            return response, []
        known = dialog.accepted[side]
        if known is not None and known[:2] == (response.cseq, response.body):
            set_body(response, known[2])
            return response, []
        came = response.body
        response, effects = self._new_description(session, dialog, side, user, response)
        if response is not None and response.cseq[1] == b"INVITE" and response.status >= 200:
            dialog.accept(side, (response.cseq, came, response.body))
        return response, effects

    def _new_description(self, session, dialog, side, user, response):
        offer = dialog.offers[1 - side]
        if offer is not None and offer.cseq == response.cseq:
            return self._answer(session, dialog, offer, response)
        if response.cseq[1] == b"INVITE":
            return self._offer(session, dialog, side, user, response)
        return response, []

    def _refused(self, session, dialog, side, begins, response):
        if not begins:
            if dialog is not None:
                dialog.withdraw(1 - side, response.cseq)
            return []
        if response.status == 420 and OPTION in response.tokens(b"unsupported"):
            raise SipError(488, "the far end cannot encrypt and this call must be")
        return self.sessions.end(session)

    def _acknowledge(self, session, dialog, side, request, now):
        if session.level == FAILED:
            return None, []
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
            # The node ends the call (Relaying.end_unproved); until then this stops every ACK.
            self.counters["keys_failed"] += 1
            session.level, session.problem = FAILED, error.reason
            self.sessions.watch(session, now + ACK_PATIENCE)
            told = self._event(session, error.reason)
            return None, self.sessions.closed(session.close()) + [told]
        if side == A:
            self.sessions.watch(session, now + LONGEST_CALL)
            effects += self._tell(session, dialog)
        return request, effects

    # Session descriptions.

    def _offer(self, session, dialog, side, user, message):
        known = session.first if dialog is None else dialog.offers[side]
        if known is not None and (known.cseq, known.raw) == (message.cseq, message.body):
            set_body(message, known.sent.write())
            return message, []
        if session.is_opening():
            return self._park(session, user, message, [])
        if session.problem is not None:
            return self._unopened(session, message)
        offer = Offer(side, message.cseq, message.body)
        if session.role is None and session.contact is not None and dialog is not None:
            self._check_sealed(session.contact, offer.description)
        effects = session.open_for(offer, self.settings, self.sessions.number)
        if effects:
            return self._park(session, user, message, effects)
        session.pass_on(offer, dialog, self.keying.random, self.suites)
        if dialog is None:
            session.first = offer
            if session.role is not None:
                self.keying.invite(session, message, offer)
        else:
            self.keying.offer(session, dialog, offer)
            dialog.offers[side] = offer
        set_body(message, offer.sent.write())
        return message, []

    def _check_sealed(self, contact, description):
        """Phones that encrypted themselves may not stop where encryption is required."""
        streams = [stream for stream in description.streams if stream.port]
        if [stream for stream in streams if not is_keyed(description, stream)]:
            self.keying.refuse_clear(contact)

    def _answer(self, session, dialog, offer, message):
        known = dialog.answers[1 - offer.side]
        effects = []
        if known is None or known[:2] != (offer.cseq, message.body):
            description, sent, cryptos = session.answer(offer, message.body)
            if session.role is None and session.contact is not None:
                self._check_sealed(session.contact, description)
            self.keying.answer(session, dialog, offer, description, sent)
            known = offer.cseq, message.body, sent.write()
            dialog.agree(offer, description, cryptos, known)
            effects = self.sessions.closed(session.updates(dialog))
        set_body(message, known[2])
        return message, effects

    # Ports.

    def _park(self, session, user, message, effects):
        if len(session.parked) >= MAX_PARKED:
            raise SipError(500, "the ports of this call do not open")
        session.parked.append((user, message))
        return None, effects

    def opened(self, number, ports, problem, now):
        """The shell has answered a RelayOpen; return (list of Ready, effects).

        ports: A's RTP and RTCP, B's RTP and RTCP, or None; problem: text where there are none.
        """
        session = self.sessions.by_number.get(number)
        if session is None:
            return [], []
        session.slot_of(number).ports = ports or ()
        if not ports:
            session.problem = problem
        if session.is_opening():
            return [], []
        effects = [] if session.problem is None else self.sessions.closed(session.close_unused())
        parked, session.parked = session.parked, []
        ready = []
        for user, message in parked:
            is_request = hasattr(message, "method")
            try:
                again = self.request if is_request else self.response
                passed, more = again(user, message, now)
                effects += more
                if passed is not None:
                    ready.append(Ready(user, passed, None))
            except SipError as error:
                ready.append(Ready(user, message, error))
        return ready, effects

    def _unopened(self, session, message):
        """There were no ports: the call goes on without this node if that is allowed."""
        problem, session.problem = session.problem, None
        if session.numbers():
            raise SipError(488, "no more media can pass this node: %s" % problem)
        told = self._do_without(session, message, problem)
        return message, self.sessions.end(session) + told

    # What the library reports.

    def reported(self, number, kind, side, now):
        """The library says something about a relay (REPORTS); return the effects."""
        session = self.sessions.by_number.get(number)
        if session is None or (kind != DEAD and kind not in REPORTS):
            return []
        if kind == DEAD:
            return self.failed(number, "nothing was heard for too long", now)
        return [self._event(session, REPORTS[kind] % SIDES[side])]

    def failed(self, number, problem, now):
        """A relay is of no use any more; return the effects."""
        session = self.sessions.by_number.get(number)
        if session is None:
            return []
        self.counters["legs_lost"] += 1
        effects = self.sessions.closed(session.close(number)) + [self._event(session, problem)]
        if session.numbers():
            return effects
        session.problem = problem
        if session.chosen is None:
            # Nobody has answered yet: who does is refused, or the sound would go in the clear.
            session.level = FAILED
            return effects
        return effects + self.sessions.end(session)

    # What people see.

    def _tell(self, session, dialog):
        """The call stands: note and tell once what its keys are worth."""
        if session.level is not None or session.contact is None:
            return []
        agreement = dialog.agreement
        if agreement is None:
            if session.is_by_phones():
                return []
            session.level = trust.CLEAR
            return [self._event(session, "no key was agreed")]
        session.level = self.keying.see(session, agreement.peer)
        return [self.store(), self._event(session, "keys are confirmed")]

    def follow(self, old, new):
        """One key stands for another from now on; return the effects."""
        return [self.store()] if self.keying.trust.follow(old, new) else []

    def store(self):
        """Return the effect that keeps what is known of keys."""
        return Store("trust", lambda now: self.keying.trust.dump(), None)

    def _event(self, session, what):
        return Event("media", dict(self._record(session), what=what))

    def _record(self, session):
        fields = session.record()
        if session.level in trust.LEVELS:
            policies = self.keying.policies
            fields["is_enough"] = policies.is_enough(session.contact, session.level)
        return fields

    def of_call(self, call_id):
        """Return what is known of a call's media: JSON-able dicts, one for each session."""
        return [self._record(session) for session in self.sessions.by_call.get(call_id, ())]

    def differ(self, call_id):
        """The people of a call read different words: its key is nobody's; return the effects."""
        effects = []
        for session in self.sessions.by_call.get(call_id, ()):
            agreement = session.proved()
            if agreement is None:
                continue
            known = self.keying.trust.contacts.get(session.contact)
            if known is not None and known.key == agreement.peer:
                self.keying.trust.forget(session.contact)
            session.level = trust.DIFFERENT
            told = self._event(session, "the words differ: somebody in between may listen")
            effects += [self.store(), told]
        return effects

    def mark(self, call_id, mark):
        """The people of a call compared words; return the effects."""
        effects = []
        for session in self.sessions.by_call.get(call_id, ()):
            effects += self.vouch(session, mark)
        return effects

    def vouch(self, session, mark):
        """Words or signatures have shown who has the key of a session; return the effects."""
        agreement = session.proved()
        if agreement is None:
            return []
        level = self.keying.trust.mark(session.contact, agreement.peer, mark)
        stronger = UNNAMED if mark == trust.NAMED else (trust.SIGNED,)
        if session.level not in stronger:
            session.level = level
        return [self.store(), self._event(session, mark)]


def is_sdp(message):
    """Tell whether a message carries a session description that can be read."""
    if not message.body or message.has(b"content-encoding"):
        return False
    kind = message.value(b"content-type") or b""
    return kind.partition(b";")[0].strip().lower() == sdp.CONTENT_TYPE


def is_by_phones(request):
    """Tell whether phones encrypt all the sound that a request offers themselves."""
    return _is_sealed(_readable(request))


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
