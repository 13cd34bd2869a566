"""Keeps users from calls that the owner does not let them make: `option may_call`, `list only`,
`option call_hours`. Who sends a call on to elsewhere must be allowed to call there.

A door bell (`option door`) rings the house alone, whoever sends its call on, and is called by the
house alone: who talks to it can open the door.
"""

from ..errors import SipError
from ..limits import OWN
from ..sip import uri
from ..tu import barring, dialplan, diverted

ASKED = (b"INVITE", b"MESSAGE")


class Barring:
    """A feature. own: features.wishes.Wishes, which knows the time of day."""

    name = "barring"
    hooks, events = ("adopt", "lead", "seen_user"), ()
    users, wakers = {}, {}

    def __init__(self, node, own):
        self.node = node
        self.own = own
        self.bound = {}

    def adopt(self, settings):
        """Note whom the owner binds."""
        users = settings.users.values()
        self.bound = {user.name: user for user in users if barring.is_bound(user)}

    def lead(self, request, flow, found, now):
        """Refuse with 403 what its caller, or who sends it on, may not call."""
        if not self.bound or found.rule == dialplan.EMERGENCY or request.to.tag is not None:
            return found
        if request.method not in ASKED:
            return found
        caller, callee = request.caller.user, found.callee
        is_door = callee is not None and callee.kind == "user" and callee.door
        if is_door and request.caller.kind != OWN:
            raise SipError(403, "the door is called by the house only")
        targets = [one for stage in found.stages for one in stage]
        if not targets and found.callee is not None:  # A text may wait for one who is away.
            targets = [dialplan.towards(request.uri, None, "")]
        for target in targets:
            steps = diverted.steps(target)
            if steps and caller is not None and caller.kind == "user" and caller.door:
                level = barring.needed(found.rule, target, self.node.settings.plan)
                if barring.is_too_far(caller, level):
                    raise SipError(403, "the bell of %s rings in the house only" % caller.name)
            user = self.bound.get(steps[-1][0] if steps else caller and caller.name)
            if user is not None:
                self.check(user, found, target, b"" if steps else request.parsed_uri.user, now)
        return found

    def seen_user(self, user):
        """Tell of a user whether it is a door bell, for the list of users."""
        return {"door": self.node.settings.users[user].door}

    def check(self, user, found, target, dialled, now):
        """Refuse with 403 what a user may not call; dialled: octets, or b"" for a forward."""
        callee, meant = found.callee, uri.parse(target.uri)
        names = [dialled or b"", meant.user or b""]
        if callee is not None:
            known = (callee.name, callee.extension) + callee.alias
            names += [one.encode() for one in known if one]
        key = (meant.user or b"") + b"@" + (b"" if meant.host is None else meant.host_key)
        level, minute = (
            barring.needed(found.rule, target, self.node.settings.plan),
            self.own.minute(now),
        )
        problem = barring.why_not(user, level, [one for one in names if one], key, minute)
        if problem:
            raise SipError(403, problem)
