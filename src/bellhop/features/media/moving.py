"""Sound follows this node to another address: its relays at once, then who sends to them.

Where an address goes of which the sound of a call leaves, the relay takes the one from which the
kernel reaches the other end now. That end is told by a re-INVITE in the name of the phone behind
this node (RFC 3264 section 8.3.1), which notices nothing of it. Where another node is there, it
answers in the name of its own phone, for which nothing changes either.
"""

from ...effects import CELLS
from ...errors import SipError
from ...media import address, sdp
from ...media.negotiation import A, B
from ...media.relay import is_sdp, set_body
from ...media.session import MOVED
from ...sip.ip import address_octets
from ...sip.message import response_to
from ...transaction.transaction import RESPONSE
from ...tu import dialog
from ...tu.calls import RINGING

# A way may come a moment after the address, or after a start; a call may ring, or have an offer on
# its way. People hear nothing meanwhile: at first it is looked often.
QUICK_MS, QUICK_FOR_MS, AGAIN_MS = 40, 4000, 250
# Where the other end has an offer of its own on its way (RFC 3261 section 14.1), or refuses.
PATIENCE_MS, SPREAD_MS = 500, 1000
# An address that does not come back in this time finds the calls ended by silence.
LONGEST_MS = 120000
TYPE = b"content-type", b"Content-Type: " + sdp.CONTENT_TYPE
# The call is over at the other end (RFC 5057).
ENDED = (404, 408, 410, 480, 481)
LOOPBACK = (bytes((127, 0, 0, 1)), bytes(15) + b"\x01")

LOST, SILENT, ASKED, OVER = STATES = ("lost", "silent", "asked", "over")
WAY, SENT, TAKEN, REFUSED, END = EVENTS = ("way", "sent", "taken", "refused", "end")
TABLE = {
    (LOST, WAY): SILENT,
    (LOST, END): OVER,
    (SILENT, SENT): ASKED,
    (SILENT, END): OVER,
    (ASKED, TAKEN): OVER,
    (ASKED, REFUSED): SILENT,
    (ASKED, END): OVER,
}
IGNORED = {
    (LOST, SENT): "nothing is sent without an address",
    (LOST, TAKEN): "nothing is sent without an address",
    (LOST, REFUSED): "nothing is sent without an address",
    (SILENT, WAY): "the address that was found stays until it goes",
    (SILENT, TAKEN): "the answer to an earlier one",
    (SILENT, REFUSED): "the answer to an earlier one",
    (ASKED, WAY): "the other end is being told",
    (ASKED, SENT): "one at a time",
    (OVER, WAY): "over",
    (OVER, SENT): "over",
    (OVER, TAKEN): "over",
    (OVER, REFUSED): "over",
    (OVER, END): "over",
}


class Move:
    """One side of a Session whose address is gone. leg: the Dialog to who is told there."""

    def __init__(self, session, side, now):
        self.session = session
        self.side = side
        self.state = LOST
        self.until = now + LONGEST_MS
        self.leg = None
        self.deadline = self.queued = None

    def handle(self, event):
        """Take one event; return whether it counts."""
        state = TABLE.get((self.state, event))
        self.state = state or self.state
        return state is not None

    def again(self, at):
        """Set when it is tried again, or None."""
        self.deadline = at


