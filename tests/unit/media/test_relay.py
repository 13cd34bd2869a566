"""Calls that only pass the node, what waits for ports, and what happens where there are none."""

import unittest

from bellhop.effects import RelayOpen
from bellhop.media import relay, trust
from bellhop.media.decision import ALWAYS, HIDDEN, NEEDED, MediaSettings, Party
from bellhop.media.effects import UNTOUCHED

from .calls import (
    ALICE,
    ALICE_LAN,
    ALICE_PHONE,
    ALICE_WAN,
    AUDIO,
    BOB,
    BOB_WAN,
    CRYPTO,
    PHONE_KEY,
    VIDEO,
    Box,
    Pair,
    beyond,
    inside,
    invite,
    phone,
    refusal,
    reply,
    sdp,
)

OTHER_PHONE, OTHER_LAN = bytes([10, 0, 0, 2]), bytes([10, 0, 0, 1])
LOCAL6, PHONE6 = bytes([0x20, 1]) + bytes(13) + b"\x01", bytes([0x20, 1]) + bytes(13) + b"\x02"
SDP6 = "v=0\r\no=- 1 1 IN IP6 2001::2\r\ns=-\r\nc=IN IP6 2001::2\r\nt=0 0\r\n" + AUDIO % 6000


class Passing(unittest.TestCase):
    """Two phones of one node on different networks."""

    def setUp(self):
        self.box = Box(ALICE, 20000)
        self.near, self.far = phone(ALICE_PHONE, ALICE_LAN), phone(OTHER_PHONE, OTHER_LAN)

    def call(self, offer=None, answered=None):
        asked = self.box.invite("1", invite(offer or sdp(ALICE_PHONE)), self.near, self.far)
        back = self.box.response("1", reply(asked, 200, answered or sdp(OTHER_PHONE, AUDIO % 5000)))
        return asked, back, self.box.request(None, inside("ACK"))

    def test_both_phones_send_to_the_node(self):
        asked, back, ack = self.call()
        self.assertIn(b"c=IN IP4 10.0.0.1\r\n", asked.body)
        self.assertIn(b"m=audio 20002 ", asked.body)
        self.assertIn(b"c=IN IP4 192.168.1.1\r\n", back.body)
        self.assertIn(b"m=audio 20000 ", back.body)
        self.assertIsNotNone(ack)

    def test_nothing_is_opened_or_understood(self):
        own = AUDIO % 4000 + CRYPTO % (1, PHONE_KEY) + "a=zrtp-hash:1.10 ab\r\n"
        asked, _, _ = self.call(sdp(ALICE_PHONE, own))
        self.assertIn((CRYPTO % (1, PHONE_KEY)).encode(), asked.body)
        self.assertEqual([told["kind"] for told in self.box.told.values()], [UNTOUCHED] * 2)
        self.assertNotIn("send", self.box.told[(1, 0)])

    def test_ice_is_taken_out(self):
        ice = AUDIO % 4000 + "a=ice-ufrag:u\r\na=candidate:1 1 UDP 1 192.168.1.2 4000 typ host\r\n"
        asked, _, _ = self.call(sdp(ALICE_PHONE, ice))
        self.assertNotIn(b"candidate", asked.body)
        self.assertNotIn(b"192.168.1.2", asked.body)

    def test_fax_passes(self):
        fax = "m=image 4002 udptl t38\r\n"
        asked, _, _ = self.call(sdp(ALICE_PHONE, fax), sdp(OTHER_PHONE, fax))
        self.assertIn(b"m=image 20002 udptl t38\r\n", asked.body)

    def test_what_is_no_datagram_is_left_out(self):
        odd = "m=message 4002 TCP/MSRP *\r\n"
        asked, _, _ = self.call(sdp(ALICE_PHONE, AUDIO % 4000, odd))
        self.assertIn(b"m=message 0 TCP/MSRP *\r\n", asked.body)

    def test_a_change_of_the_call_is_followed(self):
        self.call()
        held = inside("INVITE", sdp(OTHER_PHONE, AUDIO % 7000 + "a=sendonly\r\n"), False, 5)
        there = self.box.request("x", held)
        self.assertIn(b"m=audio 20000 ", there.body)
        self.box.response("x", reply(held, 200, sdp(ALICE_PHONE, AUDIO % 4000 + "a=recvonly\r\n")))
        self.assertEqual(self.box.told[(1, 1)]["remote"][0], (OTHER_PHONE, 7000))

    def test_phones_that_reach_each_other_are_left_alone(self):
        body = sdp(ALICE_PHONE)
        asked = self.box.invite("1", invite(body), self.near, phone(ALICE_PHONE, ALICE_LAN))
        self.assertEqual(asked.body, body.encode())
        self.assertEqual(self.box.opens, [])

    def test_addresses_that_no_media_may_be_sent_to_are_refused(self):
        for host in (bytes([127, 0, 0, 1]), bytes([224, 1, 1, 1]), b"\xff" * 4):
            error = refusal(self.box.invite, host, invite(sdp(host)), self.near, self.far)
            self.assertEqual(error.status, 488)
            self.box.take(self.box.relays.ended(host))
        self.assertEqual(self.box.relays.sessions.by_user, {})

    def test_such_an_address_in_an_answer_is_refused(self):
        asked = self.box.invite("1", invite(sdp(ALICE_PHONE)), self.near, self.far)
        answered = reply(asked, 200, sdp(bytes([127, 0, 0, 1])))
        self.assertEqual(refusal(self.box.response, "1", answered).status, 488)
        self.box.take(self.box.relays.ended("1"))
        self.assertEqual((self.box.closed, self.box.relays.sessions.by_number), ([1], {}))

    def test_broken_descriptions_are_refused(self):
        error = refusal(self.box.invite, "1", invite("v=0\r\nnonsense"), self.near, self.far)
        self.assertEqual(error.status, 400)

    def test_packets_of_a_phone_behind_nat_are_taken_from_its_router(self):
        outside = bytes([198, 51, 100, 7])
        near = Party(None, None, outside, (ALICE_WAN,), True, "no")
        asked = self.box.invite("1", invite(sdp(ALICE_PHONE)), near, self.far)
        self.box.response("1", reply(asked, 200, sdp(OTHER_PHONE)))
        self.assertEqual(self.box.told[(1, 0)]["remote"][0], (ALICE_PHONE, 4000))
        self.assertEqual(self.box.told[(1, 0)]["allow"], (outside, 32))

    def test_ipv4_is_joined_with_ipv6(self):
        near = phone(ALICE_PHONE, ALICE_LAN)
        far = Party(None, None, PHONE6, (LOCAL6,), False, "no")
        asked = self.box.invite("1", invite(sdp(ALICE_PHONE)), near, far)
        self.assertIn(b"c=IN IP6 2001:0:0:0:0:0:0:1\r\n", asked.body)
        back = self.box.response("1", reply(asked, 200, SDP6))
        self.assertIn(b"c=IN IP4 192.168.1.1\r\n", back.body)
        self.assertEqual(self.box.told[(1, 1)]["allow"], (PHONE6, 128))

    def test_a_phone_is_met_in_the_family_that_it_offers(self):
        near = Party(None, None, ALICE_PHONE, (ALICE_LAN, LOCAL6), False, "no")
        self.box.invite("1", invite(SDP6), near, self.far)
        self.assertEqual(self.box.opens[0].sides[0][0], LOCAL6)

    def test_a_family_that_the_node_has_not_is_refused(self):
        error = refusal(self.box.invite, "1", invite(SDP6), self.near, self.far)
        self.assertIn("no address of the offered kind", error.reason)

    def test_a_node_on_the_way_lets_the_keys_of_others_pass(self):
        pair = Pair()
        middle = Box(ALICE, 50000)
        near = beyond("alice@home.test", b"", ALICE_WAN, BOB_WAN)
        far = Party("bob@home.test", BOB.key, PHONE6, (LOCAL6,), False, "no")
        asked = pair.one.invite("1", invite(sdp(ALICE_PHONE)), pair.alice, pair.to_bob)
        passed = middle.invite("m", asked, near, far)
        key = asked.body.partition(b"a=bellhop-key:")[2]
        self.assertIn(key[:100], passed.body)
        self.assertIn(b"m=audio 50002 ", passed.body)
        middle.response("m", reply(passed, 200, SDP6))
        ack = inside("ACK", lines=["Bellhop-Confirm: abc"])
        self.assertEqual(middle.request(None, ack).value(b"bellhop-confirm"), b"abc")
        self.assertEqual(middle.told[(1, 0)]["kind"], UNTOUCHED)


