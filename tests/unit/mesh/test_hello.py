"""The neighbour's machine: every pair is decided once, and the ways through it."""

import unittest

from bellhop.mesh import hello
from bellhop.mesh.hello import GONE, HEARD, IGNORED, PROOF, SIGN, SILENCE, TABLE, TWO_WAY, Neighbour


class Handshake:
    """What a neighbour asks of its handshake."""

    is_initiator = True


def neighbour(*events, far=b"link id."):
    """Return a Neighbour after some events."""
    one = Neighbour(0, ("10.0.0.2", 5062), far, Handshake(), b"sess", 0)
    for event in events:
        one.handle(event, 0)
    return one


class Machine(unittest.TestCase):
    def test_every_pair_is_decided_once(self):
        for state in hello.STATES:
            for event in hello.EVENTS:
                self.assertNotEqual((state, event) in TABLE, (state, event) in IGNORED)
        self.assertEqual(len(TABLE) + len(IGNORED), len(hello.STATES) * len(hello.EVENTS))

    def test_a_proof_makes_it_two_way_and_nothing_else_does(self):
        self.assertEqual(neighbour(PROOF).state, TWO_WAY)
        self.assertEqual(neighbour(SIGN, SIGN).state, HEARD)

    def test_two_links_of_one_node_at_one_address_are_no_new_start(self):
        one, other = neighbour(far=b"by cable"), neighbour(far=b"by peer.")
        self.assertFalse(other.follow(one))  # It may have started anew.
        again = neighbour(far=b"by cable")
        self.assertTrue(again.follow(other))
        self.assertTrue(neighbour(far=b"by peer.").follow(again))
        self.assertFalse(neighbour(far=b"started.").follow(again))

    def test_its_handshake_is_forgotten_with_the_proof(self):
        self.assertIsNone(neighbour(PROOF).handshake)

    def test_silence_ends_it_for_good(self):
        self.assertEqual(neighbour(SILENCE, PROOF).state, GONE)


class Times(unittest.TestCase):
    def test_it_is_dead_after_three_and_a_half_hellos(self):
        one = neighbour(PROOF)
        self.assertEqual(one.dead_at(), 7000)
        one.handle(SIGN, 1000)
        self.assertEqual(one.dead_at(), 8000)

    def test_a_two_way_one_is_probed_before(self):
        one = neighbour(PROOF)
        one.arm(0)
        self.assertEqual(one.deadline, 4600)
        one.arm(5400)
        self.assertEqual(one.deadline, 5700)
        one.arm(6900)
        self.assertEqual(one.deadline, 7000)

    def test_a_handshake_has_its_steps_repeated_and_five_seconds(self):
        one = neighbour()
        one.arm(0)
        self.assertEqual(one.deadline, hello.STEP_INTERVAL)
        one.arm(4900)
        self.assertEqual(one.deadline, hello.HALF_LIFE)


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

    def test_a_hello_that_came_before_is_none(self):
        one = neighbour()
        one.count_hello(7)
        self.assertEqual([one.is_later(number) for number in (6, 7, 8)], [False, False, True])


if __name__ == "__main__":
    unittest.main()
