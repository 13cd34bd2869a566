"""INVITE client transaction (RFC 3261 section 17.1.1, RFC 6026)."""

import unittest

from bellhop.sip import message
from bellhop.transaction import invite_client
from bellhop.transaction.invite_client import acknowledgement, cancellation
from tests.support.messages import answer, flow, parsed
from tests.support.transactions import Clocked


class InviteClientTest(unittest.TestCase):
    def test_timer_a_doubles_without_bound_and_timer_b_ends_it(self):
        bench = Clocked()
        bench.ask("INVITE")
        bench.advance(40000)
        self.assertEqual(bench.times("INVITE"), [0, 500, 1500, 3500, 7500, 15500, 31500])
        self.assertEqual(bench.told, [(32000, "timeout", None)])
        self.assertEqual(len(bench.layer), 0)

    def test_after_a_provisional_response_nothing_is_repeated_and_no_timer_runs(self):
        bench = Clocked()
        tx = bench.ask("INVITE")
        bench.advance(100)
        bench.reply(tx, 100)
        bench.advance(110)
        bench.reply(tx, 180)
        bench.advance(200000)
        self.assertEqual(bench.times("INVITE"), [0])
        self.assertEqual(bench.told, [(100, "response", 100), (110, "response", 180)])
        self.assertEqual(tx.state, invite_client.PROCEEDING)

    def test_a_refusal_is_acknowledged_each_time_and_told_once(self):
        bench = Clocked()
        tx = bench.ask("INVITE")
        bench.reply(tx, 486)
        bench.advance(500)
        bench.reply(tx, 486)
        self.assertEqual(bench.times("ACK"), [0, 500])
        self.assertEqual(bench.told, [(0, "response", 486)])
        bench.advance(31999)
        self.assertEqual(tx.state, invite_client.COMPLETED)
        bench.advance(32000)
        self.assertEqual(len(bench.layer), 0)

    def test_every_2xx_is_told_until_timer_m_and_none_is_acknowledged(self):
        bench = Clocked()
        tx = bench.ask("INVITE")
        bench.reply(tx, 200)
        bench.advance(500)
        bench.reply(tx, 200)
        self.assertEqual(bench.told, [(0, "response", 200), (500, "response", 200)])
        self.assertEqual(bench.times("ACK"), [])
        bench.reply(tx, 180)
        bench.reply(tx, 486)
        self.assertEqual(len(bench.told), 2)
        bench.advance(32000)
        self.assertEqual(len(bench.layer), 0)

    def test_a_2xx_after_a_refusal_is_not_told(self):
        bench = Clocked()
        tx = bench.ask("INVITE")
        bench.reply(tx, 486)
        bench.reply(tx, 200)
        self.assertEqual(bench.told, [(0, "response", 486)])

    def test_on_a_stream_nothing_is_repeated_and_nothing_lingers_after_a_refusal(self):
        bench = Clocked()
        tx = bench.ask("INVITE", transport="tls")
        bench.advance(20000)
        self.assertEqual(bench.times("INVITE"), [0])
        bench.reply(tx, 603)
        self.assertEqual(bench.times("ACK"), [20000])
        self.assertEqual(len(bench.layer), 0)

    def test_a_broken_flow_is_told_before_any_response(self):
        bench = Clocked()
        bench.ask("INVITE", transport="tcp")
        bench.take(bench.layer.flow_failed(flow(transport="tcp", connection=1), 0))
        self.assertEqual(bench.told, [(0, "failed", None)])

    def test_a_broken_flow_while_it_rings_is_left_to_timer_c(self):
        bench = Clocked()
        tx = bench.ask("INVITE", transport="tcp")
        bench.reply(tx, 180)
        bench.take(bench.layer.flow_failed(flow(transport="tcp", connection=1), 0))
        self.assertEqual(tx.state, invite_client.PROCEEDING)


class DerivedRequestsTest(unittest.TestCase):
    def setUp(self):
        lines = [
            "Route: <sip:a;lr>",
            "Via: SIP/2.0/UDP b;branch=z9hG4bK2",
            "Subject: x",
            "Route: <sip:b;lr>",
        ]
        self.invite = parsed("INVITE", lines=lines, cseq=7, body="v=0")

    def test_an_ack_has_the_fields_of_section_17_1_1_3(self):
        response = answer(self.invite, 486, tag="their-tag")
        ack = message.parse(acknowledgement(self.invite, response).write())
        self.assertEqual((ack.method, ack.uri, ack.cseq), (b"ACK", self.invite.uri, (7, b"ACK")))
        self.assertEqual(ack.values(b"via"), self.invite.values(b"via")[:1])
        self.assertEqual(ack.to.param(b"tag"), b"their-tag")
        self.assertEqual(
            (ack.call_id, ack.value(b"from")), (self.invite.call_id, self.invite.value(b"from"))
        )
        self.assertEqual(ack.items(b"route"), [b"<sip:a;lr>", b"<sip:b;lr>"])
        self.assertEqual((ack.value(b"subject"), ack.body), (None, b""))

    def test_a_cancel_has_the_fields_of_section_9_1(self):
        cancel = message.parse(cancellation(self.invite, b"Reason: SIP;cause=200").write())
        self.assertEqual((cancel.method, cancel.cseq), (b"CANCEL", (7, b"CANCEL")))
        self.assertEqual(cancel.values(b"via"), self.invite.values(b"via")[:1])
        self.assertEqual(cancel.value(b"to"), self.invite.value(b"to"))
        self.assertEqual(cancel.items(b"route"), [b"<sip:a;lr>", b"<sip:b;lr>"])
        self.assertEqual(cancel.value(b"reason"), b"SIP;cause=200")