class Waiting(unittest.TestCase):
    """The shell has not opened the ports yet."""

    def setUp(self):
        self.pair = Pair()
        self.box = self.pair.one
        self.box.holds = True

    def ask(self, *streams):
        return self.box.invite(
            "1", invite(sdp(ALICE_PHONE, *streams)), self.pair.alice, self.pair.to_bob
        )

    def test_an_invite_waits_for_the_ports_of_all_its_streams(self):
        self.assertIsNone(self.ask(AUDIO % 4000, VIDEO % 4002))
        self.box.open(1)
        self.assertEqual(self.box.ready, [])
        self.box.open(2)
        user, message, error = self.box.ready[0]
        self.assertEqual((user, error), ("1", None))
        self.assertIn(b"m=audio 20002 ", message.body)
        self.assertIn(b"m=video 20006 ", message.body)
        self.assertIn(b"a=bellhop-key:", message.body)

    def test_a_call_that_ended_meanwhile_leaves_nothing_open(self):
        self.ask()
        self.box.take(self.box.relays.ended("1"))
        self.assertEqual(self.box.closed, [1])
        self.box.open(1)
        self.assertEqual((self.box.ready, self.box.relays.sessions.by_number), ([], {}))

    def test_an_answer_that_offers_waits_too(self):
        self.box.holds = False
        self.pair.invite()
        self.pair.two.holds = True
        answered = reply(self.pair.crossed, 200, sdp(BOB_WAN))
        self.assertIsNone(self.pair.two.response("2", answered))
        self.pair.two.open(1)
        _, message, error = self.pair.two.ready[0]
        self.assertEqual((message.status, error), (200, None))
        self.assertIn(b"m=audio 30000 ", message.body)

    def test_waiting_messages_are_bounded(self):
        self.ask()
        session = self.box.relays.sessions.by_user["1"]
        for _ in range(relay.MAX_PARKED - 1):
            self.box.request("1", invite(sdp(ALICE_PHONE)))
        self.assertEqual(refusal(self.box.request, "1", invite(sdp(ALICE_PHONE))).status, 500)
        self.assertEqual(len(session.parked), relay.MAX_PARKED)

    def test_an_answer_of_the_shell_that_nobody_waits_for_is_ignored(self):
        self.assertEqual(self.box.relays.opened(77, (1, 2, 3, 4), None, 0), ([], []))


