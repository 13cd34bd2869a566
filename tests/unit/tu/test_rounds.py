"""Whom a call or text to a group has reached: marks, and what is remembered of them."""

import unittest

from bellhop.errors import SipError
from bellhop.limits import MAX_ROUNDS
from bellhop.tu.rounds import GROUP, MOST_STAGES, Rounds
from tests.support.messages import Tokens, parsed


def asked(call_id, mark=None):
    """Return an INVITE, with a mark or without."""
    lines = [] if mark is None else ["Bellhop-Group: " + mark]
    return parsed("INVITE", lines=lines, call_id=call_id)


class RoundsTest(unittest.TestCase):
    def setUp(self):
        self.rounds = Rounds(Tokens())

    def test_what_has_no_mark_reaches_everybody(self):
        for _ in range(2):
            self.assertTrue(self.rounds.takes(asked("a"), "bob"))
        self.assertEqual(self.rounds.kept, [])

    def test_one_round_reaches_nobody_by_two_calls(self):
        first = asked("a")
        self.rounds.begin(first)
        mark = first.value(GROUP).decode()
        self.assertTrue(self.rounds.takes(first, "bob"))
        self.assertFalse(self.rounds.takes(asked("b", mark), "bob"))
        self.assertTrue(self.rounds.takes(asked("b", mark), "carol"))

    def test_the_same_call_may_come_once_more(self):
        first = asked("a", "00-0")
        for _ in range(2):
            self.assertTrue(self.rounds.takes(first, "bob"))

    def test_a_mark_of_another_house_stays(self):
        came = asked("a", "00-0")
        self.rounds.begin(came)
        self.assertEqual(came.value(GROUP), b"00-0")

    def test_whom_it_did_not_reach_it_may_try_again_but_not_for_ever(self):
        call = asked("a")
        self.rounds.begin(call)
        for _ in range(MOST_STAGES):
            self.assertTrue(self.rounds.takes(call, "bob"))
            mark = call.value(GROUP).decode()
            self.assertFalse(self.rounds.takes(asked("b", mark), "bob"))
            self.rounds.again(call)
        with self.assertRaises(SipError) as caught:
            self.rounds.again(call)
        self.assertEqual(caught.exception.status, 482)

    def test_a_mark_that_is_none_sends_nothing_on(self):
        for mark in ("", "x", "-", "00-x", "9" * 4000):
            with self.assertRaises(SipError):
                self.rounds.again(asked("a", mark))

    def test_so_many_rounds_are_remembered_and_short_marks_of_them(self):
        for number in range(MAX_ROUNDS + 3):
            self.rounds.takes(asked("a", "%d-0%s" % (number, "x" * 500)), "bob")
        self.assertEqual(len(self.rounds.kept), MAX_ROUNDS)
        self.assertLess(max([len(mark) for mark, _ in self.rounds.kept]), 40)
        self.assertTrue(self.rounds.takes(asked("b", "0-0" + "x" * 500), "bob"))


if __name__ == "__main__":
    unittest.main()
