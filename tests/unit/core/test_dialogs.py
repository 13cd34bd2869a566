"""The engine: who is meant inside a dialog, and which phone of several."""

import unittest

from bellhop.sip import message
from tests.support.exchange import Exchange, Phone, register, telephone
from tests.support.messages import flow, settings

TRUSTED = "list trusted 10.0.0.0/24\n"
PRIVATE = "Contact: <sip:192.168.1.10:5060>"
STREAMED = ['Contact: <sip:bob@10.0.0.3:%d;transport=tcp>;+sip.instance="<urn:uuid:1>";reg-id=1']


class DialogsCase(unittest.TestCase):
    def setUp(self):
        self.exchange = Exchange(settings(TRUSTED))

    def say(self, data, phone, *phones):
        """Send octets from a phone; return the phones that hear something, and what."""
        heard = []
        for send in self.exchange.receive(data, phone.flow):
            for other in phones:
                if send.flow == other.flow:
                    heard.append((other, other.hear(send.data)))
        return heard

    def call(self, caller, callee, lines=(), target="sip:bob@home.test", also=()):
        """Let one phone call another, which answers and is acknowledged."""
        self.say(caller.request("INVITE", target, lines), caller, callee, *also)
        self.say(callee.answer(200, "INVITE", lines), callee, caller)
        return self.say(caller.acknowledge(), caller, callee)


class MeantTest(DialogsCase):
    def test_two_phones_of_one_private_contact_hear_each_other(self):
        alice = telephone(self.exchange, "A", "alice", "10.0.0.2", lines=[PRIVATE])
        bob = telephone(self.exchange, "B", "bob", "10.0.0.3", lines=[PRIVATE])
        for caller, callee, target in (
            (alice, bob, "sip:bob@home.test"), (bob, alice, "sip:alice@home.test"),
        ):  # fmt: skip
            ((other, ack),) = self.call(caller, callee, [PRIVATE], target)
            self.assertEqual((other, ack.method), (callee, b"ACK"))
            for one, two in ((caller, callee), (callee, caller)):
                ((other, info),) = self.say(one.within("INFO"), one, alice, bob)
                self.assertEqual((other, info.method), (two, b"INFO"))
            ((other, bye),) = self.say(callee.within("BYE"), callee, alice, bob)
            self.assertEqual((other, bye.method), (caller, b"BYE"))

    def test_who_registers_the_contact_of_another_user_hears_nothing_of_his_calls(self):
        alice = telephone(self.exchange, "A", "alice", "10.0.0.2")
        bob = telephone(self.exchange, "B", "bob", "10.0.0.3")
        stolen = ["Contact: " + bob.contact]
        carol = telephone(self.exchange, "C", "carol", "10.0.0.4", lines=stolen)
        self.call(alice, bob)
        ((other, _),) = self.say(alice.within("BYE"), alice, bob, carol)
        self.assertIs(other, bob)

    def test_without_a_call_in_memory_to_names_the_user(self):
        alice = telephone(self.exchange, "A", "alice", "10.0.0.2")
        bob = telephone(self.exchange, "B", "bob", "10.0.0.3")
        telephone(self.exchange, "C", "carol", "10.0.0.4", lines=["Contact: " + bob.contact])
        self.call(alice, bob)
        self.exchange.node.calls.live.clear()
        ((other, _),) = self.say(alice.within("BYE"), alice, bob)
        self.assertIs(other, bob)

    def test_a_stream_that_comes_back_with_a_new_port_keeps_its_dialog(self):
        alice = telephone(self.exchange, "A", "alice", "10.0.0.2")
        lines = [STREAMED[0] % 40000]
        bob = Phone("B", "bob", flow("10.0.0.3", 40000, "tcp", 7))
        register(self.exchange, bob, lines)
        self.call(alice, bob, ["Contact: <sip:bob@10.0.0.3:40000;transport=tcp>"])
        self.exchange.break_flow(bob.flow)
        again = Phone("B2", "bob", flow("10.0.0.3", 40001, "tcp", 8))
        register(self.exchange, again, [STREAMED[0] % 40001])
        ((other, bye),) = self.say(alice.within("BYE"), alice, again)
        self.assertEqual(bye.method, b"BYE")

    def test_who_calls_and_comes_back_on_a_new_stream_hears_the_answer_there(self):
        alice = telephone(self.exchange, "A", "alice", "10.0.0.2")
        lines = [STREAMED[0] % 40000]
        bob = Phone("B", "bob", flow("10.0.0.3", 40000, "tcp", 7))
        register(self.exchange, bob, lines)
        self.say(bob.request("INVITE", "sip:alice@home.test", lines), bob, alice)
        self.exchange.break_flow(bob.flow)
        again = Phone("B2", "bob", flow("10.0.0.3", 40001, "tcp", 8))
        register(self.exchange, again, [STREAMED[0] % 40001])
        ((_, answer),) = self.say(alice.answer(200, "INVITE"), alice, again)
        self.assertEqual(answer.status, 200)

    def test_the_request_uri_goes_on_byte_for_byte(self):
        alice = telephone(self.exchange, "A", "alice", "10.0.0.2")
        bob = telephone(self.exchange, "B", "bob", "10.0.0.3")
        self.call(alice, bob, ["Contact: <SIP:bob-7x@10.0.0.3;Line=AbC>"])
        ((_, bye),) = self.say(alice.within("BYE"), alice, bob)
        self.assertEqual(bye.uri, b"SIP:bob-7x@10.0.0.3;Line=AbC")


