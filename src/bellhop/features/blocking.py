"""Refuses the callers whom the owner does not want: `list blocked` of `config node`."""

from ..errors import SipError
from ..limits import OWN
from ..tu import dialplan
from ..tu.calls import name_of


class Blocking:
    """A feature. node: the Node, of which it reads the settings."""

    name = "blocking"
    hooks, events = ("screen", "counters"), ()
    users, wakers = {}, {}

    def __init__(self, node):
        self.node = node
        self.refused = 0

    def screen(self, request, flow, found, caller):
        """Refuse with 603 what begins at somebody blocked, but for calls for help."""
        blocked = self.node.settings.blocked
        if not blocked or caller.kind == OWN or request.to.tag is not None:
            return
        if found.rule == dialplan.EMERGENCY:
            return
        who = name_of(request.from_).lower()
        if who in blocked or who.rpartition("@")[2] in blocked or flow.host in blocked:
            self.refused += 1
            raise SipError(603, "this caller is blocked")

    def counters(self):
        """Return {part: {name: number}}."""
        return {"blocking": {"refused": self.refused}}
