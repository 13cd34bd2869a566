"""Takes a call that rings elsewhere: pickup, and calls that are parked and taken back.

A ringing call is joined, not built anew: the phone that asked becomes one more branch of it (RFC
3261 section 16.5), so its keys and its caller know of nothing. An INVITE that replaces a call which
still rings asks for the same (the lamp keys of desk phones; RFC 3891 would answer 481).
"""

from ..errors import SipError
from ..settings import codes
from ..sip import uri
from ..sip.message import response_to
from ..tu import border, dialplan
from ..tu.calls import ANSWERED
from ..tu.response_context import WAITING

# The phone is told to end its own call first; only then it is free to ring.
PAUSE_MS = 400
TOLD = "picked up: your phone answers now"
PICKED = "picked up by "
PLACES = "123456789"
PARKED_MS = 180000
# A phone may end a call before the one whom it has transferred is here.
JUST_NOW_MS = 5000


class Joining:
    """A phone (Target) that joins a ringing call (ResponseContext) at `deadline`."""

    def __init__(self, context, target, now):
        self.context = context
        self.target = target
        self.deadline = now + PAUSE_MS
        self.queued = None


class Pickup:
    """A feature. joining: ResponseContext -> Joining. A parked call is one that rings nowhere."""

    name = "pickup"
    hooks, events = ("locate", "take", "request", "status"), ()
    users = {}

    def __init__(self, node, forwarder):
        self.node = node
        self.forwarder = forwarder
        self.joining = {}
        self.wakers = {Joining: self._join}

    # What is dialled.

    def actions(self):
        """Return {feature code: what does it}, as for features.codes.Codes."""
        return {codes.PICKUP: self.pick_up, codes.PARK: self.park}

    def pick_up(self, user, dialled, request, server, flow, now):
        """Take the call that rings longest at a number, or in the user's pickup group."""
        number = dialled.number
        names = self._ringing_for(user, number)
        for call in sorted(self.node.calls.live.values(), key=_since):
            context = call.context
            if context is None or context.state != WAITING or context.is_help:
                continue
            if context not in self.joining and _rings_at(context, names):
                return self._bring(context, user, request, server, flow, now)
        where = number.decode() if number else "your group"
        raise SipError(480, "no call rings at %s now" % where)

    def _ringing_for(self, user, number):
        """Return the names of users whose calls somebody may take."""
        settings = self.node.settings
        if number:
            section = settings.names.get(number)
            if section is None:
                raise SipError(404, "nobody here has the number %s" % number.decode())
            names = section.rings if section.kind == "group" else (section.name,)
        else:
            names = [name for name in settings.users if name != user.name]
        allowed = [name for name in names if _may_take(user, settings.users.get(name))]
        if not allowed:
            raise SipError(403, "calls there are not for %s to take" % user.name)
        return allowed

    def take(self, request, server, flow, caller, now):
        """Take an INVITE that replaces a call which still rings; None for all else."""
        if request.method != b"INVITE" or b"replaces" not in request.names:
            return None
        call_id = request.value(b"replaces").partition(b";")[0].strip()
        call = self.node.calls.live.get(call_id)
        context = None if call is None else call.context
        if context is None or context.state != WAITING or context.request.to.tag is not None:
            return None
        user = caller.user
        names = [] if user is None or user.kind != "user" else self.node.settings.users
        names = [name for name in names if _may_take(user, self.node.settings.users[name])]
        if context in self.joining or context.is_help or not _rings_at(context, names):
            raise SipError(481, "that call does not ring for you")
        return self._bring(context, user, request, server, flow, now)

    def _bring(self, context, user, request, server, flow, now):
        """End the call of the phone that asks, and let it join the one that rings."""
        phone = self.node.phone_of(request, flow)
        if phone is None:
            raise SipError(480, "no phone of %s is registered there" % user.name)
        joining = Joining(context, dialplan.to_phone(phone, PICKED + user.name), now)
        self.joining[context] = joining
        self.node.deadlines.watch(joining)
        response = response_to(request, 487, TOLD, (), self.node.tag())
        return self.node.layer.respond(server, response, now)

    def _join(self, joining, now):
        joining.deadline = None
        self.joining.pop(joining.context, None)
        return self.forwarder.join(joining.context, [joining.target], now)

    def request(self, branch, request, now):
        """Tell the phone that joins to answer by itself; return (request, no effects)."""
        if branch is not None and branch.target.reason.startswith(PICKED):
            border.answer_at_once(request, self.node.settings.domain)
        return request, []

    # Parking.

    def locate(self, request, found, now):
        """Let a caller who was transferred to a place wait there.

        Who parked the call is rung when nobody has taken it back for a while.
        """
        if request.method != b"INVITE" or found.callee is not None or found.stages:
            return found
        target = request.parsed_uri
        dialled = None if target.user is None else codes.read(self.node.settings.codes, target.user)
        if dialled is None or dialled.feature != codes.PARK or self._parked(dialled.number):
            return found
        parker = self._parker(request, now)
        if parker is None:
            return found
        node = self.node
        theirs = dialplan.targets_of(node.settings, node.location, parker, now)
        return dialplan.Found(dialplan.LOCAL, [[]] + theirs, None, PARKED_MS)

    def park(self, user, dialled, request, server, flow, now):
        """Take a parked call back, or let that of who was transferred here be parked."""
        place = dialled.number
        context = self._parked(place)
        if context is not None and context not in self.joining:
            return self._bring(context, user, request, server, flow, now)
        if context is None and self._parker(request, now) is not None:
            return None
        raise SipError(480, "no call is parked at %s" % place.decode())

    def _parked(self, place):
        """Return the ResponseContext of the call that waits at a place, or None."""
        for call in self.node.calls.live.values():
            context = call.context
            if context is None or context.state != WAITING or context.branches:
                continue
            user = context.request.parsed_uri.user
            dialled = None if user is None else codes.read(self.node.settings.codes, user)
            if dialled is not None and (dialled.feature, dialled.number) == (codes.PARK, place):
                return context
        return None

    def _parker(self, request, now):
        """Return the section of the member whose talk with a caller goes on, or did just now."""
        node, caller = self.node, _who(request.from_.uri)
        talks = [call for call in node.calls.live.values() if call.state == ANSWERED]
        talks += [call for call in node.calls.history[-8:] if now - call.ended_at < JUST_NOW_MS]
        for call in talks:
            for one, other in ((call.from_, call.to), (call.to, call.from_)):
                section = dialplan.callee(node.settings, other.uri)
                if _who(one.uri) == caller and section is not None and section.kind == "user":
                    return section
        return None

    def status(self):
        """Return at which places calls are parked."""
        return {"parked": [place for place in PLACES if self._parked(place.encode()) is not None]}


def _since(call):
    return call.since


def _who(address):
    return uri.key_of(address.user or b""), None if address.host is None else address.host_key


def _may_take(user, other):
    """Tell whether a member may take the calls of another: both are in one pickup group."""
    return (
        other is not None
        and other is not user
        and bool(other.pickup)
        and other.pickup == user.pickup
    )


def _rings_at(context, names):
    """Tell whether a call rings at a phone of one of some users."""
    for branch in context.pending():
        binding = branch.target.binding
        if binding is not None and branch.cancel is None and binding.user in names:
            return True
    return False
