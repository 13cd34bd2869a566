"""Composition root: one message in, the effects out; the one heap of deadlines.

Nothing here touches the world: `now` is milliseconds that never go back, `token(n)` gives n
random octets, and what the node wants done comes back as a list of effects.
"""

import binascii

from ..effects import Event, Flow, Send, Store
from ..errors import BellhopError, SipError
from ..features.messages.delivery import Agent
from ..features.ringtest import Alert, Ringer, Ringing
from ..limits import EMERGENCY_RESERVE, MAX_IMPORTED, MEMBER, OWN
from ..sip import framing, scan, stun, uri
from ..sip.ip import address_octets
from ..sip.message import Request, parse, response_to
from ..transaction import layer
from ..transaction.transaction import CLOSED, Indication, Transaction
from ..tu import border, dialplan, options, proxy, registrar
from ..tu import location as locations
from ..tu.calls import Call, readable
from ..tu.keepalive import Keepalive, Ping
from ..tu.mailbox import Letter, Mailbox
from ..tu.response_context import Branch, ResponseContext
from . import verbs
from .admission import STORMY, Admission
from .forwarding import Forwarder
from .node import Node
from .release import Ending

# The link of the mesh that leads to hosts anywhere.
ANYWHERE = 0
# RFC 7135: the namespace of emergency calls, its highest value.
PRIORITY = b"Resource-Priority: esnet.4"
KEEPALIVES = (framing.PING, framing.PONG, b"\0", b"\0\0\0\0", b"")


