"""Requests of the node's own, outside of dialogs and inside (RFC 3261 sections 8.1 and 12.2.1).

Here and nowhere else a request of the node's own gets its Via and is sent. A request comes without
Via and Route; user: who is told what becomes of it (transaction/transaction.py), or None.
"""

from ..effects import sending
from ..errors import SipError
from ..tu import proxy


class Uac:
    """The node as a user agent client."""

    def __init__(self, node, lookups):
        self.node = node
        self.lookups = lookups

    def send(self, request, flow, user, now, path=()):
        """Send over a flow; path: Route values. Return (client transaction or None, effects).

        Nothing is sent where the network of the flow is gone.
        """
        return self._send(proxy.routed(request, path), flow, user, now)

    def seek(self, request, user, now, path=()):
        """Send to the first hop that its Route or its Request-URI leads to; return the effects."""
        request = proxy.routed(request, path)
        return self.lookups.ask(
            proxy.next_hop(request),
            lambda hops, problem, now: self._send(request, hops[0], user, now)[1] if hops else [],
        )

    def within(self, dialog, request, flow, user, now):
        """Send inside a Dialog: by the flow where its other end was seen last, or along its Route.

        Returns the effects; none where what the other end wrote names no place to send to.
        """
        if flow is not None and not dialog.routes:
            return self.send(request, flow, user, now)[1]
        try:
            return self.seek(request, user, now, dialog.routes)
        except SipError:
            return []

    def _send(self, request, flow, user, now):
        node = self.node
        listening = node.listening[flow.local]
        if listening is None:
            return None, []
        # A text is the same after a restart, so that a phone that has it shows it once.
        is_text = request.method == b"MESSAGE"
        random = node.proof.of(request.call_id + request.uri)[:12] if is_text else node.random(8)
        mark = proxy.branch(b"" if is_text else node.instance, random, b"")
        request.insert(b"via", proxy.via_line(listening, mark))
        request.measure()
        if request.method == b"ACK":
            return None, [sending(flow, request)]
        return node.layer.send(request, flow, user, now, mark)
