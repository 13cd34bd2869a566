"""A refusal: a response, and a note in the list of calls; or silence."""

from ..effects import Event, Note, sending
from ..errors import SipError
from ..limits import MAX_DATAGRAM_BYTES, STRANGER
from ..sip import uri, via
from ..sip.message import Request, response_to
from ..text import readable
from ..tu import dialplan, proxy, wording
from ..tu.calls import name_of

# What the log says of a refusal, and how much of what a stranger wrote.
WRONG_PASSWORD, MOST_SHOWN = ("wrong password", 64)


class Refusals:
    """Says no. admission: bounds how often a source is answered that sends what cannot be read."""

    def __init__(self, node, admission):
        self.node = node
        self.admission = admission

    def unreadable(self, error, data, flow, now):
        """Refuse what the parser refused, in true words where it was a datagram that was cut."""
        request = error.partial
        if request is not None and flow.transport == "udp" and len(data) >= MAX_DATAGRAM_BYTES:
            error = SipError(513, "datagrams of at most %d octets are taken" % MAX_DATAGRAM_BYTES)
        return self.malformed(error, request, flow, now)

    def malformed(self, error, request, flow, now):
        """Refuse what can be answered, drop the rest; a source has a bound on both.

        request: what could be read of it, or None.
        """
        self.node.counters["malformed"] += 1
        if not isinstance(request, Request) or request.method == b"ACK":
            return []
        if not request.has(b"via") or not self.admission.is_within_rate(flow, now):
            return []
        back = flow
        try:
            via.note_source(request, flow)
            back = via.reply_flow(request, flow)
        except SipError:
            pass  # The Via cannot be read: the answer goes to where the request came from.
        tag = self.node.tag()
        response = response_to(request, error.status, error.reason, error.headers, tag)
        return [sending(back, response)]

    def refuse(self, request, server, error, now):
        """Answer a request with a SipError; return the effects."""
        node = self.node
        if error.status not in (401, 407):  # A challenge is counted as such.
            node.counters["refused"] += 1
        reason, effects = error.reason, []
        if request.method == b"INVITE" and reason is not None:
            reason = wording.sentence(error.status, reason.encode(), _dialled(request)).decode()
        if error.account is not None:
            effects = self._note_stranger(request, server.flow, error, now)
        elif error.status not in (401, 407):
            effects = self._note(request, server, error, reason, now)
        tag = self.tag_of(request)
        response = response_to(request, error.status, reason, error.headers, tag)
        if request.method == b"INVITE" and not server.reliable:
            return node.layer.refuse(server, response) + effects
        return node.layer.respond(server, response, now) + effects

    def _note_stranger(self, request, flow, error, now):
        """Tell the owner whom the node sends away; programs such as fail2ban read the line."""
        account = error.account
        who = name_of(request.from_) if account is None else readable(account)
        why = readable(error.reason.encode()) if account is None else WRONG_PASSWORD
        # Nothing that a stranger wrote may look like another line of this form.
        who, method = who.replace(" ", "_")[:MOST_SHOWN], readable(request.method)[:MOST_SHOWN]
        dialled = _dialled(request)[:MOST_SHOWN]
        refusal = dialled, error.status, why
        self.node.strangers.note(flow.host, refusal, account is not None, now)
        fields = {"address": flow.host, "account": who, "method": method, "dialled": dialled,
                  "status": error.status, "why": why}  # fmt: skip
        words = "refused %s of %s from %s (%s)" % (method, who, flow.host, why)
        return [Note("notice", words), Event("refused", fields)]

    def tag_of(self, request):
        """Return the To tag of refusals of one Call-ID; the ACK for one is known by it.

        The octet in front keeps it apart from the token of any dialog (proxy.dialog_token).
        """
        return proxy.dialog_token(self.node.proof, b"\n" + request.call_id)

    def _note(self, request, server, error, words, now):
        """Note a call that did not ring: of the family in the history, of strangers beside it."""
        flow, caller, calls = server.flow, request.caller, self.node.calls
        is_known = caller is not None and caller.kind != STRANGER
        if not is_known and self.admission.kind(flow) == STRANGER:
            return self._note_stranger(request, flow, error, now)
        if request.method != b"INVITE":
            return []
        call = calls.live.get(request.call_id) or calls.begin(request, server.flow, now)
        if call is None:
            return []
        call.concern(caller and caller.user, self._callee(request))
        calls.refuse(call, error.status, words, now)
        return self.node.changed(call, now)

    def _callee(self, request):
        """Return the section of who was to be called, or None."""
        try:
            target = request.parsed_uri
            return (
                dialplan.callee(self.node.settings, target) if self.node.is_ours(target) else None
            )
        except SipError:
            return None


def _dialled(request):
    """Return what a request asks for, as people dial it."""
    try:
        return readable(request.parsed_uri.name or uri.without_secrets(request.uri))
    except SipError:
        return readable(request.uri)
