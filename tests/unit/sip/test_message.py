"""Whole messages: parse, write, answer."""

import unittest

from bellhop.errors import SipError
from bellhop.limits import MAX_BODY_BYTES, MAX_HEADER_BYTES, MAX_HEADER_LINES
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
        "Content-Length: 0",
    ]
)


def refusal(data):
    """Return the SipError with which octets are refused."""
    try:
        message.parse(data)
    except SipError as error:
        return error
    raise AssertionError("accepted: %r" % data)


def without(name, data=INVITE):
    """Return a message without the header line that begins with `name`."""
    return b"\r\n".join([line for line in data.split(b"\r\n") if not line.startswith(name)])


class ParseTest(unittest.TestCase):
    def test_what_is_written_is_what_was_read(self):
        for data in (INVITE, RESPONSE, request("MESSAGE", body="\r\n\r\nx")):
            self.assertEqual(message.parse(data).write(), data)

    def test_a_request_has_method_uri_and_body(self):
        found = message.parse(INVITE)
        self.assertEqual((found.method, found.uri), (b"INVITE", b"sip:bob@home.test"))
        self.assertEqual(found.parsed_uri.user, b"bob")
        self.assertEqual(found.body, b"v=0\r\n")

    def test_a_response_has_status_and_reason(self):
        found = message.parse(RESPONSE)
        self.assertEqual((found.status, found.reason), (180, b"Ringing here"))
        self.assertEqual(found.cseq, (314159, b"INVITE"))

    def test_a_response_may_have_no_reason(self):
        for start in (b"SIP/2.0 180 ", b"SIP/2.0 180"):
            found = message.parse(RESPONSE.replace(b"SIP/2.0 180 Ringing here", start))
            self.assertEqual((found.status, found.reason), (180, b""))

    def test_empty_lines_before_the_start_line_are_passed_over(self):
        self.assertEqual(message.parse(b"\r\n\r\n" + INVITE).method, b"INVITE")

    def test_octets_after_the_body_are_not_taken(self):
        self.assertEqual(message.parse(INVITE + b"more").body, b"v=0\r\n")

    def test_without_content_length_the_datagram_is_the_body(self):
        self.assertEqual(message.parse(without(b"Content-Length") + b"more").body, b"v=0\r\nmore")

    def test_unknown_fields_are_kept_byte_for_byte_and_in_order(self):
        lines = ["X-B:  two  ", "x-a;q=1 :1", "X-B:", "\u00dcmlaut: \u00e4"]
        data = request("INFO", lines=lines[:1] + lines[2:3])
        self.assertEqual(message.parse(data).write(), data)
        self.assertEqual(message.parse(data).values(b"x-b"), [b"two", b""])
        for bad in (lines[1], lines[3]):
            self.assertEqual(refusal(request("INFO", lines=[bad])).status, 400)

    def test_a_folded_line_is_one_value_and_is_written_as_it_came(self):
        data = request("INFO", lines=["Subject: I know\r\n  you\r\n\tare there", "X-Own: 1"])
        found = message.parse(data)
        self.assertEqual(found.value(b"subject"), b"I know you are there")
        self.assertEqual(found.value(b"x-own"), b"1")
        self.assertEqual(found.write(), data)

    def test_compact_forms_are_read_and_kept(self):
        data = INVITE.replace(b"Via:", b"v:").replace(b"From:", b"F :").replace(b"To:", b"t:")
        data = data.replace(b"Call-ID:", b"i:").replace(b"Content-Length:", b"l:")
        found = message.parse(data.replace(b"Contact:", b"m:"))
        self.assertEqual(found.call_id, b"call-1")
        self.assertEqual(found.from_.param(b"tag"), b"a1")
        self.assertEqual(found.addresses(b"contact")[0].uri_bytes, b"sip:alice@10.0.0.2")
        self.assertIn(b"\r\nF : ", found.write())

    def test_a_partial_request_comes_with_its_refusal(self):
        error = refusal(without(b"To:"))
        self.assertEqual(error.status, 400)
        self.assertEqual(error.partial.call_id, b"call-1")

    def test_another_version_is_refused_with_505(self):
        self.assertEqual(refusal(INVITE.replace(b"SIP/2.0\r\n", b"SIP/7.0\r\n", 1)).status, 505)

    def test_every_mandatory_field_is_asked_for(self):
        for name in (b"Via", b"From", b"To", b"Call-ID", b"CSeq"):
            self.assertEqual(refusal(without(name)).status, 400)

    def test_a_field_that_decides_may_not_stand_twice(self):
        for line in ("From: <sip:x@y>;tag=9", "To: <sip:x@y>", "Call-ID: 9", "CSeq: 9 INVITE",
                     "Max-Forwards: 9", "Content-Length: 9", "l: 9"):  # fmt: skip
            self.assertEqual(refusal(request("INVITE", lines=[line])).status, 400)

    def test_malformed_messages_are_refused_with_400(self):
        for old, new in (
            (b"INVITE sip", b"INV ITE sip"),
            (b"INVITE sip", b"INVITE  sip"),
            (b"INVITE sip", b" INVITE sip"),
            (b"1 INVITE", b"1 BYE"),
            (b"1 INVITE", b"INVITE"),
            (b"1 INVITE", b"2147483648 INVITE"),
            (b"1 INVITE", b"-1 INVITE"),
            (b"Length: 5", b"Length: 6"),
            (b"Length: 5", b"Length: five"),
            (b"Length: 5", b"Length: -1"),
            (b"Max-Forwards: 70", b"Max-Forwards: 256"),
            (b"Max-Forwards: 70", b"Max-Forwards: x"),
            (b"Max-Forwards: 70", b"Max-Forwards 70"),
            (b"From: <", b"From: <<"),
            (b"SIP/2.0/UDP", b"SIP/2.0"),
        ):
            self.assertIn(old, INVITE)
            self.assertEqual(refusal(INVITE.replace(old, new)).status, 400, new)

    def test_what_is_no_message_is_refused_with_400(self):
        for data in (b"", b"\0", b"hello", b"\r\n\r\n\r\n", b"INVITE", INVITE[:40], b"\xff" * 100):
            self.assertEqual(refusal(data).status, 400)

    def test_a_response_needs_a_code_from_100_to_699(self):
        for status in (b"99", b"700", b"abc", b"-180", b""):
            self.assertEqual(refusal(RESPONSE.replace(b"180", status, 1)).status, 400)

    def test_header_lines_and_octets_are_bounded(self):
        many = ["X-Own: 1"] * MAX_HEADER_LINES
        self.assertEqual(refusal(request("INFO", lines=many)).status, 400)
        for data in (
            request("INFO", lines=["X: " + "1" * MAX_HEADER_BYTES]),
            request("INFO", lines=["X: " + "1" * MAX_HEADER_BYTES])[: MAX_HEADER_BYTES + 9],
            INVITE.replace(b"Length: 5", b"Length: " + str(MAX_BODY_BYTES + 1).encode()),
        ):
            error = refusal(data)
            self.assertEqual(error.status, 513)
            self.assertIn(b"via", error.partial.names)

    def test_every_beginning_of_a_message_is_read_or_refused(self):
        for size in range(len(INVITE)):
            try:
                self.assertIsNotNone(message.parse(INVITE[:size]).call_id)
            except SipError as error:
                self.assertEqual(error.status, 400)


