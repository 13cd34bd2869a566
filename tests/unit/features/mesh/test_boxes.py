"""Addresses that lead to somebody here and tell nobody where: called, revoked, over, no slip."""

import unittest

from bellhop.features.mesh import boxes
from bellhop.sip import message
from tests.support.houses import TwoHouses
from tests.support.town import House

BOX = "config box\n\toption name work\n\toption user carol\n"
MILLS = 5


class BoxesTest(TwoHouses):
    """farm has boxes; between it and barn lie five mills, each beside the next and the third."""

    def build_town(self, farm=BOX, barn=""):
        self.build(barn, "")
        self.mills = [House(self.town, "10.3.0.%d" % n, "mill%d" % n, ()) for n in range(MILLS)]
        row = [self.barn]
        row += self.mills
        row.append(self.farm)
        for at in range(len(row) - 1):
            self.town.cable(row[at], row[at + 1])
        for at in range(len(row) - 3):
            self.town.cable(row[at], row[at + 3])
        for house in row:
            house.hear("mesh", "carry_sound", 18431)
        self.town.advance(6000)
        self.give(farm)
        self.said = []
        circuits = self.barn.engine.features["mesh circuits"]
        circuits.said = self.noted(circuits.said)

    def give(self, more):
        """Give the farm other sections besides."""
        self._reload(self.farm, "farm", self.others(), self.barn, "", more)
        self.town.advance(12000)

    @staticmethod
    def others():
        return (("alice", "201"), ("bob", "202"))

    def noted(self, said):
        def note(call, octets, now):
            self.said.append(octets)
            return said(call, octets, now)

        return note

    def boxes(self):
        return self.farm.engine.answer("boxes", {}, self.town.now)[0]["boxes"]

    def address(self):
        return self.boxes()[0]["address"].partition(":")[2]

    def ring(self, address, caller="alice"):
        """Call; return the final response if there is one."""
        got = self.call(caller, address)
        self.advance(3000)
        return got

    def test_it_rings_and_both_talk_and_hang_up(self):
        self.build_town()
        (row,) = self.boxes()
        self.assertEqual((row["state"], row["user"]), (boxes.OPEN, "carol"))
        self.assertIsNone(self.ring(self.address()))
        invite = self.phones["carol"].asked["INVITE"]
        self.assertEqual(invite.uri.partition(b"@")[0].partition(b";")[0][:4], b"sip:")
        (call,) = self.farm.engine.answer("calls", {}, self.town.now)[0]["calls"]
        self.assertEqual((call["box"], call["callee"]), ("work", "carol@home.test"))
        self.answer("carol", 200)
        self.advance(3000)
        self.assertTrue(self.talks("alice", "carol"))
        self.send("carol", self.phones["carol"].within("BYE"))
        self.advance(3000)
        self.assertEqual(self.phones["alice"].asked["request"].method, b"BYE")

    def test_nothing_that_the_caller_hears_tells_who_or_where(self):
        self.build_town()
        self.ring(self.address())
        self.answer("carol", 180)
        self.answer("carol", 200)
        self.advance(3000)
        self.send("carol", self.phones["carol"].within("BYE"))
        self.advance(3000)
        self.assertTrue(len(self.said) >= 3)
        mesh = self.farm.engine.features["mesh"].mesh
        for octets in self.said:
            for word in (b"carol", b"301", b"farm", mesh.key.encode(), mesh.id, b"10.2.0."):
                self.assertNotIn(word, octets)

    def test_the_same_dialog_said_openly_to_the_house_is_another_one(self):
        self.build_town()
        self.ring(self.address())
        features = self.farm.engine.features
        (line,) = features["mesh circuits"].lines
        tag = (list(line.own.values()) or [b"x"])[0]
        known = self.say_openly(line.outside_id, tag)
        self.assertEqual(known, self.say_openly(b"another", b"y"))

    def say_openly(self, call_id, tag):
        """Return the status of what the house says to an INFO that comes by no box."""
        before, features = len(self.said), self.farm.engine.features
        barn = self.barn.engine.features["mesh"]
        words = b"INFO sip:x SIP/2.0\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>;tag=%s\r\n" % tag
        words += b"Call-ID: " + call_id + b"\r\nCSeq: 9 INFO\r\nMax-Forwards: 9\r\n\r\n"
        call, effects = barn.mesh.call(features["mesh"].mesh.id, words, self.town.now)
        self.barn.perform(barn.carry_out(effects, self.town.now))
        self.town.advance(3000)
        got = [message.parse(octets.replace(b"\r\n", b"\r\nVia: SIP/2.0/UDP x\r\n", 1))
               for octets in self.said[before:]]  # fmt: skip
        return [one.status for one in got]

    def test_a_text_comes_by_it(self):
        self.build_town()
        self.call("alice", self.address(), "MESSAGE", ["Content-Type: text/plain"], "the kettle")
        self.advance(5000)
        self.assertEqual(self.phones["carol"].asked["MESSAGE"].body, b"the kettle")

    def test_another_address_ends_the_one_before(self):
        self.build_town()
        before = self.address()
        effects = self.farm.engine.answer("renew-box", {"name": "work"}, self.town.now)[1]
        self.farm.perform(effects)
        self.town.advance(12000)
        after = self.address()
        self.assertNotEqual(before, after)
        self.ring(before)
        self.advance(30000)
        self.assertNotIn("INVITE", self.phones["carol"].asked)
        self.assertEqual(self.phones["alice"].asked["response"].status, 480)
        self.assertIsNone(self.ring(after, "bob"))
        self.assertIn("INVITE", self.phones["carol"].asked)

    def test_without_its_section_it_is_over_and_its_key_is_forgotten(self):
        self.build_town()
        before = self.address()
        self.give("")
        self.assertEqual(self.boxes(), [])
        self.give(BOX)
        self.assertNotEqual(self.address(), before)

    def test_its_hours_end_it_also_over_a_restart(self):
        self.build_town(BOX + "\toption hours 2\n")
        feature = self.farm.engine.features["boxes"]
        self.assertEqual(self.boxes()[0]["hours_left"], 2)
        rows = feature._dump(self.town.now + 3600000)
        self.assertEqual([row["seconds"] for row in rows], [3600 - 12])
        feature.restore("boxes", rows, self.town.now)
        self.assertEqual(self.boxes()[0]["hours_left"], 1)
        address = self.address()
        feature.until["work"] = self.town.now
        self.farm.perform(feature._wake(feature, self.town.now))
        self.assertEqual(self.boxes()[0]["state"], boxes.OVER)
        self.ring(address)
        self.advance(30000)
        self.assertNotIn("INVITE", self.phones["carol"].asked)

    def test_a_box_of_a_contact_is_for_that_contact(self):
        self.build_town(BOX + "\toption contact alice\n")
        self.assertIsNone(self.ring(self.address()))
        self.assertIn("INVITE", self.phones["carol"].asked)
        self.give("config contact\n\toption name zoe\n" + BOX + "\toption contact zoe\n")
        self.assertEqual(self.boxes()[0]["state"], boxes.UNKNOWN)

    def test_without_three_relays_it_is_not_open(self):
        self.build("", BOX)
        self.town.advance(12000)
        self.assertEqual(self.boxes()[0]["state"], boxes.NO_WAY)


if __name__ == "__main__":
    unittest.main()
