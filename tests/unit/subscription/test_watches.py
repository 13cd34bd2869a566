"""Who watches what on this node."""

import unittest

from bellhop.limits import MAX_SUBSCRIPTIONS, MAX_SUBSCRIPTIONS_PER_HOST
from bellhop.subscription.watches import Watches


class One:
    def __init__(self, key, host="h"):
        self.key, self.resource, self.host = key, "alice", host


def watch(key=("a",), host="h"):
    return One(key, host)


class WatchesTest(unittest.TestCase):
    def test_bounds_in_all_and_for_one_host(self):
        watches = Watches()
        for count in range(MAX_SUBSCRIPTIONS_PER_HOST):
            self.assertTrue(watches.add(watch((count,), host="one")))
        self.assertFalse(watches.add(watch(("more",), host="one")))
        for count in range(MAX_SUBSCRIPTIONS - MAX_SUBSCRIPTIONS_PER_HOST):
            self.assertTrue(watches.add(watch((count, 1), host=str(count))))
        self.assertFalse(watches.add(watch(("more",), host="other")))
        self.assertEqual(watches.counters["refused"], 2)

    def test_what_is_removed_leaves_nothing(self):
        watches = Watches()
        one = watch()
        watches.add(one)
        self.assertEqual(list(watches.of("alice")), [one])
        watches.remove(one)
        watches.remove(one)
        self.assertEqual((watches.by_key, watches.by_resource, watches.hosts), ({}, {}, {}))


if __name__ == "__main__":
    unittest.main()
