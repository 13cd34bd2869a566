"""Dials for a member: the phones of the house ring, the one that is taken dials by itself.

The phone is told by REFER inside the dialog that it has taken (RFC 3515), so that it calls as
itself and its call is like any other.
"""

import binascii

from ..errors import Refusal
from ..sip import uri
from ..sip.message import response_to
from ..text import readable
from ..transaction.invite_client import cancellation
from ..transaction.transaction import RESPONSE
from ..tu import dialog
from ..tu.invitation import invitation

RING_MS = 30000
# How long a phone may take to tell what became of its call.
REFER_MS = 60000
MOST = 32
NO_NUMBER = "'%s' is no number, name or address that can be dialled"
FULL = "too many calls are being dialled: try again in a minute"

# What becomes of one that dials: phones ring, one was taken, it dials; it is over.
RINGS, REFERS, DIALS, OVER = STATES = ("rings", "refers", "dials", "over")


class Leg:
    """The INVITE to one phone of a Dialling. transaction: None when it has a final answer."""

    __slots__ = ("dialling", "binding", "transaction", "rang")

    def __init__(self, dialling, binding):
        self.dialling = dialling
        self.binding = binding
        self.transaction = None
        self.rang = False


class Dialling:
    """One call that the node brings about. to: octets, a URI; taken: (tu Dialog, flow) or None."""

    def __init__(self, user, to, now):
        self.user = user
        self.to = to
        self.state = RINGS
        self.legs = []
        self.taken = None
        self.deadline = now + RING_MS
        self.queued = None


class Dial:
    """A feature. live: Call-ID of the call to a phone -> Dialling."""

    name = "dial"
    hooks, events = ("serve",), ()

    def __init__(self, node, uac):
        self.node = node
        self.uac = uac
        self.live = {}
        self.users = {Leg: self._answered, Dialling: self._referred}
        self.wakers = {Dialling: self._tire}

    # The verb.

    def dial(self, arguments, now):
        """Ring the phones of `user`; the one that is taken dials `to`."""
        user = self.node.user_named(arguments.get("user"))
        effects = self.begin(user, self._address(arguments.get("to") or ""), now)
        return {
            "user": user,
            "to": arguments.get("to"),
            "phones": len(self._latest().legs),
        }, effects

    def _latest(self):
        return list(self.live.values())[-1]

    def _address(self, to):
        """Return the URI of a number, name or address; raises Refusal."""
        found = uri.typed(to, self.node.settings.domain)
        if found is None:
            raise Refusal("no number", NO_NUMBER, readable(to.encode()))
        return found.write()

    def begin(self, user, to, now):
        """Ring the phones of a user; the one that is taken dials a URI (octets).

        Returns the effects; raises BellhopError.
        """
        bindings = self.node.location.bindings(user, now)
        if not bindings:
            raise Refusal("no phone", "no phone of '%s' is registered", user)
        if len(self.live) >= MOST:
            raise Refusal("dialling full", FULL)
        dialling = Dialling(user, to, now)
        effects = []
        for binding in bindings:
            effects += self._invite(dialling, binding, now)
        if not dialling.legs:
            raise Refusal("no phone", "no phone of '%s' can be reached now", user)
        self.node.deadlines.watch(dialling)
        return effects

    # The phones.

    def _invite(self, dialling, binding, now):
        node = self.node
        listening = node.listening[binding.flow.local]
        if listening is None:
            return []
        leg = Leg(dialling, binding)
        random = binascii.hexlify(node.random(8))
        caller = b'"your call" <' + dialling.to + b">"
        request = invitation(binding, node.settings.domain, listening, random, caller)
        leg.transaction, effects = self.uac.send(request, binding.flow, leg, now, binding.path)
        if leg.transaction is not None:
            dialling.legs.append(leg)
            self.live[request.call_id] = dialling
        return effects

    def _answered(self, indication, now):
        leg, response = indication.user, indication.message
        dialling = leg.dialling
        if indication.kind == RESPONSE and response.status < 200:
            leg.rang = True
            return self._cancel(leg, now) if dialling.state != RINGS else []
        leg.transaction = None
        if indication.kind == RESPONSE and response.status < 300:
            return self._taken(leg, response, now)
        if dialling.state == RINGS and not [one for one in dialling.legs if one.transaction]:
            return self._end(dialling, now)
        return []

    def _taken(self, leg, response, now):
        """Acknowledge; the first phone that is taken dials, others are put down again."""
        dialling, flow = leg.dialling, leg.binding.flow
        inside = dialog.towards_called(response, response, None, leg.binding.contact)
        ack = dialog.request(inside, b"ACK", inside.cseq)
        effects = self.uac.send(ack, flow, None, now, inside.routes)[1]
        if dialling.taken is not None and dialling.taken[0].call_id == inside.call_id:
            return effects
        if dialling.state != RINGS:
            return effects + self._bye(inside, flow, now)
        dialling.state, dialling.taken = REFERS, (inside, flow)
        dialling.deadline = now + REFER_MS
        self.node.deadlines.watch(dialling)
        for other in dialling.legs:
            if other is not leg:
                effects += self._cancel(other, now)
        domain = self.node.settings.domain
        lines = (
            (b"refer-to", b"Refer-To: <" + dialling.to + b">"),
            (b"referred-by", b"Referred-By: <sip:" + dialling.user.encode() + b"@" + domain + b">"),
            (b"contact", b"Contact: <sip:" + self.node.listening[flow.local].uri + b">"),
        )
        refer = dialog.request(inside, b"REFER", inside.next_cseq(), lines)
        return effects + self.uac.send(refer, flow, dialling, now, inside.routes)[1]

    def _referred(self, indication, now):
        """Take the answer to REFER or BYE."""
        dialling, response = indication.user, indication.message
        if dialling.state != REFERS or (response is not None and response.status < 200):
            return []
        if response is None or response.status >= 300:
            return self._end(dialling, now)
        dialling.state = DIALS
        return []

    def serve(self, request, server, flow, now):
        """Take what the phone tells of its call (NOTIFY), or that it was put down (BYE)."""
        dialling = self.live.get(request.call_id)
        if dialling is None or request.method not in (b"NOTIFY", b"BYE"):
            return None
        effects = self.node.layer.respond(server, response_to(request, 200), now)
        if request.method == b"BYE":
            dialling.taken = None
            return effects + self._end(dialling, now)
        line = request.body[:16].split(b" ")
        is_final = len(line) > 1 and line[0] == b"SIP/2.0" and line[1][:1] != b"1"
        return effects + (self._end(dialling, now) if is_final else [])

    def _tire(self, dialling, now):
        return self._end(dialling, now)

    def _end(self, dialling, now):
        """Put down what is up, and let the phones go that still ring; return the effects."""
        dialling.state, dialling.deadline = OVER, None
        effects = []
        for leg in dialling.legs:
            effects += self._cancel(leg, now)
        if dialling.taken is not None:
            inside, flow = dialling.taken
            effects += self._bye(inside, flow, now)
            dialling.taken = None
        for call_id in [one for one in self.live if self.live[one] is dialling]:
            del self.live[call_id]
        return effects

    def _cancel(self, leg, now):
        if leg.transaction is None or not leg.rang:
            return []
        transaction, leg.transaction = leg.transaction, None
        return self.node.layer.cancel(transaction, cancellation(transaction.request), now)

    def _bye(self, inside, flow, now):
        bye = dialog.request(inside, b"BYE", inside.next_cseq())
        return self.uac.send(bye, flow, None, now, inside.routes)[1]
