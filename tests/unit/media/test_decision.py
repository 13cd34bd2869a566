"""Whether media passes the node, and why."""

import unittest

from bellhop.media import decision, sdp
from bellhop.media.decision import ALWAYS, NEEDED, NEVER, NO, MediaSettings, Party

LAN, LAN6 = bytes([192, 168, 1, 1]), bytes([0x20, 1, 13, 184]) + bytes(11) + b"\x01"
WAN = bytes([203, 0, 113, 1])
PHONE = bytes([192, 168, 1, 2])
NEEDS = MediaSettings(NEEDED, False, 20000, 30000, 512)


def party(own, source=PHONE, behind_nat=False):
    return Party(None, None, source, (own,), behind_nat, NO)


def offer(host="192.168.1.2", port=4000):
    family = "IP6" if ":" in host else "IP4"
    body = "v=0\r\nc=IN %s %s\r\nm=audio %d RTP/AVP 0\r\n" % (family, host, port)
    return sdp.parse(body.encode())


def reasons(near, far, description=None, settings=NEEDS, hides=False):
    return decision.path_reasons(settings, description or offer(), hides, near, far)


class Reasons(unittest.TestCase):
    def test_phones_of_one_network_talk_directly(self):
        self.assertEqual(reasons(party(LAN), party(LAN)), [])

    def test_phones_of_different_networks_need_the_node(self):
        self.assertIn("different networks", reasons(party(LAN), party(WAN))[0])

    def test_ipv4_and_ipv6_need_the_node(self):
        self.assertIn("IPv6", reasons(party(LAN), party(LAN6))[0])
        self.assertIn("IPv6", reasons(party(LAN), party(LAN), offer("2001:db8::2"))[0])

    def test_a_phone_behind_nat_needs_the_node(self):
        near = party(WAN, bytes([198, 51, 100, 7]))
        self.assertIn("calling phone is behind NAT", reasons(near, party(WAN))[0])
        far = party(WAN, behind_nat=True)
        self.assertIn("called phone", reasons(party(WAN), far, offer("198.51.100.9"))[0])

    def test_a_public_address_other_than_the_signallings_is_no_nat(self):
        near = party(WAN, bytes([198, 51, 100, 7]))
        self.assertEqual(reasons(near, party(WAN), offer("198.51.100.8")), [])

    def test_the_owner_may_want_all_or_none(self):
        always = MediaSettings(ALWAYS, False, 20000, 30000, 512)
        self.assertIn("owner", reasons(party(LAN), party(LAN), settings=always)[0])
        never = MediaSettings(NEVER, False, 20000, 30000, 512)
        self.assertEqual(reasons(party(LAN), party(WAN), settings=never), [])

    def test_addresses_are_hidden_where_owner_or_caller_want_it(self):
        hiding = MediaSettings(NEVER, True, 20000, 30000, 512)
        self.assertEqual(reasons(party(LAN), party(LAN), settings=hiding), [decision.HIDDEN])
        self.assertEqual(reasons(party(LAN), party(LAN), hides=True), [decision.HIDDEN])

    def test_streams_without_an_address_decide_nothing(self):
        for odd in (offer("0.0.0.0"), offer("10.1.1.1", 0), offer("host.test")):
            self.assertEqual(reasons(party(LAN), party(LAN), odd), [])

    def test_an_invite_without_a_description_is_decided_by_the_networks(self):
        found = decision.path_reasons(NEEDS, None, False, party(LAN), party(WAN))
        self.assertIn("different networks", found[0])


if __name__ == "__main__":
    unittest.main()
