"""OPTIONS pings through NAT."""

import unittest

from bellhop.features import keepalive
from bellhop.features.keepalive import Plan
from bellhop.sip import message
from bellhop.tu import registrar
from tests.support.exchange import Exchange
from tests.support.messages import flow, request, settings

from ..tu.test_location import binding

# Seconds of registrations: least, most, where the phone names none.
LIMITS = (60, 7200, 3600)
NAT = binding(b"sip:bob@192.168.1.3")


class KeepaliveTest(unittest.TestCase):
    def test_only_datagram_phones_behind_nat_need_pings(self):
        self.assertTrue(keepalive.needs_ping(NAT))
        for other in (
            binding(),
            binding(b"sip:bob@192.168.1.3", flow=flow("10.0.0.3", transport="tcp", connection=1)),
            binding(b"sip:bob@192.168.1.3", path=[b"<sip:p;lr>"]),
        ):
            self.assertFalse(keepalive.needs_ping(other))

    def test_a_plan_is_brought_forward_and_never_put_off(self):
        plan = Plan()
        for at, deadline in ((31000, 31000), (39000, 31000), (9000, 9000)):
            plan.bring_forward(at)
            self.assertEqual(plan.deadline, deadline)

    def test_a_ping_is_a_whole_request(self):
        ping = keepalive.request(NAT, b"home.test", b"01234567")
        ping.insert(b"via", b"Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1;rport")
        ping = message.parse(ping.write())
        self.assertEqual((ping.method, ping.uri), (b"OPTIONS", b"sip:bob@192.168.1.3"))
        self.assertEqual(ping.from_.uri_bytes, b"sip:home.test")


class LifeTest(unittest.TestCase):
    """How long the NAT of a phone is trusted to remember it."""

    def setUp(self):
        self.exchange = Exchange(settings("list trusted 10.0.0.0/8\noption keepalive_seconds 25\n"))

    def register(self, port, call_id="c1", contact="192.168.1.9"):
        """Register bob from behind a NAT that has given him this port."""
        data = request(
            "REGISTER", "sip:home.test", sender="<sip:bob@home.test>;tag=1", call_id=call_id,
            to="<sip:bob@home.test>", branch="z9hG4bK%d" % port, via="192.168.1.9:5060",
            lines=["Contact: <sip:bob@%s:5060>" % contact], cseq=port,
        )  # fmt: skip
        engine, now = self.exchange.engine, self.exchange.now
        asked, where = message.parse(data), flow("10.0.0.3", port)
        changed = registrar.register(asked, where, "bob", engine.node.location, LIMITS, now)
        self.exchange.take(engine.registrations.changed(*changed, now))

    def pings(self, milliseconds):
        """Return how often the phone is pinged meanwhile; it answers."""
        count = 0
        for _ in range(milliseconds // 500):
            del self.exchange.sent[:]
            self.exchange.advance(500)
            for _, sent in self.exchange.sent[:]:
                if sent.data[:7] == b"OPTIONS":
                    count += 1
                    asked = message.parse(sent.data)
                    self.exchange.receive(message.response_to(asked, 200).write(), sent.flow)
        return count

    def counters(self):
        """Return what the status counts."""
        return self.exchange.engine.status(self.exchange.now)["counters"]["keepalive"]

    def test_it_begins_with_the_owner_s_seconds(self):
        self.register(40001)
        self.assertEqual(self.pings(101000), 4)

    def test_who_comes_from_another_port_is_pinged_more_often(self):
        self.register(40001)
        self.pings(50000)
        self.register(40002)
        self.assertEqual(self.counters(), {"mappings_lost": 1, "shortened": 1})
        self.assertEqual(self.pings(97000), 6)

    def test_it_is_never_shorter_than_any_nat(self):
        for port in range(40001, 40011):
            self.register(port)
        self.assertEqual(self.pings(81000), 10)

    def test_a_phone_that_was_started_anew_shows_nothing(self):
        self.register(40001)
        self.register(40002, call_id="c2")
        self.assertEqual(self.counters()["mappings_lost"], 0)

    def test_two_phones_have_times_of_their_own(self):
        self.register(40001)
        self.register(50001, call_id="d1", contact="192.168.1.10")
        self.register(40002)
        self.assertEqual(self.pings(81000), 5 + 3)
