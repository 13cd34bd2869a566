"""What is refused at a level of privacy, and what a phone hears of it."""

import unittest

from bellhop.features import catalogue
from bellhop.mesh import record
from bellhop.mesh.own import name_hash
from bellhop.mesh.settings import MeshSettings
from bellhop.sip import message
from tests.support.houses import TwoHouses
from tests.support.town import House
from tests.unit.features.mesh.test_member import CPIM
from tests.unit.mesh.network import Dice

LEVEL = "config privacy\n\toption level %d\n"


class LevelsTest(TwoHouses):
    def carry(self, *houses):
        """Let houses carry sound."""
        for house in houses:
            house.hear("mesh", "carry_sound", 18431)
        self.town.advance(6000)

    def test_without_a_relay_the_phone_hears_it_and_dials_again_to_call_openly(self):
        self.build(LEVEL % 1)
        got = self.call("alice", "401")
        self.assertEqual(
            (got.status, got.reason), (480, b"No private way, dial again to call openly")
        )
        self.assertIsNone(self.call("alice", "401"))
        self.assertEqual(self.rings(self.hear_all()), ["carol"])

    def test_the_page_says_why_and_at_which_level_a_call_goes(self):
        self.build(LEVEL % 1)
        mill = House(self.town, "10.3.0.1", "mill", ())
        catalogue.join_pilot(self.barn.engine)

        def ask(verb):
            return self.barn.engine.answer(verb, {"user": "alice"}, self.town.now)[0]

        self.call("alice", "401")
        self.assertEqual(ask("my-history")["history"][0]["why"], "no private way")
        self.town.cable(self.barn, mill)
        self.town.cable(mill, self.farm)
        self.carry(self.barn, self.farm, mill)
        self.advance(61000)
        self.assertIsNone(self.call("alice", "401"))
        (call,) = ask("my-calls")["calls"]
        self.assertEqual((call["privacy"], call["through"]), (1, 1))

    def hear_all(self):
        return {name: [phone.asked["INVITE"]] for name, phone in self.phones.items()
                if "INVITE" in phone.asked}  # fmt: skip

    def test_who_dials_again_too_late_or_another_number_is_refused_again(self):
        self.build(LEVEL % 1)
        self.assertEqual(self.call("alice", "401").status, 480)
        self.assertEqual(self.call("alice", "402").status, 480)
        self.advance(61000)
        self.assertEqual(self.call("alice", "401").status, 480)
        self.assertEqual(self.call("bob", "401").status, 480)

    def test_a_contact_has_a_level_of_its_own(self):
        self.build(LEVEL % 2, contacts="\toption level 0\n")
        self.assertIsNone(self.call("alice", "401"))
        rows = self.barn.engine.answer("privacy", {}, self.town.now)[0]
        self.assertEqual(rows["privacy"], 2)
        self.assertEqual([row["privacy"] for row in rows["contacts"]], [0, 0])

    def test_by_a_relay_it_goes_at_once_and_both_see_by_whom(self):
        self.build(LEVEL % 1)
        mill = House(self.town, "10.3.0.1", "mill", ())
        self.town.cable(self.barn, mill)
        self.town.cable(mill, self.farm)
        self.carry(self.barn, self.farm, mill)
        self.assertTrue(self.barn.engine.features["mesh"].mesh.has_way(self.node(), 1, True))
        self.assertIsNone(self.call("alice", "401"))
        (call,) = self.barn.engine.answer("calls", {}, self.town.now)[0]["calls"]
        self.assertEqual((call["privacy"], call["through"]), (1, ["mill"]))

    def node(self):
        return self.farm.engine.features["mesh"].mesh.id

    def test_the_record_of_a_house_with_a_level_tells_no_address(self):
        for level, count in ((0, 1), (1, 0)):
            self.build(LEVEL % level)
            known = self.farm.engine.features["mesh"].mesh.directory
            barn = self.barn.engine.features["mesh"].mesh
            self.assertEqual(len(known.node(barn.short).value.endpoints), count)

    def test_a_call_for_help_takes_the_shortest_way(self):
        self.build(LEVEL % 2)
        self.assertIsNone(self.call("alice", "112"))
        self.assertIn("dave", self.rings(self.hear_all()))


