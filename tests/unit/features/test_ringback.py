"""Ring back when free, here and at another node."""

import unittest

from bellhop.features.ringback import LASTS_MS, PAUSE_MS
from bellhop.sip import message
from tests.support.houses import TwoHouses
from tests.unit.features.test_wishes import House


class RingBackTest(House):
    def test_both_are_free(self):
        self.start()
        self.call("carol", "202")
        self.answer("bob", 200)
        carol = self.phones["carol"]
        self.send(carol, carol.acknowledge())
        self.call("alice", "202")
        self.answer("bob", 486)
        self.assertEqual(self.call("alice", "*37")[1].reason, b"you are rung when bob is free")
        self.assertIn(b"bob", self.call("alice", "*%2337%23")[1].reason)
        self.exchange.advance(10 * PAUSE_MS)
        del self.exchange.sent[:]
        self.exchange.receive(carol.within("BYE"), carol.flow)
        self.exchange.advance(PAUSE_MS)
        self.assertEqual(self.asked(), ["10.0.0.2"])
        (invite,) = [
            message.parse(send.data)
            for _, send in self.exchange.sent
            if send.data.startswith(b"INVITE")
        ]
        self.assertIn(b"sip:202@home.test", invite.value(b"from"))

    def test_it_is_forgotten_and_needs_somebody_busy(self):
        self.start()
        self.assertEqual(self.call("alice", "*37")[1].status, 480)
        self.call("alice", "202")
        self.answer("bob", 486)
        self.call("alice", "*37")
        self.assertEqual(self.call("alice", "%2337")[1].reason, b"not set")
        del self.exchange.sent[:]
        self.exchange.advance(10 * PAUSE_MS)
        self.assertEqual(self.asked(), [])


class BeyondTest(TwoHouses):
    def find_busy(self, contacts="\toption pickup house\n"):
        """Let dave talk to carol, and bob of the other house find her busy."""
        self.build(contacts=contacts)
        self.call("dave", "301")
        self.answer("carol", 200)
        self.send("dave", self.phones["dave"].acknowledge())
        self.call("bob", "401")
        self.answer("carol", 486)
        self.send("bob", self.phones["bob"].acknowledge())

    def hang_up(self):
        self.send("dave", self.phones["dave"].within("BYE"))
        self.answer("carol", 200, "BYE")

    def test_one_of_another_node_is_waited_for(self):
        self.find_busy()
        self.assertEqual(self.call("bob", "*37").reason, b"you are rung when 401 is free")
        self.assertEqual(self.rings(self.advance(5 * PAUSE_MS)), [])
        self.hang_up()
        self.assertEqual(self.rings(self.advance(2 * PAUSE_MS)), ["bob"])
        self.assertIn(b"401", self.phones["bob"].asked["INVITE"].value(b"from"))

    def test_one_who_is_free_meanwhile_is_called_at_once(self):
        self.find_busy()
        self.hang_up()
        self.call("bob", "*37")
        self.assertEqual(self.rings(self.advance(2 * PAUSE_MS)), ["bob"])

    def test_nobody_waits_longer_than_an_hour(self):
        self.find_busy()
        self.call("bob", "*37")
        self.advance(LASTS_MS + 1000)
        self.hang_up()
        self.assertEqual(self.rings(self.advance(2 * PAUSE_MS)), [])


if __name__ == "__main__":
    unittest.main()
