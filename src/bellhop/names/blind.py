"""Blind questions (RFC 9497, OPRF with ristretto255-SHA512): a directory answers, and learns nothing.

A question goes out as a blinded point; the answer leads to a bucket of sealed statements and opens
one's own there. sha512(octets) -> 64 octets comes in from outside: MicroPython has none.
"""

from . import ristretto
from .ristretto import BYTES, L

CONTEXT = b"OPRFV1-\x00-ristretto255-SHA512"
MARK = b"bellhop bucket 1"
# Statements in a bucket have one length, so that none is known by it. One is sealed by
# crypto_secretbox: nonce, tag, and its length before it.
NONCE_BYTES, TAG_BYTES, CELL_BYTES = (24, 16, 320)
ROOM_BYTES = CELL_BYTES - NONCE_BYTES - TAG_BYTES - 2


def point_of(text, sha512):
    """Return the point that octets are hashed to (RFC 9497 section 4.1)."""
    octets = _expanded(text, b"HashToGroup-" + CONTEXT, sha512)
    return ristretto.of_uniform(octets)


def _expanded(message, name, sha512):
    """Return 64 octets by expand_message_xmd (RFC 9380 section 5.3.1)."""
    name += bytes([len(name)])
    first = sha512(bytes(128) + message + b"\x00\x40\x00" + name)
    return sha512(first + b"\x01" + name)


def scalar_of(octets):
    """Return a scalar that is not zero of 64 random octets."""
    return 1 + int.from_bytes(octets, "little") % (L - 1)


def blind(text, scalar, sha512):
    """Return the 32 octets that go to the directory (section 3.3.1)."""
    return ristretto.encode(ristretto.multiply(scalar, point_of(text, sha512)))


def evaluate(octets, key):
    """Return what the directory with the scalar `key` answers; raises ValueError."""
    point = ristretto.decode(octets)
    if octets == bytes(BYTES):
        raise ValueError("no point")
    return ristretto.encode(ristretto.multiply(key, point))


def finalize(text, scalar, octets, sha512):
    """Return the 64 octets that belong to a text; octets: the answer; raises ValueError."""
    point = ristretto.multiply(ristretto.inverse(scalar), ristretto.decode(octets))
    return output(text, ristretto.encode(point), sha512)


def output(text, octets, sha512):
    """Return the 64 octets of a text whose point, evaluated and not blind, is `octets`."""
    parts = (text, octets)
    joined = b"".join([len(part).to_bytes(2, "big") + part for part in parts])
    return sha512(joined + b"Finalize")


def place(found, buckets, sha512):
    """Return (number of the bucket, key of 32 octets that opens the cell) of an output."""
    octets = sha512(MARK + found)
    return int.from_bytes(octets[:8], "big") % buckets, octets[BYTES:]


def seal(statement, key, nonce, lock):
    """Return the cell of a statement; lock(key, nonce, data) as crypto_secretbox."""
    padded = len(statement).to_bytes(2, "big") + statement + bytes(ROOM_BYTES - len(statement))
    return nonce + lock(key, nonce, padded)


def find(bucket, key, unlock):
    """Return the statement (octets) in a bucket that a key opens, or None."""
    for at in range(0, len(bucket) - CELL_BYTES + 1, CELL_BYTES):
        cell = bucket[at : at + CELL_BYTES]
        opened = unlock(key, cell[:NONCE_BYTES], cell[NONCE_BYTES:])
        if opened is not None:
            return opened[2 : 2 + int.from_bytes(opened[:2], "big")]
    return None
