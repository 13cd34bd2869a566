"""Carries the proxy core's decisions to the transaction layer and responses back."""

from ..errors import SipError
from ..limits import MAX_BRANCHES
from ..sip.message import Response, response_to
from ..transaction.invite_client import cancellation
from ..transaction.transaction import CANCELLED, CLOSED, RESPONSE, TIMEOUT
from ..tu import border, dialplan, proxy, response_context
from ..tu.calls import GIVEN_UP
from ..tu.response_context import DECLINE, Branch, ResponseContext
from . import answers, transports
from .feature import any_says, first
from .release import Release

# Responses after which another way to the same place is worth a try.
WAY_LOST = (503, 504)
# How long a hop of several may leave an INVITE without a word: a server says 100 within 200 ms, and
# three retransmissions fit into this. RFC 3263 section 4.3 would wait 32 s; no caller does.
HOP_PATIENCE = 4000
# The same for a phone on its own network that is asked by TCP for the first time.
STREAM_PATIENCE = 1000


class Forwarder:
    """Forwards requests along their target sets."""

    def __init__(self, node, lookups, uac):
        self.node = node
        self.lookups = lookups
        self.answers = answers.Answers(node)
        self.release = Release(node, uac, self.stop)
        # Branches whose request waits for a feature: (flow, branch parameter).
        self.unsent = {}
        self.counters = {"forwarded": 0}
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
            effects += self.answers.respond(context, ringing, now)
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
        flow = transports.preferred(node, branch, branch.hops.pop(0))
        listening = node.listening[flow.local]
        if listening is None:
            return self._no_answer(branch, 480, "the network towards it is gone", now)
        if not transports.may_carry(flow, context.request.uri, target.uri):
            return self._no_answer(branch, 480, "it is not reached by TLS", now)
        reached = transports.reached(target, flow)
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
        mark, request = transports.forwarded(
            node, context.request, target, listening, context.loop_key, routes,
            proxy.share(context.breadth, context.branches),
        )  # fmt: skip
        if context.call is not None:
            context.call.sent(token, reasons, reached.reason, answers.user_at(reached))
            self.answers.note_caller(context)
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
        self.answers.note_party(branch, response)
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

    def _wake(self, context, now):
        """Return the effects of a response context's deadline."""
        return self._carry_out(context, context.wake(now), now)

    def _carry_out(self, context, steps, now):
        effects = []
        for what, branch, value in steps:
            if what == response_context.RESPOND:
                if branch is not None:
                    self.answers.tell_who(context, branch.target, value)
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
            response = answers.worded(context, response)
        return self.answers.respond(context, response, now)

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


def _bounded(stages):
    """Return the lists of targets, together no more than a request may have branches."""
    kept = []
    room = MAX_BRANCHES
    for targets in stages:
        if room:
            kept.append(targets[:room])
            room -= len(kept[-1])
    return kept
