"""What one call holds: the relay of each stream, an offer on its way, what one phone agreed to.

Side A is the caller's, side B the called one's.
"""

from . import sdp

A, B = (0, 1)


class Slot:
    """The relay of one stream. ports: None until the shell has answered, () where it could not.

    is_shown: whether somebody was led to it; applied: what the library was told of each side, and
    in which Negotiation.
    """

    def __init__(self, number):
        self.number = number
        self.ports = None
        self.is_shown = False
        self.applied = [{}, {}]
        self.dialog = None


class Offer:
    """One session description on its way. lines: its media as both nodes see them."""

    def __init__(self, side, cseq, raw):
        self.side = side
        self.cseq = cseq
        self.raw = raw
        self.description = sdp.parse(raw)
        self.sent = sdp.parse(raw)
        self.lines = None
        self.cryptos = []


class Negotiation:
    """What is agreed with one phone. described: the Description of each side in force."""

    def __init__(self, agreement, first):
        self.agreement = agreement
        self.described = [None, None]
        self.offers = [first, None]
        # The offer that the first keys are bound to.
        self.first = first
        # The last answer of each side: (CSeq, as it came, as it went on).
        self.answers = [None, None]
        # The same of what each side's last 2xx to an INVITE describes: it comes again until an ACK
        # arrives, maybe behind an UPDATE.
        self.accepted = [None, None]
        self.cryptos = []
        # The protocol of each stream when it was last on, by side and index.
        self.protos = [{}, {}]
        # Whether the initial key was answered; False for ever in a call that stays clear.
        self.is_keyed = False
        # Whether the far node may not have the last keys yet: it learns them from an answer.
        self.is_late = False
        # Media lines of caller and callee that the first keys are bound to.
        self.lines = [[], []]

    def _streams(self):
        return [one.streams for one in self.described]

    def is_answered(self, offer):
        """Tell whether an offer has its answer."""
        answer = self.answers[1 - offer.side]
        return answer is not None and answer[0] == offer.cseq

    def accept(self, side, known):
        """Take what the 2xx of a side describes, as `accepted` has it."""
        self.accepted[side] = known

    def withdraw(self, side, cseq):
        """The request with an offer was refused: what was agreed before stays."""
        offer = self.offers[side]
        if offer is not None and offer.cseq == cseq and not self.is_answered(offer):
            self.offers[side] = None

    def agree(self, offer, description, cryptos, answer):
        """Put an offer and its answer into force."""
        self.described[offer.side] = offer.description
        self.described[1 - offer.side] = description
        before, self.cryptos = self.cryptos, list(cryptos)
        for index in range(min(len(stream) for stream in self._streams())):
            ours, theirs = [streams[index] for streams in self._streams()]
            if ours.port and theirs.port:
                self.protos[A][index], self.protos[B][index] = ours.proto, theirs.proto
            elif index < min(len(before), len(cryptos)):
                self.cryptos[index] = before[index]  # A stream that comes back is as it was.
        self.answers[1 - offer.side] = answer