class NamelessTest(TwoHouses):
    """Callers who hide: a key for each call, a relay between, nothing of the house."""

    def build_three(self, barn="", farm=""):
        self.build(barn, farm)
        mill = House(self.town, "10.3.0.1", "mill", ())
        self.town.cable(self.barn, mill)
        self.town.cable(mill, self.farm)
        for house in (self.barn, self.farm, mill):
            house.hear("mesh", "carry_sound", 18431)
        self.town.advance(6000)
        self.said = []
        mesh = self.farm.engine.features["mesh"]
        mesh.circuits.said = self.noted(mesh.circuits.said)

    def noted(self, said):
        def note(call, octets, now):
            self.said.append((call.node, octets))
            return said(call, octets, now)

        return note

    def came(self):
        """Return (key, message) of what the farm has heard first."""
        key, octets = self.said[0]
        return key, message.parse(octets.replace(b"\r\n", b"\r\nVia: SIP/2.0/UDP x\r\n", 1))

    def test_two_calls_have_nothing_in_common_and_nothing_of_the_house(self):
        keys, names = set(), set()
        for number in ("*32401", "*32401"):
            self.build_three()
            self.barn.engine.node.random = Dice(len(keys) + 7).random
            self.barn.engine.features["mesh circuits"].mask = bytes([len(keys)]) * 32
            self.assertIsNone(self.call("alice", number))
            key, invite = self.came()
            self.assertEqual(
                self.phones["carol"].asked["INVITE"].from_.uri.host, b"anonymous.invalid"
            )
            for octets in (b"alice", b"Alice", b"201", self.barn.key().encode(), b"barn"):
                self.assertNotIn(octets, self.said[0][1])
            keys.add(key)
            names.update((invite.call_id, invite.from_.tag))
        self.assertEqual((len(keys), len(names)), (2, 4))
        self.assertNotIn(self.barn.engine.features["mesh"].mesh.id, keys)

    def test_the_header_of_a_phone_hides_as_the_code_does(self):
        for value in ("id", "user", "header;critical"):
            self.build_three()
            self.assertIsNone(self.call("alice", "401", lines=("Privacy: " + value,)))
            key, invite = self.came()
            self.assertNotEqual(key, self.barn.engine.features["mesh"].mesh.id)
            self.assertEqual(invite.from_.uri.host, b"anonymous.invalid")
        self.build_three()
        self.assertIsNone(self.call("alice", "401", lines=("Privacy: none",)))
        self.assertEqual(self.came()[0], self.barn.engine.features["mesh"].mesh.id)

    def test_it_goes_by_a_relay_or_the_caller_is_asked(self):
        self.build()
        got = self.call("alice", "*32401")
        self.assertEqual(got.reason, b"No private way, dial again to call openly")
        self.assertIsNone(self.call("alice", "*32401"))
        got = self.call("bob", "401", lines=("Privacy: id;critical",))
        self.assertEqual(got.status, 480)
        got = self.call("bob", "401", lines=("Privacy: id;critical",))
        self.assertIn(b"wants no other", got.reason)

    def test_both_talk_and_hang_up(self):
        self.build_three()
        self.call("alice", "*32401")
        self.answer("carol", 200)
        self.assertTrue(self.talks("alice", "carol"))
        self.send("carol", self.phones["carol"].within("BYE"))
        self.assertEqual(self.phones["alice"].asked["request"].method, b"BYE")

    def test_they_ring_seldom_and_are_noted(self):
        self.build_three()
        for rings in (True, True, False):
            self.phones["carol"].asked = {}
            self.call("alice", "*32401")
            self.assertEqual("INVITE" in self.phones["carol"].asked, rings)
            self.send("alice", self.phones["alice"].cancel())
            self.advance(2000)
        rows = self.farm.engine.answer("history", {}, self.town.now)[0]["history"]
        self.assertEqual(len(rows), 3)

    def test_calls_for_help_have_a_name_unless_the_owner_wants_none(self):
        lines = ("Geolocation: <cid:here@phone>", "Content-Type: multipart/mixed;boundary=x")
        body = (
            "--x\r\nContent-Type: application/sdp\r\n\r\nv=0\r\no=- 1 1 IN IP4 10.1.0.10\r\n"
            "s=-\r\nt=0 0\r\n--x\r\nContent-Type: application/pidf+xml\r\n\r\nthe loft\r\n"
            "--x--\r\n"
        )
        for option, is_told in (("1", True), ("0", False)):
            self.build_three("config privacy\n\toption help_identity %s\n" % option)
            self.assertIsNone(self.call("alice", "112", lines=lines, body=body))
            key, invite = self.came()
            self.assertIn("INVITE", self.phones["dave"].asked)
            barn = self.barn.engine.features["mesh"].mesh.id
            octets = self.said[0][1]
            told = (key == barn, b"alice" in octets, b"Geolocation" in octets, b"loft" in octets)
            self.assertEqual(told, (is_told,) * 4)
            self.assertIn(b"v=0", invite.body)

    def test_a_call_in_the_house_has_a_name(self):
        self.build()
        self.assertEqual(self.call("alice", "*32202").status, 480)