class Failing(unittest.TestCase):
    """No library, no ports, a relay that breaks."""

    def setUp(self):
        self.pair = Pair()
        self.box = self.pair.one

    def ask(self, body=None, near=None, far=None):
        return self.box.invite(
            "1",
            invite(body or sdp(ALICE_PHONE)),
            near or self.pair.alice,
            far or self.pair.to_bob,
        )

    def require(self):
        self.box.relays.keying.policies = trust.Policies((trust.REQUIRE, trust.ENCRYPTED))

    def test_without_ports_a_call_goes_on_as_it_was(self):
        self.box.problem = "no ports are left"
        self.assertEqual(self.ask().body, sdp(ALICE_PHONE).encode())
        self.assertEqual((self.box.closed, self.box.relays.sessions.by_user), ([1], {}))
        self.assertEqual(self.box.relays.counters["unable"], 1)

    def test_without_ports_a_call_that_must_be_encrypted_is_refused(self):
        self.require()
        self.box.problem = "no ports are left"
        error = refusal(self.ask)
        self.assertEqual(error.status, 488)
        self.assertIn("no ports are left", error.reason)
        self.box.take(self.box.relays.ended("1"))
        self.assertEqual(
            (self.box.relays.sessions.by_user, self.box.relays.sessions.by_number), ({}, {})
        )

    def test_without_ports_a_known_contact_is_not_called_in_the_clear(self):
        self.box.relays.keying.trust.see("bob@home.test", BOB.key)
        self.box.problem = "no ports are left"
        self.assertEqual(refusal(self.ask).status, 488)

    def test_without_ports_hidden_addresses_stay_hidden(self):
        self.box.relays.settings = MediaSettings(NEEDED, True, 20000, 30000, 512)
        self.box.problem = "no ports are left"
        error = refusal(self.ask, None, None, phone(ALICE_PHONE, ALICE_LAN))
        self.assertIn(HIDDEN, error.reason)

    def test_without_ports_for_more_streams_the_call_stays_as_it_is(self):
        self.pair.call()
        told = dict(self.box.told)
        self.box.problem = "no ports are left"
        more = inside("INVITE", sdp(ALICE_PHONE, AUDIO % 4000, VIDEO % 4002), cseq=2)
        self.assertEqual(refusal(self.box.request, "x", more).status, 488)
        self.assertEqual((self.box.closed, self.box.told), ([2], told))
        self.box.problem = None
        self.assertIn(b"m=video ", self.box.request("x", more).body)

    def test_one_of_two_streams_without_ports_closes_the_other(self):
        self.box.holds = True
        self.ask(sdp(ALICE_PHONE, AUDIO % 4000, VIDEO % 4002))
        self.box.open(1)
        self.box.problem = "no ports are left"
        self.box.open(2)
        self.assertEqual(self.box.closed, [1, 2])

    def test_without_the_library_calls_go_on_as_they_were(self):
        self.box.relays.library(())
        self.assertEqual(
            self.box.decide("1", invite(sdp(ALICE_PHONE)), self.pair.alice, self.pair.to_bob), []
        )
        self.assertEqual(self.ask().body, sdp(ALICE_PHONE).encode())

    def test_without_the_library_encryption_cannot_be_required(self):
        self.box.relays.library(())
        self.require()
        self.assertIn("must be encrypted, and this node cannot", refusal(self.ask).reason)

    def test_a_body_that_is_no_description_cannot_be_encrypted(self):
        odd = invite("x", lines=())
        odd.set(b"content-type", b"Content-Type: multipart/mixed")
        self.assertEqual(self.box.decide("1", odd, self.pair.alice, self.pair.to_bob), [])
        self.require()
        self.assertIsNotNone(refusal(self.box.decide, "1", odd, self.pair.alice, self.pair.to_bob))

    def test_calls_are_bounded(self):
        for number in range(self.box.settings.most):
            self.box.relays.sessions.by_user[number] = None
        self.assertEqual(self.ask().body, sdp(ALICE_PHONE).encode())

    def test_the_end_of_a_branch_that_was_answered_ends_no_call(self):
        self.pair.call()
        self.assertEqual(self.box.relays.ended("1"), [])

    def test_a_stream_that_is_refused_opens_nothing(self):
        bad = VIDEO % 4002 + "c=IN IP4 127.0.0.1\r\n"
        error = refusal(self.ask, sdp(ALICE_PHONE, AUDIO % 4000, bad))
        self.assertEqual((error.status, self.box.opens), (488, []))

    def test_a_branch_that_is_tried_again_begins_anew(self):
        first, second = self.ask(), self.ask()
        self.assertEqual(self.box.closed, [1])
        self.assertNotEqual(first.body, second.body)
        self.assertEqual(len(self.box.relays.sessions.by_call[b"call-1"]), 1)

    def test_a_relay_that_breaks_is_closed_and_told(self):
        self.pair.call(
            sdp(ALICE_PHONE, AUDIO % 4000, VIDEO % 4002),
            sdp(BOB_WAN, AUDIO % 5000, VIDEO % 5002),
        )
        self.box.take(self.box.relays.failed(2, "no memory", 0))
        self.assertEqual((self.box.closed, self.box.events[-1]["what"]), ([2], "no memory"))
        self.box.take(self.box.relays.failed(1, "no memory", 0))
        self.assertEqual(self.box.relays.sessions.by_call, {})
        self.assertEqual(self.box.relays.failed(1, "no memory", 0), [])

    def test_reports_of_the_library_are_told(self):
        self.pair.call()
        self.box.take(self.box.relays.reported(1, 2, 1, 0))
        self.assertEqual(self.box.events[-1]["what"], "silence from the called")
        self.box.take(self.box.relays.reported(1, 4, 0, 0))
        self.assertEqual((self.box.closed, self.box.relays.counters["legs_lost"]), ([1], 1))
        self.assertEqual(self.box.relays.reported(1, 2, 1, 0), [])

    def test_a_call_whose_end_nobody_told_is_forgotten(self):
        self.pair.call()
        relays = self.box.relays
        later = self.box.now + relay.LONGEST_CALL
        self.box.take(relays.wake(relays.sessions.deadlines.due(later), later))
        self.assertEqual((self.box.closed, relays.sessions.by_call), ([1], {}))


