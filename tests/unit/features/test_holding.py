"""Every step of a call is told: it rings, is answered, held, taken up again, ended."""

import unittest

from bellhop.features.holding import is_held
from tests.support.exchange import Exchange, telephone
from tests.support.messages import settings

TALK = "v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\n"
TALK += "m=audio 4000 RTP/AVP 0\r\n"
HOLD = TALK + "a=sendonly\r\n"
TYPE = ["Content-Type: application/sdp"]


class StepsTest(unittest.TestCase):
    def setUp(self):
        self.exchange = Exchange(settings("list trusted 10.0.0.0/24\n"))
        self.alice = telephone(self.exchange, "a", "alice", "10.0.0.2")
        self.bob = telephone(self.exchange, "b", "bob", "10.0.0.3")

    def told(self):
        found = [event.fields for event in self.exchange.events if event.kind == "call"]
        del self.exchange.events[:]
        return [(one["state"], one["rings"], one["held"]) for one in found]

    def pass_on(self, sender, data, hearer):
        for send in self.exchange.receive(data, sender.flow):
            if send.flow == hearer.flow:
                hearer.hear(send.data)

    def call(self):
        a, b = self.alice, self.bob
        self.pass_on(a, a.request("INVITE", "sip:bob@home.test", TYPE, TALK), b)
        self.pass_on(b, b.answer(180), a)
        self.pass_on(b, b.answer(183), a)
        self.assertEqual(self.told(), [("ringing", True, False)])
        self.pass_on(b, b.answer(200, None, TYPE, TALK), a)
        self.pass_on(a, a.acknowledge(), b)
        self.assertEqual(self.told(), [("answered", True, False)])

    def renew(self, one, other, body, method="INVITE"):
        self.pass_on(one, one.within(method, TYPE, body), other)
        self.pass_on(
            other, other.answer(200, method, TYPE, body.replace("sendonly", "recvonly")), one
        )
        if method == "INVITE":
            self.pass_on(one, one.acknowledge(), other)

    def test_hold_is_told_once_and_belongs_to_who_holds(self):
        self.call()
        self.renew(self.alice, self.bob, HOLD)
        self.assertEqual(self.told(), [("answered", True, True)])
        self.renew(self.alice, self.bob, HOLD)
        self.renew(self.bob, self.alice, TALK)
        self.assertEqual(self.told(), [])
        self.renew(self.alice, self.bob, TALK)
        self.assertEqual(self.told(), [("answered", True, False)])

    def test_an_update_may_hold_as_well(self):
        self.call()
        self.renew(self.bob, self.alice, HOLD.replace("sendonly", "inactive"), "UPDATE")
        self.assertEqual(self.told(), [("answered", True, True)])

    def test_a_call_that_nobody_heard_ring_is_told_when_it_ends(self):
        a, b = self.alice, self.bob
        self.pass_on(a, a.request("INVITE", "sip:bob@home.test", TYPE, TALK), b)
        self.pass_on(b, b.answer(486), a)
        self.assertEqual(self.told(), [("ended", False, False)])

    def test_the_ways_of_saying_hold(self):
        for line in (b"a=sendonly", b"a=inactive", b"c=IN IP4 0.0.0.0"):
            self.assertTrue(is_held(b"v=0\r\n" + line + b"\r\n"))
            self.assertTrue(is_held(b"v=0\n" + line))
        for line in (b"a=sendrecv", b"a=recvonly", b"a=sendonlyx", b""):
            self.assertFalse(is_held(b"v=0\r\n" + line + b"\r\n"))


if __name__ == "__main__":
    unittest.main()
