"""Packets and bodies: round trips, sizes, and that anything else is refused."""

import unittest

from bellhop.mesh import carrier
from bellhop.mesh.identity import MeshError
from tests.unit.mesh.network import Dice

HELLO = carrier.Hello(7, 2000, carrier.ANSWER, b"digest..", {b"abcd": 1, b"efgh": 0})


class Packets(unittest.TestCase):
    def test_a_packet_survives_the_round_trip(self):
        data = carrier.write(carrier.ACK, b"sender..", b"cookie..", b"body")
        self.assertEqual(carrier.parse(data), (carrier.ACK, b"sender..", b"cookie..", b"body"))

    def test_a_hello_survives_the_round_trip(self):
        self.assertEqual(carrier.read_hello(carrier.write_hello(HELLO)), HELLO)

    def test_a_hello_with_eight_neighbours_is_below_100_octets(self):
        heard = {b"%4d" % number: 1 for number in range(8)}
        hello = carrier.Hello(7, 2000, 1, b"digest..", heard)
        data = carrier.write(
            carrier.HELLO, b"sender..", carrier.NO_COOKIE, carrier.write_hello(hello)
        )
        self.assertLess(len(data), 100)

    def test_no_answer_to_a_stranger_is_three_times_as_long(self):
        question = carrier.HEADER_BYTES + carrier.HELLO_HEAD_BYTES
        ask = carrier.HEADER_BYTES + 8 + 32 + 16
        cookie = carrier.HEADER_BYTES + 8
        self.assertLess(ask, 3 * question)
        self.assertLess(ask, 3 * cookie)
        self.assertLess(carrier.HEADER_BYTES + 32 + 16 + 64, 3 * ask)

    def test_lists_survive_the_round_trip(self):
        items = [(b"12345678n", 5), (b"abcdefghbook1", 1 << 80)]
        body = b"\1\7\2" + b"".join([carrier.write_listed(key, number) for key, number in items])
        self.assertEqual(carrier.read_leaves(body), [carrier.Leaf(7, items, True)])
        wanted = b"".join([carrier.write_wanted(key) for key, _ in items])
        self.assertEqual(carrier.read_wanted(wanted), [key for key, _ in items])

    def test_bodies_survive_the_round_trip(self):
        records = [bytes(200), b"x" * 300]
        data = b"head" + b"".join([carrier.frame(raw) for raw in records])
        self.assertEqual(carrier.read_frames(data, 4), records)

    def test_pieces_are_never_cut(self):
        bodies = list(carrier.packed([b"x" * 500] * 5))
        self.assertEqual([len(body) for body in bodies], [1000, 1000, 500])

    def test_noise_is_refused_and_nothing_else(self):
        dice = Dice()
        readers = (
            carrier.parse, carrier.read_hello, carrier.read_ask, carrier.read_proof,
            carrier.read_numbers, carrier.read_branches, carrier.read_leaves, carrier.read_wanted,
            lambda data: carrier.read_frames(data, 0),
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
