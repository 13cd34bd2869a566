"""RFC 4475: each torture message through a whole node, as the home of its users and in passing."""

import os
import unittest

from bellhop.errors import SipError
from bellhop.sip import message
from bellhop.sip.framing import Framer
from tests.vectors import home as homes
from tests.vectors.home import Home, authorization, first_response, requests, udp, with_line

FORWARDED, DROPPED = "forwarded", "dropped"

# file, section of RFC 4475, what the home of example.com does, what a node does that the message
# only passes, and why. A number is the status of the refusal or answer. A REGISTER reaches its
# home with the right password, but for regaut01.
TABLE = (
    ("wsinv", "3.1.1.1", FORWARDED, FORWARDED, "folding, blanks, compact forms: all legal"),
    ("intmeth", "3.1.1.2", 404, FORWARDED, "any token is a method; nobody here has that name"),
    ("esc01", "3.1.1.3", FORWARDED, FORWARDED, "the escaped user part is no sips URI: not ours"),
    ("escnull", "3.1.1.4", 404, FORWARDED, "%00 is a letter like others; no such user here"),
    ("esc02", "3.1.1.5", FORWARDED, FORWARDED, "escapes mean nothing in a method: not REGISTER"),
    ("lwsdisp", "3.1.1.6", FORWARDED, FORWARDED, "no blank is needed before <"),
    ("longreq", "3.1.1.7", FORWARDED, FORWARDED, "long values are legal"),
    ("dblreq", "3.1.1.8", 200, FORWARDED, "octets behind the body are ignored"),
    ("semiuri", "3.1.1.9", 404, FORWARDED, "the semicolon belongs to the user part: not 'user'"),
    ("transports", "3.1.1.10", FORWARDED, FORWARDED, "any token is a transport in Via"),
    ("mpart01", "3.1.1.11", FORWARDED, FORWARDED, "the body is opaque octets"),
    ("unreason", "3.1.1.12", DROPPED, DROPPED, "no request of ours has that branch"),
    ("noreason", "3.1.1.13", DROPPED, DROPPED, "no request of ours has that branch"),
    ("badinv01", "3.1.2.1", 400, 400, "empty parameters in Via and Contact"),
    ("clerr", "3.1.2.2", 400, 400, "Content-Length beyond the datagram"),
    ("ncl", "3.1.2.3", 400, 400, "negative Content-Length"),
    ("scalar02", "3.1.2.4", 400, 400, "CSeq beyond 2**31"),
    ("scalarlg", "3.1.2.5", DROPPED, DROPPED, "a response with a CSeq beyond 2**31"),
    ("quotbal", "3.1.2.6", 400, 400, "a quoted string does not end"),
    ("ltgtruri", "3.1.2.7", 400, 400, "angle brackets around the Request-URI"),
    ("lwsruri", "3.1.2.8", 400, 400, "a blank in the Request-URI"),
    ("lwsstart", "3.1.2.9", 400, 400, "two blanks in the request line"),
    ("trws", "3.1.2.10", 400, 400, "blanks behind the request line"),
    ("escruri", "3.1.2.11", 400, 400, "header fields in the Request-URI must not be passed on"),
    ("baddate", "3.1.2.12", FORWARDED, FORWARDED, "Date is not for the proxy to judge"),
    (
        "regbadct",
        "3.1.2.13",
        400,
        FORWARDED,
        "a question mark in a bare Contact; no proxy reads it",
    ),
    ("badaspec", "3.1.2.14", 400, 400, "blanks within <> in To"),
    ("baddn", "3.1.2.15", 400, 400, "a comma in a display name without quotes"),
    ("badvers", "3.1.2.16", 505, 505, "SIP/7.0"),
    ("mismatch01", "3.1.2.17", 400, 400, "CSeq names another method"),
    ("mismatch02", "3.1.2.18", 400, 400, "CSeq names another method than the unknown one"),
    ("bigcode", "3.1.2.19", DROPPED, DROPPED, "a status beyond 699"),
    ("badbranch", "3.2.1", FORWARDED, FORWARDED, "a bare magic cookie counts as no branch"),
    ("insuf", "3.3.1", 400, 400, "Call-ID, From and To are missing"),
    ("unkscm", "3.3.2", 416, 416, "a scheme that nobody knows"),
    ("novelsc", "3.3.3", 416, 416, "a scheme that is known and not for SIP"),
    ("unksm2", "3.3.4", 404, FORWARDED, "To is no address-of-record of ours: RFC 3261 10.3.5"),
    ("bext01", "3.3.5", 420, 420, "Proxy-Require names what no proxy here knows"),
    ("invut", "3.3.6", FORWARDED, FORWARDED, "Content-Type is for the phone to judge"),
    ("regaut01", "3.3.7", 401, FORWARDED, "an unknown scheme of credentials counts as none"),
    ("multi01", "3.3.8", 400, 400, "Call-ID, CSeq, From, To and Max-Forwards stand twice"),
    ("mcl01", "3.3.9", 400, 400, "two different Content-Length"),
    ("bcast", "3.3.10", DROPPED, DROPPED, "a response must never reach the broadcast address"),
    ("zeromf", "3.3.11", 483, 483, "Max-Forwards is used up"),
    ("cparam01", "3.3.12", 200, FORWARDED, "the parameter belongs to the header field"),
    ("cparam02", "3.3.13", 200, FORWARDED, "the parameter belongs to the URI"),
    ("regescrt", "3.3.14", 200, FORWARDED, "a contact may hold header fields within <>"),
    ("sdp01", "3.3.15", FORWARDED, FORWARDED, "Accept is for the phone to judge"),
    ("inv2543", "3.4.1", FORWARDED, FORWARDED, "an INVITE of RFC 2543 has no branch and no tag"),
)

