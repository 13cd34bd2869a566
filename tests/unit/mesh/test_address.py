"""Addresses as octets."""

import unittest

from bellhop.errors import MeshError
from bellhop.mesh import address


class Addresses(unittest.TestCase):
    def test_addresses_survive_the_round_trip(self):
        for text in (
            "1.2.3.4",
            "::",
            "::1",
            "fe80::1",
            "2001:db8::8:800:200c:417a",
            "1:2:3:4:5:6:7:8",
        ):
            self.assertEqual(address.unpack(address.pack(text)), text)

    def test_other_forms_are_read(self):
        self.assertEqual(address.pack("fe80::1%eth0"), address.pack("FE80:0::1"))
        self.assertEqual(address.pack("::ffff:1.2.3.4")[-4:], b"\1\2\3\4")

    def test_what_is_no_address_is_refused(self):
        for text in (
            "",
            "1.2.3",
            "1.2.3.256",
            "a.b.c.d",
            ":::",
            "1:2",
            "12345::",
            "1::2::3",
            "::g",
        ):
            with self.subTest(text), self.assertRaises(MeshError):
                address.pack(text)

    def test_the_net_group_is_that_of_one_owner(self):
        self.assertEqual(address.net_group(address.pack("10.1.2.3")), b"\x0a\x01")
        self.assertEqual(len(address.net_group(address.pack("2001:db8::1"))), 4)


if __name__ == "__main__":
    unittest.main()
