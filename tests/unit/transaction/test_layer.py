"""Matching (RFC 3261 sections 17.1.3 and 17.2.3), the bounded table, and what comes too late."""

import unittest

from bellhop.transaction import layer
from tests.support.messages import answer, flow, parsed
from tests.support.transactions import Clocked

OLD = {"branch": "1", "via": "10.0.0.2"}


class MatchingTest(unittest.TestCase):
    def setUp(self):
        self.bench = Clocked()

    def test_branch_sent_by_and_method_make_a_transaction(self):
        self.bench.come("OPTIONS")
        self.assertEqual(self.bench.come("OPTIONS"), layer.ABSORBED)
        for fields in ({"branch": "z9hG4bK-2"}, {"via": "10.0.0.2:5062"}, {"via": "10.0.0.9"}):
            self.assertNotEqual(self.bench.come("OPTIONS", **fields), layer.ABSORBED)
        self.assertNotEqual(self.bench.come("INFO"), layer.ABSORBED)
        self.assertEqual(len(self.bench.layer), 5)

    def test_sent_by_is_compared_without_regard_to_case(self):
        self.bench.come("OPTIONS", via="Phone.test")
        self.assertEqual(self.bench.come("OPTIONS", via="phone.TEST"), layer.ABSORBED)

    def test_other_fields_do_not_matter_with_the_cookie(self):
        self.bench.come("OPTIONS")
        self.assertEqual(self.bench.come("OPTIONS", uri="sip:x@y", call_id="other"), layer.ABSORBED)

    def test_an_ack_finds_its_invite(self):
        tx = self.bench.come("INVITE")
        self.bench.respond(tx, 486)
        self.assertEqual(self.bench.come("ACK"), layer.ABSORBED)

    def test_an_ack_for_a_2xx_finds_none(self):
        tx = self.bench.come("INVITE")
        self.bench.respond(tx, 200)
        self.assertEqual(self.bench.come("ACK", branch="z9hG4bK-new"), layer.ACK)

    def test_a_cancel_finds_the_invite_that_it_cancels(self):
        tx = self.bench.come("INVITE")
        what, found, _ = self.bench.layer.request(parsed("CANCEL"), flow(), 0)
        self.assertEqual(what, layer.CANCEL)
        self.assertIs(found, tx)

    def test_a_cancel_without_its_invite_finds_none(self):
        self.bench.come("OPTIONS")
        what, found, _ = self.bench.layer.request(parsed("CANCEL"), flow(), 0)
        self.assertEqual((what, found), (layer.CANCEL, None))

    def test_a_response_is_matched_by_branch_and_method_of_cseq(self):
        self.bench.ask("INVITE")
        for asked in (parsed("INVITE", branch="z9hG4bK-2"), parsed("CANCEL")):
            self.bench.take(self.bench.layer.response(answer(asked, 200), 0))
        self.assertEqual(self.bench.told, [])
        self.assertEqual(self.bench.layer.counters["stray_responses"], 2)


class Rfc2543Test(unittest.TestCase):
    """Peers without the magic cookie are matched by five fields (section 17.2.3)."""

    def setUp(self):
        self.bench = Clocked()
        self.tx = self.bench.come("INVITE", **OLD)

    def test_the_same_request_is_a_retransmission(self):
        self.assertEqual(self.bench.come("INVITE", **OLD), layer.ABSORBED)

    def test_another_uri_tag_call_id_cseq_or_via_is_another_request(self):
        for name, value in (
            ("uri", "sip:carol@home.test"), ("sender", "<sip:alice@home.test>;tag=other"),
            ("call_id", "other"), ("cseq", 2), ("via", "10.0.0.7"), ("branch", "2"),
        ):  # fmt: skip
            fields = {"branch": "1", "via": "10.0.0.2"}
            fields[name] = value
            self.assertNotEqual(self.bench.come("INVITE", **fields), layer.ABSORBED, name)

    def test_an_ack_with_the_tag_of_our_answer_is_matched(self):
        self.bench.respond(self.tx, 486)
        what = self.bench.come("ACK", to="<sip:bob@home.test>;tag=b1", **OLD)
        self.assertEqual(what, layer.ABSORBED)
        self.assertEqual(self.tx.state, "confirmed")

    def test_a_cancel_is_matched(self):
        what, found, _ = self.bench.layer.request(parsed("CANCEL", **OLD), flow(), 0)
        self.assertIs(found, self.tx)

    def test_a_request_whose_from_cannot_be_read_is_the_parsers_business(self):
        self.assertEqual(
            self.bench.come("INVITE", sender="<sip:alice@home.test>", **OLD).state, "proceeding"
        )


