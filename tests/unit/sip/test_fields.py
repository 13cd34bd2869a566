"""Header lines: what they say, and how they are changed."""

import unittest

from bellhop.errors import SipError
from bellhop.sip import message
from tests.support.messages import parsed, request, wire

INVITE = request("INVITE", body="v=0\r\n", lines=["Contact: <sip:alice@10.0.0.2>"])
RESPONSE = wire(
    [
        "SIP/2.0 180 Ringing here",
        "Via: SIP/2.0/UDP a;branch=z9hG4bK1",
        "From: <sip:a@b>;tag=1",
        "To: <sip:c@d>;tag=2",
        "Call-ID: x",
        "CSeq: 314159 INVITE",
    ]
)
# Changes of a message, by methods of it.
CHANGES = (
    ("set", b"max-forwards", b"Max-Forwards: 69"),
    ("set", b"subject", b"Subject: new"),
    ("add", b"subject", b"Subject: another"),
    ("insert", b"via", b"Via: SIP/2.0/TCP new;branch=z9hG4bK2"),
    ("insert", b"record-route", b"Record-Route: <sip:n;lr>"),
    ("replace_first", b"via", b"SIP/2.0/TCP newer;branch=z9hG4bK3"),
    ("remove_first", b"via"),
    ("remove_first", b"route"),
    ("remove_first", b"route"),
    ("remove_first", b"route"),
    ("remove", b"x-own"),
    ("remove", b"subject"),
    ("set", b"from", b"From: <sip:b@c>;tag=3"),
    ("compact",),
    ("measure",),
)


class FieldsTest(unittest.TestCase):
    def test_elements_of_several_lines_come_in_order(self):
        found = parsed(
            "INFO", lines=["Route: <sip:a;lr>, <sip:b;lr>", "Subject: x", "Route: <sip:c;lr>"]
        )
        self.assertEqual(found.items(b"route"), [b"<sip:a;lr>", b"<sip:b;lr>", b"<sip:c;lr>"])
        self.assertEqual([one.uri.host for one in found.addresses(b"route")], [b"a", b"b", b"c"])

    def test_option_tags_are_folded(self):
        found = parsed("INFO", lines=["Supported: Path, outbound", "k: GRUU"])
        self.assertEqual(found.tokens(b"supported"), [b"path", b"outbound", b"gruu"])

    def test_an_absent_field_is_nothing(self):
        found = parsed("INFO")
        self.assertIsNone(found.value(b"subject"))
        self.assertEqual(found.items(b"route"), [])
        self.assertEqual(found.number(b"expires", 100, 60), 60)

    def test_a_number_has_a_bound(self):
        found = parsed("INFO", lines=["Expires: 101"])
        with self.assertRaises(SipError):
            found.number(b"expires", 100)

    def test_several_blanks_around_a_value_do_not_matter(self):
        self.assertEqual(parsed("INFO", lines=["Expires:   60 "]).number(b"expires", 100), 60)
        self.assertEqual(
            message.parse(INVITE.replace(b"1 INVITE", b"1   INVITE ")).cseq, (1, b"INVITE")
        )

    def test_a_tab_is_as_good_as_a_blank(self):
        for gap in (b"\t", b" \t", b"\t \t", b"\r\n\t"):
            found = message.parse(INVITE.replace(b"1 INVITE", b"1" + gap + b"INVITE\t"))
            self.assertEqual(found.cseq, (1, b"INVITE"))


class ChangeTest(unittest.TestCase):
    def test_set_replaces_the_first_or_adds_at_the_end(self):
        found = parsed("INFO")
        found.set(b"max-forwards", b"Max-Forwards: 69")
        found.set(b"subject", b"Subject: x")
        self.assertEqual(found.number(b"max-forwards", 255), 69)
        self.assertEqual(found.lines[-1], b"Subject: x")

    def test_insert_puts_before_the_first_of_its_name(self):
        found = parsed("INFO")
        found.insert(b"via", b"Via: SIP/2.0/TCP new;branch=z9hG4bK2")
        self.assertEqual(found.names[:2], [b"via", b"via"])
        self.assertIn(b"new", found.values(b"via")[0])

    def test_insert_of_a_new_field_puts_behind_the_vias(self):
        found = parsed("INFO")
        found.insert(b"route", b"Route: <sip:a;lr>")
        self.assertEqual(found.names[:2], [b"via", b"route"])

    def test_remove_takes_every_line_of_a_name(self):
        found = parsed("INFO", lines=["Route: <sip:a>", "X-Own: 1", "Route: <sip:b>"])
        found.remove(b"route")
        self.assertEqual(found.items(b"route"), [])
        self.assertEqual(found.value(b"x-own"), b"1")

    def test_remove_first_takes_one_element_of_a_joined_line(self):
        found = parsed("INFO", lines=['Route: "a,b" <sip:a,b;lr>, <sip:b;lr>', "Route: <sip:c>"])
        found.remove_first(b"route")
        self.assertEqual(found.items(b"route"), [b"<sip:b;lr>", b"<sip:c>"])
        found.remove_first(b"route")
        self.assertEqual(found.items(b"route"), [b"<sip:c>"])
        found.remove_first(b"route")
        self.assertEqual(found.items(b"route"), [])

    def test_replace_first_leaves_the_joined_rest(self):
        found = parsed("INFO", lines=["Route: <sip:a>,<sip:b>"])
        found.replace_first(b"route", b"<sip:n>")
        self.assertEqual(found.items(b"route"), [b"<sip:n>", b"<sip:b>"])

    def test_the_compact_forms_say_the_same(self):
        found = message.parse(INVITE.replace(b"Max-", b"Subject:\r\n folded\r\nMax-", 1))
        found.compact()
        self.assertLess(len(found.write()), len(INVITE))
        again = message.parse(found.write())
        self.assertEqual(again.names, found.names)
        for name in found.names:
            self.assertEqual(again.value(name), found.value(name))
        self.assertEqual(again.value(b"subject"), b"folded")

    def test_a_copy_does_not_change_its_original(self):
        found = parsed("INFO")
        copied = found.copy()
        copied.set(b"max-forwards", b"Max-Forwards: 1")
        copied.insert(b"route", b"Route: <sip:a>")
        self.assertEqual(found.write(), request("INFO"))

    def test_a_via_that_was_removed_is_not_remembered(self):
        found = message.parse(RESPONSE.replace(b"Via:", b"Via: SIP/2.0/UDP top;branch=z9hG4bK9,"))
        self.assertEqual(found.via.host, b"top")
        found.remove_first(b"via")
        self.assertEqual(found.via.host, b"a")

    def test_what_is_found_after_each_change_is_what_the_next_reads(self):
        routes = ["Route: <sip:a;lr>,", " <sip:b;lr>", "X-Own: 1", "Route: <sip:c;lr>", "X-Own: 2"]
        found = message.parse(request("INFO", lines=routes))
        for change in CHANGES:
            getattr(found, change[0])(*change[1:])
            again = message.parse(found.write())
            self.assertEqual(again.names, found.names)
            for name in found.names + [b"route", b"subject", b"x-own"]:
                self.assertEqual(again.values(name), found.values(name))
                self.assertEqual(again.value(name), found.value(name))
                self.assertEqual(again.has(name), found.has(name))
            self.assertEqual(again.via.write(), found.via.write())
            self.assertEqual(again.from_.write(), found.from_.write())
