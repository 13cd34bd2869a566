"""INVITE server transaction (RFC 3261 section 17.2.1, RFC 6026)."""

import unittest

from bellhop.effects import Flow
from bellhop.transaction import invite_server, layer
from bellhop.transaction.timers import LINGER_STEP
from tests.support.messages import answer, flow
from tests.support.transactions import Clocked


class InviteServerTest(unittest.TestCase):
    def test_100_is_sent_after_200_ms_without_an_answer(self):
        bench = Clocked()
        bench.come("INVITE")
        bench.advance(60000)
        self.assertEqual(bench.sent, [(200, 100)])
        self.assertEqual(len(bench.layer), 1)

    def test_an_answer_within_200_ms_spares_the_100(self):
        bench = Clocked()
        tx = bench.come("INVITE")
        bench.advance(199)
        bench.respond(tx, 180)
        bench.advance(60000)
        self.assertEqual(bench.sent, [(199, 180)])

    def test_a_retransmission_gets_the_last_provisional_response(self):
        bench = Clocked()
        tx = bench.come("INVITE")
        bench.respond(tx, 180)
        bench.respond(tx, 183)
        bench.advance(500)
        self.assertEqual(bench.come("INVITE"), layer.ABSORBED)
        self.assertEqual(bench.sent, [(0, 180), (0, 183), (500, 183)])

    def test_timer_g_repeats_a_refusal_up_to_t2_until_timer_h(self):
        bench = Clocked()
        bench.respond(bench.come("INVITE"), 486)
        bench.advance(40000)
        self.assertEqual(
            bench.times(486), [0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]
        )
        self.assertEqual(len(bench.layer), 0)

    def test_an_ack_ends_the_repetition_and_timer_i_ends_the_rest(self):
        bench = Clocked()
        tx = bench.come("INVITE")
        bench.respond(tx, 486)
        bench.advance(600)
        self.assertEqual(bench.come("ACK"), layer.ABSORBED)
        self.assertEqual(tx.state, invite_server.CONFIRMED)
        self.assertEqual(bench.come("ACK"), layer.ABSORBED)
        self.assertEqual(bench.come("INVITE"), layer.ABSORBED)
        bench.advance(5599)
        self.assertEqual(len(bench.layer), 1)
        bench.advance(5600 + LINGER_STEP)
        self.assertEqual(len(bench.layer), 0)
        self.assertEqual(bench.times(486), [0, 500])

    def test_after_a_2xx_retransmissions_are_absorbed_until_timer_l(self):
        bench = Clocked()
        bench.respond(bench.come("INVITE"), 200)
        bench.advance(500)
        self.assertEqual(bench.come("INVITE"), layer.ABSORBED)
        self.assertEqual(bench.sent, [(0, 200)])
        bench.advance(31999)
        self.assertEqual(len(bench.layer), 1)
        bench.advance(32000)
        self.assertEqual(len(bench.layer), 0)

    def test_every_further_2xx_of_the_user_is_sent(self):
        bench = Clocked()
        tx = bench.come("INVITE")
        asked = tx.request
        bench.respond(tx, 200)
        bench.take(bench.layer.respond(tx, answer(asked, 200, tag="other"), 500))
        self.assertEqual([what for _, what in bench.sent], [200, 200])

    def test_after_a_2xx_no_refusal_is_sent(self):
        bench = Clocked()
        tx = bench.come("INVITE")
        asked = tx.request
        bench.respond(tx, 200)
        bench.take(bench.layer.respond(tx, answer(asked, 486), 0))
        self.assertEqual(bench.sent, [(0, 200)])

    def test_on_a_stream_a_refusal_is_sent_once_and_waits_for_its_ack(self):
        bench = Clocked()
        bench.respond(bench.come("INVITE", transport="tcp"), 486)
        bench.advance(20000)
        self.assertEqual(bench.sent, [(0, 486)])
        bench.come("ACK", transport="tcp")
        self.assertEqual(len(bench.layer), 0)

    def test_on_a_stream_a_missing_ack_is_given_up_after_timer_h(self):
        bench = Clocked()
        bench.respond(bench.come("INVITE", transport="tcp"), 486)
        bench.advance(32000)
        self.assertEqual(len(bench.layer), 0)

    def test_an_answer_whose_stream_is_closed_goes_to_the_address_in_via(self):
        bench = Clocked()
        tx = bench.come("INVITE", transport="tcp")
        tx.user = "user"
        bench.take(bench.layer.flow_failed(flow(transport="tcp", connection=1), 0))
        self.assertEqual(bench.told, [(0, "closed", None)])
        self.assertEqual(tx.flow, flow(transport="tcp"))
        bench.respond(tx, 180)
        self.assertEqual(bench.sent, [(0, 180)])

    def test_a_peer_that_asks_again_on_a_new_stream_is_answered_there(self):
        bench = Clocked()
        tx = bench.come("INVITE", transport="tcp")
        bench.take(bench.layer.flow_failed(flow(transport="tcp", connection=1), 0))
        back = flow(transport="tcp", connection=2)
        bench.layer.request(tx.request, back, 0)
        self.assertEqual(tx.flow, back)

    def test_a_flow_that_cannot_be_opened_again_is_told(self):
        for transport, times in (("tcp", 2), ("ws", 1)):
            bench = Clocked()
            tx = bench.come("INVITE", transport="tcp")
            tx.flow, tx.user = Flow(transport, 1, "10.0.0.2", 5060, 1, ""), "user"
            bench.take(bench.layer.flow_failed(tx.flow, 0))
            if times == 2:
                bench.take(bench.layer.flow_failed(tx.flow, 0))
            self.assertEqual(bench.told[-1], (0, "failed", None))
            self.assertEqual(len(bench.told), times)

    def test_a_broken_flow_after_a_2xx_changes_nothing(self):
        bench = Clocked()
        tx = bench.come("INVITE", transport="tcp")
        bench.respond(tx, 200)
        bench.take(bench.layer.flow_failed(flow(transport="tcp", connection=1), 0))
        self.assertEqual(tx.state, invite_server.ACCEPTED)

    def test_an_ack_before_any_answer_changes_nothing(self):
        bench = Clocked()
        tx = bench.come("INVITE")
        self.assertEqual(bench.come("ACK"), layer.ABSORBED)
        self.assertEqual(tx.state, invite_server.PROCEEDING)
