"""Takes a call that rings elsewhere: pickup, and calls that are parked and taken back.

A ringing call is joined, not built anew: the phone that asked becomes one more branch of it (RFC
3261 section 16.5), so its keys and its caller know of nothing. An INVITE that replaces a call which
still rings asks for the same (the lamp keys of desk phones; RFC 3891 would answer 481).

A call that rings at another node is joined there: the code goes there as an INVITE to who is rung,
with ELSEWHERE in its Request-URI, and the phone that asked is called back. Who of other houses may
do so is a contact with `option pickup`, known by the key of its node.
"""

from ..core.feature import first
from ..effects import CELLS
from ..errors import Refusal, SipError
from ..settings import codes
from ..sip import uri
from ..sip.message import response_to
from ..text import readable
from ..tu import border, dialplan
from ..tu.calls import ANSWERED, name_of
from ..tu.response_context import WAITING

# The phone is told to end its own call first; only then it is free to ring.
PAUSE_MS = 400
TOLD = "picked up: your phone answers now"
PICKED = "picked up by "
TAKEN = "taken on another phone of "
NOT_YOURS = "call %s rings nobody whose calls '%s' may take"
# The parameter of a Request-URI that asks another node for a call that rings there; its value for
# any call of the group that both have.
ELSEWHERE, GROUP = b"pickup", b"group"
# So soon another node calls the phone back that has asked it.
CALLED_BACK_MS = 5000
MOST_AWAITED = 64
PLACES = "123456789"
# Who is parked hears so often that it still rings: the nodes in between give it up else (RFC 3261
# section 13.3.1.1).
PARKED_MS, STILL_MS = 180000, 20000
# A phone may end a call before the one whom it has transferred is here.
JUST_NOW_MS = 5000


class Joining:
    """A phone (Target) that joins a ringing call (ResponseContext) at `deadline`."""

    def __init__(self, context, target, now):
        self.context = context
        self.target = target
        self.deadline = now + PAUSE_MS
        self.queued = None


