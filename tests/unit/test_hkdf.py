"""HKDF against the test cases of RFC 5869, HMAC against those of RFC 4231."""

import unittest
from binascii import unhexlify

from bellhop import hkdf


class Vectors(unittest.TestCase):
    def test_rfc_5869_case_1(self):
        key = hkdf.extract(bytes(range(13)), b"\x0b" * 22)
        self.assertEqual(
            key, unhexlify("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5")
        )
        made = hkdf.expand(key, bytes(range(0xF0, 0xFA)), 42)
        self.assertEqual(
            made,
            unhexlify(
                "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
            ),
        )

    def test_rfc_5869_case_3(self):
        made = hkdf.expand(hkdf.extract(b"", b"\x0b" * 22), b"", 42)
        self.assertEqual(
            made,
            unhexlify(
                "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
            ),
        )

    def test_rfc_4231_case_6_has_a_key_longer_than_a_block(self):
        made = hkdf.hmac(b"\xaa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First")
        self.assertEqual(
            made, unhexlify("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
        )

    def test_octets_are_compared_whole(self):
        self.assertTrue(hkdf.equal(b"abc", b"abc"))
        for other in (b"abd", b"ab", b"abcd", b""):
            self.assertFalse(hkdf.equal(b"abc", other))


if __name__ == "__main__":
    unittest.main()
