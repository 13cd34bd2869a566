"""Two houses of one domain: what of a message leaves, what phones are shown, where answers go."""

import unittest

from bellhop.features.mesh import scrub
from bellhop.sip import message
from tests.unit.features.mesh.test_member import CALLER, line_of_three, lines, register

CAROL = "10.0.9.3"
CANARY = "canary"
# Fields and lines of a description that would tell who, where and with what somebody calls.
TELLTALES = (
    "User-Agent: canary", "Server: canary", "Subject: canary", "Organization: canary",
    "Call-Info: <http://canary/>", "Alert-Info: <http://canary/>", "Warning: 399 canary \"canary\"",
    "Reason: Q.850;cause=16;text=\"canary\"", "Date: canary", "X-Canary: canary",
    "P-Access-Network-Info: canary", "P-Preferred-Identity: <sip:canary@canary>", "Via-Canary: 1",
    "Remote-Party-ID: <sip:canary@canary>", "Error-Info: <sip:canary>", "In-Reply-To: canary",
    "Supported: replaces, canary", "Allow: INVITE, CANARY", "Accept-Language: canary",
)  # fmt: skip
SDP = (
    "v=0", "o=canary 1 1 IN IP4 10.0.0.77", "s=canary", "i=canary", "u=http://canary/",
    "e=canary@canary", "p=+1 canary", "c=IN IP4 10.0.0.78", "k=clear:canary", "t=0 0",
    "a=tool:canary", "m=audio 4000 RTP/AVP 0", "i=canary", "a=rtpmap:0 PCMU/8000",
    "a=candidate:1 1 UDP 1 10.0.0.79 1 typ host canary", "a=x-canary:1", "a=sendrecv", "",
)  # fmt: skip


def ask(method, target, *extra, body="", cseq=1, call_id="call-1", to="", kind="application/sdp"):
    """Return a request of alice's phone."""
    more = ["Content-Type: " + kind] if body else []
    head = lines(
        "%s %s SIP/2.0" % (method, target),
        "Via: SIP/2.0/UDP %s;branch=z9hG4bK%s%d;rport" % (CALLER, call_id, cseq)
        + ("" if method in ("INVITE", "CANCEL") else method),
        'From: "Alice" <sip:alice@home.test>;tag=canary-a',
        "To: <%s>%s" % (target, to),
        "Call-ID: " + call_id,
        "CSeq: %d %s" % (cseq, method),
        "Contact: <sip:alice@%s>" % CALLER,
        "Max-Forwards: 70",
        *(list(extra) + more + ["Content-Length: %d" % len(body)]),
    )
    return head + body.encode()


