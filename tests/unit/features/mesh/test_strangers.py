"""Callers of other nodes who are no contacts, and callers who hide: rung by, held off, refused."""

import unittest

from bellhop.mesh.record import RELAYS_CELLS
from tests.support.houses import FARM, TwoHouses

PRIVACY = "config privacy\n\toption strangers %s\n"
GROUP = "config group\n\toption name all\n\toption extension 399\n\tlist member carol\n"
FORWARD = "\toption forward_noanswer 302\n"


class StrangersTest(TwoHouses):
    def start(self, how, more="", carol=""):
        """Let the farm know nobody of the barn, and treat strangers so."""
        self.build()
        if carol:
            self.texts["farm"] = self.texts["farm"].replace("option name carol\n", carol)
        self._reload(self.farm, "farm", (), self.barn, "", PRIVACY % how + more)
        self.town.advance(6000)

    def rung(self, number="401", method="INVITE", lines=(), body=""):
        """Call or write from the barn; return the names of the phones that it reaches."""
        for phone in self.phones.values():
            phone.asked = {}
        self.call("alice", number, method, lines, body)
        self.advance(3000)
        return [name for name in ("carol", "dave") if method in self.phones[name].asked]

    def text(self):
        return self.rung("401", "MESSAGE", ["Content-Type: text/plain"], "the kettle")

    def told(self):
        rows = self.farm.engine.answer("history", {}, self.town.now)[0]["history"]
        return [(row["callee"], row["status"]) for row in rows]

    def test_they_ring_where_the_owner_says_nothing(self):
        self.start("ring")
        self.assertEqual(self.rung(), ["carol"])

    def test_quietly_no_phone_rings_and_the_owner_sees_who_called(self):
        self.start("quiet")
        self.assertEqual((self.rung(), self.text()), ([], ["carol"]))
        self.advance(60000)
        self.assertEqual(self.told()[0][1], 480)

    def test_refused_are_texts_too_and_they_hear_what_all_hear(self):
        self.start("refuse")
        self.assertEqual((self.rung(), self.text()), ([], []))
        self.assertEqual(self.farm.engine.answer("outbox", {}, 0)[0]["outbox"], [])
        self.assertIsNone(self.call("alice", "402"))
        self.advance(60000)
        self.assertEqual(self.phones["alice"].asked["response"].status, 480)

    def test_a_group_is_no_way_around(self):
        for how, names in (("ring", ["carol"]), ("quiet", []), ("refuse", [])):
            self.start(how, GROUP)
            self.assertEqual(self.rung("399@" + self.farm.key()), names)

    def test_contacts_and_the_house_ring_on(self):
        self.start("refuse")
        self._reload(self.farm, "farm", (("alice", "201"),), self.barn, "", PRIVACY % "refuse")
        self.assertEqual(self.rung(), ["carol"])
        self.phones["carol"].asked = {}
        self.call("dave", FARM[0][1])
        self.assertIn("INVITE", self.phones["carol"].asked)

    def test_calls_for_help_come_in(self):
        self.start("refuse")
        self.assertEqual(self.rung("112"), ["dave"])


class RelayTest(TwoHouses):
    def flags(self):
        barn, farm = (one.engine.features["mesh"].mesh for one in (self.barn, self.farm))
        return barn.directory.node(farm.short).value.flags & RELAYS_CELLS

    def test_a_house_that_relays_for_nobody_says_so_and_is_called_all_the_same(self):
        self.build()
        self.assertTrue(self.flags())
        for text, flag in (("0", False), ("1", True)):
            more = "config privacy\n\toption relay_for_others %s\n" % text
            self._reload(self.farm, "farm", (), self.barn, "", more)
            self.town.advance(12000)
            self.assertEqual(bool(self.flags()), flag)
            self.phones["carol"].asked = {}
            self.call("alice", "401")
            self.assertIn("INVITE", self.phones["carol"].asked)


class NamelessTest(TwoHouses):
    def rung(self, how, more=""):
        """Call carol, whose option says how, from dave's phone without a name."""
        self.build()
        option = "option name carol\n\toption anonymous %s\n%s" % (how, more)
        self.texts["farm"] = self.texts["farm"].replace("option name carol\n", option)
        self._reload(self.farm, "farm", (), self.barn, "", "")
        self._reload(self.barn, "barn", FARM, self.farm, "\toption level 0\n", "")
        for phone in self.phones.values():
            phone.asked = {}
        for _ in range(2):  # There is no relay: the second time it goes openly.
            self.call("alice", "*32401")
        self.advance(3000)
        return [name for name in ("carol", "dave") if "INVITE" in self.phones[name].asked]

    def test_they_ring_rest_go_on_or_are_refused(self):
        self.assertEqual(self.rung("ring"), ["carol"])
        self.assertEqual(self.rung("quiet"), [])
        self.assertEqual(self.rung("voice", FORWARD), ["dave"])
        self.assertEqual(self.rung("voice"), [])
        self.assertEqual(self.rung("refuse"), [])


if __name__ == "__main__":
    unittest.main()
