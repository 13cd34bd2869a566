"""A phone transfers its call with a provider: the house does it, the provider is not told (REFER).

The new phone is called without an offer; what it offers goes to the provider by a re-INVITE, whose
answer goes back in the ACK (RFC 3725 section 4.1, RFC 3515, RFC 5589).
"""

import binascii

from ...effects import Receive
from ...errors import SipError
from ...sip import address, uri
from ...sip.message import Request, response_to
from ...tu import dialog
from . import gate

BRANCH = b"z9hG4bK"
# Phones show what becomes of a transfer by this (RFC 3420).
FRAGMENT = b"Content-Type: message/sipfrag;version=2.0"
# How many at once.
MOST = 16


class Transfer:
    """One REFER. leg: the call that moves; invite: to the new phone; old: (Call-ID, tag) before.

    asked: the re-INVITE to the provider, as a request of the house, or None.
    """

    __slots__ = ("leg", "invite", "far_tag", "old_id", "old_tag", "old_target", "asked", "answer")

    def __init__(self, leg, far_tag, old_tag, old_target):
        self.leg = leg
        self.far_tag = far_tag
        self.old_id, self.old_tag, self.old_target = leg.call_id, old_tag, old_target
        self.invite = self.asked = self.answer = None


class Transfers:
    """calls: calls.Calls."""

    def __init__(self, node, calls):
        self.node = node
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
        leg = transfer.leg
        probe = transfer.invite.copy()
        probe.body = response.body
        for name, line in zip(response.names, response.lines):
            if name == b"content-type":
                probe.set(b"content-type", line)
        probe.remove(b"replaces")
        probe.set(b"content-length", b"Content-Length: %d" % len(probe.body))
        transfer.asked = probe
        made = leg.dialogs.get(transfer.far_tag if leg.is_out else transfer.old_tag)
        if made is None or not probe.body:
            return self._undo(transfer, b"SIP/2.0 488 Not Acceptable Here")
        if leg.is_out:
            probe.set(b"to", b"To: " + leg.person + b";tag=" + transfer.far_tag)
        else:
            probe.set(b"from", b"From: " + leg.here + b";tag=" + transfer.old_tag)
            probe.set(b"to", b"To: " + leg.person + b";tag=" + transfer.far_tag)
        return self.calls.ask_within(leg, made, probe, now)

    def is_own(self, ask):
        """Tell whether a request to the provider is the re-INVITE of a transfer."""
        return ask.leg.transfer is not None and ask.request is ask.leg.transfer.asked

    def answered(self, leg, ask, response, now):
        """Take the provider's answer to the re-INVITE; return the effects."""
        transfer = leg.transfer
        if response.status >= 300:
            words = b"SIP/2.0 %d %s" % (response.status, response.reason)
            return self._undo(transfer, words)
        made = leg.dialog_of(ask.request)
        effects = self.calls.acknowledge_own(leg, made, now)
        effects.append(self._confirm(transfer, response))
        effects.append(self._notify(transfer, b"SIP/2.0 200 OK", True))
        effects.append(self._to_old(transfer, b"BYE"))
        self._rebind(transfer, made)
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
        self.calls.by_tag[leg.call_id, transfer.far_tag] = leg
        self.by_branch.pop(transfer.invite.via.branch, None)
        leg.transfer = None

    def _undo(self, transfer, words):
        """The provider does not go along: the new phone is put down, the old call goes on."""
        ack = self._inside(transfer, b"ACK", 1)
        ack.measure()
        bye = self._inside(transfer, b"BYE", 2)
        bye.measure()
        way = transfer.leg.provider.way_back(None)
        told = self._notify(transfer, words, True)
        self._drop(transfer)
        return [Receive(way, ack), Receive(way, bye), told]

    def _end(self, transfer, response):
        words = b"SIP/2.0 %d %s" % (response.status, response.reason)
        told = self._notify(transfer, words, True)
        self._drop(transfer)
        return [told]

    def _drop(self, transfer):
        self.by_branch.pop(transfer.invite.via.branch, None)
        transfer.leg.transfer = None


def _header(headers, wanted):
    """Return the value of a header field of a URI (section 19.1.1), or None."""
    for one in headers.split(b"&"):
        name, _, value = one.partition(b"=")
        if name.lower() == wanted:
            return uri.unescape(value)
    return None