# The torture messages speak of some users of example.com, example.org and company.com; here all
# are one. What comes from the test network is trusted, as an owner may trust his.
HOME = """
config node
    option domain example.com
    list alias_domain example.org
    list alias_domain company.com
    option stranger_requests_per_minute 0
    list trusted 192.0.2.0/24
config user user
    option password secret
    list alias j.user
    list alias joe
    list alias kumiko
    list alias remote-target
    list alias t.watson
    list alias userb
    list alias watson
"""
PASSING = """
config node
    option domain passing.invalid
    list trusted 192.0.2.0/24
"""
PEER = udp("192.0.2.1")
PHONE = udp("198.51.100.7")
# Fields that a proxy writes itself (RFC 3261 section 16.6).
WRITTEN = (b"via", b"max-forwards", b"record-route", b"route", b"max-breadth")


def folder():
    """Return where the messages are, or None: $BELLHOP_SHARED, or `shared` beside the clone."""
    beside = __file__[: __file__.find("tests/vectors/")] + "../shared"
    for place in (os.getenv("BELLHOP_SHARED"), beside):
        if place:
            try:
                os.stat(place + "/torture/rfc4475")
                return place + "/torture/rfc4475"
            except OSError:
                pass
    return None


FOLDER = folder()
ABSENT = "the messages of RFC 4475 are not here; $BELLHOP_SHARED may name their folder"


def torture(name):
    """Return the bytes of one message."""
    with open(FOLDER + "/" + name + ".dat", "rb") as file:
        return file.read()


def home():
    """Return the node that serves the users, one phone registered."""
    homes.PASSWORDS[b"user"] = b"secret"
    node = Home(HOME)
    node.register(b"user", b"<sip:user@198.51.100.7>", PHONE)
    return node


def with_password(node, data):
    """Return a REGISTER with the credentials that the node wants."""
    refused = node.ask(homes.register_request(b"user", None, 90), PEER)
    proof = authorization(refused, b"user", b"secret", b"REGISTER", b"sip:example.com")
    return with_line(data, proof)


def state(sent):
    """Return what became of a message: FORWARDED, DROPPED, or the status of the answer."""
    if not sent:
        return DROPPED
    if requests(sent):
        return FORWARDED
    return int(sent[0][1][8:11])


@unittest.skipIf(FOLDER is None, ABSENT)
class Rfc4475(unittest.TestCase):
    def test_every_message_behaves_at_home_as_the_table_says(self):
        for name, section, expected, _, why in TABLE:
            with self.subTest(name=name, section=section, why=why):
                node = home()
                data = torture(name)
                if data[:9] == b"REGISTER " and name != "regaut01":
                    data = with_password(node, data)
                self.assertEqual(state(node.receive(data, PEER)), expected)

    def test_every_message_behaves_in_passing_as_the_table_says(self):
        for name, section, _, expected, why in TABLE:
            with self.subTest(name=name, section=section, why=why):
                self.assertEqual(state(Home(PASSING).receive(torture(name), PEER)), expected)

    def test_the_table_has_every_message(self):
        self.assertEqual(len({row[0] for row in TABLE}), 49)
        self.assertEqual(
            sorted([row[0] + ".dat" for row in TABLE]),
            sorted([name for name in os.listdir(FOLDER) if name.endswith(".dat")]),
        )

    def test_what_passes_keeps_every_octet_that_is_not_the_proxys(self):
        for name, section, _, expected, _ in TABLE:
            if expected != FORWARDED:
                continue
            with self.subTest(name=name, section=section):
                came = message.parse(torture(name))
                came.measure()  # A datagram may come without length, a stream would not bear it.
                (_, went) = requests(Home(PASSING).receive(torture(name), PEER))[0]
                self.assertEqual(went.method, came.method)
                self.assertEqual(went.body, came.body)
                self.assertEqual(kept(went), kept(came))
                self.assertEqual(len(went.items(b"via")), len(came.items(b"via")) + 1)
                if name != "mpart01":  # Its Route is strict and takes the Request-URI's place.
                    self.assertEqual(went.uri, came.uri)

    def test_no_message_breaks_a_node_that_trusts_nobody(self):
        for row in TABLE:
            for flow in (PEER, PHONE):
                node = Home()
                node.receive(torture(row[0]), flow)
                self.assertEqual(node.status()["live_calls"], 0)


