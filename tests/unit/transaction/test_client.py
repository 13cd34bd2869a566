"""Non-INVITE client transaction (RFC 3261 section 17.1.2)."""

import unittest

from bellhop.transaction import client
from bellhop.transaction.timers import LINGER_STEP
from bellhop.transaction.transaction import WHOLE_BYTES
from tests.support.messages import flow, parsed
from tests.support.transactions import Clocked


class ClientTest(unittest.TestCase):
    def test_timer_e_doubles_up_to_t2_and_timer_f_ends_it(self):
        bench = Clocked()
        tx = bench.ask("OPTIONS")
        bench.advance(40000)
        self.assertEqual(
            bench.times("OPTIONS"),
            [0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500],
        )
        self.assertEqual(bench.told, [(32000, "timeout", None)])
        self.assertEqual(tx.state, client.TERMINATED)
        self.assertEqual(len(bench.layer), 0)

    def test_after_a_provisional_response_timer_e_is_t2(self):
        bench = Clocked()
        tx = bench.ask("OPTIONS")
        bench.advance(600)
        bench.reply(tx, 100)
        bench.advance(40000)
        self.assertEqual(
            bench.times("OPTIONS"), [0, 500, 1500, 5500, 9500, 13500, 17500, 21500, 25500, 29500]
        )
        self.assertEqual(bench.told, [(600, "response", 100), (32000, "timeout", None)])

    def test_a_final_response_is_told_once_and_timer_k_ends_it(self):
        bench = Clocked()
        tx = bench.ask("OPTIONS")
        bench.advance(100)
        bench.reply(tx, 200)
        bench.advance(200)
        bench.reply(tx, 200)
        bench.reply(tx, 486)
        self.assertEqual(bench.told, [(100, "response", 200)])
        bench.advance(5099)
        self.assertEqual(tx.state, client.COMPLETED)
        bench.advance(5100 + LINGER_STEP)
        self.assertEqual(len(bench.layer), 0)
        self.assertEqual(bench.times("OPTIONS"), [0])

    def test_a_stream_needs_no_retransmission_and_no_timer_k(self):
        bench = Clocked()
        tx = bench.ask("OPTIONS", transport="tcp")
        bench.advance(31999)
        self.assertEqual(bench.times("OPTIONS"), [0])
        bench.reply(tx, 404)
        self.assertEqual(bench.told, [(31999, "response", 404)])
        self.assertEqual(len(bench.layer), 0)

    def test_on_a_stream_timer_f_runs_too(self):
        bench = Clocked()
        bench.ask("OPTIONS", transport="tcp")
        bench.advance(32000)
        self.assertEqual(bench.told, [(32000, "timeout", None)])

    def test_a_broken_flow_is_told(self):
        bench = Clocked()
        tx = bench.ask("OPTIONS", transport="tcp")
        bench.reply(tx, 100)
        bench.take(bench.layer.flow_failed(flow(transport="tcp", connection=1), 10))
        self.assertEqual(bench.told[1:], [(0, "failed", None)])
        self.assertEqual(len(bench.layer), 0)

    def test_a_retransmission_repeats_the_very_octets(self):
        bench = Clocked()
        bench.ask("OPTIONS")
        bench.advance(500)
        self.assertEqual(bench.octets[0], bench.octets[1])


class LengthTest(unittest.TestCase):
    """A datagram above 1300 octets may travel in fragments (section 18.1.1)."""

    def sent(self, above, transport="udp"):
        """Return a request that is `above` octets over the limit as it left."""
        octets = WHOLE_BYTES + above - len(parsed("MESSAGE").write())
        bench = Clocked()
        bench.ask("MESSAGE", transport=transport, body="x" * octets)
        return bench.octets[0]

    def test_short_names_keep_it_whole(self):
        self.assertIn(b"\r\nf:", self.sent(8))
        self.assertLessEqual(len(self.sent(8)), WHOLE_BYTES)

    def test_long_names_stay_where_short_ones_do_not_help_or_need_not(self):
        for data in (self.sent(-8), self.sent(500), self.sent(8, "tcp")):
            self.assertIn(b"\r\nFrom:", data)
            self.assertIn(b"\r\nCall-ID:", data)