class ResponseToTest(unittest.TestCase):
    def test_it_copies_what_section_8_2_6_names(self):
        asked = parsed("INVITE", lines=["Via: SIP/2.0/UDP second;branch=z9hG4bK2", "Timestamp: 54"])
        response = message.response_to(asked, 404, to_tag=b"t")
        self.assertEqual(response.values(b"via"), asked.values(b"via"))
        self.assertEqual(response.value(b"timestamp"), b"54")
        self.assertEqual(response.to.param(b"tag"), b"t")
        self.assertEqual((response.call_id, response.cseq), (asked.call_id, asked.cseq))
        self.assertEqual(message.parse(response.write()).reason, b"Not Found")

    def test_a_tag_that_the_request_has_is_kept(self):
        response = message.response_to(
            parsed("BYE", to="<sip:bob@home.test>;tag=b7"), 200, to_tag=b"t"
        )
        self.assertEqual(response.to.param(b"tag"), b"b7")

    def test_a_tag_inside_the_uri_is_none(self):
        response = message.response_to(parsed("BYE", to="<sip:b@c;xtag=b7>"), 200, to_tag=b"t")
        self.assertEqual(response.to.param(b"tag"), b"t")

    def test_further_lines_and_an_own_reason_are_written(self):
        response = message.response_to(parsed("REGISTER"), 423, "too short", (b"Min-Expires: 60",))
        self.assertEqual(response.value(b"min-expires"), b"60")
        self.assertEqual(response.reason, b"too short")


class PassedOnTest(unittest.TestCase):
    def test_a_request_goes_on_from_which_lines_were_taken(self):
        asked = message.parse(
            b"ACK sip:bob@home.test SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n"
            b"From: <sip:a@b>;tag=1\r\nTo: <sip:b@b>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 ACK\r\n"
            b"Proxy-Authorization: Digest x\r\n\r\n"
        )
        asked.keep(range(5))
        made = asked.passed_on(b"sip:bob@10.0.0.3")
        self.assertFalse(made.has(b"proxy-authorization"))
        self.assertEqual(message.parse(made.write()).uri, b"sip:bob@10.0.0.3")
