"""A request to others: whom it means, may it go there, what becomes of it (RFC 3261 section 16)."""

from ..errors import SipError
from ..limits import OWN
from ..sip import scan
from ..sip.message import Request
from ..text import readable
from ..tu import border, dialplan, proxy
from ..tu.calls import CALLED_HUNG_UP, CALLER_HUNG_UP, FORGOTTEN, Call
from .feature import first

# RFC 7135: the namespace of emergency calls, its highest value.
PRIORITY = b"Resource-Priority: esnet.4"


class Routing:
    """Decides about requests that are not for the node itself."""

    users = {}

    def __init__(self, node, admission, refusals, forwarder, acks):
        self.node = node
        self.admission = admission
        self.refusals = refusals
        self.forwarder = forwarder
        self.acks = acks
        self.wakers = {Call: self._forget}

    def route(self, request, server, flow, tokens, now):
        """Send a request on its way; return the effects, or refuse it."""
        node, hooks = self.node, self.node.hooks
        found = self.whom(request, now)
        caller = self.admission.admit(request, tokens, found, flow, now)
        request.be_admitted(caller)
        if caller.kind != OWN and request.wrote is not None:
            raise SipError(403, "a Route without lr is for phones of this house")
        notes = self._clean(request, caller)
        found = self._lead(request, found, flow, now)
        for screen in hooks.screen:
            screen(request, flow, found, caller)
        effects = first(hooks.take, request, server, flow, caller, now)
        if effects is not None:
            return effects
        if found.rule == dialplan.EMERGENCY:
            request.set(b"resource-priority", PRIORITY)
        if not found.stages:
            return self._absent(request, server, flow, found, now)
        found = self._steer(request, found)
        call = self._begin(request, flow, now)
        if call is not None:
            call.concern(caller.user, found.callee)
        context = self.forwarder.context(request, server, flow, found, call, now)
        if call is not None:
            call.begin(found.rule, notes, context)
        effects = self.forwarder.forward(context, now)
        if request.method == b"BYE":
            effects += self._hung_up(request, now)
        elif call is None and request.call_id in node.calls.live:
            effects += node.noted(node.calls.live[request.call_id], now)
        return effects

    def _clean(self, request, caller):
        """Take off what the sender may not say; return what is to be noted of that."""
        user = caller.user
        has_right = user is not None and user.kind == "user" and user.intercom
        is_foreign = border.take_foreign(request, has_right)
        border.take_credentials(request, self.node.settings.realm)
        border.clean_name(request)
        return [border.TOLD] if is_foreign else []

    def _lead(self, request, found, flow, now):
        """Return where a request goes on from whom it means, but not to the phone that sent it."""
        for lead in self.node.hooks.lead:
            found = lead(request, flow, found, now)
        if request.method != b"INVITE" or request.to.tag is not None:
            return found
        phone = self.node.phone_of(request, flow)
        return found if phone is None else dialplan.without(found, phone)

    def whom(self, request, now):
        """Return whom a request means (dialplan.Found), here and by the features of the node."""
        found = self.find(request, now)
        for locate in self.node.hooks.locate:
            found = locate(request, found, now)
        return found

    def sent_on(self, request, place, now):
        """Return whom a request means that is sent on to a place (text: what is dialled, or a URI).

        What is elsewhere may be in the mesh: who knows is asked as for the phone book.
        """
        address = (place if ":" in place else "tel:" + place).encode()
        probe = Request(request.method, address, request.names[:], request.lines[:])
        probe.remove(b"route")
        node = self.node
        found = dialplan.find(node.settings, node.listening, node.location, probe.parsed_uri, now)
        for locate in node.hooks.locate:
            found = locate(probe, found, now)
        if found.rule != dialplan.ELSEWHERE:
            return found
        return dialplan.Found(dialplan.PHONE_BOOK, found.stages, found.callee, found.patience)

    def find(self, request, now):
        """Return whom the Route, a dialog or the dial plan says that a request means."""
        node = self.node
        found = None if request.to.tag is None else first(node.hooks.within, request)
        if found is not None:
            return found
        if request.has(b"route"):
            hop = request.addresses(b"route")[0].uri
            target = dialplan.towards(request.uri, None, "Route of the caller")
            if hop.host is None:
                raise SipError(416, "Unsupported URI Scheme")
            return dialplan.Found(dialplan.ELSEWHERE, [[target]], None, None)
        target = request.parsed_uri
        party = node.calls.meant(request)
        if party is not None and not node.is_ours(target):
            return dialplan.to_party(node.location, party, request.uri)
        meant = None if request.to.tag is None else dialplan.callee(node.settings, request.to.uri)
        user = None if meant is None else meant.name
        return dialplan.find(node.settings, node.listening, node.location, target, now, user)

    def _steer(self, request, found):
        """Bring an INVITE with Replaces (RFC 3891) to the device that has the call."""
        replaces = request.value(b"replaces") if request.method == b"INVITE" else None
        if replaces is None:
            return found
        call_id, _, params = replaces.partition(b";")
        call = self.node.calls.live.get(call_id.strip())
        tag = scan.parameter(scan.parameters(params), b"to-tag")
        party = None if call is None else call.parties.by_tag.get(tag)
        if party is None:
            return found
        binding = None if party.binding is None else self.node.location.current(party.binding)
        those = [
            one
            for stage in found.stages
            for one in stage
            if one.flow == party.flow or (binding is not None and one.binding is binding)
        ]
        return dialplan.Found(found.rule, [those], found.callee, None) if those else found

    def _absent(self, request, server, flow, found, now):
        """Nobody to send it to: a feature may take it, else it is refused."""
        user = found.callee
        if found.rule == dialplan.EMERGENCY:
            raise SipError(480, "no responder can be reached: call another way")
        if user is None:
            raise SipError(404, "nobody here is called %s" % dialplan.spoken(request.parsed_uri))
        hooks = self.node.hooks.absent if user.kind == "user" else ()
        effects = first(hooks, user.name, request, server, flow, now)
        if effects is not None:
            return effects
        raise SipError(480, "no phone of %s is registered" % user.name)

    # Calls.

    def _begin(self, request, flow, now):
        """Return the new Call of an INVITE that begins one, else None."""
        node = self.node
        if request.method == b"INVITE":
            node.trace.begin(request.call_id)
            call = node.calls.begin(request, flow, now)
            if call is not None:
                node.deadlines.watch(call)
                return call
        if request.method != b"BYE":
            node.calls.follow(request, flow)
        return None

    def _hung_up(self, request, now):
        call = self.node.calls.live.get(request.call_id)
        if call is None:
            return []
        if call.context is not None:
            call.context.let_go()
        from_caller = request.from_.tag == call.from_.tag
        ending = CALLER_HUNG_UP if from_caller else CALLED_HUNG_UP
        words = "the " + ending
        reason = request.value(b"reason")
        if reason is not None:  # A node says why it ends a call (RFC 3326).
            words += ": " + readable(reason.partition(b'text="')[2].partition(b'"')[0] or reason)
        self.node.calls.end(call, ending, words, None, now)
        return self.node.changed(call, now)

    def _forget(self, call, now):
        words = "forgotten: nobody told its end for 12 hours"
        self.node.calls.end(call, FORGOTTEN, words, None, now)
        return self.node.changed(call, now)

    # The ACK of a 2xx, which is a request of its own (section 13.2.2.4).

    def acknowledge(self, request, flow, now):
        """Send an ACK on that no transaction here waits for; return the effects."""
        tag = request.to.tag or b""
        if len(tag) == proxy.TOKEN_OCTETS and tag == self.refusals.tag_of(request):
            return []
        try:
            tokens = proxy.preprocess_route(request, self.node.is_ours, self.node.has_written)
            if self.node.is_for_node(request):
                return []
            found = self.find(request, now)
            if not found.stages:
                return []
            if self.admission.may_acknowledge(request, tokens, found, flow):
                border.take_foreign(request)
                border.take_credentials(request, self.node.settings.realm)
                return self.acks.forward(request, found, flow, now)
        except SipError:
            pass
        self.node.counters["dropped"] += 1
        return []
