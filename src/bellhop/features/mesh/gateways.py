"""The telephone network by other nodes of the mesh, whose owners offer and pay it (flag PSTN).

Asked last: where no provider of this house calls a number. Contacts come first, then who is near.
"""

from ...mesh.record import PSTN
from ...sip import numbers
from ...tu import dialplan

GATEWAY = "gateway"
RULES = (GATEWAY,)
# How many are asked, one after the other.
MOST = 3


class Gateways:
    """A feature. dialling: dialling.Dialling."""

    name = "gateways"
    hooks, events = ("locate",), ()
    users, wakers = {}, {}

    def __init__(self, node, mesh, dialling):
        self.node = node
        self.mesh = mesh
        self.dialling = dialling

    def locate(self, request, found, now):
        """Return the nodes that call a number which nobody else here can."""
        if request.method != b"INVITE" or request.to.tag is not None or found.stages:
            return found
        if found.rule != dialplan.LOCAL or found.callee is not None:
            return found
        number = numbers.e164(self.node.settings.plan, request.parsed_uri.name)
        targets = [] if number is None else self._targets(number)
        if not targets:
            return found
        return dialplan.Found(GATEWAY, [[dialplan.chained(targets)]], None, None)

    def _targets(self, number):
        contacts, rows = self.mesh.settings.contacts, []
        for node, hops in self.mesh.flagged(PSTN):
            rows.append((node not in contacts, hops, node))
        targets = []
        for _, _, node in sorted(rows)[:MOST]:
            words = "telephone network by %s, who pays" % self.dialling.place(node)
            way = self.dialling.way(node, number, words)
            if way is not None:
                targets.append(way)
        return targets
