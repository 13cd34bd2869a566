"""The way in and the way out: one message in, the effects out; the one heap of deadlines.

Nothing here touches the world: `now` is milliseconds that never go back, `random(n)` gives n
random octets, and what the node wants done comes back as a list of effects.
"""

import binascii

from ..effects import TRUNK, Send, Store, sending
from ..errors import SipError
from ..limits import EMERGENCY_RESERVE
from ..sip import framing, stun, via
from ..sip.ip import address_octets
from ..sip.message import Request, Response, parse, response_to
from ..transaction import layer
from ..transaction.transaction import CANCELLED, Indication, Transaction
from ..tu import dialplan, kept, proxy
from .acks import Acks
from .admission import STORMY, Admission
from .feature import first
from .forwarding import Forwarder
from .lookups import Lookups
from .node import Node
from .refusals import Refusals
from .registrations import Registrations
from .routing import Routing
from .rows import CORE
from .uac import Uac
from .uas import Uas
from .verbs import Verbs

STARTS = frozenset([method[:4] for method in STORMY])
KEEPALIVES = (framing.PING, framing.PONG, b"\0", b"\0\0\0\0", b"")


class Engine:
    """The core of a node. What a node does besides are features, which `join`."""

    def __init__(self, settings, random, now, order=(), rows=CORE, off=None):
        """order: of features, as for feature.Hooks; rows, off: their verbs, as for verbs.Verbs."""
        node = self.node = Node(settings, random, order)
        self.lookups = Lookups(node)
        self.uac = Uac(node, self.lookups)
        self.forwarder = Forwarder(node, self.lookups, self.uac)
        self.admission = Admission(node)
        self.refusals = Refusals(node, self.admission)
        self.registrations = Registrations(node, self.forwarder.answers.came_back)
        self.uas = Uas(node, self.admission, self.registrations)
        self.acks = Acks(node, self.lookups)
        self.routing = Routing(node, self.admission, self.refusals, self.forwarder, self.acks)
        self.started = now
        self.features = {}
        # Who takes the word of a client transaction, by the kind of its user.
        self.users = {}
        self.wakers = {}
        for part in (self.registrations, self.forwarder, self.routing):
            self.users.update(part.users)
            self.wakers.update(part.wakers)
        self.verbs = Verbs(self, rows, off or {})

    # What the shell tells.

    def join(self, feature):
        """Ask a feature (core/feature.py) from now on."""
        self.features[feature.name] = feature
        self.node.hooks.add(feature)
        self.users.update(feature.users)
        self.wakers.update(feature.wakers)
        self.node.adopt(self.node.settings)

    def known_streams(self):
        """Return the numbers of the streams by which phones have registered, or people talk."""
        node = self.node
        found = {one.flow.connection for mine in node.location.users.values() for one in mine}
        for call in node.calls.live.values():
            found.update([party.flow.connection for party in call.parties.by_tag.values()])
        return found

    def has_phone(self, host):
        """Tell whether a phone has registered from an address (text)."""
        return self.node.location.has_host(host)

    def hear(self, name, event, *details):
        """Tell the feature `name` what has happened, one of its `events`; return the effects.

        Nobody hears it where this node has no such feature.
        """
        feature = self.features.get(name)
        if feature is None:
            return []
        if event not in feature.events:
            raise ValueError("%s hears no %s" % (name, event))
        return self._follow(getattr(feature, event)(*details), details[-1])

    def listen(self, listeners, now):
        """Take the list of listeners; a flow's `local` is an index into it."""
        self.node.listen(listeners)
        return self.registrations.listening(now) + _all(self.node.hooks.listening, now)

    def reload(self, settings, now):
        """Put new settings in force; calls and registrations stay."""
        self.node.adopt(settings)
        return self.registrations.reload(now) + _all(self.node.hooks.started, now)

    def watch(self, is_watched):
        """Say whether anybody hears events (effects.Event) of calls and registrations."""
        self.node.watch(is_watched)

    def lacks(self, features):
        """Take feature -> why it is not there though the settings want it, "" where it is."""
        self.verbs.lacks(features)

    def restore(self, name, records, now, late=None):
        """Take back what a Store effect of an earlier run had kept.

        late: names of features that joined after the start; then nobody else is asked.
        """
        if late is not None:
            for feature in [self.features[one] for one in late]:
                if "restore" in feature.hooks:
                    feature.restore(name, records, now)
            return
        if name == "secret":
            self.node.keep_secret(binascii.unhexlify(records))
        elif name in kept.NAMES:
            self.registrations.restore(name, records, now)
        for restore in self.node.hooks.restore:
            restore(name, records, now)

    def start(self, now):
        """Begin, after `listen` and `restore`; return the effects."""
        secret = Store("secret", lambda now: binascii.hexlify(self.node.secret).decode(), None)
        return [secret] + self.registrations.started(now) + _all(self.node.hooks.started, now)

    def next_deadline(self):
        """Return when `fire` must be called, or None."""
        return self.node.deadlines.next()

    def status(self, now):
        """Return how the node is, as a JSON-able dict."""
        return self.verbs.status({}, now)

    def answer(self, verb, arguments, now):
        """Return (JSON-able answer, effects) of a control verb."""
        return self.verbs.answer(verb, arguments, now)

    # What comes in.

    def receive(self, data, flow, now):
        """Take one datagram or one framed message; return the effects."""
        node = self.node
        node.counters["received"] += 1
        if data[:1] == b"\0" and stun.is_binding_request(data):
            return self._stun(data, flow)
        if data in KEEPALIVES:
            node.counters["keepalives"] += 1
            return []
        # Not read at all: what a storm brings would push out what is known of calls.
        if data[:1] == b"\r":
            data = data.lstrip(b"\r\n")
        if data[:4] in STARTS and not self.admission.is_within_rate(flow, now, "storm "):
            return []
        try:
            message = parse(data)
        except SipError as error:
            return self.refusals.unreadable(error, data, flow, now)
        effects = self._heard(message, flow, now)
        node.trace.note(message.call_id, now, flow, data, effects)
        return effects

    def take(self, message, flow, now):
        """Take a message that this node has made itself (effects.Receive); return the effects."""
        self.node.counters["received"] += 1
        # What a provider said is traced as it said it, and was read before it was told anew.
        is_read = flow.transport == TRUNK and isinstance(message, Response)
        data = None if flow.transport == TRUNK else message.write()
        try:
            if not is_read:
                message.check()
        except SipError as error:
            return self.refusals.malformed(error, message, flow, now)
        effects = self._heard(message, flow, now)
        self.node.trace.note(message.call_id, now, flow, data, effects)
        return effects

    def _heard(self, message, flow, now):
        if isinstance(message, Request):
            return self._request(message, flow, now)
        return self._follow(self.node.layer.response(message, now), now)

    def _stun(self, data, flow):
        self.node.counters["keepalives"] += 1
        octets = address_octets(flow.host)
        if octets is None:
            return []
        return [Send(flow, stun.binding_response(data, octets, flow.port))]

    def _request(self, request, flow, now):
        node = self.node
        try:
            via.note_source(request, flow)
        except SipError as error:
            return self.refusals.malformed(error, request, flow, now)
        what, found, effects = node.layer.request(request, flow, now)
        if what == layer.ABSORBED:
            return self._follow(effects, now)
        if what == layer.FULL and not self._has_priority(request):
            busy = response_to(request, 503, "this node is overloaded", (b"Retry-After: 5",))
            return [sending(via.reply_flow(request, flow), busy)]
        if what == layer.ACK:
            effects = first(node.hooks.arrives, request, None, flow, now)
            return self.routing.acknowledge(request, flow, now) if effects is None else effects
        if what == layer.CANCEL:
            return self._cancel(request, found, flow, now)
        server = node.layer.new_server(request, via.reply_flow(request, flow), now, found)
        return self._follow(self._decide(request, server, flow, now), now)

    def _decide(self, request, server, flow, now):
        """Let the transaction users decide; a refusal becomes the response."""
        try:
            proxy.validate(request)
            effects = first(self.node.hooks.arrives, request, server, flow, now)
            if effects is not None:
                return effects
            tokens = proxy.preprocess_route(request, self.node.is_ours, self.node.has_written)
            if self.node.is_for_node(request):
                return self.uas.serve(request, server, flow, now)
            return self.routing.route(request, server, flow, tokens, now)
        except SipError as error:
            return self.refusals.refuse(request, server, error, now)

    def _cancel(self, request, invite, flow, now):
        """Section 16.10: answer 200 here, cancel the branches; 481 where there is no INVITE."""
        own = self.node.layer.new_server(request, via.reply_flow(request, flow), now)
        response = response_to(request, 481 if invite is None else 200, to_tag=self.node.tag())
        effects = self.node.layer.respond(own, response, now)
        if invite is not None:
            effects += self.node.layer.cancelled(invite, now)
            effects.append(Indication(CANCELLED, invite.user, request))
        return self._follow(effects, now)

    def _has_priority(self, request):
        """Emergency calls may use the reserve of a full table (RFC 4412 section 4.7)."""
        node = self.node
        if len(node.layer) >= node.layer.most + EMERGENCY_RESERVE:
            return False
        try:
            return dialplan.is_emergency(node.settings, node.listening, request.parsed_uri)
        except SipError:
            return False

    # What the layers give back, and what time brings.

    def _follow(self, effects, now):
        """Carry indications among the effects to their users; return what is left to do."""
        for effect in effects:
            if isinstance(effect, Indication):
                break
        else:
            return effects
        done = []
        for effect in effects:
            if not isinstance(effect, Indication):
                done.append(effect)
            elif effect.user is not None:
                done += self._follow(self.users[type(effect.user)](effect, now), now)
        return done

    def fire(self, now):
        """Do what has become due; return the effects."""
        effects = []
        thing = self.node.deadlines.due(now)
        while thing is not None:
            effects += self._follow(self._wake(thing, now), now)
            thing = self.node.deadlines.due(now)
        return effects

    def _wake(self, thing, now):
        if isinstance(thing, Transaction):
            effects = self.node.layer.wake(thing, now)
            if thing.request is not None:
                self.node.trace.note(thing.request.call_id, now, None, None, effects)
            return effects
        return self.wakers[type(thing)](thing, now)

    def flow_failed(self, flow, reason, now):
        """A stream closed or could not be opened; return the effects."""
        effects = self._follow(self.node.layer.flow_failed(flow, now), now)
        for failed in self.node.hooks.failed:
            effects += self._follow(failed(flow, now), now)
        return effects + self.registrations.flow_failed(flow, now)

    def kept(self, number, problem, now):
        """Take the answer to a Commit: "", or why it could not be written; return the effects."""
        return self._follow(self.node.commits.kept(number, problem, now), now)

    def resolved(self, query, hops, problem, now):
        """Take the answer to a Resolve effect; return the effects."""
        return self._follow(self.lookups.resolved(query, hops, problem, now), now)


def _all(hooks, now):
    """Return the effects of all who are asked at a step."""
    effects = []
    for hook in hooks:
        effects += hook(now)
    return effects