class Moving:
    """A feature. relays: media.relay.Relays; source_towards(host): from which the kernel sends;
    changed(Call-ID, now): the sound of a call is agreed anew, returns the effects; reaches(flow):
    tells whether it leads anywhere now.
    """

    name = "moving"
    hooks, events = ("listening", "started", "take", "request", "ended"), ()

    def __init__(self, node, relays, uac, source_towards, changed, reaches):
        self.node = node
        self.changed, self.reaches = changed, reaches
        self.relays = relays
        self.uac = uac
        self.source_towards = source_towards
        self.moves = []
        # Call-ID and CSeq of what was answered in the name of a phone.
        self.answered = {}
        self.users = {Move: self._answered}
        self.wakers = {Move: self._go_on}

    def listening(self, now):
        """The addresses of this node have changed; return the effects."""
        here, effects = self._here(), self.started(now)
        for session in list(self.relays.sessions.by_user.values()):
            for side in (A, B):
                octets = session.locals and session.locals[side]
                if octets and octets not in here and octets not in LOOPBACK:
                    effects += self._begin(session, side, now)
        return effects

    def started(self, now):
        """What of an earlier run goes by circuits takes new ones; return the effects."""
        effects = []
        for session in list(self.relays.sessions.by_user.values()):
            for side in (A, B) if session.take_up() else ():
                if session.locals[side] in LOOPBACK:
                    effects += self._begin(session, side, now, WAY)
        return effects

    def _here(self):
        points = [one for one in self.node.listening if one is not None]
        return [address_octets(one.listener.host) for one in points]

    def _begin(self, session, side, now, event=None):
        for other in self.moves:
            if (other.session, other.side) == (session, side):
                other.handle(END)
        self.moves = [one for one in self.moves if one.state != OVER]
        move = Move(session, side, now)
        self.moves.append(move)
        move.handle(event)
        return self._go_on(move, now)

    def _go_on(self, move, now):
        """Do the next thing for a Move; return the effects."""
        session, effects = move.session, []
        call = self.node.calls.live.get(session.call_id)
        is_over = self.relays.sessions.by_user.get(session.user) is not session
        if is_over or call is None or now >= move.until:
            move.handle(END)
        if move.state == LOST:
            effects = self._rebind(move)
        if move.state == SILENT and call.state != RINGING and call.legs is not None:
            move.leg = call.legs[move.side]
            effects += self._tell(move, call, now)
        is_young = now < move.until - LONGEST_MS + QUICK_FOR_MS
        wait = QUICK_MS if is_young else AGAIN_MS
        move.again(now + wait if move.state in (LOST, SILENT) else None)
        self.node.deadlines.watch(move)
        return effects

    def _rebind(self, move):
        octets = self._source(move.session, move.side)
        if octets is None:
            return []
        move.handle(WAY)
        return move.session.rebind(move.side, octets)

    def _source(self, session, side):
        """Return the octets of the address that one side has from now on, None where none is."""
        here, before = self._here(), session.locals[side]
        towards = session.remote(side)
        if towards is not None:
            source = self.source_towards(address.write(towards).decode())
            octets = None if source is None else address_octets(source)
            return octets if octets in here else None
        alike = [one for one in here if len(one) == len(before) and one not in LOOPBACK]
        return max(alike, key=lambda one: _common(one, before)) if alike else None

    def _tell(self, move, call, now):
        """Ask the other end to send to the new address; return the effects."""
        session, leg, other = move.session, move.leg, call.legs[1 - move.side]
        body = session.said(1 - move.side)
        flow = None if leg is None else self.node.flow_to(call, leg)
        if leg is None or other is None or body is None:
            return []
        if flow is not None and not self.reaches(flow):
            return []
        more = ((b"contact", b"Contact: <" + other.target + b">"), TYPE)
        request = dialog.request(leg, b"INVITE", leg.cseq + 1, more, body)
        try:
            request, effects = self.relays.request(None, request, now)
        except SipError:
            return []
        if request is None:
            return effects  # It waits for ports: those of another change of this call.
        if flow is not None and flow.transport == CELLS:
            _mark(request)
        leg.step_in()
        move.handle(SENT)
        return effects + self.uac.within(leg, request, flow, move, now)

    def _answered(self, indication, now):
        """Take the answer of the other end (a client transaction's word); return the effects."""
        move, response = indication.user, indication.message
        if indication.kind == RESPONSE and response.status < 200:
            return []
        status = response.status if indication.kind == RESPONSE else 408
        if status < 300:
            return self._taken(move, response, now)
        if indication.kind == RESPONSE:
            self.relays.response(move, response, now)
        move.handle(END if status in ENDED else REFUSED)
        move.again(now + PATIENCE_MS + self.node.random(1)[0] * SPREAD_MS // 255)
        self.node.deadlines.watch(move)
        return []

    def _taken(self, move, response, now):
        """Acknowledge, each time that the 2xx comes; return the effects."""
        leg, effects = move.leg, []
        ack = dialog.request(leg, b"ACK", response.cseq[0])
        try:
            if move.handle(TAKEN):
                response, effects = self.relays.response(move, response, now)
            ack, more = self.relays.request(None, ack, now)
        except SipError:
            return effects
        call = self.node.calls.live.get(move.session.call_id)
        flow = None if call is None else self.node.flow_to(call, leg)
        more += self.changed(move.session.call_id, now)
        return effects + more + self.uac.within(leg, ack, flow, None, now)

    # The other end of such a call.

    def take(self, request, server, flow, caller, now):
        """Answer another node that has moved in the name of the phone here, or return None."""
        if flow.transport != CELLS or request.method != b"INVITE" or not is_moved(request):
            return None
        session, negotiation, side = self.relays.sessions.asking(None, request)
        if session is None or negotiation is not session.chosen or session.is_opening():
            return None
        body = session.said(1 - side)
        call = self.node.calls.live.get(request.call_id)
        leg = None if call is None or call.legs is None else call.legs[1 - side]
        if body is None or leg is None:
            return None
        # The numbers that the phone would see: those of this node stand between.
        asked = b"CSeq: %d %s" % request.cseq
        self.node.calls.renumber(request)
        effects = self.relays.request(None, request, now)[1]
        contact = b"Contact: <" + leg.target + b">"
        response = response_to(request, 200, None, (contact, TYPE[1]))
        set_body(response, body)
        response, more = self.relays.response(None, response, now)
        response.set(b"cseq", asked)
        self.answered[request.call_id] = request.cseq[0]
        effects += self.changed(request.call_id, now)
        return effects + more + self.node.layer.respond(server, response, now)

    def request(self, branch, request, now):
        """Let no phone see the ACK of what it was never asked."""
        if branch is None and self.answered.get(request.call_id) == request.cseq[0]:
            return None, []
        return request, []

    def ended(self, call):
        """Forget a call; return no effects."""
        self.answered.pop(call.call_id, None)
        return []


def _mark(request):
    description = sdp.parse(request.body)
    description.head.add(b"a=" + MOVED)
    set_body(request, description.write())


def is_moved(request):
    """Tell whether a request says that a node has moved, and nothing else is new."""
    return is_sdp(request) and bool(sdp.parse(request.body).head.attributes(MOVED))


def _common(one, other):
    """Return how many octets two addresses have in common at their beginning."""
    at = 0
    while at < len(one) and one[at] == other[at]:
        at += 1
    return at
