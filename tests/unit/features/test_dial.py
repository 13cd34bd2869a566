"""Click to dial, and ring back when free."""

import unittest

from bellhop.errors import BellhopError
from bellhop.features.dial import RING_MS
from tests.support.exchange import telephone
from tests.unit.features.test_wishes import House

TRYING, DONE = "SIP/2.0 100 Trying", "SIP/2.0 200 OK"


class DialTest(House):
    def dial(self, user, to):
        del self.exchange.sent[:]
        arguments = {"user": user, "to": to}
        answer, effects = self.exchange.engine.answer("dial", arguments, self.exchange.now)
        self.exchange.take(effects)
        self.heard(None)
        return answer

    def notify(self, phone, body):
        lines = ["Event: refer", "Subscription-State: active", "Content-Type: message/sipfrag"]
        return self.send(phone, phone.within("NOTIFY", lines, body))

    def test_the_phone_that_is_taken_dials_and_the_first_call_ends(self):
        self.start()
        second = telephone(self.exchange, "second", "alice", "10.0.0.9")
        self.phones["second"] = second
        self.assertEqual(self.dial("alice", "202")["phones"], 2)
        self.assertEqual(sorted(self.asked()), ["10.0.0.2", "10.0.0.9"])
        self.assertIn(b"<sip:202@home.test>", self.request_to("alice").value(b"from"))
        self.answer("second", 180)
        self.answer("alice", 200)
        self.assertEqual(self.asked(b"CANCEL"), ["10.0.0.9"])
        refer = self.phones["alice"].asked["REFER"]
        self.assertEqual(refer.value(b"refer-to"), b"<sip:202@home.test>")
        alice = self.phones["alice"]
        self.send(alice, alice.answer(202, "REFER"))
        self.assertEqual(self.notify(alice, TRYING)[0].status, 200)
        self.assertEqual(self.asked(b"BYE"), [])
        self.notify(alice, DONE)
        self.assertEqual(self.asked(b"BYE"), ["10.0.0.2"])
        self.assertEqual(self.exchange.engine.features["dial"].live, {})

    def test_a_phone_that_does_not_know_refer_is_put_down(self):
        self.start()
        self.dial("alice", "sip:gran@far.test")
        self.answer("alice", 200)
        alice = self.phones["alice"]
        self.send(alice, alice.answer(501, "REFER"))
        self.assertEqual(self.asked(b"BYE"), ["10.0.0.2"])

    def test_nobody_takes_the_phone(self):
        self.start()
        self.dial("alice", "202")
        self.answer("alice", 180)
        del self.exchange.sent[:]
        self.exchange.advance(RING_MS)
        self.assertEqual(self.asked(b"CANCEL"), ["10.0.0.2"])
        self.dial("alice", "202")
        self.answer("alice", 486)
        self.assertEqual(self.exchange.engine.features["dial"].live, {})

    def test_what_cannot_be_dialled_is_refused_in_words(self):
        self.start(phones="bob carol")
        for user, to in (("alice", "202"), ("bob", "a b"), ("bob", "sip:x\r\ny"), ("nobody", "1")):
            with self.assertRaises(BellhopError):
                self.dial(user, to)

    def test_put_down_before_it_dials(self):
        self.start()
        self.dial("alice", "202")
        self.answer("alice", 200)
        alice = self.phones["alice"]
        self.assertEqual(self.send(alice, alice.within("BYE"))[0].status, 200)
        self.assertEqual(self.asked(b"BYE"), [])


if __name__ == "__main__":
    unittest.main()
