"""Why a call failed: a sentence in the place of a phrase that says nothing to people."""

import unittest

from bellhop.sip.status import REASONS
from bellhop.tu import wording


class WordingTest(unittest.TestCase):
    def test_every_refusal_with_a_phrase_of_the_rfcs_or_of_a_phone_becomes_a_sentence(self):
        for status in list(range(400, 420)) + list(REASONS) + [302, 599, 699]:
            if status < 300 or status in wording.SILENT:
                continue
            for phrase in (REASONS.get(status, b"Unknown"), b"", b"Busy here", b"Call terminated"):
                words = wording.sentence(status, phrase, "bob").decode()
                self.assertNotIn("%", words)
                self.assertGreater(len(words.split()), 3, words)
                self.assertEqual(words[0], words[0].lower())

    def test_what_a_rule_has_said_stands(self):
        words = b"bob does not want to be disturbed now"
        self.assertEqual(wording.sentence(486, words, "bob"), words)

    def test_who_hangs_up_or_is_asked_for_a_password_reads_the_phrase(self):
        for status in wording.SILENT:
            self.assertEqual(wording.sentence(status, REASONS[status], "bob"), REASONS[status])

    def test_the_name_of_who_was_called_is_shown(self):
        words = wording.sentence(486, b"Busy Here", "bob")
        self.assertEqual(words, b"bob is busy or does not want to talk now")


if __name__ == "__main__":
    unittest.main()
