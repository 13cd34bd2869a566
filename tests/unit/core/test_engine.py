"""The engine: hostile input, devices, restart, reload, time.

Who is let in is in test_admission.py, whole calls are in tests/flows.
"""

import json
import unittest

from bellhop.effects import Send, Store
from bellhop.limits import MAX_DATAGRAM_BYTES
from bellhop.sip import message, stun
from bellhop.tu import proxy
from tests.support.exchange import START, Exchange, Phone, register, telephone
from tests.support.messages import LISTENERS, flow, request, settings

STRANGER = flow("203.0.113.7")
TRUSTED = "list trusted 10.0.0.0/24\n"


def statuses(sends):
    """Return the status codes of Send effects."""
    return [message.parse(send.data).status for send in sends]


def stored(effects, name):
    """Return the read function of a Store effect."""
    (found,) = [one for one in effects if isinstance(one, Store) and one.name == name]
    return found.read


class InputTest(unittest.TestCase):
    def setUp(self):
        self.exchange = Exchange()

    def test_keep_alives_are_taken_without_a_word(self):
        for data in (b"\r\n\r\n", b"\r\n", b"", b"\0", b"\0\0\0\0"):
            self.assertEqual(self.exchange.receive(data, STRANGER), [])
        self.assertEqual(self.exchange.node.counters["keepalives"], 5)

    def test_a_stun_request_is_answered_with_the_outer_address(self):
        asked = b"\0\1\0\0\x21\x12\xa4\x42" + bytes(12)
        for source, octets in ((STRANGER, bytes([203, 0, 113, 7])), (flow("2001:db8::7"), None)):
            (send,) = self.exchange.receive(asked, source)
            self.assertEqual(send.flow, source)
            if octets is not None:
                self.assertEqual(send.data, stun.binding_response(asked, octets, 5060))

    def test_what_is_no_sip_is_dropped_and_counted(self):
        for data in (b"hello", b"\xff" * 500, b"GET / HTTP/1.1\r\n\r\n", b"SIP/2.0 200\r\n\r\n"):
            self.assertEqual(self.exchange.receive(data, STRANGER), [])
        self.assertEqual(self.exchange.node.counters["malformed"], 4)

    def test_a_malformed_request_that_can_be_answered_gets_400(self):
        data = request("INVITE").replace(b"CSeq: 1 INVITE", b"CSeq: 1 BYE")
        self.assertEqual(statuses(self.exchange.receive(data, STRANGER)), [400])
        self.assertEqual(len(self.exchange.node.layer), 0)

    def test_what_is_too_large_is_told_so(self):
        stream = flow("203.0.113.7", transport="tcp", connection=3)
        body = "x" * (MAX_DATAGRAM_BYTES + 1)
        cut = request("MESSAGE", body=body)[:MAX_DATAGRAM_BYTES]
        headed = request("MESSAGE", body=body).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        for data, source in ((cut, STRANGER), (headed, stream)):
            (send,) = self.exchange.receive(data, source)
            self.assertEqual(message.parse(send.data).status, 513)
            self.assertEqual(send.flow, source)

    def test_a_malformed_ack_is_never_answered(self):
        data = request("ACK").replace(b"CSeq: 1 ACK", b"CSeq: 1 BYE")
        self.assertEqual(self.exchange.receive(data, STRANGER), [])

    def test_a_stray_response_and_a_stray_ack_are_dropped(self):
        for to in ("<sip:bob@home.test>;tag=1", "<sip:nobody@home.test>;tag=1"):
            self.assertEqual(self.exchange.receive(request("ACK", to=to), STRANGER), [])
        for uri in ("sip:nobody@home.test", "sip:x@far.test", "sip:home.test", "urn:service:sos"):
            self.assertEqual(self.exchange.receive(request("ACK", uri), STRANGER), [])
        response = message.response_to(message.parse(request("INVITE")), 200).write()
        self.assertEqual(self.exchange.receive(response, STRANGER), [])
        self.assertEqual(self.exchange.questions, [])

    def test_an_empty_route_is_refused(self):
        for method in ("INVITE", "OPTIONS", "REGISTER"):
            data = request(method, lines=["Route: ,"], branch="z9hG4bK-" + method)
            self.assertEqual(statuses(self.exchange.receive(data, STRANGER)), [400])
        self.assertEqual(self.exchange.receive(request("ACK", lines=["Route: ,"]), STRANGER), [])

    def test_max_forwards_0_is_refused_with_483(self):
        exchange = Exchange(settings(TRUSTED))
        phone = telephone(exchange, "B", "bob", "10.0.0.3")
        data = request("MESSAGE").replace(b"Max-Forwards: 70", b"Max-Forwards: 0")
        self.assertEqual(exchange.answers(data, phone.flow), [483])

    def test_max_breadth_0_is_refused_with_440(self):
        exchange = Exchange(settings(TRUSTED))
        phone = telephone(exchange, "B", "bob", "10.0.0.3")
        self.assertEqual(
            exchange.answers(request("MESSAGE", lines=["Max-Breadth: 0"]), phone.flow), [440]
        )

    def test_a_request_that_comes_back_is_a_loop(self):
        exchange = Exchange(settings(TRUSTED + "list trusted 203.0.113.0/24\n"))
        exchange.receive(request("MESSAGE", "sip:x@far.test"), flow())
        exchange.resolve([STRANGER])
        ((_, sent),) = exchange.sent
        self.assertEqual(exchange.answers(sent.data, STRANGER), [482])

    def test_a_proxy_require_is_refused_with_420(self):
        data = request("INVITE", lines=["Proxy-Require: magic"])
        (send,) = self.exchange.receive(data, STRANGER)
        self.assertEqual(message.parse(send.data).value(b"unsupported"), b"magic")


