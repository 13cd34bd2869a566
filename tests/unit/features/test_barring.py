"""Rules of the owner for a child and a grandmother: whom they may call, who may call them."""

import unittest

from tests.unit.features.test_wishes import House, final

USERS = """
config user
	option name alice
	option extension 201
	option password wonderland
	%s
config user
	option name bob
	option extension 202
	option password builder
config user
	option name carol
	option extension 203
	option password christmas
config group
	option name all
	option extension 300
	list member bob
	list member carol
config contact
	option name Gran
	option number 71
	option address sip:gran@far.test
"""


class BarringTest(House):
    users = USERS

    def refused(self, number, caller="alice"):
        """Return the words with which a call is refused, or None."""
        answer = self.call(caller, number)[1]
        return None if answer is None else (answer.status, answer.reason.decode())

    def test_who_may_call_the_house_calls_nobody_outside(self):
        self.start("option may_call house")
        self.assertIsNone(self.refused("202"))
        self.assertIsNone(self.refused("300"))
        for number in ("71", "gran@far.test"):
            self.assertEqual(self.refused(number), (403, "alice may call the house only"))
        self.assertIsNone(self.refused("71", "bob"))

    def test_calls_for_help_and_codes_pass_all_rules(self):
        self.start("option may_call house\n\tlist only 202\n\toption call_hours 03:00-03:01")
        self.tell_time(12 * 60)
        self.assertEqual(self.refused("202")[0], 403)
        self.assertEqual(self.call("alice", "112")[0], ["10.0.0.4"])
        self.assertEqual(self.refused("*26")[0], 487)

    def test_only_listed_numbers_are_called_by_call_and_by_text(self):
        self.start("list only 202\n\tlist only gran@far.test")
        for number in ("202", "bob", "71"):
            self.assertIsNone(self.refused(number), number)
        for number in ("203", "carol", "300"):
            self.assertEqual(
                self.refused(number), (403, "alice may call listed numbers only"), number
            )
        for name, status in (("carol", 403), ("bob", None)):
            alice = self.phones["alice"]
            back = self.send(alice, alice.request("MESSAGE", "sip:%s@home.test" % name))
            answer = final(back)
            self.assertEqual(None if answer is None else answer.status, status)

    def test_a_text_to_who_is_away_is_barred_too(self):
        self.start("list only 202", "alice bob")
        alice = self.phones["alice"]
        back = self.send(alice, alice.request("MESSAGE", "sip:carol@home.test"))
        self.assertEqual(final(back).status, 403)

    def test_hours_in_which_a_child_may_call(self):
        self.start("option call_hours 07:00-20:00")
        self.tell_time(19 * 60 + 59)
        self.assertIsNone(self.refused("202"))
        self.tell_time(20 * 60)
        self.assertEqual(self.refused("202"), (403, "alice may call from 07:00 to 20:00 only"))

    def test_who_may_not_call_there_does_not_send_calls_there(self):
        self.start("option may_call house")
        for wish in ("forward_always", "forward_noanswer"):
            self.set("alice", "forward_always", "")
            self.set("alice", wish, "71")
            asked, answer = self.call("bob", "201")
            if answer is None:
                self.answer("alice", 180)
                del self.exchange.sent[:]
                self.exchange.advance(26000)
                self.answer("alice", 487)
                answer = self.phones["bob"].hear(self.exchange.sent[-1][1].data)
            self.assertEqual(
                (answer.status, answer.reason), (403, b"alice may call the house only")
            )

    def test_unknown_callers_are_refused_in_words(self):
        self.start("option unknown refuse")
        self.assertIsNone(self.refused("201", "bob"))
        for caller, status in (("sip:eve@far.test", 603), ("sip:gran@far.test", None)):
            self.assertEqual(self.from_outside(caller, "INVITE"), status)
            self.assertEqual(self.from_outside(caller, "MESSAGE"), status)

    def test_a_wish_does_not_let_in_whom_the_owner_keeps_out(self):
        self.start("option unknown refuse")
        self.set("alice", "unknown", "ring")
        self.assertEqual(self.from_outside("sip:eve@far.test", "INVITE"), 603)
        self.start()
        self.set("alice", "unknown", "refuse")
        self.assertEqual(self.from_outside("sip:eve@far.test", "INVITE"), 603)


class DoorTest(House):
    users = USERS

    def setUp(self):
        self.start("option door 1")

    def test_a_bell_rings_people_and_groups_of_the_house_and_nobody_else(self):
        self.assertEqual(self.call("alice", "202")[0], ["10.0.0.3"])
        self.assertEqual(self.call("alice", "300")[0], ["10.0.0.3", "10.0.0.4"])
        self.assertEqual(self.call("alice", "71")[1].reason, b"alice may call the house only")
        self.set("bob", "forward_always", "203")
        self.assertEqual(self.call("alice", "202")[0], ["10.0.0.4"])
        self.set("bob", "forward_always", "71")
        answer = self.call("alice", "202")[1]
        self.assertEqual(answer.reason, b"the bell of alice rings in the house only")

    def test_the_house_alone_calls_it(self):
        self.assertEqual(self.call("bob", "201")[0], ["10.0.0.2"])
        self.assertEqual(self.from_outside("sip:gran@far.test", "INVITE"), 403)

    def test_it_dials_no_codes_but_for_help(self):
        self.assertEqual(self.call("alice", "*26")[1].reason, b"a door bell dials no codes")
        self.assertEqual(self.call("alice", "112")[0], ["10.0.0.4"])

    def test_its_picture_passes_before_anybody_answers_and_the_digit_that_opens_it(self):
        video = "v=0\r\nm=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/AVP 96\r\n"
        alice, bob = self.phones["alice"], self.phones["bob"]
        self.send(alice, alice.request("INVITE", "sip:202@home.test", (), video))
        self.assertIn(b"m=video 4002", self.request_to("bob").body)
        self.send(bob, bob.answer(183, "INVITE", ["Content-Type: application/sdp"], video))
        self.assertEqual(alice.asked["response"].status, 183)
        self.assertIn(b"m=video 4002", alice.asked["response"].body)
        self.send(bob, bob.answer(200, "INVITE"))
        self.send(alice, alice.acknowledge())
        digit = ["Content-Type: application/dtmf-relay"]
        self.send(bob, bob.within("INFO", digit, "Signal=5\r\nDuration=160\r\n"))
        self.assertIn(b"Signal=5", alice.asked["INFO"].body)


if __name__ == "__main__":
    unittest.main()
