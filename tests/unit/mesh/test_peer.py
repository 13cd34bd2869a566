"""The push to one peer: batches, window, repeats, giving up."""

import unittest

from bellhop.mesh import packets, peer
from bellhop.mesh.database import Database, key_of
from bellhop.mesh.peer import ACK_TIMEOUT, ACK_TRIES, WINDOW, Peer
from bellhop.mesh.rate import spend
from tests.unit.mesh.test_database import raw


class Push(unittest.TestCase):
    def setUp(self):
        self.data = Database()
        self.peer = Peer(b"k" * 32, b"k" * 8, 0)

    def offer(self, numbers, at=0, size=100):
        for number in numbers:
            one = raw(number, 1, size)
            self.data.store(one, b"a", 0)
            self.peer.offer(key_of(one), 1, at)

    def number(self, body):
        return int.from_bytes(body[:4], "big")

    def test_several_records_share_a_packet(self):
        self.offer(range(5))
        bodies = self.peer.flush(self.data, 0)
        self.assertEqual([len(packets.read_frames(body, 4)) for body in bodies], [5])

    def test_an_acknowledged_packet_is_done(self):
        self.offer(range(5))
        body = self.peer.flush(self.data, 0)[0]
        self.peer.acknowledged(self.number(body), True, 5)
        self.assertTrue(self.peer.is_idle())
        self.assertIsNone(self.peer.deadline)

    def test_a_lost_packet_is_repeated_and_at_last_given_up(self):
        self.offer([1])
        sent = 0
        for turn in range(20):
            sent += len(self.peer.flush(self.data, turn * ACK_TIMEOUT))
        self.assertEqual(sent, ACK_TRIES)
        self.assertEqual(self.peer.gave_up, 1)
        self.assertTrue(self.peer.is_idle())

    def test_a_repeat_carries_the_newest_record(self):
        self.offer([1])
        self.peer.flush(self.data, 0)
        self.data.store(raw(1, 2), b"a", 0)
        body = self.peer.flush(self.data, ACK_TIMEOUT)[0]
        self.assertEqual(packets.read_frames(body, 4), [raw(1, 2)])

    def test_what_the_peer_sent_itself_is_not_sent_to_it(self):
        self.offer([1, 2])
        self.peer.has(key_of(raw(1, 1)), 1)
        body = self.peer.flush(self.data, 0)[0]
        self.assertEqual(len(packets.read_frames(body, 4)), 1)

    def test_an_older_one_that_the_peer_has_does_not_count(self):
        self.offer([1])
        self.peer.pending[key_of(raw(1, 1))] = 5
        self.peer.has(key_of(raw(1, 1)), 4)
        self.assertEqual(len(self.peer.pending), 1)

    def test_no_more_than_the_window_is_in_the_air(self):
        self.offer(range(1000), size=800)
        bodies = self.peer.flush(self.data, 0)
        self.assertEqual(len(bodies), WINDOW)
        self.assertGreater(self.peer.deadline, 0)
        self.peer.acknowledged(self.number(bodies[0]), True, 3)
        self.assertEqual(len(self.peer.flush(self.data, 3)), 1)

    def test_packets_stay_below_the_mtu(self):
        self.offer(range(100), size=333)
        for body in self.peer.flush(self.data, 0):
            self.assertLess(len(body), packets.MAX_BODY_BYTES + 1)


class Lazy(unittest.TestCase):
    def setUp(self):
        self.peer = Peer(b"k" * 32, b"k" * 8, 0)

    def test_one_that_had_everything_is_only_told_until_it_asks(self):
        for number in range(peer.LAZY_AFTER):
            self.assertFalse(self.peer.is_lazy())
            self.peer.acknowledged(number, False, 0)
        self.assertTrue(self.peer.is_lazy())
        self.peer.acknowledged(9, True, 0)
        self.assertFalse(self.peer.is_lazy())

    def test_what_it_shows_to_have_is_not_told(self):
        self.peer.announce(b"a", 5, 100)
        self.peer.announce(b"b", 5, 100)
        self.peer.has(b"a", 5)
        self.assertEqual(self.peer.announcements(99), [])
        self.assertEqual(self.peer.announcements(100), [b"b"])
        self.assertEqual(self.peer.announcements(500), [])


class Rates(unittest.TestCase):
    def test_a_burst_passes_and_then_the_rate(self):
        mark = passed = 0
        for now in range(10000):
            spent = spend(mark, now, 10, 200)
            if spent is not None:
                mark, passed = spent, passed + 1
        self.assertEqual(passed, 200 + 10000 // 10 - 1)


if __name__ == "__main__":
    unittest.main()
