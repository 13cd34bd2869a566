"""Who a node is: its Ed25519 key, the names made from it, and an order in time without a clock."""

import hashlib

from ..errors import MeshError
from ..text import KEY_LETTERS as ALPHABET
from ..text import key_text

KEY_BYTES = 32
SHORT_BYTES = 8
NAME_LETTERS = 52
# A boot epoch has 31 bits and the counter 32, so that a sequence is a positive 64-bit integer.
MAX_SEQUENCE = 2**63 - 1
# First digits 2 to 8 only: a mesh number never begins like 0, 112, 911 or 999.
PREFIX_DIGITS = 5
FIRST_PREFIX, LAST_PREFIX = 20000, 89999


def short_id(key):
    """Return the 8 octets that stand for a key inside tables."""
    return key[:SHORT_BYTES]


def write_key(key):
    """Return a 32-octet key as 52 letters of z-base-32."""
    return key_text(key).encode()


def parse_key(name):
    """Return the key that 52 letters of z-base-32 stand for; raise MeshError."""
    if len(name) != NAME_LETTERS:
        raise MeshError("a node's name has 52 letters")
    number = 0
    for letter in name.lower():
        value = ALPHABET.find(bytes((letter,)))
        if value < 0:
            raise MeshError("a letter is not of z-base-32")
        number = number << 5 | value
    spare = 5 * NAME_LETTERS - 8 * KEY_BYTES
    if number & ((1 << spare) - 1):
        raise MeshError("the last letter cannot end a key")
    return (number >> spare).to_bytes(KEY_BYTES, "big")


def number_prefix(key, attempt):
    """Return the five digits that a node's mesh numbers begin with, on its n-th attempt (0...)."""
    digest = hashlib.sha256(b"bellhop number" + bytes((attempt,)) + key).digest()
    span = LAST_PREFIX - FIRST_PREFIX + 1
    return b"%d" % (FIRST_PREFIX + int.from_bytes(digest[:4], "big") % span)


def epoch_of(sequence):
    """Return the boot epoch of a sequence."""
    return sequence >> 32


class Sequence:
    """Numbers that grow for ever: boot epoch << 32 | counter. Needs one flash write per boot."""

    def __init__(self, boot_epoch):
        self.last = boot_epoch << 32

    def next(self):
        """Return a number that this node has not used."""
        self.last = min(self.last + 1, MAX_SEQUENCE)
        return self.last

    def jump_past(self, sequence):
        """Go on above a number that was seen under this node's own name."""
        self.last = max(self.last, sequence)
