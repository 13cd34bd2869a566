"""The engine: who is let in, how often, and what a full table says."""

import unittest

from bellhop.sip import message
from bellhop.tu import proxy
from tests.support.exchange import Exchange, Phone, register, telephone
from tests.support.messages import flow, request, settings

STRANGER = flow("203.0.113.7")
TRUSTED = "list trusted 10.0.0.0/24\n"


class RatesTest(unittest.TestCase):
    def knock(self, exchange, count, method="OPTIONS", uri="sip:home.test", source=STRANGER):
        """Return how many of `count` requests get an answer."""
        answered = 0
        for _ in range(count):
            self.number = getattr(self, "number", 0) + 1
            data = request(method, uri, branch="z9hG4bK-%d" % self.number, call_id=str(self.number))
            answered += len([status for status in exchange.answers(data, source) if status != 503])
        return answered

    def test_a_stranger_is_bounded_and_others_are_not_touched(self):
        exchange = Exchange(settings("option stranger_requests_per_minute 5\n"))
        self.assertEqual(self.knock(exchange, 8), 5)
        self.assertEqual(self.knock(exchange, 8, source=flow("203.0.113.8")), 5)
        exchange.advance(60000)
        self.assertEqual(self.knock(exchange, 8), 5)

    def test_a_trusted_address_and_no_bound_are_not_limited(self):
        exchange = Exchange(
            settings("option stranger_requests_per_minute 1\nlist trusted 203.0.113.0/24\n")
        )
        self.assertEqual(self.knock(exchange, 8), 8)
        exchange = Exchange(settings("option stranger_requests_per_minute 0\n"))
        self.assertEqual(self.knock(exchange, 8), 8)

    def test_challenges_are_bounded(self):
        exchange = Exchange(settings("option stranger_requests_per_minute 5\n"))
        self.assertEqual(self.knock(exchange, 8, "REGISTER"), 5)

    def test_a_phone_logs_in_under_its_name_in_any_case_and_with_the_domain(self):
        for user in ("alice", "Alice", "ALICE"):
            exchange = Exchange()
            register(exchange, Phone("A", user, flow()))
            self.assertEqual(len(exchange.node.location.bindings("alice", exchange.now)), 1)

    def test_a_storm_of_subscriptions_does_not_lock_the_phone_out(self):
        exchange = Exchange(settings("option stranger_requests_per_minute 5\n"))
        phone = Phone("B", "bob", flow("10.0.0.3"))
        self.knock(exchange, 50, "SUBSCRIBE", "sip:bob@home.test", phone.flow)
        register(exchange, phone)

    def test_nothing_of_a_flood_stays(self):
        exchange = Exchange(settings("option stranger_requests_per_minute 5\n"))
        for method in ("INVITE", "OPTIONS", "SUBSCRIBE", "REGISTER", "MESSAGE"):
            for uri in (
                "sip:home.test",
                "sip:bob@home.test",
                "sip:x@far.test",
                "sip:nobody@home.test",
            ):
                self.knock(exchange, 10, method, uri)
        exchange.advance(40000)
        self.assertEqual(len(exchange.node.layer), 0)


class FullTableTest(unittest.TestCase):
    def test_a_full_table_is_answered_with_503_and_retry_after_without_state(self):
        exchange = Exchange(settings(TRUSTED + "option max_transactions 64\n"))
        telephone(exchange, "B", "bob", "10.0.0.3")
        for number in range(64):
            exchange.receive(request("INFO", branch="z9hG4bK-%d" % number), flow())
        (send,) = exchange.receive(request("INFO", branch="z9hG4bK-x"), flow())
        busy = message.parse(send.data)
        self.assertEqual((busy.status, busy.value(b"retry-after")), (503, b"5"))
        self.assertLessEqual(len(exchange.node.layer), 65)
        exchange.advance(40000)
        self.assertEqual(len(exchange.node.layer), 0)

    def test_an_emergency_call_finds_room_in_a_full_table(self):
        exchange = Exchange(
            settings(TRUSTED + "option max_transactions 64\noption responders bob\n")
        )
        telephone(exchange, "B", "bob", "10.0.0.3")
        for number in range(64):
            exchange.receive(request("INFO", branch="z9hG4bK-%d" % number), flow())
        sends = exchange.receive(request("INVITE", "urn:service:sos", branch="z9hG4bK-x"), flow())
        self.assertEqual([message.parse(send.data).method for send in sends], [b"INVITE"])