def kept(parsed):
    """Return the header lines that a proxy must leave alone."""
    return [line for name, line in zip(parsed.names, parsed.lines) if name not in WRITTEN]


def proceed(node, start):
    """Return what the caller gets when the phone answers a call with the first line `start`."""
    call = torture("sdp01")
    _, went = requests(node.receive(call, PEER))[0]
    answer = message.response_to(went, 200, to_tag=b"callee").write()
    return first_response(node.receive(start + answer[answer.find(b"\r\n") :], PHONE), PEER)


@unittest.skipIf(FOLDER is None, ABSENT)
class Details(unittest.TestCase):
    def test_wsinv_a_second_tag_is_never_added(self):
        node = Home(PASSING)
        data = torture("wsinv").replace(b"MaX-fOrWaRdS: 0068", b"MaX-fOrWaRdS: 0")
        refused = first_response(node.receive(data, PEER), PEER)
        self.assertEqual(refused.status, 483)
        self.assertEqual(refused.to.params, [(b"tag", b"1918181833n")])

    def test_escnull_contacts_of_one_and_two_nulls_are_two_devices(self):
        node = home()
        more = (b"Contact: <sip:%00%00@host5.example.com>",)
        answer = node.register(b"user", b"<sip:%00@host5.example.com>", PHONE, 7, more)
        contacts = [one.uri_bytes for one in answer.addresses(b"contact")]
        self.assertIn(b"sip:%00@host5.example.com", contacts)
        self.assertIn(b"sip:%00%00@host5.example.com", contacts)

    def test_dblreq_the_second_request_is_not_read(self):
        node = home()
        sent = node.receive(with_password(node, torture("dblreq")), PEER)
        self.assertEqual(len(sent), 1)
        self.assertEqual(node.status()["live_calls"], 0)

    def test_cparam01_the_parameter_comes_back_outside_the_brackets(self):
        self.assertIn(b"<sip:+19725552222@gw1.example.net>;unknownparam;", self.answer("cparam01"))

    def test_cparam02_the_parameter_comes_back_inside_the_brackets(self):
        self.assertIn(b"<sip:+19725552222@gw1.example.net;unknownparam>;", self.answer("cparam02"))

    def answer(self, name):
        node = home()
        return first_response(node.receive(with_password(node, torture(name)), PEER), PEER).write()

    def test_regescrt_the_contact_is_kept_and_its_headers_reach_no_request_uri(self):
        node = home()
        data = with_password(node, torture("regescrt"))
        answer = first_response(node.receive(data, PEER), PEER).write()
        self.assertIn(b"<sip:user@example.com?Route=%3Csip:sip.example.com%3E>", answer)
        for _, went in requests(node.receive(torture("sdp01"), PEER)):
            self.assertNotIn(b"?", went.uri)
            self.assertNotIn(b"route", went.names)

    def test_bext01_names_exactly_the_tags_of_proxy_require(self):
        refused = first_response(home().receive(torture("bext01"), PEER), PEER)
        unknown = [b"noproxiessupportthis", b"nordoanyproxiessupportthis"]
        self.assertEqual(refused.tokens(b"unsupported"), unknown)

    def test_badbranch_two_requests_with_a_bare_cookie_are_two(self):
        node = home()
        first, second = torture("badbranch"), torture("badbranch").replace(b"sadonfo", b"another")
        self.assertEqual(len(requests(node.receive(first, PEER))), 1)
        self.assertEqual(len(requests(node.receive(second, PEER))), 1)
        self.assertEqual(requests(node.receive(first, PEER)), [])

    def test_inv2543_a_retransmission_without_branch_is_absorbed(self):
        node = home()
        self.assertEqual(len(requests(node.receive(torture("inv2543"), PEER))), 1)
        self.assertEqual(requests(node.receive(torture("inv2543"), PEER)), [])

    def test_unreason_the_reason_phrase_goes_to_the_caller_unchanged(self):
        start = torture("unreason").split(b"\r\n")[0]
        went = proceed(home(), start)
        self.assertEqual((went.status, went.reason), (200, start[12:]))

    def test_noreason_an_empty_reason_phrase_goes_to_the_caller(self):
        went = proceed(home(), b"SIP/2.0 180 ")
        self.assertEqual((went.status, went.reason), (180, b""))

    def test_noreason_100_without_a_reason_phrase_is_absorbed(self):
        self.assertIsNone(proceed(home(), torture("noreason").split(b"\r\n")[0]))

    def test_bigcode_answers_nothing(self):
        self.assertIsNone(proceed(home(), torture("bigcode").split(b"\r\n")[0]))

    def test_mcl01_ends_a_stream(self):
        with self.assertRaises(SipError):
            Framer().feed(torture("mcl01"))


if __name__ == "__main__":
    unittest.main()
