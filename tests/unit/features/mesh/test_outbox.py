"""Texts between houses: promised on flash, brought once, and told of where they are not."""

import json
import unittest

from bellhop.effects import Commit, Flow
from bellhop.features.mesh import outbox
from bellhop.limits import MAX_OUTBOX_BYTES
from bellhop.settings import reader
from bellhop.sip import message
from tests.unit.features.mesh.test_circuits import ask
from tests.unit.features.mesh.test_member import CALLER, line_of_three, register

CAROL = "10.0.9.3"
ALICE = "config user\n\toption name alice\n\toption password x\n"


class OutboxTest(unittest.TestCase):
    def setUp(self):
        self.town, self.barn, self.mill, self.farm = line_of_three()
        register(self.barn, "alice", CALLER)
        register(self.farm, "carol", CAROL)
        self.town.advance(6000)
        self.count = 0
        self.shown = []

    def send(self, body="hello", *lines, kind="text/plain", call_id=None, seconds=10):
        """Send a text to carol; return (status, reason) of the answer, or None."""
        self.count += 1
        before = len(self.barn.to_phone(CALLER))
        data = ask(
            "MESSAGE", "sip:carol@" + self.farm.key(), *lines, body=body, kind=kind,
            call_id=call_id or "text-%d" % self.count,
        )  # fmt: skip
        self.barn.receive(data, CALLER)
        self.run_for(1000 * seconds)
        new = [one for one in self.barn.to_phone(CALLER)[before:] if hasattr(one, "status")]
        return (new[-1].status, new[-1].reason) if new else None

    def run_for(self, ms):
        """Let time pass; carol's phone takes what comes, and shows what is no repetition."""
        for _ in range(ms // 100):
            self.town.advance(100)
            self.take(200)

    def take(self, status):
        for one in self.farm.to_phone(CAROL):
            if getattr(one, "method", None) == b"MESSAGE":
                branch = one.via.branch
                if branch not in [shown[0] for shown in self.shown]:
                    self.shown.append((branch, one.body))
                    answer = message.response_to(one, status, None, (), b"c")
                    self.farm.receive(answer.write(), CAROL)

    def bodies(self):
        return [body for _, body in self.shown]

    def off(self, house=None):
        house = house or self.farm
        del self.town.houses[house.host]
        self.run_for(12000)

    def on(self, house=None):
        house = house or self.farm
        self.town.houses[house.host] = house
        self.run_for(20000)

    def outbox(self, house=None):
        return (house or self.barn).engine.features["mesh outbox"]

    def test_text_to_a_node_that_is_there_is_brought_at_once_and_kept_nowhere(self):
        self.assertEqual(self.send(seconds=1)[0], 202)
        self.assertEqual(self.bodies(), [b"hello"])
        self.assertEqual(self.outbox().texts, {})
        self.assertEqual(self.farm.engine.features["messages"].mailbox.messages, [])

    def test_text_to_a_node_that_is_off_waits_and_is_brought_once(self):
        self.off()
        for body in ("one", "two", "three"):
            self.assertEqual(self.send(body, seconds=1)[0], 202)
        answer = self.outbox().show({}, self.town.now)["outbox"]
        self.assertEqual([row["user"] for row in answer], ["alice"] * 3)
        self.assertEqual(self.bodies(), [])
        self.on()
        self.assertEqual(self.bodies(), [b"one", b"two", b"three"])
        self.assertEqual(self.outbox().counters()["outbox"]["waiting"], 0)
        self.run_for(60000)
        self.assertEqual(len(self.bodies()), 3)

    def test_node_that_dies_with_the_text_on_its_way_gets_it_later(self):
        del self.town.houses[self.farm.host]
        self.assertEqual(self.send(seconds=6)[0], 202)
        self.run_for(60000)
        self.on()
        self.assertEqual(self.bodies(), [b"hello"])

    def test_text_whose_answer_is_lost_is_not_shown_twice(self):
        self.barn.engine.features["mesh circuits"].said = lambda call, octets, now: []
        self.assertEqual(self.send(seconds=6)[0], 202)
        self.assertEqual(self.bodies(), [b"hello"])
        del self.barn.engine.features["mesh circuits"].said
        self.run_for(60000)
        self.assertEqual(self.bodies(), [b"hello"])
        self.assertEqual(self.outbox().texts, {})

    def test_promise_is_on_flash_before_it_is_made_and_outlasts_a_restart(self):
        self.off()
        data = ask("MESSAGE", "sip:carol@" + self.farm.key(), body="hello", kind="text/plain")
        flow = Flow("udp", 0, CALLER, 5060, 0, "")
        effects = self.barn.engine.receive(data, flow, self.town.now)
        (commit,) = [one for one in effects if isinstance(one, Commit)]
        self.assertEqual(commit.store.name, "outbox")
        rows = json.loads(json.dumps(list(commit.store.changes.values())))
        self.assertEqual(rows[0]["user"], "alice")
        self.barn.perform(self.barn.engine.kept(commit.number, "", self.town.now))
        self.assertEqual(self.barn.to_phone(CALLER)[-1].status, 202)
        self.outbox().texts = {}
        self.outbox().restore("outbox", rows, self.town.now)
        self.on()
        self.assertEqual(self.bodies(), [b"hello"])

    def test_what_the_called_house_has_taken_outlasts_its_restart(self):
        self.send(seconds=1)
        delivery = self.farm.engine.features["messages"]
        rows = json.loads(json.dumps(delivery.mailbox.dump(self.town.now)))
        delivery.mailbox.taken = {}
        delivery.restore("messages", rows, self.town.now)
        self.assertEqual(len(delivery.mailbox.taken), 1)
        self.assertEqual(delivery.mailbox.waiting("carol"), [])

    def test_phone_that_says_it_again_after_a_restart_is_told_the_same(self):
        self.off()
        self.assertEqual(self.send(call_id="same", seconds=1)[0], 202)
        self.town.advance(40000)
        self.assertEqual(self.send(call_id="same", seconds=1)[0], 202)
        self.on()
        self.assertEqual(self.bodies(), [b"hello"])

    def test_it_waits_a_week_and_no_longer(self):
        self.off()
        self.send("the kettle is on", seconds=1)
        (text,) = self.outbox().texts.values()
        self.assertTrue(0 <= self.town.now + outbox.LIFE - text.until <= 2000)

    def test_sender_is_told_by_a_text_from_whom_it_was_for(self):
        self.off()
        self.send("the kettle is on", "Expires: 60", seconds=1)
        self.town.advance(62000)
        told = [one for one in self.barn.to_phone(CALLER) if hasattr(one, "method")][-1]
        self.assertIn(b"(not delivered)", told.body)
        self.assertIn(b"the kettle is on", told.body)
        self.assertIn(self.farm.key().encode(), told.value(b"from"))
        self.on()
        self.assertEqual(self.bodies(), [])

    def test_text_for_nobody_is_refused_and_not_kept(self):
        data = ask("MESSAGE", "sip:nobody@" + self.farm.key(), body="x", kind="text/plain")
        self.barn.receive(data, CALLER)
        self.run_for(2000)
        self.assertEqual(self.barn.to_phone(CALLER)[-1].status, 404)
        self.assertEqual(self.outbox().texts, {})

    def test_one_user_may_not_fill_it(self):
        self.off()
        size = MAX_OUTBOX_BYTES // 4
        answers = [self.send("x" * size, seconds=20)[0] for _ in range(5)]
        self.assertEqual(answers[:3], [202] * 3)
        self.assertEqual(answers[-1], 480)
        self.assertEqual(self.outbox().counters()["outbox"]["refused_full"] > 0, True)

    def test_all_phones_show_what_comes_and_it_is_taken_once(self):
        register(self.farm, "carol", "10.0.9.4")
        self.send(seconds=1)
        other = [one for one in self.farm.to_phone("10.0.9.4") if hasattr(one, "method")]
        self.assertEqual({one.body for one in other if one.method == b"MESSAGE"}, {b"hello"})
        self.assertEqual(len({one.via.branch for one in other}), 1)
        self.assertEqual(self.bodies(), [b"hello"])

    def test_text_to_a_group_waits_for_a_member_whose_node_is_off(self):
        group = "config group\n\toption name all\n\tlist member sip:carol@%s\n\tlist member alice\n"
        settings = reader.parse(group % self.farm.key() + ALICE, "group")
        self.barn.engine.node.settings.names[b"all"] = settings.names[b"all"]
        self.off()
        data = ask("MESSAGE", "sip:all@home.test", body="to all", kind="text/plain")
        self.barn.receive(data, CALLER)
        self.run_for(1000)
        self.assertEqual(self.barn.to_phone(CALLER)[-1].status, 202)
        self.assertEqual(len(self.outbox().show({}, self.town.now)["outbox"]), 1)
        self.on()
        self.assertEqual(self.bodies(), [b"to all"])

    def test_many_texts_go_over_one_way(self):
        for number in range(30):
            self.assertEqual(self.send("%d" % number, seconds=1)[0], 202)
        self.assertEqual(self.bodies(), [b"%d" % number for number in range(30)])
        self.assertEqual(len(self.barn.engine.features["mesh"].mesh.calls.table), 1)
