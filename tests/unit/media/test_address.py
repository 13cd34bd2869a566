"""Addresses in SDP, and where no media may be sent."""

import unittest

from bellhop.media import address

HERE = bytes([192, 0, 2, 1])
HERE6 = address.octets_of(b"2001:db8::1")


class Texts(unittest.TestCase):
    def test_an_address_survives_the_way_through_text(self):
        for text in (b"10.0.0.1", b"255.255.255.255", b"2001:db8::1", b"::1", b"fe80::1:2"):
            octets = address.octets_of(text)
            self.assertEqual(address.octets_of(address.write(octets)), octets)

    def test_an_address_may_end_like_ipv4(self):
        octets = address.octets_of(b"::ffff:192.0.2.1")
        self.assertEqual(octets, bytes(10) + b"\xff\xff\xc0\0\x02\x01")

    def test_capitals_are_read(self):
        self.assertEqual(address.octets_of(b"2001:DB8::1"), HERE6)

    def test_what_is_no_address_is_none(self):
        wrong = b"1.2.3 1.2.3.4.5 1.2.3.256 1.2.3.-4 1.2.3.0004 a.b.c.d host.test 1::2::3 1:2:3"
        for text in wrong.split() + [b"", b":", b"12345::", b"1:2:3:4:5:6:7:8:9", b"g::", b"1 ::"]:
            self.assertIsNone(address.octets_of(text), text)


class Use(unittest.TestCase):
    def usable(self, text, here=HERE):
        return address.is_usable(address.octets_of(text), here)

    def test_hosts_are_usable(self):
        self.assertTrue(self.usable(b"10.1.2.3"))
        self.assertTrue(self.usable(b"203.0.113.9"))
        self.assertTrue(self.usable(b"2001:db8::9", HERE6))

    def test_groups_broadcasts_and_this_machine_are_not(self):
        for text in (b"224.0.0.1", b"255.255.255.255", b"0.1.2.3", b"127.0.0.1"):
            self.assertFalse(self.usable(text), text)
        for text in (b"ff02::1", b"::1", b"::ffff:127.0.0.1", b"::7f00:1"):
            self.assertFalse(self.usable(text, HERE6), text)

    def test_a_node_on_loopback_reaches_loopback_only(self):
        self.assertTrue(self.usable(b"127.0.0.2", bytes([127, 0, 0, 1])))
        self.assertFalse(self.usable(b"10.0.0.1", bytes([127, 0, 0, 1])))
        self.assertTrue(self.usable(b"::1", address.octets_of(b"::1")))

    def test_the_other_family_is_out_of_reach(self):
        self.assertFalse(self.usable(b"10.0.0.1", HERE6))

    def test_private_addresses_are_known(self):
        for (
            text
        ) in b"10.9.9.9 172.16.0.1 172.31.9.9 192.168.1.1 100.64.0.1 fd00::1 fe80::1".split():
            self.assertTrue(address.is_private(address.octets_of(text)), text)
        for text in b"11.0.0.1 172.32.0.1 192.169.0.1 100.128.0.1 2001:db8::1".split():
            self.assertFalse(address.is_private(address.octets_of(text)), text)


if __name__ == "__main__":
    unittest.main()
