"""A phone transfers its call with a provider: the house does it, the provider is not told (REFER).

The new phone is called without an offer; what it offers goes to the provider by a re-INVITE, whose
answer goes back in the ACK (RFC 3725 section 4.1, RFC 3515, RFC 5589). Where a phone names another
call of its own with a provider (RFC 3891), the two providers are joined that way: their calls lead
to each other, and the phone is free.
"""

import binascii

from ...effects import Receive
from ...errors import SipError
from ...sip import address, scan, uri
from ...sip.message import Request, response_to
from ...tu import dialog
from . import gate
from .leg import OUT
from .legs import BRANCH

# Phones show what becomes of a transfer by this (RFC 3420).
FRAGMENT = b"Content-Type: message/sipfrag;version=2.0"
# How many at once.
MOST = 16


class Transfer:
    """One REFER. leg: the call that moves; invite: to the new phone; old: (Call-ID, tag) before.

    asked: the re-INVITE to the provider, as a request of the house, or None; answer: what the new
    phone said. other: the End with which the call is joined, or None; offered: the re-INVITE there.
    """

    __slots__ = (
        "leg", "invite", "far_tag", "old_id", "old_tag", "old_target", "asked", "answer", "other",
        "offered",
    )  # fmt: skip

    def __init__(self, leg, far_tag, old_tag, old_target):
        self.leg = leg
        self.far_tag = far_tag
        self.old_id, self.old_tag, self.old_target = leg.call_id, old_tag, old_target
        self.invite = self.asked = self.answer = self.other = self.offered = None


class End:
    """The house's end of a call with a provider. near, far: both tags; dialog: to the provider."""

    def __init__(self, leg, near, far):
        self.leg = leg
        self.near, self.far = near, far
        self.dialog = leg.dialogs.get(far if leg.is_out else near)

    def may_move(self):
        """Tell whether both have talked, and nobody moves it now."""
        leg = self.leg
        is_free = leg.transfer is None and leg.partner is None
        return is_free and leg.answered_at is not None and self.dialog is not None


