"""What outsiders hear of a call: the same in words and time, whatever became of it here.

Who is neither of the house nor a contact hears the node itself ring, and after a while that nobody
could be reached: of a name that nobody has, of phones that are off, busy or refuse, of callers who
are blocked. Only an answer is passed on, at once. Inside all goes on as ever, and the owner sees
the truth. Calls for help and providers of telephone numbers hear the truth too.
"""

from ..budget import Shares
from ..core.admission import watches
from ..core.feature import any_says
from ..effects import CELLS, TRUNK
from ..errors import SipError
from ..limits import MAX_HELD, MAX_HELD_OF_ONE
from ..sip import scan
from ..sip.fields import line_value
from ..sip.ip import network_of
from ..sip.message import response_to
from ..tu import dialplan, options, wishes

# The node rings so long after the call came, and answers a text then, or when flash has it; ms.
RING_AFTER = 400
# Writings of a text: it is kept, and forgotten.
WRITINGS = 2
# Calls without a name ring a user so often, two at once.
NAMELESS, NAMELESS_A_MINUTE, NAMELESS_BURST = ("nameless", 0.2, 2)
RELIABLE = b"100rel"
# What every call that came to nothing hears; it is the phrase of the RFC on purpose.
NOTHING = 480, "Temporarily Unavailable"

FRESH, RINGING, LATE, OVER = STATES = ("fresh", "ringing", "late", "over")
RING, ANSWER, REFUSAL, PROVISIONAL, EXPIRE, CANCEL = EVENTS = (
    "ring", "answer", "refusal", "provisional", "expire", "cancel",
)  # fmt: skip
HOLD, PASS, TELL = ("hold", "pass", "tell")
# (state, event): (next state, what is done with what came). TELL: that nobody was reached.
TABLE = {
    (FRESH, RING): (RINGING, HOLD),
    (FRESH, ANSWER): (OVER, PASS),
    (FRESH, REFUSAL): (FRESH, HOLD),
    (FRESH, PROVISIONAL): (FRESH, HOLD),
    (FRESH, CANCEL): (OVER, PASS),
    (RINGING, ANSWER): (OVER, PASS),
    (RINGING, REFUSAL): (RINGING, HOLD),
    (RINGING, PROVISIONAL): (RINGING, HOLD),
    (RINGING, EXPIRE): (LATE, HOLD),
    (RINGING, CANCEL): (OVER, PASS),
    (LATE, ANSWER): (OVER, PASS),
    (LATE, REFUSAL): (OVER, TELL),
    (LATE, PROVISIONAL): (LATE, HOLD),
    (LATE, CANCEL): (OVER, PASS),
    (OVER, ANSWER): (OVER, PASS),
}
IGNORED = {
    (FRESH, EXPIRE): "it rings before",
    (RINGING, RING): "it rings once",
    (LATE, RING): "it has rung",
    (LATE, EXPIRE): "it has come",
    (OVER, RING): "nobody waits any more",
    (OVER, REFUSAL): "the caller has heard that nobody was reached",
    (OVER, PROVISIONAL): "the caller has heard how it ended",
    (OVER, EXPIRE): "nobody waits any more",
    (OVER, CANCEL): "the caller has heard how it ended",
}


class Veil:
    """What stands between one outsider and what becomes of the request. A thing to wake.

    server: its transaction; source: who counts it; until: ms at which it has rung long enough, None
    for a text; is_refused: there was no room, or it has come to nothing inside.
    """

    __slots__ = ("deadline", "is_refused", "queued", "request", "server", "source", "state", "tag",
                 "until")  # fmt: skip

    def __init__(self, request, server, source, tag, until, now):
        self.request, self.server, self.source, self.tag = request, server, source, tag
        self.until = until
        self.state, self.is_refused = FRESH, False
        self.deadline, self.queued = now + RING_AFTER, None

    def handle(self, event):
        """Take one event; return what is done."""
        self.state, what = TABLE.get((self.state, event), (self.state, HOLD))
        if self.state == OVER:
            self.deadline = None
        return what

    def passes(self, response):
        """Return what the outsider hears of a response, None: nothing now."""
        if response.status < 200:
            event = PROVISIONAL
        elif response.status < 300:
            event = ANSWER
        else:
            event = REFUSAL
        if self.until is None:
            is_late = self.deadline is None and event in (ANSWER, REFUSAL) and self.state == FRESH
            return self.told(event == ANSWER) if is_late else None
        what = self.handle(event)
        self.is_refused = self.is_refused or event == REFUSAL
        if what == TELL:
            return self.response(*NOTHING)
        return response if what == PASS else None

    def cancelled(self):
        """Return what the outsider hears who has hung up, None where all is over."""
        return self.response(487) if self.handle(CANCEL) == PASS else None

    def response(self, status, reason=None):
        """Return a bare response of the node itself."""
        return response_to(self.request, status, reason, (), self.tag)

    def told(self, is_kept):
        """Return what is said of a text."""
        self.state, self.deadline = OVER, None
        return self.response(202) if is_kept else self.response(*NOTHING)

    def ring(self):
        """Return what is said when the time to ring has come."""
        self.handle(RING)
        self.deadline = self.until
        return self.response(180)


