"""Pickup and parking: a ringing call is joined by the phone that asks."""

import unittest

from bellhop.errors import BellhopError
from bellhop.features.pickup import PARKED_MS, PAUSE_MS, STILL_MS, TOLD
from tests.unit.features.test_wishes import House, final


class PickupTest(House):
    def ring(self):
        """Let carol call alice, whose phone rings."""
        self.call("carol", "201")
        self.answer("alice", 180)

    def join(self):
        """Let the pause go by; return (hosts that are asked, what bob was sent)."""
        del self.exchange.sent[:]
        self.exchange.advance(PAUSE_MS)
        self.heard(None)
        return self.asked()

    def test_the_phone_that_asks_joins_and_answers_by_itself(self):
        self.start()
        self.ring()
        answer = self.call("bob", "*8201")[1]
        self.assertEqual(
            (answer.status, answer.reason), (487, b"picked up: your phone answers now")
        )
        self.assertEqual(self.join(), ["10.0.0.3"])
        request = self.request_to("bob")
        self.assertEqual(request.call_id, self.phones["carol"].sent["INVITE"].call_id)
        self.assertEqual(request.value(b"answer-mode"), b"Auto")
        self.assertEqual(request.value(b"call-info"), b"<sip:home.test>;answer-after=0")
        self.answer("bob", 200)
        self.assertEqual(self.phones["carol"].asked["response"].status, 200)
        cancel = self.phones["alice"].asked["CANCEL"]
        self.assertIn(b"elsewhere", cancel.value(b"reason"))

    def test_without_a_number_the_group_is_meant(self):
        self.start("option pickup family")
        self.ring()
        self.assertEqual(self.call("bob", "*8")[1].status, 480)
        self.assertEqual(self.call("bob", "*8201")[1].status, 403)
        self.start()
        self.ring()
        self.assertEqual(self.call("bob", "*8%23")[1].status, 487)
        self.assertEqual(self.join(), ["10.0.0.3"])

    def test_one_of_many_wins_and_who_hung_up_rings_nobody(self):
        self.start()
        self.ring()
        self.assertEqual(self.call("bob", "*8201")[1].status, 487)
        late = self.call("bob", "*8201")[1]
        self.assertEqual((late.status, late.reason), (487, b"somebody else has picked it up"))
        carol = self.phones["carol"]
        self.send(carol, carol.cancel())
        self.assertEqual(self.join(), [])

    def test_a_call_that_replaces_one_that_rings_is_the_same(self):
        self.start()
        self.ring()
        call_id = self.phones["carol"].sent["INVITE"].call_id.decode()
        replaces = ["Replaces: %s;to-tag=x;from-tag=y" % call_id]
        self.assertEqual(self.call("bob", "201", replaces)[1].status, 487)
        self.assertEqual(self.join(), ["10.0.0.3"])

    def test_who_asks_for_what_does_not_ring_for_him_has_not_called(self):
        self.start("option pickup family")
        self.ring()
        call_id = self.phones["carol"].sent["INVITE"].call_id.decode()
        replaces = ["Replaces: %s;to-tag=x;from-tag=y" % call_id]
        answer = self.call("bob", "201", replaces)[1]
        self.assertEqual((answer.status, answer.reason), (481, b"that call does not ring for you"))
        self.assertEqual(self.exchange.node.calls.history, [])
        self.assertEqual(self.join(), [])

    def test_a_call_for_help_is_not_taken_away(self):
        self.start()
        self.call("bob", "112")
        self.answer("carol", 180)
        self.assertEqual(self.call("alice", "*8203")[1].status, 480)

    def test_nothing_rings(self):
        self.start()
        self.assertEqual(self.call("bob", "*8201")[1].status, 480)
        self.assertEqual(self.call("bob", "*8299")[1].status, 404)


class TakeTest(House):
    def take(self, user):
        arguments = {"user": user, "call": str(self.exchange.node.calls.number)}
        answer, effects = self.exchange.engine.answer("take", arguments, self.exchange.now)
        del self.exchange.sent[:]
        self.exchange.take(effects)
        self.heard(None)
        return answer

    def test_a_call_is_taken_on_phones_that_do_not_ring(self):
        self.start()
        self.call("carol", "201")
        self.answer("alice", 180)
        with self.assertRaises(BellhopError):  # It rings at her only phone.
            self.take("alice")
        self.assertEqual(self.take("bob"), {"user": "bob", "call": 1, "phones": 1})
        self.assertEqual(self.asked(), ["10.0.0.3"])
        self.assertNotIn(b"answer-mode", self.request_to("bob").names)
        self.answer("bob", 200)
        self.assertEqual(self.phones["carol"].asked["response"].status, 200)
        with self.assertRaises(BellhopError):  # It does not ring any more.
            self.take("alice")

    def test_a_call_of_another_pickup_group_is_not_taken(self):
        self.start("option pickup family")
        self.call("carol", "201")
        self.answer("alice", 180)
        with self.assertRaises(BellhopError):
            self.take("bob")


class ParkingTest(House):
    def talk(self):
        """Let carol and bob talk."""
        self.call("carol", "202")
        self.answer("bob", 200)
        carol = self.phones["carol"]
        carol.hear(self.phones["carol"].asked["response"].write())
        self.send(carol, carol.acknowledge())

    def test_a_transferred_caller_waits_and_is_taken_back(self):
        self.start()
        self.talk()
        asked, answer = self.call("carol", "*51")
        self.assertEqual((asked, answer), ([], None))
        self.assertEqual(self.exchange.engine.status(0)["parked"], ["1"])
        self.assertEqual(self.call("alice", "*51")[1].status, 487)
        del self.exchange.sent[:]
        self.exchange.advance(PAUSE_MS)
        self.heard(None)
        self.assertEqual(self.asked(), ["10.0.0.2"])
        self.answer("alice", 200)
        self.assertEqual(self.phones["carol"].asked["response"].status, 200)
        self.assertEqual(self.exchange.engine.status(0)["parked"], [])

    def test_who_parked_is_rung_when_nobody_comes(self):
        self.start()
        self.talk()
        self.call("carol", "*52")
        del self.exchange.sent[:]
        self.exchange.advance(PARKED_MS)
        self.assertEqual(self.asked(), ["10.0.0.3"])

    def test_who_waits_is_told_that_it_still_rings_and_a_taker_who_is_gone_changes_nothing(self):
        self.start()
        self.talk()
        self.call("carol", "*51")
        for _ in range(3):
            del self.exchange.sent[:]
            self.exchange.advance(STILL_MS)
            self.assertEqual([heard.status for heard in self.heard(self.phones["carol"])], [180])
        self.call("alice", "*51")
        self.exchange.advance(PAUSE_MS)
        self.heard(None)
        self.answer("alice", 480)
        self.assertEqual(self.call("alice", "*51")[1].reason, TOLD.encode())

    def test_nobody_is_parked_who_was_not_transferred(self):
        self.start()
        self.assertEqual(self.call("carol", "*51")[1].status, 480)

    def test_who_hangs_up_leaves_the_place(self):
        self.start()
        self.talk()
        self.call("carol", "*51")
        carol = self.phones["carol"]
        back = self.send(carol, carol.cancel())
        self.assertEqual(final([one for one in back if one.cseq[1] == b"INVITE"]).status, 487)
        self.assertEqual(self.exchange.engine.status(0)["parked"], [])


if __name__ == "__main__":
    unittest.main()
