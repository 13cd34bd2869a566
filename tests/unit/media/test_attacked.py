"""Somebody between two nodes rewrites the signalling."""

import unittest

from bellhop.sip.message import parse
from bellhop.text import key_text

from .calls import (
    ALICE,
    ALICE_PHONE,
    ALICE_WAN,
    BOB,
    BOB_PHONE,
    BOB_WAN,
    Box,
    Pair,
    beyond,
    inside,
    invite,
    refusal,
    reply,
    sdp,
)
from .curve import toy_identity


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
        self.assertNotEqual(mine["key"], key_text(BOB.key))
        self.assertNotEqual(yours["key"], key_text(ALICE.key))


if __name__ == "__main__":
    unittest.main()
