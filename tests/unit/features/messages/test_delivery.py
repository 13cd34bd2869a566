"""Messages to the absent: kept before they are acknowledged, brought when a phone comes."""

import json
import unittest

from bellhop.budget import DAY
from bellhop.effects import Commit, Send, Store
from bellhop.limits import STRANGER, WRITINGS_A_DAY
from bellhop.sip import message
from tests.support.exchange import Exchange, Phone, register
from tests.support.messages import flow, request, settings

STRANGE = "<sip:sam@far.test>;tag=s"
SOURCE = flow("203.0.113.7")
NO_RATE = (
    "option strangers allow\noption stranger_requests_per_minute 0\nlist trusted 10.0.0.0/24\n"
)


class DeliveryTest(unittest.TestCase):
    def setUp(self):
        self.exchange = Exchange(settings(NO_RATE))
        self.count = 0

    def send(self, body="hello", sender=STRANGE, source=SOURCE, lines=()):
        """Send a MESSAGE to bob; return (status, reason) of the answer."""
        self.count += 1
        identity = "z9hG4bK-%d" % self.count, "call-%d" % self.count
        data = request("MESSAGE", "sip:bob@home.test", lines, body, identity[0], sender,
                       call_id=identity[1])  # fmt: skip
        self.exchange.receive(data, source)
        answer = message.parse(self.exchange.sent[-1][1].data)
        return answer.status, answer.reason.decode()

    def phone(self, name, host):
        """Return a phone of bob that has just registered."""
        made = Phone(name, "bob", flow(host))
        register(self.exchange, made)
        return made

    def brought(self, phone, status):
        """Answer what is brought to a phone, as long as there is something; return the bodies."""
        bodies = []
        while True:
            last = self.exchange.sent[-1][1]
            if last.flow != phone.flow or not last.data.startswith(b"MESSAGE"):
                return bodies
            bodies.append(message.parse(last.data).body)
            phone.hear(last.data)
            self.exchange.sent.append((0, Send(SOURCE, b"")))
            self.exchange.receive(phone.answer(status), phone.flow)

    def waiting(self):
        return [
            stored.body for stored in self.exchange.engine.features["messages"].mailbox.messages
        ]

    def test_a_message_is_on_flash_before_its_sender_is_told(self):
        data = request("MESSAGE", body="hello", sender=STRANGE)
        effects = self.exchange.engine.receive(data, SOURCE, 0)
        (commit,) = effects
        self.assertEqual((type(commit), commit.store.name), (Commit, "messages"))
        ((number, row),) = commit.store.changes.items()
        self.assertEqual((row["id"], row["body"]), (number, "hello"))
        (send,) = self.exchange.engine.kept(commit.number, "", 0)
        self.assertEqual(message.parse(send.data).status, 202)

    def test_a_disk_that_takes_nothing_is_no_promise(self):
        self.exchange.disk_problem = "the disk is full"
        status, reason = self.send()
        self.assertEqual(status, 480)
        self.assertIn("nothing can be kept", reason)
        self.assertEqual(self.waiting(), [])

    def test_a_message_that_no_phone_can_take_now_waits_too(self):
        phone = self.phone("B", "10.0.0.3")
        self.exchange.receive(request("MESSAGE", body="hello", sender=STRANGE), SOURCE)
        phone.hear(self.exchange.sent[-1][1].data)
        self.exchange.receive(phone.answer(480), phone.flow)
        answer = self.exchange.sent[-1][1]
        self.assertEqual(message.parse(answer.data).status, 202)
        self.assertEqual((answer.flow, self.waiting()), (SOURCE, [b"hello"]))
        self.assertEqual(len(self.exchange.kept), 1)

    def test_one_that_a_phone_refuses_does_not_keep_back_the_others(self):
        for body in ("one", "two", "three"):
            self.send(body)
        desk = self.phone("B", "10.0.0.3")
        self.assertEqual(self.brought(desk, 415), [b"one", b"two", b"three"])
        register(self.exchange, desk)
        self.assertEqual(self.brought(desk, 200), [])
        soft = self.phone("C", "10.0.0.4")
        self.assertEqual(self.brought(soft, 200), [b"one", b"two", b"three"])
        self.assertEqual(self.waiting(), [])

    def test_what_is_over_is_forgotten_on_flash_too(self):
        self.send(lines=["Expires: 60"])
        effects = []
        self.exchange.take = effects.extend
        self.exchange.advance(60000)
        (store,) = [one for one in effects if isinstance(one, Store)]
        self.assertEqual((store.name, store.changes), ("messages", {1: None}))
        self.assertEqual(self.waiting(), [])

    def test_a_stranger_a_minute_writes_no_more_than_his_share_of_a_day(self):
        told = set()
        for _ in range(DAY // 60000):
            self.exchange.engine.features["messages"].mailbox.flush("bob")
            told.add(self.send())
            self.exchange.sent = []
            self.exchange.advance(60000)
        self.assertTrue(len(self.exchange.kept) <= WRITINGS_A_DAY[STRANGER][1])
        self.assertEqual(sorted(status for status, _ in told), [202, 480])
        self.assertIn("no more of yours is kept today", max(told)[1])
        own = self.send("from the house", "<sip:alice@home.test>;tag=1", flow("10.0.0.2"))
        self.assertEqual(own[0], 202)
        json.dumps(self.exchange.engine.status(self.exchange.now))

    def test_the_letters_that_are_thrown_away_are_so_on_flash(self):
        self.send()
        answer, effects = self.exchange.engine.answer("flush-mailbox", {"user": "bob"}, 0)
        self.assertEqual(answer, {"removed": 1})
        self.assertEqual(effects[0].changes, {1: None})
