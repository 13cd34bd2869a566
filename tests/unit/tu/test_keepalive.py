"""OPTIONS pings through NAT."""

import unittest

from bellhop.sip import message
from bellhop.tu import keepalive
from bellhop.tu.keepalive import Keepalive
from tests.support.messages import flow

from .test_location import binding

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
            plan = Keepalive()
            plan.plan(seconds, bindings, 1000)
            self.assertEqual(plan.deadline, deadline)

    def test_a_time_once_set_is_not_put_off(self):
        plan = Keepalive()
        plan.plan(30, [NAT], 1000)
        plan.plan(30, [NAT], 9000)
        self.assertEqual(plan.deadline, 31000)

    def test_a_ping_is_a_whole_request(self):
        via = b"Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1;rport"
        data = keepalive.request(NAT, b"home.test", via, b"0123456789abcdef").write()
        ping = message.parse(data)
        self.assertEqual((ping.method, ping.uri), (b"OPTIONS", b"sip:bob@192.168.1.3"))
        self.assertEqual(ping.from_.uri_bytes, b"sip:home.test")
