"""Calls between two nodes whose sound the nodes encrypt for their phones."""

import unittest

from bellhop.errors import SipError
from bellhop.media import trust
from bellhop.media.effects import CLEAR, RECEIVE, SECURE, SEND, UNTOUCHED
from bellhop.sip.message import parse

from .calls import (
    ALICE,
    ALICE_LAN,
    ALICE_PHONE,
    ALICE_WAN,
    AUDIO,
    BOB,
    BOB_PHONE,
    BOB_WAN,
    CRYPTO,
    PHONE_KEY,
    VIDEO,
    Box,
    Pair,
    beyond,
    inside,
    invite,
    reply,
    sdp,
)  # fmt: skip
from .curve import toy_identity

SAVP_AUDIO = AUDIO.replace("AVP", "SAVP") + CRYPTO % (1, PHONE_KEY)


def refusal(function, *args):
    """Return the SipError that a call raises, or None."""
    try:
        function(*args)
    except SipError as error:
        return error
    return None


class KeyedCall(unittest.TestCase):
    def setUp(self):
        self.pair = Pair()
        self.one, self.two = self.pair.one, self.pair.two

    def test_phones_see_their_own_node_and_no_key(self):
        there, back, ack = self.pair.call()
        self.assertIn(b"c=IN IP4 192.168.2.1\r\n", there.body)
        self.assertIn(b"m=audio 30002 RTP/AVP 0 101\r\n", there.body)
        self.assertIn(b"c=IN IP4 192.168.1.1\r\n", back.body)
        self.assertIn(b"m=audio 20000 RTP/AVP 0 101\r\n", back.body)
        for message in (there, back, ack):
            self.assertNotIn(b"bellhop", message.write().lower())
            self.assertEqual(message.number(b"content-length", 9999), len(message.body))

    def test_between_the_nodes_there_are_their_addresses_and_keys(self):
        self.pair.call()
        asked, answered, ack = self.pair.wire
        self.assertIn(b"c=IN IP4 203.0.113.1\r\n", asked)
        self.assertIn(b"m=audio 20002 RTP/AVP 0 101\r\n", asked)
        self.assertIn(b"\r\na=bellhop-key:", asked)
        self.assertIn(b"c=IN IP4 203.0.113.2\r\n", answered)
        self.assertIn(b"\r\nBellhop-Confirm: ", ack)
        for message in (asked, answered):
            self.assertNotIn(b"192.168.", message.partition(b"\r\n\r\n")[2])

    def test_the_library_is_told_keys_that_fit(self):
        self.pair.call()
        near, far = self.one.told[(1, 0)], self.one.told[(1, 1)]
        theirs, phone = self.two.told[(1, 0)], self.two.told[(1, 1)]
        self.assertEqual((near["kind"], far["kind"]), (CLEAR, SECURE))
        self.assertEqual((theirs["kind"], phone["kind"]), (SECURE, CLEAR))
        self.assertEqual(far["send"], theirs["receive"])
        self.assertEqual(far["receive"], theirs["send"])
        self.assertEqual(far["send"][0], 4)
        self.assertNotIn("send", near)

    def test_the_library_is_told_where_everybody_is(self):
        self.pair.call()
        near, far = self.one.told[(1, 0)], self.one.told[(1, 1)]
        self.assertEqual(near["remote"], ((ALICE_PHONE, 4000), (ALICE_PHONE, 4001)))
        self.assertEqual(near["allow"], (ALICE_PHONE, 32))
        self.assertEqual(far["remote"], ((BOB_WAN, 30000), (BOB_WAN, 30001)))
        self.assertEqual((near["direction"], near["clock_rate"]), (RECEIVE | SEND, 8000))
        sides = self.one.opens[0].sides
        self.assertEqual(sides, ((ALICE_LAN, 20000, 30000), (ALICE_WAN, 20000, 30000)))

    def test_both_people_see_the_same_words(self):
        self.pair.call()
        mine, yours = self.one.events[-1], self.two.events[-1]
        self.assertEqual(mine["words"], yours["words"])
        self.assertEqual(len(mine["words"].split()), 2)
        self.assertEqual((mine["contact"], yours["contact"]), ("bob@home.test", "alice@home.test"))
        self.assertEqual((mine["level"], mine["suite"]), (trust.ENCRYPTED, "AEAD_AES_256_GCM"))

    def test_no_event_and_no_record_holds_a_key_of_the_media(self):
        self.pair.call()
        keys = self.one.told[(1, 1)]["send"][1:] + self.one.told[(1, 1)]["receive"][1:]
        shown = repr(self.one.events) + repr(self.one.relays.of_call(b"call-1"))
        for key in keys:
            self.assertNotIn(key.hex(), shown)
            self.assertNotIn(repr(key), shown)

    def test_nothing_is_shown_as_safe_before_the_confirmation(self):
        self.pair.invite(sdp(ALICE_PHONE))
        self.pair.reply(200, sdp(BOB_PHONE))
        for box in (self.one, self.two):
            record = box.relays.of_call(b"call-1")[0]
            self.assertEqual((record["level"], record["words"]), (None, None))

    def test_the_second_call_knows_the_key(self):
        self.pair.call()
        again = Pair(self.one, self.two)
        again.one.request(None, inside("BYE"))
        again.two.request(None, inside("BYE"))
        again.call()
        self.assertEqual(self.one.events[-1]["level"], trust.KNOWN)
        self.assertEqual(self.two.events[-1]["level"], trust.KNOWN)

    def test_two_calls_have_different_keys(self):
        self.pair.call()
        self.two.request(None, inside("BYE"))
        self.one.request(None, inside("BYE"))
        first = self.one.told[(1, 1)]["send"]
        Pair(self.one, self.two).call()
        self.assertNotEqual(self.one.told[(2, 1)]["send"], first)

    def test_compared_words_are_kept(self):
        self.pair.call()
        self.one.take(self.one.relays.mark(b"call-1", trust.COMPARED))
        self.assertEqual(self.one.events[-1]["level"], trust.COMPARED)
        known = self.one.relays.keying.trust
        self.assertEqual(known.look("bob@home.test", BOB.key), trust.COMPARED)

    def test_repeated_messages_are_the_same_and_change_nothing(self):
        self.pair.call()
        before = len(self.one.told), dict(self.one.told[(1, 1)]), len(self.one.events)
        wire = self.pair.wire[:]
        answered = self.pair.reply(200, sdp(BOB_PHONE, AUDIO % 5000))
        self.pair.acknowledge()
        self.assertEqual(self.pair.wire[3:], wire[1:])
        self.assertIn(b"m=audio 20000 ", answered.body)
        after = len(self.one.told), dict(self.one.told[(1, 1)]), len(self.one.events)
        self.assertEqual(after, before)

    def test_hanging_up_closes_the_relays(self):
        self.pair.call()
        for box in (self.one, self.two):
            self.assertIsNotNone(box.request(None, inside("BYE", from_caller=False)))
            self.assertEqual(box.closed, [1])
            self.assertEqual(
                (
                    box.relays.sessions.by_user,
                    box.relays.sessions.by_call,
                    box.relays.sessions.by_number,
                ),
                ({}, {}, {}),
            )

    def test_a_refused_call_closes_the_relays(self):
        self.pair.invite(sdp(ALICE_PHONE))
        self.assertEqual(self.pair.reply(486).status, 486)
        self.assertEqual((self.one.closed, self.two.closed), ([1], [1]))
        self.assertEqual(self.one.relays.sessions.by_number, {})

    def test_several_streams_have_relays_and_keys_of_their_own(self):
        offer = sdp(ALICE_PHONE, AUDIO % 4000, VIDEO % 4002)
        self.pair.call(offer, sdp(BOB_PHONE, AUDIO % 5000, VIDEO % 5002))
        self.assertEqual(len(self.one.opens), 2)
        self.assertNotEqual(self.one.told[(1, 1)]["send"], self.one.told[(2, 1)]["send"])
        self.assertEqual(self.one.told[(2, 1)]["send"], self.two.told[(2, 0)]["receive"])
        self.assertEqual(self.one.told[(2, 0)]["clock_rate"], 90000)

    def test_a_rejected_stream_loses_its_relay_when_the_call_stands(self):
        offer = sdp(ALICE_PHONE, AUDIO % 4000, VIDEO % 4002)
        _, back, _ = self.pair.call(offer, sdp(BOB_PHONE, AUDIO % 5000, VIDEO % 0))
        self.assertIn(b"m=video 0 RTP/AVP 97\r\n", back.body)
        self.assertEqual((self.one.closed, self.two.closed), ([2], [2]))

    def test_rtcp_on_one_port_is_between_the_phones(self):
        offer = sdp(ALICE_PHONE, AUDIO % 4000 + "a=rtcp-mux\r\n")
        self.pair.call(offer, sdp(BOB_PHONE, AUDIO % 5000 + "a=rtcp-mux\r\n"))
        self.assertEqual((self.one.told[(1, 0)]["mux"], self.two.told[(1, 1)]["mux"]), (1, 1))
        self.assertEqual(self.one.told[(1, 0)]["remote"][1], (ALICE_PHONE, 4000))

    def test_media_that_cannot_be_encrypted_is_left_out(self):
        fax = "m=image 4002 udptl t38\r\n"
        there, _, _ = self.pair.call(sdp(ALICE_PHONE, AUDIO % 4000, fax),
                                     sdp(BOB_PHONE, AUDIO % 5000, "m=image 0 udptl t38\r\n"))  # fmt: skip
        self.assertIn(b"m=image 0 udptl t38\r\n", there.body)

    def test_a_call_of_such_media_only_is_refused(self):
        offer = sdp(ALICE_PHONE, "m=image 4002 udptl t38\r\n")
        self.assertEqual(refusal(self.pair.invite, offer).status, 488)


