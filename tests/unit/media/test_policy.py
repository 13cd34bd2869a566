"""What the owner requires, prefers and allows."""

import unittest

from bellhop.media import trust
from bellhop.media.crypto import SIGNING
from bellhop.media.decision import Party
from bellhop.media.effects import UNTOUCHED
from bellhop.media.keyed import PLAIN

from .calls import (
    ALICE_PHONE,
    ALICE_WAN,
    AUDIO,
    BOB_PHONE,
    BOB_WAN,
    SAVP_AUDIO,
    Pair,
    inside,
    invite,
    refusal,
    reply,
    sdp,
)


class Policy(unittest.TestCase):
    def setUp(self):
        self.pair = Pair()

    def policies(self, box, policy, level=trust.ENCRYPTED):
        box.relays.keying.policies = trust.Policies((policy, level))

    def plain_answer(self):
        """The far end is no node: it passes over the key and answers in the clear."""
        self.pair.asked = self.pair.one.invite(
            "1", invite(sdp(ALICE_PHONE)), self.pair.alice, self.pair.to_bob
        )
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

    def test_a_node_without_curves_makes_no_keys(self):
        self.pair.one.relays.keying.dh = None
        self.pair.call()
        self.assertNotIn(b"bellhop", b"".join(self.pair.wire).lower())
        other = Pair()
        other.two.relays.keying.dh = None
        other.call()
        self.assertEqual(other.one.events[-1]["level"], trust.CLEAR)

    def test_a_node_without_curves_refuses_what_must_be_encrypted(self):
        self.policies(self.pair.one, trust.REQUIRE)
        self.pair.one.relays.keying.dh = None
        self.assertEqual(refusal(self.pair.call).status, 488)

    def test_a_changed_key_is_loud(self):
        self.pair.one.relays.keying.trust.see("bob@home.test", b"x" * 32)
        self.pair.call()
        self.assertEqual(self.pair.one.events[-1]["level"], trust.CHANGED)
        self.assertFalse(self.pair.one.events[-1]["is_enough"])

    def test_a_changed_key_is_refused_where_encryption_is_required(self):
        for side, name in (("one", "bob@home.test"), ("two", "alice@home.test")):
            self.pair = Pair()
            chosen = getattr(self.pair, side)
            self.policies(chosen, trust.REQUIRE)
            chosen.relays.keying.trust.see(name, b"x" * 32)
            error = refusal(self.pair.call)
            self.assertIn("refused: key changed", error.reason)

    def test_more_than_encryption_may_be_required(self):
        self.policies(self.pair.one, trust.REQUIRE, trust.COMPARED)
        error = refusal(self.pair.call)
        self.assertIn("refused: encrypted", error.reason)

    def test_over_amateur_radio_keys_sign_and_hide_nothing(self):
        for box in (self.pair.one, self.pair.two):
            box.relays.library((4, 3, 1, 7))
        self.pair.to_bob = Party(PLAIN, *self.pair.to_bob[1:])
        self.pair.from_alice = Party(PLAIN, *self.pair.from_alice[1:])
        self.pair.call()
        for box in (self.pair.one, self.pair.two):
            suites = {told["send"][0] for told in box.told.values() if told.get("send")}
            self.assertEqual(suites, {SIGNING.number})
            self.assertEqual(box.events[-1]["level"], trust.CLEAR)
            self.assertEqual(box.relays.keying.trust.contacts, {})

    def test_what_only_signs_is_taken_nowhere_else(self):
        self.pair.one.relays.library((7,))
        self.pair.one.relays.keying.suites = (7,)
        self.pair.two.relays.library((4, 3, 1, 7))
        self.assertIn("no encryption in common", refusal(self.pair.call).reason)

    def test_phones_that_encrypt_themselves_may_not_stop_where_encryption_is_required(self):
        dtls = "m=audio 4000 UDP/TLS/RTP/SAVP 0\r\na=fingerprint:sha-256 AA\r\n"
        self.policies(self.pair.two, trust.REQUIRE)
        self.pair.call(sdp(ALICE_PHONE, dtls), sdp(BOB_PHONE, dtls))
        self.pair.change("INVITE", sdp(ALICE_PHONE, dtls), sdp(BOB_PHONE, dtls))
        error = refusal(self.pair.change, "INVITE", sdp(ALICE_PHONE), sdp(BOB_PHONE), 3)
        self.assertIn("must be encrypted", error.reason)

    def test_a_phone_that_wants_encryption_gets_none_in_the_clear(self):
        asked = self.pair.one.invite(
            "1", invite(sdp(ALICE_PHONE, SAVP_AUDIO % 4000)), self.pair.alice, self.pair.to_bob
        )
        error = refusal(self.pair.one.response, "1", reply(asked, 200, sdp(BOB_WAN)))
        self.assertIn("your phone wants encryption", error.reason)


if __name__ == "__main__":
    unittest.main()
