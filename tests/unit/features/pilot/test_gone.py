"""Who lives here no more leaves nothing to another one who has the name later."""

import unittest

from bellhop.effects import Store
from bellhop.errors import Refusal
from tests.support.exchange import register
from tests.support.members import USERS, PilotHouse
from tests.support.messages import settings

ALICE = "config user\n" + USERS.split("config user\n")[1]
WITHOUT = USERS.replace(ALICE, "")
# What goes wrong while people edit the list of users: a number twice, and all of it lost.
BROKEN = WITHOUT.replace("option extension 203", "option extension 202")


class Leaving(PilotHouse):
    """Alice has something of each kind."""

    def setUp(self):
        super().setUp()
        self.stored = []
        self.ask("set-contact", user="alice", name="Zoe", number="0301234")
        self.device = self.ask("add-phone", user="alice", kind="other", name="Mobile")
        self.ask("send", user="alice", to="202", text="to Bob")
        register(self.exchange, self.phones["alice"], ("Expires: 0",))
        self.ask("send", user="bob", to="201", text="to Alice")
        self.ask("set-my-wishes", user="alice", wish="dnd", value="on")
        self.invite("bob", "201")

    def reload(self, users):
        """Put another list of users in force."""
        effects = self.exchange.engine.reload(settings(self.node, "", users), self.exchange.now)
        self.stored += [one for one in effects if isinstance(one, Store)]
        self.exchange.take(effects)

    def left(self):
        """Return what the user alice has."""
        me = self.ask("me", user="alice")
        return (
            [row["name"] for row in self.ask("book", user="alice")["book"] if row["own"]],
            [row["login"] for row in me["phones"]],
            [row["text"] for row in self.ask("my-messages", user="alice")["messages"]],
            len(self.ask("my-history", user="alice")["history"]),
            self.ask("my-wishes", user="alice")["in_force"]["dnd"],
            me["unread"],
        )


class GoneTest(Leaving):
    HAS = (["Zoe"], ["alice-other"], ["to Bob", "to Alice"], 1, True, 1)
    HAS_NOT = ([], [], [], 0, False, 0)

    def test_another_of_the_same_name_finds_nothing(self):
        self.assertEqual(self.left(), self.HAS)
        self.reload(WITHOUT)
        self.reload(USERS)
        self.assertEqual(self.left(), self.HAS_NOT)
        with self.assertRaises(Refusal):
            self.ask("device-enter", login=self.device["login"], password=self.device["password"])

    def test_what_is_on_flash_goes_too(self):
        self.reload(WITHOUT)
        gone = {one.name: one.changes for one in self.stored if one.changes}
        self.assertEqual(gone["devices"], {"alice-other": None})
        self.assertEqual(gone["contacts"], {"alice": None})
        self.assertEqual(gone["wishes"], {"alice": None})
        self.assertIn("messages", gone)

    def test_what_was_kept_before_a_start_goes_at_it(self):
        rows = [{"id": "alice", "entries": [{"id": "x", "name": "Zoe", "number": "1"}]}]
        self.reload(WITHOUT)
        self.exchange.engine.restore("contacts", rows, self.exchange.now)
        self.exchange.take(self.exchange.engine.start(self.exchange.now))
        self.reload(USERS)
        self.assertEqual(self.left(), self.HAS_NOT)

    def test_a_mistake_in_the_configuration_forgets_nothing(self):
        for users in (BROKEN, ""):
            self.reload(users)
            self.reload(USERS)
            self.assertEqual(self.left(), self.HAS, users[-200:])

    def test_what_others_have_stays(self):
        self.reload(WITHOUT)
        (call,) = self.ask("my-history", user="bob")["history"]
        self.assertEqual(call["number"], "201")
        self.assertEqual(len(self.ask("my-messages", user="bob")["messages"]), 2)


class FieldTest(PilotHouse):
    node = "list trusted 10.0.0.0/24\noption field_mode 1\n"

    def test_a_guest_of_the_next_camp_is_another_one(self):
        kit = self.ask("kit", count="1")["phones"][0]
        engine, now, plain = self.exchange.engine, self.exchange.now, "list trusted 10.0.0.0/24\n"
        effects = engine.reload(settings(plain, "", USERS), now)
        gone = {one.name: one.changes for one in effects if isinstance(one, Store)}
        self.assertEqual(gone["guests"], {kit["user"]: None})
        self.assertEqual(gone["devices"], {kit["login"]: None})
        self.exchange.take(effects)
        self.exchange.take(engine.reload(settings(self.node, "", USERS), now))
        self.assertEqual(self.ask("kit", count="1")["phones"][0]["user"], kit["user"])
        with self.assertRaises(Refusal):
            self.ask("device-enter", login=kit["login"], password=kit["password"])


if __name__ == "__main__":
    unittest.main()
