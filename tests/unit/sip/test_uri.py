"""SIP, SIPS and tel URIs."""

import unittest

from bellhop import limits
from bellhop.errors import SipError
from bellhop.sip import uri

WHOLE = (
    b"sip:alice@atlanta.com",
    b"sips:alice@atlanta.com:5061;transport=tcp",
    b"sip:alice:secret@atlanta.com;lr",
    b"sip:atlanta.com",
    b"sip:[2001:db8::1]:5060;lr",
    b"sip:alice;day=tuesday@atlanta.com",
    b"sip:+1-212-555-1212:1234@gateway.com;user=phone",
    b"sip:alice@atlanta.com?subject=project%20x&priority=urgent",
    b"sip:j%40s0n@example.com;a=%62;maddr=239.255.255.1",
    b"tel:+49-30-123;phone-context=example.com",
    b"urn:service:sos",
    b"mailto:alice@example.com",
)

# RFC 3261 section 19.1.4.
EQUIVALENT = (
    (b"sip:%61lice@atlanta.com;transport=TCP", b"sip:alice@AtLanTa.CoM;Transport=tcp"),
    (b"sip:carol@chicago.com", b"sip:carol@chicago.com;newparam=5"),
    (b"sip:carol@chicago.com", b"sip:carol@chicago.com;security=on"),
    (b"sip:carol@chicago.com;newparam=5", b"sip:carol@chicago.com;security=on"),
    (
        b"sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
        b"sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
    ),
    (
        b"sip:alice@atlanta.com?subject=project%20x&priority=urgent",
        b"sip:alice@atlanta.com?priority=urgent&subject=project%20x",
    ),
    (b"sip:alice@[2001:db8::1]", b"sip:alice@[2001:DB8:0:0:0:0:0:1]"),
    (b"sip:alice@atlanta.com.", b"sip:alice@atlanta.com"),
)
DIFFERENT = (
    (b"SIP:ALICE@AtLanTa.CoM;Transport=udp", b"sip:alice@AtLanTa.CoM;Transport=UDP"),
    (b"sip:bob@biloxi.com", b"sip:bob@biloxi.com:5060"),
    (b"sip:bob@biloxi.com", b"sip:bob@biloxi.com;transport=udp"),
    (b"sip:bob@biloxi.com", b"sip:bob@biloxi.com:6000;transport=tcp"),
    (b"sip:carol@chicago.com", b"sip:carol@chicago.com?Subject=next%20meeting"),
    (b"sip:bob@phone21.boxesbybob.com", b"sip:bob@192.0.2.4"),
    (b"sip:carol@chicago.com;security=on", b"sip:carol@chicago.com;security=off"),
    (b"sip:bob@biloxi.com", b"sips:bob@biloxi.com"),
    (b"sip:bob@biloxi.com", b"sip:biloxi.com"),
    (b"sip:bob@biloxi.com", b"sip:bob:secret@biloxi.com"),
    (b"sip:bob@biloxi.com", b"sip:bob@biloxi.com;maddr=192.0.2.1"),
    (b"sip:bob@biloxi.com", b"sip:bob@biloxi.com;ttl=15"),
    (b"sip:bob@biloxi.com", b"sip:bob@biloxi.com;user=phone"),
    (b"sip:bob@biloxi.com", b"sip:bob@biloxi.com;method=INVITE"),
    (b"urn:service:sos", b"urn:service:sos.fire"),
    (b"tel:+4930123", b"tel:+4930124"),
    (b"tel:+4930123", b"sip:+4930123@example.com"),
)

