"""Names of header fields."""

import unittest

from bellhop.errors import SipError
from bellhop.sip import headers


class CanonicalTest(unittest.TestCase):
    def test_compact_forms_mean_the_full_names(self):
        for compact, full in (
            (b"i", b"call-id"), (b"M", b"contact"), (b"e", b"content-encoding"),
            (b"l", b"content-length"), (b"C", b"content-type"), (b"f", b"from"), (b"s", b"subject"),
            (b"k", b"supported"), (b"T", b"to"), (b"v", b"via"), (b"o", b"event"),
            (b"u", b"allow-events"),
            (b"r", b"refer-to"), (b"b", b"referred-by"), (b"x", b"session-expires"),
        ):  # fmt: skip
            self.assertEqual(headers.canonical(compact), full)

    def test_case_does_not_matter_and_blanks_may_stand_before_the_colon(self):
        self.assertEqual(headers.canonical(b"cOnTaCt \t"), b"contact")
        self.assertEqual(headers.canonical(b"X-Own-Thing"), b"x-own-thing")

    def test_a_name_that_is_no_token_is_refused(self):
        for written in (b"", b" ", b"a b", b"a:b", b"\xff", b" To"):
            with self.assertRaises(SipError):
                headers.canonical(written)

    def test_every_well_known_spelling_is_found_at_once(self):
        for spelling in headers.SPELLINGS:
            self.assertEqual(headers.NAMES[spelling], spelling.lower())
