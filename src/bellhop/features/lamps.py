"""Lamps: who talks, who is there, what waits, which phones are on (RFC 4235, 3856, 3842, 3680).

The node answers for its users and groups from what it knows itself: no phone is asked, and none
has to publish anything.
"""

import binascii

from ..core.feature import first
from ..errors import SipError
from ..limits import MEMBER, OWN
from ..settings import codes
from ..sip import address, scan, uri
from ..sip.message import response_to
from ..subscription import bodies, notifier
from ..subscription.notifier import Notifier
from ..subscription.package import Package, contact_of
from ..subscription.watches import Watches
from ..text import readable
from ..transaction.transaction import RESPONSE
from ..tu import dialplan, wishes
from ..tu.calls import ANSWERED, name_of
from ..tu.response_context import WAITING

# How long a watch lasts at most and at least; what changes within GATHER_MS is told at once.
LONGEST_SECONDS, SHORTEST_SECONDS, GATHER_MS = (3600, 60, 100)
PACKAGES = {
    name: Package(name, bodies.TYPES[name], LONGEST_SECONDS, GATHER_MS) for name in bodies.TYPES
}
ALLOWED = b"Allow-Events: " + b", ".join(bodies.PACKAGES)
# `option lamps`: besides the house nodes of contacts may watch, or all nodes of the mesh.
CONTACTS, ALL = ("contacts", "all")


class Watch(Notifier):
    """One lamp of a phone. resource: what is watched; flow, host: the way to the phone.

    body: check sum of what was told last, or None.
    """

    def __init__(self, package, tag, request, resource, flow):
        Notifier.__init__(self, package, tag)
        self.key = request.call_id, request.from_.tag, request.value(b"event")
        self.resource = resource
        self.flow = flow
        self.host = flow.host
        self.version = 0
        self.body = None

    def renew(self):
        """Whatever is the same is told once more: section 4.2.1.2 wants a NOTIFY."""
        self.body = None

    def is_news(self, body):
        """Tell whether a body differs from what was told last, and note it."""
        before, self.body = self.body, binascii.crc32(body)
        return self.body != before

    def next_version(self):
        """Return the number of the next body, from 0."""
        self.version += 1
        return self.version - 1


