"""Texts by a SIM card: MESSAGE of the house out, what comes as MESSAGE to who is to get it."""

import unittest

from bellhop.effects import SendText
from bellhop.sip import message
from tests.support.carrier import exchange
from tests.support.exchange import telephone

SMS = "config sms\n\toption ring bob\n"


class SimTest(unittest.TestCase):
    def setUp(self):
        self.made = exchange("", SMS)
        self.alice = telephone(self.made, "A", "alice", "10.0.0.3")
        self.bob = telephone(self.made, "B", "bob", "10.0.0.4")

    def text(self, target, body, kind="text/plain"):
        """Let alice send a text; return (the last status, what the SIM is to send)."""
        lines = ["Content-Type: " + kind]
        data = self.alice.request("MESSAGE", target, lines, body)
        effects = self.made.take(self.made.engine.receive(data, self.alice.flow, self.made.now))
        answers = [
            message.parse(send.data).status
            for _, send in self.made.sent
            if send.flow == self.alice.flow
        ]
        return answers[-1], [one for one in effects if isinstance(one, SendText)]

    def test_a_text_to_a_number_goes_out(self):
        status, sent = self.text("sip:0170 1234567@home.test".replace(" ", ""), "hello")
        self.assertEqual((status, sent), (202, [SendText(b"+491701234567", b"hello")]))

    def test_what_is_no_text_or_too_long_does_not(self):
        self.assertEqual(self.text("sip:01701234567@home.test", "x" * 1601), (415, []))
        self.assertEqual(self.text("sip:01701234567@home.test", "x", "image/png"), (415, []))

    def test_one_that_comes_reaches_who_is_to_get_it(self):
        del self.made.sent[:]
        for sender, user in (("+491701234567", b"+491701234567"), ("Bank\r\nX: y", b"Bank")):
            self.made.take(
                self.made.engine.hear("trunks", "texted", sender, "Grüße".encode(), self.made.now)
            )
            came = [
                self.bob.hear(send.data) for _, send in self.made.sent if send.flow == self.bob.flow
            ]
            self.assertEqual(came[-1].body, "Grüße".encode())
            self.assertTrue(came[-1].from_.uri.user.startswith(user))
            self.assertFalse(b"x" in came[-1].names)

    def test_without_the_section_nothing_is_sent(self):
        self.made = exchange("", "")
        self.alice = telephone(self.made, "A", "alice", "10.0.0.3")
        self.assertEqual(self.text("sip:01701234567@home.test", "hello"), (404, []))


if __name__ == "__main__":
    unittest.main()
