"""Carries the proxy core's decisions to the transaction layer and responses back."""

from ..effects import Flow, sending
from ..errors import SipError
from ..limits import MAX_BRANCHES
from ..sip import scan, uri
from ..sip.message import Response, response_to
from ..transaction.invite_client import cancellation
from ..transaction.transaction import CANCELLED, CLOSED, RESPONSE, TIMEOUT
from ..tu import border, dialog, dialplan, proxy, response_context, wording
from ..tu.calls import GIVEN_UP
from ..tu.response_context import DECLINE, Branch, ResponseContext
from .feature import any_says, first
from .release import Release

# Section 18.1.1: a request larger than 1300 bytes goes by TCP where the peer's transport is open;
# what this node adds to it (Via, Record-Route) counts.
DATAGRAM_BYTES = 1100

# Responses after which another way to the same place is worth a try.
WAY_LOST = (503, 504)
# How long a hop of several may leave an INVITE without a word: a server says 100 within 200 ms, and
# three retransmissions fit into this. RFC 3263 section 4.3 would wait 32 s; no caller does.
HOP_PATIENCE = 4000
# The same for a phone on its own network that is asked by TCP for the first time.
STREAM_PATIENCE = 1000
# Transports that a sips address may take.
SECURE = ("tls", "wss")
# The fourth letter of such an address: a sip, tel or urn one has its colon there.
SIPS = (b"s", b"S")
# Final responses that say no more than "not there now".
SILENCE = (408, 430, 480, 503)
# Requests inside a dialog that may change its sound (RFC 3311 section 5.1).
RENEWING = (b"INVITE", b"UPDATE")