class Engine:
    """The whole node but for the world around it."""

    def __init__(self, settings, token, now):
        self.node = Node(settings, token)
        self.node.instance = binascii.hexlify(token(4))
        self.forwarder = Forwarder(self.node)
        self.agent = Agent(self.node, self._whom, self.forwarder.look_up)
        self.door = Admission(self.node)
        self.forwarder.keep = self._keep
        self.ending = self.forwarder.ending = Ending(self.node, self.forwarder)
        self.ringer = Ringer(self.node)
        self.meshing = self.relaying = None
        self.started = now
        self.lacking = {}
        # What came of a phone book whose rest follows.
        self.unread = ""
        # Who takes the word of a client transaction, by the kind of its user.
        self.users = {
            Branch: self._safely,
            Ping: self._pinged,
            Letter: self.agent.delivered,
            Alert: self.ringer.answered,
            ResponseContext: self._server_failed,
        }
        self.wakers = {
            locations.Location: self._expire,
            Keepalive: self.agent.send_pings,
            Mailbox: self.agent.expire,
            Ringing: self.ringer.finish,
            Call: self._forget_call,
            ResponseContext: self.forwarder.wake,
            Branch: self.forwarder.branch_silent,
        }

    # What the shell tells.

    def listen(self, listeners, now):
        """Take the list of listeners; a flow's `local` is an index into it."""
        self.node.listen(listeners)
        return self.meshing.listen(now) if self.meshing is not None else []

    def join_mesh(self, seed, boot_epoch, crypto, now):
        """Become a member of the mesh under the identity of `seed` (32 octets)."""
        from ..features.mesh.failover import Rerouting
        from ..features.mesh.member import Meshing  # Only a node with a mesh pays for it in memory.
        from ..features.mesh.siplink import Association

        look_up = self.forwarder.look_up
        self.meshing = Meshing(self.node, seed, boot_epoch, crypto, look_up, now)
        self.meshing.rerouting = Rerouting(self.node, self.forwarder, self.meshing)
        self.door.meshing = self.forwarder.meshing = self.meshing
        self.wakers[Meshing] = self._fire_mesh
        self.wakers[Association] = self.meshing.notifying.wake
        self.users[Association] = self.meshing.notifying.indicated
        self.node.settings = self._adopt(self.node.settings)
        if self.relaying is not None:
            self.relaying.meshing = self.meshing

    def join_media(self, suites, keys):
        """Let sound pass this node.

        suites: numbers that the media library can do, () where it is missing; keys: the functions
        of media.agreement.Dh, the node's Ed25519 public key and X25519 secret, or None.
        """
        from ..features.media.calls import Relaying
        from ..media.session import Session  # Only a node with media pays for it in memory.

        self.relaying = Relaying(self.node, suites, keys, self.forwarder.go_on)
        self.relaying.meshing = self.meshing
        self.relaying.ending = self.ending
        self.forwarder.relaying = self.relaying
        self.wakers[Session] = self.relaying.relays.wake

    def join_signing(self):
        """Sign calls and check the signatures of others; the node must have joined media."""
        from ..features.pgp.signing import (  # Only a node that signs pays for it in memory.
            Exchange,
            Signing,
        )

        self.relaying.signing = Signing(self.node, self.relaying.relays, self.ending)
        self.relaying.adopt(self.node.settings)
        self.users[Exchange] = self.relaying.signing.sent
        self.wakers[Exchange] = self.relaying.signing.wake

    def _adopt(self, settings):
        """Add what is not in the configuration: the key as a domain, the imported phone book."""
        if self.meshing is not None:
            settings.domains = settings.domains | self.meshing.domains()
        settings.dial_also(self.node.imported)
        return settings

    def take_people(self, seeds, now):
        """Take the keys of people who have one of their own: {name: seed}; return the effects."""
        self.meshing.take_people(seeds)
        self._adopt(self.node.settings)
        return self._publish(now)

    def import_phonebook(self, entries):
        """Keep entries (phonebooks.read_csv) beside those of the configuration; return effects."""
        if len(entries) > MAX_IMPORTED:
            raise BellhopError("more than %d entries do not fit" % MAX_IMPORTED)
        self.node.imported = entries
        self._adopt(self.node.settings)
        return [Store("phonebook", lambda now: self.node.imported, None)]

    def reload(self, settings, now):
        """Put new settings in force; calls and registrations stay."""
        self.node.settings = self._adopt(settings)
        if self.relaying is not None:
            self.relaying.adopt(settings)
        location = self.node.location
        location.most = settings.max_bindings
        self.node.layer.most = settings.max_transactions
        gone = [b for b in location.all(now) if b.user not in settings.users]
        for binding in gone:
            location.remove(binding)
        self.agent.plan_pings(location.all(now), now)
        return self._registered([], gone, now) + self._publish(now)

    def lacks(self, features):
        """Take feature -> why it is not there though the settings want it, "" where it is."""
        self.lacking = features

    def restore(self, name, records, now):
        """Take back what a Store effect of an earlier run had kept."""
        if name == "secret":
            self.node.keep_secret(binascii.unhexlify(records))
        elif name == "bindings":
            listeners = [None if one is None else one.listener for one in self.node.listening]
            for binding in locations.restore(records, listeners, now):
                if binding.user in self.node.settings.users and binding.until > now:
                    self.node.location.add(binding)
            self.node.deadlines.watch(self.node.location)
            self.agent.plan_pings(self.node.location.all(now), now)
        elif name == "messages":
            self.node.mailbox.restore(records, now)
            self.node.deadlines.watch(self.node.mailbox)
        elif name == "phonebook":
            self.import_phonebook(records)
        elif name == "trust" and self.relaying is not None:
            self.relaying.relays.keying.trust.restore(records)
        elif name == "mesh" and self.meshing is not None:
            self.meshing.mesh.restore(records, now)

    def start(self, now):
        """Begin, after `listen` and `restore`; return the effects."""
        secret = Store("secret", lambda now: binascii.hexlify(self.node.secret).decode(), None)
        return [secret] + self._publish(now)

    def next_deadline(self):
        """Return when `fire` must be called, or None."""
        return self.node.deadlines.next()

    def status(self, now):
        """Return how the node is, as a JSON-able dict."""
        return verbs.status(self, now)

    def verbs(self):
        """Return the control verbs: verb -> names of its arguments."""
        return verbs.arguments_of()

    def answer(self, verb, arguments, now):
        """Return (JSON-able answer, effects) of a control verb."""
        return verbs.answer(self, verb, arguments, now)

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
        try:
            message = parse(data)
        except SipError as error:
            return self._malformed(error, flow, now)
        if isinstance(message, Request):
            effects = self._request(message, flow, now)
        else:
            effects = self._follow(node.layer.response(message, now), now)
        call_id = message.call_id
        if call_id in node.trace.messages:
            node.trace.note(call_id, now, "received", flow, data)
            node.trace.note_sent(call_id, now, effects)
        return effects

    def _stun(self, data, flow):
        self.node.counters["keepalives"] += 1
        octets = address_octets(flow.host)
        return (
            [] if octets is None else [Send(flow, stun.binding_response(data, octets, flow.port))]
        )

    def _malformed(self, error, flow, now):
        """Refuse what can be answered, drop the rest; a source has a bound on both."""
        self.node.counters["malformed"] += 1
        request = getattr(error, "partial", None)
        if not isinstance(request, Request) or request.method == b"ACK":
            return []
        if b"via" not in request.names or not self.door.may_knock(flow, now):
            return []
        back = flow
        try:
            _note_source(request, flow)
            back = _reply_flow(request, flow)
        except SipError:
            pass  # The Via cannot be read: the answer goes to where the request came from.
        tag = binascii.hexlify(self.node.token(6))
        response = response_to(request, error.status, error.reason, error.headers, tag)
        return [Send(back, response.write())]

    def _request(self, request, flow, now):
        node = self.node
        try:
            _note_source(request, flow)
        except SipError as error:
            error.partial = request
            return self._malformed(error, flow, now)
        what, found, effects = node.layer.request(request, flow, now)
        if what == layer.ABSORBED:
            return self._follow(effects, now)
        if what == layer.FULL and not self._has_priority(request):
            busy = response_to(request, 503, "this node is overloaded", (b"Retry-After: 5",))
            return [Send(_reply_flow(request, flow), busy.write())]
        if what == layer.ACK:
            return self._acknowledge(request, flow, now)
        if what == layer.CANCEL:
            return self._cancel(request, found, flow, now)
        if request.method in STORMY and not self.door.may_knock(flow, now, "storm "):
            return []
        server = node.layer.new_server(request, _reply_flow(request, flow), now, found)
        return self._follow(self._decide(request, server, flow, now), now)

    def _decide(self, request, server, flow, now):
        """Let the transaction users decide; a refusal becomes the response."""
        try:
            proxy.validate(request)
            tokens = proxy.preprocess_route(request, self._is_ours)
            if self._is_for_node(request):
                return self._for_node(request, server, flow, now)
            return self._route(request, server, flow, tokens, now)
        except SipError as error:
            return self._refuse(request, server, error, now)

    def _refuse(self, request, server, error, now):
        node = self.node
        node.counters["refused"] += 1
        effects = []
        if request.method == b"INVITE" and error.status not in (401, 407):
            effects = self._note_refused(request, server, error, now)
        tag = self._refusal_tag(request)
        response = response_to(request, error.status, error.reason, error.headers, tag)
        if request.method == b"INVITE" and not server.reliable:
            return node.layer.refuse(server, response) + effects
        return node.layer.respond(server, response, now) + effects

    def _refusal_tag(self, request):
        """Return the To tag of refusals of one Call-ID; the ACK for one is known by it.

        The octet in front keeps it apart from the token of any dialog (proxy.dialog_token).
        """
        return proxy.dialog_token(self.node.proof, b"\n" + request.call_id)

    def _note_refused(self, request, server, error, now):
        call = self.node.calls.live.get(request.call_id)
        if call is None:
            call = self.node.calls.begin(request, server.flow, now)
        if call is None:
            return []
        self.node.calls.refuse(call, error.status, error.reason, now)
        return [self.node.call_event(call, now)]

    def _has_priority(self, request):
        """Emergency calls may use the reserve of a full table (RFC 4412 section 4.7)."""
        node = self.node
        if len(node.layer) >= node.layer.most + EMERGENCY_RESERVE:
            return False
        try:
            return dialplan.is_emergency(node.settings, node.listening, request.parsed_uri)
        except SipError:
            return False

    # Requests to the node itself.

    def _is_ours(self, target):
        return dialplan.is_ours(self.node.settings, self.node.listening, target)

    def _is_for_node(self, request):
        target = request.parsed_uri
        if target.host is None or (target.user is not None and request.method != b"REGISTER"):
            return False
        return self._is_ours(target)

    def _for_node(self, request, server, flow, now):
        options.check_require(request)
        if request.method == b"REGISTER":
            return self._register(request, server, flow, now)
        if self.meshing is not None and self.meshing.notifying.takes(request):
            return self.meshing.notifying.receive(request, server, flow, now)
        self.door.limit(request, flow, now)
        lines = options.answer_lines(request)
        tag = binascii.hexlify(self.node.token(6))
        response = response_to(request, 200, None, lines, tag)
        return self.node.layer.respond(server, response, now)

    def _register(self, request, server, flow, now):
        node, settings = self.node, self.node.settings
        user = self.door.authenticate(request, b"authorization", flow, now)
        record = request.to.uri
        is_mine = record.host is not None and self._is_ours(record)
        section = dialplan.callee(settings, record) if is_mine else None
        if section is None or section is not user:
            problem = "%s may not register %s" % (user.name, dialplan.spoken(record))
            raise SipError(403 if section is not None else 404, problem)
        seconds = (settings.min_expires, settings.max_expires, settings.default_expires)
        added, removed = registrar.register(request, flow, user.name, node.location, seconds, now)
        lines = registrar.answer_lines(request, user.name, settings.domain, node.location, now)
        response = response_to(request, 200, None, lines, binascii.hexlify(node.token(6)))
        effects = node.layer.respond(server, response, now)
        node.deadlines.watch(node.location)
        effects += self._registered(added, removed, now)
        return effects + self.agent.deliver(user.name, now) if added else effects

    def _registered(self, added, removed, now):
        """Return the effects of changed registrations: keep them, tell who watches."""
        if not added and not removed:
            return []
        effects = [Store("bindings", self._dump_bindings, None)]
        for what, bindings in (("registered", added), ("removed", removed)):
            for binding in bindings:
                fields = verbs.registration(binding, now)
                fields["what"] = what
                effects.append(Event("registration", fields))
        for binding in added:
            if binding.flow.connection:
                self.forwarder.came_back(binding)
        self.agent.plan_pings(added, now)
        return effects + self.agent.probe(added, now) + self._publish(now)

    def _publish(self, now):
        return self.meshing.publish(now) if self.meshing is not None else []

    def _dump_bindings(self, now):
        """Return the records of all bindings; called when the shell really writes."""
        listeners = [None if one is None else one.listener for one in self.node.listening]
        return locations.dump(self.node.location.all(now), listeners, now)

    # Requests to others.

    def _route(self, request, server, flow, tokens, now):
        node = self.node
        found = self._whom(request, now)
        if found.step == dialplan.LOCAL and not node.dialogs.has(request):
            options.check_event(request)
        caller = self.door.admit(request, tokens, found, flow, now)
        if caller.kind != OWN and request.wrote is not None:
            raise SipError(403, "a Route without lr is for phones of this house")
        if self.meshing is not None and caller.kind == MEMBER:
            request.asserted = self.meshing.asserted(request)
        has_right = caller.user is not None and caller.user.kind == "user" and caller.user.intercom
        is_foreign = border.take_foreign(request, has_right)
        border.take_credentials(request, node.settings.realm)
        if request.method == b"INVITE":
            found = dialplan.forwarded(node.settings, node.listening, node.location, found, now)
            phone = node.phone_of(request, flow)
            if phone is not None and request.to.tag is None:
                found = dialplan.without(found, phone)
        if self.meshing is not None and (found.step == dialplan.PHONE_BOOK or found.section):
            found = self.meshing.lead(found)
        signed = None if self.relaying is None else self.relaying.signature(request, now)
        if signed is not None:
            return node.layer.respond(server, response_to(request, 200), now) + signed
        if self.meshing is not None:
            self.meshing.assert_identity(request, flow, found, caller)
            context = self.meshing.rerouting.find(request, flow)
            if context is not None:
                return self.meshing.rerouting.join(context, request, server, flow, now)
        if found.step == dialplan.EMERGENCY:
            request.set(b"resource-priority", PRIORITY)
        if not found.groups:
            return self._absent(request, server, flow, found, now)
        found = self._steer(request, found)
        call = None
        if request.method == b"INVITE":
            node.trace.begin(request.call_id)
            call = node.calls.begin(request, flow, now)
            if call is not None:
                call.step = found.step
                if is_foreign:
                    call.why.append(border.TOLD)
                node.deadlines.watch(call)
        if call is None and request.method != b"BYE":
            node.calls.follow(request, flow)
        reasons = [] if self.meshing is None else self.meshing.path_reasons(request)
        effects = self.forwarder.forward(request, server, flow, found, call, reasons, now)
        if request.method == b"BYE":
            effects += self._hung_up(request, now)
        return effects

    def _absent(self, request, server, flow, found, now):
        """Nobody to send it to: a MESSAGE to a user waits, all else is refused."""
        user = found.section
        if found.step == dialplan.EMERGENCY:
            raise SipError(480, "no responder can be reached: call another way")
        if user is None:
            raise SipError(404, "nobody here is called %s" % dialplan.spoken(request.parsed_uri))
        keeps = request.method == b"MESSAGE" and user.kind == "user"
        if not keeps:
            raise SipError(480, "no phone of %s is registered" % user.name)
        return self._keep(user.name, request, server, flow, now)

    def _keep(self, user, request, server, flow, now):
        """Let a MESSAGE wait for a user; return the effects."""
        return self.agent.keep(user, request, server, self.door.sender(request, flow), now)

    def _steer(self, request, found):
        """Bring an INVITE with Replaces (RFC 3891) to the device that has the call."""
        replaces = request.value(b"replaces")
        if replaces is None:
            return found
        call_id, _, params = replaces.partition(b";")
        call = self.node.calls.live.get(call_id.strip())
        tag = scan.parameter(scan.parameters(params), b"to-tag")
        party = None if call is None else call.parties.by_tag.get(tag)
        if party is None:
            return found
        binding = None if party.binding is None else self.node.location.current(party.binding)
        those = [
            one
            for group in found.groups
            for one in group
            if one.flow == party.flow or (binding is not None and one.binding is binding)
        ]
        return dialplan.Found(found.step, [those], found.section) if those else found

    def _whom(self, request, now):
        """Return whom a request means, here and in the mesh."""
        found = self._find(request, now)
        return found if self.meshing is None else self.meshing.extend(found, request)

    def _find(self, request, now):
        node = self.node
        if b"route" in request.names:
            if self.meshing is not None:
                self.meshing.rerouting.follow(request)
            hop = request.addresses(b"route")[0].uri
            target = dialplan.towards(request.uri, None, "Route of the caller")
            if self.meshing is not None:
                target = self.meshing.onward(target, request)
            if hop.host is None:
                raise SipError(416, "Unsupported URI Scheme")
            return dialplan.Found(dialplan.ELSEWHERE, [[target]], None)
        target = request.parsed_uri
        party = node.calls.meant(request)
        if party is not None and not self._is_ours(target):
            return dialplan.to_party(node.location, party, request.uri)
        meant = None if request.to.tag is None else dialplan.callee(node.settings, request.to.uri)
        user = None if meant is None else meant.name
        return dialplan.find(node.settings, node.listening, node.location, target, now, user)

    def _hung_up(self, request, now):
        call = self.node.calls.live.get(request.call_id)
        if call is None:
            return []
        if call.context is not None:
            call.context.let_go()
        from_caller = request.from_.tag == call.from_.tag
        words = "the %s hung up" % ("caller" if from_caller else "called")
        reason = request.value(b"reason")
        if reason is not None:  # A node says why it ends a call (RFC 3326).
            words += ": " + readable(reason.partition(b'text="')[2].partition(b'"')[0] or reason)
        self.node.calls.end(call, words, None, now)
        return [self.node.call_event(call, now)]

    def _acknowledge(self, request, flow, now):
        tag = request.to.tag or b""
        if len(tag) == proxy.TOKEN_OCTETS and tag == self._refusal_tag(request):
            return []
        try:
            tokens = proxy.preprocess_route(request, self._is_ours)
            if self._is_for_node(request):
                return []
            found = self._find(request, now)
            if not found.groups:
                return []
            if not self.door.may_acknowledge(request, tokens, found, flow):
                self.node.counters["dropped"] += 1
                return []
            border.take_foreign(request)
            border.take_credentials(request, self.node.settings.realm)
            return self.forwarder.acknowledge(request, found, flow, now)
        except SipError:
            self.node.counters["dropped"] += 1
            return []

    def _cancel(self, request, invite, flow, now):
        """Section 16.10: answer 200 here, cancel the branches; 481 where there is no INVITE."""
        own = self.node.layer.new_server(request, _reply_flow(request, flow), now)
        status = 481 if invite is None else 200
        response = response_to(request, status, to_tag=binascii.hexlify(self.node.token(6)))
        effects = self.node.layer.respond(own, response, now)
        if invite is not None:
            effects += self.forwarder.cancel(invite, request, now)
        return self._follow(effects, now)

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

    def _safely(self, indication, now):
        try:
            return self.forwarder.indicated(indication, now)
        except SipError:
            self.node.counters["malformed"] += 1
            return []

    def _pinged(self, indication, now):
        return self._registered([], self.agent.pinged(indication), now)

    def _server_failed(self, indication, now):
        context = indication.user
        waits = self.meshing is not None and self.meshing.rerouting.waits(context, now)
        if waits or indication.kind == CLOSED:
            return []
        return self.forwarder.server_failed(context, now)

    def fire(self, now):
        """Do what has become due; return the effects."""
        effects = []
        thing = self.node.deadlines.due(now)
        while thing is not None:
            effects += self._follow(self._wake(thing, now), now)
            thing = self.node.deadlines.due(now)
        return effects

    def receive_mesh(self, data, link, source, now):
        """Take one datagram of the mesh; source: (host, port). Return the effects."""
        return self.meshing.carry_out(self.meshing.mesh.receive(data, link, source, now), now)

    def mesh_link(self, link, name, now):
        """A link of the mesh came up (`name` and whether it is multicast) or went (None)."""
        mesh = self.meshing.mesh
        if name is None:
            return self.meshing.carry_out(mesh.link_down(link, now), now)
        return self.meshing.carry_out(mesh.link_up(link, name[0], name[1], now), now)

    def mesh_peers(self, peers, now):
        """Greet these (host, port) from now on: what the owner's peers and domains resolve to."""
        mesh = self.meshing.mesh
        fresh = [peer for peer in peers if peer not in mesh.settings.peers]
        mesh.settings.peers = list(peers)
        effects = []
        for peer in fresh:
            effects += mesh.neighbour_seen(ANYWHERE, peer, now)
        return self.meshing.carry_out(effects, now)

    def leave(self, now):
        """Say goodbye, before the shell closes the sockets; return the effects."""
        if self.meshing is None:
            return []
        return self.meshing.carry_out(self.meshing.mesh.leave(now), now)

    def mesh_neighbour(self, link, source, now):
        """The kernel has seen a neighbour on a link; ask whether it is a node."""
        return self.meshing.carry_out(self.meshing.mesh.neighbour_seen(link, source, now), now)

    def _fire_mesh(self, meshing, now):
        return meshing.carry_out(meshing.mesh.fire(now), now)

    def _wake(self, thing, now):
        if isinstance(thing, Transaction):
            effects = self.node.layer.wake(thing, now)
            if thing.request is not None and thing.request.call_id in self.node.trace.messages:
                self.node.trace.note_sent(thing.request.call_id, now, effects)
            return effects
        return self.wakers[type(thing)](thing, now)

    def _expire(self, location, now):
        gone = location.expire(now)
        self.node.deadlines.watch(location)
        return self._registered([], gone, now)

    def _forget_call(self, call, now):
        self.node.calls.end(call, "forgotten: nobody told its end for 12 hours", None, now)
        return [self.node.call_event(call, now)]

    def flow_failed(self, flow, reason, now):
        """A stream closed or could not be opened; return the effects."""
        effects = self._follow(self.node.layer.flow_failed(flow, now), now)
        if self.meshing is not None:
            effects += self._follow(self.meshing.notifying.flow_failed(flow, now), now)
        if not flow.connection:
            return effects
        gone = [b for b in self.node.location.all(now) if b.flow.connection == flow.connection]
        for binding in gone:
            self.node.location.remove(binding)
        return effects + self._registered([], gone, now)

    def kept(self, number, problem, now):
        """Take the answer to a Commit: "", or why it could not be written; return the effects."""
        return self._follow(self.node.commits.kept(number, problem, now), now)

    def relay_opened(self, number, ports, problem, now):
        """Take the answer to a RelayOpen: four ports, or None and why; return the effects."""
        return self._follow(self.relaying.opened(number, ports, problem, now), now)

    def relay_failed(self, number, problem, now):
        """The media library refused a change of a relay; return the effects."""
        return self._follow(self.relaying.failed(number, problem, now), now)

    def relay_reported(self, number, kind, side, now):
        """The media library tells something of a relay (media.relay.REPORTS)."""
        return self._follow(self.relaying.reported(number, kind, side, now), now)

    def signed(self, number, signature, problem, now):
        """Take the answer to a Sign effect: octets, or None and why; return the effects."""
        signing = self.relaying.signing
        return self._follow(signing.signed(number, signature, problem, now), now)

    def verified(self, number, fingerprints, problem, now):
        """Take the answer to a Verify effect: who signed, or () and why it is bad."""
        signing = self.relaying.signing
        return self._follow(signing.verified(number, fingerprints, problem, now), now)

    def resolved(self, query, hops, problem, now):
        """Take the answer to a Resolve effect; return the effects."""
        return self._follow(self.forwarder.resolved(query, hops, problem, now), now)


def _note_source(request, flow):
    """Write received and rport into the topmost Via (section 18.2.1, RFC 3581 section 4)."""
    via = request.via
    host = flow.host.partition("%")[0].encode()
    asked = via.param(b"rport") is not None
    if not asked and (via.host == host or uri.host_key(via.host) == uri.host_key(host)):
        return
    params = [pair for pair in via.params if pair[0] not in (b"received", b"rport")]
    params.append((b"received", host))
    if asked:
        params.append((b"rport", str(flow.port).encode()))
    via.params = params
    request.replace_first(b"via", via.write())


def _reply_flow(request, flow):
    """Return the flow for responses (section 18.2.2): the source, or the port that Via names."""
    via = request.via
    port = via.port or 5060
    if port == flow.port or flow.transport != "udp" or via.param(b"rport") is not None:
        return flow
    return Flow(flow.transport, flow.local, flow.host, port, flow.connection, flow.name)
