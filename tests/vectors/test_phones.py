"""The traps of real phones that concern a registrar or proxy, each with the bytes of phones.py.

Each test is named by phone and trap.
"""

import unittest

from bellhop.sip import message
from tests.vectors.home import (
    CONFIG,
    Home,
    authorization,
    first_response,
    lines,
    requests,
    tcp,
    udp,
    with_line,
)
from tests.vectors.phones import (
    ALICE,
    BOB,
    INSTANCE,
    OWN_ROUTE,
    SDP,
    UUID,
    answered,
    baresip,
    both,
    called,
    linphone,
    pjsua,
    prove,
    twinkle,
    within,
)


class Parsing(unittest.TestCase):
    def test_linphone_to_without_brackets_keeps_the_tag_out_of_the_uri(self):
        node = both()
        found = linphone(b"OPTIONS", b"sip:bob@example.com", b"sip:bob@example.com;x=1", b"20")
        self.assertEqual(message.parse(found).to.param(b"x"), b"1")
        self.assertEqual(node.ask(found, ALICE).status, 407)

    def test_pjsua_registers_with_bare_addresses_and_several_blanks(self):
        contact = b"Contact: <sip:alice@10.0.0.8:5080;ob>"
        request = pjsua(b"REGISTER", b"sip:example.com", b"1", (contact,))
        request = request.replace(b"To: sip:example.com", b"To: sip:alice@example.com")
        node = Home()
        refused = node.ask(request, ALICE)
        line = authorization(refused, b"alice", b"one", b"REGISTER", b"sip:example.com")
        line = line.replace(b"Authorization: Digest ", b"Authorization:  Digest   ")
        again = request.replace(b"alice1REGISTER", b"alice2REGISTER")
        answer = node.ask(with_line(again, line), ALICE)
        self.assertEqual(answer.status, 200)
        self.assertIn(b"<sip:alice@10.0.0.8:5080;ob>", answer.value(b"contact"))

    def test_twinkle_joins_several_vias_in_one_line(self):
        node, invite = called()
        ringing = message.response_to(invite, 180, to_tag=b"bobs")
        joined = b"Via: " + b", ".join(ringing.values(b"via"))
        ringing.remove(b"via")
        ringing.names.insert(0, b"via")
        ringing.lines.insert(0, joined)
        got = first_response(node.receive(ringing.write(), BOB), ALICE)
        self.assertEqual((got.status, len(got.items(b"via"))), (180, 1))

    def test_twinkle_joins_several_routes_in_one_line(self):
        node, invite = called()
        ok = answered(node, invite)
        bye = within(b"BYE", b"sip:bob-0x5640@198.51.100.2:40002", b"22", ok)
        bye = bye.replace(b"Route: ", b"Route: <sip:192.0.2.200;lr>, ", 1)
        went = requests(node.receive(bye, ALICE))[0][1]
        self.assertNotIn(b"route", went.names)

    def test_twinkle_compact_header_names(self):
        request = twinkle(b"OPTIONS", b"sip:bob@example.com", b"1")
        for name, letter in ((b"Via", b"v"), (b"From", b"f"), (b"To", b"t"), (b"Call-ID", b"i"),
                             (b"Content-Length", b"l")):  # fmt: skip
            request = request.replace(b"\r\n" + name + b":", b"\r\n" + letter + b":")
        self.assertEqual(both().ask(request, udp("198.51.100.1")).status, 407)

    def test_twinkle_via_without_port_is_answered_at_the_source_port(self):
        request = twinkle(b"OPTIONS", b"sip:192.0.2.200", b"1")
        (flow, data) = Home().receive(request, ALICE)[0]
        self.assertEqual((flow.host, flow.port), (ALICE.host, ALICE.port))
        self.assertEqual(message.parse(data).via.param(b"rport"), b"40001")

    def test_pjsua_alias_in_via_comes_back(self):
        flow = tcp("198.51.100.1", 51000, 7)
        request = pjsua(b"OPTIONS", b"sip:192.0.2.200", b"1", via=b"TCP 10.0.0.8:51000;alias")
        sent = Home().receive(request, flow)
        self.assertEqual(sent[0][0], flow)
        self.assertEqual(message.parse(sent[0][1]).via.param(b"alias"), b"")

    def test_sipsak_loopback_in_via_is_answered_at_the_source(self):
        request = twinkle(b"OPTIONS", b"sip:192.0.2.200", b"1").replace(
            b"UDP 198.51.100.1;", b"UDP 127.0.0.1:39421;"
        )
        self.assertEqual(Home().receive(request, ALICE)[0][0], ALICE)

    def test_baresip_transport_parameter_in_request_uri_and_to_is_no_part_of_the_name(self):
        node = Home()
        request = baresip(b"REGISTER", b"sip:example.com", b"1")
        # The digest is over the URI that the phone wrote, with its parameter.
        sent = prove(node, request, ALICE, b"sip:example.com;transport=udp",
                     number=(b"2f8c41d31", b"2f8c41d32"))  # fmt: skip
        self.assertEqual(message.parse(sent[0][1]).status, 200)
        node.register(b"bob", b"<sip:bob@198.51.100.2:40002>", BOB)
        invite = pjsua(b"INVITE", b"sip:alice@example.com;transport=udp", b"1", user=b"bob")
        went = requests(prove(node, invite, BOB, b"sip:alice@example.com;transport=udp", b"bob",
                              number=(b"bob1INVITE", b"bob2INVITE")))  # fmt: skip
        self.assertEqual(went[0][1].uri, b"sip:alice-0x55cdbce83c70@198.51.100.1:40001")

    def test_baresip_contact_that_is_not_the_account_reaches_the_phone_byte_for_byte(self):
        node, invite = called()
        ok = answered(node, invite)
        self.assertEqual(ok.value(b"contact"), b"<sip:bob-0x5640@198.51.100.2:40002>")
        target = b"sip:bob-0x5640@198.51.100.2:40002"
        flow, went = requests(node.receive(within(b"BYE", target, b"22", ok), ALICE))[0]
        self.assertEqual((flow, went.uri), (BOB, target))

    def test_sdp_of_all_phones_passes_byte_for_byte(self):
        node, invite = called()
        self.assertEqual(invite.body, SDP)
        self.assertEqual(answered(node, invite).body, SDP)

    def test_linphone_dtls_offer_without_fingerprint_reaches_the_callee_and_488_the_caller(self):
        offer = SDP.replace(b"RTP/AVP", b"UDP/TLS/RTP/SAVP")
        node, invite = called(body=offer)
        self.assertEqual(invite.body, offer)
        self.assertEqual(answered(node, invite, status=488, body=b"").status, 488)


