"""Ends a call on the owner's word, as a proxy can: by BYE to both ends, or by CANCEL and 480."""

from ..effects import Send
from ..errors import SipError
from ..tu import dialog, proxy
from ..tu.calls import RINGING

WORDS = "the owner of this node ended the call"
# RFC 3326, so that a phone logs no fault.
REASON = b'Reason: Q.850;cause=16;text="'


class Ending:
    """What the verb `hangup` does, and what ends a call that is not as safe as it should be."""

    def __init__(self, node, forwarder):
        self.node = node
        self.forwarder = forwarder

    def hang_up(self, call, now, words=WORDS):
        """End a live call; return the effects. words: why, without quotes."""
        ends = call.legs or ()
        context = call.context
        reason = REASON + words.encode() + b'"'
        was_ringing = call.state == RINGING
        flows = [None if leg is None else self.node.flow_to(call, leg) for leg in ends]
        self.node.calls.end(call, words, 480 if was_ringing else None, now)
        if was_ringing:
            context.refusal = (480, words)
            return self.forwarder.stop(context, reason, now)
        effects = [self.node.call_event(call, now)]
        if self.forwarder.relaying is not None:
            effects += self.forwarder.relaying.ended(call)
        for leg, flow in zip(ends, flows):
            if leg is not None:
                bye = dialog.request(leg, b"BYE", leg.cseq + 1, ((b"reason", reason),))
                effects += self.send(bye, leg, flow, None, now)
        return effects

    def take_back(self, branch, response, now):
        """Acknowledge a 2xx that is refused, and end what it began; return the effects."""
        request = branch.context.request
        call = branch.context.call or self.node.calls.live.get(request.call_id)
        leg = dialog.towards_called(request, response, None if call is None else call.token)
        if request.method != b"INVITE" or leg is None:
            return []
        methods = (b"ACK", b"BYE") if request.to.param(b"tag") is None else (b"ACK",)
        effects = []
        for method in methods:
            made = dialog.request(leg, method, leg.cseq + (method != b"ACK"))
            effects += self.send(made, leg, branch.transaction.flow, None, now)
        return effects

    def send(self, request, leg, flow, user, now):
        """Send a request to one end: by the flow on which it was last seen, or along its Routes.

        user: who is told what becomes of it (transaction/transaction.py), or None.
        """
        if flow is not None and not leg.routes:
            return self._send(request, leg, user, [flow], now)
        try:
            probe = proxy.forwarded(request, leg.target, leg.routes, b"Via: ", (), None)
            return self.forwarder.look_up(
                proxy.next_hop(probe),
                lambda hops, problem, now: self._send(request, leg, user, hops, now),
            )
        except SipError:
            return []  # Its words name no place to send to.

    def _send(self, request, leg, user, hops, now):
        listening = self.node.listening[hops[0].local] if hops else None
        if listening is None:
            return []
        mark = proxy.branch(self.node.instance, self.node.token(8), b"")
        via = proxy.via_line(listening, mark)
        request = proxy.forwarded(request, leg.target, leg.routes, via, (), None)
        if request.method == b"ACK":
            return [Send(hops[0], request.write())]
        return self.node.layer.send(request, hops[0], user, now, mark)[1]
