"""The INVITE of a ringing call comes again by another way: its answers belong to the later one."""

import unittest

from bellhop.media.trust import ENCRYPTED

from .calls import (
    ALICE_PHONE,
    ALICE_WAN,
    AUDIO,
    BOB_PHONE,
    Box,
    Pair,
    beyond,
    invite,
    refusal,
    sdp,
    text,
)
from .curve import toy_identity


class Rejoin(unittest.TestCase):
    def setUp(self):
        self.pair = Pair()
        self.pair.invite(sdp(ALICE_PHONE))
        self.pair.reply(183, sdp(BOB_PHONE, AUDIO % 5000))

    def again(self, one=None):
        """Let the caller's node send the INVITE anew and the callee's node take it."""
        pair = self.pair
        pair.one = one or pair.one
        pair.asked = pair.one.invite("1", invite(sdp(ALICE_PHONE)), pair.alice, pair.to_bob)
        pair.crossed = pair.asked
        pair.two.relays.rejoin("2", pair.crossed, pair.from_alice, 0)

    def test_the_answer_fits_the_later_invite_and_its_address(self):
        shown = self.pair.two.ports
        self.again()
        self.pair.reply(200, sdp(BOB_PHONE, AUDIO % 5000))
        self.pair.acknowledge()
        for box, events in ((self.pair.one, 1), (self.pair.two, 1)):
            self.assertEqual([one["level"] for one in box.events], [ENCRYPTED] * events)
        self.assertEqual(*[box.events[-1]["words"] for box in (self.pair.one, self.pair.two)])
        self.assertEqual(self.pair.two.ports, shown)
        port = self.pair.one.ports[2][2]
        remote = self.pair.two.told[(1, 0)]["remote"]
        self.assertEqual(remote[0][1], port)

    def test_sound_leaves_from_the_address_of_the_later_way(self):
        other = bytes([203, 0, 113, 9])
        self.pair.from_alice = beyond("alice@home.test", None, ALICE_WAN, other)
        self.again()
        passed = self.pair.reply(200, sdp(BOB_PHONE, AUDIO % 5000))
        self.assertIn(text(other).encode(), self.pair.wire[-1])
        self.pair.acknowledge()
        self.assertIsNotNone(passed)
        self.assertEqual(self.pair.two.told[(1, 0)]["local"], (other, None))
        self.assertNotIn("local", self.pair.two.told[(1, 1)])

    def test_nobody_else_takes_over_a_ringing_call(self):
        honest = self.pair.one
        self.assertIsNotNone(refusal(self.again, Box(toy_identity("e"), 40000, tokens=5000)))
        self.pair.one = honest
        self.again()

    def test_a_ringing_call_does_not_lose_its_key(self):
        bare = invite(sdp(ALICE_PHONE))
        self.assertIsNotNone(
            refusal(self.pair.two.relays.rejoin, "2", bare, self.pair.from_alice, 0)
        )

    def test_a_branch_without_a_session_is_left_alone(self):
        self.pair.two.relays.rejoin("x", invite(sdp(ALICE_PHONE)), self.pair.from_alice, 0)
