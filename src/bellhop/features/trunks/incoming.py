"""What providers ask: calls by their lines, and what stands inside a call (RFC 3261 section 12)."""

import binascii

from ...effects import Receive
from ...errors import SipError
from ...sip import scan, via
from ...sip.message import Request, response_to
from ...transaction.transaction import CANCELLED
from ...tu import dialog
from . import gate
from .calls import TELLING, WITHIN
from .leg import Came
from .legs import BRANCH, NEXT

# What a provider asks to hear whether this node is there.
ASKING = (b"OPTIONS", b"NOTIFY")
# What a CANCEL repeats of its INVITE (section 9.1).
REPEATED = (b"via", b"max-forwards", b"from", b"to", b"call-id")


class Incoming:
    """legs: legs.Legs; calls: calls.Calls; trunks: the feature, which knows providers."""

    def __init__(self, node, legs, calls, trunks):
        self.node = node
        self.legs = legs
        self.calls = calls
        self.trunks = trunks

    def arrives(self, request, server, flow, now):
        """Take a request of a provider's dialog, or a call by a provider's line, else None.

        server: its transaction, None for an ACK.
        """
        leg = self.legs.by_far.get(request.call_id)
        if leg is not None and request.to.tag is None and request.method == b"INVITE":
            return self._respond(server, request, 482, "the call is here already", now)
        if leg is None or request.to.tag is None:
            return self._called(request, server, flow, now)
        if not _is_of(leg, request):
            return self._respond(server, request, 481, None, now)
        method = request.method
        if method == b"ACK":
            return self._bring(leg, request, None, now)
        if method in ASKING:
            return self._respond(server, request, 200, None, now)
        if method not in WITHIN:
            return self._respond(server, request, 405, "phones here take no such request", now)
        return self._bring(leg, request, server, now)

    def _respond(self, server, request, status, reason, now):
        if server is None:
            return []
        response = response_to(request, status, reason, (), self.node.tag())
        return self.node.layer.respond(server, response, now)

    def _called(self, request, server, flow, now):
        """A request outside of all dialogs: by a provider's line, or nobody's; None for those."""
        provider = self.trunks.line_of(request, flow)
        if provider is None or request.to.tag is not None:
            return None
        if request.method in ASKING:
            return self._respond(server, request, 200, None, now)
        if request.method not in (b"INVITE", b"MESSAGE"):
            return self._respond(server, request, 405, "not here", now)
        try:
            place = self.trunks.called(provider, request, now)
            self.legs.check_room(provider)
        except SipError as error:
            status = 486 if error.status == NEXT else error.status
            return self._respond(server, request, status, error.reason, now)
        leg = self.legs.new(provider, None, request.call_id, False, now)
        self.legs.counters["in"] += 1
        leg.far_tag = request.from_.tag
        self.trunks.introduce(leg, request, place)
        return self._bring(leg, request, server, now)

    def _bring(self, leg, request, server, now):
        """Bring a request of the provider into the house; return the effects."""
        method, number = request.method, request.cseq[0]
        near, far_tag = leg.near_number(number), request.from_.tag or b""
        to_tag = _near_tag(leg, request)
        mark = b"" if method in (b"INVITE", b"CANCEL") else method
        key = leg.far_id + b"%d" % number + mark + far_tag
        branch = BRANCH + binascii.hexlify(self.node.proof.of(key)[:12])
        made = Request(method, self.legs.place_of(leg, to_tag), [], [], b"")
        made.add(b"via", b"Via: SIP/2.0/TRUNK provider.invalid;branch=" + branch)
        made.add(b"max-forwards", b"Max-Forwards: %d" % max(request.max_forwards - 1, 0))
        made.add(b"from", b"From: " + leg.person + b";tag=" + far_tag)
        made.add(b"to", b"To: " + leg.here + (b";tag=" + to_tag if to_tag else b""))
        made.add(b"call-id", b"Call-ID: " + leg.call_id)
        made.add(b"cseq", b"CSeq: %d %s" % (near, method))
        if method in TELLING:
            made.add(b"contact", b"Contact: <" + leg.contact + b">")
            made.add(b"allow", gate.ALLOW_HOUSE)
        self.legs.carry(made, request, leg, False)
        self.node.trace.also(leg.call_id, leg.far_id)
        if far_tag:
            self.legs.know(leg, far_tag)
        if server is not None:
            came = self.legs.came[branch] = Came(leg, request, server, made)
            server.serve(came)
            leg.comes.append(branch)
        told = self.legs.settle(leg, now) if method == b"BYE" else []
        leg.refresh(request)
        if leg.partner is not None:
            return told + self._cross(leg.partner, made, now)
        return told + [Receive(leg.provider.way_back(None), made)]

    def _cross(self, leg, request, now):
        """Ask a provider what another one asks, whose call is joined with its; return effects."""
        if request.method == b"ACK":
            return self.calls.acknowledge(leg, leg.joined, request, now)
        return self.calls.ask_within(leg, leg.joined, request, now, None, self._crossed)

    def _crossed(self, ask, response, now):
        return self.answer(self.calls.shown(ask, response), now)

    def answer(self, response, now):
        """Take the house's answer to a request of the provider; return the effects."""
        branch = via.branch_of(response.value(b"via"))
        moved = self.trunks.transfers.house_says(response, branch, now)
        if moved is not None:
            return moved
        came = self.legs.came.get(branch)
        if came is None or response.cseq[1] != came.request.method or response.status == 100:
            return []
        leg, method, status = came.leg, came.request.method, response.status
        effects = self.node.layer.respond(came.server, self._shown(came, response), now)
        if status < 200:
            return effects
        if method == b"INVITE" and status < 300:
            self.legs.begin_talk(leg, now)
            return effects  # Its repetitions go by the same way (RFC 6026).
        self.legs.done(branch)
        if method == b"BYE" or leg.is_idle():
            self.legs.forget(leg)
        return effects

    def _shown(self, came, response):
        """Return the house's answer as the provider sees it."""
        leg, request, status = came.leg, came.request, response.status
        made = response_to(request, status, response.reason, (), response.to.tag)
        made.remove(b"content-length")
        is_talk = 100 < status < 300
        if request.method == b"INVITE" and is_talk:
            for value in request.values(b"record-route"):
                made.add(b"record-route", b"Record-Route: " + value)
            if request.to.tag is None and response.to.tag is not None:
                caller = request.from_.uri_bytes
                leg.enter(response.to.tag, dialog.towards_caller(request, made, caller))
        if request.method in TELLING and is_talk:
            made.add(b"contact", b"Contact: " + leg.provider.contact())
            made.add(b"allow", gate.ALLOW)
        retry = response.value(b"retry-after")
        if retry is not None and status >= 300:
            made.add(b"retry-after", b"Retry-After: " + retry)
        self.legs.carry(made, response, leg, True)
        return made

    def told(self, indication, now):
        """The provider cancels, or is gone while the house still thinks; return the effects."""
        came = indication.user
        if indication.kind not in (CANCELLED, "failed"):
            return []
        if came.leg.partner is not None:
            ask = self.legs.asks.get(came.near.value(b"via"))
            return [] if ask is None else self.calls.give_up(ask, None, now)
        made = Request(b"CANCEL", came.near.uri, [], [], b"")
        for name, written in zip(came.near.names, came.near.lines):
            if name in REPEATED:
                made.add(name, written)
        made.add(b"cseq", b"CSeq: %d CANCEL" % came.near.cseq[0])
        if indication.kind == CANCELLED:
            reason = indication.message.value(b"reason")
            if reason is not None:
                made.add(b"reason", b"Reason: " + reason)
        made.measure()
        return [Receive(came.leg.provider.way_back(None), made)]


def _is_of(leg, request):
    """Tell whether both tags are those of the dialog."""
    far, near = request.from_.tag, request.to.tag
    if not leg.is_out:
        return far == leg.far_tag and near in leg.dialogs
    made = leg.dialogs.get(far)
    return made is not None and scan.parameter(
        scan.parameters(made.local.partition(b">")[2]), b"tag"
    ) == near  # fmt: skip


def _near_tag(leg, request):
    """Return the tag of the house's end, as the house knows it."""
    if request.to.tag is None or leg.near_tag is not None:
        return leg.near_tag
    return leg.invite.from_.tag if leg.is_out else request.to.tag