class EarlyMedia(unittest.TestCase):
    def setUp(self):
        self.pair = Pair()
        self.pair.invite(sdp(ALICE_PHONE))

    def test_ringing_sound_is_encrypted_too(self):
        back = self.pair.reply(183, sdp(BOB_PHONE, AUDIO % 5000))
        self.assertIn(b"m=audio 20000 ", back.body)
        told = self.pair.one.told[(1, 1)]
        self.assertEqual(
            (told["kind"], told["send"]), (SECURE, self.pair.two.told[(1, 0)]["receive"])
        )

    def test_the_200_may_describe_other_media_than_the_183(self):
        self.pair.reply(183, sdp(BOB_PHONE, AUDIO % 5000))
        self.pair.reply(200, sdp(BOB_PHONE, (AUDIO % 5000).replace("0 101", "0")))
        self.assertIsNotNone(self.pair.acknowledge())
        one, two = self.pair.one, self.pair.two
        self.assertEqual(one.told[(1, 1)]["send"], two.told[(1, 0)]["receive"])
        self.assertEqual(one.events[-1]["words"], two.events[-1]["words"])

    def test_a_200_without_a_description_follows_a_reliable_183(self):
        self.pair.reply(183, sdp(BOB_PHONE, AUDIO % 5000))
        self.pair.reply(200)
        self.assertIsNotNone(self.pair.acknowledge())
        self.assertEqual(self.pair.one.events[-1]["level"], trust.ENCRYPTED)

    def test_phones_behind_one_branch_have_keys_of_their_own(self):
        two = Box(BOB, 40000, tokens=5000)
        self.pair.reply(183, sdp(BOB_PHONE, AUDIO % 5000), tag="b1")
        first = dict(self.pair.one.told[(1, 1)])
        two.invite("2", self.pair.crossed, self.pair.from_alice, self.pair.bob)
        other = two.response("2", reply(self.pair.crossed, 183, sdp(BOB_PHONE), "b2"))
        self.pair.one.response("1", other)
        second = dict(self.pair.one.told[(1, 1)])
        self.assertNotEqual(first["send"], second["send"])
        self.assertEqual(second["remote"][0], (BOB_WAN, 40000))
        self.pair.reply(200, sdp(BOB_PHONE, AUDIO % 5000), tag="b1")
        self.assertEqual(self.pair.one.told[(1, 1)], first)

    def test_the_second_of_two_answers_gets_no_media(self):
        two = Box(BOB, 40000, tokens=5000)
        two.invite("2", self.pair.crossed, self.pair.from_alice, self.pair.bob)
        other = two.response("2", reply(self.pair.crossed, 200, sdp(BOB_PHONE), "b2"))
        self.pair.reply(200, sdp(BOB_PHONE, AUDIO % 5000))
        before = dict(self.pair.one.told[(1, 1)])
        late = self.pair.one.response("1", other)
        self.assertEqual((late.status, late.body), (200, b""))
        self.assertEqual(self.pair.one.told[(1, 1)], before)
        ack = self.pair.one.request(None, inside("ACK", tag="b2"))
        self.assertNotIn(b"bellhop-confirm", ack.names)
        self.assertIsNotNone(self.pair.acknowledge())

    def test_phones_without_end_are_refused(self):
        for number in range(8):
            self.pair.one.response("1", reply(self.pair.crossed, 180, tag="t%d" % number))
        ninth = reply(self.pair.crossed, 180, tag="t9")
        self.assertEqual(refusal(self.pair.one.response, "1", ninth).status, 488)