MALFORMED = (
    b"", b"sip", b"sip:", b":alice@example.com", b"sip:@example.com", b"sip:alice@",
    b"sip:al ice@example.com", b"sip:alice@exa mple.com", b"sip:alice@example.com:x",
    b"sip:alice@example.com:65536", b"sip:alice@example.com;", b"sip:alice@example.com;=1",
    b"sip:al%6@example.com", b"sip:al%zz@example.com", b"sip:alice@[2001:db8::1", b"sip:[]",
    b"sip:alice@[::1]x", b"sip:alice@example.com?a b", b"sip:al\xffice@example.com", b"tel:",
    b"urn:a b", b"ur n:a", b"sip:a%61%@example.com",
    b"tel:%zz", b"tel:1;x=%z", b"sip:example.com;x=%", b"sip:alice@example.com;gr=%1",
)  # fmt: skip


class KeyTest(unittest.TestCase):
    def test_a_number_is_the_same_however_it_is_written(self):
        for user in (
            b"+49301234", b"+49-30-1234", b"+49(30)12.34", b"%2B49-30-1234", b"+49%2030/1234",
            b"+49301234;phone-context=+49", b"+49-30-1234;isub=1;ext=2", b"+49301234#",
            b"+49301234%23",
        ):  # fmt: skip
            self.assertEqual(uri.parse(b"sip:" + user + b"@a;user=phone").key, b"+49301234", user)
        self.assertEqual(uri.parse(b"tel:+49(30)12-34;phone-context=a.test").key, b"+49301234")

    def test_what_tells_two_numbers_apart_stays(self):
        for name, key in (
            (b"1-1-2", b"112"), (b"0112", b"0112"), (b"+112", b"+112"), (b"*21#", b"*21"),
            (b"*21*7#", b"*21*7"), (b"#31#7", b"#31#7"), (b"#", b"#"), (b"+", b"+"), (b"", b""),
        ):  # fmt: skip
            self.assertEqual(uri.key_of(name), key)

    def test_a_name_keeps_its_signs_and_loses_its_case(self):
        for name, key in (
            (b"Anna-Lena.2", b"anna-lena.2"), (b"Bob#", b"bob#"), (b"a;b=1", b"a;b=1"),
            (b"1+1", b"1+1"), (b"b\xc3\xb6b", b"b\xc3\xb6b"), (b"-.", b"-."),
        ):  # fmt: skip
            self.assertEqual(uri.key_of(name), key)


class ParseTest(unittest.TestCase):
    def test_what_is_written_is_what_was_read(self):
        for value in WHOLE:
            self.assertEqual(uri.parse(value).write(), value)

    def test_every_part_is_found(self):
        found = uri.parse(b"SIPS:alice:pw@Example.COM:5061;Transport=TCP;lr?a=b")
        self.assertEqual(found.scheme, b"sips")
        self.assertEqual((found.user, found.password), (b"alice", b"pw"))
        self.assertEqual((found.host, found.port), (b"Example.COM", 5061))
        self.assertEqual(found.param(b"transport"), b"TCP")
        self.assertEqual(found.param(b"lr"), b"")
        self.assertIsNone(found.param(b"maddr"))
        self.assertEqual(found.headers, b"a=b")

    def test_an_ipv6_address_keeps_its_brackets(self):
        found = uri.parse(b"sip:[2001:db8::1]:5070")
        self.assertEqual((found.host, found.port), (b"[2001:db8::1]", 5070))

    def test_a_telephone_number_has_a_user_and_no_host(self):
        found = uri.parse(b"tel:+49-30-123;ext=1")
        self.assertEqual((found.user, found.host), (b"+49-30-123", None))
        self.assertEqual(found.param(b"ext"), b"1")

    def test_an_unknown_scheme_is_kept_whole(self):
        found = uri.parse(b"URN:service:sos")
        self.assertEqual((found.scheme, found.rest, found.host), (b"urn", b"service:sos", None))

    def test_a_malformed_uri_is_refused_with_400(self):
        for value in MALFORMED:
            with self.assertRaises(SipError) as refused:
                uri.parse(value)
            self.assertEqual(refused.exception.status, 400)

    def test_the_memory_of_parsed_uris_is_bounded(self):
        for number in range(3 * limits.MAX_REMEMBERED):
            uri.parse(b"sip:" + str(number).encode() + b"@example.com")
        self.assertLessEqual(len(uri._memo), limits.MAX_REMEMBERED)


