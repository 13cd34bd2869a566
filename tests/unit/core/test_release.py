"""The owner hangs up: an answered call ends by BYE to both phones, a ringing one by CANCEL."""

import unittest

from bellhop.errors import BellhopError
from bellhop.sip import message
from tests.support.exchange import Exchange, telephone
from tests.support.messages import flow, settings


class EndingCase(unittest.TestCase):
    def setUp(self):
        self.exchange = Exchange(settings("list trusted 10.0.0.0/24\n"))
        self.alice = telephone(self.exchange, "A", "alice", "10.0.0.2")
        self.bob = telephone(self.exchange, "B", "bob", "10.0.0.3")

    def ask(self, verb, **arguments):
        """Return the answer to a verb and what was sent for it: {host: message}."""
        del self.exchange.sent[:]
        answer, effects = self.exchange.engine.answer(verb, arguments, self.exchange.now)
        self.exchange.take(effects)
        return answer, self.sent()

    def sent(self):
        return {send.flow.host: message.parse(send.data) for _, send in self.exchange.sent}

    def call(self, *answers):
        """Let alice call bob, who gives these answers; alice acknowledges a 200."""
        self.exchange.receive(self.alice.request("INVITE", "sip:bob@home.test"), self.alice.flow)
        self.bob.hear(self.exchange.sent[-1][1].data)
        for status in answers:
            heard = self.exchange.receive(self.bob.answer(status, "INVITE"), self.bob.flow)
            self.alice.hear(heard[-1].data)
        if answers[-1] == 200:
            self.exchange.receive(self.alice.acknowledge(), self.alice.flow)


class AnsweredTest(EndingCase):
    def test_both_phones_get_a_bye_of_their_own_dialog(self):
        self.call(180, 200)
        answer, sent = self.ask("hangup", call="1")
        self.assertEqual(answer["call"]["state"], "ended")
        for phone in (self.alice, self.bob):
            bye = sent[phone.flow.host]
            self.assertEqual(bye.method, b"BYE")
            self.assertEqual(bye.uri.decode(), phone.contact.strip("<>"))
            self.assertEqual(bye.value(b"from").decode(), phone.dialog.remote)
            self.assertEqual(bye.value(b"to").decode(), phone.dialog.local)
            self.assertEqual(bye.call_id.decode(), phone.dialog.call_id)
            self.assertEqual(bye.items(b"route"), [])
            self.assertIn(b"the owner of this node", bye.value(b"reason"))
        self.assertEqual(self.exchange.node.calls.live, {})
        self.assertEqual(
            self.exchange.node.calls.history[-1].ended_by, "the owner of this node ended the call"
        )
        self.assertEqual([event.fields["state"] for event in self.exchange.events][-1], "ended")

    def test_cseq_is_above_what_each_phone_has_used(self):
        self.call(200)
        self.alice.cseq, self.bob.cseq = 40, 70
        for phone in (self.alice, self.bob):
            self.exchange.receive(phone.within("INFO"), phone.flow)
        _, sent = self.ask("hangup", call="1")
        # In the dialog towards bob the node speaks for alice, and the other way round.
        self.assertEqual(sent["10.0.0.3"].cseq, (42, b"BYE"))
        self.assertEqual(sent["10.0.0.2"].cseq, (72, b"BYE"))

    def test_phone_that_moved_within_the_call_is_followed(self):
        self.call(200)
        moved = ["Contact: <sip:alice@10.0.0.2:5099>"]
        self.exchange.receive(self.alice.within("UPDATE", moved), self.alice.flow)
        del self.exchange.questions[:]
        self.ask("hangup", call="1")
        self.exchange.resolve([flow("10.0.0.2", 5099)])
        byes = [message.parse(send.data) for _, send in self.exchange.sent]
        self.assertIn(b"sip:alice@10.0.0.2:5099", [bye.uri for bye in byes])

    def test_proxies_between_node_and_phone_are_passed_in_their_order(self):
        edge = "Record-Route: <sip:far%d.test;lr>"
        self.exchange.receive(
            self.alice.request("INVITE", "sip:bob@home.test", [edge % 2, edge % 1]),
            self.alice.flow,
        )
        self.bob.hear(self.exchange.sent[-1][1].data)
        # Two more proxies stand between the node and bob.
        asked = self.bob.asked["INVITE"]
        asked.insert(b"record-route", b"Record-Route: <sip:near1.test;lr>")
        asked.insert(b"record-route", b"Record-Route: <sip:near2.test;lr>")
        self.exchange.receive(self.bob.answer(200, "INVITE"), self.bob.flow)
        self.ask("hangup", call="1")
        asked = [question.host for question in self.exchange.questions]
        self.assertEqual(asked, [b"far2.test", b"near1.test"])
        for host in ("203.0.113.2", "203.0.113.1"):
            self.exchange.resolve([flow(host)])
        sent = self.sent()
        routes = sent["203.0.113.1"].items(b"route")
        self.assertEqual(routes, [b"<sip:near1.test;lr>", b"<sip:near2.test;lr>"])
        routes = sent["203.0.113.2"].items(b"route")
        self.assertEqual(routes, [b"<sip:far2.test;lr>", b"<sip:far1.test;lr>"])


class RingingTest(EndingCase):
    def test_phone_is_cancelled_and_the_caller_hears_480(self):
        self.call(180)
        _, sent = self.ask("hangup", call="1")
        self.assertEqual(sent["10.0.0.3"].method, b"CANCEL")
        self.bob.hear(self.exchange.sent[0][1].data)
        self.exchange.receive(self.bob.answer(200, "CANCEL"), self.bob.flow)
        heard = self.exchange.receive(self.bob.answer(487, "INVITE"), self.bob.flow)
        refusal = message.parse(heard[-1].data)
        self.assertEqual(refusal.status, 480)
        self.assertEqual(refusal.reason, b"the owner of this node ended the call")

    def test_call_that_is_not_there_is_told(self):
        for number in ("1", "nonsense"):
            with self.assertRaises(BellhopError):
                self.ask("hangup", call=number)


if __name__ == "__main__":
    unittest.main()