class CircuitsTest(unittest.TestCase):
    def setUp(self):
        self.town, self.barn, self.mill, self.farm = line_of_three()
        register(self.barn, "alice", CALLER)
        register(self.farm, "carol", CAROL)
        self.town.advance(6000)
        self.said = []
        for house in (self.barn, self.farm):
            mesh = house.engine.features["mesh"].mesh
            mesh.call, mesh.say = self.spy(mesh.call, 1), self.spy(mesh.say, 1)

    def spy(self, method, at):
        """Return a method that notes what is said between the houses."""

        def noted(*arguments):
            self.said.append(arguments[at])
            return method(*arguments)

        return noted

    def heard(self, house, host, method):
        """Return the last request or the last response to a method that a phone got."""
        found = []
        for one in house.to_phone(host):
            is_request = getattr(one, "method", None) == method
            is_answer = not hasattr(one, "method") and one.cseq[1] == method and one.status > 100
            if is_request or is_answer:
                found.append(one)
        return found[-1] if found else None

    def answer(self, asked, status, *extra, body="", tag=b"c", host=CAROL):
        response = message.response_to(asked, status, None, (), tag)
        made = [line.encode() for line in extra]
        contact = [b"Contact: <sip:carol@%s:5060>" % host.encode()]
        if body:
            made.append(b"Content-Type: application/sdp")
        text = b"\r\n".join(
            [b"SIP/2.0 %d x" % status]
            + [one for one in response.lines if not one.lower().startswith(b"content-length")]
            + asked.lines[asked.names.index(b"via") : 0] + contact + made
            + [b"Content-Length: %d" % len(body)]
        )  # fmt: skip
        self.farm.receive(text + b"\r\n\r\n" + body.encode(), host)

    def connect(self, target="sip:carol@home.test", body=""):
        """Bring a call up; return (carol's INVITE, alice's 200)."""
        self.barn.receive(ask("INVITE", target, body=body), CALLER)
        invite = self.heard(self.farm, CAROL, b"INVITE")
        self.answer(invite, 200)
        done = self.heard(self.barn, CALLER, b"INVITE")
        to = ";tag=" + done.to.tag.decode()
        contact = done.contacts[0].uri_bytes.decode()
        self.barn.receive(ask("ACK", contact, *self.route(done), to=to), CALLER)
        return invite, done

    def route(self, answer):
        """Return the Route of the caller's requests inside the dialog that an answer began."""
        return [b"Route: ".decode() + one.decode() for one in answer.items(b"record-route")[::-1]]

    def test_the_owners_at_both_ends_see_by_which_node_a_call_goes(self):
        self.connect()
        for house in (self.barn, self.farm):
            (call,) = house.engine.answer("calls", {}, self.town.now)[0]["calls"]
            self.assertEqual((call["through"], call["is_sound_through"]), (["mill"], False))

    def test_a_call_inside_the_house_goes_by_no_other(self):
        register(self.barn, "alice", CAROL)
        self.barn.receive(ask("INVITE", "sip:alice@home.test"), CALLER)
        for call in self.barn.engine.answer("calls", {}, self.town.now)[0]["calls"]:
            self.assertEqual((call["through"], call["is_sound_through"]), ([], False))

    def test_nothing_of_a_phone_leaves_the_house_that_is_not_listed(self):
        body = "\r\n".join(SDP)
        self.barn.receive(ask("INVITE", "sip:carol@home.test", *TELLTALES, body=body), CALLER)
        invite = self.heard(self.farm, CAROL, b"INVITE")
        self.answer(invite, 200, *TELLTALES, body=body, tag=b"canary-c")
        self.assertEqual(len(self.said), 2)
        for octets in self.said:
            self.assertNotIn(CANARY.encode(), octets.lower())
            for place in (b"10.0.0.77", b"10.0.0.79", CALLER.encode(), b"call-1"):
                self.assertNotIn(place, octets)
            self.assertIn(b"a=rtpmap:0 PCMU/8000\r\na=sendrecv", octets)
        done = self.heard(self.barn, CALLER, b"INVITE")
        self.assertEqual((done.status, done.call_id, done.from_.tag), (200, b"call-1", b"canary-a"))

    def test_what_comes_from_another_house_is_cut_to_the_list_too(self):
        member = self.barn.engine.features["mesh"]
        node = self.farm.engine.features["mesh"].mesh.id
        forged = ask("INVITE", "sip:carol@" + self.farm.key(), *TELLTALES, "Route: <sip:canary;lr>",
                     "Record-Route: <sip:canary;lr>", body="\r\n".join(SDP))  # fmt: skip
        effects = member.mesh.call(node, forged, self.town.now)[1]
        self.barn.perform(member.carry_out(effects, self.town.now))
        invite = self.heard(self.farm, CAROL, b"INVITE")
        told = b"\r\n".join(invite.lines[invite.names.index(b"from") :]) + invite.body
        self.assertNotIn(CANARY.encode(), told.replace(b"canary-a", b""))

    def test_the_called_phone_calls_back_and_reaches_the_caller_and_no_namesake(self):
        self.farm.engine.node.settings.names[b"alice"] = self.farm.engine.node.settings.users[
            "carol"
        ]
        invite, _ = self.connect()
        shown = invite.from_
        self.assertEqual(shown.display, b'"Alice (barn)"')
        self.assertEqual(invite.contacts[0].uri_bytes, shown.uri_bytes)
        self.assertEqual(shown.uri.host, b"home.test")
        self.barn.phones, self.farm.phones = [], []
        redial = ask("INVITE", shown.uri_bytes.decode(), call_id="back")
        redial = redial.replace(b"sip:alice@home.test", b"sip:carol@home.test")
        self.farm.receive(redial.replace(CALLER.encode(), CAROL.encode()), CAROL)
        self.assertIsNotNone(self.heard(self.barn, CALLER, b"INVITE"))
        self.assertEqual(self.heard(self.farm, CAROL, b"INVITE"), None)

    def test_both_hang_up_by_the_dialog_and_after_a_long_silence(self):
        for silence in (0, 400000):
            self.setUp()
            invite, done = self.connect()
            self.town.advance(silence)
            to = ";tag=" + done.to.tag.decode()
            target = done.contacts[0].uri_bytes.decode()
            self.barn.receive(ask("BYE", target, *self.route(done), to=to, cseq=2), CALLER)
            bye = self.heard(self.farm, CAROL, b"BYE")
            self.assertEqual(bye.uri, b"sip:carol@10.0.9.3:5060")
            self.assertEqual((bye.call_id, bye.to.tag), (invite.call_id, b"c"))
            self.answer(bye, 200)
            self.assertEqual(self.heard(self.barn, CALLER, b"BYE").status, 200)

    def test_a_caller_who_gives_up_is_not_heard_any_more(self):
        self.barn.receive(ask("INVITE", "sip:carol@home.test"), CALLER)
        invite = self.heard(self.farm, CAROL, b"INVITE")
        self.answer(invite, 180)
        self.barn.receive(ask("CANCEL", "sip:carol@home.test"), CALLER)
        self.assertIsNotNone(self.heard(self.farm, CAROL, b"CANCEL"))
        self.answer(invite, 487)
        self.assertEqual(self.heard(self.barn, CALLER, b"INVITE").status, 487)

    def test_a_way_that_is_lost_ends_what_waits(self):
        self.barn.receive(ask("INVITE", "sip:carol@home.test"), CALLER)
        self.answer(self.heard(self.farm, CAROL, b"INVITE"), 180)
        self.town.cables.clear()
        self.town.advance(60000)
        self.assertEqual(self.heard(self.barn, CALLER, b"INVITE").status, 480)
        self.assertIsNotNone(self.heard(self.farm, CAROL, b"CANCEL"))

    def test_addresses_and_dialogs_that_are_named_fit_the_other_house(self):
        invite, done = self.connect()
        named = "call-1%3Bto-tag%3D" + done.to.tag.decode() + "%3Bfrom-tag%3Dcanary-a"
        to = ";tag=" + done.to.tag.decode()
        for refer, there in (
            ("sip:alice@home.test", b"<sip:alice@" + self.barn.key().encode() + b">"),
            ("sip:201@home.test", b"<sip:alice@" + self.barn.key().encode() + b">"),
            ("sip:ben@home.test", b"<sip:ben@" + self.mill.key().encode() + b">"),
            ("sip:carol@home.test", b"<sip:carol@home.test>"),
            ("sip:x@far.test", b"<sip:x@far.test>"),
        ):
            self.farm.phones = []
            target = done.contacts[0].uri_bytes.decode()
            cseq = len(self.said) + 10
            line = "Refer-To: <%s>" % refer
            request = ask("REFER", target, *self.route(done), line, to=to, cseq=cseq)
            self.barn.receive(request, CALLER)
            self.assertEqual(self.heard(self.farm, CAROL, b"REFER").value(b"refer-to"), there)
        line = "Refer-To: <sip:carol@home.test?Replaces=%s>" % named
        self.barn.receive(ask("REFER", target, *self.route(done), line, to=to, cseq=99), CALLER)
        value = self.heard(self.farm, CAROL, b"REFER").value(b"refer-to")
        from_tag = invite.from_.tag
        self.assertIn(
            b"?Replaces=" + invite.call_id + b"%3Bto-tag%3Dc%3Bfrom-tag%3D" + from_tag, value
        )