class EquivalentTest(unittest.TestCase):
    def test_equivalent_uris_of_the_rfc_compare_equal_both_ways(self):
        for one, other in EQUIVALENT:
            self.assertTrue(uri.equivalent(uri.parse(one), uri.parse(other)), (one, other))
            self.assertTrue(uri.equivalent(uri.parse(other), uri.parse(one)), (other, one))

    def test_different_uris_of_the_rfc_compare_different_both_ways(self):
        for one, other in DIFFERENT:
            self.assertFalse(uri.equivalent(uri.parse(one), uri.parse(other)), (one, other))
            self.assertFalse(uri.equivalent(uri.parse(other), uri.parse(one)), (other, one))

    def test_every_uri_is_equivalent_to_itself(self):
        for value in WHOLE:
            self.assertTrue(uri.equivalent(uri.parse(value), uri.parse(value)))


class HostTest(unittest.TestCase):
    def test_an_ipv6_address_gets_brackets_once(self):
        self.assertEqual(uri.host_port(b"::1", 5060), b"[::1]:5060")
        self.assertEqual(uri.host_port(b"[::1]", None), b"[::1]")

    def test_host_and_port_are_read_apart(self):
        self.assertEqual(uri.parse_host_port(b"a.b:70"), (b"a.b", 70))
        self.assertEqual(uri.parse_host_port(b"[::1]"), (b"[::1]", None))

    def test_escapes_are_resolved(self):
        self.assertEqual(uri.unescape(b"a%40b%2Fc"), b"a@b/c")

    def test_every_spelling_of_an_ipv6_address_has_one_key(self):
        for one, other in (
            (b"[::ffff:192.0.2.1]", b"[0:0:0:0:0:FFFF:c000:0201]"),
            (b"[2001:db8::]", b"[2001:0db8:0:0:0:0:0:0]"),
            (b"2001:db8::1", b"[2001:DB8::0001]"),
            (b"192.0.2.1", b"[::ffff:192.0.2.1]"),
            (b"192.0.2.1", b"[0::FFFF:c000:201]"),
        ):
            self.assertEqual(uri.host_key(one), uri.host_key(other))
        keys = [uri.host_key(host) for host in (b"[::1]", b"[::2]", b"[1::]", b"[::1.2.3]", b"a")]
        self.assertEqual(len(set(keys)), 5)

    def test_any_octets_can_be_escaped_for_a_parameter(self):
        octets = bytes(range(256))
        self.assertEqual(uri.unescape(uri.escape(octets)), octets)
        uri.parse(b"sip:a@b;gr=" + uri.escape(octets))
        self.assertEqual(uri.escape(b"urn:uuid:1-2"), b"urn:uuid:1-2")


class TypedTest(unittest.TestCase):
    def test_a_person_types_numbers_with_blanks_names_and_addresses(self):
        for text, written in (
            (" +49 (30) 90-18.20 ", b"sip:+4930901820@home.test"),
            ("201", b"sip:201@home.test"),
            ("*21*202#", b"sip:*21*202#@home.test"),
            ("bob", b"sip:bob@home.test"),
            ("sip:bob@far.test", b"sip:bob@far.test"),
            ("bob@far.test", b"sip:bob@far.test"),
            ("tel:+4930901820", b"tel:+4930901820"),
        ):
            found = uri.typed(text, b"home.test")
            self.assertEqual(None if found is None else found.write(), written)

    def test_what_cannot_be_dialled_is_none(self):
        for text in ("", " ", "@", "sip:", "a b", "a\r\nb", "sip:home.test", "Zo\xeb K"):
            self.assertEqual(uri.typed(text, b"home.test"), None, text)
