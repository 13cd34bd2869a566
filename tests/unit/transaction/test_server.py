"""Non-INVITE server transaction (RFC 3261 section 17.2.2, RFC 4320)."""

import unittest

from bellhop.transaction import layer, server
from tests.support.messages import flow
from tests.support.transactions import Clocked


class ServerTest(unittest.TestCase):
    def test_nothing_but_a_100_when_timer_e_would_reach_t2_is_sent_unasked(self):
        bench = Clocked()
        bench.come("OPTIONS")
        bench.advance(31999)
        self.assertEqual(bench.sent, [(3500, 100)])

    def test_a_user_that_never_answers_leaves_silence_after_timer_f(self):
        bench = Clocked()
        bench.come("OPTIONS")
        bench.advance(32000)
        self.assertEqual(len(bench.layer), 0)

    def test_a_provisional_response_of_the_user_is_not_sent(self):
        bench = Clocked()
        tx = bench.come("OPTIONS")
        bench.respond(tx, 183)
        self.assertEqual(bench.sent, [])
        self.assertEqual(tx.state, server.TRYING)

    def test_a_final_response_is_repeated_on_each_retransmission_until_timer_j(self):
        bench = Clocked()
        tx = bench.come("OPTIONS")
        bench.respond(tx, 200)
        bench.advance(500)
        self.assertEqual(bench.come("OPTIONS"), layer.ABSORBED)
        bench.advance(31999)
        self.assertEqual(bench.come("OPTIONS"), layer.ABSORBED)
        self.assertEqual(bench.sent, [(0, 200), (500, 200), (31999, 200)])
        self.assertEqual(bench.layer.counters["retransmissions"], 2)
        bench.advance(32000)
        self.assertEqual(len(bench.layer), 0)

    def test_a_retransmission_before_any_answer_is_absorbed(self):
        bench = Clocked()
        bench.come("OPTIONS")
        self.assertEqual(bench.come("OPTIONS"), layer.ABSORBED)
        self.assertEqual(bench.sent, [])

    def test_a_retransmission_after_the_100_gets_the_100_again(self):
        bench = Clocked()
        bench.come("OPTIONS")
        bench.advance(4000)
        bench.come("OPTIONS")
        self.assertEqual(bench.sent, [(3500, 100), (4000, 100)])

    def test_a_second_final_response_is_discarded(self):
        bench = Clocked()
        tx = bench.come("OPTIONS")
        bench.respond(tx, 404)
        bench.respond(tx, 200)
        self.assertEqual(bench.sent, [(0, 404)])

    def test_on_a_stream_nothing_lingers(self):
        bench = Clocked()
        bench.respond(bench.come("OPTIONS", transport="tcp"), 200)
        self.assertEqual(len(bench.layer), 0)

    def test_a_broken_flow_is_told(self):
        bench = Clocked()
        bench.come("OPTIONS", transport="tcp")
        bench.take(bench.layer.flow_failed(flow(transport="tcp", connection=1), 0))
        bench.take(bench.layer.flow_failed(flow(transport="tcp"), 0))
        self.assertEqual(bench.told, [(0, "closed", None), (0, "failed", None)])