class CalleeOffers(unittest.TestCase):
    """An INVITE without a description: the offer is in the 200, the answer in the ACK."""

    def setUp(self):
        self.pair = Pair()
        self.there = self.pair.invite()

    def test_the_key_travels_in_a_header(self):
        self.assertIn(b"\r\nBellhop-Key: ", self.pair.wire[0])
        self.assertNotIn(b"bellhop", self.there.write().lower())

    def test_the_call_is_encrypted(self):
        back = self.pair.reply(200, sdp(BOB_PHONE, AUDIO % 5000))
        self.assertIn(b"m=audio 20000 ", back.body)
        ack = self.pair.acknowledge(sdp(ALICE_PHONE))
        self.assertIn(b"m=audio 30002 ", ack.body)
        one, two = self.pair.one, self.pair.two
        self.assertEqual(one.told[(1, 1)]["send"], two.told[(1, 0)]["receive"])
        self.assertEqual(one.told[(1, 0)]["remote"][0], (ALICE_PHONE, 4000))
        self.assertEqual(one.events[-1]["words"], two.events[-1]["words"])

    def test_no_key_is_told_before_both_media_are_known(self):
        self.pair.reply(200, sdp(BOB_PHONE, AUDIO % 5000))
        self.assertEqual((self.pair.one.told, self.pair.two.told), ({}, {}))

    def test_an_ack_without_an_answer_ends_the_media(self):
        self.pair.reply(200, sdp(BOB_PHONE, AUDIO % 5000))
        self.assertIsNone(self.pair.acknowledge())
        self.assertEqual(self.pair.one.events[-1]["level"], "failed")
        self.assertEqual(self.pair.one.closed, [1])

    def test_a_reliable_183_may_offer_and_a_prack_answer(self):
        self.pair.reply(183, sdp(BOB_PHONE, AUDIO % 5000))
        prack = inside("PRACK", sdp(ALICE_PHONE), cseq=2)
        there = self.pair.two.request("p", self.pair.cross(self.pair.one.request("p", prack)))
        self.assertIn(b"m=audio 30002 ", there.body)
        one, two = self.pair.one, self.pair.two
        self.assertEqual(one.told[(1, 1)]["send"], two.told[(1, 0)]["receive"])
        self.pair.reply(200)
        self.assertIsNotNone(self.pair.acknowledge())
        self.assertEqual(one.events[-1]["words"], two.events[-1]["words"])

    def test_a_repeated_200_and_ack_are_the_same(self):
        for _ in range(2):
            self.pair.reply(200, sdp(BOB_PHONE, AUDIO % 5000))
            self.pair.acknowledge(sdp(ALICE_PHONE))
        wire = self.pair.wire
        self.assertEqual((wire[1], wire[2]), (wire[3], wire[4]))


