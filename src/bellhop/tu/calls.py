"""Live calls and call history; both bounded."""

from ..limits import MAX_CALLS, MAX_HISTORY
from ..sip import address, scan, uri
from ..text import readable
from .dialog import Parties

RINGING, ANSWERED, ENDED = STATES = ("ringing", "answered", "ended")
# How a call has ended; `ended_by` says it in a sentence, with the reason that the other end gave.
CALLER_HUNG_UP, CALLED_HUNG_UP, GIVEN_UP, REFUSED, BY_OWNER, BY_NODE = (
    "caller hung up", "called hung up", "given up", "refused", "ended by owner", "ended by node",
)  # fmt: skip
RESTARTED, FORGOTTEN, HANDED_OVER = ("node restarted", "forgotten", "handed over")
ENDINGS = (
    CALLER_HUNG_UP, CALLED_HUNG_UP, GIVEN_UP, REFUSED, BY_OWNER, BY_NODE, RESTARTED, FORGOTTEN,
    HANDED_OVER,
)  # fmt: skip
# What a caller hears where no way is as private as he wants it.
OPENLY = "No private way, dial again to call openly"
BY_ONE = "No way by three relays, dial again to call by one"
# Under which live calls are kept.
NAME = "calls"
# A call whose end nobody told is taken off the live list after this time.
LONGEST_CALL = 12 * 3600 * 1000


# What of a past call is kept as it is, and what of one that goes on.
PAST = (
    "number", "step", "why", "in_path", "status", "ending", "ended_by", "answered_by", "security",
)  # fmt: skip
KEPT = ("step", "why", "in_path", "answered_by", "status")


class Members:
    """Which users of this house a call concerns, by name.

    caller: who proved to call; callee: who was called; both None where that is nobody here. rang:
    those at whose phones it rang; taker: the one of them who answered, or None.
    """

    __slots__ = ("caller", "callee", "rang", "taker")

    def __init__(self, caller=None, callee=None, rang=(), taker=None):
        self.caller, self.callee, self.rang, self.taker = caller, callee, list(rang), taker

    def called(self, user):
        """Tell whether a user was called, or rung."""
        return user == self.callee or user in self.rang

    def row(self):
        """Return it as a JSON-able list."""
        return [self.caller, self.callee, self.rang, self.taker]


def still_here(row, is_gone):
    """Return a row of Members without those who live here no more."""
    caller, callee, rang, taker = row
    one = [None if name is None or is_gone(name) else name for name in (caller, callee, taker)]
    return [one[0], one[1], [name for name in rang if not is_gone(name)], one[2]]


