"""Keyed calls that change: hold, other ports, more streams, new keys."""

import unittest

from bellhop.media.effects import RECEIVE, SEND

from .calls import (
    ALICE_PHONE,
    ALICE_WAN,
    AUDIO,
    BOB_PHONE,
    VIDEO,
    Pair,
    inside,
    refusal,
    reply,
    sdp,
)


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
            "INVITE", held, sdp(BOB_PHONE, AUDIO % 5000 + "a=recvonly\r\n")
        )
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

    def test_who_answers_keeps_the_old_key_until_the_far_end_has_the_new_one(self):
        def late():
            return [bool(box.told[key].pop("late", False)) for box, key in boxes]

        boxes = ((self.one, (1, 0)), (self.one, (1, 1)), (self.two, (1, 0)), (self.two, (1, 1)))
        self.assertEqual(late(), [False, False, False, False])
        self.pair.change("UPDATE", sdp(ALICE_PHONE, AUDIO % 4100), sdp(BOB_PHONE, AUDIO % 5000))
        self.assertEqual(late(), [False, False, True, False])
        self.pair.change("INVITE", sdp(BOB_PHONE, AUDIO % 6000), sdp(ALICE_PHONE), 1, False)
        self.assertEqual(late(), [False, True, False, False])

    def test_an_answer_that_comes_again_behind_an_update_is_no_new_offer(self):
        pair = Pair()
        pair.invite(sdp(ALICE_PHONE))
        first = pair.reply(200, sdp(BOB_PHONE, AUDIO % 5000))  # Its ACK is lost.
        pair.change("UPDATE", sdp(ALICE_PHONE, AUDIO % 4100), sdp(BOB_PHONE, AUDIO % 5000))
        before = pair.two.told[(1, 1)], pair.one.told[(1, 1)]
        again = pair.reply(200, sdp(BOB_PHONE, AUDIO % 5000))
        self.assertEqual(again.body, first.body)
        self.assertEqual((pair.two.told[(1, 1)], pair.one.told[(1, 1)]), before)
        self.assertIsNotNone(pair.acknowledge())
        pair.change("INVITE", sdp(ALICE_PHONE), sdp(BOB_PHONE, AUDIO % 5000), cseq=3)
        self.assertEqual(pair.one.told[(1, 1)]["send"], pair.two.told[(1, 0)]["receive"])

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
            "INVITE", sdp(ALICE_PHONE, *two_streams), sdp(BOB_PHONE, AUDIO % 5000, VIDEO % 5002)
        )
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


if __name__ == "__main__":
    unittest.main()