class ViaTest(unittest.TestCase):
    def answered(self, via, source=STRANGER):
        """Return (flow of the answer, its topmost Via) to an OPTIONS with a Via."""
        data = request("OPTIONS", "sip:home.test").replace(
            b"Via: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bK-1;rport", b"Via: SIP/2.0/UDP " + via
        )
        (send,) = Exchange().receive(data, source)
        return send.flow, message.parse(send.data).value(b"via")

    def test_rport_brings_the_answer_back_to_its_source(self):
        source = flow("203.0.113.7", 40000)
        back, via = self.answered(b"192.168.1.9:5060;branch=z9hG4bK1;rport", source)
        self.assertEqual(back, source)
        self.assertEqual(
            via, b"SIP/2.0/UDP 192.168.1.9:5060;branch=z9hG4bK1;received=203.0.113.7;rport=40000"
        )

    def test_without_rport_the_answer_goes_to_the_port_of_the_via(self):
        back, via = self.answered(b"192.168.1.9:5070;branch=z9hG4bK1", flow("203.0.113.7", 40000))
        self.assertEqual((back.host, back.port), ("203.0.113.7", 5070))
        self.assertIn(b";received=203.0.113.7", via)

    def test_a_via_that_tells_the_truth_is_left_alone(self):
        back, via = self.answered(b"203.0.113.7;branch=z9hG4bK1")
        self.assertEqual((back.host, back.port), ("203.0.113.7", 5060))
        self.assertEqual(via, b"SIP/2.0/UDP 203.0.113.7;branch=z9hG4bK1")

    def test_a_forged_received_is_replaced(self):
        _, via = self.answered(b"1.2.3.4;branch=z9hG4bK1;received=5.6.7.8;rport=1")
        self.assertIn(b";received=203.0.113.7;rport=5060", via)
        self.assertNotIn(b"5.6.7.8", via)


