"""Bencode: only the canonical form is read."""

import unittest

from bellhop.bencode import decode, encode
from bellhop.errors import MeshError


class Bencode(unittest.TestCase):
    def test_values_survive_the_round_trip(self):
        for value in (0, -7, 1 << 62, b"", b"abc", [], [1, [b"x"]], {}, {b"b": 1, b"a": [b""]}):
            self.assertEqual(decode(encode(value)), value)

    def test_keys_are_written_in_order(self):
        self.assertEqual(encode({b"b": 2, b"a": 1, b"aa": 3}), b"d1:ai1e2:aai3e1:bi2ee")

    def test_what_is_not_canonical_is_refused(self):
        bad = (
            b"", b"i1", b"i01e", b"i-0e", b"ie", b"i--1e", b"01:a", b"2:a", b"l", b"d1:ai1e",
            b"d1:bi1e1:ai1ee", b"d1:ai1e1:ai1ee", b"di1ei1ee", b"i1ei1e", b"x", b"-1:a",
            b"i99999999999999999999999e", b"l" * 50 + b"e" * 50,
        )  # fmt: skip
        for octets in bad:
            with self.subTest(octets), self.assertRaises(MeshError):
                decode(octets)


if __name__ == "__main__":
    unittest.main()
