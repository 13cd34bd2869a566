"""`option forward` of a user: where a call goes that no phone of theirs takes."""

import unittest

from bellhop.sip import message
from tests.support.exchange import Exchange, telephone
from tests.support.messages import flow, request, settings

USERS = """
config user
	option name bob
	option extension 202
	option password builder
	option forward %s
	option forward_after %d
config user
	option name carol
	option extension 203
	option password christmas
config contact
	option name Gran
	option number 71
	option address sip:gran@far.test
"""


class ForwardCase(unittest.TestCase):
    def start(self, forward, after, phones="bob carol"):
        """Start a node whose bob forwards, with phones for these users."""
        node = "list trusted 10.0.0.0/24\n"
        self.exchange = Exchange(settings(node, users=USERS % (forward, after)))
        self.phones = {
            name: telephone(self.exchange, name, name, "10.0.0.%d" % (3 + index))
            for index, name in enumerate(phones.split())
        }

    def call(self, method="INVITE"):
        """Send a request for bob; return the hosts that are asked."""
        del self.exchange.sent[:]
        data = request(method, "sip:202@home.test", to="<sip:202@home.test>")
        self.exchange.receive(data, self.phones["carol"].flow)
        return self.asked(method.encode())

    def asked(self, method=b"INVITE"):
        found = [(one.flow.host, message.parse(one.data)) for _, one in self.exchange.sent]
        return [host for host, one in found if getattr(one, "method", None) == method]

    def answer(self, name, status, method="INVITE"):
        """Let a phone answer what it was sent last."""
        phone = self.phones[name]
        for _, send in self.exchange.sent:
            if send.flow == phone.flow:
                phone.hear(send.data)
        del self.exchange.sent[:]
        self.exchange.receive(phone.answer(status, method), phone.flow)


class ForwardTest(ForwardCase):
    def test_a_decline_is_no_word_against_the_forward(self):
        self.start("203", 25)
        del self.exchange.sent[:]
        data = request("INVITE", "sip:202@home.test", to="<sip:202@home.test>")
        self.exchange.receive(data, flow("10.0.0.9"))
        self.assertEqual(self.asked(), ["10.0.0.3"])
        self.answer("bob", 603, "INVITE")
        self.assertEqual(self.asked(), ["10.0.0.4"])

    def test_phones_ring_first_and_are_cancelled_when_the_time_is_over(self):
        self.start("203", 10)
        self.assertEqual(self.call(), ["10.0.0.3"])
        self.answer("bob", 180)
        self.exchange.advance(9000)
        self.assertEqual(self.asked(b"CANCEL"), [])
        self.exchange.advance(1000)
        self.assertEqual(self.asked(b"CANCEL"), ["10.0.0.3"])
        self.answer("bob", 487)
        self.assertEqual(self.asked(), ["10.0.0.4"])
        # The last to be asked rings as long as any call.
        self.answer("carol", 180)
        self.exchange.advance(100000)
        self.assertNotIn("10.0.0.4", self.asked(b"CANCEL"))

    def test_busy_phone_is_not_waited_for(self):
        self.start("carol", 10)
        self.call()
        self.answer("bob", 486)
        self.assertEqual(self.asked(), ["10.0.0.4"])

    def test_without_a_phone_or_with_no_time_to_ring_it_goes_there_at_once(self):
        self.start("203", 10, "carol")
        self.assertEqual(self.call(), ["10.0.0.3"])
        self.start("203", 0)
        self.assertEqual(self.call(), ["10.0.0.4"])

    def test_address_and_speed_dial_lead_out_of_the_house(self):
        for forward in ("sip:gran@far.test", "71"):
            self.start(forward, 0)
            self.call()
            self.assertEqual(self.exchange.questions[-1].host, b"far.test")

    def test_messages_wait_for_the_user_and_are_not_forwarded(self):
        self.start("203", 10, "carol")
        self.assertEqual(self.call("MESSAGE"), [])
        self.assertEqual(len(self.exchange.engine.features["messages"].mailbox.waiting("bob")), 1)

    def test_forward_that_leads_nowhere_or_back_is_not_followed(self):
        for forward, words in (("299", "no user, group"), ("202", "forwards to itself")):
            self.assertIn(words, str(settings(users=USERS % (forward, 10)).problems[0]))
            self.start(forward, 10)
            self.assertEqual(len(self.call()), 1)


if __name__ == "__main__":
    unittest.main()