class BoundTest(unittest.TestCase):
    def test_a_full_table_of_busy_transactions_refuses(self):
        bench = Clocked(2)
        bench.come("OPTIONS", branch="z9hG4bK-1")
        bench.come("INVITE", branch="z9hG4bK-2")
        self.assertEqual(bench.come("OPTIONS", branch="z9hG4bK-3"), layer.FULL)
        self.assertEqual(len(bench.layer), 2)
        self.assertEqual(bench.layer.counters["refused_full"], 1)

    def test_retransmissions_and_acks_are_served_by_a_full_table(self):
        bench = Clocked(1)
        bench.respond(bench.come("INVITE"), 486)
        self.assertEqual(bench.come("INVITE"), layer.ABSORBED)
        self.assertEqual(bench.come("ACK"), layer.ABSORBED)
        self.assertEqual(bench.come("ACK", branch="z9hG4bK-2"), layer.ACK)

    def test_the_one_that_has_lingered_longest_makes_room(self):
        bench = Clocked(3)
        bench.come("OPTIONS", branch="z9hG4bK-busy")
        bench.respond(bench.come("OPTIONS", branch="z9hG4bK-1"), 200)
        bench.advance(10)
        bench.respond(bench.come("OPTIONS", branch="z9hG4bK-2"), 200)
        bench.come("OPTIONS", branch="z9hG4bK-3")
        self.assertEqual(bench.come("OPTIONS", branch="z9hG4bK-2"), layer.ABSORBED)
        self.assertEqual(bench.come("OPTIONS", branch="z9hG4bK-busy"), layer.ABSORBED)
        self.assertEqual((len(bench.layer), bench.layer.counters["evicted"]), (3, 1))

    def test_what_ended_by_its_timer_is_not_evicted_again(self):
        bench = Clocked(2)
        bench.respond(bench.come("OPTIONS", branch="z9hG4bK-1"), 200)
        bench.advance(32000)
        for number in (2, 3):
            bench.come("OPTIONS", branch="z9hG4bK-%d" % number)
        self.assertEqual(bench.layer.counters["evicted"], 0)
        self.assertEqual(bench.come("OPTIONS", branch="z9hG4bK-4"), layer.FULL)

    def test_the_record_of_what_lingers_stays_within_the_table(self):
        bench = Clocked(10)
        for number in range(200):
            tx = bench.come("OPTIONS", branch="z9hG4bK-%d" % number)
            bench.respond(tx, 200)
            if number % 3 == 0:
                bench.advance(bench.now + 33000)
            self.assertLessEqual(len(bench.layer), 10)
            self.assertLessEqual(len(bench.layer.lingering), 10)

    def test_every_lingering_transaction_can_be_evicted_when_the_table_is_full(self):
        bench = Clocked(4)
        for number in range(4):
            bench.respond(bench.come("OPTIONS", branch="z9hG4bK-%d" % number), 200)
        for number in range(4, 8):
            self.assertNotEqual(bench.come("OPTIONS", branch="z9hG4bK-%d" % number), layer.FULL)

    def test_nothing_of_an_evicted_transaction_is_woken(self):
        bench = Clocked(1)
        bench.respond(bench.come("OPTIONS", branch="z9hG4bK-1"), 200)
        bench.come("OPTIONS", branch="z9hG4bK-2")
        bench.advance(3000)
        self.assertEqual(bench.sent, [(0, 200)])

    def test_a_table_made_smaller_keeps_its_order(self):
        bench = Clocked(10)
        for number in range(8):
            bench.respond(bench.come("OPTIONS", branch="z9hG4bK-%d" % number), 200)
        bench.layer.most = 4
        bench.come("OPTIONS", branch="z9hG4bK-9")
        self.assertEqual(len(bench.layer), 4)
        self.assertEqual(bench.come("OPTIONS", branch="z9hG4bK-7"), layer.ABSORBED)

    def test_a_table_made_larger_still_makes_room(self):
        bench = Clocked(2)
        bench.layer.most = 4
        for number in range(5):
            bench.respond(bench.come("OPTIONS", branch="z9hG4bK-%d" % number), 200)
        self.assertEqual((len(bench.layer), bench.layer.counters["evicted"]), (4, 1))


class FlowTest(unittest.TestCase):
    def test_streams_are_the_same_by_their_connection(self):
        one = flow(transport="tcp", connection=7)
        self.assertTrue(layer.is_same_flow(one, flow("10.9.9.9", 1, "tcp", 7)))
        self.assertFalse(layer.is_same_flow(one, flow(transport="tcp", connection=8)))
        self.assertFalse(layer.is_same_flow(one, flow(transport="tcp")))

    def test_datagrams_are_the_same_by_their_peer(self):
        self.assertTrue(layer.is_same_flow(flow(), flow(name="example.com")))
        self.assertFalse(layer.is_same_flow(flow(), flow(port=5062)))
        self.assertFalse(layer.is_same_flow(flow(), flow(transport="tcp")))

    def test_only_the_transactions_of_a_broken_stream_end(self):
        bench = Clocked()
        bench.ask("OPTIONS", branch="z9hG4bK-1")
        bench.ask("OPTIONS", transport="tcp", branch="z9hG4bK-2")
        bench.take(bench.layer.flow_failed(flow(transport="tcp", connection=1), 0))
        self.assertEqual((len(bench.layer), len(bench.told)), (1, 1))