class Changed(unittest.TestCase):
    """What happens in the middle of a call."""

    def setUp(self):
        self.pair = Pair()
        self.pair.call()
        self.one, self.two = self.pair.one, self.pair.two
        self.before = self.one.told[(1, 1)]["send"]

    def fits(self):
        """Tell whether both nodes have the same keys, and new ones."""
        send = self.one.told[(1, 1)]["send"]
        return send != self.before and send == self.two.told[(1, 0)]["receive"]

    def test_hold_renews_the_keys_and_stops_one_way(self):
        held = sdp(ALICE_PHONE, AUDIO % 4000 + "a=sendonly\r\n")
        there, back = self.pair.change(
            "INVITE", held, sdp(BOB_PHONE, AUDIO % 5000 + "a=recvonly\r\n"))  # fmt: skip
        self.assertIn(b"a=sendonly\r\n", there.body)
        self.assertIn(b"a=recvonly\r\n", back.body)
        self.assertEqual(self.one.told[(1, 0)]["direction"], RECEIVE)
        self.assertEqual(self.one.told[(1, 1)]["direction"], SEND)
        self.assertTrue(self.fits())
        self.assertNotIn(b"bellhop", there.write().lower() + back.write().lower())

    def test_the_called_one_may_change_the_call(self):
        self.pair.change("INVITE", sdp(BOB_PHONE, AUDIO % 6000), sdp(ALICE_PHONE), 1, False)
        self.assertTrue(self.fits())
        self.assertEqual(self.two.told[(1, 1)]["remote"][0], (BOB_PHONE, 6000))

    def test_update_changes_the_call(self):
        self.pair.change("UPDATE", sdp(ALICE_PHONE, AUDIO % 4100), sdp(BOB_PHONE, AUDIO % 5000))
        self.assertTrue(self.fits())
        self.assertEqual(self.one.told[(1, 0)]["remote"][0], (ALICE_PHONE, 4100))

    def test_the_old_hold_keeps_the_address_that_is_known(self):
        held = sdp(bytes(4), AUDIO % 4000)
        there, _ = self.pair.change("INVITE", held, sdp(BOB_PHONE, AUDIO % 5000))
        self.assertIn(b"c=IN IP4 0.0.0.0\r\n", there.body)
        self.assertEqual(self.one.told[(1, 0)]["remote"][0], (ALICE_PHONE, 4000))
        self.assertEqual(self.one.told[(1, 0)]["direction"], RECEIVE)

    def test_words_stay_the_same(self):
        words = self.one.relays.of_call(b"call-1")[0]["words"]
        self.pair.change("INVITE", sdp(ALICE_PHONE), sdp(BOB_PHONE))
        self.assertEqual(self.two.relays.of_call(b"call-1")[0]["words"], words)

    def test_a_refused_change_changes_nothing(self):
        told = dict(self.one.told[(1, 0)])
        self.pair.change("INVITE", sdp(ALICE_PHONE, AUDIO % 4100), "", status=488)
        self.assertEqual(self.one.told[(1, 0)], told)
        self.pair.change("INVITE", sdp(ALICE_PHONE), sdp(BOB_PHONE), cseq=3)
        self.assertTrue(self.fits())

    def test_a_stream_may_be_added_and_taken_away(self):
        two_streams = [AUDIO % 4000, VIDEO % 4002]
        there, back = self.pair.change(
            "INVITE", sdp(ALICE_PHONE, *two_streams), sdp(BOB_PHONE, AUDIO % 5000, VIDEO % 5002))  # fmt: skip
        self.assertIn(b"m=video 30006 ", there.body)
        self.assertIn(b"m=video 20004 ", back.body)
        self.assertEqual(self.one.told[(2, 1)]["send"], self.two.told[(2, 0)]["receive"])
        self.pair.change("INVITE", sdp(ALICE_PHONE, AUDIO % 4000, VIDEO % 0),
                         sdp(BOB_PHONE, AUDIO % 5000, VIDEO % 0), cseq=3)  # fmt: skip
        self.assertEqual((self.one.closed, self.two.closed), ([2], [2]))

    def test_a_change_without_a_key_is_refused(self):
        plain = inside("INVITE", sdp(ALICE_WAN), cseq=2)
        self.assertEqual(refusal(self.two.request, "x", plain).status, 488)

    def test_a_change_in_which_the_callee_offers(self):
        sent = inside("INVITE", cseq=2)
        self.two.request("x", self.pair.cross(self.one.request("x", sent)))
        offered = self.two.response("x", reply(sent, 200, sdp(BOB_PHONE, AUDIO % 5000)))
        self.one.response("x", self.pair.cross(offered))
        self.assertIsNotNone(self.pair.acknowledge(sdp(ALICE_PHONE, AUDIO % 4100), cseq=2))
        self.assertTrue(self.fits())
        self.assertEqual(self.one.told[(1, 0)]["remote"][0], (ALICE_PHONE, 4100))

    def test_both_phones_change_the_call_at_once(self):
        mine, yours = (
            inside("INVITE", sdp(ALICE_PHONE), cseq=2),
            inside("INVITE", sdp(BOB_PHONE), False, 9),
        )
        crossed = self.one.request("m", mine), self.two.request("y", yours)
        self.two.request("m", crossed[0])
        self.one.request("y", crossed[1])
        for box in (self.one, self.two):
            box.response("m", reply(mine, 491))
            box.response("y", reply(yours, 491))
        self.pair.change("INVITE", sdp(ALICE_PHONE), sdp(BOB_PHONE), cseq=3)
        self.assertTrue(self.fits())


