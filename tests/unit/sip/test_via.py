"""Via values."""

import unittest

from bellhop.errors import SipError
from bellhop.sip import via


class ViaTest(unittest.TestCase):
    def test_every_part_is_found(self):
        found = via.parse(b"SIP/2.0/udp pc33.atlanta.com:5066;branch=z9hG4bK776;rport;maddr=a.b")
        self.assertEqual(found.transport, b"UDP")
        self.assertEqual((found.host, found.port), (b"pc33.atlanta.com", 5066))
        self.assertEqual(found.branch, b"z9hG4bK776")
        self.assertEqual(found.param(b"rport"), b"")
        self.assertIsNone(found.param(b"received"))

    def test_blanks_may_stand_around_slashes_and_colon(self):
        found = via.parse(b"SIP / 2.0 / TCP   first.example.com : 4000 ; branch=z9hG4bK1")
        self.assertEqual(
            (found.transport, found.host, found.port), (b"TCP", b"first.example.com", 4000)
        )
        self.assertEqual(found.branch, b"z9hG4bK1")

    def test_a_tab_is_as_good_as_a_blank(self):
        for written in (
            b"SIP/2.0/TCP\tfirst.example.com\t:\t4000\t;\tbranch\t=\tz9hG4bK1",
            b"SIP\t/\t2.0/ TCP\t first.example.com:4000;branch=z9hG4bK1\t",
        ):
            found = via.parse(written)
            self.assertEqual(
                (found.transport, found.host, found.port), (b"TCP", b"first.example.com", 4000)
            )
            self.assertEqual(found.branch, b"z9hG4bK1")

    def test_of_comma_joined_values_the_first_is_read(self):
        found = via.parse(b"SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/UDP b;branch=z9hG4bK2")
        self.assertEqual((found.host, found.branch), (b"a", b"z9hG4bK1"))

    def test_an_ipv6_address_stands_in_brackets(self):
        found = via.parse(b"SIP/2.0/UDP [2001:db8::9:1]:5060;branch=z9hG4bK1")
        self.assertEqual((found.host, found.port), (b"[2001:db8::9:1]", 5060))

    def test_a_transport_of_the_future_is_read(self):
        self.assertEqual(via.parse(b"SIP/2.0/SCTP-NEW a").transport, b"SCTP-NEW")

    def test_the_cookie_alone_is_no_rfc_3261_branch(self):
        for text, has in (
            (b";branch=z9hG4bK1", True), (b";branch=z9hG4bK", False), (b";branch=1", False),
            (b"", False),
        ):  # fmt: skip
            self.assertEqual(via.parse(b"SIP/2.0/UDP a" + text).has_cookie(), has)

    def test_sent_by_is_compared_without_regard_to_case(self):
        self.assertEqual(via.parse(b"SIP/2.0/UDP A.B:5060").sent_by, b"a.b:5060")

    def test_what_is_written_is_what_was_read(self):
        for value in (
            b"SIP/2.0/UDP a.b:5060;branch=z9hG4bK1;rport",
            b"SIP/2.0/TLS [::1];branch=z9hG4bK1;received=10.0.0.1",
        ):
            self.assertEqual(via.parse(value).write(), value)

    def test_malformed_values_are_refused_with_400(self):
        for value in (
            b"", b"SIP/2.0/UDP", b"SIP/2.0/ a", b"SIP/2.0 a", b"HTTP/1.1/UDP a", b"SIP/2.0/UDP a:b",
            b"SIP/2.0/UDP a;b c=1", b"SIP/2.0/UDP ;branch=z9hG4bK1", b"SIP/2.0/UDP a:99999",
        ):  # fmt: skip
            with self.assertRaises(SipError) as refused:
                via.parse(value)
            self.assertEqual(refused.exception.status, 400)
