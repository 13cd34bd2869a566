"""Sends the ACK of a 2xx on, without state (RFC 3261 section 16.11)."""

from ..effects import sending
from ..tu import proxy
from .transports import forwarded, may_carry


class Acks:
    """ACKs between the two ends of a call."""

    def __init__(self, node, lookups):
        self.node = node
        self.lookups = lookups
        self.sent = 0

    def forward(self, request, found, flow, now):
        """Forward the ACK of a 2xx, without state."""
        proxy.check_hops(request)
        target = found.stages[0][0]
        self.sent += 1
        if target.flow is not None:
            return self._send(request, target, target.flow, now)
        probe = proxy.forwarded(request, target.uri, target.path, b"Via: ", (), None)
        return self.lookups.ask(
            proxy.next_hop(probe),
            lambda hops, problem, now: self._send(request, target, hops[0], now) if hops else [],
        )

    def _send(self, request, target, flow, now):
        listening = self.node.listening[flow.local]
        if listening is None or not may_carry(flow, request.uri, target.uri):
            return []
        _, ack = forwarded(self.node, request, target, listening)
        self.node.calls.renumber(ack)
        effects = []
        for hook in self.node.hooks.request:
            ack, more = hook(None, ack, now)
            effects += more
            if ack is None:
                return effects
        return effects + [sending(flow, ack)]
