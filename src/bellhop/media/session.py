"""One call through this node's relays: whose media is where, and what the library must be told.

Side A is the caller's, side B the called one's. A session belongs to one branch of an INVITE; each
phone that rings behind it has a Negotiation of its own, and all share the relays of the branch.
"""

from ..effects import RelayClose, RelayOpen, RelayResume, RelayUpdate
from ..errors import SipError
from ..text import key_text, readable
from . import address, crypto, decision, sdp
from .agreement import CALLER, CONFIRMED, FAILED
from .decision import MUST, NO, Party, is_behind_nat
from .effects import CLEAR, RECEIVE, SECURE, SEND, UNTOUCHED
from .negotiation import A, B, Slot
from .ownkeys import is_dtls, is_sealed, make_own_keys, media_lines

ATTRIBUTE = b"bellhop-key"
# By it a node knows that only the address of another has changed.
MOVED = b"bellhop-moved"
# Keys of the phones' own that the two nodes take the place of.
PHONE_KEYS = (b"crypto", b"key-mgmt")


class Session:
    """One branch of a call whose media passes this node. role: CALLER, CALLEE, or None: no keys."""

    def __init__(self, request, near, far, reasons, role):
        self.call_id = request.call_id
        self.caller_tag = request.from_.param(b"tag")
        self.parties = (near, far)
        # The one person beyond this node; None in a call of its own phones, and on the way.
        self.contact = None
        # Zones of link-local addresses (RFC 4007) on each side, or None.
        self.zones = [None, None]
        if near.contact is None or far.contact is None:
            self.contact = near.contact or far.contact
        self.reasons = reasons
        self.role = role
        # The side on which keys are those of RFC 4568: of a phone here, or of a provider.
        self.phone_side = decision.provider_side(request, near, far)
        if role is not None:
            self.phone_side = A if role == CALLER else B
        self.agreement = self.guise = None
        self.is_claimed = False
        # Whether it began in an earlier run of the node.
        self.is_resumed = False
        # Whose share of the ports it takes, None for that of this house.
        self.group = None
        self.locals = None
        # How often the address of each side has changed.
        self.moves = [0, 0]
        self.slots = []
        self.first = None
        self.dialogs = {}
        self.chosen = None
        self.user = None
        self.parked = []
        self.problem = None
        self.level = None
        # What features/pgp knows of the signatures of this call.
        self.signature = None
        self.deadline = self.queued = None

    def doubt(self):
        """Its caller has only said who he is: anybody may write any address into From."""
        self.is_claimed = True

    def count_for(self, group):
        """Take the ports from the share of a group."""
        self.group = group

    def must_seal(self):
        """Tell whether the sound to a provider must be encrypted."""
        side = None if self.role is not None else self.phone_side
        return side is not None and self.parties[side].srtp == MUST

    def do_without_keys(self):
        """Go on as a call in which nobody makes keys."""
        self.role = self.phone_side = self.agreement = None

    # Relays.

    def take_zones(self, near, far):
        """Take the zones of link-local peers on both sides (RFC 4007), None for all others."""
        self.zones = [near, far]

    def be_signed(self, signatures):
        """Keep what is known of the signatures of this call; `seen()` tells it in words."""
        self.signature = signatures

    def open_for(self, offer, settings, next_number):
        """Return the RelayOpen effects that an offer still needs; refuses with 488."""
        if self.locals is None:
            self._choose_locals(offer)
        wanted = [index for index, stream in enumerate(offer.description.streams)
                  if self._carries(stream)]  # fmt: skip
        if not wanted and [stream for stream in offer.description.streams if stream.port]:
            raise SipError(488, "none of these media can pass this node")
        for index in wanted:
            self._check_address(offer.description, index, offer.side)
        effects = []
        for index in wanted:
            while len(self.slots) <= index:
                self.slots.append(None)
            if self.slots[index] is None:
                slot = self.slots[index] = Slot(next_number(self))
                sides = []
                for side in (A, B):
                    octets, zone = slot.applied[side]["local"] = self._bound(side)
                    sides.append((octets, settings.port_low, settings.port_high, zone))
                effects.append(RelayOpen(slot.number, tuple(sides)))
        return effects

    def _bound(self, side):
        """Return (octets, zone) of the address that is announced: sound must come from it too."""
        octets = self.locals[side]
        return octets, self.zones[side] if address.is_link_local(octets) else None

    def _choose_locals(self, offer):
        """The side that offers is met in the address family that it asks for."""
        found = [self.parties[A].locals[0], self.parties[B].locals[0]]
        for stream in offer.description.streams:
            if not stream.port:
                continue
            wanted = len(offer.description.address(stream))
            fitting = [own for own in self.parties[offer.side].locals if len(own) == wanted]
            if not fitting:
                raise SipError(488, "this node has no address of the offered kind")
            found[offer.side] = fitting[0]
            break
        self.locals = found

    def rebind(self, side, octets):
        """Have another address on one side; return the effects that put it into force."""
        self.locals[side] = octets
        self.moves[side] += 1
        effects = []
        for slot in [slot for slot in self.slots if slot is not None]:
            slot.applied[side]["local"] = local = self._bound(side)
            effects.append(RelayUpdate(slot.number, side, {"local": local}))
            # The library has forgotten from where it heard: it is told of that again.
            for name in ("remote", "allow"):
                slot.applied[side].pop(name, None)
        return effects + ([] if self.chosen is None else self.updates(self.chosen))

    def follow(self, side, octets, source):
        """One end speaks from another network; return the effects.

        octets: this node's address there; source: that of the other end.
        """
        party = self.parties[side]
        parties = list(self.parties)
        parties[side] = Party(
            party.contact, party.node, source, party.locals, party.behind_nat, party.srtp
        )
        self.parties = tuple(parties)
        before = self.locals[side]
        is_other = octets != before and len(octets) == len(before)
        return self.rebind(side, octets) if is_other else []

    def remote(self, side):
        """Return the octets of the address to which one side sends, or None."""
        described = None if self.chosen is None else self.chosen.described[side]
        for stream in described.streams if described is not None else ():
            octets = described.address(stream)
            if stream.port and octets not in address.NOWHERE:
                return self._allowed(octets, side)[0]
        return self.parties[side].source

    def said(self, side):
        """Return the description of one side that is in force, as it wrote it, or None."""
        described = None if self.chosen is None else self.chosen.described[side]
        return None if described is None else described.write()

    def _carries(self, stream):
        if not stream.port or stream.is_range:
            return False
        return stream.is_rtp() or is_dtls(stream) or (self.role is None and stream.is_datagrams())

    def _check_address(self, description, index, side):
        octets = description.address(description.streams[index])
        if octets not in address.NOWHERE and not address.is_usable(octets, self.locals[side]):
            raise SipError(488, "no sound can be sent to the offered address")

    def is_opening(self):
        """Tell whether the shell still owes the ports of a relay."""
        return bool([slot for slot in self.slots if slot is not None and slot.ports is None])

    def close(self, number=None):
        """Return the effects that end one relay, or all."""
        effects = []
        for index, slot in enumerate(self.slots):
            if slot is not None and number in (None, slot.number):
                effects.append(RelayClose(slot.number))
                self.slots[index] = None
        return effects

    def close_unused(self):
        """Close what was opened in vain; the relays that somebody was led to stay."""
        effects = []
        for slot in [slot for slot in self.slots if slot is not None and not slot.is_shown]:
            effects += self.close(slot.number)
        return effects

    def numbers(self):
        """Return the numbers of the relays."""
        return [slot.number for slot in self.slots if slot is not None]

    def slot_of(self, number):
        """Return the Slot of a relay of this session."""
        return [slot for slot in self.slots if slot is not None and slot.number == number][0]

    def is_lasting(self):
        """Tell whether another process can go on with it: it is agreed, and nothing waits.

        Who hides is on no flash.
        """
        if self.guise is not None:
            return False
        is_over = self.chosen is None or self.level == FAILED or not self.numbers()
        return not (is_over or self.parked or self.is_opening())

    def take_up(self):
        """Tell, the first time that it is asked, whether it began in an earlier run."""
        was_resumed, self.is_resumed = self.is_resumed, False
        return was_resumed

    def has_keys(self):
        """Tell whether the library encrypts for it."""
        applied = [side for slot in self.slots if slot is not None for side in slot.applied]
        return bool([side for side in applied if "send" in side])

    def resume(self):
        """Return the effects by which its relays go on where an earlier process ended."""
        effects = []
        for slot in [slot for slot in self.slots if slot is not None]:
            sides = []
            for side in (A, B):
                octets, zone = slot.applied[side]["local"]
                sides.append((octets, slot.ports[2 * side], slot.ports[2 * side + 1], zone))
            effects.append(RelayResume(slot.number, tuple(sides)))
            for side in (A, B):
                changes = {name: slot.applied[side][name] for name in slot.applied[side]}
                del changes["local"]
                if changes:
                    effects.append(RelayUpdate(slot.number, side, changes))
        return effects

    # Session descriptions.

    def pass_on(self, offer, dialog, random, suites):
        """Make of `offer.sent` what the other side is shown of an offer, but for the node's key."""
        for index in range(len(offer.sent.streams)):
            offer.cryptos.append(self._offered_crypto(offer, index, dialog, random, suites))
        self._rewrite(offer.sent, offer.side)
        for index, stream in enumerate(offer.sent.streams):
            self._show_offer(stream, offer, index, dialog)
            stream.write_media()
        offer.lines = self.lines_of(offer.side, offer.description, offer.sent)

    def answer(self, offer, raw):
        """Return (description, what the other side is shown of it, cryptos) of an answer."""
        side = 1 - offer.side
        description, sent = sdp.parse(raw), sdp.parse(raw)
        cryptos = []
        for index, stream in enumerate(description.streams):
            if self._slot(index) is not None and stream.port:
                self._check_address(description, index, side)
            cryptos.append(self._answered_crypto(offer, index, stream))
        self._rewrite(sent, side)
        if self.phone_side is not None:
            self._show_answer(sent, offer, cryptos)
        for stream in sent.streams:
            stream.write_media()
        return description, sent, cryptos

    def _show_answer(self, sent, offer, cryptos):
        for index, stream in enumerate(sent.streams[: len(offer.description.streams)]):
            stream.proto = offer.description.streams[index].proto
            if stream.port and cryptos[index] is not None and offer.side == self.phone_side:
                stream.add(cryptos[index][1].write())

    def lines_of(self, side, description, sent):
        """Return the media lines of a description in the form in which it is between the nodes."""
        return media_lines(sent if side == self.phone_side else description)

    def _rewrite(self, sent, side):
        """Lead media through this node; take away what was between phone and node only."""
        other = 1 - side
        sent.lead_to(self.locals[other])
        sent.head.remove((MOVED,))
        sent.raise_version(self.moves[other])
        for index, stream in enumerate(sent.streams):
            slot = self._slot(index)
            if slot is None or not slot.ports or not stream.port:
                stream.port = 0
            else:
                stream.port = slot.ports[2 * other]
                slot.is_shown = True
            if self.phone_side is not None and not is_sealed(stream):
                stream.remove(PHONE_KEYS)
        if self.role is not None:
            sent.head.remove((ATTRIBUTE,) + PHONE_KEYS)

    def _show_offer(self, stream, offer, index, dialog):
        if self.phone_side is None or is_sealed(offer.description.streams[index]):
            return
        if offer.side == self.phone_side:
            stream.proto = stream.proto.replace(b"SAVP", b"AVP")
        elif offer.cryptos[index] is not None:
            if self._is_strict(index, dialog):
                stream.proto = stream.proto.replace(b"/AVP", b"/SAVP")
            for ours in offer.cryptos[index][1]:
                stream.add(ours.write())

    def _is_strict(self, index, dialog):
        """Tell whether the phone on this node's side takes RTP/SAVP only."""
        before = None if dialog is None else dialog.protos[self.phone_side].get(index)
        if before is not None:
            return b"SAVP" in before
        return self.parties[self.phone_side].srtp == MUST

    # Keys between phone and node (RFC 4568) of a stream, or None: (theirs, ours) of what the phone
    # offers and of what is agreed, (None, all that are ours to choose from) of what it is offered.

    def _offered_crypto(self, offer, index, dialog, random, suites):
        stream = offer.description.streams[index]
        if self.phone_side is None or not stream.is_rtp() or is_sealed(stream) or not stream.port:
            return None
        cryptos = () if dialog is None else dialog.cryptos
        known = cryptos[index] if index < len(cryptos) else None
        if offer.side == self.phone_side:
            found = _chosen(stream, known, random, suites)
            if found is None and self.role is None and self.parties[offer.side].srtp == MUST:
                raise SipError(488, "the provider offers no keys")
            return found
        if known is not None:
            return None, (known[1],)
        if index < len(cryptos) or self.parties[self.phone_side].srtp == NO:
            return None
        asked = [crypto.BY_NUMBER[number] for number in crypto.ASKED if number in suites]
        return None, [
            crypto.fresh(str(1 + at).encode(), one, random) for at, one in enumerate(asked)
        ]

    def _answered_crypto(self, offer, index, stream):
        ours = offer.cryptos[index] if index < len(offer.cryptos) else None
        if ours is None or offer.side == self.phone_side or not stream.port:
            return ours
        for value in stream.attributes(b"crypto"):
            found = crypto.parse(value)
            for mine in ours[1] if found is not None else ():
                if (found.tag, found.suite) == (mine.tag, mine.suite):
                    return found, mine
        if b"SAVP" in offer.sent.streams[index].proto:
            raise SipError(488, "the phone answered without a key")
        return None

    # What the library must be told.

    def updates(self, dialog):
        """Return the RelayUpdate effects that put what `dialog` has agreed into force."""
        effects = []
        one, two = dialog.described
        if one is None or two is None:
            return []
        for index in range(min(len(one.streams), len(two.streams), len(self.slots))):
            slot = self.slots[index]
            if slot is None:
                continue
            if one.streams[index].port and two.streams[index].port:
                effects += self._update(slot, dialog, index)
            elif dialog is self.chosen:
                effects.append(RelayClose(slot.number))
                self.slots[index] = None
        return effects

    def _update(self, slot, dialog, index):
        effects = []
        is_late, slot.dialog = slot.dialog is dialog and dialog.is_late, dialog
        for side in (A, B):
            wanted = self._wanted(dialog, index, side)
            before = slot.applied[side]
            changes = {name: wanted[name] for name in wanted if wanted[name] != before.get(name)}
            if "remote" in changes or "allow" in changes:
                changes["remote"], changes["allow"] = wanted["remote"], wanted["allow"]
                changes["zone"] = wanted["zone"]
            if changes:
                before.update(changes)
                if is_late and "send" in changes and side != self.phone_side:
                    changes["late"] = True
                effects.append(RelayUpdate(slot.number, side, changes))
        return effects

    def _wanted(self, dialog, index, side):
        description = dialog.described[side]
        stream = description.streams[index]
        muxed = [one for one in dialog.described if one.streams[index].is_mux()]
        wanted = {
            "local": self._bound(side),
            "kind": self._kind(dialog, index, side),
            "direction": RECEIVE * description.sends(stream) | SEND * description.receives(stream),
            "mux": int(len(muxed) == 2),
            "clock_rate": stream.clock_rate(),
        }
        octets = description.address(stream)
        if octets not in address.NOWHERE:
            wanted["remote"] = ((octets, stream.port), self._rtcp(description, stream, side))
            wanted["allow"] = self._allowed(octets, side)
            wanted["zone"] = self.zones[side] if address.is_link_local(octets) else None
        if wanted["kind"] == SECURE:
            self._add_keys(wanted, dialog, index, side)
        return wanted

    def _rtcp(self, description, stream, side):
        octets, port = description.rtcp(stream)
        if not address.is_usable(octets, self.locals[side]):
            return description.address(stream), min(stream.port + 1, 65535)
        return octets, port

    def _allowed(self, octets, side):
        """Return the only place whose packets are taken: the announced host, or the NAT's."""
        party = self.parties[side]
        if is_behind_nat(octets, party) and len(party.source) == len(octets):
            octets = party.source
        return octets, 8 * len(octets)

    def _kind(self, dialog, index, side):
        if self.phone_side is None or make_own_keys(dialog.described, index):
            return UNTOUCHED
        pair = dialog.cryptos[index] if index < len(dialog.cryptos) else None
        is_sdes = pair is not None and pair[0] is not None
        if side == self.phone_side:
            mine, other = is_sdes, dialog.is_keyed
        else:
            mine, other = dialog.is_keyed, is_sdes
        if mine:
            return SECURE
        return CLEAR if other else UNTOUCHED

    def _add_keys(self, wanted, dialog, index, side):
        if side == self.phone_side:
            theirs, ours = dialog.cryptos[index]
            wanted["receive"], wanted["send"] = theirs.master(), ours.master()
        else:
            wanted["receive"], wanted["send"] = dialog.agreement.keys(index)
            wanted["name"] = dialog.agreement.alias()

    # What people see.

    def proved(self):
        """Return the Agreement whose keys are confirmed, or None."""
        agreement = None if self.chosen is None else self.chosen.agreement
        return agreement if agreement is not None and agreement.state == CONFIRMED else None

    def is_by_phones(self):
        """Tell whether the phones encrypt some stream themselves, so that no node can."""
        one, two = (None, None) if self.chosen is None else self.chosen.described
        if one is None or two is None:
            return False
        indexes = range(min(len(one.streams), len(two.streams)))
        return bool([index for index in indexes if make_own_keys((one, two), index)])

    def record(self):
        """Return what people may know of it as a JSON-able dict; no key of the media is in it."""
        agreement = self.proved()
        fields = {
            "call_id": readable(self.call_id),
            "contact": self.contact,
            "reasons": self.reasons,
            "level": self.level,
            "by_phones": self.is_by_phones(),
            "is_enough": None,
            "key": None,
            "words": None,
            "suite": None,
            "signature": None,
            "own_signature": None,
            "relays": self.numbers(),
        }
        if self.signature is not None:
            fields["signature"], fields["own_signature"] = self.signature.seen()
        if agreement is not None:
            fields["key"] = key_text(agreement.peer)
            fields["words"] = " ".join(agreement.words())
            fields["suite"] = agreement.suite.name.decode()
        return fields

    def _slot(self, index):
        return self.slots[index] if index < len(self.slots) else None


def _chosen(stream, known, random, suites):
    theirs = crypto.choose(stream.attributes(b"crypto"), suites)
    if theirs is None:
        if b"/SAVP" in stream.proto:
            raise SipError(488, "the phone offers no encryption that this node can do")
        return None
    if known is not None and known[1].suite == theirs.suite:
        ours = crypto.Crypto(theirs.tag, theirs.suite, known[1].key, known[1].salt)
    else:
        ours = crypto.fresh(theirs.tag, theirs.suite, random)
    return theirs, ours
