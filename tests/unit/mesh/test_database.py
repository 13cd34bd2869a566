"""The database: newest wins, tombstones, digests, bounds and who loses first."""

import unittest

from bellhop.mesh import record
from bellhop.mesh.database import BURIED, COLLISION, NEWER, OLDER, SAME, Database, key_of


def raw(number, sequence, size=10, salt=b"n"):
    """Return a record of node `number`; nobody checks its signature here."""
    key = number.to_bytes(2, "big") * 16
    head = key + bytes(64) + sequence.to_bytes(8, "big") + bytes((len(salt),)) + salt
    return head + b"x" * size


class Newest(unittest.TestCase):
    def setUp(self):
        self.data = Database()
        self.data.store(raw(1, 5), b"a", 0)

    def compare(self, offered):
        return self.data.compare(offered, key_of(offered))

    def test_sequences_decide(self):
        self.assertEqual(self.compare(raw(1, 6)), NEWER)
        self.assertEqual(self.compare(raw(1, 5)), SAME)
        self.assertEqual(self.compare(raw(1, 4)), OLDER)
        self.assertEqual(self.compare(raw(2, 1)), NEWER)

    def test_salts_are_records_of_their_own(self):
        self.assertEqual(self.compare(raw(1, 1, salt=b"book")), NEWER)

    def test_what_ended_does_not_come_back(self):
        self.data.remove(key_of(raw(1, 5)))
        self.assertEqual(self.compare(raw(1, 5)), BURIED)
        self.assertEqual(self.compare(raw(1, 6)), NEWER)

    def test_another_key_of_the_same_short_id_is_refused(self):
        other = raw(1, 9)[:8] + b"?" * 24 + raw(1, 9)[32:]
        self.assertEqual(self.compare(other), COLLISION)

    def test_tombstones_are_bounded(self):
        data = Database(most_tombstones=20)
        for number in range(50):
            one = raw(number, 1)
            data.store(one, b"a", 0)
            data.remove(key_of(one))
        self.assertEqual((len(data.tombstones), len(data.buried)), (20, 20))


class Digests(unittest.TestCase):
    def test_the_order_does_not_matter(self):
        one, other = Database(), Database()
        records = [raw(number, 1) for number in range(50)]
        for item in records:
            one.store(item, b"a", 0)
        for item in records[::-1]:
            other.store(raw(7, 0), b"a", 0) if item is records[9] else None
            other.store(item, b"b", 9)
        self.assertEqual(one.digest(), other.digest())
        self.assertEqual(one.branch(16), other.branch(16))

    def test_an_empty_one_is_zero_again(self):
        data = Database()
        data.store(raw(1, 5), b"a", 0)
        self.assertNotEqual(data.digest(), bytes(8))
        data.remove(key_of(raw(1, 5)))
        self.assertEqual(data.digest(), bytes(8))
        self.assertEqual((data.count, data.octets, data.shares), (0, 0, {}))


class Bounds(unittest.TestCase):
    def test_the_largest_introducer_loses_its_newest(self):
        data = Database(most=40)
        data.store(raw(100, 1), b"honest", 0)
        for number in range(42):
            data.store(raw(number, 1), b"flood", 0)
        self.assertEqual(data.count, 40)
        self.assertTrue(data.store(raw(101, 1), b"honest", 0))
        self.assertIsNotNone(data.get(key_of(raw(100, 1))))
        self.assertIsNotNone(data.get(key_of(raw(0, 1))))
        self.assertEqual(data.gone, [key_of(raw(38, 1))])
        for number in range(102, 110):
            data.store(raw(number, 1), b"honest", 0)
        self.assertEqual(data.shares[b"honest"], 3 * (data.most_bytes // data.most))

    def test_a_kept_node_always_finds_a_place_and_never_makes_room(self):
        kept = raw(100, 1)[:32]
        data = Database(most=10, is_kept=lambda node: node == kept)
        for number in range(10):
            data.store(raw(number, 1), b"flood", 0)
        self.assertTrue(data.store(raw(100, 1), b"flood", 0))
        for number in range(20, 40):
            data.store(raw(number, 1), b"%d" % number, 0)
        self.assertIsNotNone(data.get(key_of(raw(100, 1))))
        self.assertEqual(data.count, 10)

    def test_many_small_introducers_do_not_undo_a_large_one(self):
        data = Database(most=1024)
        for number in range(100):
            data.store(raw(number, 1), b"honest", 0)
        for number in range(100, 2600):
            data.store(raw(number, 1), b"%d" % (number % 128), 0)
        left = [number for number in range(100) if data.get(key_of(raw(number, 1)))]
        self.assertEqual((len(left), data.count), (100, 1024))

    def test_the_largest_introducer_itself_finds_no_place(self):
        data = Database(most=10)
        for number in range(10):
            self.assertTrue(data.store(raw(number, 1), b"flood", 0))
        self.assertFalse(data.store(raw(11, 1), b"flood", 0))

    def test_octets_are_bounded_too(self):
        data = Database(most_bytes=5000)
        for number in range(60):
            data.store(raw(number, 1, 800), b"flood", 0)
        self.assertLess(data.octets, 5001)

    def test_an_update_needs_no_new_place(self):
        data = Database(most=2)
        data.store(raw(1, 1), b"a", 0)
        data.store(raw(2, 1), b"a", 0)
        self.assertTrue(data.store(raw(2, 2), b"a", 0))
        self.assertEqual(data.count, 2)

    def test_keys_are_short_id_and_salt(self):
        self.assertEqual(key_of(raw(1, 1, salt=b"book")), b"\0\1" * 4 + record.BOOK_SALT)


if __name__ == "__main__":
    unittest.main()
