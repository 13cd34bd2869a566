"""Ends a call on the owner's or a feature's word: by BYE to both ends, or by CANCEL and 480."""

from ..tu import dialog
from ..tu.calls import BY_NODE, BY_OWNER, RINGING

WORDS = "the owner of this node ended the call"
# RFC 3326, so that a phone logs no fault.
REASON = b'Reason: Q.850;cause=16;text="'


class Release:
    """stop(context, reason line, now): cancels the branches that ring, returns the effects."""

    def __init__(self, node, uac, stop):
        self.node = node
        self.uac = uac
        self.stop = stop

    def hang_up(self, call, now, words=WORDS):
        """End a live call; return the effects. words: why, without quotes."""
        ends = call.legs or ()
        context = call.context
        reason = REASON + words.encode() + b'"'
        was_ringing = call.state == RINGING
        flows = [None if leg is None else self.node.flow_to(call, leg) for leg in ends]
        ending = BY_OWNER if words == WORDS else BY_NODE
        self.node.calls.end(call, ending, words, 480 if was_ringing else None, now)
        if was_ringing:
            context.refuse(480, words)
            return self.stop(context, reason, now)
        effects = self.node.changed(call, now)
        for ended in self.node.hooks.ended:
            effects += ended(call)
        for leg, flow in zip(ends, flows):
            if leg is not None:
                bye = dialog.request(leg, b"BYE", leg.cseq + 1, ((b"reason", reason),))
                effects += self.uac.within(leg, bye, flow, None, now)
        return effects

    def release_accepted(self, branch, response, now):
        """Acknowledge a 2xx that nobody wants, and end what it began; return the effects."""
        request = branch.context.request
        call = branch.context.call or self.node.calls.live.get(request.call_id)
        if request.method != b"INVITE":
            return []
        token = None if call is None else call.dialog_token
        leg = dialog.towards_called(request, response, token, branch.target.uri)
        methods = (b"ACK", b"BYE") if request.to.param(b"tag") is None else (b"ACK",)
        effects, number = [], response.cseq[0]
        for method in methods:
            made = dialog.request(leg, method, number + (method != b"ACK"))
            effects += self.uac.within(leg, made, branch.transaction.flow, None, now)
        return effects
