"""OPTIONS pings that keep the way to phones behind NAT open, and tell when one has gone."""

import binascii

from ..effects import Send
from ..sip.framing import PING
from ..sip.message import Request
from ..transaction.transaction import RESPONSE

# A phone that leaves so many pings in a row unanswered is taken off the register, where it ever
# answered one: some phones answer calls and no OPTIONS. Those get the empty lines of RFC 5626
# section 4.4.1, which keep the way open as well.
PATIENCE = 3


class Ping:
    """One OPTIONS that is under way to a binding, which may leave `patience` of them unanswered."""

    __slots__ = ("binding", "patience")

    def __init__(self, binding, patience):
        self.binding = binding
        self.patience = patience


class Plan:
    """When all bindings that need one are pinged next."""

    def __init__(self):
        self.deadline = self.queued = None

    def begin(self, seconds, bindings, now):
        """Set the deadline where there is none and some binding needs pings."""
        if self.deadline is None and seconds and [b for b in bindings if needs_ping(b)]:
            self.deadline = now + seconds * 1000

    def take(self):
        """The deadline has come."""
        self.deadline = None


class Keepalive:
    """A feature. registrations: who removes the binding of a phone that is gone."""

    name = "keepalive"
    hooks, events = ("started", "registered"), ()

    def __init__(self, node, uac, registrations):
        self.node = node
        self.uac = uac
        self.registrations = registrations
        self.plan = Plan()
        self.users = {Ping: self._pinged}
        self.wakers = {Plan: self._ping}

    def started(self, now):
        """Ping phones that the configuration or an earlier run brings; return no effects."""
        self._plan(self.node.location.all(now), now)
        return []

    def registered(self, added, removed, now):
        """Ping new phones where they need it; return the effects.

        The bindings that may be earlier ones of new devices are asked whether they still are there:
        a softphone that takes another port at each start leaves bindings that would ring in vain.
        """
        self._plan(added, now)
        effects = []
        for binding in added:
            for other in self.node.location.akin(binding) if binding.since == now else ():
                effects += self._send(other, 1, now)
        return effects

    def _plan(self, bindings, now):
        self.plan.begin(self.node.settings.keepalive_seconds, bindings, now)
        self.node.deadlines.watch(self.plan)

    def _ping(self, plan, now):
        plan.take()
        bindings = self.node.location.all(now)
        self._plan(bindings, now)
        effects = []
        for binding in bindings:
            if needs_ping(binding) and (binding.answers or binding.unanswered < PATIENCE):
                effects += self._send(binding, PATIENCE, now)
            elif needs_ping(binding):
                effects.append(Send(binding.flow, PING))
        return effects

    def _send(self, binding, patience, now):
        if binding.path:
            return []
        asked = request(binding, self.node.settings.domain, self.node.token(8))
        return self.uac.send(asked, binding.flow, Ping(binding, patience), now)[1]

    def _pinged(self, indication, now):
        """Any answer shows that the phone is there; silence ends its binding."""
        binding, location = indication.user.binding, self.node.location
        if indication.kind == RESPONSE:
            location.answered_ping(binding)
        elif location.missed(binding) >= indication.user.patience and (
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