class DevicesTest(unittest.TestCase):
    def setUp(self):
        self.exchange = Exchange(settings(TRUSTED))

    def ring(self, uri="sip:bob@home.test"):
        """Return the hosts at which an INVITE to bob arrives, sorted."""
        sends = self.exchange.receive(request("INVITE", uri), flow())
        return sorted([send.flow.host for send in sends if send.data.startswith(b"INVITE")])

    def contact(self, host, number, instance="1"):
        """Return a Contact line of one flow of an instance."""
        return 'Contact: <sip:bob@%s>;+sip.instance="<urn:uuid:%s>";reg-id=%d' % (
            host,
            instance,
            number,
        )

    def test_of_two_flows_of_one_device_one_rings(self):
        telephone(self.exchange, "B", "bob", "10.0.0.3", lines=[self.contact("10.0.0.3", 1)])
        telephone(self.exchange, "C", "bob", "10.0.0.4", lines=[self.contact("10.0.0.3", 2)])
        self.assertEqual(len(self.ring()), 1)

    def test_a_device_that_moves_is_called_at_its_new_place_only(self):
        telephone(self.exchange, "B", "bob", "10.0.0.3", lines=[self.contact("10.0.0.3", 1)])
        telephone(self.exchange, "C", "bob", "10.0.0.4", lines=[self.contact("10.0.0.4", 1)])
        self.assertEqual(self.ring(), ["10.0.0.4"])

    def test_a_gruu_reaches_one_device(self):
        phone = Phone("B", "bob", flow("10.0.0.3"))
        response = register(
            self.exchange, phone, [self.contact("10.0.0.3", 1, "b"), "Supported: gruu"]
        )
        telephone(self.exchange, "C", "bob", "10.0.0.4", lines=[self.contact("10.0.0.4", 1, "c")])
        gruu = response.value(b"contact").partition(b'pub-gruu="')[2].partition(b'"')[0].decode()
        self.assertEqual(self.ring(gruu), ["10.0.0.3"])

    def test_a_phone_behind_a_path_is_called_through_it(self):
        telephone(
            self.exchange, "B", "bob", "10.0.0.3",
            lines=["Contact: <sip:bob@192.168.1.9>", "Path: <sip:edge.test;lr>"],
        )  # fmt: skip
        self.exchange.receive(request("INVITE"), flow())
        self.assertEqual(self.exchange.questions[0].host, b"edge.test")
        self.exchange.resolve([flow("198.51.100.1")])
        sent = message.parse(self.exchange.sent[-1][1].data)
        self.assertEqual(
            (sent.uri, sent.items(b"route")), (b"sip:bob@192.168.1.9", [b"<sip:edge.test;lr>"])
        )

    def test_a_registration_that_ends_is_told_and_kept_no_longer(self):
        telephone(self.exchange, "B", "bob", "10.0.0.3", lines=["Expires: 60"])
        self.exchange.advance(60000)
        (event,) = self.exchange.events
        self.assertEqual(
            (event.kind, event.fields["what"], event.fields["user"]),
            ("registration", "removed", "bob"),
        )
        self.assertEqual(self.exchange.node.location.size, 0)

    def test_three_silent_pings_take_a_phone_off_the_register(self):
        phone = self.behind_nat()
        self.exchange.advance(25000)
        phone.hear(self.exchange.sent[-1][1].data)
        self.exchange.receive(phone.answer(200, "OPTIONS"), phone.flow)
        self.exchange.advance(150000)
        self.assertEqual(self.exchange.node.location.size, 0)

    def test_a_phone_that_answers_no_ping_stays_and_gets_empty_lines(self):
        phone = self.behind_nat()
        self.exchange.advance(300000)
        self.assertEqual(self.exchange.node.location.size, 1)
        self.assertEqual(self.exchange.sent[-1][1], Send(phone.flow, b"\r\n\r\n"))

    def behind_nat(self):
        """Return a phone whose Contact is not where its packets come from."""
        contact = "Contact: <sip:bob@192.168.1.9>"
        return telephone(self.exchange, "B", "bob", "10.0.0.3", lines=[contact])

    def test_a_stale_port_of_a_softphone_is_asked_and_taken_off(self):
        agent = ["User-Agent: Soft/1.0"]
        for answers in (True, False):
            exchange = Exchange()
            telephone(exchange, "B", "bob", "10.0.0.3", lines=agent)
            again = Phone("B2", "bob", flow("10.0.0.3", 40001))
            register(exchange, again, agent)
            ((_, ping),) = [one for one in exchange.sent if one[1].flow.port == 5060]
            asked = message.parse(ping.data)
            self.assertEqual(asked.method, b"OPTIONS")
            if answers:
                reply = message.response_to(asked, 486, to_tag=b"x").write()
                exchange.receive(reply, flow("10.0.0.3"))
            exchange.advance(40000)
            bindings = exchange.node.location.bindings("bob", exchange.now)
            self.assertEqual(len(bindings), 2 if answers else 1)


class RestartTest(unittest.TestCase):
    def test_registrations_survive_a_restart(self):
        first = Exchange()
        bob = Phone("B", "bob", flow("10.0.0.3"))
        first.receive(bob.request("REGISTER", "sip:home.test"), bob.flow)
        bob.hear(first.sent[-1][1].data)
        effects = first.engine.receive(bob.proven("REGISTER"), bob.flow, first.now)
        records = json.loads(json.dumps(stored(effects, "bindings")(first.now + 1000)))
        second = Exchange(settings(TRUSTED))
        second.engine.restore("bindings", records, second.now)
        self.assertEqual(second.node.location.size, 1)
        (send,) = second.receive(request("MESSAGE"), flow())
        self.assertEqual(send.flow, bob.flow)
        second.advance(3600000)
        self.assertEqual(second.node.location.size, 0)

    def test_phones_ring_again_when_the_power_is_back_and_their_address_too(self):
        first = Exchange()
        telephone(first, "B", "bob", "10.0.0.3")
        records = stored(first.engine.start(first.now), "phones")(first.now)
        second = Exchange(settings(TRUSTED), [])
        second.engine.restore("phones", json.loads(json.dumps(records)), second.now)
        self.assertEqual(second.node.location.size, 0)
        second.engine.listen(LISTENERS, second.now)
        (send,) = second.receive(request("MESSAGE"), flow())
        self.assertEqual(send.flow, flow("10.0.0.3"))

    def test_the_secret_survives_so_that_calls_go_on(self):
        first = Exchange()
        kept = stored(first.engine.start(first.now), "secret")(first.now)
        second = Exchange()
        second.node.keep_secret(b"another")
        second.engine.restore("secret", json.loads(json.dumps(kept)), second.now)
        tokens = [proxy.dialog_token(one.node.proof, b"call") for one in (first, second)]
        self.assertEqual(tokens[0], tokens[1])

    def test_a_message_to_the_absent_is_brought_when_a_phone_comes(self):
        exchange = Exchange(settings(TRUSTED))
        sends = exchange.receive(request("MESSAGE", body="hello"), flow())
        self.assertEqual(statuses(sends), [202])
        bob = Phone("B", "bob", flow("10.0.0.3"))
        register(exchange, bob)
        brought = message.parse(exchange.sent[-1][1].data)
        self.assertEqual((brought.method, brought.body), (b"MESSAGE", b"hello"))
        bob.hear(exchange.sent[-1][1].data)
        exchange.receive(bob.answer(200), bob.flow)
        self.assertEqual(exchange.engine.features["messages"].mailbox.messages, [])


