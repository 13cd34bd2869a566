"""Groups: nested, rotating, growing, with members who pause, and what follows."""

import gc
import unittest

from tests.support.exchange import Exchange, telephone
from tests.support.houses import TwoHouses
from tests.support.messages import settings
from tests.unit.features.test_wishes import USERS, House

GROUPS = """
config group
	option name all
	option extension 300
	list member inner
	list member alice
	%s
config group
	option name inner
	option extension 301
	list member bob
	list member alice
"""


class HuntingTest(House):
    def start(self, group=""):
        self.exchange = self.phones = None
        gc.collect()
        self.exchange = Exchange(settings(self.node, users=USERS % "" + GROUPS % group))
        self.phones = {}
        for index, name in enumerate(("alice", "bob", "carol")):
            host = "10.0.0.%d" % (2 + index)
            self.phones[name] = telephone(self.exchange, name, name, host)

    def later(self, seconds):
        del self.exchange.sent[:]
        self.exchange.advance(seconds * 1000)
        self.heard(None)
        return self.asked()

    def test_groups_in_groups_ring_each_phone_once(self):
        self.start()
        self.assertEqual(sorted(self.call("carol", "300")[0]), ["10.0.0.2", "10.0.0.3"])

    def test_members_who_pause_or_rest_do_not_ring(self):
        self.start()
        self.call("bob", "*45")
        self.assertEqual(self.call("carol", "300")[0], ["10.0.0.2"])
        self.call("alice", "*26")
        self.assertEqual(self.call("carol", "300")[1].status, 480)
        self.assertEqual(self.call("carol", "202")[0], ["10.0.0.3"])

    def test_each_call_begins_with_another_member(self):
        self.start("option strategy rotating")
        asked = []
        for _ in range(3):
            asked += self.call("carol", "300")[0]
            carol = self.phones["carol"]
            self.send(carol, carol.cancel())
        self.assertEqual(asked, ["10.0.0.3", "10.0.0.2", "10.0.0.3"])

    def test_members_join_in_one_after_the_other(self):
        self.start("option delay 10")
        self.assertEqual(self.call("carol", "300")[0], ["10.0.0.3"])
        self.answer("bob", 180)
        self.assertEqual(self.later(9), [])
        self.assertEqual(self.later(1), ["10.0.0.2"])
        self.assertEqual(self.asked(b"CANCEL"), [])
        self.answer("alice", 200)
        self.assertEqual(self.asked(b"CANCEL"), ["10.0.0.3"])

    def test_nobody_joins_a_call_that_is_over(self):
        self.start("option delay 10")
        self.call("carol", "300")
        self.answer("bob", 200)
        self.assertEqual(self.later(30), [])

    def test_what_no_member_takes_goes_on(self):
        self.start("option overflow 203\n\toption ring_each 10\n\toption strategy sequential")
        gran = telephone(self.exchange, "second", "carol", "10.0.0.9")
        self.phones["second"] = gran
        self.assertEqual(self.call("carol", "300")[0], ["10.0.0.3"])
        self.answer("bob", 486)
        self.assertEqual(self.asked(), ["10.0.0.2"])
        self.answer("alice", 180)
        self.later(10)
        self.assertEqual(self.asked(b"CANCEL"), ["10.0.0.2"])
        self.assertEqual(self.answer("alice", 487), ["10.0.0.9"])

    def test_a_group_without_a_phone_overflows_at_once(self):
        self.start("option overflow sip:gran@far.test")
        for name in ("alice", "bob"):
            self.call(name, "*45")
        self.call("carol", "300")
        self.assertEqual(self.exchange.questions[-1].host, b"far.test")

    def test_a_circle_of_groups_is_told_and_rings_once(self):
        more = GROUPS % "" + "\tlist member all\n"
        found = settings(users=USERS % "" + more)
        self.assertEqual(found.groups["all"].rings, ["bob", "alice"])
        self.assertIn("members of each other", str(found.problems[0]))

    def test_groups_that_send_their_calls_to_each_other_end_in_words(self):
        more = GROUPS % "option overflow 301" + "\toption overflow 300\n"
        self.exchange = Exchange(settings(self.node, users=USERS % "" + more))
        self.phones = {"bob": telephone(self.exchange, "bob", "bob", "10.0.0.3")}
        self.phones["carol"] = telephone(self.exchange, "carol", "carol", "10.0.0.4")
        self.call("carol", "300")
        for _ in range(20):
            self.answer("bob", 486)
        answer = self.phones["carol"].asked["response"]
        self.assertEqual(answer.status, 482)
        self.assertIn(b"in a circle", answer.reason)


BACK = """
config group
	option name back
	option extension 610
	list member alice
	list member bob
	list member 'sip:more@OTHER'
	list member 'sip:carol@OTHER'
"""
MORE = """
config group
	option name more
	option extension 611
	list member carol
	list member dave
	list member 'sip:back@OTHER'
	list member 'sip:alice@OTHER'
config contact
	option number 600
	option address 'sip:back@OTHER'
"""


class HousesTest(TwoHouses):
    def ring(self, name, number):
        """Dial; let a while pass in which phones ring; return who was rung how often."""
        phone = self.phones[name]
        phone.house.receive(phone.request("INVITE", "sip:%s@home.test" % number), phone.flow.host)
        found = []
        for _ in range(40):
            for other, messages in self.advance(100).items():
                for one in messages:
                    if getattr(one, "method", None) == b"INVITE":
                        found.append(other)
                        self.answer(other, 180)
        return sorted(found)

    def test_groups_that_hold_each_other_ring_each_phone_once(self):
        self.build(BACK, MORE)
        self.assertEqual(self.ring("alice", "610"), ["bob", "carol", "dave"])

    def test_who_calls_a_group_of_another_house_is_not_called_by_it(self):
        self.build(BACK.replace("more@", "dave@"), MORE)
        self.assertEqual(self.ring("carol", "600"), ["alice", "bob", "dave"])

    def test_who_pauses_is_not_rung_by_the_group_of_another_house(self):
        self.build(BACK)
        self.call("carol", "*45")
        self.assertEqual(self.ring("alice", "610"), ["bob"])
        self.assertEqual(self.ring("bob", "401"), ["carol"])

    def test_who_may_call_the_house_alone_rings_no_member_of_another_house(self):
        self.build(BACK)
        users = self.barn.engine.node.settings.users
        for option, value in (("door", True), ("may_call", "house")):
            setattr(users["alice"], option, value)
            self.assertEqual(self.ring("alice", "610"), ["bob"])
            setattr(users["alice"], option, {"door": False, "may_call": "all"}[option])


if __name__ == "__main__":
    unittest.main()
