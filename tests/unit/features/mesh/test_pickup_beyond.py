"""Pickup and parking between two nodes: who asks is called back, and nobody else."""

import unittest

from bellhop.features.pickup import CALLED_BACK_MS, PARKED_MS, PAUSE_MS
from tests.support.houses import TwoHouses


class BeyondTest(TwoHouses):
    def ring(self):
        """Let dave call carol, whose phone rings."""
        self.call("dave", "301")
        self.answer("carol", 180)

    def test_a_call_that_rings_at_another_node_is_taken_by_the_phone_that_asks(self):
        self.build()
        self.ring()
        answer = self.call("bob", "*8401")
        self.assertEqual(
            (answer.status, answer.reason), (487, b"picked up: your phone answers now")
        )
        heard = self.advance(PAUSE_MS + 100)
        self.assertEqual(self.rings(heard), ["bob"])
        self.assertEqual(self.phones["bob"].asked["INVITE"].value(b"answer-mode"), b"Auto")
        self.answer("bob", 200)
        self.assertTrue(self.talks("dave", "bob"))
        self.assertIn(b"elsewhere", self.phones["carol"].asked["CANCEL"].value(b"reason"))

    def test_without_a_number_the_group_of_both_houses_is_meant(self):
        self.build()
        self.ring()
        self.assertEqual(self.call("bob", "*8").status, 487)
        self.assertEqual(self.rings(self.advance(PAUSE_MS + 100)), ["bob"])

    def test_a_contact_of_another_group_takes_nothing(self):
        for word in ("", "\toption pickup family\n"):
            self.build(contacts=word)
            self.ring()
            self.assertEqual(self.call("bob", "*8401").status, 403)
            self.assertEqual(self.rings(self.advance(PAUSE_MS + 100)), [])

    def test_who_asks_where_nothing_rings_has_not_called(self):
        self.build()
        for code in ("*8401", "*8"):
            self.assertEqual(self.call("bob", code).status, 480)
        self.assertEqual(self.farm.engine.node.calls.history, [])
        self.assertIn(b"nobody has called", self.call("carol", "*69").reason)

    def test_nobody_is_called_back_late_or_by_another(self):
        self.build()
        self.assertEqual(self.call("bob", "*8401").status, 480)
        self.advance(CALLED_BACK_MS + 1000)
        self.call("carol", "502")
        self.assertNotIn(b"answer-mode", self.phones["bob"].asked["INVITE"].names)

    def test_who_hangs_up_in_time_rings_nobody(self):
        self.build()
        self.ring()
        self.call("bob", "*8401")
        self.send("dave", self.phones["dave"].cancel())
        self.answer("carol", 487)
        self.assertEqual(self.rings(self.advance(PAUSE_MS + 100)), [])

    def test_a_phone_that_picks_up_does_not_rest(self):
        self.build()
        self.call("bob", "*26")
        self.ring()
        self.assertEqual(self.call("bob", "*8401").status, 487)
        self.assertEqual(self.rings(self.advance(PAUSE_MS + 100)), ["bob"])

    def test_a_call_for_help_is_not_taken_away(self):
        self.build()
        self.call("carol", "112")
        self.answer("dave", 180)
        self.assertEqual(self.call("bob", "*8402").status, 480)

    def test_a_stranger_to_the_mesh_is_not_answered_at_once(self):
        self.build()
        self.call("bob", "*8401")
        via = "Via: SIP/2.0/CELLS %s;branch=z9hG4bKfake" % self.farm.key()
        phone = self.phones["alice"]
        data = phone.request("INVITE", "sip:bob@home.test")
        old = data.split(b"\r\n")[1]
        self.send("alice", data.replace(old, via.encode()))
        self.assertEqual(self.rings(self.hear()), [])


class ParkingTest(TwoHouses):
    def talk(self):
        """Let carol of the farm and bob of the barn talk."""
        self.call("carol", "502")
        self.answer("bob", 200)
        self.send("carol", self.phones["carol"].acknowledge())

    def transfer(self):
        """Let bob transfer carol to a place; return where her phone is told to go."""
        bob = self.phones["bob"]
        self.send("bob", bob.within("REFER", ["Refer-To: <sip:*51@home.test>"]))
        refer = self.phones["carol"].asked["REFER"]
        self.answer("carol", 202, "REFER")
        return refer.addresses(b"refer-to")[0].uri_bytes.decode()[4:]

    def test_a_caller_of_another_node_waits_at_the_place_of_who_parks(self):
        self.build()
        self.talk()
        self.assertIsNone(self.call("carol", self.transfer()))
        self.assertEqual(self.barn.engine.status(0)["parked"], ["1"])
        self.assertEqual(self.call("alice", "*51").status, 487)
        self.assertEqual(self.rings(self.advance(PAUSE_MS + 100)), ["alice"])
        self.answer("alice", 200)
        self.assertTrue(self.talks("carol", "alice"))

    def test_who_is_parked_elsewhere_does_not_answer_the_next_call_from_there_by_itself(self):
        self.build()
        self.talk()
        self.call("carol", self.transfer())
        self.call("alice", "401")
        self.assertNotIn(b"answer-mode", self.phones["carol"].asked["INVITE"].names)
        self.answer("carol", 486)

    def test_who_parked_is_rung_when_nobody_comes(self):
        self.build()
        self.talk()
        self.call("carol", self.transfer())
        self.assertEqual(self.rings(self.advance(PARKED_MS + 1000)), ["bob"])

    def test_a_contact_takes_a_parked_call_at_another_node(self):
        self.build()
        self.talk()
        self.call("carol", self.transfer())
        self.assertEqual(self.call("dave", "*51@" + self.barn.key()).status, 487)
        self.assertEqual(self.rings(self.advance(PAUSE_MS + 100)), ["dave"])
        self.answer("dave", 200)
        self.assertTrue(self.talks("carol", "dave"))


if __name__ == "__main__":
    unittest.main()
