"""Keys of phones in a=crypto lines."""

import unittest

from bellhop.media import crypto

# 30 octets of key and salt, made up.
INLINE = b"inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd"
VALUE = b"1 AES_CM_128_HMAC_SHA1_80 " + INLINE
ALL = (1, 2, 3, 4)


class Parsing(unittest.TestCase):
    def test_suite_key_and_salt_are_read(self):
        found = crypto.parse(VALUE)
        self.assertEqual((found.tag, found.suite.number), (b"1", 1))
        self.assertEqual((found.key, found.salt), (bytes(range(16)), bytes(range(16, 30))))
        self.assertEqual(found.master(), (1, bytes(range(16)), bytes(range(16, 30))))

    def test_what_is_written_is_read_again(self):
        for suite in crypto.SUITES:
            made = crypto.fresh(b"7", suite, lambda size: bytes(range(size)))
            found = crypto.parse(made.write().partition(b":")[2])
            self.assertEqual((found.tag, found.master()), (b"7", made.master()))

    def test_a_lifetime_is_passed_over(self):
        self.assertIsNotNone(crypto.parse(VALUE + b"|2^31"))

    def test_padding_may_be_left_out(self):
        line = b"2 AEAD_AES_128_GCM inline:" + b"A" * 37 + b"A"
        self.assertIsNotNone(crypto.parse(line))
        self.assertIsNotNone(crypto.parse(line + b"=="))

    def test_what_cannot_be_used_is_passed_over(self):
        wrong = (
            b"", b"1", b"x AES_CM_128_HMAC_SHA1_80 " + INLINE, b"1 NULL_HMAC " + INLINE,
            b"1234567890 AES_CM_128_HMAC_SHA1_80 " + INLINE, VALUE + b" KDR=1",
            VALUE + b"|2^20|1:4", VALUE + b"|1:4", VALUE + b";" + INLINE, VALUE[:-1], VALUE + b"A",
            VALUE.replace(b"AAEC", b"AA C"), VALUE.replace(b"AAEC", b"AA*C"),
            VALUE.replace(b"inline:", b""), VALUE.replace(b"_80", b"_80\xff"),
        )  # fmt: skip
        for value in wrong:
            self.assertIsNone(crypto.parse(value), value)

    def test_the_first_usable_one_is_chosen(self):
        values = [b"1 F8_128_HMAC_SHA1_80 " + INLINE, b"2" + VALUE[1:], b"3" + VALUE[1:]]
        self.assertEqual(crypto.choose(values, ALL).tag, b"2")
        self.assertIsNone(crypto.choose(values, (3, 4)))
        self.assertIsNone(crypto.choose([], ALL))

    def test_a_key_is_not_shown_by_accident(self):
        shown = repr(crypto.parse(VALUE)) + str(crypto.parse(VALUE))
        self.assertNotIn("AAECAw", shown)
        self.assertNotIn("x01", shown)


class Base64(unittest.TestCase):
    def test_there_is_one_way_to_write_octets(self):
        self.assertEqual(crypto.unbase64(b"AA=="), b"\0")
        for text in (b"AB==", b"A", b"A A=", b"AA==A", b"\xff\xff"):
            self.assertIsNone(crypto.unbase64(text), text)


if __name__ == "__main__":
    unittest.main()
