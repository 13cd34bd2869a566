"""Blind questions (RFC 9497 with ristretto255-SHA512): a directory answers, and learns nothing.

A question goes out as a blinded point; the answer leads to a bucket of sealed statements and opens
one's own there. Mode VOPRF, not blinded, gives each name a tag in the public log that nobody can
guess and of which the directory proves that there is no other. sha512(octets) -> 64 octets comes in
from outside: MicroPython has none.
"""

import binascii

from . import ristretto
from .ristretto import BYTES, L

CONTEXT, PROVED = (b"OPRFV1-\x00-ristretto255-SHA512", b"OPRFV1-\x01-ristretto255-SHA512")
BASE = binascii.unhexlify("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")
MARK = b"bellhop bucket 1"
# Statements in a bucket have one length, so that none is known by it. One is sealed by
# crypto_secretbox: nonce, tag, and its length before it.
NONCE_BYTES, TAG_BYTES, CELL_BYTES = (24, 16, 320)
ROOM_BYTES = CELL_BYTES - NONCE_BYTES - TAG_BYTES - 2


def point_of(text, sha512, context=CONTEXT):
    """Return the point that octets are hashed to (RFC 9497 section 4.1)."""
    return ristretto.of_uniform(uniform_of(text, sha512, context))


def uniform_of(text, sha512, context=CONTEXT, use=b"HashToGroup-"):
    """Return 64 octets of a text by expand_message_xmd (RFC 9380 section 5.3.1)."""
    name = use + context
    name += bytes([len(name)])
    first = sha512(bytes(128) + text + b"\x00\x40\x00" + name)
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
    return sha512(_joined((text, octets)) + b"Finalize")


def _joined(parts):
    return b"".join([len(part).to_bytes(2, "big") + part for part in parts])


# Tags of the public log.


def public_key(key):
    """Return the 32 octets that belong to a scalar."""
    return ristretto.encode(ristretto.multiply(key, ristretto.decode(BASE)))


def tag_of(text, octets, sha512):
    """Return the tag (32 octets) of a name; octets: its point, evaluated."""
    return output(text, octets, sha512)[:BYTES]


def prove(text, octets, key, random, sha512):
    """Return 64 octets that prove that `octets` is the point of a text times `key`.

    random: a scalar that is used once (section 2.2.1).
    """
    point, public = point_of(text, sha512, PROVED), public_key(key)
    m, z = _composites(public, ristretto.encode(point), octets, sha512)
    base = ristretto.decode(BASE)
    c = _challenge(public, m, z, _times(random, base), _times(random, m), sha512)
    return _scalar(c) + _scalar((random - c * key) % L)


def is_proved(text, octets, public, proof, sha512):
    """Tell whether a proof is one of the directory with a public key (section 2.2.2)."""
    point = ristretto.encode(point_of(text, sha512, PROVED))
    try:
        m, z = _composites(public, point, octets, sha512)
        b = ristretto.decode(public)
    except ValueError:
        return False
    c, s = [int.from_bytes(proof[at : at + BYTES], "little") for at in (0, BYTES)]
    first = ristretto.add(_times(s, ristretto.decode(BASE)), _times(c, b))
    second = ristretto.add(_times(s, m), _times(c, z))
    return len(proof) == 2 * BYTES and c == _challenge(public, m, z, first, second, sha512)


def _composites(public, c, d, sha512):
    seed = sha512(_joined((public, b"Seed-" + PROVED)))
    parts = _joined((seed,)) + b"\x00\x00" + _joined((c, d)) + b"Composite"
    factor = _hashed(parts, sha512)
    return _times(factor, ristretto.decode(c)), _times(factor, ristretto.decode(d))


def _challenge(public, m, z, first, second, sha512):
    parts = (public,) + tuple([ristretto.encode(one) for one in (m, z, first, second)])
    return _hashed(_joined(parts) + b"Challenge", sha512)


def _hashed(octets, sha512):
    return int.from_bytes(uniform_of(octets, sha512, PROVED, b"HashToScalar-"), "little") % L


_times = ristretto.multiply


def _scalar(number):
    return number.to_bytes(BYTES, "little")


# Buckets.


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
