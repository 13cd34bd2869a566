"""A node that gets another address in the middle of a call, or while it rings."""

import unittest

from bellhop.effects import Listener
from bellhop.features import catalogue
from bellhop.features.media import moving
from bellhop.sip import message
from tests.unit.features.media.test_calls import ALICE, CAROL, KIND, StrictCase, sdp

NEW = "10.0.1.9"
NEW_OCTETS = bytes((10, 0, 1, 9))


class TableTest(unittest.TestCase):
    def test_every_pair_is_decided_once(self):
        for state in moving.STATES:
            for event in moving.EVENTS:
                pair = (state, event)
                self.assertEqual((pair in moving.TABLE) + (pair in moving.IGNORED), 1, pair)


class MovingCase(StrictCase):
    def setUp(self):
        self.build()
        self.source = NEW
        for house in (self.barn, self.farm):
            catalogue.join_moving(house.engine, lambda host: self.source)

    def move(self):
        """Give alice's node another address in the place of the one it has."""
        listeners = [Listener("udp", NEW, 5060), Listener("tcp", NEW, 5060)]
        self.barn.perform(self.barn.engine.listen(listeners, self.town.now))
        self.town.advance(40)

    def remote(self):
        """Return the octets to which carol's node sends alice's sound."""
        relay = max(self.farm.relays)
        return self.farm.relays[relay][0]["remote"][0][0]


class CallTest(MovingCase):
    def setUp(self):
        super().setUp()
        self.connect()
        self.heard(self.farm, self.carol)
        self.move()

    def test_the_relay_leaves_from_the_new_address(self):
        (relay,) = self.barn.relays
        self.assertEqual(self.barn.relays[relay][1]["local"], (NEW_OCTETS, None))

    def test_the_other_node_sends_there(self):
        self.assertEqual(self.remote(), NEW_OCTETS)

    def test_no_phone_notices(self):
        self.town.advance(40000)
        self.assertEqual((self.farm.to_phone(CAROL), self.barn.to_phone(ALICE)), ([], []))

    def test_keys_are_new_on_both_sides_and_alike(self):
        (near,), (far,) = self.barn.relays.values(), self.farm.relays.values()
        self.assertEqual(near[1]["send"], far[0]["receive"])
        self.assertEqual(near[1]["receive"], far[0]["send"])

    def test_what_the_phone_asks_later_has_higher_numbers_than_the_node_used(self):
        self.barn.receive(self.alice.within("INVITE", [KIND], sdp(ALICE, 2)), ALICE)
        asked = self.heard(self.farm, self.carol, b"INVITE")
        self.assertEqual(asked.cseq[0], self.alice.cseq + 1)
        answer = self.take(200, [KIND], sdp(CAROL, 2))
        self.assertEqual((answer.status, answer.cseq[0]), (200, self.alice.cseq))
        self.barn.receive(self.alice.acknowledge(), ALICE)
        acknowledged = self.heard(self.farm, self.carol, b"ACK")
        self.assertEqual(acknowledged.cseq[0], asked.cseq[0])

    def test_the_call_ends_as_ever(self):
        self.barn.receive(self.alice.within("BYE"), ALICE)
        ended = self.heard(self.farm, self.carol, b"BYE")
        self.farm.receive(self.carol.answer(200, "BYE"), CAROL)
        self.assertEqual(ended.cseq[0], self.alice.cseq + 1)
        self.assertEqual(self.heard(self.barn, self.alice).status, 200)
        self.assert_nothing_left()


class AskedTwiceTest(MovingCase):
    def test_a_phone_that_was_asked_again_for_encryption_hears_the_one_who_moves(self):
        self.dial()
        invite = self.again()
        offered = [line for line in invite.body.split(b"\r\n") if line[:9] == b"a=crypto:"]
        own = offered[1].decode().rpartition(":")[0] + ":" + "A" * 40
        body = sdp(CAROL).replace("RTP/AVP", "RTP/SAVP") + own + "\r\n"
        self.assertEqual(self.take(200, [KIND], body).status, 200)
        self.barn.receive(self.alice.acknowledge(), ALICE)
        self.heard(self.farm, self.carol)
        self.move()
        self.assertEqual(self.remote(), NEW_OCTETS)
        self.town.advance(40000)
        self.assertEqual((self.farm.to_phone(CAROL), self.barn.to_phone(ALICE)), ([], []))
        self.barn.receive(self.alice.within("BYE"), ALICE)
        self.heard(self.farm, self.carol, b"BYE")
        self.farm.receive(self.carol.answer(200, "BYE"), CAROL)
        self.assert_nothing_left()


class WaitingTest(MovingCase):
    def test_without_a_way_it_is_tried_until_there_is_one(self):
        self.connect()
        self.source = None
        self.move()
        self.town.advance(2000)
        self.assertNotEqual(self.remote(), NEW_OCTETS)
        self.source = NEW
        self.town.advance(400)
        self.assertEqual(self.remote(), NEW_OCTETS)

    def test_while_it_rings_the_other_end_is_told_when_it_has_answered(self):
        self.dial()
        self.take(180)
        self.move()
        self.take(200, [KIND], sdp(CAROL))
        self.barn.receive(self.alice.acknowledge(), ALICE)
        self.town.advance(400)
        self.assertEqual(self.remote(), NEW_OCTETS)

    def test_a_call_that_is_over_is_let_go(self):
        self.connect()
        self.source = None
        self.move()
        self.barn.receive(self.alice.within("BYE"), ALICE)
        self.source = NEW
        self.town.advance(1000)
        self.assert_nothing_left()


class MarkTest(unittest.TestCase):
    def test_only_a_description_has_the_mark(self):
        for body, lines, answer in (
            (sdp(ALICE).replace("t=0 0\r\n", "t=0 0\r\na=bellhop-moved\r\n"), KIND, True),
            (sdp(ALICE), KIND, False),
            ("", "Subject: x", False),
        ):
            text = "INVITE sip:x@y SIP/2.0\r\nVia: SIP/2.0/UDP z;branch=z9hG4bK1\r\nFrom: <sip:a@b>"
            text += ";tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nMax-Forwards: 9\r\n"
            text += "%s\r\nContent-Length: %d\r\n\r\n%s" % (lines, len(body), body)
            self.assertEqual(moving.is_moved(message.parse(text.encode())), answer)


if __name__ == "__main__":
    unittest.main()
