"""Ends of an answered call that are in another network than when it began."""

import unittest

from .calls import (
    ALICE,
    ALICE_LAN,
    ALICE_PHONE,
    ALICE_WAN,
    AUDIO,
    BOB_PHONE,
    BOB_WAN,
    Box,
    inside,
    phone,
    reply,
    sdp,
)

AWAY = bytes((100, 64, 7, 7))


class Elsewhere(unittest.TestCase):
    def setUp(self):
        self.box = Box(ALICE, 20000)
        self.alice, self.bob = phone(ALICE_PHONE, ALICE_LAN), phone(BOB_PHONE, ALICE_LAN)
        self.away = phone(BOB_WAN, ALICE_WAN)

    def change(self, near, far, body, cseq=2):
        """Alice changes the call; return (her request, the answer) as they go on."""
        asked, user = inside("INVITE", body, True, cseq), "x%d" % cseq
        self.box.take(self.box.relays.join(user, asked, near, far, self.box.now))
        there = self.box.request(user, asked)
        back = self.box.response(user, reply(asked, 200, sdp(BOB_PHONE, AUDIO % 5000)))
        self.box.request(None, inside("ACK", "", True, cseq))
        return there, back

    def test_sound_between_phones_of_one_network_stays_where_it_is(self):
        there, back = self.change(self.alice, self.bob, sdp(ALICE_PHONE))
        self.assertIn(b"c=IN IP4 192.168.1.2", there.body)
        self.assertEqual(self.box.opens, [])

    def test_sound_passes_from_when_one_phone_is_elsewhere(self):
        there, back = self.change(self.away, self.bob, sdp(AWAY))
        self.assertIn(b"c=IN IP4 192.168.1.1", there.body)
        self.assertIn(b"c=IN IP4 203.0.113.1", back.body)
        self.assertEqual(self.box.told[(1, 0)]["allow"], (BOB_WAN, 32))

    def test_it_passes_on_and_follows_when_the_phone_is_back(self):
        self.change(self.away, self.bob, sdp(AWAY))
        (session,) = self.box.relays.sessions.by_user.values()
        self.box.take(session.follow(0, ALICE_LAN, ALICE_PHONE))
        self.assertEqual(self.box.told[(1, 0)]["local"], (ALICE_LAN, None))
        there, back = self.change(self.alice, self.bob, sdp(ALICE_PHONE), 3)
        self.assertIn(b"c=IN IP4 192.168.1.1", back.body)
        self.assertIn(b"o=- 1 2 IN IP4", back.body)
        self.assertEqual(self.box.told[(1, 0)]["allow"], (ALICE_PHONE, 32))
        self.assertEqual(len(self.box.opens), 1)

    def test_another_nat_on_the_same_side_is_followed_too(self):
        self.change(self.away, self.bob, sdp(AWAY))
        (session,) = self.box.relays.sessions.by_user.values()
        other = bytes((203, 0, 113, 77))
        self.assertEqual(session.follow(0, ALICE_WAN, other), [])
        self.change(self.away, self.bob, sdp(AWAY, AUDIO % 4100), 3)
        self.assertEqual(self.box.told[(1, 0)]["allow"], (other, 32))

    def test_the_end_of_the_call_closes_it(self):
        self.change(self.away, self.bob, sdp(AWAY))
        self.box.request(None, inside("BYE", "", False, 4))
        self.assertEqual((self.box.closed, self.box.relays.sessions.by_call), ([1], {}))


if __name__ == "__main__":
    unittest.main()