class Uniform:
    """A feature. forwarder: ends what still rings when the time is over."""

    name = "uniform"
    hooks, events = ("arrives", "counters"), ()
    users = {}

    def __init__(self, node, admission, forwarder):
        self.node = node
        self.admission = admission
        self.forwarder = forwarder
        self.held = []
        self.texts = Shares()
        self.counts = {"held": 0, "no_room": 0}
        self.wakers = {Veil: self._wake}

    def arrives(self, request, server, flow, now):
        """Hang a veil before a request of an outsider, or answer it; None: it goes on."""
        if server is None or request.to.tag is not None or not self._is_outside(request, flow):
            return None
        method = request.method
        if self.node.is_for_node(request) or self._is_help(request):
            return None
        if method == b"OPTIONS":
            self.admission.limit(request, flow, now)
            lines = options.answer_lines(request)
            made = response_to(request, 200, None, lines, self.node.tag())
            return self.node.layer.respond(server, made, now)
        if method in (b"SUBSCRIBE", b"PUBLISH"):
            if watches(request) and self.node.settings.features.lamps == "all":
                return None  # The owner lets everybody look.
            raise SipError(403, "Forbidden")
        if method not in (b"INVITE", b"MESSAGE"):
            return None
        return self._veil(request, server, flow, now)

    def _is_outside(self, request, flow):
        """Tell whether a request is of nobody who may hear the truth, and is taken at all."""
        settings = self.node.settings
        if not settings.privacy.uniform or settings.mesh.profile == "emergency":
            return False
        if flow.transport == CELLS:
            return not any_says(self.node.hooks.confides, flow)
        if flow.transport == TRUNK or settings.strangers != "allow":
            return False
        if self.admission.is_trusted(flow) or self.node.location.has_host(flow.host):
            return False
        caller = request.from_.uri
        is_here = caller.host is None or self.node.is_ours(caller)
        return not is_here and not self.admission.is_member(flow)

    def _is_help(self, request):
        node, target = self.node, request.parsed_uri
        is_help = dialplan.is_emergency(node.settings, node.listening, target)
        return is_help or target.user == dialplan.SOS

    def _veil(self, request, server, flow, now):
        is_call = request.method == b"INVITE"
        if is_call and RELIABLE in request.tokens(b"require"):
            raise SipError(420, "Bad Extension", (b"Unsupported: " + RELIABLE,))
        if is_call:
            _take_off(request, b"supported", RELIABLE)
        source = flow.host if flow.transport == CELLS else network_of(flow.host)
        is_nameless = wishes.is_nobody(request.from_)
        source = NAMELESS if is_nameless else source  # Each of their calls has a key of its own.
        until = now + self._patience() if is_call else None
        veil = Veil(request.copy(), server, source, self.node.tag(), until, now)
        server.hang(veil)
        self.node.deadlines.watch(veil)
        if not is_call:
            return self._text(veil, flow, now)
        self.held = [one for one in self.held if one.state != OVER]
        mine = [one for one in self.held if one.source == source]
        if len(self.held) >= MAX_HELD or len(mine) >= MAX_HELD_OF_ONE:
            self.counts["no_room"] += 1
            veil.handle(RING)
            veil.is_refused, veil.until = True, veil.deadline
            return []  # Whom it meant is not even looked at.
        self.counts["held"] += 1
        self.held.append(veil)
        if is_nameless and not self._may_ring(request, now):
            raise SipError(480, "calls without a name have rung there a moment ago")
        return None

    def _text(self, veil, flow, now):
        """Let a text go on, None, or nowhere where its sender has caused what he may in a day.

        That is counted for all alike, whether they mean somebody or nobody.
        """
        sender = self.admission.sender(veil.request, flow)
        shares = self.node.commits.shares, self.texts
        if [one for one in shares if one.wait(sender, now)]:
            self.counts["no_room"] += 1
            veil.is_refused = True
            return []
        for _ in range(WRITINGS):
            self.texts.spend(sender, now)
        return None

    def _may_ring(self, request, now):
        """Tell whether one more call without a name rings a user: all together seldom do."""
        user = dialplan.callee(self.node.settings, request.parsed_uri)
        if user is None:
            return True
        name = "nameless " + user.name
        return self.node.rates.allows(name, NAMELESS_A_MINUTE, NAMELESS_BURST, now)

    def _patience(self):
        """Return how long it rings, ms: a tenth of it is chance."""
        ms = 1000 * self.node.settings.privacy.uniform_seconds
        chance = int.from_bytes(self.node.random(2), "big")
        return ms + ms * chance // 655360

    def _wake(self, veil, now):
        """It is time to ring, or it has rung long enough; return the effects."""
        server, layer, commits = veil.server, self.node.layer, self.node.commits
        if veil.until is None:
            if commits.holds(server):
                veil.deadline = None  # Its own answer says when flash has it.
                return []
            is_kept = not (veil.is_refused or commits.is_failing)
            return layer.show(server, veil.told(is_kept), now)
        if veil.state == FRESH:
            effects = layer.show(server, veil.ring(), now)
            self.node.deadlines.watch(veil)
            return effects
        context, veil.deadline = server.user, None
        veil.handle(EXPIRE)
        if not veil.is_refused and context is not None:
            if any_says(self.node.hooks.follows, context):
                return self.forwarder.tire(context, now)
            context.refuse(480, "nobody answers")
        veil.handle(REFUSAL)
        effects = layer.show(server, veil.response(*NOTHING), now)
        if not veil.is_refused and context is not None:
            effects += self.forwarder.stop(context, None, now)
        return effects

    def counters(self):
        """Return {part: {name: number}}."""
        return {"uniform": dict(self.counts)}


def _take_off(request, name, tag):
    """Take an option tag off a field of a request."""
    for line in [one for at, one in zip(request.names, request.lines) if at == name]:
        kept = [one for one in line_value(line).split(b",") if one.strip().lower() != tag]
        request.remove(name)
        if kept:
            label = line.partition(b":")[0]
            request.add(name, label + b": " + b",".join(kept).strip(scan.BLANKS))
