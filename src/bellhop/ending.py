"""Ends a call on the owner's word, as a proxy can: by BYE to both ends, or by CANCEL and 480."""

from .errors import SipError
from .tu import legs, proxy, response_context
from .tu.calls import RINGING

WORDS = "the owner of this node ended the call"
# RFC 3326, so that a phone logs no fault.
REASON = (b"reason", b'Reason: Q.850;cause=16;text="' + WORDS.encode() + b'"')


class Ending:
    """What the verb `hangup` does."""

    def __init__(self, node, forwarder):
        self.node = node
        self.forwarder = forwarder

    def hang_up(self, call, now):
        """End a live call; return the effects."""
        ends = call.legs or ()
        context = call.context
        was_ringing = call.state == RINGING
        flows = call.flows
        self.node.calls.end(call, WORDS, 480 if was_ringing else None, now)
        if was_ringing:
            context.refusal = (480, WORDS)
            return self.forwarder.stop(context, REASON[1], now)
        effects = [self.node.call_event(call, now)]
        for leg in ends:
            if leg is not None:
                effects += self._bye(leg, flows.get(leg.target), now)
        return effects

    def _bye(self, leg, flow, now):
        """Send BYE to one end: by the flow on which it was last seen, or along its Routes."""
        bye = legs.request(leg, b"BYE", leg.cseq + 1, (REASON,))
        effects = []
        if self.forwarder.relaying is not None:
            effects = self.forwarder.relaying.request(None, bye, now)[1]
        return effects + self._towards(bye, leg, flow, now)

    def _towards(self, bye, leg, flow, now):
        if flow is not None and not leg.routes:
            return self._send(bye, leg, [flow], now)
        try:
            probe = proxy.forwarded(bye, leg.target, leg.routes, b"Via: ", (), None)
            return self.forwarder.look_up(
                proxy.next_hop(probe), lambda hops, problem, now: self._send(bye, leg, hops, now)
            )
        except SipError:
            return []  # Its words name no place to send to.

    def _send(self, bye, leg, hops, now):
        listening = self.node.listening[hops[0].local] if hops else None
        if listening is None:
            return []
        mark = proxy.branch(self.node.instance, self.node.token(8), b"")
        via = proxy.via_line(listening, mark)
        request = proxy.forwarded(bye, leg.target, leg.routes, via, (), None)
        return self.node.layer.send(request, hops[0], None, now, mark)[1]