class RecordsTest(TwoHouses):
    """What the records of a house in the profile home tell."""

    def records(self):
        """Return {salt: value} of the barn's records, as the farm has them."""
        mesh = self.farm.engine.features["mesh"].mesh
        barn = self.barn.engine.features["mesh"].mesh.id
        found = [record.parse(entry.raw) for _, entry in mesh.database.items()]
        return {item.salt: item.value for item in found if item.key == barn}

    def test_no_octet_changes_when_a_phone_comes_home_or_leaves(self):
        self.build()
        before = self.records()
        self.assertEqual(sorted(before), [b"book", b"n"])
        phone = self.phones["alice"]
        self.send("alice", phone.request("REGISTER", "sip:home.test", ("Expires: 0",)))
        self.send("alice", phone.proven("REGISTER"))
        self.advance(20000)
        self.assertEqual(self.barn.engine.node.location.bindings("alice", self.town.now), [])
        self.assertEqual(self.records(), before)
        self.send("alice", phone.request("REGISTER", "sip:home.test"))
        self.send("alice", phone.proven("REGISTER"))
        self.advance(20000)
        self.assertNotEqual(self.barn.engine.node.location.bindings("alice", self.town.now), [])
        self.assertEqual(self.records(), before)

    def test_no_hash_of_a_name_stands_there(self):
        self.build()
        value = record.read_node(self.records()[b"n"])
        self.assertEqual((value.hashes, value.registered), (b"", b""))

    def test_contacts_read_names_and_nobody_who_has_a_phone_on(self):
        self.build()
        rows = self.farm.engine.features["mesh"].mesh.phonebook()
        rows = [row for row in rows if row["node_name"] == "barn"]
        self.assertEqual([row["name"] for row in rows], ["alice", "bob"])
        self.assertEqual({row["registered"] for row in rows}, {None})
        self.assertIsNone(self.call("carol", "alice"))
        self.assertEqual(len(self.farm.engine.features["mesh"].mesh.find(b"201")), 1)

    def test_others_call_by_mesh_number_and_key_alone(self):
        self.build()
        mesh = self.farm.engine.features["mesh"].mesh
        number = self.barn.engine.features["mesh"].mesh.own_prefix() + b"201"
        settings = MeshSettings("farm", "home", contacts=())
        mesh.adopt(settings)
        mesh.directory.listed = {}
        self.assertEqual(mesh.find(b"alice"), [])
        self.assertEqual([claim.name for claim in mesh.find(number)], [b"201"])
        self.assertEqual(mesh.find(number + b"0000"), [])

    def test_who_is_listed_for_nobody_or_for_all(self):
        user = "config user\n\toption name %s\n\toption password x\n\toption listed %s\n"
        self.build(user % ("zoe", "nobody") + user % ("max", "all"))
        rows = self.farm.engine.features["mesh"].mesh.phonebook()
        names = [row["name"] for row in rows if row["node_name"] == "barn"]
        self.assertEqual(names, ["alice", "bob", "max"])
        value = record.read_node(self.records()[b"n"])
        self.assertEqual(value.hashes, name_hash(b"max"))


class ReceiptTest(TwoHouses):
    """Who is told that a text has come, and when."""

    def told(self, contacts="", farm=""):
        """Let alice write to carol, who comes home later; return the seconds until alice knows."""
        self.build(farm=farm, contacts=contacts)
        carol = self.phones["carol"]
        self.send("carol", carol.request("REGISTER", "sip:home.test", ("Expires: 0",)))
        self.send("carol", carol.proven("REGISTER"))
        self.call("alice", "401", "MESSAGE", ("Content-Type: message/cpim",), CPIM)
        self.advance(1000)
        self.send("carol", carol.request("REGISTER", "sip:home.test"))
        self.send("carol", carol.proven("REGISTER"))
        self.hear()
        self.answer("carol", 200, "MESSAGE")
        for second in range(125):
            heard = self.advance(1000).get("alice", ())
            if [one for one in heard if getattr(one, "method", None) == b"MESSAGE"]:
                return second + 1
        return None

    def test_a_contact_is_told_a_while_later(self):
        self.assertTrue(5 <= self.told() <= 121)

    def test_nobody_else_is(self):
        self.assertIsNone(self.told("\toption tell 0\n"))
        self.assertIsNone(self.told(farm="config privacy\n\toption receipts off\n"))


class TruthTest(TwoHouses):
    def refused(self):
        """Let alice call somebody busy; return (status, reason) that she hears within 3 s."""
        self.call("alice", "401")
        self.hear()
        self.phones["carol"].hear(self.phones["carol"].asked["INVITE"].write())
        self.answer("carol", 486)
        self.advance(3000)
        got = self.phones["alice"].asked.get("response")
        return (got.status, got.reason) if got is not None else None

    def test_a_contact_hears_why_and_another_house_that_it_rings(self):
        self.build()
        self.assertEqual(self.refused()[0], 486)
        self.build(contacts="\toption tell 0\n")
        self.assertEqual(self.refused(), (180, b"Ringing"))
        self.advance(50000)
        self.assertEqual(self.phones["alice"].asked["response"].status, 480)

    def test_a_call_for_help_hears_the_truth_from_every_house(self):
        self.build(contacts="\toption tell 0\n")
        self.call("alice", "112")
        self.hear()
        self.answer("dave", 486)
        self.advance(1000)
        self.assertEqual(self.phones["alice"].asked["response"].status, 480)


if __name__ == "__main__":
    unittest.main()
