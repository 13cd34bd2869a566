"""Rings the phones of a user to see whether they ring: the verbs `ring` and `rung`."""

import binascii

from ..errors import BellhopError
from ..text import readable
from ..transaction.invite_client import cancellation
from ..transaction.transaction import RESPONSE, TIMEOUT
from ..tu import dialog
from ..tu.invitation import invitation

# Long enough to reach the phone and hear it.
RING_MS = 8000
# What a phone did, in words.
ASKED, RINGS, TAKEN, SILENT, LOST, REFUSES = STATES = (
    "asked", "rings", "was taken", "does not answer", "cannot be reached", "refuses",
)  # fmt: skip


class TestCall:
    """The INVITE to one phone. state: one of STATES; refusal: status and reason, "" without one."""

    __slots__ = ("binding", "transaction", "state", "refusal")

    def __init__(self, binding):
        self.binding = binding
        self.transaction = None
        self.state, self.refusal = ASKED, ""

    def sent(self, transaction):
        """Take the client transaction of the INVITE, None where the phone's network is gone."""
        self.transaction = transaction
        if transaction is None:
            self.state = LOST

    def over(self, state):
        """Take how it went; there is nothing to end any more."""
        self.transaction, self.state = None, state

    def heard(self, indication):
        """Take what the phone said, or that it said nothing in time."""
        response = indication.message
        if indication.kind != RESPONSE:
            reason = SILENT if indication.kind == TIMEOUT else LOST
            self.over(reason if self.state == ASKED else self.state)
        elif 100 < response.status < 200:
            self.state = RINGS
        elif response.status == 487:
            self.over(self.state)
        elif response.status >= 300:
            self.refusal = "%d %s" % (response.status, readable(response.reason))
            self.over(REFUSES)

    def is_open(self):
        """Tell whether the phone has given no final answer."""
        return self.state in (ASKED, RINGS) and self.transaction is not None


class Ringing:
    """All phones of one user, until `deadline` (ms), None when it is over."""

    def __init__(self, calls, now):
        self.calls = calls
        self.deadline = now + RING_MS
        self.queued = None

    def end(self):
        """The time is over; return the calls that are still open."""
        self.deadline = None
        return [call for call in self.calls if call.is_open()]


class RingTest:
    """A feature. Keeps the last ringing of every user of the configuration."""

    name = "ringtest"
    hooks, events = (), ()

    def __init__(self, node, uac):
        self.node = node
        self.uac = uac
        self.last = {}
        self.users = {TestCall: self._answered}
        self.wakers = {Ringing: self._finish}

    # Verbs.

    def ring(self, arguments, now):
        """Begin, unless it rings already. `user`: whose phones ring."""
        user = self.node.user_named(arguments.get("user"))
        last = self.last.get(user)
        effects = [] if last is not None and last.deadline is not None else self._ring(user, now)
        return self.rung(arguments, now), effects

    def rung(self, arguments, now):
        """Return how the last ringing of `user` went."""
        ringing = self.last.get(self.node.user_named(arguments.get("user")))
        return {
            "is_over": ringing is None or ringing.deadline is None,
            "phones": [
                {
                    "contact": readable(call.binding.contact),
                    "phone": readable(call.binding.agent or b""),
                    "state": call.state,
                    "refusal": call.refusal,
                }
                for call in (ringing.calls if ringing is not None else ())
            ],
        }

    # Calls.

    def _ring(self, user, now):
        bindings = self.node.location.bindings(user, now)
        if not bindings:
            raise BellhopError("no phone of '%s' is registered" % user)
        ringing = self.last[user] = Ringing([TestCall(binding) for binding in bindings], now)
        self.node.deadlines.watch(ringing)
        effects = []
        for call in ringing.calls:
            effects += self._invite(call, now)
        return effects

    def _invite(self, call, now):
        binding, node = call.binding, self.node
        listening = node.listening[binding.flow.local]
        if listening is None:
            call.sent(None)
            return []
        domain = node.settings.domain
        random = binascii.hexlify(node.random(8))
        invite = invitation(binding, domain, listening, random, b'"bellhop" <sip:' + domain + b">")
        transaction, effects = self.uac.send(invite, binding.flow, call, now, binding.path)
        call.sent(transaction)
        return effects

    def _answered(self, indication, now):
        call, response = indication.user, indication.message
        if indication.kind == RESPONSE and 200 <= response.status < 300:
            return self._hang_up(call, response, now)
        call.heard(indication)
        return []

    def _hang_up(self, call, response, now):
        """Acknowledge every 2xx (section 13.2.2.4), and end the call after the first."""
        leg = dialog.towards_called(response, response, None, call.binding.contact)
        flow = call.binding.flow
        ack = dialog.request(leg, b"ACK", leg.cseq)
        effects = self.uac.send(ack, flow, None, now, leg.routes)[1]
        if call.state != TAKEN:
            call.over(TAKEN)
            bye = dialog.request(leg, b"BYE", leg.cseq + 1)
            effects += self.uac.send(bye, flow, None, now, leg.routes)[1]
        return effects

    def _finish(self, ringing, now):
        effects = []
        for call in ringing.end():
            if call.state == RINGS:
                cancel = cancellation(call.transaction.request)
                effects += self.node.layer.cancel(call.transaction, cancel, now)
            else:
                self.node.layer.abandon(call.transaction)
                call.over(SILENT)
        return effects