class OneOfSeveralTest(DialogsCase):
    def setUp(self):
        super().setUp()
        self.alice = telephone(self.exchange, "A", "alice", "10.0.0.2")
        self.carol = telephone(self.exchange, "C", "carol", "10.0.0.4")
        self.bobs = [telephone(self.exchange, "B%d" % n, "bob", "10.0.0.%d" % n) for n in (5, 6)]

    def test_replaces_rings_only_the_phone_that_has_the_dialog(self):
        for mine, other in (self.bobs, self.bobs[::-1]):
            self.call(self.alice, mine, also=[other])
            tags = ";to-tag=%s;from-tag=A" % mine.name
            replaces = self.alice.dialog.call_id + tags.replace(";", " ; ").replace("=", " = ")
            data = self.carol.request("INVITE", "sip:bob@home.test", ["Replaces: " + replaces])
            heard = self.say(data, self.carol, *self.bobs)
            self.assertEqual([phone for phone, _ in heard], [mine])
            self.say(self.alice.within("BYE"), self.alice, mine)

    def test_replaces_of_a_dialog_that_nobody_knows_changes_nothing(self):
        data = self.carol.request(
            "INVITE", "sip:bob@home.test", ["Replaces: x;to-tag=1;from-tag=2"]
        )
        self.assertEqual(len(self.say(data, self.carol, *self.bobs)), 2)

    def test_who_calls_himself_hears_his_other_phones(self):
        mine, other = self.bobs
        data = mine.request("INVITE", "sip:202@home.test")
        heard = self.say(data, mine, *self.bobs)
        asked = [phone for phone, one in heard if getattr(one, "method", None) == b"INVITE"]
        self.assertEqual(asked, [other])

    def test_who_calls_himself_with_one_phone_is_told(self):
        data = self.carol.request("INVITE", "sip:203@home.test")
        ((_, answer),) = self.say(data, self.carol, self.carol)
        self.assertEqual(answer.status, 480)
        self.assertIn(b"no other phone of carol", answer.reason)


class SharedSocketTest(unittest.TestCase):
    def test_two_accounts_of_one_device_call_each_other(self):
        exchange = Exchange(settings(TRUSTED))
        alice = telephone(exchange, "A", "alice", "10.0.0.2")
        telephone(exchange, "B", "bob", "10.0.0.2")
        sends = exchange.receive(alice.request("INVITE", "sip:bob@home.test"), alice.flow)
        self.assertEqual(message.parse(sends[0].data).method, b"INVITE")


if __name__ == "__main__":
    unittest.main()
