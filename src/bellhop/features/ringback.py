"""Rings a member back when the one who was busy is free: here by what the node knows itself, at
another node by watching who talks there (RFC 4235)."""

import binascii

from ..effects import CELLS
from ..errors import BellhopError, SipError
from ..settings import codes
from ..sip import uri
from ..sip.message import Request, response_to
from ..subscription.package import fields
from ..text import readable
from ..transaction.transaction import RESPONSE
from ..tu import dialplan
from ..tu.calls import ANSWERED, ENDED

# A phone that was just put down is not at once free for another call.
PAUSE_MS = 2000
# Nobody wants to be called back after that.
LASTS_MS = 3600000
MOST = 32
BUSY = (486, 600, 603)


class Wish:
    """A member who waits until another is free. At `deadline` the phones ring, or it ends.

    to: URI (octets) that is dialled; callee: name of a user here, None of one elsewhere; shown:
    how the code tells of it; call_id: of the subscription at another node; is_free: it is time.
    """

    def __init__(self, user, to, callee, shown, now):
        self.user = user
        self.to = to
        self.callee = callee
        self.shown = shown
        self.call_id = None
        self.is_free = False
        self.until = now + LASTS_MS
        self.deadline, self.queued = self.until, None


class RingBack:
    """A feature. wishes: user's name -> Wish."""

    name = "ring back"
    hooks, events = ("serve", "changed"), ()

    def __init__(self, node, uac, tell, find, begin):
        """tell: of Codes; find: of Routing; begin: of Dial."""
        self.node = node
        self.uac = uac
        self.tell = tell
        self.find = find
        self.begin = begin
        self.wishes = {}
        self.users = {Wish: self._asked}
        self.wakers = {Wish: self._ring}

    def actions(self):
        """Return {feature code: what does it}, as for features.codes.Codes."""
        return {codes.RING_BACK: self._ring_back}

    def _ring_back(self, user, dialled, request, server, flow, now):
        """Ring a member when the one whom he has dialled last is free again."""
        wish = self.wishes.get(user.name)
        if dialled.verb != codes.SET:
            words = "you are rung when %s is free" % wish.shown if wish else "nobody is waited for"
            if dialled.verb == codes.CLEAR:
                self.wishes.pop(user.name, None)
                words = "not set"
            return self.tell(request, server, words, now)
        call = self._last_busy(user)
        if len(self.wishes) >= MOST and user.name not in self.wishes:
            raise SipError(480, "too many wait for somebody")
        callee = dialplan.callee(self.node.settings, call.to.uri)
        effects = []
        if callee is not None:
            wish = Wish(user.name, call.uri, callee.name, callee.name, now)
        else:
            wish = Wish(user.name, call.uri, None, readable(call.to.uri.name), now)
            effects = self._watch(wish, request, now)
        self.wishes[user.name] = wish
        self.node.deadlines.watch(wish)
        effects += self._look(wish, now)
        return effects + self.tell(
            request, server, "you are rung when %s is free" % wish.shown, now
        )

    def _last_busy(self, user):
        """Return the Call of a user to who was dialled last and busy; refuses where it was not."""
        settings = self.node.settings
        for call in self.node.calls.history[::-1]:
            if dialplan.callee(settings, call.from_.uri) is not user:
                continue
            target = uri.parse(call.uri)
            if target.user is not None and codes.read(settings.codes, target.user):
                continue
            callee = dialplan.callee(settings, call.to.uri)
            if call.status in BUSY and (callee is None or callee.kind == "user"):
                return call
            break
        raise SipError(480, "the one you have dialled last was not busy")

    # Elsewhere.

    def _watch(self, wish, request, now):
        """Subscribe to who talks at another node; refuses where nobody can be asked."""
        node, target = self.node, self._target(request, wish.to, now)
        if target is not None and target.flow is None:  # An address of the phone book.
            target = self._target(request, target.uri, now)
        if target is None or target.flow is None or target.flow.transport != CELLS:
            raise SipError(480, "who was dialled last cannot be watched from here")
        listening = node.listening[target.flow.local]
        random, domain = binascii.hexlify(node.random(8)), node.settings.domain
        wish.call_id = random + b"@" + domain
        member = b"<sip:" + wish.user.encode() + b"@" + domain + b">"
        names, lines = fields(
            (
                b"Max-Forwards: 70",
                b"From: " + member + b";tag=" + random[:8],
                b"To: <" + target.uri + b">",
                b"Call-ID: " + wish.call_id,
                b"CSeq: 1 SUBSCRIBE",
                b"Event: dialog",
                b"Accept: application/dialog-info+xml",
                b"Expires: %d" % (LASTS_MS // 1000),
                b"Contact: <sip:" + listening.uri + b">",
            ),
            b"",
        )
        subscribe = Request(b"SUBSCRIBE", target.uri, names, lines)
        return self.uac.send(subscribe, target.flow, wish, now)[1]

    def _target(self, request, place, now):
        stages = self.find(request, readable(place), now).stages
        return stages[0][0] if stages else None

    def _asked(self, indication, now):
        """Take the answer to SUBSCRIBE: who may not watch waits in vain."""
        wish, response = indication.user, indication.message
        is_refused = indication.kind != RESPONSE or response.status >= 300
        if is_refused and self.wishes.get(wish.user) is wish:
            del self.wishes[wish.user]
        return []

    def serve(self, request, server, flow, now):
        """Take what another node tells of who was busy; None for all else."""
        if request.method != b"NOTIFY":
            return None
        for wish in self.wishes.values():
            if wish.call_id == request.call_id:
                effects = self.node.layer.respond(server, response_to(request, 200), now)
                wish.is_free = request.body.count(b"<dialog ") == 0
                return effects + self._look(wish, now)
        return None

    # When.

    def changed(self, call, now):
        """A call has ended: who waited for one of its ends may be rung."""
        if call.state == ENDED:
            for wish in self.wishes.values():
                self._look(wish, now)
        return []

    def _look(self, wish, now):
        """Plan to ring where both are free; returns no effects."""
        wish.deadline = now + PAUSE_MS if self._is_time(wish) else wish.until
        self.node.deadlines.watch(wish)
        return []

    def _is_time(self, wish):
        is_free = wish.is_free if wish.callee is None else not self._is_busy(wish.callee)
        return is_free and not self._is_busy(wish.user)

    def _is_busy(self, name):
        for call in self.node.calls.live.values():
            ends = [dialplan.callee(self.node.settings, one.uri) for one in (call.from_, call.to)]
            if call.state == ANSWERED and [one for one in ends if one and one.name == name]:
                return True
        return False

    def _ring(self, wish, now):
        wish.deadline = None
        if self.wishes.get(wish.user) is not wish:
            return []
        if now < wish.until and not self._is_time(wish):
            return self._look(wish, now)
        del self.wishes[wish.user]
        if now >= wish.until:
            return []
        try:
            return self.begin(wish.user, wish.to, now)
        except BellhopError:
            return []  # The phones are gone: there is nobody to ring.
