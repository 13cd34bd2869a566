"""The heap of deadlines."""

import unittest

from bellhop.deadlines import Deadlines


class Thing:
    """Something that wants to be woken."""

    def __init__(self, deadline):
        self.deadline = deadline
        self.queued = None


def watched(*times):
    """Return (Deadlines, things), one for each time."""
    deadlines = Deadlines()
    things = [Thing(time) for time in times]
    for thing in things:
        deadlines.watch(thing)
    return deadlines, things


class DeadlinesTest(unittest.TestCase):
    def test_things_come_up_in_the_order_of_their_deadlines(self):
        deadlines, (late, early) = watched(20, 10)
        self.assertIs(deadlines.due(30), early)
        self.assertIs(deadlines.due(30), late)
        self.assertIsNone(deadlines.due(30))

    def test_things_of_one_time_come_up_in_the_order_of_watching(self):
        deadlines, (first, second) = watched(10, 10)
        self.assertIs(deadlines.due(10), first)
        self.assertIs(deadlines.due(10), second)

    def test_nothing_comes_up_before_its_time(self):
        deadlines, _ = watched(10)
        self.assertIsNone(deadlines.due(9))
        self.assertEqual(deadlines.next(), 10)

    def test_a_thing_without_deadline_is_not_kept(self):
        deadlines, _ = watched(None)
        self.assertIsNone(deadlines.next())

    def test_a_deadline_that_moves_later_is_kept_at_its_new_time(self):
        deadlines, (thing,) = watched(10)
        thing.deadline = 30
        deadlines.watch(thing)
        self.assertIsNone(deadlines.due(20))
        self.assertIs(deadlines.due(30), thing)

    def test_nobody_is_woken_for_a_deadline_that_was_cancelled_or_moved(self):
        deadlines, (cancelled, moved, last) = watched(10, 20, 40)
        cancelled.deadline, moved.deadline = None, 30
        self.assertEqual(deadlines.next(), 30)
        moved.deadline = None
        self.assertEqual(deadlines.next(), 40)
        self.assertIs(deadlines.due(40), last)
        self.assertIsNone(deadlines.next())
        cancelled.deadline = 50
        deadlines.watch(cancelled)
        self.assertEqual(deadlines.next(), 50)

    def test_a_deadline_that_moves_earlier_comes_up_once(self):
        deadlines, (thing,) = watched(30)
        thing.deadline = 10
        deadlines.watch(thing)
        self.assertIs(deadlines.due(10), thing)
        thing.deadline = None
        self.assertIsNone(deadlines.due(40))

    def test_a_cancelled_thing_does_not_come_up(self):
        deadlines, (thing,) = watched(10)
        thing.deadline = None
        self.assertIsNone(deadlines.due(20))

    def test_a_thing_cancelled_over_its_old_time_can_be_watched_again(self):
        deadlines, (thing,) = watched(10)
        thing.deadline = None
        deadlines.due(20)
        thing.deadline = 30
        deadlines.watch(thing)
        self.assertIs(deadlines.due(30), thing)

    def test_a_thing_cancelled_before_tidying_can_be_watched_again(self):
        deadlines, things = watched(*range(1000, 1000 + Deadlines.SLACK))
        for thing in things:
            thing.deadline = None
        deadlines.watch(Thing(5000))
        self.assertEqual(len(deadlines.heap), 1)
        things[0].deadline = 1000
        deadlines.watch(things[0])
        self.assertIs(deadlines.due(1000), things[0])

    def test_cancelled_entries_do_not_pile_up(self):
        deadlines = Deadlines()
        for time in range(20 * Deadlines.SLACK):
            thing = Thing(time)
            deadlines.watch(thing)
            thing.deadline = None
        self.assertLessEqual(len(deadlines.heap), Deadlines.SLACK + 1)
