"""Packets and bodies: round trips, sizes, and that anything else is refused."""

import unittest

from bellhop.errors import MeshError
from bellhop.mesh import packets
from tests.unit.mesh.network import Dice


class Packets(unittest.TestCase):
    def test_hellos_survive_the_round_trip(self):
        hello = packets.Hello(2000, packets.ANSWER, b"digest..", 5067)
        self.assertEqual(packets.read_hello(packets.write_hello(hello)), hello)
        to_all = packets.Greeting(
            b"link id.", packets.TO_ALL, b"", 70000, 2000, b"digest..", [], b"", b""
        )
        head, data = packets.write_to_all(to_all)
        self.assertEqual(packets.parse(data), (packets.HELLO, head))
        read = packets.read_greeting(head + b"tag..1tag..2")
        self.assertEqual(read[:6], to_all[:6])
        self.assertEqual(read.tags, [b"tag..1", b"tag..2"])
        kind, body = packets.parse(packets.write_greeting(b"link id.", b"the mark", b""))
        self.assertEqual(kind, packets.HELLO)
        self.assertEqual(packets.read_greeting(body)[:3], (b"link id.", 0, b"the mark"))

    def test_a_hello_with_eight_neighbours_is_below_100_octets(self):
        greeting = packets.Greeting(
            b"link id.", packets.TO_ALL, b"", 7, 2000, b"digest..", (), b"", b""
        )
        data = packets.write_to_all(greeting)[1]
        self.assertLess(len(data) + 8 * packets.TAG_BYTES, 100)

    def test_a_handshake_survives_the_round_trip(self):
        for step, size in ((1, 32), (2, 128), (3, 96)):
            opening = packets.Open(
                step, b"sender..", b"receiver", b"cookie..", b"sess", bytes(size)
            )
            kind, body = packets.parse(packets.write_open(opening))
            read = packets.read_open(body)
            self.assertEqual((kind, read[:5]), (packets.OPEN, opening[:5]))
            self.assertEqual(read.message[:size], opening.message)
        data = packets.with_cookie(packets.write_open(opening), b"another.")
        self.assertEqual(packets.read_open(packets.parse(data)[1]).cookie, b"another.")

    def test_no_answer_to_a_stranger_is_longer(self):
        hello = packets.write_greeting(b"link id.", b"the mark", b"")
        cookie = packets.write_cookie(b"own.....", b"other...", b"cookie..", b"the mark")
        steps = [
            packets.write_open(
                packets.Open(step, b"s" * 8, b"r" * 8, b"c" * 8, b"sess", bytes(size))
            )
            for step, size in ((1, 32), (2, 128), (3, 96))
        ]
        self.assertLessEqual(len(cookie), len(hello))
        self.assertLessEqual(len(steps[1]), len(steps[0]))
        self.assertLessEqual(len(steps[2]), len(steps[1]))
        with self.assertRaises(MeshError):
            packets.read_open(packets.parse(steps[0][:-1])[1])

    def test_what_is_sealed_has_few_sizes(self):
        sizes = set()
        for size in range(packets.MAX_BODY_BYTES + 1):
            inside = packets.write_inside(packets.WANT, bytes(size))
            sizes.add(len(inside))
            self.assertEqual(packets.read_inside(inside), (packets.WANT, bytes(size)))
        self.assertEqual(sorted(sizes), list(packets.SIZES))

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
            packets.parse, packets.read_hello, packets.read_greeting, packets.read_cookie,
            packets.read_open, packets.read_inside,
            packets.read_numbers, packets.read_branches, packets.read_leaves, packets.read_wanted,
            lambda data: packets.read_frames(data, 0),
        )  # fmt: skip
        for _ in range(300):
            data = dice.random(dice.below(80))
            for read in readers:
                self.read(read, data)

    def read(self, read, data):
        try:
            return read(data)
        except MeshError:
            return None


if __name__ == "__main__":
    unittest.main()
