"""OPTIONS pings that keep the way to phones behind NAT open, and tell when one has gone."""

import binascii

from ..effects import Send
from ..limits import MAX_BINDINGS
from ..sip.framing import PING
from ..sip.message import Request
from ..transaction.transaction import RESPONSE

# A phone that leaves so many pings in a row unanswered is taken off the register, where it ever
# answered one: some phones answer calls and no OPTIONS. Those get the empty lines of RFC 5626
# section 4.4.1, which keep the way open as well.
PATIENCE = 3
# No NAT that phones work behind forgets sooner (seconds).
SHORTEST = 8


class Ping:
    """One OPTIONS that is under way to a binding, which may leave `patience` of them unanswered."""

    __slots__ = ("binding", "patience")

    def __init__(self, binding, patience):
        self.binding = binding
        self.patience = patience


class Plan:
    """When a binding is pinged next. A thing to wake."""

    def __init__(self):
        self.deadline = self.queued = None

    def bring_forward(self, at):
        """Wake at this time, or earlier where that was planned."""
        self.deadline = at if self.deadline is None else min(self.deadline, at)

    def take(self):
        """The deadline has come."""
        self.deadline = None


class Keepalive:
    """A feature. registrations: who removes the binding of a phone that is gone.

    known: (user, key of a binding) -> how it was seen last; lives: those and the NAT's address ->
    the seconds that it is trusted to remember the phone, where they are fewer than the owner's;
    due: when each is pinged.
    """

    name = "keepalive"
    hooks, events = ("started", "registered", "counters"), ()

    def __init__(self, node, uac, registrations):
        self.node = node
        self.uac = uac
        self.registrations = registrations
        self.plan = Plan()
        self.known, self.lives, self.due = {}, {}, {}
        self.lost = 0
        self.users = {Ping: self._pinged}
        self.wakers = {Plan: self._ping}

    def counters(self):
        """Return name -> number."""
        return {"keepalive": {"mappings_lost": self.lost, "shortened": len(self.lives)}}

    def started(self, now):
        """Ping phones that the configuration or an earlier run brings; return no effects."""
        self._plan(self.node.location.all(now), now)
        return []

    def registered(self, added, removed, now):
        """Ping new phones where they need it; return the effects.

        The bindings that may be earlier ones of new devices are asked whether they still are there:
        a softphone that takes another port at each start leaves bindings that would ring in vain.
        """
        for binding in added:
            self._learn(binding)
        self._plan(added, now)
        effects = []
        for binding in added:
            for other in self.node.location.akin(binding) if binding.since == now else ():
                effects += self._send(other, 1, now)
        return effects

    def _learn(self, binding):
        """A phone that comes from another port in the same run was forgotten by its NAT."""
        if not needs_ping(binding):
            return
        place = binding.user, binding.key()
        before, host = self.known.get(place), binding.flow.host
        seen = binding.contact, binding.call_id, host, binding.flow.port
        if before is not None and before[:3] == seen[:3] and before[3] != seen[3]:
            self.lost += 1
            self.lives[place, host] = max(self._seconds(binding) * 2 // 3, SHORTEST)
            self.due.pop(place, None)
        if len(self.known) >= MAX_BINDINGS:
            self.known, self.lives = {}, {}
        self.known[place] = seen

    def _seconds(self, binding):
        """Return how often a phone is pinged (seconds), 0: never."""
        place = (binding.user, binding.key()), binding.flow.host
        most = self.node.settings.keepalive_seconds
        return min(self.lives.get(place, most), most)

    def _plan(self, bindings, now):
        for binding in bindings:
            seconds = self._seconds(binding) if needs_ping(binding) else 0
            if seconds:
                at = self.due.setdefault((binding.user, binding.key()), now + seconds * 1000)
                self.plan.bring_forward(at)
        self.node.deadlines.watch(self.plan)

    def _ping(self, plan, now):
        plan.take()
        due, self.due = self.due, {}
        bindings, effects = self.node.location.all(now), []
        for binding in bindings:
            place = binding.user, binding.key()
            if due.get(place, now) > now:
                self.due[place] = due[place]
            elif needs_ping(binding):
                effects += self._keep_open(binding, now)
        self._plan(bindings, now)
        return effects

    def _keep_open(self, binding, now):
        if binding.answers or binding.unanswered < PATIENCE:
            return self._send(binding, PATIENCE, now)
        return [Send(binding.flow, PING)]

    def _send(self, binding, patience, now):
        if binding.path:
            return []
        asked = request(binding, self.node.settings.domain, self.node.random(8))
        return self.uac.send(asked, binding.flow, Ping(binding, patience), now)[1]

    def _pinged(self, indication, now):
        """Any answer shows that the phone is there; silence ends its binding."""
        binding = indication.user.binding
        if indication.kind == RESPONSE:
            binding.answered_ping()
        elif binding.missed() >= indication.user.patience and (
            binding.answers or indication.user.patience < PATIENCE
        ):
            return self.registrations.silent(binding, now)
        return []


def needs_ping(binding):
    """Tell whether only our own packets keep the way to a phone open."""
    return binding.flow.transport == "udp" and not binding.path and binding.is_behind_nat()


def request(binding, domain, random):
    """Return the OPTIONS for a binding; random: 8 octets for tag and Call-ID."""
    mark = binascii.hexlify(random)
    lines = [
        b"Max-Forwards: 70",
        b"From: <sip:" + domain + b">;tag=" + mark[:8],
        b"To: <" + binding.contact + b">",
        b"Call-ID: " + mark + b"@" + domain,
        b"CSeq: 1 OPTIONS",
        b"Content-Length: 0",
    ]
    names = [b"max-forwards", b"from", b"to", b"call-id", b"cseq", b"content-length"]
    return Request(b"OPTIONS", binding.contact, names, lines)