class Call:
    """One INVITE and what became of it. Times are ms; `why` is a list of sentences.

    parties: tu.dialog.Parties; members: Members.

    from_, to, uri: of the INVITE. dialog_token: what the node wrote into its Record-Route, or None.
    legs: of an answered call, those to the caller and to the called (tu/dialog.py).
    rings_since: since when a phone rings; held_by: tag of the end that holds the call; or None.
    answered_by: whose phone it was, in words, or None.
    security: what the keys of its sound are worth (media.trust.LEVELS), or None.
    """

    __slots__ = (
        "number", "call_id", "from_", "to", "uri", "state", "step", "why", "in_path", "since",
        "answered_at", "ended_at", "status", "ending", "ended_by", "parties", "legs", "context",
        "dialog_token", "security", "answered_by", "rings_since", "held_by", "members", "deadline",
        "queued",
    )  # fmt: skip

    def begin(self, rule, notes, context):
        """It is forwarded. rule: of the dial plan; notes: sentences; context: what waits."""
        self.step, self.context = rule, context
        self.why.extend(notes)

    def concern(self, caller, callee):
        """Note whom it concerns: sections of users or groups here, or None."""
        self.members = Members(_user_of(caller), _user_of(callee))

    def sent(self, token, reasons, reason, user=None):
        """An INVITE was sent. reasons: to stay in its path; reason: whose target, in words; user:
        whose phone here it is for, or None."""
        self.dialog_token, self.in_path = token, reasons
        if reason not in self.why:
            self.why.append(reason)
        if user is not None and user not in self.members.rang:
            self.members.rang.append(user)

    def leave_out(self, reasons):
        """These reasons to stay in the path hold no longer."""
        self.in_path = [why for why in self.in_path if why not in reasons]

    def establish(self, legs):
        """Its dialog has begun: the ends of it, or None where they cannot be read."""
        if self.legs is None:
            self.legs = legs

    def answer_from(self, words, user=None):
        """Note whose phone answers, in words; user: by name, where it is one here."""
        self.answered_by, self.members.taker = words, user

    def secure(self, level):
        """Note what the keys of its sound are worth."""
        self.security = level

    def settle(self):
        """Nothing waits for an answer any more."""
        self.context = None

    def row(self, now):
        """Return what outlives a restart, JSON-able. age, talked: ms; None for one that rings."""
        row = {name: getattr(self, name) for name in KEPT}
        row["id"], row["age"] = scan.to_text(self.call_id), now - self.since
        row["members"] = self.members.row()
        row["talked"] = None if self.answered_at is None else now - self.answered_at
        row["held_by"] = scan.to_text(self.held_by)
        return row

    def past(self):
        """Return what is kept of one that has ended, JSON-able; talked, lasted: ms."""
        row = {name: getattr(self, name) for name in PAST}
        row["id"] = scan.to_text(self.call_id)
        row["from"], row["to"] = scan.to_text(self.from_.write()), scan.to_text(self.to.write())
        row["uri"], row["lasted"] = scan.to_text(self.uri), self.ended_at - self.since
        row["members"] = self.members.row()
        row["talked"] = None if self.answered_at is None else self.ended_at - self.answered_at
        return row

    def record(self, now):
        """Return the call as a JSON-able dict; times are seconds ago."""
        ended = self.ended_at
        talked = None
        if self.answered_at is not None:
            talked = ((now if ended is None else ended) - self.answered_at) // 1000
        return {
            "number": self.number,
            "call_id": readable(self.call_id),
            "caller": name_of(self.from_),
            "callee": name_of(self.to),
            "dialled": readable(self.uri),
            "state": self.state,
            "step": self.step,
            "why": self.why,
            "in_path": self.in_path,
            "rings": self.rings_since is not None,
            "held": self.held_by is not None,
            "seconds_since_start": (now - self.since) // 1000,
            "seconds_talked": talked,
            "seconds_since_end": None if ended is None else (now - ended) // 1000,
            "security": self.security,
            "status": self.status,
            "answered_by": self.answered_by,
            "rang": list(self.members.rang),
            "taker": self.members.taker,
            "ending": self.ending,
            "ended_by": self.ended_by,
        }


def _user_of(section):
    return section.name if section is not None and section.kind == "user" else None


def _shown(named):
    """Return an Address without what only the far end is to read: calls are listed and kept."""
    octets = uri.without_secrets(named.uri_bytes)
    is_bare = octets == named.uri_bytes
    return named if is_bare else address.Address(named.display, octets, named.params)


def name_of(address):
    """Return who an Address is, as user@host or host."""
    found = address.uri
    parts = [uri.unescape(found.user or b""), found.host or b""]
    return readable(b"@".join([part for part in parts if part]))


