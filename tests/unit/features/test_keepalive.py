"""OPTIONS pings through NAT."""

import unittest

from bellhop.features import keepalive
from bellhop.features.keepalive import Plan
from bellhop.sip import message
from tests.support.messages import flow

from ..tu.test_location import binding

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

    def test_the_plan_has_a_time_only_where_some_phone_needs_it(self):
        for seconds, bindings, deadline in (
            (30, [NAT], 31000), (30, [binding()], None), (0, [NAT], None), (30, [], None),
        ):  # fmt: skip
            plan = Plan()
            plan.begin(seconds, bindings, 1000)
            self.assertEqual(plan.deadline, deadline)

    def test_a_time_once_set_is_not_put_off(self):
        plan = Plan()
        plan.begin(30, [NAT], 1000)
        plan.begin(30, [NAT], 9000)
        self.assertEqual(plan.deadline, 31000)

    def test_a_ping_is_a_whole_request(self):
        ping = keepalive.request(NAT, b"home.test", b"01234567")
        ping.insert(b"via", b"Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1;rport")
        ping = message.parse(ping.write())
        self.assertEqual((ping.method, ping.uri), (b"OPTIONS", b"sip:bob@192.168.1.3"))
        self.assertEqual(ping.from_.uri_bytes, b"sip:home.test")
