"""IP addresses become octets, other text becomes nothing."""

import unittest

from bellhop.sip import ip


class AddressTest(unittest.TestCase):
    def test_addresses_become_octets(self):
        for text, octets in (
            ("192.0.2.1", bytes([192, 0, 2, 1])), ("::", bytes(16)), ("::1", bytes(15) + b"\1"),
            ("2001:db8::", b"\x20\x01\x0d\xb8" + bytes(12)), ("1:2:3:4:5:6:7:8", bytes(
                [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8])),
        ):  # fmt: skip
            self.assertEqual(ip.address_octets(text), octets, text)

    def test_other_text_becomes_nothing(self):
        for text in (
            "",
            ".",
            "1.2.3",
            "1.2.3.4.5",
            "1.2.3.-4",
            "a.b.c.d",
            ":",
            "1:2",
            "12345::",
            "x::",
        ):
            self.assertIsNone(ip.address_octets(text), text)

    def test_a_network_is_a_24_or_the_56_of_a_household(self):
        for host, network in (
            ("192.0.2.77", "192.0.2.0/24"),
            ("2001:db8:1:2ff::7", "2001:db8:1:200::/56"),
            ("fe80::1%eth0", "fe80:0:0:0::/56"),
            ("gate.test", "gate.test"),
        ):
            self.assertEqual(ip.network_of(host), network)