class PhonesThatEncrypt(unittest.TestCase):
    def test_sdes_of_the_caller_ends_at_its_node(self):
        pair = Pair()
        there, back, _ = pair.call(sdp(ALICE_PHONE, SAVP_AUDIO % 4000))
        self.assertIn(b" RTP/AVP ", there.body)
        for octets in pair.wire + [there.write()]:
            self.assertNotIn(b"a=crypto", octets)
        self.assertIn(b"m=audio 20000 RTP/SAVP 0 101\r\n", back.body)
        self.assertIn(b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:", back.body)
        self.assertNotIn(PHONE_KEY.encode(), back.body)
        near = pair.one.told[(1, 0)]
        self.assertEqual(
            (near["kind"], near["receive"]), (SECURE, (1, bytes(range(16)), bytes(range(16, 30))))
        )
        self.assertNotEqual(near["send"], near["receive"])
        self.assertEqual(pair.one.told[(1, 1)]["kind"], SECURE)

    def test_sdes_of_the_called_phone_is_asked_for(self):
        pair = Pair(bob_srtp="must")
        there = pair.invite(sdp(ALICE_PHONE))
        self.assertIn(b"m=audio 30002 RTP/SAVP 0 101\r\n", there.body)
        self.assertIn(b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:", there.body)
        back = pair.reply(200, sdp(BOB_PHONE, SAVP_AUDIO % 5000))
        self.assertIn(b"m=audio 20000 RTP/AVP 0 101\r\n", back.body)
        self.assertNotIn(b"crypto", back.body + pair.wire[1])
        phone = pair.two.told[(1, 1)]
        self.assertEqual((phone["kind"], phone["receive"][1]), (SECURE, bytes(range(16))))

    def test_a_phone_that_was_offered_sdes_may_do_without(self):
        pair = Pair(bob_srtp="offer")
        there = pair.invite(sdp(ALICE_PHONE))
        self.assertIn(b"m=audio 30002 RTP/AVP 0 101\r\n", there.body)
        self.assertIn(b"a=crypto:1 ", there.body)
        pair.reply(200, sdp(BOB_PHONE, AUDIO % 5000))
        self.assertEqual(
            (pair.two.told[(1, 1)]["kind"], pair.two.told[(1, 0)]["kind"]), (CLEAR, SECURE)
        )

    def test_a_phone_that_must_and_does_not_is_refused(self):
        pair = Pair(bob_srtp="must")
        pair.invite(sdp(ALICE_PHONE))
        answered = reply(pair.crossed, 200, sdp(BOB_PHONE, AUDIO % 5000))
        self.assertEqual(refusal(pair.two.response, "2", answered).status, 488)

    def test_a_change_towards_an_sdes_phone_repeats_its_key(self):
        pair = Pair()
        _, back, _ = pair.call(sdp(ALICE_PHONE, SAVP_AUDIO % 4000))
        ours = back.body.partition(b"a=crypto:1 ")[2].partition(b"\r\n")[0]
        there, _ = pair.change(
            "INVITE", sdp(BOB_PHONE), sdp(ALICE_PHONE, SAVP_AUDIO % 4000), 7, False
        )
        self.assertIn(b" RTP/SAVP ", there.body)
        self.assertIn(ours, there.body)

    def test_an_sdes_phone_may_change_its_key(self):
        pair = Pair()
        pair.call(sdp(ALICE_PHONE, SAVP_AUDIO % 4000))
        fresh = SAVP_AUDIO.replace("AAEC", "zzzz")
        _, back = pair.change("INVITE", sdp(ALICE_PHONE, fresh % 4000), sdp(BOB_PHONE))
        self.assertIn(b"a=crypto:1 ", back.body)
        self.assertEqual(pair.one.told[(1, 0)]["receive"][1][:3], b"\xcf\x3c\xf3")

    def test_keys_that_the_node_cannot_use_are_refused(self):
        pair = Pair()
        odd = SAVP_AUDIO.replace("_80", "_99")
        self.assertEqual(refusal(pair.invite, sdp(ALICE_PHONE, odd % 4000)).status, 488)

    def test_dtls_passes_untouched_and_without_a_key_of_the_nodes(self):
        dtls = "m=audio 4000 UDP/TLS/RTP/SAVP 0\r\na=fingerprint:sha-256 AA\r\na=setup:actpass\r\n"
        pair = Pair()
        there, _, _ = pair.call(
            sdp(ALICE_PHONE, dtls), sdp(BOB_PHONE, dtls.replace("4000", "5000"))
        )
        self.assertIn(b"a=fingerprint:sha-256 AA\r\na=setup:actpass\r\n", there.body)
        self.assertNotIn(b"bellhop", b"".join(pair.wire).lower())
        for told in list(pair.one.told.values()) + list(pair.two.told.values()):
            self.assertEqual(told["kind"], UNTOUCHED)
        self.assertEqual(len(pair.one.told), 2)

    def test_zrtp_of_both_phones_passes_untouched(self):
        zrtp = AUDIO + "a=zrtp-hash:1.10 %s\r\n"
        pair = Pair()
        there, back, _ = pair.call(sdp(ALICE_PHONE, zrtp % (4000, "a" * 64)),
                                   sdp(BOB_PHONE, zrtp % (5000, "b" * 64)))  # fmt: skip
        self.assertIn(b"a=zrtp-hash:1.10 aaa", there.body)
        self.assertIn(b"a=zrtp-hash:1.10 bbb", back.body)
        kinds = [
            told["kind"] for told in list(pair.one.told.values()) + list(pair.two.told.values())
        ]
        self.assertEqual(kinds, [UNTOUCHED] * 4)

    def test_zrtp_of_one_phone_only_is_encrypted_by_the_nodes(self):
        pair = Pair()
        pair.call(sdp(ALICE_PHONE, AUDIO % 4000 + "a=zrtp-hash:1.10 aaaa\r\n"))
        self.assertEqual(pair.one.told[(1, 1)]["kind"], SECURE)


class Attacked(unittest.TestCase):
    """Somebody between the two nodes rewrites the signalling."""

    def setUp(self):
        self.pair = Pair()

    def rewrite(self, old, new, what=None):
        """Let somebody between change the body or the header of messages."""

        def between(carried):
            if what is not None and getattr(carried, "method", carried.write()[8:11]) != what:
                return carried
            body = carried.body.replace(old, new)
            lines = [line.replace(old, new) for line in carried.lines]
            carried.body, carried.lines = body, lines
            carried.set(b"content-length", b"Content-Length: %d" % len(body))
            return parse(carried.write())

        self.pair.between = between

    def test_a_key_taken_out_of_the_offer_is_refused_once_the_caller_is_known(self):
        self.pair.call()
        for box in (self.pair.one, self.pair.two):
            box.request(None, inside("BYE"))
        self.rewrite(b"a=bellhop-key", b"a=nothing")
        error = refusal(self.pair.invite, sdp(ALICE_PHONE))
        self.assertEqual(error.status, 488)
        self.assertIn("alice@home.test were encrypted before", error.reason)

    def test_a_key_taken_out_of_the_answer_is_refused_once_the_callee_is_known(self):
        self.pair.call()
        for box in (self.pair.one, self.pair.two):
            box.request(None, inside("BYE"))
        self.pair.invite(sdp(ALICE_PHONE))
        self.rewrite(b"a=bellhop-key", b"a=nothing")
        error = refusal(self.pair.reply, 200, sdp(BOB_PHONE))
        self.assertIn("bob@home.test were encrypted before", error.reason)

    def test_changed_media_are_noticed(self):
        self.rewrite(b"RTP/AVP 0 101", b"RTP/AVP 0", b"INVITE")
        self.pair.invite(sdp(ALICE_PHONE))
        error = refusal(self.pair.reply, 200, sdp(BOB_PHONE))
        self.assertIn("changed on the way", error.reason)

    def test_pretended_keys_of_the_phones_are_noticed(self):
        self.rewrite(b"a=rtpmap:0", b"a=zrtp-hash:1.10 ee\r\na=rtpmap:0")
        self.pair.invite(sdp(ALICE_PHONE))
        self.assertIsNotNone(refusal(self.pair.reply, 200, sdp(BOB_PHONE)))

    def test_ports_and_addresses_may_be_changed_by_a_relay(self):
        self.rewrite(b"203.0.113.1", b"198.51.100.7")
        self.pair.call()
        self.assertEqual(self.pair.one.events[-1]["words"], self.pair.two.events[-1]["words"])

    def test_a_lost_confirmation_ends_the_media_and_stops_the_ack(self):
        self.rewrite(b"Bellhop-Confirm", b"X-Nothing")
        self.pair.invite(sdp(ALICE_PHONE))
        self.pair.reply(200, sdp(BOB_PHONE))
        self.assertIsNone(self.pair.acknowledge())
        self.assertEqual(self.pair.two.events[-1]["level"], "failed")
        self.assertEqual(self.pair.two.closed, [1])
        self.pair.between = lambda carried: carried
        self.assertIsNone(self.pair.acknowledge())
        self.assertEqual(self.pair.two.relays.counters["keys_failed"], 1)

    def test_a_missing_ack_ends_the_media(self):
        self.pair.invite(sdp(ALICE_PHONE))
        self.pair.reply(200, sdp(BOB_PHONE))
        two = self.pair.two
        two.now += 32000
        session = two.relays.sessions.deadlines.due(two.now)
        two.take(two.relays.wake(session, two.now))
        self.assertEqual((two.closed, two.relays.sessions.by_number), ([1], {}))

    def test_a_node_in_the_middle_with_keys_of_its_own_is_refused_by_the_address(self):
        eve = Box(toy_identity("e"), 40000, tokens=7000)
        asked = self.pair.one.invite(
            "1", invite(sdp(ALICE_PHONE)), self.pair.alice, self.pair.to_bob
        )
        eve.invite("2", asked, self.pair.from_alice, self.pair.bob)
        answered = eve.response("2", reply(asked, 200, sdp(BOB_PHONE)))
        error = refusal(self.pair.one.response, "1", answered)
        self.assertIn("not the one that its address names", error.reason)

    def test_a_node_in_the_middle_cannot_make_the_words_agree(self):
        eve = toy_identity("e")
        left, right = Box(eve, 40000, tokens=7000), Box(eve, 50000, tokens=8000)
        one, two = self.pair.one, self.pair.two
        unnamed = beyond("bob@home.test", b"", BOB_WAN, ALICE_WAN)
        asked = one.invite("1", invite(sdp(ALICE_PHONE)), self.pair.alice, unnamed)
        plain = left.invite("2", asked, self.pair.from_alice, self.pair.bob)
        again = right.invite("1", plain, self.pair.alice, unnamed)
        two.invite("2", again, self.pair.from_alice, self.pair.bob)
        answered = right.response("1", two.response("2", reply(again, 200, sdp(BOB_PHONE))))
        one.response("1", left.response("2", answered))
        ack = left.request(None, one.request(None, inside("ACK")))
        two.request(None, right.request(None, ack))
        mine, yours = one.events[-1], two.events[-1]
        self.assertNotEqual(mine["words"], yours["words"])
        self.assertNotEqual(mine["key"], BOB.key.hex())
        self.assertNotEqual(yours["key"], ALICE.key.hex())


class Policy(unittest.TestCase):
    def setUp(self):
        self.pair = Pair()

    def policies(self, box, policy, level=trust.ENCRYPTED):
        box.relays.keying.policies = trust.Policies((policy, level))

    def plain_answer(self):
        """The far end is no node: it passes over the key and answers in the clear."""
        self.pair.asked = self.pair.one.invite(
            "1", invite(sdp(ALICE_PHONE)), self.pair.alice, self.pair.to_bob)  # fmt: skip
        return reply(self.pair.asked, 200, sdp(BOB_WAN, AUDIO % 5000))

    def test_prefer_goes_on_in_the_clear_and_says_so(self):
        back = self.pair.one.response("1", self.plain_answer())
        self.assertIn(b"m=audio 20000 ", back.body)
        self.pair.one.request(None, inside("ACK"))
        self.assertEqual(self.pair.one.events[-1]["level"], trust.CLEAR)
        self.assertEqual(self.pair.one.events[-1]["is_enough"], False)
        kinds = [told["kind"] for told in self.pair.one.told.values()]
        self.assertEqual(kinds, [UNTOUCHED, UNTOUCHED])

    def test_require_refuses_an_answer_in_the_clear(self):
        self.policies(self.pair.one, trust.REQUIRE)
        error = refusal(self.pair.one.response, "1", self.plain_answer())
        self.assertEqual(
            (error.status, error.reason),
            (488, "calls with bob@home.test must be encrypted and this one is not"),
        )

    def test_require_asks_the_far_end_to_refuse_itself(self):
        self.policies(self.pair.one, trust.REQUIRE)
        self.plain_answer()
        self.assertEqual(self.pair.asked.tokens(b"require"), [b"bellhop-key"])
        no = reply(self.pair.asked, 420, lines=["Unsupported: bellhop-key"])
        self.assertEqual(refusal(self.pair.one.response, "1", no).status, 488)

    def test_a_node_takes_that_wish_off_again(self):
        self.policies(self.pair.one, trust.REQUIRE)
        there = self.pair.invite(sdp(ALICE_PHONE), lines=["Require: 100rel"])
        self.assertEqual(there.tokens(b"require"), [b"100rel"])

    def test_allow_offers_no_key_and_takes_one(self):
        self.policies(self.pair.one, trust.ALLOW)
        self.pair.call()
        self.assertNotIn(b"bellhop", b"".join(self.pair.wire).lower())
        other = Pair()
        self.policies(other.two, trust.ALLOW)
        other.call()
        self.assertEqual(other.two.events[-1]["level"], trust.ENCRYPTED)

    def test_an_incoming_call_in_the_clear_is_refused_where_encryption_is_required(self):
        self.policies(self.pair.two, trust.REQUIRE)
        plain = invite(sdp(ALICE_WAN))
        error = refusal(self.pair.two.decide, "2", plain, self.pair.from_alice, self.pair.bob)
        self.assertEqual(
            (error.status, error.reason),
            (488, "calls with alice@home.test must be encrypted and this one is not"),
        )

    def test_a_changed_key_is_loud(self):
        self.pair.one.relays.keying.trust.see("bob@home.test", b"x" * 32)
        self.pair.call()
        self.assertEqual(self.pair.one.events[-1]["level"], trust.CHANGED)
        self.assertFalse(self.pair.one.events[-1]["is_enough"])

    def test_a_changed_key_is_refused_where_encryption_is_required(self):
        for box, name in ((self.pair.one, "bob@home.test"), (self.pair.two, "alice@home.test")):
            self.pair = Pair()
            chosen = self.pair.one if name[0] == "b" else self.pair.two
            self.policies(chosen, trust.REQUIRE)
            chosen.relays.keying.trust.see(name, b"x" * 32)
            error = refusal(self.pair.call)
            self.assertIn("refused: key changed", error.reason)

    def test_more_than_encryption_may_be_required(self):
        self.policies(self.pair.one, trust.REQUIRE, trust.COMPARED)
        error = refusal(self.pair.call)
        self.assertIn("refused: encrypted", error.reason)

    def test_phones_that_encrypt_themselves_may_not_stop_where_encryption_is_required(self):
        dtls = "m=audio 4000 UDP/TLS/RTP/SAVP 0\r\na=fingerprint:sha-256 AA\r\n"
        self.policies(self.pair.two, trust.REQUIRE)
        self.pair.call(sdp(ALICE_PHONE, dtls), sdp(BOB_PHONE, dtls))
        self.pair.change("INVITE", sdp(ALICE_PHONE, dtls), sdp(BOB_PHONE, dtls))
        error = refusal(self.pair.change, "INVITE", sdp(ALICE_PHONE), sdp(BOB_PHONE), 3)
        self.assertIn("must be encrypted", error.reason)

    def test_a_phone_that_wants_encryption_gets_none_in_the_clear(self):
        asked = self.pair.one.invite(
            "1", invite(sdp(ALICE_PHONE, SAVP_AUDIO % 4000)), self.pair.alice, self.pair.to_bob)  # fmt: skip
        error = refusal(self.pair.one.response, "1", reply(asked, 200, sdp(BOB_WAN)))
        self.assertIn("your phone wants encryption", error.reason)


if __name__ == "__main__":
    unittest.main()
