"""`ring` makes the phones of a user ring for some seconds, and tells which of them did."""

import unittest

from bellhop.errors import BellhopError
from bellhop.features import ringtest
from bellhop.sip import message
from tests.support.exchange import Exchange, telephone
from tests.support.messages import settings


class RingingCase(unittest.TestCase):
    def setUp(self):
        self.exchange = Exchange(settings())
        self.bob = telephone(self.exchange, "B", "bob", "10.0.0.3")

    def ask(self, verb, user="bob"):
        answer, effects = self.exchange.engine.answer(verb, {"user": user}, self.exchange.now)
        self.exchange.take(effects)
        return answer

    def last(self):
        return message.parse(self.exchange.sent[-1][1].data)

    def state(self):
        return [phone["state"] for phone in self.ask("rung")["phones"]]

    def ring(self, *answers):
        self.ask("ring")
        self.bob.hear(self.exchange.sent[-1][1].data)
        for status in answers:
            self.exchange.receive(self.bob.answer(status, "INVITE"), self.bob.flow)

    def test_phone_is_asked_with_an_offer_whose_sound_goes_nowhere(self):
        answer = self.ask("ring")
        self.assertEqual(answer["is_over"], False)
        self.assertEqual(answer["phones"][0]["state"], ringtest.ASKED)
        invite = self.last()
        self.assertEqual(invite.method, b"INVITE")
        port = int(invite.body.partition(b"m=audio ")[2].partition(b" ")[0])
        self.assertTrue(port >= 1024, "nf_conntrack_sip drops what names a port below")
        self.assertEqual(invite.uri, b"sip:bob@10.0.0.3:5060")

    def test_phone_that_rings_is_cancelled_after_some_seconds(self):
        self.ring(100, 180)
        self.assertEqual(self.state(), [ringtest.RINGS])
        self.exchange.advance(ringtest.RING_MS)
        self.assertEqual(self.last().method, b"CANCEL")
        self.bob.hear(self.last().write())
        self.exchange.receive(self.bob.answer(200, "CANCEL"), self.bob.flow)
        self.exchange.receive(self.bob.answer(487, "INVITE"), self.bob.flow)
        told = self.ask("rung")
        self.assertEqual((told["is_over"], told["phones"][0]["state"]), (True, ringtest.RINGS))

    def test_phone_that_does_not_confirm_the_cancel_has_rung_all_the_same(self):
        self.ring(180)
        self.exchange.advance(100000)
        self.assertEqual(self.state(), [ringtest.RINGS])

    def test_phone_that_is_taken_is_let_go_at_once(self):
        self.ring(180)
        heard = self.exchange.receive(self.bob.answer(200, "INVITE"), self.bob.flow)
        methods = [message.parse(send.data).method for send in heard]
        self.assertEqual(methods, [b"ACK", b"BYE"])
        self.assertEqual(self.state(), [ringtest.TAKEN])
        again = self.exchange.receive(self.bob.last, self.bob.flow)
        self.assertEqual([message.parse(send.data).method for send in again], [b"ACK"])

    def test_phone_that_answers_while_it_is_cancelled_is_let_go_too(self):
        self.ring(180)
        self.exchange.advance(ringtest.RING_MS)
        heard = self.exchange.receive(self.bob.answer(200, "INVITE"), self.bob.flow)
        self.assertEqual([message.parse(one.data).method for one in heard], [b"ACK", b"BYE"])

    def test_phone_that_answers_with_a_contact_that_cannot_be_read_is_let_go_too(self):
        self.ring()
        data = self.bob.answer(200, "INVITE", ["Contact: *"])
        heard = self.exchange.receive(data, self.bob.flow)
        methods = [message.parse(one.data).method for one in heard]
        self.assertEqual(methods, [b"ACK", b"BYE"])

    def test_refusal_is_told_in_the_phone_s_words(self):
        self.ring(486)
        self.assertEqual(self.state(), [ringtest.REFUSES])
        (row,) = self.ask("rung")["phones"]
        self.assertEqual(row["refusal"], "486 Busy Here")

    def test_silent_phone_is_told_and_left_alone(self):
        self.ask("ring")
        self.exchange.advance(ringtest.RING_MS)
        self.assertEqual(self.state(), [ringtest.SILENT])
        count = len(self.exchange.sent)
        self.exchange.advance(60000)
        self.assertEqual(len(self.exchange.sent), count)

    def test_phone_whose_stream_has_gone_cannot_be_reached(self):
        carol = telephone(self.exchange, "C", "carol", "10.0.0.4", "tcp")
        self.ask("ring", "carol")
        self.exchange.break_flow(carol.flow)
        self.assertEqual(self.ask("rung", "carol")["phones"][0]["state"], ringtest.LOST)

    def test_second_wish_while_it_rings_changes_nothing(self):
        self.ask("ring")
        count = len(self.exchange.sent)
        self.ask("ring")
        self.assertEqual(len(self.exchange.sent), count)
        self.exchange.advance(ringtest.RING_MS)
        self.ask("ring")
        self.assertEqual(self.last().method, b"INVITE")

    def test_user_without_a_phone_and_no_user_are_told(self):
        for user, words in (("alice", "no phone of 'alice'"), ("eve", "there is no user 'eve'")):
            with self.assertRaises(BellhopError) as raised:
                self.ask("ring", user)
            self.assertIn(words, str(raised.exception))
        self.assertEqual(self.ask("rung", "alice"), {"is_over": True, "phones": []})


if __name__ == "__main__":
    unittest.main()
