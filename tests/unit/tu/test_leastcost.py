"""By which provider a number is called."""

import unittest

from bellhop.sip.numbers import Plan
from bellhop.tu import leastcost
from tests.support.messages import settings

PLAN = Plan(b"49", b"30", b"00", b"0")
THREE = ("one", "two", "three")


def routes(*texts):
    """Return sections `config route`, each of lines with commas between."""
    lines = ["config provider\n\toption name %s\n\toption domain x.test\n"
             "\toption username u\n" % name for name in THREE]  # fmt: skip
    for text in texts:
        lines.append("config route\n" + "".join("\t%s\n" % one for one in text.split(", ")))
    made = settings(more="".join(lines))
    assert not made.problems, [str(one) for one in made.problems]
    return made.routes


def names(number, *texts, hours=True):
    found = leastcost.ways(PLAN, routes(*texts), THREE, number, lambda text: not text or hours)
    return [way.provider for way in found]


class LeastCostTest(unittest.TestCase):
    def test_without_rules_all_are_asked_in_their_order(self):
        self.assertEqual(names(b"+49301234567"), list(THREE))

    def test_the_cheapest_is_asked_first_and_the_unknown_last(self):
        cheap = "option prefix +49, list provider two, option minute 0.9"
        dear = "option prefix +49, list provider three, option minute 2.5"
        free = "list provider one, option refuse 0"
        self.assertEqual(names(b"+49301234567", dear, cheap, free), ["two", "three", "one"])
        # Who has a rule is asked for what it is for, and for nothing else.
        self.assertEqual(names(b"+43123456789", cheap, dear, free), ["one"])

    def test_the_longest_beginning_speaks(self):
        rules = (
            "option minute 1", "option prefix +49900, option refuse 1",
            "option prefix +49900123, list provider two",
        )  # fmt: skip
        self.assertEqual(names(b"+49301234567", *rules), list(THREE))
        self.assertEqual(names(b"+499001999", *rules), [])
        self.assertEqual(names(b"+499001239", *rules), ["two"])

    def test_a_price_of_a_call_counts_as_three_minutes(self):
        rules = ("list provider one, option call 5", "list provider two, option minute 1.5")
        self.assertEqual(names(b"+49301234567", *rules), ["two", "one", "three"])

    def test_hours_of_a_rule_hold(self):
        night = "list provider two, option minute 0.1, option hours 20:00-08:00"
        self.assertEqual(names(b"+49301234567", night)[0], "two")
        self.assertEqual(names(b"+49301234567", night, hours=False), ["one", "three"])


if __name__ == "__main__":
    unittest.main()