class Forwarder:
    """Forwards requests along their target sets."""

    def __init__(self, node, lookups, uac):
        self.node = node
        self.lookups = lookups
        self.release = Release(node, uac, self.stop)
        # Branches whose request waits for a feature: (flow, branch parameter).
        self.unsent = {}
        self.counters = {"forwarded": 0, "acks": 0}
        self.users = {Branch: self._indicated, ResponseContext: self._server_failed}
        self.wakers = {Branch: self._branch_silent, ResponseContext: self._wake}

    def context(self, request, server, flow, found, call, now):
        """Return the ResponseContext of a request to what the dial plan found, or refuse it."""
        proxy.check_hops(request)
        key = proxy.loop_key(request)
        proxy.check_loop(request, self.node.instance, key)
        breadth = request.number(b"max-breadth", proxy.MAX_BREADTH)
        stages = _bounded(found.stages)
        if breadth is not None and breadth < max([len(targets) for targets in stages]):
            raise SipError(440, "Max-Breadth Exceeded")
        patience = found.patience or self._last_patience()
        is_help = found.rule == dialplan.EMERGENCY
        plan = response_context.Plan(stages, patience, is_help, key, breadth, call, found.callee)
        return ResponseContext(request, server, flow, plan, now)

    def forward(self, context, now):
        """Begin to forward a request; return the effects."""
        context.server.serve(context)
        if proxy.begins_dialog(context.request):
            self.node.dialogs.ask(context.request)
        self.counters["forwarded"] += 1
        return self._start(context, None, now)

    def _last_patience(self):
        return self.node.settings.ring_seconds * 1000

    def _start(self, context, targets, now):
        """Begin a list of targets, or the next one for None (section 16.6)."""
        goes_on = any_says(self.node.hooks.follows, context)
        begun = context.begin(targets, None if goes_on else self._last_patience(), now)
        self.node.deadlines.watch(context)
        effects = []
        for branch in begun:
            effects += self._launch(branch, now)
        if not begun:  # A call that waits for somebody to take it rings in its caller's ear.
            ringing = response_to(context.request, 180, None, (), self.node.tag())
            effects += self.respond(context, ringing, now)
        return effects

    def _launch(self, branch, now):
        target = branch.target
        if target.flow is not None:
            branch.take_hops((target.flow,))
            return self._send(branch, now)
        effects = first(self.node.hooks.seek, branch, self._sought, now)
        if effects is not None:
            return effects
        probe = proxy.forwarded(branch.context.request, target.uri, target.path, b"Via: ", (), None)
        try:
            return self.lookups.ask(
                proxy.next_hop(probe),
                lambda hops, problem, now: self._found(branch, hops, problem, now),
            )
        except SipError as error:
            return self._fail(branch, error.status, error.reason, now)

    def _sought(self, branch, target, error, now):
        """A feature has found the Target that a branch leads to, or why (SipError) it does not."""
        if branch.context.state == response_context.DONE or branch.cancel is not None:
            return self._fail(branch, 487, None, now)
        if error is not None:
            return self._fail(branch, error.status, error.reason, now)
        branch.aim(target)
        return self._launch(branch, now)

    def _found(self, branch, hops, problem, now):
        if branch.context.state == response_context.DONE or branch.cancel is not None:
            return self._fail(branch, 487, None, now)
        branch.take_hops(hops)
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
        if flow.transport not in SECURE and _is_secret(context.request.uri, target.uri):
            return self._no_answer(branch, 480, "it is not reached by TLS", now)
        reached = target if target.flow is flow else _with_flow(target, flow)
        reasons, effects = [], []
        try:
            for decide in node.hooks.branch:
                why, more = decide(branch, reached, now)
                reasons, effects = reasons + why, effects + more
        except SipError as error:
            return self._fail(branch, error.status, error.reason, now)
        reasons = reasons + proxy.record_route_reasons(
            node.settings, context.request, context.flow, reached
        )
        token, routes = self._stay(context, listening) if reasons else (None, ())
        mark = proxy.branch(node.instance, node.random(8), context.loop_key)
        request = proxy.forwarded(
            context.request, target.uri, target.path, proxy.via_line(listening, mark), routes,
            _share(context),
        )  # fmt: skip
        if context.call is not None:
            context.call.sent(token, reasons, reached.reason, _user_at(reached))
            self._note_caller(context)
        node.calls.renumber(request)
        branch.begin()
        try:
            for hook in node.hooks.request:
                request, more = hook(branch, request, now)
                effects += more
        except SipError as error:
            return effects + self._fail(branch, error.status, error.reason, now)
        if request is None:
            self.unsent[branch] = flow, mark
            return effects
        return effects + self._transmit(branch, request, flow, mark, now)

    def _stay(self, context, listening):
        """Return (token, Record-Route lines) by which the node stays in the path."""
        node = self.node
        token = proxy.dialog_token(node.proof, context.request.call_id)
        incoming = node.listening[context.flow.local] or listening
        return token, proxy.record_routes(token, incoming, listening)

    def _transmit(self, branch, request, flow, mark, now):
        transaction, effects = self.node.layer.send(request, flow, branch, now, mark)
        patience = None
        if branch.hops and request.method == b"INVITE":
            patience = HOP_PATIENCE if branch.target.binding is None else STREAM_PATIENCE
        branch.sent(request, transaction, patience, now)
        self.node.deadlines.watch(branch)
        call = branch.context.call
        return effects if call is None else effects + self.node.noted(call, now)

    def go_on(self, ready, now):
        """Carry on with a message that a feature had let wait: (branch, message, SipError or None).

        No other feature is asked about it: who may let a message wait comes last.
        """
        branch, message, error = ready
        if isinstance(message, Response):
            return self._heard(branch, message, error, now)
        unsent = self.unsent.pop(branch, None)
        if unsent is None:
            return []
        if branch.context.state == response_context.DONE or branch.cancel is not None:
            return self._fail(branch, 487, None, now)
        if error is not None:
            return self._fail(branch, error.status, error.reason, now)
        return self._transmit(branch, message, unsent[0], unsent[1], now)

    def _preferred(self, branch, flow):
        """Section 18.1.1: what is too large for a datagram goes by TCP first, then by UDP."""
        if flow.transport != "udp" or branch.streamed:
            return flow
        request = branch.context.request
        if request.size() <= DATAGRAM_BYTES or not _may_stream(branch, request):
            return flow
        local = self._stream_listener(flow)
        if local is None:
            return flow
        branch.stream_first(flow)
        return Flow("tcp", local, flow.host, flow.port, 0, flow.name)

    def _stream_listener(self, flow):
        here = self.node.listening[flow.local]
        for index, listening in enumerate(self.node.listening):
            if listening and listening.transport == "tcp" and listening.key == here.key:
                return index
        return None

    def _note_caller(self, context):
        request, flow = context.request, context.flow
        named = [request.contacts[0].uri_bytes] if request.contacts else []
        phone = self.node.phone_of(request, flow)
        context.call.parties.note(request.from_.tag, named, flow, phone)

    def _note_party(self, branch, response):
        """Who answers with a tag is a party of the call from now on (section 12.1)."""
        call = self.node.calls.live.get(branch.context.request.call_id)
        if call is None or not 100 < response.status < 300 or branch.transaction is None:
            return
        tag, said = dialog.tag_of(response), response.value(b"contact")
        party = call.parties.by_tag.get(tag)
        if party is not None and party.said == said:
            return  # It has said so when it rang.
        named = [branch.target.uri] + [contact.uri_bytes for contact in _contacts(response)]
        flow, binding = branch.transaction.flow, branch.target.binding
        call.parties.note(tag, named, flow, binding, said)

    def _indicated(self, indication, now):
        """Carry a client transaction's word to its response context; return the effects."""
        branch = indication.user
        self._note_stream(branch, indication.kind == RESPONSE)
        if indication.kind == RESPONSE:
            try:
                return self._answered(branch, indication.message, now)
            except SipError:
                self.node.counters["malformed"] += 1
                return []
        if indication.kind == TIMEOUT:
            return self._no_answer(branch, 408, None, now)
        return self._no_answer(branch, 480, None, now)

    def _answered(self, branch, response, now):
        context = branch.context
        branch.settle()
        more = branch.hops or branch.spare
        if response.status in WAY_LOST and more and context.state == response_context.WAITING:
            return self._no_answer(branch, response.status, "it is out of order", now)
        if branch.target.binding is not None:
            branch.target.binding.heard()
        response.remove_first(b"via")
        response.measure()
        border.take_foreign(response)
        if not response.has(b"via"):
            return []
        if 200 <= response.status < 300 and branch.final is not None and branch.final >= 300:
            return self.release.release_accepted(branch, response, now)
        error, effects = None, []
        try:
            for hook in self.node.hooks.response:
                response, more = hook(branch, response, now)
                effects += more
        except SipError as refusal:
            error = refusal
        if response is None:
            return effects
        return effects + self._heard(branch, response, error, now)

    def _heard(self, branch, response, error, now):
        """Take a response that all features agree to, or `error`, why one does not."""
        if error is not None:
            return self._refuse_answer(branch, response, error, now)
        context = branch.context
        number = context.request.cseq[0]
        if response.cseq[0] != number:
            branch.renumber(response.cseq[0] - number)
            response.set(b"cseq", b"CSeq: %d %s" % context.request.cseq)
        self._note_party(branch, response)
        event = response_context.event_of(response)
        return self._carry_out(context, context.handle(event, now, branch, response), now)

    def _refuse_answer(self, branch, response, error, now):
        """Take `error` for what a phone answered; one that was picked up is put down again."""
        if response.status < 200:
            return []
        branch.refuse(error.status)
        if response.status >= 300:
            return self._fail(branch, error.status, error.reason, now)
        effects = self.release.release_accepted(branch, response, now)
        effects += self._fail(branch, error.status, error.reason, now)
        request = branch.context.request
        call = self.node.calls.live.get(request.call_id)
        if call is not None and request.to.param(b"tag") is not None:
            # Only one side has changed its media: this call is of no use any more.
            effects += self.release.hang_up(call, now, error.reason)
        return effects

    def _no_answer(self, branch, status, problem, now):
        """No final response came over this hop: try the next one (RFC 3263 section 4.3)."""
        if branch.hops and branch.cancel is None:
            return self._send(branch, now)
        if branch.spare and branch.cancel is None:
            branch.next_way()
            return self._launch(branch, now)
        if branch.target.patience is not None:
            status = 504
        # How the way was found says nothing to people: `why` tells it, the phrase who is meant.
        words = None if problem is None else "%s: %s" % (branch.target.reason, problem)
        return self._fail(branch, status, words, now)

    def _branch_silent(self, branch, now):
        """Not even 100 came over a way: the next one may be open."""
        branch.settle()
        if branch.rang or branch.final is not None:
            return []
        self._note_stream(branch, False)
        self.node.layer.abandon(branch.transaction)
        return self._no_answer(branch, 504, None, now)

    def _note_stream(self, branch, is_taken):
        """A phone that has no TCP is not asked again until it registers anew."""
        binding, transaction = branch.target.binding, branch.transaction
        if branch.streamed and binding is not None and transaction.flow.transport == "tcp":
            binding.tried_stream(is_taken)

    def _fail(self, branch, status, problem, now):
        context = branch.context
        response = response_to(context.request, status, problem, to_tag=self.node.tag())
        steps = context.handle(response_context.FAILURE, now, branch, response)
        return self._ended([branch]) + self._carry_out(context, steps, now)

    def _ended(self, branches):
        effects = []
        for branch in branches:
            self.unsent.pop(branch, None)
        for finished in self.node.hooks.finished:
            effects += finished(branches)
        return effects

    def _cancel(self, context, request, now):
        """Carry out the CANCEL of an INVITE; return the effects."""
        reason = request.value(b"reason")
        line = None if reason is None else b"Reason: " + reason
        if context.call is not None:
            words = "the caller hung up before an answer"
            self.node.calls.end(context.call, GIVEN_UP, words, 487, now)
        return self.stop(context, line, now)

    def stop(self, context, reason_line, now):
        """Cancel the branches that ring; return the effects."""
        steps = context.handle(response_context.STOP, now, None, reason_line)
        return self._carry_out(context, steps, now)

    def _server_failed(self, indication, now):
        """The caller hung up, or his stream broke: nobody waits for an answer any more."""
        if indication.kind == CLOSED:
            return []
        if indication.kind == CANCELLED:
            return self._cancel(indication.user, indication.message, now)
        return self.stop(indication.user, None, now)

    def came_back(self, binding):
        """A phone whose stream closed while it called is here again: its answers go there."""
        for call in self.node.calls.live.values():
            server = None if call.context is None else call.context.server
            if server is None or not server.reliable or server.flow.connection:
                continue
            caller = call.parties.by_tag.get(call.from_.tag)
            phone = None if caller is None else caller.binding
            if phone is not None and self.node.location.current(phone) is binding:
                server.take_flow(binding.flow)

    def _wake(self, context, now):
        """Return the effects of a response context's deadline."""
        return self._carry_out(context, context.wake(now), now)

    def _carry_out(self, context, steps, now):
        effects = []
        for what, branch, value in steps:
            if what == response_context.RESPOND:
                if branch is not None:
                    self._tell_who(context, branch.target, value)
                effects += self._answer(context, value, now)
            elif what == response_context.CANCEL:
                effects += self._cancel_branch(branch, value or None, now)
            else:
                effects += self._start(context, value, now)
        self.node.deadlines.watch(context)
        if context.state == response_context.DONE:
            effects += self._ended(context.branches)
            context.let_go()
            if context.call is not None:
                context.call.settle()
        elif context.state == response_context.ACCEPTED and context.request.method != b"INVITE":
            context.let_go()
        return effects

    def _tell_who(self, context, target, response):
        """Note who answers; a caller who asks for help is shown it (RFC 3325)."""
        if context.call is not None and 200 <= response.status < 300:
            context.call.answer_from(target.reason, _user_at(target))
        if context.is_help and 100 < response.status < 300:
            address = target.uri
            if target.binding is not None:
                address = b"sip:" + target.binding.user.encode() + b"@" + self.node.settings.domain
            shown = scan.shown(target.reason.encode()) + b" <" + address + b">"
            response.set(b"p-asserted-identity", b"P-Asserted-Identity: " + shown)

    def _cancel_branch(self, branch, reason, now):
        cancel = cancellation(branch.request, reason)
        if branch.transaction.state == "terminated":
            return []
        return self.node.layer.cancel(branch.transaction, cancel, now)

    def _answer(self, context, response, now):
        """Give the caller what was chosen, unless a feature knows where the call goes on."""
        if response is not None and response.status >= 300 and context.may_go_on():
            try:
                found = self._recourse(context, response, now)
            except SipError as error:
                found, tag = None, self.node.tag()
                response = response_to(context.request, error.status, error.reason, (), tag)
            if found is not None:
                patience = found.patience or self._last_patience()
                context.go_on(_bounded(found.stages), found.callee, patience, now)
                return self._start(context, None, now)
        if response is not None and response.status >= 300 and context.call is not None:
            response = _worded(context, response)
        return self.respond(context, response, now)

    def _recourse(self, context, response, now):
        found = first(self.node.hooks.recourse, context, response, now)
        for lead in () if found is None else self.node.hooks.lead:
            found = lead(context.request, context.flow, found, now)
        phone = None if found is None else self.node.phone_of(context.request, context.flow)
        if phone is not None:
            found = dialplan.without(found, phone)
        return found if found is not None and found.stages else None

    def join(self, context, targets, now):
        """Let more targets ring along with those that do (section 16.5); return the effects."""
        steps = context.handle(response_context.JOIN, now, None, targets)
        return self._carry_out(context, steps, now)

    def tire(self, context, now):
        """Let nobody wait any longer for what does not ring; return the effects."""
        return self._wake(context, now)

    def decline(self, context, user, now):
        """Let the phones of a user (a name) ring no more, as if they declined; return effects."""
        return self._carry_out(context, context.handle(DECLINE, now, None, user), now)

    def respond(self, context, response, now):
        """Give a response to the caller and note what it means for the call."""
        if response is None or response.status in SILENCE:
            taken = self._absent(context, now)
            if taken is not None or response is None:
                return taken or []
        effects = []
        call = context.call
        if 100 < response.status < 200:
            context.hear(response)
        # Of a subscription from before a restart its refresh is the first that is heard.
        is_first = proxy.begins_dialog(context.request) or context.request.method == b"SUBSCRIBE"
        if 100 < response.status < 300 and is_first:
            self.node.dialogs.begin(context.request, response)
        if call is not None and response.status < 200 and self.node.calls.ring(call, now):
            effects += self.node.changed(call, now)
        if call is not None and response.status >= 200:
            context.hear(None)
            if response.status < 300:
                call.establish(_legs(context, response, call.dialog_token))
                self.node.calls.answer(call, response.status, now)
            else:
                reason = response.reason.decode() if _is_ascii(response.reason) else "?"
                self.node.calls.refuse(call, response.status, reason, now)
            effects += self.node.changed(call, now)
        elif 200 <= response.status < 300:
            effects += self._renew(context.request, response, now)
        return self.node.layer.respond(context.server, response, now) + effects

    def _renew(self, request, response, now):
        """Let features see what a re-INVITE or UPDATE changes in its call; return the effects."""
        call = self.node.calls.live.get(request.call_id)
        if call is None or request.method not in RENEWING:
            return []
        before = call.held_by
        for renewed in self.node.hooks.renewed:
            renewed(call, request, response)
        return [] if call.held_by == before else self.node.changed(call, now)

    def _absent(self, context, now):
        """Return the effects of a feature that takes a request which no phone took, or None."""
        for branch in context.branches:
            if branch.target.binding is not None:
                user, asked = branch.target.binding.user, self.node.hooks.absent
                return first(asked, user, context.request, context.server, context.flow, now)
        return None

    def acknowledge(self, request, found, flow, now):
        """Forward the ACK of a 2xx, without state (section 16.11)."""
        proxy.check_hops(request)
        target = found.stages[0][0]
        self.counters["acks"] += 1
        if target.flow is not None:
            return self._send_ack(request, target, target.flow, now)
        probe = proxy.forwarded(request, target.uri, target.path, b"Via: ", (), None)
        return self.lookups.ask(
            proxy.next_hop(probe),
            lambda hops, problem, now: (
                self._send_ack(request, target, hops[0], now) if hops else []
            ),
        )

    def _send_ack(self, request, target, flow, now):
        listening = self.node.listening[flow.local]
        is_open = flow.transport not in SECURE and _is_secret(request.uri, target.uri)
        if listening is None or is_open:
            return []
        mark = proxy.branch(self.node.instance, self.node.random(8), b"")
        via = proxy.via_line(listening, mark)
        ack = proxy.forwarded(request, target.uri, target.path, via, (), None)
        self.node.calls.renumber(ack)
        effects = []
        for hook in self.node.hooks.request:
            ack, more = hook(None, ack, now)
            effects += more
            if ack is None:
                return effects
        return effects + [sending(flow, ack)]


