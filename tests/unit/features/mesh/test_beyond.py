"""What members of the house have, between two nodes: groups, lamps, forwarding, redial, callers."""

import unittest

from tests.support.houses import TwoHouses

GROUP = """
config group
	option name all
	option extension 300
	list member bob
	list member 'sip:carol@OTHER'
	list member 'sip:nobody@nowhere.test'
	%s
"""


def last(heard, name, method):
    """Return the last request of a method that a phone heard, or None."""
    found = [one for one in heard.get(name, ()) if getattr(one, "method", None) == method]
    return found[-1] if found else None


class GroupTest(TwoHouses):
    def test_members_at_other_nodes_ring_along_and_take_the_call(self):
        self.build(GROUP % "")
        heard = self.begin()
        self.assertEqual(heard, ["bob", "carol"])
        self.answer("carol", 200)
        self.assertTrue(self.talks("alice", "carol"))

    def test_members_at_other_nodes_ring_in_their_turn(self):
        self.build(GROUP % "option strategy sequential\n\toption ring_each 5")
        self.assertEqual(self.begin(), ["bob"])
        self.answer("bob", 180)
        self.advance(6000)
        self.answer("bob", 487, "INVITE")
        self.assertEqual(self.invited(), {"bob", "carol"})

    def test_members_at_other_nodes_join_later(self):
        self.build(GROUP % "option delay 5")
        self.assertEqual(self.begin(), ["bob"])
        self.answer("bob", 180)
        self.assertEqual(self.rings(self.advance(5100)), ["carol"])

    def begin(self):
        """Let alice call the group; return who is invited at once."""
        for phone in self.phones.values():
            phone.asked = {}
        self.assertIsNone(self.call("alice", "300"))
        return sorted(self.invited())

    def invited(self):
        self.hear()
        return {name for name, phone in self.phones.items() if "INVITE" in phone.asked}


class LampsTest(TwoHouses):
    def watch(self, package, number="401"):
        """Let bob watch somebody; return the final response."""
        lines = ["Event: " + package, "Expires: 600"]
        answer = self.call("bob", number, "SUBSCRIBE", lines)
        self.advance(200)
        return answer

    def told(self, heard):
        """Return the body of the last NOTIFY that bob got, which he takes."""
        asked = last(heard, "bob", b"NOTIFY") or self.phones["bob"].asked.get("NOTIFY")
        self.answer("bob", 200, "NOTIFY")
        return asked.body

    def test_a_lamp_shows_each_step_of_a_call_at_another_node(self):
        self.build()
        self.assertEqual(self.watch("dialog").status, 200)
        self.assertNotIn(b"<dialog ", self.told({}))
        self.call("dave", "301")
        self.answer("carol", 180)
        body = self.told(self.advance(200))
        self.assertIn(b"early", body)
        self.assertNotIn(b"dave", body)
        self.answer("carol", 200)
        self.send("dave", self.phones["dave"].acknowledge())
        self.assertIn(b"confirmed", self.told(self.advance(200)))
        self.send("dave", self.phones["dave"].within("BYE"))
        self.answer("carol", 200, "BYE")
        self.assertNotIn(b"<dialog ", self.told(self.advance(200)))

    def test_presence_is_for_contacts(self):
        self.build()
        self.assertEqual(self.watch("presence").status, 200)
        self.assertIn(b"open", self.told({}))
        self.assertGreaterEqual(self.watch("message-summary").status, 400)

    def test_who_may_look_is_the_owner_s_choice(self):
        for lamps, contacts, status in (
            ("house", True, 403), ("contacts", True, 200), ("contacts", False, 403),
            ("all", False, 200),
        ):  # fmt: skip
            self.build(farm="config features\n\toption lamps %s\n" % lamps)
            if not contacts:
                self.farm.engine.node.settings.contacts = []
            self.assertEqual(self.watch("presence").status, status, (lamps, contacts))
            self.assertEqual(self.watch("dialog").status, status, (lamps, contacts))


class ReachTest(TwoHouses):
    def number_of(self, name):
        """Return the number under which the barn dials a user of the farm."""
        book = self.barn.engine.answer("phonebook", {}, self.town.now)[0]["phonebook"]
        return [one["number"] for one in book if one["address"].startswith("sip:%s@" % name)][0]

    def wish(self, house, user, name, value):
        arguments = {"user": user, "wish": name, "value": value}
        house.perform(house.engine.answer("set-wish", arguments, self.town.now)[1])

    def test_calls_are_sent_on_to_another_node_by_number_and_by_address(self):
        for place in ("401", "sip:carol@%s" % "KEY"):
            self.build()
            self.wish(self.barn, "alice", "forward_always", place.replace("KEY", self.farm.key()))
            self.call("bob", "201")
            self.answer("carol", 200)
            self.assertTrue(self.talks("bob", "carol"))
            (call,) = self.barn.engine.node.calls.live.values()
            self.assertEqual(call.why, ["forwarding of alice (always)"])

    def test_who_called_from_another_node_is_called_back(self):
        self.build()
        self.call("carol", "502")
        self.answer("bob", 486)
        self.send("carol", self.phones["carol"].acknowledge())
        self.assertIsNone(self.call("bob", "*69"))
        self.answer("carol", 200)
        self.assertTrue(self.talks("bob", "carol"))

    def test_what_was_dialled_last_at_another_node_is_dialled_again(self):
        self.build()
        self.call("bob", "401")
        self.answer("carol", 486)
        self.send("bob", self.phones["bob"].acknowledge())
        self.assertIsNone(self.call("bob", "*68"))
        self.answer("carol", 200)
        self.assertTrue(self.talks("bob", "carol"))

    def test_a_contact_is_known_by_the_key_of_its_node_and_starred_or_blocked_by_it(self):
        for option, lines, status in (
            ("option unknown refuse", "", None), ("option dnd 1", "\toption star 1\n", None),
            ("option dnd 1", "", 486),
        ):  # fmt: skip
            self.build(contacts=lines)
            user = self.barn.engine.node.settings.users["bob"]
            name, value = option.split()[1:]
            setattr(user, name, True if value == "1" else value)
            answer = self.call("carol", "502")
            self.assertEqual(None if answer is None else answer.status, status, option)
        self.build()
        self.wish(self.barn, "bob", "block", "carol@farm")
        self.assertEqual(self.call("carol", "502").status, 603)

    def test_who_may_call_the_mesh_calls_another_node(self):
        for level, status in (("house", 403), ("mesh", None)):
            self.build()
            self.barn.engine.node.settings.users["bob"].may_call = level
            self.barn.engine.node.adopt(self.barn.engine.node.settings)
            answer = self.call("bob", "401")
            self.assertEqual(None if answer is None else answer.status, status)


if __name__ == "__main__":
    unittest.main()
