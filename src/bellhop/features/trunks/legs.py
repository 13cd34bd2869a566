"""The calls with providers, and what is under way in them: one table for both directions."""

import binascii

from ...errors import SipError
from ...limits import MAX_TRUNK_CALLS
from . import gate
from .leg import IN, OUT, Leg

BRANCH = b"z9hG4bK"
# What a call is told that no provider takes: the core asks the next one.
NEXT = 504
# A call of which the house knows nothing any more is forgotten.
SWEEP = 15000


class Legs:
    """all: the Legs; by_far: by the provider's Call-ID; by_tag: by Call-ID and tag in the house.

    asks: topmost Via in the house -> Ask; came: branch -> Came. begun(leg, now), ended(leg, now):
    who bills a call; the latter returns effects.
    """

    def __init__(self, node, begun, ended):
        self.node = node
        self.begun, self.ended = begun, ended
        self.all = []
        self.by_far = {}
        self.by_tag = {}
        self.asks = {}
        self.came = {}
        self.deadline = self.queued = None
        self.counters = {
            "out": 0,
            "in": 0,
            "answered": 0,
            "refused_full": 0,
            "next_provider": 0,
            "spam": 0,
        }

    def check_room(self, provider):
        """Refuse a call that is none for help where all lines are taken."""
        most = provider.section.channels or MAX_TRUNK_CALLS
        if len(self.all) >= MAX_TRUNK_CALLS or self.count_of(provider) >= most:
            self.counters["refused_full"] += 1
            raise SipError(NEXT, "all lines of %s are taken" % provider.name)

    def count_of(self, provider):
        """Return how many calls there are with a provider."""
        return len([leg for leg in self.all if leg.provider is provider])

    def new(self, provider, call_id, far_id, is_out, now):
        """Return a Leg that is kept; call_id, far_id: None for a fresh one."""
        leg = Leg(provider, call_id or self.id(), far_id or self.id(), is_out, now)
        leg.session = int.from_bytes(self.node.random(4), "big")
        self.all.append(leg)
        self.by_far[leg.far_id] = leg
        if self.deadline is None:
            self.sweep_at(now + SWEEP)
        return leg

    def id(self):
        """Return what nobody guesses."""
        return binascii.hexlify(self.node.random(12))

    def sweep_at(self, deadline):
        """Look for calls of which the house knows nothing then, or never (None)."""
        self.deadline = deadline
        self.node.deadlines.watch(self)

    def within(self, request):
        """Return the Leg of a request of the house inside a dialog, or None."""
        return self.by_tag.get((request.call_id, request.to.tag))

    def know(self, leg, tag):
        """The house may speak to an end of a Leg by its tag."""
        key = leg.call_id, tag
        if self.by_tag.get(key) is not leg:
            self.by_tag[key] = leg
            leg.keys.append(key)

    def begin_talk(self, leg, now):
        """A call is answered."""
        if leg.answered_at is None:
            self.counters["answered"] += 1
            leg.answer(now)
            self.begun(leg, now)

    def settle(self, leg, now):
        """A call ends: what it has cost goes on the bill; return the effects."""
        if leg.answered_at is None:
            return []
        effects = self.ended(leg, now)
        leg.answer(None)
        leg.end_at(None)
        return effects

    def leave_house(self, leg):
        """The house has no part in a call any more."""
        for key in leg.keys:
            if self.by_tag.get(key) is leg:
                del self.by_tag[key]

    def done(self, branch):
        """A request of a provider has its final answer."""
        came = self.came.pop(branch, None)
        if came is not None and branch in came.leg.comes:
            came.leg.comes.remove(branch)

    def forget(self, leg):
        """Keep nothing of a Leg."""
        if leg not in self.all:
            return
        self.all.remove(leg)
        if self.by_far.get(leg.far_id) is leg:
            del self.by_far[leg.far_id]
        self.leave_house(leg)
        for branch in leg.comes[:]:
            self.done(branch)
        for ask in leg.asks:
            self.asks.pop(ask.via, None)

    def place_of(self, leg, tag):
        """Return where the end of the house with a tag is reached, octets of a URI: the Contact of
        who has the call, or its place before."""
        call = self.node.calls.live.get(leg.call_id)
        party = None if call is None or tag is None else call.parties.by_tag.get(tag)
        if party is None or not party.contacts:
            return leg.here.partition(b"<")[2].partition(b">")[0]
        return party.contacts[-1]

    # What passes.

    def carry(self, made, message, leg, is_out):
        """Add what passes of a message, and its body; is_out: to the provider."""
        if not gate.PASSING.isdisjoint(message.index()):
            for name, written in gate.lines(message, is_out):
                made.add(name, written)
            rack = message.value(b"rack")
            if rack is not None:
                made.add(b"rack", b"RAck: " + _rack(leg, rack, is_out))
        if message.body:
            version = leg.version(OUT if is_out else IN, message.body)
            made.body = gate.body(message, leg.session + (not is_out), version)
        made.measure()


def _rack(leg, value, is_out):
    """Return a RAck whose CSeq is that of the other side's INVITE (RFC 3262 section 7.2)."""
    parts = value.split()
    if len(parts) != 3 or not parts[1].isdigit() or len(parts[1]) > 10:
        return value
    number = int(parts[1])
    if is_out:
        for ask in leg.asks:
            if ask.request.cseq[0] == number and ask.request.method == b"INVITE":
                number = ask.out.cseq[0]
    else:
        number = leg.cseqs.get(number, number)
    return b" ".join([parts[0], b"%d" % number, b"INVITE"])
