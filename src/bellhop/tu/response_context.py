"""Response context: branches, best response, CANCEL of the rest (RFC 3261 section 16.7)."""

from collections import namedtuple

from ..sip.message import response_to
from .branch import Branch

# What the engine is asked to do is a list of steps, each (what, branch, value). START: begin a list
# of targets (`value`), None for the next one; RESPOND: give a response to the server transaction;
# CANCEL: cancel a branch, `value` being the Reason line or None.

# How a request is forwarded. stages: lists of Targets, searched one after the other; patience: ms
# that each but the last may ring; is_help: a call for help: stages ring along with those before, no
# refusal ends it; loop_key: for the branch parameter; breadth: Max-Breadth or None; call: the Call
# that it begins, or None; callee: section of the user or group that is called, or None.
Plan = namedtuple(
    "Plan",
    ("stages", "patience", "is_help", "loop_key", "breadth", "call", "callee"),
)
START, RESPOND, CANCEL = ("start", "respond", "cancel")

WAITING, ACCEPTED, CANCELLED, DONE = STATES = ("waiting", "accepted", "cancelled", "done")
PROVISIONAL, SUCCESS, FAILURE, GLOBAL, STOP, EXPIRE, JOIN, DECLINE = EVENTS = (
    "provisional", "success", "failure", "global-failure", "stop", "expire", "join", "decline",
)  # fmt: skip

# RFC 3326: with these words the other phones log no missed call.
ELSEWHERE = b'Reason: SIP ;cause=200 ;text="Call completed elsewhere"'
# How long a cancelled branch may take to say so (section 9.1: 64*T1).
CANCEL_PATIENCE = 32000
# Section 16.7 step 6: responses that tell the caller how to do better.
PREFERRED = (401, 407, 415, 420, 484)
NO_ANSWER = 408
# What a caller is told whose call rang long enough: phones show it.
UNANSWERED = 480, "nobody answers"
DECLINED = 603, "declined"
NO_HELP = "no responder takes the call: call another way"


class ResponseContext:
    """One forwarded request. patience: ms that a branch may ring (timer C); the rest as in Plan.

    heard: the last ringing;
    refusal: (status, reason) for the caller where not he has cancelled; callee: section of the
    user or group that is called, or None.
    """

    state = WAITING
    heard = refusal = queued = None
    was_stopped = False

    def __init__(self, request, server, flow, plan, now):
        self.request = request
        self.server = server
        self.flow = flow
        self.stages, self.patience, self.is_help, self.loop_key = plan[:4]
        self.breadth, self.call, self.callee = plan[4:]
        self.branches = []
        self.finals = []
        self.deadline = now + self.patience

    def begin(self, targets, last_patience, now):
        """Return the new Branches of some Targets, None for those of the next stage.

        last_patience: ms that the last stage may ring, None for as long as the others.
        """
        targets = self.stages.pop(0) if targets is None else targets
        begun = [Branch(self, target) for target in targets]
        if not self.stages and last_patience is not None:
            self.patience = last_patience
            self.deadline = now + last_patience
        self.branches.extend(begun)
        return begun

    def hear(self, response):
        """Keep the last ringing; None once the caller has an answer."""
        self.heard = response

    def refuse(self, status, reason):
        """Set what the caller is told when the branches are cancelled."""
        self.refusal = status, reason

    def handle(self, event, now, branch=None, response=None):
        """Return the steps of one event; an unlisted pair changes nothing."""
        step = TABLE.get((self.state, event))
        return [] if step is None else step(self, now, branch, response)

    def may_go_on(self):
        """Tell whether a refused call may be tried elsewhere: nobody has ended it."""
        is_call = self.request.method == b"INVITE" and self.call is not None
        return is_call and self.state == DONE and not self.was_stopped and not self.is_help

    def go_on(self, stages, callee, patience, now):
        """Wait for further lists of targets after all."""
        self.state, self.finals = WAITING, []
        self.stages, self.callee, self.patience = stages, callee, patience
        self.deadline = now + patience

    def pending(self):
        """Return the branches without a final response."""
        return [branch for branch in self.branches if branch.final is None]

    def let_go(self):
        """Forget the branches of what is over.

        They know the context: each would hold the other until the garbage collector finds them.
        """
        self.branches = []

    def wake(self, now):
        """Timer C, or the end of the patience with cancelled branches."""
        return self.handle(EXPIRE, now)


