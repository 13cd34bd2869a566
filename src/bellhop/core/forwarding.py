"""Carries the proxy core's decisions to the transaction layer and responses back."""

import binascii

from ..effects import Flow, Resolve, Send
from ..errors import SipError
from ..limits import MAX_BRANCHES, MAX_QUERIES
from ..sip import scan
from ..sip.message import Response, response_to
from ..transaction.invite_client import cancellation
from ..transaction.transaction import RESPONSE, TIMEOUT
from ..tu import border, dialog, dialplan, proxy, response_context
from ..tu.response_context import Branch, ResponseContext

# Section 18.1.1: a request larger than 1300 bytes goes by TCP where the peer's transport is open;
# what this node adds to it (Via, Record-Route) counts.
DATAGRAM_BYTES = 1100

# Responses after which another way to the same place is worth a try.
WAY_LOST = (503, 504)
# Own and pinned responders have so long to answer before those ring too whom nobody here knows.
HELP_PATIENCE = 3000
# Final responses that say no more than "not there now".
SILENCE = (408, 430, 480, 503)


class Forwarder:
    """Forwards requests along their target sets.

    keep: lets a MESSAGE wait for a user (Engine._keep); ending: ends calls; relaying: set where
    sound may pass this node; meshing: set where it is a member of the mesh.
    """

    def __init__(self, node):
        self.node = node
        self.ending = self.keep = None
        self.relaying = self.meshing = None
        self.queries = {}
        self.query = 0
        self.counters = {"forwarded": 0, "queries_refused": 0, "acks": 0}

    def forward(self, request, server, flow, found, call, reasons, now):
        """Begin to forward a request to what the dial plan found; return the effects.

        reasons: why the node must stay in the path whatever the target, in words.
        """
        proxy.check_hops(request)
        key = proxy.loop_key(request)
        proxy.check_loop(request, self.node.instance, key)
        breadth = request.number(b"max-breadth", proxy.MAX_BREADTH)
        groups = _bounded(found.groups)
        if breadth is not None and breadth < max([len(targets) for targets in groups]):
            raise SipError(440, "Max-Breadth Exceeded")
        patience = self._patience(found)
        context = ResponseContext(request, server, flow, groups, patience, now)
        context.token = key
        context.breadth = breadth
        context.is_help = found.step == dialplan.EMERGENCY
        context.call = call
        if call is not None:
            call.context = context
        context.reasons = reasons
        server.user = context
        if proxy.begins_dialog(request):
            self.node.dialogs.ask(request)
        self.counters["forwarded"] += 1
        return self._start(context, now)

    def _patience(self, found):
        """Return how long each list of targets may ring but the last, which has `ring_seconds`."""
        if found.step == dialplan.EMERGENCY:
            return HELP_PATIENCE
        called = found.section
        if called is not None and called.kind == "group":
            return called.ring_each * 1000
        if called is not None and called.forward and called.forward_after:
            return called.forward_after * 1000
        return self.node.settings.ring_seconds * 1000

    def _start(self, context, now):
        """Begin the next list of targets (section 16.6)."""
        begun = [Branch(context, target) for target in context.groups.pop(0)]
        if not context.groups:
            context.patience = self.node.settings.ring_seconds * 1000
            context.deadline = now + context.patience
        context.branches.extend(begun)
        self.node.deadlines.watch(context)
        effects = []
        for branch in begun:
            effects += self._launch(branch, now)
        return effects

    def _launch(self, branch, now):
        target = branch.target
        if target.flow is not None:
            branch.hops = [target.flow]
            return self._send(branch, now)
        probe = proxy.forwarded(branch.context.request, target.uri, target.path, b"Via: ", (), None)
        try:
            return self.look_up(
                proxy.next_hop(probe),
                lambda hops, problem, now: self._found(branch, hops, problem, now),
            )
        except SipError as error:
            return self._fail(branch, error.status, error.reason, now)

    def launch_anew(self, branch, target, now):
        """Begin a branch again with another Target; return the effects."""
        branch.target, branch.spare = target, list(target.spare)
        branch.streamed = False
        return self._launch(branch, now)

    def look_up(self, hop, go_on):
        """Ask for the hops of a Uri; go_on(hops, problem, now) returns the effects then."""
        if len(self.queries) >= MAX_QUERIES:
            self.counters["queries_refused"] += 1
            raise SipError(503, "too many names are being looked up", (b"Retry-After: 10",))
        if hop.host is None:
            raise SipError(416, "Unsupported URI Scheme")
        self.query += 1
        self.queries[self.query] = go_on, hop
        transport = hop.param(b"transport")
        host = hop.param(b"maddr") or hop.host
        return [
            Resolve(
                self.query,
                host,
                hop.port,
                None if transport is None else transport.lower().decode(),
                hop.scheme == b"sips",
            )
        ]

    def resolved(self, query, hops, problem, now):
        """Go on with what waited for the hops of a name; return the effects."""
        go_on, hop = self.queries.pop(query, (None, None))
        if go_on is None:
            return []
        if self.meshing is not None:
            hops = list(hops) + self.meshing.flows_beside(hop)
        return go_on(hops, problem, now)

    def _found(self, branch, hops, problem, now):
        if branch.context.state == response_context.DONE or branch.cancel is not None:
            return self._fail(branch, 487, None, now)
        branch.hops = list(hops)
        if not hops:
            return self._fail(branch, 502, problem, now)
        return self._send(branch, now)

    def _send(self, branch, now):
        """Send the request of a branch over its next hop."""
        node, context, target = self.node, branch.context, branch.target
        flow = self._preferred(branch, branch.hops.pop(0))
        listening = node.listening[flow.local]
        if listening is None:
            return self._no_answer(branch, 480, "the network towards it is gone", now)
        reached = target if target.flow is flow else _with_flow(target, flow)
        why, effects = [], []
        if self.relaying is not None:
            try:
                why, effects = self.relaying.decide(branch, reached, now)
            except SipError as error:
                return self._fail(branch, error.status, error.reason, now)
        reasons = (
            context.reasons
            + why
            + proxy.record_route_reasons(node.settings, context.request, context.flow, reached)
        )
        routes, token = (), None
        if reasons:
            token = proxy.dialog_token(node.proof, context.request.call_id)
            incoming = node.listening[context.flow.local] or listening
            routes = proxy.record_routes(token, incoming, listening)
        mark = proxy.branch(node.instance, node.token(8), context.token)
        request = proxy.forwarded(
            context.request, target.uri, target.path, proxy.via_line(listening, mark), routes,
            _share(context),
        )  # fmt: skip
        if context.call is not None:
            context.call.token = token
            self._note_leg(context, reached, reasons)
        if branch.warning is not None:
            self.relaying.announce(request, branch.warning)
        branch.rang = False
        branch.unsent = flow, mark
        if self.relaying is not None:
            try:
                request, more = self.relaying.request(branch, request, now)
            except SipError as error:
                return effects + self._fail(branch, error.status, error.reason, now)
            effects += more
        return effects if request is None else effects + self._transmit(branch, request, now)

    def _transmit(self, branch, request, now):
        flow, mark = branch.unsent
        branch.unsent = None
        branch.request = request
        branch.transaction, effects = self.node.layer.send(request, flow, branch, now, mark)
        if branch.target.patience is not None:
            branch.deadline = now + branch.target.patience
            self.node.deadlines.watch(branch)
        return effects

    def go_on(self, ready, now):
        """Carry on with a message that had waited for ports (media.relay.Ready)."""
        branch, message, error = ready
        if isinstance(message, Response):
            return self._after_media(branch, message, error, now)
        if branch.unsent is None:
            return []
        if branch.context.state == response_context.DONE or branch.cancel is not None:
            return self._fail(branch, 487, None, now)
        if error is not None:
            return self._fail(branch, error.status, error.reason, now)
        return self._transmit(branch, message, now)

    def _preferred(self, branch, flow):
        """Section 18.1.1: what is too large for a datagram goes by TCP first, then by UDP."""
        if flow.transport != "udp" or branch.target.binding is not None or branch.streamed:
            return flow
        asked = proxy.next_hop(branch.context.request).param(b"transport")
        local = self._stream_listener(flow)
        if asked is not None or local is None or branch.context.request.size() <= DATAGRAM_BYTES:
            return flow
        branch.streamed = True
        branch.hops.insert(0, flow)
        return Flow("tcp", local, flow.host, flow.port, 0, flow.name)

    def _stream_listener(self, flow):
        here = self.node.listening[flow.local]
        for index, listening in enumerate(self.node.listening):
            if listening and listening.transport == "tcp" and listening.key == here.key:
                return index
        return None

    def _note_leg(self, context, reached, reasons):
        call = context.call
        call.in_path = reasons
        if reached.reason not in call.why:
            call.why.append(reached.reason)
        request, flow = context.request, context.flow
        named = [contact.uri_bytes for contact in request.contacts[:1]]
        phone = self.node.phone_of(request, flow)
        call.parties.note(request.from_.tag, named, flow, phone)

    def _note_party(self, branch, response):
        """Who answers with a tag is a party of the call from now on (section 12.1)."""
        call = self.node.calls.live.get(branch.context.request.call_id)
        if call is None or not 100 < response.status < 300 or branch.transaction is None:
            return
        named = [branch.target.uri] + [contact.uri_bytes for contact in _contacts(response)]
        flow, binding = branch.transaction.flow, branch.target.binding
        call.parties.note(dialog.tag_of(response), named, flow, binding)

    def indicated(self, indication, now):
        """Carry a client transaction's word to its response context; return the effects."""
        branch = indication.user
        if indication.kind == RESPONSE:
            return self._answered(branch, indication.message, now)
        if indication.kind == TIMEOUT:
            return self._no_answer(branch, 408, "it does not answer", now)
        return self._no_answer(branch, 480, "it cannot be reached", now)

    def _answered(self, branch, response, now):
        context = branch.context
        branch.deadline = None
        more = branch.hops or branch.spare
        if response.status in WAY_LOST and more and context.state == response_context.WAITING:
            return self._no_answer(branch, response.status, "it is out of order", now)
        if branch.target.binding is not None:
            branch.target.binding.unanswered = 0
        response.remove_first(b"via")
        response.measure()
        border.take_foreign(response)
        if b"via" not in response.names:
            return []
        if 200 <= response.status < 300 and branch.final is not None and branch.final >= 300:
            return self.ending.take_back(branch, response, now)
        if self.relaying is None:
            return self._after_media(branch, response, None, now)
        error, effects = None, []
        try:
            response, effects = self.relaying.response(branch, response, now)
        except SipError as refusal:
            error = refusal
        return (
            effects
            if response is None
            else effects + self._after_media(branch, response, error, now)
        )

    def _after_media(self, branch, response, error, now):
        """Take a response whose media is in order, or `error`, why it is not."""
        if error is not None:
            return self._refuse_answer(branch, response, error, now)
        context = branch.context
        self._note_party(branch, response)
        event = response_context.event_of(response)
        return self._carry_out(context, context.handle(event, now, branch, response), now)

    def _refuse_answer(self, branch, response, error, now):
        """Take `error` for what a phone answered; one that was picked up is put down again."""
        if response.status < 200:
            return []
        branch.final = error.status
        if response.status >= 300:
            return self._fail(branch, error.status, error.reason, now)
        effects = self.ending.take_back(branch, response, now)
        effects += self._fail(branch, error.status, error.reason, now)
        request = branch.context.request
        call = self.node.calls.live.get(request.call_id)
        if call is not None and request.to.param(b"tag") is not None:
            # Only one side has changed its media: this call is of no use any more.
            effects += self.ending.hang_up(call, now, error.reason)
        return effects

    def _no_answer(self, branch, status, problem, now):
        """No final response came over this hop: try the next one (RFC 3263 section 4.3)."""
        if branch.hops and branch.cancel is None:
            return self._send(branch, now)
        if branch.spare and branch.cancel is None:
            branch.target = branch.spare.pop(0)
            return self._launch(branch, now)
        if branch.target.patience is not None:
            status = 504
        return self._fail(branch, status, "%s: %s" % (branch.target.reason, problem), now)

    def branch_silent(self, branch, now):
        """Not even 100 came over a way through the mesh: the next way may be open."""
        branch.deadline = None
        if branch.rang or branch.final is not None:
            return []
        self.node.layer.abandon(branch.transaction)
        return self._no_answer(branch, 504, "it does not answer", now)

    def _fail(self, branch, status, problem, now):
        context = branch.context
        response = response_to(context.request, status, problem, to_tag=self._tag())
        steps = context.handle(response_context.FAILURE, now, branch, response)
        return self._ended([branch]) + self._carry_out(context, steps, now)

    def _ended(self, branches):
        return [] if self.relaying is None else self.relaying.finished(branches)

    def cancel(self, invite_server, request, now):
        """Carry out the CANCEL of an INVITE; return the effects."""
        context = invite_server.user
        if context is None:
            return []
        reason = request.value(b"reason")
        line = None if reason is None else b"Reason: " + reason
        if context.call is not None:
            self.node.calls.end(context.call, "the caller hung up before an answer", 487, now)
        return self.stop(context, line, now)

    def stop(self, context, reason_line, now):
        """Cancel the branches that ring; return the effects."""
        steps = context.handle(response_context.STOP, now, None, reason_line)
        return self._carry_out(context, steps, now)

    def server_failed(self, context, now):
        """The caller's stream broke: nobody waits for an answer any more."""
        return self.stop(context, None, now)

    def came_back(self, binding):
        """A phone whose stream closed while it called is here again: its answers go there."""
        for call in self.node.calls.live.values():
            server = None if call.context is None else call.context.server
            if server is None or not server.reliable or server.flow.connection:
                continue
            caller = call.parties.by_tag.get(call.from_.tag)
            phone = None if caller is None else caller.binding
            if phone is not None and self.node.location.current(phone) is binding:
                server.flow = binding.flow

    def wake(self, context, now):
        """Return the effects of a response context's deadline."""
        return self._carry_out(context, context.wake(now), now)

    def _carry_out(self, context, steps, now):
        effects = []
        for step in steps:
            if step.what == response_context.RESPOND:
                if step.branch is not None:
                    self._tell_who(context, step.branch.target, step.value)
                effects += self.respond(context, step.value, now)
            elif step.what == response_context.CANCEL:
                effects += self._cancel_branch(step.branch, step.value or None, now)
            else:
                effects += self._start(context, now)
        self.node.deadlines.watch(context)
        if context.state == response_context.DONE:
            effects += self._ended(context.branches)
            context.let_go()
            if context.call is not None:
                context.call.context = None
        elif context.state == response_context.ACCEPTED and context.request.method != b"INVITE":
            context.let_go()
        return effects

    def _tell_who(self, context, target, response):
        """Note who answers; a caller who asks for help is shown it (RFC 3325)."""
        if context.call is not None and 200 <= response.status < 300:
            context.call.answered_by = target.reason
        if context.is_help and 100 < response.status < 300:
            address = target.uri
            if target.binding is not None:
                address = b"sip:" + target.binding.user.encode() + b"@" + self.node.settings.domain
            shown = scan.quote(target.reason.encode()) + b" <" + address + b">"
            response.set(b"p-asserted-identity", b"P-Asserted-Identity: " + shown)

    def _cancel_branch(self, branch, reason, now):
        cancel = cancellation(branch.request, reason)
        if branch.transaction.state == "terminated":
            return []
        return self.node.layer.cancel(branch.transaction, cancel, now)

    def respond(self, context, response, now):
        """Give a response to the caller and note what it means for the call."""
        user = self._absent(context, response)
        if user is not None:
            return self.keep(user, context.request, context.server, context.flow, now)
        if response is None:
            return []
        effects = []
        if 100 < response.status < 200:
            context.heard = response
        if 100 < response.status < 300 and proxy.begins_dialog(context.request):
            self.node.dialogs.begin(context.request, response)
        invite, answer = context.rejoined or context.request, response
        if context.rejoined is not None:
            response = self._by_the_new_way(context, response)
        call = context.call
        if call is not None and response.status >= 200:
            context.heard = None
            if response.status < 300:
                if call.legs is None:
                    call.legs = _legs(invite, answer, call.token)
                self.node.calls.answer(call, response.status, now)
            else:
                reason = response.reason.decode() if _is_ascii(response.reason) else "?"
                self.node.calls.refuse(call, response.status, reason, now)
            effects.append(self.node.call_event(call, now))
        return self.node.layer.respond(context.server, response, now) + effects

    def _by_the_new_way(self, context, response):
        node, incoming = self.node, self.node.listening[context.flow.local]
        outgoing = [
            node.listening[branch.transaction.flow.local]
            for branch in context.branches
            if branch.transaction is not None
        ]
        token = proxy.dialog_token(node.proof, context.request.call_id)
        own = proxy.record_routes(token, incoming, outgoing[0] if outgoing else incoming)
        from ..features.mesh import failover  # Only a node with a mesh comes here.

        return failover.by_the_new_way(response, context.rejoined, own)

    def _absent(self, context, response):
        """Return for whom a MESSAGE that no phone took shall wait, or None."""
        if context.request.method != b"MESSAGE":
            return None
        if response is not None and response.status not in SILENCE:
            return None
        for branch in context.branches:
            if branch.target.binding is not None:
                return branch.target.binding.user
        return None

    def acknowledge(self, request, found, flow, now):
        """Forward the ACK of a 2xx, without state (section 16.11)."""
        proxy.check_hops(request)
        target = found.groups[0][0]
        self.counters["acks"] += 1
        if target.flow is not None:
            return self._send_ack(request, target, target.flow, now)
        probe = proxy.forwarded(request, target.uri, target.path, b"Via: ", (), None)
        return self.look_up(
            proxy.next_hop(probe),
            lambda hops, problem, now: (
                self._send_ack(request, target, hops[0], now) if hops else []
            ),
        )

    def _send_ack(self, request, target, flow, now):
        listening = self.node.listening[flow.local]
        if listening is None:
            return []
        mark = proxy.branch(self.node.instance, self.node.token(8), b"")
        via = proxy.via_line(listening, mark)
        ack = proxy.forwarded(request, target.uri, target.path, via, (), None)
        effects = []
        if self.relaying is not None:
            ack, effects = self.relaying.request(None, ack, now)
        if ack is None:
            return effects + self.relaying.end_unproved(request.call_id, now)
        return effects + [Send(flow, ack.write())]

    def _tag(self):
        return binascii.hexlify(self.node.token(6))


def _contacts(response):
    """Return the Contacts of a response; one that cannot be read is the caller's business."""
    try:
        return response.contacts
    except SipError:
        return []


def _legs(invite, response, token):
    try:
        caller = dialog.towards_caller(invite, response)
        return caller, dialog.towards_called(invite, response, token)
    except SipError:
        return None


def _bounded(groups):
    """Return the lists of targets, together no more than a request may have branches."""
    kept = []
    room = MAX_BRANCHES
    for targets in groups:
        if room:
            kept.append(targets[:room])
            room -= len(kept[-1])
    return kept


def _with_flow(target, flow):
    fields = list(target)
    fields[1] = flow
    return dialplan.Target(*fields)


def _share(context):
    """Return the Max-Breadth of one branch (RFC 5393 section 5.3.3), or None to write none."""
    active = len(context.pending())
    if context.breadth is None:
        return proxy.MAX_BREADTH // active if active > 1 else None
    return max(1, context.breadth // max(1, active))


def _is_ascii(value):
    return not [octet for octet in value if not 32 <= octet < 127]