class Lamps:
    """A feature. watches: subscription.watches.Watches; a resource is a user's or group's name,
    or (b"place", number) of a parked call."""

    name = "lamps"
    hooks = ("locate", "take", "serve", "changed", "posted", "wished", "registered", "failed",
             "counters")  # fmt: skip
    events = ()

    def __init__(self, node, uac, own):
        """own: features.wishes.Wishes."""
        self.node = node
        self.uac = uac
        self.own = own
        self.watches = Watches()
        self.users = {Watch: self._answered}
        self.wakers = {Watch: lambda one, now: self._handle(one, notifier.DUE, now)}

    # Who asks.

    def locate(self, request, found, now):
        """Refuse event state that nobody keeps, at once: phones ask for much when they start."""
        if request.method in (b"SUBSCRIBE", b"PUBLISH") and request.to.tag is None:
            is_kept = request.method == b"SUBSCRIBE" and _package(request) in PACKAGES
            if not is_kept and self._resource(request.parsed_uri) is not None:
                raise SipError(489, "this node keeps no such event state", (ALLOWED,))
        return found

    def take(self, request, server, flow, caller, now):
        """Take a SUBSCRIBE that means a user, group or place; None for all else."""
        if request.method != b"SUBSCRIBE":
            return None
        resource, package = self._resource(request.parsed_uri), _package(request)
        if resource is None or package not in PACKAGES:
            return None
        if request.to.tag is not None:
            raise SipError(481, "Subscription does not exist")
        if not self._may_look(request, flow, caller):
            raise SipError(403, "who is not of this house may not watch it")
        if package in (bodies.SUMMARY, bodies.REG) and not self._is_own(resource, caller):
            raise SipError(403, "messages and phones are shown to their owner alone")
        return self._begin(request, server, flow, package, resource, now)

    def _resource(self, target):
        if target.user is None or not (target.host is None or self.node.is_ours(target)):
            return None
        section = dialplan.callee(self.node.settings, target)
        if section is not None:
            return section.name
        dialled = codes.read(self.node.settings.codes, target.user)
        if dialled is not None and dialled.feature == codes.PARK:
            return b"place", dialled.number
        return None

    def _may_look(self, request, flow, caller):
        """Tell whether somebody may watch: who is of the house, others where the owner says so."""
        settings = self.node.settings
        if caller.kind != MEMBER:
            return caller.kind == OWN
        if settings.features.lamps == ALL or settings.mesh.profile == "emergency":
            return True
        beyond = first(self.node.hooks.caller, request, flow)
        if settings.features.lamps != CONTACTS or beyond is None:
            return False
        named = [uri.parse(one.address.encode()) for one in settings.contacts if one.address]
        known = [first(self.node.hooks.callee, one) for one in named]
        return beyond[1] in [one[1] for one in known if one is not None]

    @staticmethod
    def _is_own(resource, caller):
        return caller.user is not None and caller.user.name == resource

    def _begin(self, request, server, flow, package, resource, now):
        _check_expires(request)
        one = Watch(PACKAGES[package], self.node.tag(), request, resource, flow)
        target = contact_of(request)
        for other in list(self.watches.of(resource)):
            is_same = other.package is one.package and other.host == one.host
            if is_same and other.target == target:
                self._forget(other, now)  # The phone has begun anew.
        if not self.watches.add(one):
            raise SipError(503, "too many watch here", (b"Retry-After: 600",))
        return self._take(one, request, server, flow, now)

    def serve(self, request, server, flow, now):
        """Take a SUBSCRIBE inside a subscription; None for all else."""
        if request.method != b"SUBSCRIBE" or _package(request) not in PACKAGES:
            return None
        key = request.call_id, request.from_.tag, request.value(b"event")
        one = self.watches.by_key.get(key)
        if one is None or one.tag != request.to.tag:
            raise SipError(481, "Subscription does not exist")
        _check_expires(request)
        return self._take(one, request, server, flow, now)

    def _take(self, one, request, server, flow, now):
        """Grant what a SUBSCRIBE asks for, and tell how things are."""
        one.flow = flow  # A phone, or the node in front of it, may have another by now.
        seconds, todo = one.subscribe(request, now)
        lines = [b"Expires: " + str(seconds).encode(), self._contact_line(flow)]
        response = response_to(request, 200, None, lines, one.tag)
        effects = self.node.layer.respond(server, response, now)
        if not seconds:
            return effects + self._perform(one, todo or [notifier.CLOSED], b"deactivated", now)
        one.renew()
        return effects + self._handle(one, notifier.CHANGED, now)

    # Who is told.

    def _handle(self, one, event, now):
        return self._perform(one, one.handle(event, now), b"timeout", now)

    def _perform(self, one, todo, reason, now):
        effects = []
        for what in todo:
            if what == notifier.NOTIFY:
                effects += self._notify(one, now)
            elif what == notifier.CLOSED:
                self.watches.remove(one)
                state = b"terminated;reason=" + reason
                effects += self._send(one, self._body(one, now), state, None, now)
        self.node.deadlines.watch(one)
        return effects

    def _notify(self, one, now):
        body = self._body(one, now)
        if not one.is_news(body):
            return self._handle(one, notifier.TAKEN, now)
        seconds = str(max(0, (one.until - now) // 1000)).encode()
        return self._send(one, body, b"active;expires=" + seconds, one, now)

    def _send(self, one, body, state, user, now):
        listening = self.node.listening[one.flow.local]
        if listening is None:
            return []
        self.watches.counters["notified"] += 1
        request = one.request(_numbered(one, body), self._contact_line(one.flow), state)
        return self.uac.send(request, one.flow, user, now, one.routes)[1]

    def _contact_line(self, flow):
        return b"Contact: <sip:" + self.node.listening[flow.local].uri + b">"

    def _answered(self, indication, now):
        one, response = indication.user, indication.message
        if indication.kind == RESPONSE and response.status < 200:
            return []
        if indication.kind == RESPONSE and response.status < 300:
            return self._handle(one, notifier.TAKEN, now)
        self.watches.counters["lost"] += 1
        self._forget(one, now)  # Whoever refuses the news needs no last word.
        return []

    def _forget(self, one, now):
        one.handle(notifier.LOST, now)
        self.watches.remove(one)
        self.node.deadlines.watch(one)

    def failed(self, flow, now):
        """A stream is gone, and with it those who watched over it; return no effects."""
        for one in list(self.watches.by_key.values()):
            if flow.connection and one.flow.connection == flow.connection:
                self._forget(one, now)
        return []

    # What has changed.

    def changed(self, call, now):
        """Tell who watches somebody of this call."""
        if not self.watches.by_resource:
            return []
        names = {call.members.caller, call.members.callee}
        names.update(call.members.rang)
        for group in self.node.settings.groups.values():
            if not names.isdisjoint(group.rings):
                names.add(group.name)
        places = [one for one in self.watches.by_resource if isinstance(one, tuple)]
        return self._tell(list(names) + places, now)

    def posted(self, user, now):
        """Plan to tell who watches how many texts wait: news are gathered first."""
        self._tell((user,), now)

    def wished(self, user, now):
        """Tell who watches a user that wants to rest, or no longer does."""
        return self._tell((user,), now)

    def registered(self, added, removed, now):
        """Tell who watches users whose phones have come or gone."""
        if not self.watches.by_resource:
            return []
        return self._tell({binding.user for binding in added + removed}, now)

    def _tell(self, names, now):
        effects = []
        for name in names:
            for one in list(self.watches.of(name)):
                effects += self._handle(one, notifier.CHANGED, now)
        return effects

    def _name(self, target):
        is_here = target.host is None or self.node.is_ours(target)
        section = dialplan.callee(self.node.settings, target) if is_here else None
        return None if section is None else section.name

    def counters(self):
        """Return what became of subscriptions."""
        return {"lamps": dict(self.watches.counters, now=len(self.watches.by_key))}

    # What is told.

    def _body(self, one, now):
        """Return the state as it is now, with a 0 in the place of the version."""
        entity = self._entity(one.resource)
        if one.package.name == bodies.DIALOG:
            return bodies.dialog_info(entity, 0, self._talks(one))
        if one.package.name == bodies.PRESENCE:
            return bodies.pidf(entity, *self._presence(one.resource, now))
        if one.package.name == bodies.SUMMARY:
            return bodies.summary(entity, self._texts(one.resource))
        return bodies.reginfo(entity, 0, self._contacts(one.resource, now))

    def _entity(self, resource):
        domain = self.node.settings.domain.decode()
        if isinstance(resource, tuple):
            place = self.node.settings.codes[codes.PARK] + resource[1].decode()
            return "sip:%s@%s" % (place, domain)
        return "sip:%s@%s" % (resource, domain)

    def _talks(self, one):
        """Return the bodies.Talks of a resource; callers are shown within a pickup group."""
        found = []
        for call in sorted(self.node.calls.live.values(), key=_number):
            seen = self._seen(call, one.resource)
            if seen is not None:
                state, is_caller = seen
                other = call.to if is_caller else call.from_
                shown = self._shows(one, other.uri)
                peer = "sip:" + name_of(other) if shown else ""
                name = readable(other.display or b"") if shown else ""
                call_id = readable(call.call_id) if shown else ""
                found.append(bodies.Talk(call.number, state, is_caller, call_id, peer, name))
        return found

    def _shows(self, one, other):
        settings = self.node.settings
        watched, watcher = settings.users.get(one.resource), settings.users.get(self._watcher(one))
        return (
            watched is not None and watcher is not None and watched.pickup == watcher.pickup != ""
        )

    def _watcher(self, one):
        return self._name(address.parse(one.remote).uri)

    def _seen(self, call, resource):
        """Return (state, whether it is the caller) of a resource in a call, or None."""
        if isinstance(resource, tuple):
            return self._parked(call, resource[1])
        group = self.node.settings.groups.get(resource)
        names = (resource,) if group is None else group.rings
        if call.state == ANSWERED:
            if self._name(call.from_.uri) in names:
                return "confirmed", True
            return ("confirmed", False) if self._talker(call) in names else None
        if self._name(call.from_.uri) in names and group is None:
            return ("early" if call.rings_since is not None else "trying"), True
        context = call.context
        for branch in () if context is None else context.pending():
            binding = branch.target.binding
            if (
                binding is not None
                and binding.user in names
                and branch.rang
                and branch.cancel is None
            ):
                return "early", False
        return None

    def _talker(self, call):
        """Return the name of the user whose phone has answered, or None.

        Of a call from before the start its record is all that is known.
        """
        leg = None if call.legs is None else call.legs[1]
        party = None if leg is None else call.parties.by_tag.get(leg.tag)
        known = party is not None and party.binding is not None
        return party.binding.user if known else call.members.taker

    def _parked(self, call, number):
        context = call.context
        if context is None or context.state != WAITING or context.pending():
            return None
        dialled = codes.read(self.node.settings.codes, context.request.parsed_uri.user or b"")
        is_there = dialled is not None and (dialled.feature, dialled.number) == (codes.PARK, number)
        return ("confirmed", False) if is_there else None

    def _presence(self, name, now):
        """Return (whether a phone is there, what its user does)."""
        settings = self.node.settings
        user = settings.users.get(name)
        section = user or settings.groups.get(name)
        if section is None:
            return False, ""
        if user is not None and wishes.rests(user, self.own.of(user), self.own.minute(now)):
            return True, "dnd"
        talks = [call for call in self.node.calls.live.values() if self._seen(call, name)]
        return self.node.is_there(section, now), "busy" if talks else ""

    def _texts(self, name):
        for seen in self.node.hooks.seen_user:
            texts = seen(name).get("messages")
            if texts is not None:
                return texts
        return 0

    def _contacts(self, name, now):
        rows = []
        for binding in self.node.location.bindings(name, now):
            seconds = max(0, (binding.until - now) // 1000)
            rows.append((str(binding.number), readable(binding.contact), seconds, binding.q / 1000))
        return rows


def _number(call):
    return call.number


def _package(request):
    return (request.value(b"event") or b"").partition(b";")[0].strip(scan.BLANKS).lower()


def _check_expires(request):
    seconds = request.number(b"expires", 2**32 - 1, LONGEST_SECONDS)
    if 0 < seconds < SHORTEST_SECONDS:
        raise SipError(423, None, (b"Min-Expires: %d" % SHORTEST_SECONDS,))


def _numbered(one, body):
    """Return a body with the version that it is for its watcher."""
    return body.replace(b'version="0"', b'version="%d"' % one.next_version(), 1)
