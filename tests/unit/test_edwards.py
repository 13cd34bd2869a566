"""The curve of Ed25519, and keys that a nonce makes of another key."""

import hashlib
import unittest

from bellhop import edwards

SEED = bytes(range(32))


def digest(octets):
    """Stand for SHA-512, which MicroPython lacks."""
    first = hashlib.sha256(b"1" + octets).digest()
    return first + hashlib.sha256(b"2" + octets).digest()


def public_key(seed):
    number = int.from_bytes(digest(seed)[:32], "little") & (1 << 254) - 8 | 1 << 254
    return edwards.encode(edwards.multiply(number, edwards.BASE))


BLINDED, SIGN = edwards.blinding(digest, public_key)


def is_signed(public, data, signature):
    """Check a signature as RFC 8032 section 5.1.7 has it."""
    first, rest = signature[:32], int.from_bytes(signature[32:], "little")
    mixed = int.from_bytes(digest(first + public + data), "little") % edwards.L
    right = edwards.add(edwards.decode(first), edwards.multiply(mixed, edwards.decode(public)))
    left = edwards.multiply(rest, edwards.BASE)
    return edwards.encode(left) == edwards.encode(right)


class Points(unittest.TestCase):
    def test_octets_are_read_as_they_are_written(self):
        self.assertEqual(edwards.encode(edwards.BASE), bytes((0x58,)) + bytes((0x66,)) * 31)
        for scalar in (1, 2, 3, 8, edwards.L - 1, 1 << 200):
            octets = edwards.encode(edwards.multiply(scalar, edwards.BASE))
            self.assertEqual(edwards.encode(edwards.decode(octets)), octets)
        self.assertEqual(
            edwards.encode(edwards.multiply(edwards.L, edwards.BASE)), bytes((1,)) + bytes(31)
        )

    def test_what_is_no_point_is_none(self):
        wrong = (b"", bytes(31), b"\xff" * 32, bytes((2,)) + bytes(31), bytes((1,)) + bytes(30) +
                 bytes((128,)))  # fmt: skip
        for octets in wrong:
            self.assertIsNone(edwards.decode(octets))


class Blinded(unittest.TestCase):
    def test_what_is_signed_fits_the_key_that_everybody_makes(self):
        public = public_key(SEED)
        keys = set()
        for nonce in (b"12345678", b"87654321"):
            hidden = BLINDED(public, nonce)
            signature = SIGN(SEED, nonce, b"words")
            self.assertTrue(is_signed(hidden, b"words", signature))
            self.assertFalse(is_signed(hidden, b"other", signature))
            self.assertFalse(is_signed(public, b"words", signature))
            keys.add(hidden)
        self.assertEqual(len(keys | {public}), 3)

    def test_what_is_no_key_has_none(self):
        self.assertIsNone(BLINDED(b"\xff" * 32, b"12345678"))


if __name__ == "__main__":
    unittest.main()
