"""Reason phrases."""

import unittest

from bellhop.sip.status import reason_phrase


class ReasonPhraseTest(unittest.TestCase):
    def test_a_known_code_has_its_own_phrase(self):
        self.assertEqual(reason_phrase(486), b"Busy Here")

    def test_an_unknown_code_has_the_phrase_of_its_class(self):
        self.assertEqual(reason_phrase(499), b"Bad Request")
        self.assertEqual(reason_phrase(299), b"OK")

    def test_a_code_of_no_class_has_a_phrase_too(self):
        self.assertEqual(reason_phrase(999), b"Unknown")
