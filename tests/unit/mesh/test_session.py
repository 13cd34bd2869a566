"""What is sealed for a neighbour: it opens once, late ones within a window, changed ones never."""

import unittest

from bellhop.errors import MeshError
from bellhop.mesh import packets
from bellhop.mesh.session import WINDOW, Session, Window
from tests.unit.mesh.network import TOY, Dice

KEYS = (b"k" * 32, b"j" * 32, b"t" * 32)


def pair():
    """Return both ends of a link."""
    one = Session(TOY, b"near", b"far.", KEYS)
    return one, Session(TOY, b"far.", b"near", (KEYS[1], KEYS[0], KEYS[2]))


class Sealed(unittest.TestCase):
    def test_it_opens_once(self):
        one, other = pair()
        data = one.write(packets.WANT, b"body")
        self.assertEqual(data[: packets.HEADER_BYTES + 4], b"bm\4far.")
        self.assertEqual(other.read(data), (packets.WANT, b"body"))
        with self.assertRaises(MeshError):
            other.read(data)

    def test_late_ones_open_within_the_window(self):
        one, other = pair()
        sent = [one.write(packets.WANT, b"%d" % turn) for turn in range(WINDOW + 1)]
        other.read(sent[WINDOW])
        self.assertEqual(other.read(sent[1]), (packets.WANT, b"1"))
        for turn in (0, 1, WINDOW):
            with self.assertRaises(MeshError):
                other.read(sent[turn])

    def test_any_changed_octet_is_refused_and_the_true_one_opens_after_it(self):
        one, other = pair()
        data = one.write(packets.ACK, b"12341")
        for at in list(range(packets.HEADER_BYTES, packets.SEALED_BYTES)) + [20, len(data) - 1]:
            forged = bytearray(data)
            forged[at] ^= 1
            if bytes(forged[3:7]) == other.id:
                with self.assertRaises(MeshError):
                    other.read(bytes(forged))
        for size in (0, 3, 12, 13, 29, 40):
            with self.assertRaises(MeshError):
                other.read(data[:size])
        self.assertEqual(other.read(data), (packets.ACK, b"12341"))

    def test_what_came_back_is_not_taken_for_what_was_sent(self):
        one, _ = pair()
        with self.assertRaises(MeshError):
            one.read(one.write(packets.WANT, b"body"))


class Windows(unittest.TestCase):
    def test_each_count_counts_once_in_any_order(self):
        dice = Dice()
        window, taken = Window(), set()
        for _ in range(3000):
            count = max(window.highest, 0) + dice.below(WINDOW + 20) - 100
            if count >= 0 and window.is_new(count):
                self.assertNotIn(count, taken)
                window.take(count)
                taken.add(count)
        self.assertLess(window.seen, 1 << WINDOW)


class Tags(unittest.TestCase):
    def test_only_the_other_end_believes_it_and_learns_the_quality(self):
        one, other = pair()
        for quality in (0, packets.HEARS_MULTICAST):
            tags = [b"others", one.tag(b"head", quality)]
            self.assertEqual(other.quality(b"head", tags), quality)
            self.assertIsNone(other.quality(b"HEAD", tags))
        stranger = Session(TOY, b"far.", b"near", (KEYS[1], KEYS[0], b"x" * 32))
        self.assertIsNone(stranger.quality(b"head", tags))


if __name__ == "__main__":
    unittest.main()
