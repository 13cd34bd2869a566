"""Forwarding: where the calls of a user go on, at once or where nobody answers."""

from ..sip import uri
from ..tu import dialplan


class Diversion:
    """A feature. node: the Node, of which it reads settings and bindings."""

    name = "diversion"
    hooks, events = ("lead",), ()
    users, wakers = {}, {}

    def __init__(self, node):
        self.node = node

    def lead(self, request, found, now):
        """Return a Found with what follows the phones of a user whose calls are forwarded.

        One step only: where the second one forwards too, the call ends there.
        """
        user = found.callee
        if request.method != b"INVITE" or found.rule != dialplan.LOCAL:
            return found
        if user is None or user.kind != "user" or not user.forward:
            return found
        onward = self._onward(user, now)
        if not onward:
            return found
        if not user.forward_after:
            return dialplan.Found(found.rule, onward, user, None)
        patience = user.forward_after * 1000
        return dialplan.Found(found.rule, found.stages + onward, user, patience)

    def _onward(self, user, now):
        address = user.forward.encode()
        if b":" not in address:
            address = b"tel:" + address
        node = self.node
        led = dialplan.find(node.settings, node.listening, node.location, uri.parse(address), now)
        if led.rule in (dialplan.LOCAL, dialplan.EMERGENCY) or not led.stages:
            return led.stages
        words = "forwarding of %s" % user.name
        return [[dialplan.towards(one.uri, one.flow, words) for one in led.stages[0]]]