class Registration(unittest.TestCase):
    def test_linphone_preset_route_is_taken_off(self):
        more = (OWN_ROUTE, b"Contact: <sip:alice@10.0.0.7:5060>" + INSTANCE, b"Expires: 600")
        request = linphone(b"REGISTER", b"sip:example.com", b"sip:alice@example.com", b"20", more)
        sent = prove(Home(), request, ALICE, b"sip:example.com", number=(b"STER20", b"STER21"))
        self.assertEqual(message.parse(sent[0][1]).status, 200)

    def test_all_phones_preset_route_with_lr_on_or_port_or_transport_is_taken_off(self):
        for route in (b"<sip:192.0.2.200;lr=on>", b"<sip:192.0.2.200:5060;transport=udp;lr>",
                      b"<sip:example.com;lr>", b"<sip:192.0.2.200>"):  # fmt: skip
            with self.subTest(route=route):
                node = both()
                more = (b"Route: " + route,)
                options = twinkle(b"MESSAGE", b"sip:bob@example.com", b"1", more)
                sent = prove(node, options, ALICE, b"sip:bob@example.com",
                             number=(b"mtwx1", b"mtwx2"))  # fmt: skip
                flow, went = requests(sent)[0]
                self.assertEqual(flow, BOB)
                self.assertNotIn(b"route", went.names)

    def test_lr_comes_back_as_lr_on(self):
        node, invite = called()
        ok = answered(node, invite)
        bye = within(b"BYE", b"sip:bob-0x5640@198.51.100.2:40002", b"22", ok, lr=b";lr=on")
        self.assertEqual(requests(node.receive(bye, ALICE))[0][0], BOB)

    def test_record_route_is_double_where_the_transport_changes(self):
        node = Home()
        stream = tcp("198.51.100.2", 50002, 9)
        node.register(b"bob", b"<sip:bob@10.0.0.9:50002;transport=tcp>", stream)
        node, invite = called(node)
        routes = [one.uri.param(b"transport") for one in invite.addresses(b"record-route")]
        self.assertEqual(routes, [b"tcp", None])

    def test_baresip_and_twinkle_get_one_challenge_with_md5(self):
        refused = Home().ask(baresip(b"REGISTER", b"sip:example.com", b"1"), ALICE)
        challenges = refused.values(b"www-authenticate")
        self.assertEqual(len(challenges), 1)
        self.assertIn(b"algorithm=MD5", challenges[0])
        self.assertIn(b'qop="auth"', challenges[0])

    def test_sha_256_is_asked_of_the_account_that_wants_it_and_of_no_other(self):
        text = CONFIG.replace(
            "option password two", "option password two\n option algorithm sha256"
        )
        node = Home(text)
        answer = node.register(b"alice", b"<sip:alice@198.51.100.1:40001>", ALICE)
        self.assertEqual(answer.status, 200)
        refused = node.ask(
            pjsua(b"REGISTER", b"sip:example.com", b"1", user=b"bob").replace(
                b"To: sip:example.com", b"To: sip:bob@example.com"
            ),
            BOB,
        )
        challenges = refused.values(b"www-authenticate")
        self.assertEqual(len(challenges), 1)
        self.assertIn(b"algorithm=SHA-256", challenges[0])
        self.assertEqual(node.register(b"bob", b"<sip:bob@198.51.100.2>", BOB, 5).status, 200)

    def test_baresip4_two_authorization_headers_are_both_read(self):
        node = Home()
        request = baresip(b"REGISTER", b"sip:example.com", b"1")
        refused = node.ask(request, ALICE)
        target = b"sip:example.com;transport=udp"
        good = authorization(refused, b"alice", b"one", b"REGISTER", target)
        other = good.replace(b"algorithm=MD5", b"algorithm=SHA-256")
        for first, second in ((good, other), (other, good)):
            with self.subTest(first=first):
                node = Home()
                node.ask(request, ALICE)
                again = request.replace(b"2f8c41d31", b"2f8c41d32")
                answer = node.ask(with_line(with_line(again, second), first), ALICE)
                self.assertEqual(answer.status, 200)

    def test_linphone_uses_one_nonce_again_with_a_higher_count(self):
        node = Home()
        request = baresip(b"REGISTER", b"sip:example.com", b"1")
        refused = node.ask(request, ALICE)
        for count in (1, 2, 3):
            number = str(10 + count).encode()
            proof = authorization(
                refused, b"alice", b"one", b"REGISTER", b"sip:example.com;transport=udp", count
            )
            request = baresip(b"REGISTER", b"sip:example.com", number, (proof,))
            self.assertEqual(node.ask(request, ALICE).status, 200)

    def test_linphone_contact_rewritten_to_received_is_the_same_device(self):
        for more in (b"", b";ob"):
            with self.subTest(more=more):
                node = Home()
                second = b"<sip:alice@198.51.100.1:40001" + more + b">"
                node.register(b"alice", b"<sip:alice@10.0.0.7:5060" + more + b">", ALICE)
                answer = node.register(b"alice", second, ALICE, 3)
                self.assertEqual(len(answer.addresses(b"contact")), 1)
                self.assertIn(second, answer.value(b"contact"))

    def test_pjsua_unknown_contact_parameters_come_back(self):
        value = b'<sip:alice@10.0.0.8:5080;ob>;reg-id=1;+sip.ice;methods="INVITE, ACK";+x=<1>'
        answer = Home().register(b"alice", value.replace(b";+x=<1>", b""), ALICE)
        self.assertIn(b'<sip:alice@10.0.0.8:5080;ob>;reg-id=1;+sip.ice;methods="INVITE, ACK"',
                      answer.value(b"contact"))  # fmt: skip

    def test_linphone_instance_replaces_the_binding_of_the_phone_before_its_restart(self):
        node = Home()
        node.register(b"alice", b"<sip:alice@10.0.0.7:5060>" + INSTANCE, ALICE)
        answer = node.register(
            b"alice", b"<sip:alice@10.0.0.7:33333>" + INSTANCE, udp("198.51.100.1", 33333), 3
        )
        self.assertEqual(len(answer.addresses(b"contact")), 1)

    def test_baresip_stale_binding_behind_nat_is_found_out_by_pings(self):
        node = Home()
        node.register(b"alice", b"<sip:alice-0x1@10.0.0.7:40001>", ALICE)
        ping = requests(node.wait(26000))[0][1]
        node.receive(message.response_to(ping, 200, to_tag=b"x").write(), ALICE)
        node.wait(300000)
        self.assertEqual(node.status()["registrations"], 0)

    def test_pjsua_alice_and_bob_with_the_same_instance_are_two(self):
        node = Home()
        node.register(b"alice", b"<sip:alice@10.0.0.8:5080>;reg-id=1" + INSTANCE, ALICE)
        node.register(b"bob", b"<sip:bob@10.0.0.8:5080>;reg-id=1" + INSTANCE, BOB)
        self.assertEqual(node.status()["registrations"], 2)

    def test_unregister_comes_with_expires_0_and_a_challenge(self):
        for contact, more in ((b"<sip:alice@198.51.100.1:40001>;expires=0", ()),
                              (b"<sip:alice@198.51.100.1:40001>", (b"Expires: 0",))):  # fmt: skip
            with self.subTest(contact=contact):
                node = both()
                answer = node.register(b"alice", contact, ALICE, 5, more)
                self.assertEqual((answer.status, answer.addresses(b"contact")), (200, []))
                self.assertEqual(node.status()["registrations"], 1)

    def test_linphone_gruu_is_offered_and_in_dialog_requests_to_it_find_the_one_device(self):
        node = both()
        more = (b"Supported: gruu, outbound",)
        answer = node.register(b"bob", b"<sip:bob@198.51.100.2:40002>" + INSTANCE, BOB, 11, more)
        node.register(b"bob", b"<sip:bob@198.51.100.3:40003>", udp("198.51.100.3", 40003), 21)
        gruu = b"sip:bob@example.com;gr=" + UUID
        found = [one.param(b"pub-gruu") for one in answer.addresses(b"contact")]
        self.assertIn(b'"' + gruu + b'"', found)
        node, invite = called(node)
        ok = answered(node, invite, contact=b"<" + gruu + b">")
        for method, number in ((b"ACK", b"21"), (b"INVITE", b"22"), (b"BYE", b"23")):
            with self.subTest(method=method):
                sent = requests(node.receive(within(method, gruu, number, ok), ALICE))
                self.assertEqual([flow for flow, _ in sent], [BOB])
                self.assertEqual(sent[0][1].method, method)