class AdmissionTest(unittest.TestCase):
    def test_an_open_relay_is_refused_in_every_disguise(self):
        exchange = Exchange()
        telephone(exchange, "B", "bob", "10.0.0.3")
        for number, (uri, lines) in enumerate((
            ("sip:x@far.test", []),
            ("sip:x@far.test", ["Route: <sip:10.0.0.1;lr>"]),
            ("sip:bob@home.test", ["Route: <sip:far.test;lr>"]),
            ("sip:bob@home.test", ["Route: <sip:10.0.0.1;lr>, <sip:far.test;lr>"]),
            ("sip:tok@10.0.0.1;lr", ["Route: <sip:x@far.test>"]),
            ("sip:x@10.0.0.99:5060", []),
        )):  # fmt: skip
            for method in ("INVITE", "MESSAGE", "BYE", "NEWMETHOD"):
                data = request(
                    method, uri, lines=lines, sender="<sip:sam@far.test>;tag=1",
                    branch="z9hG4bK-%d%s" % (number, method), call_id="%d%s" % (number, method),
                )  # fmt: skip
                self.assertEqual(exchange.answers(data, STRANGER), [403], (uri, lines, method))
        self.assertEqual(exchange.questions, [])

    def bye(self, exchange, source, call_id):
        """Return the answers to a BYE to far away with the token of the call `call-1`."""
        token = proxy.dialog_token(exchange.node.proof, b"call-1").decode()
        data = request(
            "BYE",
            "sip:x@far.test",
            ["Route: <sip:%s@10.0.0.1;lr>" % token],
            call_id=call_id,
            to="<sip:x@far.test>;tag=2",
            sender="<sip:sam@far.test>;tag=1",
            branch="z9hG4bK-" + call_id + source.host,
        )
        return exchange.answers(data, source)

    def test_a_token_opens_only_the_call_that_it_was_made_for(self):
        exchange = Exchange()
        bob = telephone(exchange, "B", "bob", "10.0.0.3")
        self.assertEqual(self.bye(exchange, bob.flow, "call-2"), [403])
        self.assertEqual(self.bye(exchange, bob.flow, "call-1"), [])

    def test_a_token_brings_no_stranger_to_a_stranger(self):
        self.assertEqual(self.bye(Exchange(), STRANGER, "call-1"), [403])

    def test_a_local_name_in_from_must_be_proven_even_to_ring_a_local_user(self):
        exchange = Exchange()
        telephone(exchange, "B", "bob", "10.0.0.3")
        for sender in ("<sip:alice@home.test>", "<sip:201@home.test>", "<sip:%61lice@10.0.0.1>",
                       "<sip:nobody@home.test>", "<sip:home.test>"):  # fmt: skip
            data = request(
                "INVITE", sender=sender + ";tag=1", branch="z9hG4bK" + sender[5:8], call_id=sender
            )
            self.assertEqual(exchange.answers(data, STRANGER), [407], sender)

    def test_a_user_may_not_speak_as_another(self):
        exchange = Exchange()
        telephone(exchange, "B", "bob", "10.0.0.3")
        alice = Phone("A", "alice", flow())
        exchange.receive(alice.request("MESSAGE", "sip:bob@home.test"), alice.flow)
        alice.hear(exchange.sent[-1][1].data)
        forged = alice.sent["MESSAGE"]
        forged.set(b"from", b"From: <sip:carol@home.test>;tag=1")
        self.assertEqual(exchange.answers(alice.proven("MESSAGE"), alice.flow), [403])

    def test_a_user_may_not_register_another(self):
        exchange = Exchange()
        alice = Phone("A", "alice", flow())
        for to, status in (
            ("sip:bob@home.test", 403),
            ("sip:nobody@home.test", 404),
            ("sip:alice@far.test", 404),
        ):
            data = alice.request("REGISTER", "sip:home.test")
            alice.hear(exchange.receive(data, alice.flow)[0].data)
            alice.sent["REGISTER"].set(b"to", b"To: <" + to.encode() + b">")
            self.assertEqual(exchange.answers(alice.proven("REGISTER"), alice.flow), [status], to)
        self.assertEqual(exchange.node.location.size, 0)

    def test_a_stream_speaks_only_for_the_user_that_registered_over_it(self):
        exchange = Exchange()
        bob = telephone(exchange, "B", "bob", "10.0.0.3", "tcp")
        telephone(exchange, "A", "alice", "10.0.0.2")
        self.assertEqual(
            exchange.answers(bob.request("MESSAGE", "sip:alice@home.test"), bob.flow), []
        )
        other = flow("10.0.0.3", transport="tcp", connection=99)
        self.assertEqual(
            exchange.answers(bob.request("MESSAGE", "sip:alice@home.test"), other), [407]
        )
        bob.user = "carol"
        self.assertEqual(
            exchange.answers(bob.request("MESSAGE", "sip:alice@home.test"), bob.flow), [407]
        )

    def test_trusted_networks_need_no_password_whatever_their_length(self):
        for network, host, trusted in (
            ("10.0.0.2", "10.0.0.2", True), ("10.0.0.2", "10.0.0.3", False),
            ("10.0.0.0/8", "10.9.9.9", True),
            ("10.0.0.0/9", "10.128.0.1", False), ("10.0.0.0/31", "10.0.0.1", True),
            ("0.0.0.0/0", "8.8.8.8", True),
            ("2001:db8::/33", "2001:db8:7fff::1", True),
            ("2001:db8::/33", "2001:db8:8000::1", False),
            ("0.0.0.0/0", "2001:db8::1", False),
        ):  # fmt: skip
            exchange = Exchange(settings("list trusted %s\n" % network))
            answers = exchange.answers(request("INVITE"), flow(host))
            self.assertEqual(answers, [480] if trusted else [407], (network, host))