class Transfers:
    """legs: legs.Legs; calls: calls.Calls."""

    def __init__(self, node, legs, calls):
        self.node = node
        self.legs = legs
        self.calls = calls
        self.by_branch = {}

    def asked(self, leg, flow, request, now):
        """Take a REFER of a phone; return the effects, or refuse it."""
        if leg.transfer is not None or len(self.by_branch) >= MOST or leg.answered_at is None:
            raise SipError(491, "the call is being transferred already")
        value = request.value(b"refer-to")
        if value is None:
            raise SipError(400, "a REFER without Refer-To")
        target = address.parse(value)
        place, _, headers = target.uri_bytes.partition(b"?")
        found = uri.parse(place)
        if found.scheme not in (b"sip", b"tel") or found.param(b"method") not in (None, b"INVITE"):
            raise SipError(603, "calls with a provider are transferred to people only")
        transfer = Transfer(leg, request.to.tag, request.from_.tag, self._contact(request))
        leg.transfer = transfer
        lines = [(b"referred-by", b"Referred-By: <" + request.from_.uri_bytes + b">")]
        replaces = _header(headers, b"replaces")
        other = None if replaces is None else self._named(replaces)
        if other is not None:
            return [Receive(flow, response_to(request, 202, None, (), self.node.tag()))] + (
                self._join(transfer, other, now)
            )
        if replaces is not None:
            lines.append((b"replaces", b"Replaces: " + replaces))
        invite = transfer.invite = self._invite(leg, transfer, place, lines)
        self.by_branch[invite.via.branch] = transfer
        accepted = response_to(request, 202, None, (), self.node.tag())
        return [
            Receive(flow, accepted),
            self._notify(transfer, b"SIP/2.0 100 Trying", False),
            Receive(flow, invite.copy()),
        ]

    def _named(self, replaces):
        """Return the End that a Replaces value names, None where it is no provider's call."""
        call_id, _, params = replaces.partition(b";")
        params = scan.parameters(params)
        far = scan.parameter(params, b"to-tag")
        leg = self.legs.by_tag.get((call_id.strip(), far))
        return None if leg is None else End(leg, scan.parameter(params, b"from-tag"), far)

    def _join(self, transfer, other, now):
        """Ask the other provider what it offers; return the effects, or refuse."""
        leg = transfer.leg
        secret = [one for one in (leg, other.leg) if one.provider.section.srtp != "no"]
        if other.leg is leg or not other.may_move() or secret:
            leg.transfer = None
            raise SipError(488, "these two calls with providers cannot be joined")
        transfer.other, other.leg.transfer = other, transfer
        transfer.offered = self._of_house(other)
        told = self._notify(transfer, b"SIP/2.0 100 Trying", False)
        return [told] + self._ask(other, transfer.offered, now)

    def _ask(self, end, request, now):
        """Send a re-INVITE to the provider of an End; return the effects."""
        return self.calls.ask_within(end.leg, end.dialog, request, now, None, self._answered)

    def _of_house(self, end, method=b"INVITE", body=b""):
        """Return a request to a provider as the house's end would write it."""
        leg = end.leg
        to = leg.person + b";tag=" + end.far
        made = self._made(method, leg.contact, leg.call_id, to, 1, leg, end.far)
        made.set(b"from", b"From: " + leg.here + b";tag=" + end.near)
        if body:
            made.add(b"content-type", b"Content-Type: application/sdp")
        made.body = body
        made.measure()
        return made

    def is_ours(self, request):
        """Tell whether a request that the house admits is the INVITE of a transfer."""
        return request.via.branch in self.by_branch

    def _contact(self, request):
        contacts = request.contacts
        return contacts[0].uri_bytes if contacts else request.from_.uri_bytes

    def _invite(self, leg, transfer, place, lines):
        call_id = binascii.hexlify(self.node.random(12))
        made = self._made(b"INVITE", place, call_id, b"<" + place + b">", 1, leg, transfer.far_tag)
        for name, written in lines + [
            (b"contact", b"Contact: <" + leg.contact + b">"),
            (b"allow", gate.ALLOW_HOUSE),
        ]:
            made.add(name, written)
        made.measure()
        return made

    def _made(self, method, target, call_id, to, number, leg, far_tag):
        branch = BRANCH + binascii.hexlify(self.node.random(12))
        lines = [
            b"Via: SIP/2.0/TRUNK provider.invalid;branch=" + branch,
            b"Max-Forwards: 70",
            b"From: " + leg.person + b";tag=" + far_tag,
            b"To: " + to,
            b"Call-ID: " + call_id,
            b"CSeq: %d %s" % (number, method),
        ]
        names = [b"via", b"max-forwards", b"from", b"to", b"call-id", b"cseq"]
        return Request(method, target, names, lines)

    def _put_down(self, end):
        """Return the BYE to the house's end of a call."""
        leg = end.leg
        leg.near_cseq += 1
        to, target = leg.here + b";tag=" + end.near, self.legs.place_of(leg, end.near)
        made = self._made(b"BYE", target, leg.call_id, to, leg.near_cseq, leg, end.far)
        made.measure()
        return Receive(leg.provider.way_back(None), made)

    def _to_old(self, transfer, method, lines=(), body=b""):
        """Return a request to the phone that has asked for the transfer."""
        leg = transfer.leg
        leg.near_cseq += 1
        to = leg.here + b";tag=" + transfer.old_tag
        made = self._made(
            method, transfer.old_target, transfer.old_id, to, leg.near_cseq, leg, transfer.far_tag
        )
        for name, written in lines:
            made.add(name, written)
        made.body = body
        made.measure()
        return Receive(leg.provider.way_back(None), made)

    def _notify(self, transfer, words, is_last):
        state = b"terminated;reason=noresource" if is_last else b"active;expires=60"
        lines = [
            (b"event", b"Event: refer"),
            (b"subscription-state", b"Subscription-State: " + state),
            (b"contact", b"Contact: <" + transfer.leg.contact + b">"),
            (b"content-type", FRAGMENT),
        ]
        return self._to_old(transfer, b"NOTIFY", lines, words + b"\r\n")

    # What the new phone says.

    def house_says(self, response, branch, now):
        """Take an answer of the new phone; return the effects, None where it is none of these."""
        transfer = self.by_branch.get(branch)
        if transfer is None or response.cseq[1] != b"INVITE":
            return None
        if response.status < 200:
            words = b"SIP/2.0 %d %s" % (response.status, response.reason)
            return [self._notify(transfer, words, False)] if response.status > 100 else []
        if response.status >= 300:
            return [self._ack(transfer, response)] + self._end(transfer, response)
        if transfer.answer is not None:
            return []  # It repeats itself until the ACK comes.
        transfer.answer = response
        return self._move(transfer, response, now)

    def _ack(self, transfer, response):
        """Return the ACK of a refusal (RFC 3261 section 17.1.1.3)."""
        invite = transfer.invite
        made = Request(b"ACK", invite.uri, invite.names[:], invite.lines[:])
        made.set(b"cseq", b"CSeq: 1 ACK")
        made.set(b"to", b"To: " + (response.value(b"to") or b""))
        made.remove(b"replaces")
        return Receive(transfer.leg.provider.way_back(None), made)

    def _move(self, transfer, response, now):
        """The new phone has it: let the provider send the sound there."""
        end = self._end_of(transfer)
        if end.dialog is None or not response.body:
            return self._undo(transfer, b"SIP/2.0 488 Not Acceptable Here", now)
        transfer.asked = self._of_house(end, b"INVITE", response.body)
        return self._ask(end, transfer.asked, now)

    def _end_of(self, transfer):
        return End(transfer.leg, transfer.old_tag, transfer.far_tag)

    def _answered(self, ask, response, now):
        """Take a provider's answer to such a re-INVITE; return the effects."""
        transfer = ask.leg.transfer
        if transfer is None or response.status < 200:
            return []
        if response.status >= 300:
            words = b"SIP/2.0 %d %s" % (response.status, response.reason)
            is_first = ask.request is transfer.offered
            return self._end(transfer, response) if is_first else self._undo(transfer, words, now)
        if ask.request is transfer.offered:
            transfer.answer = response
            return self._move(transfer, response, now)
        end = self._end_of(transfer)
        effects = self.calls.acknowledge_own(end.leg, end.dialog, now)
        if transfer.other is not None:
            return effects + self._joined(transfer, end, response, now)
        effects.append(self._confirm(transfer, response))
        effects.append(self._notify(transfer, b"SIP/2.0 200 OK", True))
        effects.append(self._to_old(transfer, b"BYE"))
        self._rebind(transfer, end.dialog)
        return effects

    def _joined(self, transfer, end, response, now):
        """Both providers have said yes: they lead to each other, the phone is put down."""
        other = transfer.other
        effects = self.calls.acknowledge(other.leg, other.dialog, response, now)
        effects.append(self._notify(transfer, b"SIP/2.0 200 OK", True))
        for one, its in ((end, other), (other, end)):
            effects.append(self._put_down(one))
            one.leg.join(its.leg, one.dialog)
            self.legs.leave_house(one.leg)
        self._drop(transfer)
        return effects

    def _confirm(self, transfer, response):
        """Return the ACK to the new phone, with what the provider has answered."""
        made = self._inside(transfer, b"ACK", 1)
        kind = response.value(b"content-type")
        if kind is not None:
            made.add(b"content-type", b"Content-Type: " + kind)
        made.body = gate.body(response, transfer.leg.session + 1, 1)
        made.measure()
        return Receive(transfer.leg.provider.way_back(None), made)

    def _inside(self, transfer, method, number):
        """Return a request to the new phone inside its dialog."""
        answer, leg = transfer.answer, transfer.leg
        inside = dialog.towards_called(transfer.invite, answer, None)
        target = transfer.invite.uri if inside is None else inside.target
        to = answer.value(b"to") or b""
        return self._made(
            method, target, transfer.invite.call_id, to, number, leg, transfer.far_tag
        )

    def _rebind(self, transfer, made):
        """The leg is one of the new phone's call from now on."""
        leg, answer = transfer.leg, transfer.answer
        new_tag = answer.to.tag
        leg.call_id = transfer.invite.call_id
        leg.here = b"<" + transfer.invite.uri + b">"
        leg.near_cseq, leg.cseqs = 1, {}
        leg.near_tag = new_tag
        if not leg.is_out:
            leg.dialogs[new_tag] = made
        self.legs.know(leg, transfer.far_tag)
        self.by_branch.pop(transfer.invite.via.branch, None)
        leg.transfer = None

    def _undo(self, transfer, words, now):
        """The provider does not go along: the new phone is put down, the old call goes on."""
        told = self._notify(transfer, words, True)
        if transfer.other is not None:
            effects = self._restore(transfer.other, now)
            self._drop(transfer)
            return effects + [told]
        ack = self._inside(transfer, b"ACK", 1)
        ack.measure()
        bye = self._inside(transfer, b"BYE", 2)
        bye.measure()
        way = transfer.leg.provider.way_back(None)
        self._drop(transfer)
        return [Receive(way, ack), Receive(way, bye), told]

    def _restore(self, other, now):
        """The other provider has offered in vain: what the phone said last is its answer."""
        body = other.leg.versions.get(OUT, (b"", 0))[0]
        ack = self._of_house(other, b"ACK", body)
        return self.calls.acknowledge(other.leg, other.dialog, ack, now)

    def _end(self, transfer, response):
        words = b"SIP/2.0 %d %s" % (response.status, response.reason)
        told = self._notify(transfer, words, True)
        self._drop(transfer)
        return [told]

    def _drop(self, transfer):
        if transfer.other is None:
            self.by_branch.pop(transfer.invite.via.branch, None)
        else:
            transfer.other.leg.transfer = None
        transfer.leg.transfer = None


def _header(headers, wanted):
    """Return the value of a header field of a URI (section 19.1.1), or None."""
    for one in headers.split(b"&"):
        name, _, value = one.partition(b"=")
        if name.lower() == wanted:
            try:
                return uri.unescape(value)
            except ValueError:
                return None  # What cannot be read names nothing.
    return None
