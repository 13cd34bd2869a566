"""The list of words for comparing keys."""

import unittest

from bellhop.media import sas


class Words(unittest.TestCase):
    def test_there_are_1024_different_ones(self):
        self.assertEqual(len(sas.WORDS), 1024)
        self.assertEqual(len(set(sas.WORDS)), 1024)

    def test_none_begins_with_another(self):
        ordered = sorted(sas.WORDS)
        for one, other in zip(ordered, ordered[1:]):
            self.assertFalse(other.startswith(one), one)

    def test_each_is_short_plain_letters(self):
        for word in sas.WORDS:
            self.assertTrue(
                4 <= len(word) <= 8 and not word.encode().strip(b"abcdefghijklmnopqrstuvwxyz")
            )

    def test_twenty_bits_choose_two(self):
        self.assertEqual(sas.pair(bytes(3)), (sas.WORDS[0], sas.WORDS[0]))
        self.assertEqual(sas.pair(b"\xff\xff\xf0"), (sas.WORDS[-1], sas.WORDS[-1]))
        self.assertEqual(sas.pair(b"\0\x40\x30"), (sas.WORDS[1], sas.WORDS[3]))


if __name__ == "__main__":
    unittest.main()
