"""The signed list of callers whom nobody wants to hear."""

import hashlib
import unittest

from bellhop import spam
from bellhop.errors import BellhopError
from bellhop.spam import Spam

SALT = b"s" * spam.SALT


def sign(octets):
    return hashlib.sha256(b"key" + octets).digest() * 2


def verify(octets, signature):
    return sign(octets) == signature


def made(entries):
    octets = spam.unsigned(entries, SALT)
    return octets + sign(octets)


class SpamTest(unittest.TestCase):
    def test_numbers_and_beginnings_are_found_and_no_others(self):
        one = Spam(made([b"+49301234567", b"+4930999*", b"+43*"]), verify)
        for number in (b"+49301234567", b"+49309991", b"+49309999999"):
            self.assertTrue(one.has(number))
        for number in (b"+49301234568", b"+493099", b"+43123456", b"112", b""):
            self.assertFalse(one.has(number))

    def test_no_number_can_be_read_in_it(self):
        self.assertNotIn(b"49301234567", made([b"+49301234567"]))

    def test_what_is_cut_changed_or_signed_by_others_is_refused(self):
        whole = made([b"+49301234567"])
        changed = whole[:40] + bytes([whole[40] ^ 1]) + whole[41:]
        for octets in (b"", whole[:-1], whole + b"x", changed, b"x" * 200):
            with self.assertRaises(BellhopError):
                Spam(octets, verify)

    def test_a_count_that_lies_is_refused(self):
        octets = spam.unsigned([b"+49301234567"], SALT)
        at = len(spam.HEAD) + spam.SALT
        lying = octets[:at] + (1 << 30).to_bytes(4, "big") + octets[at + 4 :]
        with self.assertRaises(BellhopError):
            Spam(lying + sign(lying), verify)

    def test_a_hundred_thousand_fit_into_a_megabyte(self):
        self.assertTrue(spam.MOST_OCTETS < 1000000)
        most, spam.MOST_ENTRIES = spam.MOST_ENTRIES, 3
        try:
            self.assertTrue(len(spam.unsigned([b"+1%d" % last for last in range(3)], SALT)) > 0)
            with self.assertRaises(BellhopError):
                spam.unsigned([b"+1%d" % last for last in range(4)], SALT)
        finally:
            spam.MOST_ENTRIES = most


if __name__ == "__main__":
    unittest.main()