def event_of(response):
    """Return the event that a response of a branch is."""
    if response.status < 200:
        return PROVISIONAL
    if response.status < 300:
        return SUCCESS
    return GLOBAL if response.status >= 600 else FAILURE


def _ring(context, now, branch, response):
    """Section 16.7 steps 2 and 5: timer C starts anew; all but 100 go on to the caller."""
    if branch.cancel is not None:
        return _ring_late(context, now, branch, response)
    branch.rang = True
    if response.status == 100:
        return []
    if not context.is_help or not context.stages:
        context.deadline = now + context.patience
    return [(RESPOND, branch, response)]


def _ring_late(context, now, branch, response):
    """The first provisional response is what a CANCEL has to wait for (section 9.1)."""
    first = not branch.rang
    branch.rang = True
    return [(CANCEL, branch, branch.cancel)] if first and branch.cancel is not None else []


def _succeed(context, now, branch, response):
    branch.final = response.status
    branch.request = None
    context.state = ACCEPTED
    context.deadline = None
    told = [(RESPOND, branch, response)]
    return told if len(context.branches) == 1 else told + _cancel_rest(context, ELSEWHERE)


def _succeed_again(context, now, branch, response):
    """Every 2xx to an INVITE goes on: the caller ends what it does not want (section 16.7.5)."""
    branch.final = response.status
    if context.request.method != b"INVITE":
        return []
    return [(RESPOND, branch, response)]


def _fail(context, now, branch, response):
    if branch.cancel is not None and response.status == 487:  # It speaks of our CANCEL.
        response = response_to(context.request, *(DECLINED if branch.is_declined else UNANSWERED))
    branch.final = response.status
    context.finals.append(response)
    if context.pending():
        return []
    if context.stages:
        context.deadline = now + context.patience
        return [(START, None, None)]
    return _finish(context)


def _fail_for_all(context, now, branch, response):
    """A 6xx speaks for all phones of one user: a Decline is no word for the rest of a group.

    Nor does it keep the call from where its user lets it be forwarded to.
    """
    user = _user(branch.target)
    is_member = user is None and context.callee is not None and context.callee.kind == "group"
    if context.is_help or is_member:  # Who is elsewhere does not speak for the others.
        return _fail(context, now, branch, response)
    _leave_out(context, user)
    theirs = [one for one in context.pending() if user is None or _user(one.target) in (None, user)]
    return _cancel(theirs, None, branch) + _fail(context, now, branch, response)


def _leave_out(context, user):
    stages = [[one for one in stage if user not in (None, _user(one))] for stage in context.stages]
    context.stages = [stage for stage in stages if stage]


def _decline(context, now, branch, user):
    """A user has no phone in hand to say so: what rings there is cancelled, and says 603 then."""
    theirs = [one for one in context.pending() if _user(one.target) == user]
    if not context.is_help:
        _leave_out(context, user)
    for one in theirs:
        one.is_declined = True
    return _cancel(theirs, None, None)


def _user(target):
    """Return the name of the local user whose phone a Target is, or None."""
    return None if target.binding is None else target.binding.user


def _stop(context, now, branch, response):
    context.state = CANCELLED
    context.was_stopped = True
    context.stages = []
    context.deadline = now + CANCEL_PATIENCE
    return _cancel_rest(context, response) if context.pending() else _finish(context)


def _join(context, now, branch, targets):
    """More phones ring: one that picks the call up, or brings it back."""
    return [(START, None, targets)] if targets else []


def _fail_cancelled(context, now, branch, response):
    branch.final = response.status
    context.finals.append(response)
    return [] if context.pending() else _finish(context)


def _tire(context, now, branch, response):
    """Timer C: give up the branches of this step; the next one may still be reached."""
    if context.is_help and context.stages:
        context.deadline = now + context.patience
        return [(START, None, None)]
    context.deadline = now + CANCEL_PATIENCE
    return _cancel_rest(context, None) or _give_up(context, now, None, None)


