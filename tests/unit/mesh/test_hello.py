"""The neighbour's machine: every pair is decided once, and the ways through it."""

import unittest

from bellhop.mesh import hello
from bellhop.mesh.hello import (
    GONE,
    HELLO,
    HELLO_BACK,
    IGNORED,
    MUTUAL,
    PROOF,
    SILENCE,
    TABLE,
    TWO_WAY,
    Neighbour,
)  # fmt: skip


def neighbour():
    return Neighbour(0, ("10.0.0.2", 5062), b"12345678", b"cookie..", b"n" * 16, 0)


class Machine(unittest.TestCase):
    def test_every_pair_is_decided_once(self):
        for state in hello.STATES:
            for event in hello.EVENTS:
                self.assertNotEqual((state, event) in TABLE, (state, event) in IGNORED)
        self.assertEqual(len(TABLE) + len(IGNORED), len(hello.STATES) * len(hello.EVENTS))

    def test_a_proof_and_being_heard_make_it_two_way(self):
        for events in ((HELLO, HELLO_BACK, PROOF), (PROOF, HELLO_BACK), (HELLO_BACK, PROOF)):
            one = neighbour()
            for event in events:
                one.handle(event, 5)
            self.assertEqual(one.state, TWO_WAY)

    def test_without_a_proof_it_never_becomes_two_way(self):
        one = neighbour()
        for _ in range(9):
            one.handle(HELLO_BACK, 5)
        self.assertEqual(one.state, MUTUAL)

    def test_one_that_no_longer_hears_us_is_not_two_way(self):
        one = neighbour()
        for event in (HELLO_BACK, PROOF, HELLO):
            one.handle(event, 5)
        self.assertNotEqual(one.state, TWO_WAY)

    def test_silence_ends_it_for_good(self):
        one = neighbour()
        one.handle(SILENCE, 5)
        one.handle(PROOF, 6)
        self.assertEqual(one.state, GONE)


class Times(unittest.TestCase):
    def test_it_is_dead_after_three_and_a_half_hellos(self):
        one = neighbour()
        self.assertEqual(one.dead_at(), 7000)
        one.handle(HELLO, 1000)
        self.assertEqual(one.dead_at(), 8000)

    def test_a_two_way_one_is_probed_before(self):
        one = neighbour()
        one.handle(HELLO_BACK, 0)
        one.handle(PROOF, 0)
        one.arm(0)
        self.assertEqual(one.deadline, 5400)
        one.arm(5400)
        self.assertEqual(one.deadline, 5700)
        one.arm(6900)
        self.assertEqual(one.deadline, 7000)

    def test_a_stranger_is_asked_again_only_after_its_address_is_proved(self):
        one = neighbour()
        self.assertFalse(one.asks())
        one.proven_address = True
        self.assertTrue(one.asks())
        one.tries = hello.ASK_TRIES
        self.assertFalse(one.asks())


class Cost(unittest.TestCase):
    def lose(self, one, keeps):
        """Let numbers come of which keeps(number) says that they arrive."""
        for number in range(1, 200):
            if keeps(number):
                one.count_hello(number)
        return one.cost

    def test_ordinary_loss_changes_nothing(self):
        self.assertEqual(self.lose(neighbour(), lambda number: number % 5), hello.GOOD_COST)

    def test_half_the_hellos_cost_more(self):
        self.assertEqual(self.lose(neighbour(), lambda number: number % 2), hello.FAIR_COST)

    def test_a_quarter_of_them_cost_most(self):
        self.assertEqual(self.lose(neighbour(), lambda number: not number % 4), hello.BAD_COST)

    def test_a_restart_of_the_numbers_is_no_loss(self):
        one = neighbour()
        one.count_hello(60000)
        one.count_hello(1)
        self.assertEqual(self.lose(one, lambda number: True), hello.GOOD_COST)


if __name__ == "__main__":
    unittest.main()
