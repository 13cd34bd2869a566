"""Forwarding: bounds, hops, and faults in the middle of a call."""

import unittest

from bellhop.core import forwarding
from bellhop.limits import MAX_BRANCHES, MAX_QUERIES
from bellhop.sip import message
from tests.support.exchange import Exchange, telephone
from tests.support.messages import flow, request, settings

TRUSTED = "list trusted 10.0.0.0/24\n"
FAR = flow("203.0.113.7")


def first_lines(exchange):
    """Return the first word or code of all that was sent, and forget it."""
    found = [message.parse(send.data) for _, send in exchange.sent]
    del exchange.sent[:]
    return [one.method if isinstance(one, message.Request) else one.status for one in found]


class QueriesTest(unittest.TestCase):
    def setUp(self):
        self.exchange = Exchange(settings(TRUSTED))

    def ask(self, uri="sip:x@far.test", method="INVITE", **fields):
        """Send a request to another domain; return the question that follows."""
        self.exchange.receive(request(method, uri, **fields), flow())
        return self.exchange.questions[-1]

    def test_a_question_holds_what_the_uri_says(self):
        for number, (uri, expected) in enumerate((
            ("sip:x@far.test", (b"far.test", None, None, False)),
            ("sips:x@far.test:5071", (b"far.test", 5071, None, True)),
            ("sip:x@far.test;transport=TCP", (b"far.test", None, "tcp", False)),
            ("sip:x@far.test;maddr=1.2.3.4", (b"1.2.3.4", None, None, False)),
            ("sip:x@[2001:db8::9]", (b"[2001:db8::9]", None, None, False)),
        )):  # fmt: skip
            asked = self.ask(uri, branch="z9hG4bK-%d" % number, call_id=str(number))
            self.assertEqual((asked.host, asked.port, asked.transport, asked.secure), expected)

    def test_a_route_decides_before_the_request_uri(self):
        self.assertEqual(self.ask(lines=["Route: <sip:edge.test;lr>"]).host, b"edge.test")

    def test_questions_in_the_air_are_bounded(self):
        for number in range(MAX_QUERIES + 1):
            self.ask(method="MESSAGE", branch="z9hG4bK-%d" % number, call_id=str(number))
        self.assertEqual(len(self.exchange.questions), MAX_QUERIES)
        self.assertEqual(len(first_lines(self.exchange)), 1)
        self.assertEqual(self.exchange.engine.lookups.counters["queries_refused"], 1)

    def test_an_answer_that_nobody_waits_for_is_dropped(self):
        question = self.ask()
        self.exchange.resolve([FAR])
        again = self.exchange.engine.resolved(question.query, [FAR], None, self.exchange.now)
        self.assertEqual(again, [])

    def test_a_call_that_was_cancelled_meanwhile_is_not_sent(self):
        self.ask()
        self.exchange.receive(request("CANCEL", "sip:x@far.test"), flow())
        self.exchange.resolve([FAR])
        self.assertEqual(first_lines(self.exchange), [200, 487])

    def test_a_question_that_is_never_answered_ends_with_timer_c(self):
        self.ask()
        self.exchange.advance(180000 + 32000)
        self.assertEqual(first_lines(self.exchange)[:2], [100, 408])

    def test_a_contact_that_cannot_be_read_is_refused_before_any_question(self):
        data = request("INVITE", "sip:x@far.test", ["Contact: <<>"])
        self.assertEqual(self.exchange.answers(data, flow()), [400])
        self.assertEqual(self.exchange.questions, [])

    def test_an_ack_finds_its_way_by_name_too(self):
        self.ask(method="ACK", to="<sip:x@far.test>;tag=1")
        self.exchange.resolve([FAR])
        self.assertEqual(first_lines(self.exchange), [b"ACK"])
        self.ask(method="ACK", to="<sip:x@far.test>;tag=1", branch="z9hG4bK-2")
        self.exchange.resolve([])
        self.assertEqual(first_lines(self.exchange), [])


class HopsTest(unittest.TestCase):
    def setUp(self):
        self.exchange = Exchange(settings(TRUSTED))
        self.exchange.receive(request("INVITE", "sip:x@far.test"), flow())

    def test_a_stream_that_cannot_be_opened_gives_way_to_the_next_hop(self):
        closed = flow("203.0.113.7", transport="tcp")
        self.exchange.resolve([closed, FAR])
        self.exchange.break_flow(closed)
        self.assertEqual([send.flow for _, send in self.exchange.sent], [closed, FAR])

    def test_when_no_hop_is_left_the_caller_is_told(self):
        closed = flow("203.0.113.7", transport="tcp")
        self.exchange.resolve([closed])
        self.exchange.break_flow(closed)
        self.assertEqual(first_lines(self.exchange), [b"INVITE", 480])

    def test_a_cancel_waits_for_the_hop_that_is_tried_now(self):
        self.exchange.resolve([FAR, flow("203.0.113.8")])
        sent = message.parse(self.exchange.sent[-1][1].data)
        self.exchange.receive(message.response_to(sent, 180).write(), FAR)
        self.exchange.receive(message.response_to(sent, 503, to_tag=b"x").write(), FAR)
        del self.exchange.sent[:]
        self.exchange.receive(request("CANCEL", "sip:x@far.test"), flow())
        self.assertEqual(first_lines(self.exchange), [200])

    def test_a_network_that_is_gone_counts_as_no_way(self):
        self.exchange.engine.listen([None] * 4, self.exchange.now)
        self.exchange.resolve([FAR])
        self.assertEqual(self.exchange.node.calls.history[-1].status, 480)


