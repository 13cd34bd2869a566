"""Reconciliation: two databases become alike by the packets of the comparison alone."""

import unittest

from bellhop.mesh import packets, repair
from bellhop.mesh.database import Database, key_of
from tests.unit.mesh.test_database import raw


class Side:
    """One end: a database and the packets it was sent."""

    def __init__(self, records):
        self.data = Database()
        for item in records:
            self.data.store(item, b"a", 0)
        self.octets = 0

    def give(self, other, keys):
        for key in keys:
            entry = self.data.get(key)
            if entry is not None and other.data.compare(entry.raw, key) == "newer":
                other.data.store(entry.raw, b"b", 0)


def reconcile(one, other):
    """Carry waiting to and fro until none is left; return the octets of the comparison."""
    waiting = [(one, other, packets.TREE, repair.opening(one.data))]
    octets = 0
    while waiting:
        sender, taker, kind, body = waiting.pop(0)
        octets += len(body)
        if kind == packets.TREE:
            branches = packets.read_branches(body)
            trees, lists = repair.compare_branches(taker.data, branches)
            waiting += [(taker, sender, packets.TREE, tree) for tree in trees]
            waiting += [(taker, sender, packets.LIST, leaves) for leaves in lists]
        elif kind == packets.LIST:
            send, want, _ = repair.compare_leaves(taker.data, packets.read_leaves(body))
            taker.give(sender, send)
            waiting += [(taker, sender, packets.WANT, keys) for keys in repair.write_want(want)]
        else:
            taker.give(sender, packets.read_wanted(body))
    return octets


def spread(number):
    """Return a number whose record lies in any leaf."""
    return number * 40503 % 65536


class Reconciliation(unittest.TestCase):
    def test_equal_ones_say_nothing(self):
        records = [raw(spread(number), 1) for number in range(100)]
        one, other = Side(records), Side(records)
        branches = packets.read_branches(repair.opening(one.data))
        self.assertEqual(repair.compare_branches(other.data, branches), ([], []))

    def test_each_gets_what_it_lacks_and_the_newer_of_two(self):
        common = [raw(spread(number), 5) for number in range(200)]
        one = Side(common + [raw(spread(300), 1)] + [raw(spread(7), 9)])
        other = Side(common + [raw(spread(400), 1)] + [raw(spread(8), 9)])
        one.data.store(raw(spread(7), 9), b"a", 0)
        octets = reconcile(one, other)
        self.assertEqual(one.data.digest(), other.data.digest())
        self.assertEqual(one.data.count, 202)
        self.assertLess(octets, 2000)

    def test_two_islands_become_one(self):
        one = Side([raw(spread(number), 1) for number in range(300)])
        other = Side([raw(spread(number), 1) for number in range(300, 700)])
        reconcile(one, other)
        self.assertEqual(one.data.digest(), other.data.digest())

    def test_a_crowded_leaf_is_brought_over_by_both_sides_asking(self):
        one = Side([raw(number, 1) for number in range(200)])
        other = Side([raw(number, 1) for number in range(150, 255)])
        reconcile(one, other)
        reconcile(other, one)
        self.assertEqual(one.data.digest(), other.data.digest())

    def test_what_ended_here_is_not_asked_for(self):
        one, other = Side([raw(1, 1)]), Side([raw(1, 1)])
        one.data.remove(key_of(raw(1, 1)))
        reconcile(other, one)
        self.assertEqual(one.data.count, 0)


if __name__ == "__main__":
    unittest.main()
