"""Calls between two nodes whose sound the nodes encrypt for their phones."""

import unittest

from bellhop.media import trust
from bellhop.media.effects import CLEAR, RECEIVE, SECURE, SEND

from .calls import (
    ALICE_LAN,
    ALICE_PHONE,
    ALICE_WAN,
    AUDIO,
    BOB,
    BOB_PHONE,
    BOB_WAN,
    VIDEO,
    Box,
    Pair,
    inside,
    refusal,
    reply,
    sdp,
)


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
        # What is sent comes from the address that the other side is told.
        self.assertEqual(sides, ((ALICE_LAN, 20000, 30000, None), (ALICE_WAN, 20000, 30000, None)))
        self.assertNotIn("local", far)

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
        there, _, _ = self.pair.call(
            sdp(ALICE_PHONE, AUDIO % 4000, fax),
            sdp(BOB_PHONE, AUDIO % 5000, "m=image 0 udptl t38\r\n"),
        )
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


if __name__ == "__main__":
    unittest.main()