class ScrubTest(unittest.TestCase):
    def test_escapes_that_are_none_name_no_dialog(self):
        circuits = line_of_three()[1].engine.features["mesh"].circuits
        for value in (b"%zz", b"a%", b"%"):
            header = circuits._header(b"Replaces=" + value, circuits._inward)
            self.assertEqual(header, b"Replaces=")

    def test_streams_on_this_machine_are_led_to_the_ports_of_a_circuit(self):
        body = b"v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 0\r\na=rtcp:4009\r\na=x\r\n"
        body += b"m=video 0 RTP/AVP 31\r\nm=video 4100 RTP/AVP 31\r\n"
        made = message.Request(b"INVITE", b"sip:a", [], [], body)
        self.assertEqual(scrub.ports(made), (4000, 4009, 0, 0))
        for number in (5000 * b"9", b"99999", b"-1", b""):
            made.body = body.replace(b"4009", number)
            self.assertEqual(scrub.ports(made), (4000, 4001, 0, 0))
        led = scrub.redirected(body, (1, 2, 3, 4)).split(b"\r\n")
        self.assertEqual(
            led,
            [b"v=0", b"c=IN IP4 127.0.0.1", b"m=audio 1 RTP/AVP 0", b"a=x", b"a=rtcp:2",
             b"m=video 0 RTP/AVP 31", b"a=rtcp:4", b"m=video 0 RTP/AVP 31", b""],
        )  # fmt: skip
        elsewhere = body.replace(b"127.0.0.1", b"10.0.0.1")
        self.assertEqual(scrub.redirected(elsewhere, (1, 2)), elsewhere)


if __name__ == "__main__":
    unittest.main()
