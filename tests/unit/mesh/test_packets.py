"""Packets and bodies: round trips, sizes, and that anything else is refused."""

import unittest

from bellhop.errors import MeshError
from bellhop.mesh import packets
from tests.unit.mesh.network import Dice

HELLO = packets.Hello(7, 2000, packets.ANSWER, b"digest..", {b"abcd": 1, b"efgh": 0})


class Packets(unittest.TestCase):
    def test_a_packet_survives_the_round_trip(self):
        data = packets.write(packets.ACK, b"sender..", b"cookie..", b"body")
        self.assertEqual(packets.parse(data), (packets.ACK, b"sender..", b"cookie..", b"body"))

    def test_a_hello_survives_the_round_trip(self):
        self.assertEqual(packets.read_hello(packets.write_hello(HELLO)), HELLO)

    def test_a_hello_with_eight_neighbours_is_below_100_octets(self):
        heard = {b"%4d" % number: 1 for number in range(8)}
        hello = packets.Hello(7, 2000, 1, b"digest..", heard)
        data = packets.write(
            packets.HELLO, b"sender..", packets.NO_COOKIE, packets.write_hello(hello)
        )
        self.assertLess(len(data), 100)

    def test_no_answer_to_a_stranger_is_three_times_as_long(self):
        question = packets.HEADER_BYTES + packets.HELLO_HEAD_BYTES
        ask = packets.HEADER_BYTES + 8 + 32 + 16
        cookie = packets.HEADER_BYTES + 8
        self.assertLess(ask, 3 * question)
        self.assertLess(ask, 3 * cookie)
        self.assertLess(packets.HEADER_BYTES + 32 + 16 + 64, 3 * ask)

    def test_lists_survive_the_round_trip(self):
        items = [(b"12345678n", 5), (b"abcdefghbook1", 1 << 80)]
        body = b"\1\7\2" + b"".join([packets.write_listed(key, number) for key, number in items])
        self.assertEqual(packets.read_leaves(body), [packets.Leaf(7, items, True)])
        wanted = b"".join([packets.write_wanted(key) for key, _ in items])
        self.assertEqual(packets.read_wanted(wanted), [key for key, _ in items])

    def test_bodies_survive_the_round_trip(self):
        records = [bytes(200), b"x" * 300]
        data = b"head" + b"".join([packets.frame(raw) for raw in records])
        self.assertEqual(packets.read_frames(data, 4), records)

    def test_pieces_are_never_cut(self):
        bodies = list(packets.packed([b"x" * 500] * 5))
        self.assertEqual([len(body) for body in bodies], [1000, 1000, 500])

    def test_noise_is_refused_and_nothing_else(self):
        dice = Dice()
        readers = (
            packets.parse, packets.read_hello, packets.read_ask, packets.read_proof,
            packets.read_numbers, packets.read_branches, packets.read_leaves, packets.read_wanted,
            lambda data: packets.read_frames(data, 0),
        )  # fmt: skip
        for _ in range(300):
            data = dice.token(dice.below(80))
            for read in readers:
                self.read(read, data)

    def read(self, read, data):
        try:
            return read(data)
        except MeshError:
            return None


if __name__ == "__main__":
    unittest.main()