class Noise(unittest.TestCase):
    def test_linphone_publish_of_presence_is_refused_once_and_for_all(self):
        more = (b"Event: presence", b"Expires: 3600", b"Content-Type: application/pidf+xml")
        request = linphone(b"PUBLISH", b"sip:alice@example.com", b"<sip:alice@example.com>", b"20",
                           more, b"<presence/>")  # fmt: skip
        refused = both().ask(request, ALICE)
        self.assertEqual(refused.status, 489)
        self.assertIn(b"allow-events", refused.names)

    def test_twinkle_is_told_by_the_node_what_waits(self):
        more = (b"Event: message-summary", b"Contact: <sip:alice@198.51.100.1:40001>")
        request = twinkle(b"SUBSCRIBE", b"sip:alice@example.com", b"1", more)
        node = both()
        refused = node.receive(request, ALICE)
        self.assertEqual([data[:11] for _, data in refused], [b"SIP/2.0 407"])

    def test_pjsua_is_told_by_the_node_who_is_there(self):
        more = (b"Event: presence", b"Contact: <sip:alice@198.51.100.1:40001;ob>")
        request = pjsua(b"SUBSCRIBE", b"sip:bob@example.com", b"1", more)
        node = both()
        prove(node, request, ALICE, b"sip:bob@example.com",
              number=(b"alice1SUB", b"alice2SUB"))  # fmt: skip
        (told,) = requests(node.wait(200))
        self.assertEqual((told[0], told[1].method), (ALICE, b"NOTIFY"))
        self.assertIn(b"<basic>open</basic>", told[1].body)

    def test_baresip_subscribe_storm_is_bounded_and_bans_neither_register_nor_invite(self):
        node = Home(CONFIG.replace("minute 0", "minute 60"))
        answers = 0
        for number in range(5000):
            more = (b"Event: message-summary",)
            request = twinkle(b"SUBSCRIBE", b"sip:alice@example.com", str(number).encode(), more)
            answers += len(node.receive(request, ALICE))
        self.assertLess(answers, 100)
        self.assertEqual(
            node.register(b"alice", b"<sip:alice@198.51.100.1:40001>", ALICE).status, 200
        )
        node.register(b"bob", b"<sip:bob@198.51.100.2:40002>", BOB)
        self.assertEqual(called(node)[1].method, b"INVITE")

    def test_all_phones_options_to_the_node_is_answered_without_a_challenge(self):
        self.assertEqual(
            Home().ask(twinkle(b"OPTIONS", b"sip:example.com", b"1"), ALICE).status, 200
        )

    def test_keepalives_of_all_phones_are_taken_in_silence(self):
        node = Home()
        for data in (b"\r\n\r\n", b"\r\n", b"\0", b"\0\0\0\0", b""):
            self.assertEqual(node.receive(data, ALICE), [])
        self.assertEqual(node.engine.node.counters["malformed"], 0)

    def test_silent_phone_behind_nat_is_pinged(self):
        node = Home()
        node.register(b"alice", b"<sip:alice@10.0.0.7:40001>", ALICE)
        flow, ping = requests(node.wait(31000))[0]
        self.assertEqual((flow, ping.method), (ALICE, b"OPTIONS"))
        pong = message.response_to(ping, 200, to_tag=b"x")
        node.receive(pong.write(), ALICE)
        self.assertEqual(node.status()["registrations"], 1)


