"""A lite node refuses calls of which it is certain that no sound would pass from phone to phone."""

import unittest

from bellhop.effects import CELLS, Flow
from bellhop.features import catalogue
from bellhop.features.unrelayed import NEEDS_FULL_NODE, NO_PATH
from bellhop.sip import message
from tests.support.exchange import Exchange, Phone, register
from tests.support.messages import flow, settings

TRUSTED = "".join(["list trusted %s\n" % net for net in ("10.0.0.0/8", "203.0.113.0/24")])
NODE = TRUSTED + "list trusted 192.168.0.0/16\n"
SOUND = "v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
TYPE = ["Content-Type: application/sdp"]
LAN, WAN = "192.168.1.1", "203.0.113.1"
FAR = flow("203.0.113.200")


class NoPathTest(unittest.TestCase):
    def setUp(self):
        # Where the kernel sends packets for a network: a LAN here, one beyond a mesh, the rest out.
        self.sources = {"192.168.1.": LAN, "10.": "10.1.1.1"}
        self.otherwise = WAN
        self.exchange = Exchange(settings(NODE))
        catalogue.join_unrelayed(self.exchange.engine, self.source_towards)
        self.exchange.node.hooks.callee += (self.callee,)

    def source_towards(self, host):
        found = [self.sources[net] for net in self.sources if host.startswith(net)]
        return found[0] if found else self.otherwise

    def callee(self, target):
        return ("gran@far.test", b"id") if target.host == b"far.test" else None

    def phone(self, name, user, host, seen=None):
        """Return a registered Phone at `host`, whose packets come from `seen`."""
        phone = Phone(name, user, flow(host))
        phone.flow = flow(seen or host)
        register(self.exchange, phone)
        return phone

    def call(self, caller, host, target="sip:bob@home.test", more="", where=FAR):
        """Return the status and reason that a call from `caller` gets, None where it goes on."""
        body = SOUND % (host, host) + more
        sent = self.exchange.receive(caller.request("INVITE", target, TYPE, body), caller.flow)
        if self.exchange.questions:
            del self.exchange.sent[:]
            self.exchange.resolve([where])
            sent = [send for _, send in self.exchange.sent]
        for send in sent:
            if send.flow == caller.flow and send.data.startswith(b"SIP/2.0"):
                answer = message.parse(send.data)
                if answer.status > 100:
                    return answer.status, answer.reason.decode()
        self.assertTrue([send for send in sent if send.data.startswith(b"INVITE")])
        return None

    def refused(self, *asked, **more):
        self.assertEqual(self.call(*asked, **more), (488, NO_PATH + NEEDS_FULL_NODE))

    def goes(self, *asked, **more):
        self.assertIsNone(self.call(*asked, **more))

    def test_phones_of_one_house_and_of_routed_networks(self):
        alice = self.phone("A", "alice", "192.168.1.2")
        self.phone("B", "bob", "192.168.1.3")
        self.goes(alice, "192.168.1.2")
        guest = self.phone("G", "alice", "10.2.0.9", seen="10.2.0.1")
        self.goes(guest, "10.2.0.9")  # Its network is reached, by whatever route.

    def test_a_phone_behind_a_foreign_router_calls_and_is_called(self):
        self.phone("B", "bob", "192.168.1.3")
        road = self.phone("A", "alice", "192.168.7.2", seen="203.0.113.9")
        self.refused(road, "192.168.7.2")
        self.goes(road, "203.0.113.9")
        self.goes(road, "192.168.7.2", more="a=candidate:1 1 UDP 1 203.0.113.9 4000 typ srflx\r\n")
        asked = self.call(road, "192.168.7.2", target="sip:112@home.test")
        self.assertEqual(asked[0], 480)  # Nobody is there; the network is no reason.

    def test_a_called_phone_behind_a_foreign_router(self):
        home = self.phone("A", "alice", "192.168.1.2")
        self.phone("B", "bob", "192.168.7.3", seen="203.0.113.9")
        self.refused(home, "192.168.1.2")
        road = self.phone("R", "alice", "192.168.7.2", seen="203.0.113.9")
        self.goes(road, "192.168.7.2")  # Both are behind the same router.

    def test_a_private_network_that_no_route_leads_to(self):
        self.phone("B", "bob", "192.168.1.3")
        guest = self.phone("A", "alice", "192.168.9.2", seen="10.2.0.1")
        self.refused(guest, "192.168.9.2")
        self.otherwise = None
        self.refused(guest, "192.168.9.2")
        self.otherwise = "192.168.178.20"  # Another router is asked, which may know.
        self.goes(guest, "192.168.9.2")

    def test_calls_to_other_nodes_over_the_internet(self):
        alice = self.phone("A", "alice", "192.168.1.2")
        self.refused(alice, "192.168.1.2", target="sip:gran@far.test")
        self.goes(alice, "203.0.113.9", target="sip:gran@far.test")
        self.goes(alice, "192.168.1.2", target="sip:gran@far.test", where=flow("10.7.0.1"))
        # In cells a node is reached by its key.
        key = Flow(CELLS, 0, "y" * 52, 0, 0, "")
        self.goes(alice, "192.168.1.2", target="sip:gran@far.test", where=key)
        # A server that is no node may find out by itself where to send.
        self.goes(alice, "192.168.1.2", target="sip:gran@other.test")


if __name__ == "__main__":
    unittest.main()