def _may_stream(branch, request):
    """Tell whether the next hop may have TCP: its URI names no transport, no NAT is between."""
    binding = branch.target.binding
    if binding is None:
        return proxy.next_hop(request).param(b"transport") is None
    if request.method != b"INVITE" or binding.streams is False or binding.path:
        return False
    is_silent = uri.parse(binding.contact).param(b"transport") is None
    return is_silent and not binding.is_behind_nat()


def _is_secret(one, other):
    """Tell whether one of two addresses asks for TLS on every hop (RFC 3261 section 26.2.2)."""
    return one[3:4] in SIPS or other[3:4] in SIPS


def _contacts(response):
    """Return the Contacts of a response; one that cannot be read is the caller's business."""
    try:
        return response.contacts
    except SipError:
        return []


def _legs(context, response, token):
    invite = context.request
    try:
        caller = dialog.towards_caller(invite, response)
        called = dialog.towards_called(invite, response, token)
    except SipError:
        return None
    for branch in context.branches if called is not None else ():
        if branch.final is not None and branch.final < 300:
            called.shift_by(branch.shift)
    return caller, called


def _worded(context, response):
    """Return a refusal with a sentence for people, in the phrase and as a Reason (RFC 3326)."""
    callee, status = context.callee, response.status
    name = dialplan.spoken(context.request.parsed_uri) if callee is None else callee.name
    words = wording.sentence(status, response.reason, name)
    if words == response.reason:
        return response
    made = Response(status, words, response.names[:], response.lines[:], response.body)
    made.set(b"reason", b"Reason: SIP;cause=%d;text=%s" % (status, scan.quote(words)))
    return made


def _bounded(stages):
    """Return the lists of targets, together no more than a request may have branches."""
    kept = []
    room = MAX_BRANCHES
    for targets in stages:
        if room:
            kept.append(targets[:room])
            room -= len(kept[-1])
    return kept


def _user_at(target):
    """Return the name of the user here whose phone a Target is, or None."""
    return None if target.binding is None else target.binding.user


def _with_flow(target, flow):
    fields = list(target)
    fields[1] = flow
    return dialplan.Target(*fields)


def _share(context):
    """Return the Max-Breadth of one branch (RFC 5393 section 5.3.3), or None to write none."""
    if context.breadth is None and len(context.branches) == 1:
        return None
    active = len(context.pending())
    if context.breadth is None:
        return proxy.MAX_BREADTH // active if active > 1 else None
    return max(1, context.breadth // max(1, active))


def _is_ascii(value):
    return not [octet for octet in value if not 32 <= octet < 127]