class ReloadTest(unittest.TestCase):
    def test_new_users_can_register_and_old_registrations_stay(self):
        exchange = Exchange()
        telephone(exchange, "B", "bob", "10.0.0.3")
        new = settings("option max_bindings 10\n", "config user dora\noption password d\n")
        exchange.engine.reload(new, exchange.now)
        self.assertEqual(exchange.node.location.size, 1)
        self.assertIn("dora", exchange.node.settings.users)

    def test_a_user_that_is_gone_is_off_the_register(self):
        exchange = Exchange()
        telephone(exchange, "B", "bob", "10.0.0.3")
        exchange.take(exchange.engine.reload(settings(users=""), exchange.now))
        self.assertEqual(exchange.node.location.size, 0)
        self.assertEqual(exchange.events[0].fields["what"], "removed")

    def test_a_call_survives(self):
        exchange = Exchange(settings(TRUSTED))
        bob = telephone(exchange, "B", "bob", "10.0.0.3")
        exchange.receive(request("INVITE", lines=["Contact: <sip:alice@10.0.0.2>"]), flow())
        bob.hear(exchange.sent[-1][1].data)
        exchange.engine.reload(settings(TRUSTED + "option ring_seconds 30\n"), exchange.now)
        self.assertEqual(statuses(exchange.receive(bob.answer(200), bob.flow)), [200])
        self.assertEqual(len(exchange.node.calls.live), 1)

    def test_a_listener_that_goes_takes_its_phones_out_of_reach(self):
        exchange = Exchange(settings(TRUSTED))
        telephone(exchange, "B", "bob", "10.0.0.3", "tcp")
        exchange.engine.listen([LISTENERS[0], None, LISTENERS[2], LISTENERS[3]], exchange.now)
        self.assertEqual(exchange.answers(request("INVITE"), flow()), [480])
        for name in ("bindings", "phones"):
            rows = stored(exchange.engine.start(exchange.now), name)(exchange.now)
            self.assertEqual(rows, [])


class TimeTest(unittest.TestCase):
    def test_an_idle_engine_has_no_deadline(self):
        exchange = Exchange()
        self.assertIsNone(exchange.engine.next_deadline())
        self.assertEqual(exchange.engine.fire(exchange.now), [])

    def test_a_deadline_is_never_in_the_past_after_firing(self):
        exchange = Exchange(settings(TRUSTED))
        telephone(exchange, "B", "bob", "10.0.0.3")
        exchange.receive(request("INVITE"), flow())
        for _ in range(50):
            deadline = exchange.engine.next_deadline()
            if deadline is None:
                break
            exchange.now = max(exchange.now, deadline)
            exchange.engine.fire(exchange.now)
            later = exchange.engine.next_deadline()
            self.assertTrue(later is None or later > exchange.now)

    def test_after_a_call_nothing_is_left_but_the_registration(self):
        exchange = Exchange(settings(TRUSTED + "option keepalive_seconds 0\n"))
        bob = telephone(exchange, "B", "bob", "10.0.0.3")
        for number in range(5):
            exchange.receive(
                request("INVITE", call_id=str(number), branch="z9hG4bK-%d" % number), flow()
            )
            bob.hear(exchange.sent[-1][1].data)
            exchange.receive(bob.answer((200, 180, 486, 603, 100)[number]), bob.flow)
            exchange.advance(300000)
        exchange.advance(8 * 86400000)
        self.assertEqual((len(exchange.node.layer), exchange.node.calls.live), (0, {}))
        self.assertEqual(exchange.node.deadlines.heap, [])

    def test_the_clock_may_start_anywhere(self):
        exchange = Exchange()
        self.assertEqual(exchange.engine.status(START + 61999)["uptime_seconds"], 61)