def _give_up(context, now, branch, response):
    for pending in context.pending():
        pending.final = NO_ANSWER
        is_call = context.request.method == b"INVITE"
        words = UNANSWERED if is_call and pending.rang else (NO_ANSWER,)
        context.finals.append(response_to(context.request, *words))
    if context.stages:
        context.deadline = now + context.patience
        return [(START, None, None)]
    return _finish(context)


def _finish(context):
    """Section 16.7 step 6: choose the best of the final responses."""
    cancelled = context.state == CANCELLED
    context.state = DONE
    context.deadline = None
    if cancelled:
        status, reason = context.refusal or (487, None)
        return [(RESPOND, None, response_to(context.request, status, reason))]
    if context.is_help:
        return [(RESPOND, None, response_to(context.request, 480, NO_HELP))]
    return [(RESPOND, None, best(context.request, context.finals))]


def _cancel_rest(context, reason):
    return _cancel(context.pending(), reason, None)


def _cancel(branches, reason, but):
    steps = []
    for branch in branches:
        if branch is not but and branch.cancel is None:
            branch.cancel = reason or b""
            if branch.rang:
                steps.append((CANCEL, branch, reason))
    return steps


def best(request, finals):
    """Return the response to send upstream, or None where RFC 4320 wants silence."""
    if not finals:
        return response_to(request, 480)
    chosen = sorted(finals, key=_rank)[0]
    if chosen.status == NO_ANSWER and request.method != b"INVITE":
        return None
    if chosen.status == 503:
        return response_to(request, 500, "the other side is overloaded or out of order")
    if chosen.status in (401, 407):
        _gather_challenges(chosen, finals)
    return chosen


def _rank(response):
    status = response.status
    if status >= 600:
        return 0, status
    if status in PREFERRED:
        return status // 100 * 10, status
    # Silence and "not now" say less than any other answer of their class.
    last = 2 if status in (NO_ANSWER, 480, 487, 503) else 1
    return status // 100 * 10 + last, status


def _gather_challenges(chosen, finals):
    """Section 16.7 step 7: the caller needs the challenges of all branches."""
    for response in finals:
        if response is chosen or response.status not in (401, 407):
            continue
        for index, name in enumerate(response.names):
            if name in (b"www-authenticate", b"proxy-authenticate"):
                chosen.add(name, response.lines[index])


TABLE = {
    (WAITING, PROVISIONAL): _ring,
    (WAITING, SUCCESS): _succeed,
    (WAITING, FAILURE): _fail,
    (WAITING, GLOBAL): _fail_for_all,
    (WAITING, STOP): _stop,
    (WAITING, EXPIRE): _tire,
    (WAITING, JOIN): _join,
    (WAITING, DECLINE): _decline,
    (ACCEPTED, SUCCESS): _succeed_again,
    (ACCEPTED, PROVISIONAL): _ring_late,
    (CANCELLED, PROVISIONAL): _ring_late,
    (CANCELLED, SUCCESS): _succeed,
    (CANCELLED, FAILURE): _fail_cancelled,
    (CANCELLED, GLOBAL): _fail_cancelled,
    (CANCELLED, EXPIRE): _give_up,
}
IGNORED = {
    (ACCEPTED, FAILURE): "a cancelled branch says 487; the call stands",
    (ACCEPTED, GLOBAL): "the call stands",
    (ACCEPTED, STOP): "section 9.2: a CANCEL after the final response changes nothing",
    (ACCEPTED, EXPIRE): "no timer runs",
    (ACCEPTED, JOIN): "it was answered meanwhile",
    (ACCEPTED, DECLINE): "it was answered meanwhile",
    (CANCELLED, STOP): "the caller cancels twice",
    (CANCELLED, JOIN): "it is over: nobody else shall ring",
    (CANCELLED, DECLINE): "nothing rings any more",
    (DONE, PROVISIONAL): "the caller has its answer",
    (DONE, SUCCESS): "the caller has a refusal; the callee hears no ACK and ends",
    (DONE, FAILURE): "the caller has its answer",
    (DONE, GLOBAL): "the caller has its answer",
    (DONE, STOP): "section 9.2: a CANCEL after the final response changes nothing",
    (DONE, EXPIRE): "no timer runs",
    (DONE, JOIN): "it is over: nobody else shall ring",
    (DONE, DECLINE): "nothing rings any more",
}
