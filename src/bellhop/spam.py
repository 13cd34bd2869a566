"""A list of numbers that call for no good: one signed file, asked on the node itself.

    bellhop-spam-1 LF   salt 16   count 4, big endian   (hash 8)*, rising   signature 64

hash: the first octets of SHA-256 of the salt and a number as +49301234, or a beginning of numbers
as +49301*; the signature (Ed25519) is of all before it. 100,000 entries are 800 kB.
"""

import hashlib

from .errors import BellhopError

HEAD = b"bellhop-spam-1\n"
SALT, COUNT, HASH, SIGNATURE = (16, 4, 8, 64)
MOST_ENTRIES = 100000
MOST_OCTETS = len(HEAD) + SALT + COUNT + MOST_ENTRIES * HASH + SIGNATURE
# The shortest beginning that is looked for: a country alone is nobody's.
SHORTEST = 4


class Spam:
    """The list of a file. octets: the whole file; verify(octets, signature): whether it is signed.

    Raises BellhopError in words.
    """

    def __init__(self, octets, verify):
        start = len(HEAD) + SALT + COUNT
        if octets[: len(HEAD)] != HEAD or len(octets) < start + SIGNATURE:
            raise BellhopError("the spam list is none of this kind")
        self.salt = octets[len(HEAD) : len(HEAD) + SALT]
        self.count = int.from_bytes(octets[start - COUNT : start], "big")
        end = start + self.count * HASH
        if self.count > MOST_ENTRIES or len(octets) != end + SIGNATURE:
            raise BellhopError("the spam list is cut, or has more than %d numbers" % MOST_ENTRIES)
        if not verify(octets[:end], octets[end:]):
            raise BellhopError("the spam list is not signed by the key in `option spam_key`")
        self.hashes = octets[start:end]

    def has(self, number):
        """Tell whether a number (as +49301234) is listed, by itself or by its beginning."""
        if self._holds(number):
            return True
        for length in range(SHORTEST, len(number) + 1):
            if self._holds(number[:length] + b"*"):
                return True
        return False

    def _holds(self, entry):
        wanted = hash_of(self.salt, entry)
        low, high = 0, self.count
        while low < high:
            middle = (low + high) // 2
            found = self.hashes[middle * HASH : (middle + 1) * HASH]
            if found == wanted:
                return True
            if found < wanted:
                low = middle + 1
            else:
                high = middle
        return False


def hash_of(salt, entry):
    """Return the hash of a number, or of a beginning with *."""
    return hashlib.sha256(salt + entry).digest()[:HASH]


def unsigned(entries, salt):
    """Return the octets of a file but for its signature; entries: numbers, beginnings with *."""
    hashes = sorted({hash_of(salt, entry) for entry in entries})
    if len(hashes) > MOST_ENTRIES:
        raise BellhopError("a spam list has at most %d numbers" % MOST_ENTRIES)
    return HEAD + salt + len(hashes).to_bytes(COUNT, "big") + b"".join(hashes)
