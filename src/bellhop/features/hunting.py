"""Groups: who rings for whom, in which order, for how long, and what follows.

The dial plan knows who the members are; here some of them rest, others begin, and more join in.
"""

from ..core.feature import first
from ..effects import CELLS
from ..errors import SipError
from ..sip import uri
from ..tu import barring, dialplan, wishes
from ..tu.rounds import GROUP, Rounds

ROTATING = "rotating"


class Later:
    """Members of a group (lists of Targets) who ring as well, one more at each `deadline`."""

    def __init__(self, context, lists, delay_ms, now):
        self.context = context
        self.lists = lists
        self.delay_ms = delay_ms
        self.deadline = now + delay_ms
        self.queued = None


class Hunting:
    """A feature. turns: group's name -> its calls so far; later: Call-ID -> (lists, ms)."""

    name = "hunting"
    hooks, events = ("lead", "branch", "follows", "recourse"), ()
    users = {}

    def __init__(self, node, forwarder, own, find):
        """own: features.wishes.Wishes; find: of Routing."""
        self.node = node
        self.forwarder = forwarder
        self.own = own
        self.find = find
        self.rounds = Rounds(node.random)
        self.turns = {}
        self.later = {}
        self.wakers = {Later: self._join}

    def lead(self, request, flow, found, now):
        """Return how the members of a group ring that is called; refuses what has rung already."""
        group = found.callee
        if request.method != b"INVITE" or request.to.tag is not None:
            return found
        if found.rule != dialplan.LOCAL or group is None:
            return found
        if not self.rounds.takes(request, group.name):
            raise SipError(487, "this call rings at %s already" % group.name)
        if group.kind != "group":
            return self._member(group, request, flow, found)
        if [member for member in group.rings if ":" in member]:
            self.rounds.begin(request)
            self.rounds.takes(request, group.name)
        lists = self._lists(group, request, first(self.node.hooks.caller, request, flow), now)
        if not lists:
            return self._overflow(group, request, now) or dialplan.Found(
                found.rule, [], group, None
            )
        patience = group.ring_each * 1000
        if group.strategy != "parallel":
            return dialplan.Found(found.rule, lists, group, patience)
        if group.delay:
            self.later[request.call_id] = lists[1:], group.delay * 1000
            return dialplan.Found(found.rule, lists[:1], group, patience)
        together = [target for targets in lists for target in targets]
        return dialplan.Found(found.rule, [together], group, patience)

    def _member(self, user, request, flow, found):
        """Return the Found of a user, who may pause what groups of other houses ask."""
        if flow.transport == CELLS and request.has(GROUP) and self.own.value(user, wishes.PAUSE):
            raise SipError(480, "%s takes no calls of groups now" % user.name)
        return found

    def _lists(self, group, request, beyond, now):
        """Return the Targets of each member who may ring now, in the order of this call.

        beyond: as of `caller` who calls from another house, and is not called by this.
        """
        node, lists = self.node, []
        for member in group.rings:
            user = node.settings.users.get(member)
            found = []
            if user is None:
                found = self._elsewhere(member, request, beyond, now)
            elif not self._rests(user, now) and self.rounds.takes(request, member):
                found = dialplan.member_targets(node.settings, node.location, member, now)
            lists += [found] if found else []
        if group.strategy == ROTATING and lists:
            turn = self.turns.get(group.name, 0)
            self.turns[group.name] = turn + 1
            begins = turn % len(lists)
            lists = lists[begins:] + lists[:begins]
        return lists

    def _elsewhere(self, member, request, beyond, now):
        """Return the Targets of a member elsewhere; none where no way leads there now, or none that
        who calls may take."""
        if beyond is not None and beyond == first(self.node.hooks.callee, _uri(member)):
            return []
        try:
            led = self.find(request, member, now)
        except SipError:
            return []
        caller = None if request.caller is None else request.caller.user
        if not led.stages or not barring.reaches(caller, led, self.node.settings.plan):
            return []
        return [_member(one, member) for one in led.stages[0]]

    def _rests(self, user, now):
        if self.own.value(user, wishes.PAUSE):
            return True
        return wishes.rests(user, self.own.of(user), self.own.minute(now))

    def branch(self, branch, target, now):
        """Plan who joins in, once the call of the first member is on its way."""
        context = branch.context
        lists, delay_ms = self.later.pop(context.request.call_id, ((), 0))
        if lists:
            self.node.deadlines.watch(Later(context, lists, delay_ms, now))
        return [], []

    def _join(self, later, now):
        targets = later.lists.pop(0)
        later.deadline = now + later.delay_ms if later.lists else None
        effects = self.forwarder.join(later.context, targets, now)
        if not effects:  # The call is over, or was answered.
            later.deadline = None
        self.node.deadlines.watch(later)
        return effects

    def follows(self, context):
        """Tell whether a call to a group goes on that no member takes."""
        group = context.callee
        return group is not None and group.kind == "group" and bool(group.overflow)

    def recourse(self, context, response, now):
        """Return where a call goes on that no member of its group took."""
        if not self.follows(context):
            return None
        return self._overflow(context.callee, context.request, now)

    def _overflow(self, group, request, now):
        if not group.overflow:
            return None
        self.rounds.again(request)
        led = self.find(request, group.overflow, now)
        return None if led.callee is group or not led.stages else led


def _uri(member):
    return uri.parse(member.encode())


def _member(target, member):
    fields = list(target)
    fields[5] = "member %s of a group, %s" % (member, target.reason)
    return dialplan.Target(*fields)
