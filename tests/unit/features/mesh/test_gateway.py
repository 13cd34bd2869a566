"""Ports that the router in front leads here: which way is taken, renewal, what the owner sees."""

import unittest

from bellhop.effects import AskGateway, MapPort
from bellhop.features import catalogue
from bellhop.mesh import gateway
from tests.support.town import SETTINGS, House, Town
from tests.unit.mesh.test_gateway import pcp

REACHABLE = SETTINGS.replace("config node", "config node\n\toption internet 1")
GIVEN = bytes.fromhex("008100000000000713ca9c4000001c20")
ADDRESS = bytes.fromhex("008000000000000705094d01")


class GatewayHouse(House):
    """A House whose questions to its gateway are kept."""

    def __init__(self, text=REACHABLE):
        self.asked, self.mapped = [], []
        super().__init__(Town(), "192.168.7.2", "home", [], text=text)
        catalogue.join_gateway(self.engine)

    def perform(self, effects):
        super().perform(effects)
        for effect in effects:
            if isinstance(effect, AskGateway):
                self.asked.append(effect.data)
            elif isinstance(effect, MapPort):
                self.mapped.append(effect)

    def find(self, host="192.168.7.1", source="192.168.7.2"):
        """Tell the node its gateway."""
        self.hear("gateway", "found", host, source)

    def answer(self, **fields):
        """Answer the last question by PCP."""
        data = pcp(**fields)
        nonce = self.asked[-1][24:36]
        self.hear("gateway", "heard", data[:24] + nonce + data[36:])

    def outside(self):
        """Return what the status says."""
        return self.engine.status(self.town.now)["outside"]


class FirewallTest(unittest.TestCase):
    """By IPv6: a hole, and no other address."""

    def find(self, source="2a00:77:2::2"):
        self.house = GatewayHouse()
        self.house.hear("gateway6", "found", "fe80::1%eth0", source)
        return self.house.engine.status(self.house.town.now)["outside6"]

    def test_a_hole_is_asked_for_by_pcp_and_then_by_upnp(self):
        self.assertEqual(self.find()["way"], gateway.PCP)
        self.assertEqual(
            self.house.asked[-1][8:24], bytes.fromhex("2a000077000200000000000000000002")
        )
        self.house.town.advance(5000)
        self.assertEqual([one.source for one in self.house.mapped], ["2a00:77:2::2"])
        port = self.house.mapped[0].port
        self.house.hear("gateway6", "mapped", port, port, "2a00:77:2::2", "")
        told = self.house.engine.status(self.house.town.now)["outside6"]
        self.assertEqual((told["way"], told["ports"][0]["external"]), (gateway.UPNP, port))

    def test_an_address_of_no_internet_asks_for_nothing(self):
        for source in ("fd00::2", "fe80::2"):
            self.assertEqual(self.find(source)["why"], "this router has no address of the Internet")
            self.assertEqual(self.house.asked, [])


class WantedTest(unittest.TestCase):
    def test_nothing_is_asked_where_nothing_is_needed(self):
        for text, host, source, why in (
            (SETTINGS, "192.168.7.1", "192.168.7.2", "the Internet may not reach this node"),
            (REACHABLE, None, None, "there is no way to the Internet"),
            (REACHABLE, "5.9.1.1", "5.9.1.2", "this router has a public address"),
        ):
            house = GatewayHouse(text)
            house.find(host, source)
            self.assertEqual((house.asked, house.outside()["why"]), ([], why))

    def test_an_address_of_a_provider_s_own_nat_is_none(self):
        house = GatewayHouse()
        house.find("100.64.0.1", "100.64.3.4")
        self.assertEqual(len(house.asked), 1)


class WayTest(unittest.TestCase):
    def setUp(self):
        self.house = GatewayHouse()
        self.house.find()

    def test_a_lease_is_shown(self):
        self.house.answer()
        told = self.house.outside()
        self.assertEqual((told["way"], told["why"]), ("PCP", ""))
        self.assertEqual(
            told["ports"],
            [{"protocol": "udp", "port": 5066, "host": "5.9.77.1", "external": 40000}],
        )

    def test_a_lease_is_renewed_at_half_its_time_with_the_same_port(self):
        self.house.answer(seconds=600)
        self.house.town.advance(299000)
        self.assertEqual(len(self.house.asked), 1)
        self.house.town.advance(2000)
        self.assertEqual(self.house.asked[1][42:44], (40000).to_bytes(2, "big"))

    def test_a_lease_that_is_not_renewed_is_gone_and_the_other_ways_are_tried(self):
        self.house.answer(seconds=120)
        self.house.town.advance(130000)
        self.assertIsNone(self.house.outside()["ports"][0]["host"])

    def test_somebody_else_s_answer_changes_nothing(self):
        self.house.hear("gateway", "heard", pcp())
        self.house.hear("gateway", "heard", b"\x02")
        self.assertIsNone(self.house.outside()["ports"][0]["host"])

    def test_an_older_gateway_is_asked_by_nat_pmp(self):
        self.house.hear("gateway", "heard", bytes.fromhex("0081000100000007"))
        self.assertEqual(
            self.house.asked[-2:], [b"\0\0", bytes.fromhex("0001000013ca13ca00001c20")]
        )
        self.house.hear("gateway", "heard", ADDRESS)
        self.house.hear("gateway", "heard", GIVEN)
        told = self.house.outside()
        self.assertEqual((told["way"], told["ports"][0]["host"]), ("NAT-PMP", "5.9.77.1"))

    def test_where_both_are_silent_upnp_is_tried(self):
        self.house.town.advance(8000)
        self.assertEqual([one.port for one in self.house.mapped], [5066])
        self.house.hear("gateway", "mapped", 5066, 5066, "5.9.77.1", "")
        told = self.house.outside()
        self.assertEqual((told["way"], told["ports"][0]["external"]), ("UPnP", 5066))

    def test_after_all_ways_it_is_told_why_and_tried_again_later(self):
        self.house.answer(result=2)
        self.house.hear("gateway", "mapped", 5066, None, None, "")
        told = self.house.outside()
        self.assertEqual((told["way"], told["why"]), ("none", "it does not allow that"))
        asked = len(self.house.asked)
        self.house.town.advance(601000)
        self.assertGreater(len(self.house.asked), asked)

    def test_a_gateway_that_was_started_anew_is_asked_again(self):
        self.house.answer(epoch=5000)
        self.house.town.advance(1000)
        announcement = bytes((2, 128, 0, 0)) + bytes(4) + (1).to_bytes(4, "big") + bytes(12)
        self.house.hear("gateway", "heard", announcement)
        self.assertEqual(len(self.house.asked), 2)
        self.house.answer(epoch=2)
        self.assertEqual(self.house.outside()["ports"][0]["external"], 40000)

    def test_another_gateway_is_asked_anew(self):
        self.house.answer()
        self.house.find("10.0.0.1", "10.0.0.7")
        self.assertEqual(self.house.asked[-1][20:24], b"\x0a\0\0\x07")
        self.assertIsNone(self.house.outside()["ports"][0]["host"])
        self.house.find(None, None)
        self.assertEqual(self.house.outside()["way"], gateway.IDLE)


if __name__ == "__main__":
    unittest.main()