class Parking:
    """The places and the calls there."""

    def __init__(self, node):
        self.node = node

    def taken(self):
        """Return at which places calls are parked."""
        return [place for place in PLACES if self.at(place.encode()) is not None]

    def place(self, request, number, found, now):
        """Let a caller who was transferred to a place wait there.

        Who parked the call is rung when nobody has taken it back for a while.
        """
        if self.at(number):
            return found
        parker = self.parker(request, now)
        if parker is None:
            return found
        node = self.node
        theirs = dialplan.targets_of(node.settings, node.location, parker, now)
        waits = [[] for _ in range(PARKED_MS // STILL_MS)]
        return dialplan.Found(dialplan.LOCAL, waits + theirs, None, STILL_MS)

    def at(self, place):
        """Return the ResponseContext of the call that waits at a place, or None."""
        for call in self.node.calls.live.values():
            context = call.context
            if context is None or context.state != WAITING or context.pending():
                continue
            user = context.request.parsed_uri.user
            dialled = None if user is None else codes.read(self.node.settings.codes, user)
            if dialled is not None and (dialled.feature, dialled.number) == (codes.PARK, place):
                return context
        return None

    def parker(self, request, now):
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


class Pickup:
    """A feature. joining: ResponseContext -> Joining. A parked call is one that rings nowhere.

    awaited: user's name -> (Binding of the phone, key of the node that calls it back, Call-ID of
    the code that it has dialled, until).
    """

    name = "pickup"
    hooks, events = ("locate", "lead", "screen", "take", "request", "status"), ()
    users = {}

    def __init__(self, node, forwarder, find):
        """find: of Routing."""
        self.node = node
        self.forwarder = forwarder
        self.find = find
        self.parking = Parking(node)
        self.joining = {}
        self.awaited = {}
        self.wakers = {Joining: self._join}

    # What is dialled.

    def actions(self):
        """Return {feature code: what does it}, as for features.codes.Codes."""
        return {codes.PICKUP: self.pick_up, codes.PARK: self.park}

    def pick_up(self, user, dialled, request, server, flow, now):
        """Take the call that rings longest at a number, or in the user's pickup group."""
        number = dialled.number
        if user is None or (number and number not in self.node.settings.names):
            return None  # It rings at another node, or nobody knows who asks.
        names = self._ringing_for(user, user.pickup, number)
        context = self._ringing(names)
        if context is not None:
            return self._bring(context, user, request, server, flow, now)
        if not number and self._houses(user):
            return None
        where = number.decode() if number else "your group"
        raise SipError(480, "no call rings at %s now" % where)

    def _ringing(self, names):
        """Return the ResponseContext that rings longest for one of some users, or None.

        Refuses with 487 where somebody else takes just that.
        """
        is_taken = False
        for call in sorted(self.node.calls.live.values(), key=_since):
            context = call.context
            if context is None or context.state != WAITING or context.is_help:
                continue
            if not _rings_at(context, names):
                continue
            if context not in self.joining:
                return context
            is_taken = True
        if is_taken:
            raise SipError(487, "somebody else has picked it up")
        return None

    def _ringing_for(self, user, group, number):
        """Return the names of users whose calls may be taken; user: section, None of elsewhere."""
        settings = self.node.settings
        section = settings.names.get(number) if number else None
        if number and section is None:
            raise SipError(404, "nobody here has the number %s" % number.decode())
        names = settings.users
        if section is not None:
            names = section.rings if section.kind == "group" else (section.name,)
        allowed = [name for name in names if self._is_in(group, name, user)]
        if not allowed:
            who = "others" if user is None else user.name
            raise SipError(403, "calls there are not for %s to take" % who)
        return allowed

    def _is_in(self, group, name, but):
        other = self.node.settings.users.get(name)
        return other is not None and other is not but and other.pickup == group != ""

    def take(self, request, server, flow, caller, now):
        """Take an INVITE that asks for a call which still rings; None for all else.

        A refusal is told here: nobody has called, and nobody has missed a call.
        """
        if request.method != b"INVITE":
            return None
        asked = request.parsed_uri.param(ELSEWHERE)
        try:
            if asked is not None:
                return self._reach_out(asked, request, server, flow, caller, now)
            if request.has(b"replaces"):
                return self._replace(request, server, flow, caller, now)
        except SipError as error:
            response = response_to(
                request, error.status, error.reason, error.headers, self.node.tag()
            )
            return self.node.layer.respond(server, response, now)

    def _replace(self, request, server, flow, caller, now):
        call_id = request.value(b"replaces").partition(b";")[0].strip()
        call = self.node.calls.live.get(call_id)
        context = None if call is None else call.context
        if context is None or context.state != WAITING or context.request.to.tag is not None:
            return None
        user = caller.user
        names = [] if user is None or user.kind != "user" else self.node.settings.users
        names = [name for name in names if self._is_in(user.pickup, name, user)]
        if context in self.joining or context.is_help or not _rings_at(context, names):
            raise SipError(481, "that call does not ring for you")
        return self._bring(context, user, request, server, flow, now)

    def _bring(self, context, user, request, server, flow, now):
        """End the call of the phone that asks, and let it join the one that rings."""
        phone = self.node.phone_of(request, flow)
        if phone is None:
            raise SipError(480, "no phone of %s is registered there" % user.name)
        target = dialplan.to_phone(phone, PICKED + user.name)
        return self._plan(context, target, request, server, now)

    def _plan(self, context, target, request, server, now):
        joining = self.joining[context] = Joining(context, target, now)
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

    # Between nodes.

    def _group_of(self, request, flow):
        """Return the pickup group that a caller of another node has here, ""."""
        beyond = first(self.node.hooks.caller, request, flow)
        for contact in self.node.settings.contacts if beyond is not None else ():
            if contact.pickup and self._is_at(contact, beyond):
                return contact.pickup
        return ""

    def _is_at(self, contact, beyond):
        return first(self.node.hooks.callee, uri.parse(contact.address.encode())) == beyond

    def _reach_out(self, asked, request, server, flow, caller, now):
        """Let a phone of another node join a call that rings here; asked: GROUP, or b""."""
        group = self._group_of(request, flow) if caller.user is None else caller.user.pickup
        number = b"" if asked == GROUP else request.parsed_uri.key
        context = self._ringing(self._ringing_for(caller.user, group, number))
        if context is None:
            raise SipError(480, "no call rings there now")
        if caller.user is not None:
            return self._bring(context, caller.user, request, server, flow, now)
        return self._call_back(context, request, server, now)

    def _call_back(self, context, request, server, now):
        caller = dialplan.callee(self.node.settings, context.request.from_.uri)
        if caller is not None and caller.kind == "user" and caller.door:
            raise SipError(403, "the door is answered by the house only")
        led = self.find(request, readable(request.from_.uri_bytes), now)
        if not led.stages:
            raise SipError(480, "who asks for it cannot be called back")
        fields = list(led.stages[0][0])
        fields[5] = PICKED + name_of(request.from_)
        return self._plan(context, dialplan.Target(*fields), request, server, now)

    def _houses(self, user):
        """Return contacts who have one pickup group with a user, one of each other node."""
        found = {}
        for contact in self.node.settings.contacts if user.pickup else ():
            if contact.pickup == user.pickup and contact.address:
                named = first(self.node.hooks.callee, uri.parse(contact.address.encode()))
                found.setdefault(None if named is None else named[1], contact)
        return [found[node] for node in found if node is not None]

    def lead(self, request, flow, found, now):
        """Let a code that means a call at another node ask for it there, and await its answer."""
        user = None if request.caller is None else request.caller.user
        if user is None or request.method != b"INVITE" or found.callee is not None:
            return found
        is_asking = self._dialled(request, codes.PICKUP) is not None
        stages = []
        for stage in found.stages:
            stages.append([])
            for target in stage:
                is_beyond = target.flow is not None and target.flow.transport == CELLS
                if is_beyond and (is_asking or uri.parse(target.uri).user[:1] == b"*"):
                    self._await(user, request, flow, target.flow.host, now)
                fields = list(target)
                fields[0] += self._mark(request) if is_asking else b""
                stages[-1].append(dialplan.Target(*fields))
        return dialplan.Found(found.rule, stages, None, found.patience)

    def _mark(self, request):
        number = self._dialled(request, codes.PICKUP).number
        return b";" + ELSEWHERE + (b"" if number else b"=" + GROUP)

    def _await(self, user, request, flow, key, now):
        phone = self.node.phone_of(request, flow)
        if len(self.awaited) >= MOST_AWAITED:
            self.awaited = {}
        if phone is not None:
            self.awaited[user.name] = phone, key, request.call_id, now + CALLED_BACK_MS

    def _called_back(self, request, found, now):
        """Return the Found of a call to the phone that has asked another node for it."""
        user = found.callee
        nobody = None, "", b"", 0
        phone, key, call_id, until = self.awaited.get(user.name, nobody)
        if phone is None or request.via.host != key.encode() or not self._is_told(call_id):
            return found
        del self.awaited[user.name]
        if now > until or self.node.location.current(phone) is None:
            return found
        target = dialplan.to_phone(phone, PICKED + user.name)
        return dialplan.Found(dialplan.CONTACT, [[target]], None, None)

    def _is_told(self, call_id):
        """Tell whether a code was answered with that the phone is called back: who is parked by
        one is not."""
        ended = [one for one in self.node.calls.history if one.call_id == call_id]
        return bool(ended) and ended[-1].ended_by == TOLD

    def screen(self, request, flow, found, caller):
        """Refuse who writes the name of another node to be answered at once."""
        if found.rule == dialplan.CONTACT and found.stages and request.to.tag is None:
            is_picked = found.stages[0][0].reason.startswith(PICKED)
            if is_picked and flow.transport != CELLS:
                raise SipError(403, "who takes a call is called back by a node of the mesh")

    def _dialled(self, request, feature):
        """Return the codes.Dialled of a feature, or None for all else that a request is for."""
        user = request.parsed_uri.user
        if user is None or user[:1] not in (b"*", b"%", b"#"):
            return None
        dialled = codes.read(self.node.settings.codes, user)
        return dialled if dialled is not None and dialled.feature == feature else None

    def locate(self, request, found, now):
        """Return whom a code means that is about a call elsewhere, or a place here."""
        if request.method != b"INVITE" or request.to.tag is not None:
            return found
        if found.rule == dialplan.LOCAL and request.parsed_uri.param(ELSEWHERE) is not None:
            return dialplan.Found(dialplan.LOCAL, [], None, None)
        if found.callee is not None and self.awaited:
            return self._called_back(request, found, now)
        if found.callee is not None or found.stages:
            return found
        dialled = self._dialled(request, codes.PICKUP)
        if dialled is not None:
            return self._beyond(request, dialled.number, found, now)
        dialled = self._dialled(request, codes.PARK)
        return found if dialled is None else self.parking.place(request, dialled.number, found, now)

    def _beyond(self, request, number, found, now):
        """Return the Found of a pickup at another node, or what was found."""
        if number:
            is_here = number in self.node.settings.names
            return found if is_here else self.find(request, number.decode(), now)
        user = dialplan.callee(self.node.settings, request.from_.uri)
        houses = [] if user is None or user.kind != "user" else self._houses(user)
        if not houses or self._ringing([one for one in self.node.settings.users
                                        if self._is_in(user.pickup, one, user)]):  # fmt: skip
            return found
        there = [dialplan.towards(one.address.encode(), None, PICKED + user.name) for one in houses]
        return dialplan.Found(dialplan.PHONE_BOOK, [there], None, None)

    # Parking.

    def park(self, user, dialled, request, server, flow, now):
        """Take a parked call back, or let that of who was transferred here be parked."""
        place = dialled.number
        context = self.parking.at(place)
        if context is not None and context not in self.joining:
            if user is not None:
                return self._bring(context, user, request, server, flow, now)
            if self._group_of(request, flow):
                return self._call_back(context, request, server, now)
        if context is None and self.parking.parker(request, now) is not None:
            return None
        raise SipError(480, "no call is parked at %s" % place.decode())

    # What the owner and the pages ask for.

    def take_up(self, arguments, now):
        """Let the phones of `user` ring with a `call` that rings elsewhere, or is parked."""
        user = self.node.settings.users[self.node.user_named(arguments.get("user"))]
        call = self._for(user, arguments.get("call"))
        context = call.context
        rings = [branch.target.binding for branch in context.pending()]
        phones = self.node.location.bindings(user.name, now)
        targets = [dialplan.to_phone(one, TAKEN + user.name) for one in phones if one not in rings]
        if not targets:
            raise Refusal("no phone", "no other phone of '%s' is registered", user.name)
        effects = self.forwarder.join(context, targets, now)
        return {"user": user.name, "call": call.number, "phones": len(targets)}, effects

    def _for(self, user, wanted):
        """Return the live Call that a user may take, by its number; raises Refusal.

        Others are refused alike: a member learns not even that they are there.
        """
        parked = [self.parking.at(place.encode()) for place in PLACES]
        group = [one for one in self.node.settings.users if self._is_in(user.pickup, one, None)]
        for call in self.node.calls.live.values():
            context = call.context
            if str(call.number) != wanted or context is None or context.state != WAITING:
                continue
            is_his = context in parked or _rings_at(context, group + [user.name])
            if is_his and not context.is_help:
                return call
        raise Refusal("not yours", NOT_YOURS, wanted, user.name)

    def status(self):
        """Return at which places calls are parked."""
        return {"parked": self.parking.taken()}


def _since(call):
    return call.since


def _rings_at(context, names):
    """Tell whether a call rings at a phone of one of some users."""
    for branch in context.pending():
        binding = branch.target.binding
        if binding is not None and branch.cancel is None and binding.user in names:
            return True
    return False


def _who(address):
    return uri.key_of(address.user or b""), None if address.host is None else address.host_key
