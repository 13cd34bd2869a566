"""The node as a registering client: its table, its times."""

import unittest

from bellhop.tu import registration
from bellhop.tu.registration import (
    ACCEPTED,
    BRIEF,
    BUSY,
    CHALLENGED,
    DOWN,
    DUE,
    FORBIDDEN,
    LEAVE,
    LOST,
    MOVED,
    NEXT,
    REGISTER,
    UNREGISTER,
    UP,
    Registration,
)
from tests.support.tables import Decided

NOW = 1000


class TableTest(Decided, unittest.TestCase):
    MACHINES = (registration,)


class RegistrationTest(unittest.TestCase):
    def setUp(self):
        self.one = Registration(600, NOW)

    def come(self, seconds=600):
        """Let it be accepted for so many seconds."""
        self.one.handle(DUE, NOW)
        return self.one.handle(ACCEPTED, NOW, seconds)

    def test_it_asks_proves_and_renews_before_the_end(self):
        self.assertEqual(self.one.handle(DUE, NOW), [REGISTER])
        self.assertEqual(self.one.handle(CHALLENGED, NOW), [REGISTER])
        self.assertEqual(self.one.handle(ACCEPTED, NOW, 600), [UP])
        self.assertEqual(self.one.deadline, NOW + 500000)
        self.assertEqual(self.one.handle(DUE, self.one.deadline), [REGISTER])
        self.assertTrue(self.one.is_up())

    def test_a_short_lifetime_is_renewed_within_it(self):
        self.come(6)
        self.assertEqual(self.one.deadline, NOW + 6000)

    def test_too_brief_is_asked_for_again_as_long_as_is_wanted(self):
        self.one.handle(DUE, NOW)
        self.assertEqual(self.one.handle(BRIEF, NOW, 3600), [REGISTER])
        self.assertEqual(self.one.seconds, 3600)
        self.one.handle(BRIEF, NOW, 10**9)
        self.assertEqual(self.one.seconds, registration.MOST_SECONDS)

    def test_silence_is_the_next_host_and_later_again(self):
        self.one.handle(DUE, NOW)
        waits = []
        for _ in range(8):
            self.assertEqual(self.one.handle(LOST, NOW), [NEXT])
            waits.append(self.one.deadline - NOW)
            self.one.handle(DUE, NOW)
        self.assertEqual(waits[:3], [2000, 4000, 8000])
        self.assertEqual(waits[-1], registration.LAST_WAIT)

    def test_a_no_is_not_asked_for_again_at_once(self):
        for times in range(8):
            self.one.handle(DUE, NOW)
            self.assertEqual(self.one.handle(FORBIDDEN, NOW), [DOWN])
            self.assertEqual(self.one.deadline - NOW, min(60000 << times, 3600000))

    def test_busy_waits_as_long_as_it_is_told(self):
        self.one.handle(DUE, NOW)
        self.assertEqual(self.one.handle(BUSY, NOW, 300), [NEXT])
        self.assertEqual(self.one.deadline, NOW + 300000)

    def test_busy_when_it_is_renewed_leaves_it_registered(self):
        self.come()
        self.one.handle(DUE, NOW + 500000)
        self.assertEqual(self.one.handle(BUSY, NOW + 500000, 3600), [])
        self.assertTrue(self.one.is_up())
        self.assertEqual(self.one.deadline, NOW + 500000 + 50000)

    def test_another_address_registers_at_once(self):
        self.come()
        self.assertEqual(self.one.handle(MOVED, NOW + 5), [REGISTER])
        self.assertTrue(self.one.is_up())

    def test_a_host_that_is_gone_is_followed_by_the_next_at_once(self):
        self.come()
        self.assertEqual(self.one.handle(LOST, NOW + 5), [DOWN, NEXT])
        self.assertEqual(self.one.deadline, NOW + 5)

    def test_who_leaves_says_so_once(self):
        self.come()
        self.assertEqual(self.one.handle(LEAVE, NOW), [UNREGISTER])
        self.assertEqual(self.one.handle(LEAVE, NOW), [])
        self.assertEqual(self.one.handle(CHALLENGED, NOW), [UNREGISTER])
        self.assertEqual(self.one.handle(ACCEPTED, NOW), [])
        self.assertEqual((self.one.state, self.one.deadline), (registration.OUT, None))


if __name__ == "__main__":
    unittest.main()
