"""Key agreement between the two end nodes of a call, in three messages (KEYAGREEMENT.md).

The caller's node offers, the callee's node answers, the caller's node confirms; later either side
may renew the keys of the media. Messages are octets here; keyed.py puts them into the signalling.
What a peer does wrong is a SipError 488 whose reason a person understands.
"""

import hashlib
from collections import namedtuple

from .. import hkdf
from ..errors import SipError
from .crypto import BY_NUMBER
from .pieces import VERSION, behind_head, joined, sized, split

# The functions of X25519 and Ed25519, passed in; each returns None where it refuses its input.
# public(secret); exchange(secret, public); identity_public(Ed25519 public key): the
# X25519 key of the same owner. All 32 octets.
Dh = namedtuple("Dh", ("public", "exchange", "identity_public"))

# Who a node is. key: Ed25519 public key; secret: its X25519 secret.
Identity = namedtuple("Identity", ("key", "secret"))

# Who takes part as what, and the direction of what this one sends.
CALLER, CALLEE = (0, 1)

LABEL = b"bellhop key agreement 1"
OFFER, ANSWER, CONFIRM, RENEW, RENEWED = EVENTS = (1, 2, 3, 4, 5)
KEY_BYTES, RANDOM_BYTES, TAG_BYTES = (32, 16, 16)
MAX_SUITES = 8
ALIAS_BYTES = 16
# Octets of each message behind version and kind; an offer ends with its suites.
OFFER_BYTES = 3 * KEY_BYTES
ANSWER_BYTES = 2 * KEY_BYTES + 1 + RANDOM_BYTES
CONFIRM_BYTES = RANDOM_BYTES + TAG_BYTES
RENEW_BYTES = 2 + RANDOM_BYTES + TAG_BYTES
LAST_EPOCH = 65535

NEW, OFFERED, ANSWERED, CONFIRMED, FAILED = STATES = (
    "new", "offered", "answered", "confirmed", "failed",
)  # fmt: skip

TABLE = {
    (NEW, OFFER): OFFERED,
    (OFFERED, ANSWER): ANSWERED,
    # A 183 and the 200 may describe different media: the same keys, another tag.
    (ANSWERED, ANSWER): ANSWERED,
    (ANSWERED, CONFIRM): CONFIRMED,
    # An UPDATE may come before the ACK of the INVITE.
    (ANSWERED, RENEW): ANSWERED,
    (ANSWERED, RENEWED): ANSWERED,
    (CONFIRMED, CONFIRM): CONFIRMED,
    (CONFIRMED, RENEW): CONFIRMED,
    (CONFIRMED, RENEWED): CONFIRMED,
}
IGNORED = {
    (NEW, ANSWER): "a key was answered and none was offered",
    (NEW, CONFIRM): "a key was confirmed and none was offered",
    (NEW, RENEW): "a key was renewed and there is none",
    (NEW, RENEWED): "a key was renewed and there is none",
    (OFFERED, OFFER): "a key was offered twice",
    (OFFERED, CONFIRM): "a key was confirmed and none was answered",
    (OFFERED, RENEW): "a key was renewed before there was one",
    (OFFERED, RENEWED): "a key was renewed before there was one",
    (ANSWERED, OFFER): "a key was offered twice",
    (CONFIRMED, OFFER): "a key was offered twice",
    (CONFIRMED, ANSWER): "a key was answered after it had been confirmed",
    (FAILED, OFFER): "the keys of this call have failed",
    (FAILED, ANSWER): "the keys of this call have failed",
    (FAILED, CONFIRM): "the keys of this call have failed",
    (FAILED, RENEW): "the keys of this call have failed",
    (FAILED, RENEWED): "the keys of this call have failed",
}

# One side's proposal of new media keys. by: CALLER or CALLEE; lines: its media lines.
Proposal = namedtuple("Proposal", ("by", "epoch", "nonce", "lines"))


class Opening:
    """What all answers to one offer share. confirmed_by: the Agreement that has told r1."""

    def __init__(self, octets):
        self.octets = octets
        self.secret = None
        self.random = None
        self.confirmed_by = None


