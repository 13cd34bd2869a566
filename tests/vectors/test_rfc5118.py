"""RFC 5118: IPv6 in every place where SIP has addresses; the messages are written after it."""

import unittest

from bellhop.sip import message, uri
from tests.vectors.home import CONFIG, Home, first_response, lines, requests, udp

PEER = udp("2001:db8::9:1")
PHONE = udp("2001:db8::1")
TRUSTING = CONFIG.replace("config node", "config node\n    list trusted 2001:db8::/32")
REGISTRAR = b"[2001:db8::10]"
BODY = lines(
    b"v=0",
    b"o=alice 53655765 2353687637 IN IP6 2001:db8::20",
    b"s=-",
    b"t=0 0",
    b"c=IN IP6 2001:db8::20",
    b"m=audio 5060 RTP/AVP 0",
    b"m=audio 22334 RTP/AVP 8",
    b"c=IN IP4 192.0.2.20",
)


def request(method, target, via=b"[2001:db8::9:1];branch=z9hG4bKas3", more=(), body=b""):
    """Return a request to `target` that came by IPv6."""
    return (
        lines(
            method + b" " + target + b" SIP/2.0",
            b"Via: SIP/2.0/UDP " + via,
            b"Max-Forwards: 70",
            b"From: <sip:carol@far.example>;tag=81x2",
            b"To: <sip:user@example.com>",
            b"Call-ID: ssrb@[2001:db8::9:1]",
            b"CSeq: 98176 " + method,
            *more,
            b"Content-Length: " + str(len(body)).encode(),
            b"",
        )
        + body
    )


def trusting():
    """Return a node that forwards for its IPv6 neighbours."""
    return Home(TRUSTING)


class Rfc5118(unittest.TestCase):
    def test_4_1_an_ipv6_reference_in_brackets_is_accepted(self):
        contact = b'"Alice" <sip:alice@[2001:db8::1]>'
        answer = Home().register(b"alice", contact, PHONE, host=REGISTRAR)
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.addresses(b"contact")[0].uri_bytes, b"sip:alice@[2001:db8::1]")

    def test_4_2_an_ipv6_address_without_brackets_is_refused(self):
        refused = Home().ask(request(b"REGISTER", b"sip:2001:db8::10"), PEER)
        self.assertEqual(refused.status, 400)

    def test_4_3_what_looks_like_a_port_within_brackets_is_address(self):
        node = trusting()
        node.receive(request(b"REGISTER", b"sip:[2001:db8::10:5070]"), PEER)
        self.assertEqual(node.asked, [(b"[2001:db8::10:5070]", None)])

    def test_4_4_a_port_stands_behind_the_brackets(self):
        node = trusting()
        node.receive(request(b"REGISTER", b"sip:[2001:db8::10]:5070"), PEER)
        self.assertEqual(node.asked, [(b"[2001:db8::10]", 5070)])

    def test_4_5_received_may_have_brackets_or_none(self):
        lower = (
            b"Via: SIP/2.0/UDP [2001:db8::9:2];received=[2001:db8::9:255];branch=z9hG4bKas4",
            b"Via: SIP/2.0/UDP [2001:db8::9:3];received=2001:db8::9:255;branch=z9hG4bKas5",
        )
        data = request(b"OPTIONS", b"sip:u@far.example", more=lower)
        went = requests(trusting().receive(data, PEER))[0][1]
        for line in lower:
            self.assertIn(line, went.lines)

    def test_4_5_received_of_the_peer_is_replaced_and_written_without_brackets(self):
        via = b"[2001:db8::9:2]:6050;received=[2001:db8::9:255];branch=z9hG4bKas4"
        (flow, data) = Home().receive(request(b"OPTIONS", b"sip:" + REGISTRAR, via), PEER)[0]
        self.assertEqual(message.parse(data).via.param(b"received"), b"2001:db8::9:1")
        self.assertEqual((flow.host, flow.port), ("2001:db8::9:1", 6050))

    def test_4_6_and_4_8_addresses_in_sdp_stay_as_they_are(self):
        more = (b"Content-Type: application/sdp", b"Contact: <sip:carol@[2001:db8::9:1]>")
        data = request(b"INVITE", b"sip:u@far.example", more=more, body=BODY)
        self.assertEqual(requests(trusting().receive(data, PEER))[0][1].body, BODY)

    def test_4_7_ipv4_and_ipv6_stand_side_by_side(self):
        more = (
            b"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKas6",
            b"Via: SIP/2.0/TCP [2001:db8::9:ffff]:5061;branch=z9hG4bKas7",
            b"Record-Route: <sip:[2001:db8::30];lr>, <sip:192.0.2.30;lr>",
            b"Contact: <sip:carol@192.0.2.1>",
        )
        went = requests(
            trusting().receive(request(b"INVITE", b"sip:u@far.example", more=more), PEER)
        )
        for line in more:
            self.assertIn(line, went[0][1].lines)

    def test_4_9_an_ipv4_mapped_address_is_the_same_in_both_spellings(self):
        one = uri.parse(b"sip:carol@[::ffff:192.0.2.10]:19823")
        self.assertTrue(uri.equivalent(one, uri.parse(b"sip:carol@[::ffff:c000:20A]:19823")))
        node = Home()
        node.register(b"alice", b"<sip:alice@[::ffff:192.0.2.10]>", PHONE)
        answer = node.register(b"alice", b"<sip:alice@[::FFFF:C000:20A]>", PHONE, 3)
        self.assertEqual(len(answer.addresses(b"contact")), 1)

    def test_4_10_the_grammar_is_that_of_rfc_3986(self):
        good = request(b"OPTIONS", b"sip:user@[2001:db8::192.0.2.1]")
        self.assertEqual(len(requests(trusting().receive(good, PEER))), 1)
        bad = request(b"OPTIONS", b"sip:user@[2001:db8:::192.0.2.1]")
        self.assertEqual(trusting().ask(bad, PEER).status, 400)


