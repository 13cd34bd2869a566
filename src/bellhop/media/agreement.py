"""Key agreement between the two end nodes of a call, in three messages (KEYAGREEMENT.md).

The caller's node offers, the callee's node answers, the caller's node confirms. Messages are
octets here; relay.py puts them into SDP attributes and a header field. What a peer does wrong is
a SipError 488 whose reason a person understands.
"""

import hashlib
from collections import namedtuple

from ..errors import SipError
from . import hkdf, words
from .crypto import BY_NUMBER

# The functions of X25519 and Ed25519 that are passed in; each returns None where it refuses.
# public(secret); exchange(secret, public); identity_public(Ed25519 public key) and
# identity_secret(Ed25519 seed): the X25519 keys of the same owner. All 32 octets.
Dh = namedtuple("Dh", ("public", "exchange", "identity_public", "identity_secret"))

# Who a node is. key: Ed25519 public key; secret: its X25519 secret.
Identity = namedtuple("Identity", ("key", "secret"))

VERSION = 1
OFFER, ANSWER, CONFIRM, RENEW, RENEWED = (1, 2, 3, 4, 5)
KEY_BYTES, RANDOM_BYTES, TAG_BYTES = (32, 16, 16)
OFFER_BYTES = 2 + 3 * KEY_BYTES
ANSWER_BYTES = 2 + 2 * KEY_BYTES + 1 + RANDOM_BYTES + TAG_BYTES
CONFIRM_BYTES = 2 + RANDOM_BYTES + TAG_BYTES
RENEW_BYTES = 2 + 2 + RANDOM_BYTES + TAG_BYTES
MAX_SUITES = 8
MAX_EPOCH = 65535
LABEL = b"bellhop key agreement 1"
# The two roles, and the two directions of media: from the caller's node, from the callee's.
CALLER, CALLEE = (0, 1)

NEW, OFFERED, ANSWERED, CONFIRMED, FAILED = STATES = (
    "new", "offered", "answered", "confirmed", "failed",
)  # fmt: skip
PROPOSED, ACCEPTED, PROVED, REPLACED, FAULT = EVENTS = (
    "proposed", "accepted", "proved", "replaced", "fault",
)  # fmt: skip

TABLE = {
    (NEW, PROPOSED): OFFERED,
    (NEW, FAULT): FAILED,
    (OFFERED, ACCEPTED): ANSWERED,
    (OFFERED, FAULT): FAILED,
    # The same answer for other media lines: 183, then 200.
    (ANSWERED, ACCEPTED): ANSWERED,
    (ANSWERED, PROVED): CONFIRMED,
    # An UPDATE may come before the ACK of the INVITE.
    (ANSWERED, REPLACED): ANSWERED,
    (ANSWERED, FAULT): FAILED,
    (CONFIRMED, PROVED): CONFIRMED,
    (CONFIRMED, REPLACED): CONFIRMED,
    (CONFIRMED, FAULT): CONFIRMED,
}
IGNORED = {
    (NEW, ACCEPTED): "nothing was offered",
    (NEW, PROVED): "nothing was offered",
    (NEW, REPLACED): "nothing was offered",
    (OFFERED, PROPOSED): "one offer for each agreement",
    (OFFERED, PROVED): "nothing was answered",
    (OFFERED, REPLACED): "there is no key to replace",
    (ANSWERED, PROPOSED): "one offer for each agreement",
    (CONFIRMED, PROPOSED): "one offer for each agreement",
    (CONFIRMED, ACCEPTED): "the answer cannot change once it is proved",
    (FAILED, PROPOSED): "over",
    (FAILED, ACCEPTED): "over",
    (FAILED, PROVED): "over",
    (FAILED, REPLACED): "over",
    (FAILED, FAULT): "over",
}