class Calls:
    """The calls of the node, found by Call-ID."""

    def __init__(self):
        self.live = {}
        self.history = []
        self.number = 0
        self.counters = {"calls": 0, "answered": 0, "refused": 0, "forgotten": 0}

    def begin(self, request, flow, now):
        """Note a new INVITE; return its Call, or None for a re-INVITE."""
        call_id = request.call_id
        if call_id in self.live or request.to.param(b"tag") is not None:
            return None
        if len(self.live) >= MAX_CALLS:
            self.counters["forgotten"] += 1
            oldest = min(self.live.values(), key=_started)
            self.end(oldest, FORGOTTEN, "forgotten: too many calls", None, now)
        call = Call()
        self.number += 1
        self.counters["calls"] += 1
        call.number = self.number
        call.call_id = call_id
        call.from_, call.to = _shown(request.from_), _shown(request.to)
        call.uri = uri.without_secrets(request.uri)
        call.state, call.step, call.why, call.in_path = RINGING, "", [], []
        call.since, call.answered_at, call.ended_at = now, None, None
        call.status = call.ending = call.ended_by = None
        call.parties = Parties()
        call.legs = call.context = call.dialog_token = call.security = None
        call.answered_by = call.rings_since = call.held_by = None
        call.members = Members()
        call.deadline, call.queued = now + LONGEST_CALL, None
        self.live[call_id] = call
        return call

    def number_from(self, number):
        """Give no number again that a call of an earlier run had."""
        self.number = max(self.number, number)

    def bring_back(self, past):
        """Put calls of earlier runs before those of this one: (row of Call.past, when it ended)."""
        room = MAX_HISTORY - len(self.history)
        found = [_of_past(row, ended_at) for row, ended_at in past]
        self.history[:0] = found[-room:] if room else []

    def forget(self, before):
        """Forget the calls that had ended by a moment (ms); return them."""
        gone = [call for call in self.history if call.ended_at <= before]
        self.history = [call for call in self.history if call.ended_at > before]
        return gone

    def leave_out(self, is_gone):
        """Take members out of past calls; is_gone(name): whether one lives here no more."""
        for call in self.history:
            call.members = Members(*still_here(call.members.row(), is_gone))

    def take_back(self, invite, row, token, now):
        """Return the live Call of which `row` made this row, None where it is known already."""
        call = self.begin(invite, None, now)
        if call is None:
            return None
        for name in KEPT:
            setattr(call, name, row[name])
        call.since, call.dialog_token = now - row["age"], token
        call.members = Members(*row.get("members", ()))
        call.held_by = scan.to_octets(row.get("held_by"))
        if row["talked"] is not None:
            call.state, call.answered_at = ANSWERED, now - row["talked"]
        return call

    def ring(self, call, now):
        """A phone rings; tell whether that is new."""
        if call.rings_since is not None:
            return False
        call.rings_since = now
        return True

    def hold(self, call, tag):
        """One end (the tag of its dialog) holds the call, or nobody (None)."""
        call.held_by = tag

    def answer(self, call, status, now):
        """The call was answered; one that the node does not stay in goes to the history."""
        if call.state != RINGING:
            return
        self.counters["answered"] += 1
        call.state, call.answered_at, call.status = ANSWERED, now, status
        if not call.in_path:
            words = "handed over: the phones finish it between themselves"
            self.end(call, HANDED_OVER, words, status, now)

    def follow(self, request, flow):
        """Note what a request inside a dialog changes: its CSeq, and the sender's Contact."""
        call = self.live.get(request.call_id)
        if call is None:
            return
        call.parties.follow(request, flow)
        if call.legs is None:
            return
        back, onward = call.legs
        if request.from_.param(b"tag") != call.from_.param(b"tag"):
            back, onward = onward, back
        if onward is not None:
            onward.cseq = max(onward.cseq, request.cseq[0] + onward.shift)
        if back is not None and request.contacts:
            back.target = request.contacts[0].uri_bytes

    def renumber(self, request):
        """Set the CSeq of a request that goes on inside a dialog in which the node has spoken."""
        call = self.live.get(request.call_id)
        for leg in (call.legs or ()) if call is not None and request.to.tag is not None else ():
            if leg is not None and leg.shift and leg.tag == request.to.tag:
                number, method = request.cseq
                request.set(b"cseq", b"CSeq: %d %s" % (number + leg.shift, method))

    def meant(self, request):
        """Return the Party that a request inside a dialog is for, or None."""
        if request.to.tag is None:
            return None
        call = self.live.get(request.call_id)
        return None if call is None else call.parties.meant(request)

    def refuse(self, call, status, reason, now):
        """The call came to nothing."""
        self.counters["refused"] += 1
        self.end(call, REFUSED, reason, status, now)

    def end(self, call, ending, ended_by, status, now):
        """Move a call to the history. ending: one of ENDINGS; ended_by: it in a sentence."""
        if self.live.pop(call.call_id, None) is None:
            return
        call.state, call.ended_at, call.deadline = ENDED, now, None
        call.ending, call.ended_by = ending, ended_by
        if status is not None:
            call.status = status
        call.parties = Parties()
        call.legs = call.context = None
        self.history.append(call)
        if len(self.history) > MAX_HISTORY:
            del self.history[0]


def _of_past(row, ended_at):
    """Return the Call of a row of Call.past."""
    call = Call()
    for name in PAST:
        setattr(call, name, row[name])
    call.call_id, call.uri = scan.to_octets(row["id"]), scan.to_octets(row["uri"])
    call.from_ = address.parse(scan.to_octets(row["from"]))
    call.to = address.parse(scan.to_octets(row["to"]))
    call.state, call.ended_at = ENDED, ended_at
    call.since = ended_at - row["lasted"]
    call.answered_at = None if row["talked"] is None else ended_at - row["talked"]
    call.parties, call.members = Parties(), Members(*row.get("members", ()))
    call.legs = call.context = call.dialog_token = call.rings_since = call.held_by = None
    call.deadline = call.queued = None
    return call


def _started(call):
    return call.since
