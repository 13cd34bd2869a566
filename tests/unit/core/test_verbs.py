"""The control verbs: what the owner is told."""

import json
import unittest

from bellhop.core.rows import CORE
from bellhop.errors import BellhopError
from bellhop.features.rows import FEATURES
from tests.support.exchange import Exchange, telephone
from tests.support.messages import LISTENERS, flow, request, settings

MORE = "config group\noption name family\noption extension 600\nlist member bob\n"

GROUPS = """
config group all
    option display_name Everybody
    list member alice
    list member bob
config group few
    list member alice
"""


class AnswersCase(unittest.TestCase):
    def setUp(self):
        self.exchange = Exchange(settings("list trusted 10.0.0.0/24\n", MORE))
        lines = ["Contact: <sip:bob@192.168.1.9>;q=0.5", "User-Agent: Phone\x1b/1"]
        self.bob = telephone(self.exchange, "B", "bob", "10.0.0.3", lines=lines)

    def answer(self, verb, **arguments):
        """Return the answer to a verb, after a way through JSON."""
        found, effects = self.exchange.engine.answer(verb, arguments, self.exchange.now)
        self.assertEqual(effects, [])
        return json.loads(json.dumps(found))

    def bring(self, **arguments):
        """Return the answer to `import-phonebook`."""
        return self.exchange.engine.answer("import-phonebook", arguments, self.exchange.now)[0]

    def call(self, status, number=1):
        """Let alice call bob, who answers with `status`."""
        data = request(
            "INVITE", "sip:202@home.test", lines=["Contact: <sip:alice@10.0.0.2>"],
            to="<sip:202@home.test>",
            call_id="call-%d" % number, branch="z9hG4bK-%d" % number,
        )  # fmt: skip
        self.exchange.receive(data, flow())
        self.bob.hear(self.exchange.sent[-1][1].data)
        self.exchange.receive(self.bob.answer(status), self.bob.flow)


