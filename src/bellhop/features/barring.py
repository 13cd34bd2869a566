"""Keeps users from calls that the owner does not let them make: `option may_call`, `list only`,
`option call_hours`. Who sends a call on to elsewhere must be allowed to call there."""

from ..errors import SipError
from ..sip import uri
from ..tu import barring, dialplan, diverted

ASKED = (b"INVITE", b"MESSAGE")


class Barring:
    """A feature. own: features.wishes.Wishes, which knows the time of day."""

    name = "barring"
    hooks, events = ("adopt", "lead"), ()
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
        caller, targets = request.caller.user, [one for stage in found.stages for one in stage]
        if not targets and found.callee is not None:  # A text may wait for one who is away.
            targets = [dialplan.towards(request.uri, None, "")]
        for target in targets:
            steps = diverted.steps(target)
            user = self.bound.get(steps[-1][0] if steps else caller and caller.name)
            if user is not None:
                self.check(user, found, target, b"" if steps else request.parsed_uri.user, now)
        return found

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
