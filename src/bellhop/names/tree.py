"""A directory's public log: a tree that only grows (RFC 9162 section 2.1), signed heads, proofs.

Each change of a published key is a leaf: 32 octets that stand for the name (`blind.tag_of`), 32 of
what was published. Who asks for a name is shown that what he got stands there; the owner of a name
reads all new leaves and sees each key that was ever published for it. So a directory that names
different keys to different people has to show different logs, and two heads prove that.
"""

import hashlib
from collections import namedtuple

from . import keys

LEAF_BYTES, HASH_BYTES = (64, 32)
MARK = b"bellhop log 1"
# What a directory has signed: size: leaves; at: seconds since 1970; root: 32 octets.
Head = namedtuple("Head", ("size", "at", "root"))
HEAD_BYTES = 48
MAX_SIZE = 2**62


def leaf(tag, key, floor):
    """Return the 64 octets of a leaf. tag: 32 octets; key, floor: of keys.Published."""
    return tag + hashlib.sha256(key + floor.to_bytes(8, "big")).digest()


def hash_leaf(octets):
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\x00" + octets).digest()


def hash_pair(left, right):
    """Return the hash of two hashes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


# Heads.


def write_head(head):
    """Return the 48 octets of a Head."""
    return head.size.to_bytes(8, "big") + head.at.to_bytes(8, "big") + head.root


def read_head(octets):
    """Return the Head in octets, unchecked, or None."""
    if len(octets) != HEAD_BYTES:
        return None
    size, at = int.from_bytes(octets[:8], "big"), int.from_bytes(octets[8:16], "big")
    return Head(size, at, octets[16:]) if size <= MAX_SIZE and at <= MAX_SIZE else None


def sign_head(head, sign):
    """Return the octets of a signed Head; sign(data) -> 64 octets."""
    octets = write_head(head)
    return sign(MARK + octets) + octets


def check_head(octets, key, verify):
    """Return the Head that the directory with a statement key has signed, or None."""
    signature, octets = octets[: keys.SIGNATURE_BYTES], octets[keys.SIGNATURE_BYTES :]
    head = read_head(octets)
    return head if head is not None and verify(key, MARK + octets, signature) else None


# Growing.


def grow(size, peaks, leaf_hash):
    """Return the peaks of a log with one leaf more.

    peaks: hashes of the whole subtrees of which `size` leaves consist, the largest first.
    """
    peaks = list(peaks)
    while size & 1:
        leaf_hash = hash_pair(peaks.pop(), leaf_hash)
        size >>= 1
    return peaks + [leaf_hash]


def root_of(peaks):
    """Return the root over peaks."""
    if not peaks:
        return hashlib.sha256(b"").digest()
    found = peaks[-1]
    for at in range(len(peaks) - 2, -1, -1):
        found = hash_pair(peaks[at], found)
    return found


# Proofs, checked as sections 2.1.3.2 and 2.1.4.2 say.


def is_included(index, head, leaf_hash, proof):
    """Tell whether a leaf stands at `index` of the log of a Head. proof: hashes."""
    if not 0 <= index < head.size:
        return False
    at, last, found = index, head.size - 1, leaf_hash
    for one in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = hash_pair(one, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = hash_pair(found, one)
        at, last = at >> 1, last >> 1
    return last == 0 and found == head.root


def is_consistent(old, new, proof):
    """Tell whether the log of one Head is the beginning of another's. proof: hashes."""
    if old.size > new.size or old.size == 0:
        return old.size == 0
    if old.size == new.size:
        return old.root == new.root and not proof
    if old.size & (old.size - 1) == 0:
        proof = [old.root] + list(proof)
    if not proof:
        return False
    at, last = old.size - 1, new.size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = proof[0]
    for one in proof[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            first, second = hash_pair(one, first), hash_pair(one, second)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            second = hash_pair(second, one)
        at, last = at >> 1, last >> 1
    return last == 0 and first == old.root and second == new.root
