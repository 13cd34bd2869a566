"""Groups: who rings for whom, in which order, for how long, and what follows.

The dial plan knows who the members are; here some of them rest, others begin, and more join in.
"""

from ..errors import SipError
from ..tu import dialplan, wishes

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
        self.turns = {}
        self.later = {}
        self.wakers = {Later: self._join}

    def lead(self, request, flow, found, now):
        """Return how the members of a group ring that is called."""
        group = found.callee
        if request.method != b"INVITE" or request.to.tag is not None:
            return found
        if found.rule != dialplan.LOCAL or group is None or group.kind != "group":
            return found
        lists = self._lists(group, request, now)
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

    def _lists(self, group, request, now):
        """Return the Targets of each member who may ring now, in the order of this call."""
        node, lists = self.node, []
        for member in group.rings:
            user = node.settings.users.get(member)
            found = []
            if user is None:
                found = self._elsewhere(member, request, now)
            elif not self._rests(user, now):
                found = dialplan.member_targets(node.settings, node.location, member, now)
            lists += [found] if found else []
        if group.strategy == ROTATING and lists:
            turn = self.turns.get(group.name, 0)
            self.turns[group.name] = turn + 1
            first = turn % len(lists)
            lists = lists[first:] + lists[:first]
        return lists

    def _elsewhere(self, member, request, now):
        """Return the Targets of a member elsewhere; none where no way leads there now."""
        try:
            stages = self.find(request, member, now).stages
        except SipError:
            return []
        return [_member(one, member) for one in stages[0]] if stages else []

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
        led = self.find(request, group.overflow, now)
        return None if led.callee is group or not led.stages else led


def _member(target, member):
    fields = list(target)
    fields[5] = "member %s of a group, %s" % (member, target.reason)
    return dialplan.Target(*fields)
