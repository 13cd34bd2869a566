"""What the caller hears, and what it means for the call."""

from ..errors import SipError
from ..sip import scan
from ..sip.message import Response
from ..tu import dialog, dialplan, proxy, wording
from .feature import first

# Final responses that say no more than "not there now".
SILENCE = (408, 430, 480, 503)
# Requests inside a dialog that may change its sound (RFC 3311 section 5.1).
RENEWING = (b"INVITE", b"UPDATE")


class Answers:
    """Gives callers the responses that were chosen."""

    def __init__(self, node):
        self.node = node

    def respond(self, context, response, now):
        """Give a response to the caller and note what it means for the call."""
        if response is None or response.status in SILENCE:
            taken = self._absent(context, now)
            if taken is not None or response is None:
                return taken or []
        effects = []
        call = context.call
        if 100 < response.status < 200:
            context.hear(response)
        # Of a subscription from before a restart its refresh is the first that is heard.
        is_first = proxy.begins_dialog(context.request) or context.request.method == b"SUBSCRIBE"
        if 100 < response.status < 300 and is_first:
            self.node.dialogs.begin(context.request, response)
        if call is not None and response.status < 200 and self.node.calls.ring(call, now):
            effects += self.node.changed(call, now)
        if call is not None and response.status >= 200:
            context.hear(None)
            if response.status < 300:
                call.establish(_legs(context, response, call.dialog_token))
                self.node.calls.answer(call, response.status, now)
            else:
                reason = response.reason.decode() if _is_ascii(response.reason) else "?"
                self.node.calls.refuse(call, response.status, reason, now)
            effects += self.node.changed(call, now)
        elif 200 <= response.status < 300:
            effects += self._renew(context.request, response, now)
        return self.node.layer.respond(context.server, response, now) + effects

    def _renew(self, request, response, now):
        """Let features see what a re-INVITE or UPDATE changes in its call; return the effects."""
        call = self.node.calls.live.get(request.call_id)
        if call is None or request.method not in RENEWING:
            return []
        before = call.held_by
        for renewed in self.node.hooks.renewed:
            renewed(call, request, response)
        return [] if call.held_by == before else self.node.changed(call, now)

    def _absent(self, context, now):
        """Return the effects of a feature that takes a request which no phone took, or None."""
        for branch in context.branches:
            if branch.target.binding is not None:
                user, asked = branch.target.binding.user, self.node.hooks.absent
                return first(asked, user, context.request, context.server, context.flow, now)
        return None

    def note_caller(self, context):
        """Who calls is a party of the call from now on."""
        request, flow = context.request, context.flow
        named = [request.contacts[0].uri_bytes] if request.contacts else []
        phone = self.node.phone_of(request, flow)
        context.call.parties.note(request.from_.tag, named, flow, phone)

    def came_back(self, binding):
        """A phone whose stream closed while it called is here again: its answers go there."""
        for call in self.node.calls.live.values():
            server = None if call.context is None else call.context.server
            if server is None or not server.reliable or server.flow.connection:
                continue
            caller = call.parties.by_tag.get(call.from_.tag)
            phone = None if caller is None else caller.binding
            if phone is not None and self.node.location.current(phone) is binding:
                server.take_flow(binding.flow)

    def note_party(self, branch, response):
        """Who answers with a tag is a party of the call from now on (section 12.1)."""
        call = self.node.calls.live.get(branch.context.request.call_id)
        if call is None or not 100 < response.status < 300 or branch.transaction is None:
            return
        tag, said = dialog.tag_of(response), response.value(b"contact")
        party = call.parties.by_tag.get(tag)
        if party is not None and party.said == said:
            return  # It has said so when it rang.
        named = [branch.target.uri] + [
            contact.uri_bytes for contact in dialog.contacts_of(response)
        ]
        flow, binding = branch.transaction.flow, branch.target.binding
        call.parties.note(tag, named, flow, binding, said)

    def tell_who(self, context, target, response):
        """Note who answers; a caller who asks for help is shown it (RFC 3325)."""
        if context.call is not None and 200 <= response.status < 300:
            context.call.answer_from(target.reason, user_at(target))
        if context.is_help and 100 < response.status < 300:
            address = target.uri
            if target.binding is not None:
                address = b"sip:" + target.binding.user.encode() + b"@" + self.node.settings.domain
            shown = scan.shown(target.reason.encode()) + b" <" + address + b">"
            response.set(b"p-asserted-identity", b"P-Asserted-Identity: " + shown)


def user_at(target):
    """Return the name of the user here whose phone a Target is, or None."""
    return None if target.binding is None else target.binding.user


def _legs(context, response, token):
    invite = context.request
    try:
        caller = dialog.towards_caller(invite, response)
        called = dialog.towards_called(invite, response, token)
    except SipError:
        return None
    for branch in context.branches if called is not None else ():
        if branch.final is not None and branch.final < 300:
            called.shift_by(branch.shift)
    return caller, called


def worded(context, response):
    """Return a refusal with a sentence for people, in the phrase and as a Reason (RFC 3326)."""
    callee, status = context.callee, response.status
    name = dialplan.spoken(context.request.parsed_uri) if callee is None else callee.name
    words = wording.sentence(status, response.reason, name)
    if words == response.reason:
        return response
    made = Response(status, words, response.names[:], response.lines[:], response.body)
    made.set(b"reason", b"Reason: SIP;cause=%d;text=%s" % (status, scan.quote(words)))
    return made


def _is_ascii(value):
    return not [octet for octet in value if not 32 <= octet < 127]
