"""A refusal: a response, and a note in the list of calls; or silence."""

from ..effects import Send
from ..errors import SipError
from ..sip import via
from ..sip.message import Request, response_to
from ..tu import proxy


class Refusals:
    """Says no. admission: bounds how often a source is answered that sends what cannot be read."""

    def __init__(self, node, admission):
        self.node = node
        self.admission = admission

    def malformed(self, error, flow, now):
        """Refuse what can be answered, drop the rest; a source has a bound on both."""
        self.node.counters["malformed"] += 1
        request = getattr(error, "partial", None)
        if not isinstance(request, Request) or request.method == b"ACK":
            return []
        if b"via" not in request.names or not self.admission.may_knock(flow, now):
            return []
        back = flow
        try:
            via.note_source(request, flow)
            back = via.reply_flow(request, flow)
        except SipError:
            pass  # The Via cannot be read: the answer goes to where the request came from.
        tag = self.node.tag()
        response = response_to(request, error.status, error.reason, error.headers, tag)
        return [Send(back, response.write())]

    def refuse(self, request, server, error, now):
        """Answer a request with a SipError; return the effects."""
        node = self.node
        node.counters["refused"] += 1
        effects = []
        if request.method == b"INVITE" and error.status not in (401, 407):
            effects = self._note(request, server, error, now)
        tag = self.tag_of(request)
        response = response_to(request, error.status, error.reason, error.headers, tag)
        if request.method == b"INVITE" and not server.reliable:
            return node.layer.refuse(server, response) + effects
        return node.layer.respond(server, response, now) + effects

    def tag_of(self, request):
        """Return the To tag of refusals of one Call-ID; the ACK for one is known by it.

        The octet in front keeps it apart from the token of any dialog (proxy.dialog_token).
        """
        return proxy.dialog_token(self.node.proof, b"\n" + request.call_id)

    def _note(self, request, server, error, now):
        calls = self.node.calls
        call = calls.live.get(request.call_id) or calls.begin(request, server.flow, now)
        if call is None:
            return []
        calls.refuse(call, error.status, error.reason, now)
        return self.node.changed(call, now)
