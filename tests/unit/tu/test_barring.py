"""Whom a user may call: how far, whom alone, at which hours."""

import unittest

from bellhop.effects import CELLS, TRUNK, Flow
from bellhop.sip.numbers import Plan
from bellhop.tu import barring, dialplan
from tests.support.messages import settings

USER = "config user\n\toption name kim\n\toption password x\n%s"
NOON, NIGHT = 12 * 60, 23 * 60


def kim(rules):
    return settings(users=USER % rules).users["kim"]


def why_not(rules, level=barring.HOUSE, names=(b"202",), key=b"bob@home.test", minute=NOON):
    return barring.why_not(kim(rules), level, names, key, minute)


PLAN = Plan(b"49", b"30", b"00", b"0")


def trunk(number):
    """Return the Target of a number beyond a provider."""
    way = Flow(TRUNK, 0, "203.0.113.5", 5060, 0, "tel")
    return dialplan.towards(b"sip:" + number + b"@tel.test", way, "provider tel")


class BarringTest(unittest.TestCase):
    def test_a_call_goes_as_far_as_its_rule_and_its_way(self):
        cells = dialplan.towards(b"sip:gran@far", Flow(CELLS, 0, "key", 0, 0, ""), "mesh")
        plain = dialplan.towards(b"sip:gran@far.test", None, "host far.test")
        for rule, target, level in (
            (dialplan.LOCAL, plain, barring.HOUSE),
            (dialplan.LOCAL, cells, barring.HOUSE),  # A phone of the same person elsewhere.
            (dialplan.CONTACT, plain, barring.HOUSE),
            (dialplan.PHONE_BOOK, cells, barring.MESH),
            (dialplan.PHONE_BOOK, plain, barring.ALL),
            (dialplan.ELSEWHERE, plain, barring.ALL),
            ("a rule that nobody knows", plain, barring.ALL),
            ("provider", trunk(b"+49301234"), barring.NATIONAL),
            ("provider", trunk(b"115"), barring.NATIONAL),
            ("provider", trunk(b"+499001234"), barring.ALL),
            ("provider", trunk(b"+43123456"), barring.ALL),
        ):
            self.assertEqual(barring.needed(rule, target, PLAN), level)

    def test_each_level_lets_through_what_is_nearer(self):
        for may_call in barring.LEVELS:
            for level in barring.LEVELS:
                is_near = barring.LEVELS.index(level) <= barring.LEVELS.index(may_call)
                words = why_not("option may_call %s" % may_call, level)
                self.assertEqual(words == "", is_near, (may_call, level))
        self.assertEqual(
            why_not("option may_call house", barring.MESH), "kim may call the house only"
        )

    def test_a_list_lets_nobody_else_through(self):
        rules = "list only 202\nlist only '+4930*'\nlist only sip:gran@far.test"
        listed = "list only 202\nlist only '+4930*'\nlist only gran@far.test"
        self.assertEqual(why_not(listed), "")
        self.assertEqual(why_not(listed, names=(b"+49 30 1234",)), "")
        self.assertEqual(why_not(listed, names=(b"71",), key=b"gran@far.test"), "")
        self.assertEqual(why_not(rules, names=(b"71",), key=b"gran@far.test"), "")
        words = why_not(listed, names=(b"203",), key=b"carol@home.test")
        self.assertEqual(words, "kim may call listed numbers only")

    def test_hours_count_where_the_time_is_known(self):
        rules = "option call_hours '07:00-20:00'"
        self.assertEqual(why_not(rules), "")
        self.assertEqual(why_not(rules, minute=NIGHT), "kim may call from 07:00 to 20:00 only")
        self.assertEqual(why_not(rules, minute=None), "")

    def test_who_has_no_rule_is_not_bound(self):
        self.assertFalse(barring.is_bound(kim("")))
        for rules in ("option may_call mesh", "list only 202", "option call_hours 1:00-2:00"):
            self.assertTrue(barring.is_bound(kim(rules)))


if __name__ == "__main__":
    unittest.main()