class Agreement:
    """One side of the agreement in one dialog. `peer`: the other node's key, once known.

    `lines` are lists of octets that say what media a side takes part in, the same on both sides.
    """

    def __init__(self, dh, identity, role, call_id):
        self.dh = dh
        self.identity = identity
        self.role = role
        self.call_id = call_id
        self.state = NEW
        self.opening = self.answered = self.shared = self.transcript = None
        self.peer = self.suite = self.context = None
        self.secret = None
        self.epoch = 0
        self.proposals = [None, None]
        self.last = None

    def name(self, call_id):
        """Take the Call-ID that the other end knows; before the offer has been answered."""
        self.call_id = call_id

    def fork(self):
        """Return an Agreement for one more answer to the same offer."""
        other = Agreement(self.dh, self.identity, self.role, self.call_id)
        other.state, other.opening, other.peer = self.state, self.opening, self.peer
        other.suite = self.suite
        return other

    def _handle(self, event, action, *details):
        step = TABLE.get((self.state, event))
        if step is None:
            raise SipError(488, IGNORED[(self.state, event)])
        try:
            result = action(*details)
        except SipError:
            # What was proved stays proved, whatever somebody sends afterwards.
            self.state = CONFIRMED if self.state == CONFIRMED else FAILED
            raise
        self.state = step
        return result

    # The caller's node.

    def offer(self, suites, random):
        """Return the offer. suites: numbers, the best first; random(n): n random octets."""
        return self._handle(OFFER, self._offer, suites, random)

    def _offer(self, suites, random):
        secret, nonce = random(KEY_BYTES), random(RANDOM_BYTES)
        octets = bytes((VERSION, OFFER)) + self.identity.key + self.dh.public(secret)
        octets += hashlib.sha256(nonce).digest() + bytes(suites)
        self.opening = Opening(octets)
        self.opening.secret, self.opening.random = secret, nonce
        return octets

    def accept(self, octets, expected, caller_lines, callee_lines):
        """Take the answer. expected: the key that the called address names, or None."""
        return self._handle(ANSWER, self._accept, octets, expected, caller_lines, callee_lines)

    def _accept(self, octets, expected, caller_lines, callee_lines):
        if self.opening.confirmed_by is not None:
            raise SipError(488, "somebody else has answered this call")
        body = behind_head(octets, ANSWER, ANSWER_BYTES + TAG_BYTES)
        unsigned, tag = octets[:-TAG_BYTES], octets[-TAG_BYTES:]
        if self.answered not in (None, unsigned):
            raise SipError(488, "the far end changed its key in the middle of its answer")
        peer, fresh, suite, _ = split(body, KEY_BYTES, KEY_BYTES, 1)
        _, own, _, offered = self._offered()
        self._meet(peer, expected, fresh == own)
        if suite not in offered:
            raise SipError(488, "the far end chose an encryption that was not offered")
        self.suite = BY_NUMBER[suite[0]]
        if self.shared is None:
            self.shared = (
                self._exchange(self.identity.secret, fresh)
                + self._exchange(self.opening.secret, self.dh.identity_public(peer))
                + self._exchange(self.opening.secret, fresh)
            )
        self._know(unsigned)
        context = self.settle(caller_lines, callee_lines)
        self._check(CALLEE, bytes((ANSWER,)) + context, tag)

    def confirm(self, caller_lines, callee_lines):
        """Return the third message; the random number of the offer is told once only."""
        return self._handle(CONFIRM, self._confirm, caller_lines, callee_lines)

    def _confirm(self, caller_lines, callee_lines):
        if self.last is None:
            if self.opening.confirmed_by is not None:
                raise SipError(488, "somebody else has answered this call")
            self.opening.confirmed_by = self
            context = self.settle(caller_lines, callee_lines)
            random = self.opening.random
            tag = self._tag(CALLER, bytes((CONFIRM,)) + random + context)
            self.last = bytes((VERSION, CONFIRM)) + random + tag
        return self.last

    # The callee's node.

    def read_offer(self, octets, expected, suites):
        """Take an offer. suites: the numbers that this node can do, the best first."""
        return self._handle(OFFER, self._read_offer, octets, expected, suites)

    def _read_offer(self, octets, expected, suites):
        body = behind_head(octets, OFFER, OFFER_BYTES, MAX_SUITES)
        self.opening = Opening(octets)
        peer, _, _, offered = split(body, KEY_BYTES, KEY_BYTES, KEY_BYTES)
        self._meet(peer, expected, False)
        chosen = [number for number in suites if number in offered]
        if not chosen:
            raise SipError(488, "the two nodes have no encryption in common")
        self.suite = BY_NUMBER[chosen[0]]

    def answer(self, random, caller_lines, callee_lines):
        """Return the answer for these media."""
        return self._handle(ANSWER, self._answer, random, caller_lines, callee_lines)

    def _answer(self, random, caller_lines, callee_lines):
        if self.answered is None:
            fresh = self._offered()[1]
            secret = random(KEY_BYTES)
            self.shared = (
                self._exchange(secret, self.dh.identity_public(self.peer))
                + self._exchange(self.identity.secret, fresh)
                + self._exchange(secret, fresh)
            )
            octets = bytes((VERSION, ANSWER)) + self.identity.key + self.dh.public(secret)
            self._know(octets + bytes((self.suite.number,)) + random(RANDOM_BYTES))
        context = self.settle(caller_lines, callee_lines)
        return self.answered + self._tag(CALLEE, bytes((ANSWER,)) + context)

    def verify(self, octets, caller_lines, callee_lines):
        """Take the third message; from here on the caller's node is who it says."""
        return self._handle(CONFIRM, self._verify, octets, caller_lines, callee_lines)

    def _verify(self, octets, caller_lines, callee_lines):
        if self.last == octets:
            return
        body = behind_head(octets, CONFIRM, CONFIRM_BYTES)
        random, tag = split(body, RANDOM_BYTES)
        if not hkdf.equal(hashlib.sha256(random).digest(), self._offered()[2]):
            raise SipError(488, "the caller's node did not keep to its first word")
        context = self.settle(caller_lines, callee_lines)
        self._check(CALLER, bytes((CONFIRM,)) + random + context, tag)
        self.opening.random, self.last = random, octets

    # Either: new media keys for a new offer and answer in the same dialog.

    def renew(self, random, lines):
        """Return a proposal of new keys for a session description with these media."""
        return self._handle(RENEW, self._renew, random, lines)

    def _renew(self, random, lines):
        if self.epoch == LAST_EPOCH:
            raise SipError(488, "this call has used up its keys")
        proposal = Proposal(self.role, self.epoch + 1, random(RANDOM_BYTES), lines)
        self.proposals[self.role] = proposal
        return self._written(RENEW, proposal.nonce, self._proposed(proposal), proposal.epoch)

    def read_renewal(self, octets, lines):
        """Take the proposal of the other side."""
        return self._handle(RENEW, self._read_renewal, octets, lines)

    def _read_renewal(self, octets, lines):
        epoch, nonce, tag = split(behind_head(octets, RENEW, RENEW_BYTES), 2, RANDOM_BYTES)
        proposal = Proposal(1 - self.role, int.from_bytes(epoch, "big"), nonce, lines)
        if proposal.epoch != self.epoch + 1:
            raise SipError(488, "the far end proposed old keys")
        self._check(proposal.by, bytes((RENEW,)) + self._proposed(proposal), tag)
        self.proposals[proposal.by] = proposal

    def renewed(self, random, lines):
        """Return the answer to the other side's proposal; the new keys are in force."""
        return self._handle(RENEWED, self._renewed, random, lines)

    def _renewed(self, random, lines):
        proposal = self._open(1 - self.role)
        nonce = random(RANDOM_BYTES)
        context = self._agreed(proposal, nonce, lines)
        self._enter(proposal, context)
        return self._written(RENEWED, nonce, context, proposal.epoch)

    def read_renewed(self, octets, lines):
        """Take the answer to this side's own proposal; the new keys are in force."""
        return self._handle(RENEWED, self._read_renewed, octets, lines)

    def _read_renewed(self, octets, lines):
        proposal = self._open(self.role)
        epoch, nonce, tag = split(behind_head(octets, RENEWED, RENEW_BYTES), 2, RANDOM_BYTES)
        if int.from_bytes(epoch, "big") != proposal.epoch:
            raise SipError(488, "the far end answered with old keys")
        context = self._agreed(proposal, nonce, lines)
        self._check(1 - self.role, bytes((RENEWED,)) + context, tag)
        self._enter(proposal, context)

    # What comes of it.

    def keys(self, stream):
        """Return (receive, send) of a stream by its index, as the media library takes keys."""
        both = [self._master(direction, stream) for direction in (CALLER, CALLEE)]
        return both[1 - self.role], both[self.role]

    def _master(self, direction, stream):
        info = b"srtp" + self.context + bytes((direction, stream))
        octets = self._derive(info, self.suite.key + self.suite.salt)
        return self.suite.number, octets[: self.suite.key], octets[self.suite.key :]

    def words(self):
        """Return the two words that both people see when nobody is between them, or None."""
        if self.state != CONFIRMED:
            return None
        from .sas import pair  # A thousand words are loaded where somebody reads them.

        return pair(self._derive(b"words" + self.opening.random, 3))

    def session_hash(self):
        """Return the 32 octets that stand for this call's keys, to be signed by people, or None."""
        if self.state != CONFIRMED:
            return None
        return self._derive(b"signed" + self.opening.random, 32)

    def alias(self):
        """Return the 16 letters that stand for this side in RTCP: its CNAME, of this call alone."""
        made = self._derive(b"cname" + bytes((self.role,)), ALIAS_BYTES)
        return bytes([ord("a") + octet % 26 for octet in made])

    def seal(self, data):
        """Return the 16 octets that only the two ends of this call can make of something."""
        return hkdf.hmac(self._derive(b"looked up", 32), data)[:TAG_BYTES]

    # Parts.

    def _offered(self):
        """Return identity, fresh key, commitment and suites of the offer."""
        return split(self.opening.octets[2:], KEY_BYTES, KEY_BYTES, KEY_BYTES)

    def _meet(self, peer, expected, reflected):
        if reflected or peer == self.identity.key:
            raise SipError(488, "this node's own key came back")
        if expected is not None and peer != expected:
            raise SipError(488, "the far end's key is not the one that its address names")
        if self.dh.identity_public(peer) is None:
            raise SipError(488, "the far end's key is no key")
        self.peer = peer

    def _exchange(self, secret, public):
        shared = self.dh.exchange(secret, public)
        if shared is None or shared == bytes(KEY_BYTES):
            raise SipError(488, "the far end's key is no key")
        return shared

    def _know(self, unsigned):
        """All but the media are known: derive what the keys come from (RFC 5869)."""
        self.answered = unsigned
        whole = LABEL + sized(self.call_id) + sized(self.opening.octets) + sized(unsigned)
        self.transcript = hashlib.sha256(whole).digest()
        self.secret = hkdf.extract(self.transcript, self.shared)

    def _derive(self, info, size):
        return hkdf.expand(self.secret, info, size)

    def settle(self, caller_lines, callee_lines):
        """Return the context of the first keys, and use it unless they were renewed since."""
        first = Proposal(CALLER, 0, b"", caller_lines)
        context = self._agreed(first, b"", callee_lines)
        if not self.epoch:
            self.context = context
        return context

    def _proposed(self, proposal):
        head = bytes((proposal.by,)) + proposal.epoch.to_bytes(2, "big") + proposal.nonce
        return hashlib.sha256(self.transcript + head + joined(proposal.lines)).digest()

    def _agreed(self, proposal, nonce, lines):
        return hashlib.sha256(self._proposed(proposal) + nonce + joined(lines)).digest()

    def _open(self, by):
        proposal = self.proposals[by]
        if proposal is None or proposal.epoch != self.epoch + 1:
            raise SipError(488, "keys were renewed that nobody had proposed")
        return proposal

    def _enter(self, proposal, context):
        self.epoch, self.context = proposal.epoch, context
        self.proposals = [None, None]

    def _written(self, kind, nonce, context, epoch):
        tag = self._tag(self.role, bytes((kind,)) + context)
        return bytes((VERSION, kind)) + epoch.to_bytes(2, "big") + nonce + tag

    def _tag(self, role, data):
        key = self._derive(b"confirm" + bytes((role,)), KEY_BYTES)
        return hkdf.hmac(key, data)[:TAG_BYTES]

    def _check(self, role, data, tag):
        if not hkdf.equal(self._tag(role, data), tag):
            raise SipError(488, "the keys of this call were changed on the way")