class VerbsTest(AnswersCase):
    def test_status_tells_how_the_node_is(self):
        self.exchange.advance(65000)
        status = self.answer("status")
        self.assertEqual((status["uptime_seconds"], status["domain"]), (65, "home.test"))
        self.assertEqual(
            (status["users"], status["registrations"], status["live_calls"]), (3, 1, 0)
        )
        self.assertEqual(len(status["listening"]), len(LISTENERS))
        for part in status["counters"].values():
            for number in part.values():
                self.assertIsInstance(number, int)

    def test_users_and_groups_are_listed_without_secrets(self):
        users = self.answer("users")["users"]
        self.assertEqual([user["name"] for user in users], ["alice", "bob", "carol"])
        self.assertEqual(
            (users[1]["extension"], users[1]["aliases"], users[1]["phones"]), ("202", ["robert"], 1)
        )
        self.assertNotIn("ha1", json.dumps(users))
        (group,) = self.answer("groups")["groups"]
        self.assertEqual(
            (group["name"], group["members"], group["strategy"]), ("family", ["bob"], "parallel")
        )

    def test_registrations_tell_device_place_and_time(self):
        self.exchange.advance(10000)
        (found,) = self.answer("registrations")["registrations"]
        self.assertEqual((found["user"], found["contact"]), ("bob", "sip:bob@192.168.1.9"))
        self.assertEqual((found["phone"], found["seen_from"]), ("Phone?/1", "10.0.0.3 port 5060"))
        self.assertEqual((found["q"], found["behind_nat"]), (0.5, True))
        self.assertEqual((found["expires_seconds"], found["seconds_since_start"]), (3590, 10))
        self.assertEqual(self.answer("registrations", user="alice"), {"registrations": []})

    def test_a_live_call_tells_who_how_and_why(self):
        self.call(200)
        self.exchange.advance(5000)
        (call,) = self.answer("calls")["calls"]
        self.assertEqual((call["caller"], call["callee"]), ("alice@home.test", "202@home.test"))
        self.assertEqual(
            (call["state"], call["step"], call["why"]), ("answered", "local", ["bob's phone"])
        )
        self.assertIn("the owner wants to see live calls", call["in_path"])
        self.assertEqual((call["seconds_talked"], call["number"]), (5, 1))

    def test_the_history_begins_with_the_newest_and_tells_the_reason(self):
        self.call(486, 1)
        self.call(603, 2)
        self.exchange.receive(
            request("INVITE", "sip:nobody@home.test", branch="z9hG4bK-3", call_id="3"), flow()
        )
        history = self.answer("history")["history"]
        self.assertEqual([call["status"] for call in history], [404, 603, 486])
        self.assertEqual(history[0]["ended_by"], "nobody here is called nobody")
        self.assertEqual(history[2]["ended_by"], "bob is busy or does not want to talk now")

    def test_who_hung_up_is_told(self):
        self.call(200)
        self.exchange.receive(self.bob.within("BYE"), self.bob.flow)
        (call,) = self.answer("history")["history"]
        self.assertEqual(call["ended_by"], "the called hung up")

    def test_a_cancelled_call_says_so(self):
        self.call(180)
        self.exchange.receive(request("CANCEL", "sip:202@home.test", branch="z9hG4bK-1"), flow())
        (call,) = self.answer("history")["history"]
        self.assertEqual(
            (call["status"], call["ended_by"]), (487, "the caller hung up before an answer")
        )

    def test_a_trace_shows_the_messages_of_one_call_in_both_directions(self):
        self.call(486)
        for wanted in ("1", "call-1"):
            trace = self.answer("trace", call=wanted)
            self.assertEqual(trace["call"]["call_id"], "call-1")
            shown = [(m["direction"], m["message"].split("\n")[0][:11]) for m in trace["messages"]]
            self.assertEqual(
                shown,
                [
                    ("received", "INVITE sip:"), ("sent", "INVITE sip:"),
                    ("received", "SIP/2.0 486"),
                    ("sent", "ACK sip:bob"), ("sent", "SIP/2.0 486"),
                ],
            )  # fmt: skip

    def test_a_call_that_is_not_there_cannot_be_traced(self):
        with self.assertRaises(BellhopError):
            self.answer("trace", call="99")

    def test_an_unknown_verb_or_argument_is_told_with_what_there_is(self):
        with self.assertRaises(BellhopError) as refused:
            self.answer("dance")
        self.assertIn("status", str(refused.exception))
        with self.assertRaises(BellhopError):
            self.answer("status", user="bob")

    def test_the_phone_book_tells_everybody_who_can_be_called(self):
        entries = self.answer("phonebook")["phonebook"]
        self.assertIn("sip:bob@home.test", [entry["address"] for entry in entries])

    def test_the_phone_book_has_the_groups_of_this_node_and_who_of_them_is_there(self):
        self.exchange = Exchange(settings(more=GROUPS))
        rows = self.answer("phonebook")["phonebook"]
        there = {row["address"]: (row["display"], row["registered"]) for row in rows}
        self.assertEqual(there["sip:all@home.test"], ("Everybody", False))
        telephone(self.exchange, "B", "bob", "10.0.0.3")
        rows = self.answer("phonebook")["phonebook"]
        there = {row["address"]: row["registered"] for row in rows}
        self.assertTrue(there["sip:all@home.test"])
        self.assertFalse(there["sip:few@home.test"])

    def test_a_phone_book_that_is_imported_again_takes_the_place_of_the_one_before(self):
        self.bring(csv="name,number,address\nGran,71,sip:gran@old.test\n")
        self.bring(csv="name,number,address\nGran,71,sip:gran@new.test\n")
        dialled = self.exchange.engine.node.settings.speed_dial
        self.assertEqual(dialled, {b"71": b"sip:gran@new.test"})
        self.bring(csv="name,number,address\nAunt,72,sip:aunt@far.test\n")
        self.assertEqual(
            self.exchange.engine.node.settings.speed_dial, {b"72": b"sip:aunt@far.test"}
        )

    def test_a_phone_book_may_come_in_pieces(self):
        whole = "name,number,address\n" + "".join(
            ["P%d,%d,sip:p%d@far.test\n" % (one, one, one) for one in range(900)]
        )
        pieces = [whole[at : at + 1000] for at in range(0, len(whole), 1000)]
        for piece in pieces[:-1]:
            self.bring(csv=piece, more="1")
        self.assertEqual(self.bring(csv=pieces[-1])["imported"], 900)

    def test_pieces_without_end_are_refused(self):
        with self.assertRaises(BellhopError) as refused:
            for _ in range(2000):
                self.bring(csv="x" * 1000, more="1")
        self.assertIn("do not fit", str(refused.exception))
        self.assertEqual(self.exchange.engine.features["phonebook"].unread, [])

    def test_every_verb_has_an_answer_or_words(self):
        for verb in [row.verb for row in CORE + FEATURES if not row.changes]:
            try:
                self.answer(verb)
            except BellhopError as error:
                self.assertTrue(str(error))


class EventsTest(AnswersCase):
    def test_calls_and_registrations_are_told_as_they_happen(self):
        self.call(200)
        self.exchange.receive(self.bob.within("BYE"), self.bob.flow)
        states = [event.fields["state"] for event in self.exchange.events if event.kind == "call"]
        self.assertEqual(states, ["answered", "ended"])
        json.dumps([event.fields for event in self.exchange.events])