class Transport(unittest.TestCase):
    def test_pjsua_large_invite_comes_by_tcp_and_the_callees_bye_goes_by_udp(self):
        node = both()
        stream = tcp("198.51.100.1", 51000, 4)
        body = SDP + b"a=x-padding:" + b"p" * 1400 + b"\r\n"
        more = (b"Contact: <sip:alice@198.51.100.1:40001;ob>", b"Content-Type: application/sdp")
        invite = pjsua(b"INVITE", b"sip:bob@example.com", b"1", more, body,
                       b"TCP 198.51.100.1:51000;alias")  # fmt: skip
        sent = prove(node, invite, stream, b"sip:bob@example.com",
                     number=(b"alice1INVITE", b"alice2INVITE"))  # fmt: skip
        flow, went = requests(sent)[0]
        self.assertEqual((flow, went.body), (tcp("198.51.100.2", 40002, 0), body))
        sent = node.perform(node.engine.flow_failed(flow, "no TCP there", node.now))
        flow, went = requests(sent)[0]
        self.assertEqual((flow, went.body), (BOB, body))
        ok = message.response_to(went, 200, to_tag=b"bobs")
        ok.insert(b"contact", b"Contact: <sip:bob-0x5640@198.51.100.2:40002>")
        self.assertEqual(node.receive(ok.write(), BOB)[0][0], stream)
        routes = tuple([b"Route: " + one for one in went.values(b"record-route")])
        bye = lines(
            b"BYE sip:alice@198.51.100.1:40001;ob SIP/2.0",
            b"Via: SIP/2.0/UDP 198.51.100.2:40002;branch=z9hG4bKbye;rport",
            b"Max-Forwards: 70",
            *routes,
            b"From: <sip:bob@example.com>;tag=bobs",
            b"To: <sip:alice@example.com>;tag=c8Gb8x0c-Kf4",
            b"Call-ID: Qm0z2bLkD7vM3alice",
            b"CSeq: 1 BYE",
            b"Content-Length: 0",
            b"",
        )
        flow, went = requests(node.receive(bye, BOB))[0]
        self.assertEqual(flow.host, "198.51.100.1")
        self.assertEqual(went.uri, b"sip:alice@198.51.100.1:40001;ob")
        self.assertEqual(flow.transport, "udp")

    def test_baresip_and_linphone_datagrams_far_beyond_the_mtu_are_read(self):
        body = SDP + b"a=x-padding:" + b"p" * 40000 + b"\r\n"
        self.assertEqual(called(body=body)[1].body, body)


