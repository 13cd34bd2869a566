"""Keys as text, sequences, number prefixes."""

import unittest

from bellhop.errors import MeshError
from bellhop.mesh.identity import Sequence, number_prefix, parse_key, write_key


class Keys(unittest.TestCase):
    def test_a_key_survives_the_way_through_text(self):
        for key in (bytes(32), b"\xff" * 32, bytes(range(32))):
            name = write_key(key)
            self.assertEqual(len(name), 52)
            self.assertEqual(parse_key(name), key)

    def test_capitals_are_read_too(self):
        name = write_key(bytes(range(32)))
        self.assertEqual(parse_key(name.upper()), bytes(range(32)))

    def test_what_is_no_key_is_refused(self):
        for name in (b"", b"y" * 51, b"y" * 53, b"v" + b"y" * 51, b"y" * 51 + b"9"):
            with self.assertRaises(MeshError):
                parse_key(name)

    def test_a_prefix_has_five_digits_and_begins_harmlessly(self):
        for attempt in range(40):
            prefix = number_prefix(bytes(32), attempt)
            self.assertEqual(len(prefix), 5)
            self.assertIn(prefix[:1], b"2345678")


class Sequences(unittest.TestCase):
    def test_a_later_boot_is_above_all_of_an_earlier_one(self):
        old, new = Sequence(1), Sequence(2)
        for _ in range(1000):
            last = old.next()
        self.assertGreater(new.next(), last)

    def test_a_jump_goes_up_only(self):
        sequence = Sequence(1)
        sequence.jump_past(1 << 40)
        self.assertEqual(sequence.next(), (1 << 40) + 1)
        sequence.jump_past(5)
        self.assertEqual(sequence.next(), (1 << 40) + 2)


if __name__ == "__main__":
    unittest.main()
