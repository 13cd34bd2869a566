"""RDATA of strangers: what is whole is read, what is not is a ValueError and nothing else."""

import unittest

from bellhop.names import answer


class AnswerTest(unittest.TestCase):
    def test_strings(self):
        self.assertEqual(answer.strings(b"\x02ab\x00\x01c"), [b"ab", b"", b"c"])
        self.assertEqual(answer.strings(b""), [])
        for octets in (b"\x03ab", b"\x00\x01"):
            self.assertRaises(ValueError, answer.strings, octets)

    def test_name(self):
        self.assertEqual(answer.name(b"\x03sip\x04test\x00"), b"sip.test")
        self.assertEqual(answer.name(b"\x00"), b"")
        wrong = (b"", b"\x03sip", b"\x03si", b"\xc0\x0c", b"\x00\x00", b"\x03s.p\x00", b"\x40a\x00")
        for octets in wrong:
            self.assertRaises(ValueError, answer.name, octets)

    def test_naptr(self):
        octets = b"\x00\x64\x00\x0a\x01u\x07E2U+sip\x13!^.*$!sip:a@b.test!\x00"
        found = answer.naptr(octets)
        self.assertEqual(tuple(found), (100, 10, b"u", b"E2U+sip", b"!^.*$!sip:a@b.test!", b""))
        for end in range(len(octets)):
            self.assertRaises(ValueError, answer.naptr, octets[:end])

    def test_srv(self):
        octets = b"\x00\x01\x00\x02\x13\xc4\x01a\x04test\x00"
        self.assertEqual(tuple(answer.srv(octets)), (1, 2, 5060, b"a.test"))
        for end in range(len(octets)):
            self.assertRaises(ValueError, answer.srv, octets[:end])


if __name__ == "__main__":
    unittest.main()