class Dialogs(unittest.TestCase):
    def talk(self):
        """Return (node, 200 OK) of a call that stands."""
        node, invite = called()
        ok = answered(node, invite)
        sent = requests(node.receive(within(b"ACK", self.bob, b"21", ok), ALICE))
        self.assertEqual([flow for flow, _ in sent], [BOB])
        return node, ok

    bob = b"sip:bob-0x5640@198.51.100.2:40002"

    def test_pjsua_re_invite_40_ms_after_the_answer_is_relayed_at_once(self):
        node, ok = self.talk()
        node.wait(40)
        more = (b"Content-Type: application/sdp", b"Contact: <sip:alice@198.51.100.1:40001>")
        again = within(b"INVITE", self.bob, b"22", ok, more, SDP.replace(b"sendonly", b"sendrecv"))
        flow, went = requests(node.receive(again, ALICE))[0]
        self.assertEqual(flow, BOB)
        glare = message.response_to(went, 491, to_tag=b"bobs")
        got = first_response(node.receive(glare.write(), BOB), ALICE)
        self.assertEqual(got.status, 491)
        self.assertEqual(node.status()["live_calls"], 1)

    def test_methods_of_all_phones_pass_within_a_dialog_without_a_challenge(self):
        node, ok = self.talk()
        for number, method in enumerate((b"PRACK", b"UPDATE", b"INFO", b"REFER", b"NOTIFY",
                                         b"MESSAGE", b"SUBSCRIBE", b"BYE")):  # fmt: skip
            with self.subTest(method=method):
                more = (b"RAck: 1 21 INVITE", b"Session-Expires: 1800;refresher=uac", b"Min-SE: 90",
                        b"Refer-To: <sip:carol@example.com?Replaces=a%3Bto-tag%3Db>",
                        b"Event: refer")  # fmt: skip
                data = within(method, self.bob, str(30 + number).encode(), ok, more)
                flow, went = requests(node.receive(data, ALICE))[0]
                self.assertEqual(flow, BOB)
                for line in more:
                    self.assertIn(line, went.lines)

    def test_pjsua_session_timer_and_100rel_of_an_invite_pass(self):
        more = (b"Supported: 100rel, timer", b"Session-Expires: 1800", b"Min-SE: 90",
                b"Require: 100rel")  # fmt: skip
        _, invite = called(more=more)
        for line in more:
            self.assertIn(line, invite.lines)

    def test_a_phone_that_holds_one_call_dials_another(self):
        node, _ = self.talk()
        second = linphone(b"INVITE", b"sip:bob@example.com", b"<sip:bob@example.com>", b"20")
        second = second.replace(b"8Xy3V-kTbu", b"another-call").replace(b"INVITE20", b"INVITE50")
        sent = prove(node, second, ALICE, b"sip:bob@example.com", number=(b"INVITE50", b"INVITE51"))
        self.assertEqual(requests(sent)[0][0], BOB)

    def test_an_invite_with_replaces_reaches_the_device_that_has_the_call(self):
        node, _ = self.talk()
        node.register(b"bob", b"<sip:bob@198.51.100.3:40003>", udp("198.51.100.3", 40003), 21)
        line = b"Replaces: 8Xy3V-kTbu;to-tag=bobs;from-tag=rX-3kqYwz"
        request = linphone(b"INVITE", b"sip:bob@example.com", b"<sip:bob@example.com>", b"20",
                           (line, b"Require: replaces"))  # fmt: skip
        request = request.replace(b"8Xy3V-kTbu\r\nMax", b"transfer\r\nMax")
        request = request.replace(b"INVITE20", b"INVITE60")
        sent = prove(
            node, request, ALICE, b"sip:bob@example.com", number=(b"INVITE60", b"INVITE61")
        )
        self.assertIn(BOB, [flow for flow, _ in requests(sent)])


if __name__ == "__main__":
    unittest.main()
