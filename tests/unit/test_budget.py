"""Budgets of a day, and who may use how much of one."""

import unittest

from bellhop.budget import DAY, Budget, Shares
from bellhop.limits import MAX_SOURCES, MEMBER, OWN, STRANGER, WRITINGS_A_DAY


def spent(budget, now, until, step):
    """Return when a budget was used, asked every `step` ms."""
    times = []
    while now < until:
        if not budget.wait(now):
            budget.spend(now)
            times.append(now)
        now += step
    return times


class BudgetTest(unittest.TestCase):
    def test_no_24_hours_see_more_than_the_budget(self):
        times = spent(Budget(96), 12345, 12345 + 4 * DAY, 60000)
        for first in times:
            self.assertTrue(len([one for one in times if first <= one < first + DAY]) <= 96)
        self.assertTrue(len(times) > 3 * 48)

    def test_who_waits_as_long_as_he_is_told_gets_one(self):
        budget = Budget(4)
        self.assertEqual(len(spent(budget, 0, 100, 10)), 2)
        self.assertEqual(budget.left(100), 0)
        wait = budget.wait(100)
        self.assertEqual((budget.wait(100 + wait - 1), budget.wait(100 + wait)), (1, 0))
        self.assertEqual([budget.left(day * DAY // 2 + 100) for day in (0, 1, 2, 9)], [0, 1, 2, 2])


class SharesTest(unittest.TestCase):
    def setUp(self):
        self.shares = Shares()

    def use(self, sender, times):
        """Return how many of so many writings a sender gets at once."""
        got = 0
        for _ in range(times):
            if not self.shares.wait(sender, 0):
                self.shares.spend(sender, 0)
                got += 1
        return got

    def test_one_sender_has_a_share_of_those_of_his_kind(self):
        for kind in (OWN, MEMBER, STRANGER):
            self.assertEqual(self.use((kind, "a"), 1000), WRITINGS_A_DAY[kind][1] // 2)
            self.assertTrue(self.use((kind, "b"), 1) == 1)

    def test_all_strangers_of_the_world_leave_the_house_its_own(self):
        got = sum([self.use((STRANGER, str(number)), 3) for number in range(2 * MAX_SOURCES)])
        self.assertEqual(got, WRITINGS_A_DAY[STRANGER][0] // 2)
        self.assertTrue(len(self.shares.senders) <= MAX_SOURCES)
        self.assertEqual(self.use((OWN, "alice"), 1), 1)
        self.assertTrue(self.shares.counters["refused"] > 0)

    def test_the_status_names_who_has_used_most(self):
        self.use((STRANGER, "192.0.2.0/24"), 5)
        self.use((OWN, "alice"), 7)
        rows = self.shares.seen(0)
        self.assertEqual([row["from"] for row in rows], ["", "", "", "alice", "192.0.2.0/24"])
        self.assertEqual(rows[3]["left"], WRITINGS_A_DAY[OWN][1] // 2 - 7)