class Neighbours(unittest.TestCase):
    def test_an_ipv6_phone_is_not_taken_for_one_behind_nat(self):
        node = Home()
        node.register(b"alice", b"<sip:alice@[2001:db8::1]:5060>", PHONE)
        self.assertEqual(node.wait(120000), [])

    def test_received_is_not_written_where_via_tells_the_source(self):
        data = request(b"OPTIONS", b"sip:" + REGISTRAR, b"[2001:DB8:0::9:1];branch=z9hG4bKas3")
        self.assertIsNone(Home().ask(data, PEER).via.param(b"received"))

    def test_a_call_from_ipv4_to_ipv6_has_both_record_routes_in_brackets_where_needed(self):
        node = Home(TRUSTING.replace("2001:db8::/32", "198.51.100.0/24"))
        node.register(b"alice", b"<sip:alice@[2001:db8::1]>", PHONE)
        more = (b"Contact: <sip:carol@198.51.100.3>",)
        data = request(b"INVITE", b"sip:alice@example.com", b"198.51.100.3;branch=z9hG4bK1", more)
        flow, went = requests(node.receive(data, udp("198.51.100.3")))[0]
        hosts = [(one.uri.host, one.uri.param(b"lr")) for one in went.addresses(b"record-route")]
        self.assertEqual(flow.host, "2001:db8::1")
        self.assertEqual(hosts, [(b"[2001:db8::10]", b""), (b"192.0.2.200", b"")])

    def test_an_address_that_is_none_is_refused(self):
        wrong = (
            b"[::1 [] [:] [1:2:3] [1::2::3] [::12345] [::1.2.3] [1.2.3.4] [1.2.3.4::] [::g] [::1]x"
        )
        for host in wrong.split():
            with self.subTest(host=host):
                refused = first_response(
                    Home().receive(request(b"OPTIONS", b"sip:" + host), PEER), PEER
                )
                self.assertEqual(refused.status, 400)


if __name__ == "__main__":
    unittest.main()
