"""Puts the key agreement into the signalling of a call, and judges what it proved.

The offer and the answer stand in the session description as `a=bellhop-key`, the offer in the
header field Bellhop-Key where the INVITE has none; the confirmation is the header field
Bellhop-Confirm of the ACK; each later offer and answer renews the keys of the media.
"""

import binascii

from ..errors import SipError
from . import trust
from .agreement import CALLER, CONFIRMED, Agreement
from .crypto import unbase64
from .negotiation import A, B
from .session import ATTRIBUTE

KEY, CONFIRM = (b"bellhop-key", b"bellhop-confirm")
# The contact of all calls for help.
HELP = "a call for help"
# And for all calls over amateur radio, whose sound is signed and can be read.
PLAIN = "amateur radio"
# What an element that does not know this key agreement answers 420 to (RFC 3261 section 8.2.2.3).
OPTION = b"bellhop-key"


class Keying:
    """What all calls share: this node's identity, its policies, what it knows of keys.

    suites: what the media library can do, the best first; () while there is no library; signing:
    those of them that hide nothing.
    """

    def __init__(self, dh, identity, random):
        self.dh = dh
        self.identity = identity
        self.random = random
        self.suites = self.signing = ()
        self.policies = trust.Policies()
        self.trust = trust.Trust()
        # Contact -> fingerprints of the keys that sign its calls, where this node can check them.
        self.signers = {}
        # Whether this node finds out which keys are published for a name.
        self.is_naming = False

    # Policy.

    def judge_by(self, policies):
        """Put trust.Policies in force."""
        self.policies = policies

    def expect(self, signers):
        """Take whose signatures count: contact -> fingerprints of keys."""
        self.signers = signers

    def await_names(self):
        """Judge calls that must be named by DNSSEC when their names are known."""
        self.is_naming = True

    def wants(self, far):
        """Tell whether a call to a Party beyond this node shall be offered a key."""
        policy = self.policies.of(far.contact)
        if far.contact == PLAIN:
            return far.node is not None and bool(self.signing)
        if policy == trust.ALLOW:
            return False
        return far.node is not None or policy == trust.REQUIRE or self.trust.is_known(far.contact)

    def suites_with(self, contact):
        """Return the numbers of the suites for a call with a contact, the best first."""
        return self.signing if contact == PLAIN else self.suites

    def is_help(self, contact):
        """Tell whether a contact stands for calls for help, which nothing about keys may stop."""
        return contact == HELP

    def see(self, session, key):
        """Note a key that a call has proved; return what it was worth before.

        Nothing is noted under a name that is only claimed, nor under that of calls for help.
        """
        contact = session.contact
        if contact == PLAIN:
            return trust.CLEAR
        if self.is_help(contact) or (session.is_claimed and not self.trust.is_known(contact)):
            return trust.ENCRYPTED
        return self.trust.see(contact, key)

    def must(self, contact):
        """Tell whether calls with a contact are encrypted or not at all."""
        policy = self.policies.of(contact)
        known = self.trust.is_known(contact) and policy != trust.ALLOW
        return known or policy == trust.REQUIRE

    def refuse_clear(self, contact):
        """Refuse a call without a key where the owner, or what was seen before, asks for one."""
        if not self.must(contact):
            return
        if self.trust.is_known(contact):
            raise SipError(488, "calls with %s were encrypted before and this one is not" % contact)
        raise SipError(488, "calls with %s must be encrypted and this one is not" % contact)

    def judge(self, contact, key):
        """Refuse a key that is worth less than the owner requires."""
        level = self.trust.look(contact, key)
        required = self.policies.of(contact) == trust.REQUIRE
        if self.policies.wants(contact, trust.SIGNED) and contact in self.signers:
            return  # Whether it is signed shows when it is answered (features/pgp/signing.py).
        if self.policies.wants(contact, trust.NAMED) and self.is_naming:
            return  # As above (features/dns/named.py).
        if required and not self.policies.is_enough(contact, level):
            raise SipError(488, "calls with %s are refused: %s" % (contact, level))

    def warning(self, contact, agreement, is_node=False):
        """Return what a called person should know before answering, or None.

        agreement: as far as the INVITE brings it, None in a call without keys; is_node: whether
        the caller's node could have made some.
        """
        level = trust.CLEAR if agreement is None else self.trust.look(contact, agreement.peer)
        if level == trust.CHANGED:
            return level
        if self.policies.is_strict(contact) and not self.policies.is_enough(contact, level):
            return "not encrypted" if agreement is None else "only " + level
        if agreement is None and is_node and self.policies.of(contact) != trust.ALLOW:
            return "not encrypted"
        return None

    # The INVITE.

    def begin(self, session, offered):
        """Make the agreement of a new session. offered: the key in the INVITE, or None."""
        expected = session.parties[A].node or None
        identity = session.guise or self.identity
        session.agreement = Agreement(self.dh, identity, session.role, session.call_id)
        if session.role != CALLER:
            session.agreement.read_offer(offered, expected, self.suites_with(session.contact))
            self.judge(session.contact, session.agreement.peer)

    def invite(self, session, request, offer):
        """Put the offered key into an INVITE, or take it out. offer: its Offer, or None."""
        request.remove(KEY)
        if session.role != CALLER:
            _drop_option(request)
            return
        octets = session.agreement.offer(self.suites_with(session.contact), self.random)
        if offer is None:
            request.set(KEY, b"Bellhop-Key: " + _base64(octets))
        else:
            _show(offer.sent, octets)
        if self.must(session.contact):
            request.insert(b"require", b"Require: " + OPTION)

    # Session descriptions inside a dialog.

    def offer(self, session, dialog, offer):
        """Take or put the key of an offer inside a dialog."""
        agreement = dialog.agreement
        if agreement is None:
            return
        if not dialog.is_keyed and offer.side == A:
            raise SipError(488, "the media of this call were never agreed")
        ours = offer.side == session.phone_side
        if dialog.is_keyed and ours:
            _show(offer.sent, agreement.renew(self.random, offer.lines))
        elif dialog.is_keyed:
            agreement.read_renewal(_required(offer.description), offer.lines)
        elif ours:
            dialog.first = offer
            _show(offer.sent, agreement.answer(self.random, [], offer.lines))
        else:
            dialog.first = offer
            self._accept(session, dialog, offer.description, [], offer.lines)

    def answer(self, session, dialog, offer, description, sent):
        """Take or put the key of an answer: `description` as it came, `sent` as it goes on."""
        agreement = dialog.agreement
        if agreement is None:
            return
        lines = session.lines_of(1 - offer.side, description, sent)
        ours = offer.side != session.phone_side
        if offer is not dialog.first:
            dialog.is_late = ours
            if ours:
                _show(sent, agreement.renewed(self.random, lines))
            else:
                agreement.read_renewed(_required(description), lines)
            return
        dialog.lines = [offer.lines, lines] if offer.side == A else [lines, offer.lines]
        if offer.side == B:
            agreement.settle(dialog.lines[A], dialog.lines[B])
        elif ours:
            _show(sent, agreement.answer(self.random, dialog.lines[A], dialog.lines[B]))
        else:
            self._accept(session, dialog, description, dialog.lines[A], dialog.lines[B])
        dialog.is_keyed = dialog.agreement is not None

    def _accept(self, session, dialog, description, caller_lines, callee_lines):
        octets = key_of(description)
        if octets is None:
            self._go_on_clear(session, dialog)
            return
        expected = session.parties[B].node or None
        dialog.agreement.accept(octets, expected, caller_lines, callee_lines)
        self.judge(session.contact, dialog.agreement.peer)

    def _go_on_clear(self, session, dialog):
        """The far end gave no key: it is no node, or somebody took the key away."""
        self.refuse_clear(session.contact)
        first = session.first
        if first is not None and [s for s in first.description.streams if b"/SAVP" in s.proto]:
            raise SipError(488, "your phone wants encryption and the far end gives none")
        dialog.agreement = None

    # The ACK.

    def acknowledge(self, dialog, request, role):
        """Put the confirmation into the ACK of the INVITE, or check it; refuses with 488."""
        octets = unbase64(request.value(CONFIRM) or b"")
        request.remove(CONFIRM)
        agreement = dialog.agreement
        if agreement is None:
            return
        if not dialog.is_keyed:
            raise SipError(488, "the media of this call were never agreed")
        if role == CALLER:
            told = agreement.confirm(dialog.lines[A], dialog.lines[B])
            request.set(CONFIRM, b"Bellhop-Confirm: " + _base64(told))
        elif octets:
            agreement.verify(octets, dialog.lines[A], dialog.lines[B])
        elif agreement.state != CONFIRMED:
            raise SipError(488, "the caller's node did not confirm its key")


def key_of(description):
    """Return the octets of the node's key in a description, None where there is none."""
    values = () if description is None else description.head.attributes(ATTRIBUTE)
    if not values:
        return None
    return unbase64(values[0]) or b""


def offered_key(request, description):
    """Return the octets of the key that an INVITE offers, or None."""
    octets = key_of(description)
    if octets is None and request.has(KEY):
        octets = unbase64(request.value(KEY)) or b""
    return octets


def _required(description):
    octets = key_of(description)
    if octets is None:
        raise SipError(488, "this call is encrypted and would not be any more")
    return octets


def _show(description, octets):
    description.head.add(b"a=" + ATTRIBUTE + b":" + _base64(octets))


def _base64(octets):
    return binascii.b2a_base64(octets).strip()


def _drop_option(request):
    """The phone need not know what its node does for it."""
    if OPTION not in request.tokens(b"require"):
        return
    rest = [item for item in request.items(b"require") if item.lower() != OPTION]
    request.remove(b"require")
    if rest:
        request.insert(b"require", b"Require: " + b", ".join(rest))
