"""Calls with a provider, out and in: two dialogs that are one."""

import unittest

from bellhop.sip.message import response_to
from tests.support.carrier import house, sdp


class CallsCase(unittest.TestCase):
    def start(self, more=""):
        """Start a house that is registered at a provider."""
        self.exchange, self.carrier, phones = house(more=more)
        self.alice, self.bob = phones["alice"], phones["bob"]

    def take(self, phone):
        """Return what the node has said to a phone, parsed."""
        found, others = [], []
        for pair in self.exchange.sent:
            (found if pair[1].flow == phone.flow else others).append(pair)
        self.exchange.sent[:] = others
        return [phone.hear(send.data) for _, send in found]

    def dial(self, number, lines=(), phone=None):
        """Let alice dial; return the INVITE that the provider gets."""
        phone = phone or self.alice
        lines = ["Content-Type: application/sdp"] + list(lines)
        host = phone.flow.host
        target = "sip:%s@home.test" % number
        self.exchange.receive(phone.request("INVITE", target, lines, sdp(host)), phone.flow)
        return self.carrier.newest(b"INVITE")

    def talk(self):
        """Let alice talk to somebody beyond the provider; return the INVITE."""
        invite = self.dial("030987654")
        self.carrier.accept(invite, ["Content-Type: application/sdp"], sdp("203.0.113.9"))
        self.take(self.alice)
        self.exchange.receive(self.alice.acknowledge(), self.alice.flow)
        return invite


class OutTest(CallsCase):
    def test_a_call_goes_out_rings_talks_and_ends(self):
        self.start()
        invite = self.dial("030987654")
        self.assertEqual(invite.uri, b"sip:+4930987654@tel.test")
        self.assertEqual(invite.from_.uri.write(), b"sip:+49301234567@tel.test")
        self.assertNotIn(b"10.0.0.3", invite.write().replace(b"IN IP4 10.0.0.3", b""))
        self.carrier.accept(invite, status=180)
        said = [one.status for one in self.take(self.alice) if hasattr(one, "status")]
        self.assertEqual(said[-1], 180)
        self.carrier.accept(invite, ["Content-Type: application/sdp"], sdp("203.0.113.9"))
        answer = self.take(self.alice)[-1]
        self.assertEqual(answer.status, 200)
        self.assertIn(b"203.0.113.9", answer.body)
        self.exchange.receive(self.alice.acknowledge(), self.alice.flow)
        ack = self.carrier.newest(b"ACK")
        self.assertEqual(ack.cseq[0], invite.cseq[0])
        self.exchange.receive(self.alice.within("BYE"), self.alice.flow)
        bye = self.carrier.newest(b"BYE")
        self.assertEqual(bye.call_id, invite.call_id)
        self.carrier.accept(bye)
        self.assertEqual(self.take(self.alice)[-1].status, 200)
        trunks = self.exchange.engine.features["trunks"]
        self.assertEqual(trunks.legs.all, [])

    def test_an_answer_without_a_contact_is_acknowledged_and_ends(self):
        for contact in ("", "*", "<sip:"):
            self.start()
            invite = self.dial("030987654")
            data = response_to(invite, 200, None, (), b"p").write()
            lines = b"Contact: " + contact.encode() + b"\r\n" if contact else b""
            self.carrier.say(data.replace(b"Content-Length", lines + b"Content-Length"))
            self.assertEqual(self.take(self.alice)[-1].status, 200)
            self.exchange.receive(self.alice.acknowledge(), self.alice.flow)
            self.assertEqual(self.carrier.newest(b"ACK").uri, invite.uri)
            self.exchange.receive(self.alice.within("BYE"), self.alice.flow)
            self.assertEqual(self.carrier.newest(b"BYE").to.tag, b"p")

    def test_what_came_to_nothing_leaves_nothing(self):
        self.start()
        self.dial("030987654")
        self.exchange.advance(60000)
        self.take(self.alice)
        legs = self.exchange.engine.features["trunks"].legs
        self.assertEqual((legs.all, legs.asks, legs.by_tag), ([], {}, {}))


if __name__ == "__main__":
    unittest.main()