class BoundsTest(unittest.TestCase):
    def test_a_request_has_no_more_branches_than_the_bound(self):
        groups = forwarding._bounded([[1] * 40, [2] * 40, [3]])
        self.assertEqual([len(group) for group in groups], [40, MAX_BRANCHES - 40])

    def test_too_little_breadth_is_refused_before_anything_is_sent(self):
        exchange = Exchange(settings(TRUSTED))
        telephone(exchange, "B", "bob", "10.0.0.3")
        telephone(exchange, "C", "bob", "10.0.0.4")
        self.assertEqual(
            exchange.answers(request("INVITE", lines=["Max-Breadth: 1"]), flow()), [440]
        )
        self.assertEqual(first_lines(exchange), [440])

    def test_breadth_is_shared_among_branches(self):
        exchange = Exchange(settings(TRUSTED))
        telephone(exchange, "B", "bob", "10.0.0.3")
        telephone(exchange, "C", "bob", "10.0.0.4")
        sends = exchange.receive(request("INVITE", lines=["Max-Breadth: 5"]), flow())
        self.assertEqual(
            [message.parse(send.data).value(b"max-breadth") for send in sends], [b"2", b"2"]
        )


class ResponsesTest(unittest.TestCase):
    def setUp(self):
        self.exchange = Exchange(settings(TRUSTED))
        self.bob = telephone(self.exchange, "B", "bob", "10.0.0.3")
        self.exchange.receive(request("INVITE", lines=["Contact: <sip:alice@10.0.0.2>"]), flow())
        self.bob.hear(self.exchange.sent[-1][1].data)
        del self.exchange.sent[:]

    def test_an_answer_with_an_unreadable_contact_goes_on(self):
        data = self.bob.answer(200).replace(b"Contact: <sip", b"Contact: <<sip")
        self.exchange.receive(data, self.bob.flow)
        self.assertEqual(first_lines(self.exchange), [200])

    def test_our_own_via_is_taken_off(self):
        self.exchange.receive(self.bob.answer(180), self.bob.flow)
        passed = message.parse(self.exchange.sent[-1][1].data)
        self.assertEqual(len(passed.items(b"via")), 1)
        self.assertEqual(passed.via.host, b"10.0.0.2")

    def test_a_response_without_content_length_gets_one_for_streams(self):
        data = self.bob.answer(180).replace(b"Content-Length: 0\r\n", b"")
        self.assertFalse(b"Content-Length" in data)
        self.exchange.receive(data, self.bob.flow)
        passed = message.parse(self.exchange.sent[-1][1].data)
        self.assertEqual(passed.value(b"content-length"), b"0")

    def test_vias_joined_in_one_line_are_parted(self):
        data = self.bob.answer(180).replace(b";rport\r\nVia: ", b";rport, ", 1)
        self.exchange.receive(data, self.bob.flow)
        self.assertEqual(message.parse(self.exchange.sent[-1][1].data).via.host, b"10.0.0.2")

    def test_a_response_without_a_via_for_the_caller_is_dropped(self):
        data = self.bob.answer(180)
        lines = data.split(b"\r\n")
        del lines[2]
        self.assertTrue(lines[1].startswith(b"Via:") and not lines[2].startswith(b"Via:"))
        self.assertEqual(self.exchange.receive(b"\r\n".join(lines), self.bob.flow), [])

    def ring_for_a_stream(self):
        """Let a phone on a stream call bob, whose phone rings; return the flow of the caller."""
        caller = flow("10.0.0.9", transport="tcp", connection=9)
        self.exchange.receive(request("INVITE", branch="z9hG4bK-2", call_id="2"), caller)
        self.bob.hear(self.exchange.sent[-1][1].data)
        self.exchange.receive(self.bob.answer(180), self.bob.flow)
        del self.exchange.sent[:]
        return caller

    def test_the_stream_of_the_caller_closes_and_the_answer_takes_a_new_one(self):
        caller = self.ring_for_a_stream()
        self.exchange.break_flow(caller)
        self.assertEqual(self.exchange.sent, [])
        self.exchange.receive(self.bob.answer(200, "INVITE"), self.bob.flow)
        ((_, send),) = self.exchange.sent
        self.assertEqual(send.flow, flow("10.0.0.9", transport="tcp"))
        self.assertEqual(message.parse(send.data).status, 200)

    def test_the_caller_cannot_be_reached_again_and_the_phone_stops_ringing(self):
        caller = self.ring_for_a_stream()
        self.exchange.break_flow(caller)
        self.exchange.break_flow(flow("10.0.0.9", transport="tcp"))
        self.assertEqual(first_lines(self.exchange), [b"CANCEL"])
        self.exchange.receive(self.bob.answer(487, "INVITE"), self.bob.flow)
        self.assertEqual(len(self.exchange.node.calls.live), 1)