class Open(unittest.TestCase):
    def test_everything_the_library_needs_is_in_the_effect(self):
        box = Box(ALICE, 20000, MediaSettings(ALWAYS, False, 16384, 32767, 512))
        relays = box.relays
        near, far = phone(ALICE_PHONE, ALICE_LAN), phone(OTHER_PHONE, ALICE_LAN)
        reasons, _ = relays.decide("1", invite(sdp(ALICE_PHONE)), near, far, 0)
        self.assertEqual(reasons, ["the owner wants all sound to pass the router"])
        message, effects = relays.request("1", invite(sdp(ALICE_PHONE)), 0)
        side = (ALICE_LAN, 16384, 32767, None)
        self.assertEqual((message, effects), (None, [RelayOpen(1, (side, side))]))

    def test_messages_of_other_calls_pass_as_they_are(self):
        relays = Box(ALICE, 20000).relays
        for other in (inside("BYE"), inside("ACK"), inside("INVITE", sdp(ALICE_PHONE)), invite("")):
            before = other.write()
            self.assertEqual(relays.request("9", other, 0), (other, []))
            self.assertEqual(other.write(), before)
        answered = reply(invite(""), 200, sdp(ALICE_PHONE))
        self.assertEqual(relays.response("9", answered, 0), (answered, []))


if __name__ == "__main__":
    unittest.main()
