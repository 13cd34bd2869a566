"""A session that becomes a row and a session again: the call goes on with the same keys."""

import json
import unittest

from bellhop.effects import RelayResume, RelayUpdate
from bellhop.media import kept
from bellhop.media.crypto import SUITES
from bellhop.media.relay import LONGEST_CALL

from .calls import (
    ALICE,
    ALICE_PHONE,
    AUDIO,
    BOB_PHONE,
    NOW,
    SAVP_AUDIO,
    Box,
    Pair,
    sdp,
)

HOLD = AUDIO % 4000 + "a=sendonly\r\n"
MOVED = AUDIO % 6000


class Lasting(unittest.TestCase):
    def setUp(self):
        self.pair = Pair()

    def session(self, box):
        ((session,),) = box.relays.sessions.by_call.values()
        return session

    def start_anew(self, box):
        """Have another process take the place of a node; return the effects that it begins with."""
        row = json.loads(json.dumps(kept.row_of(self.session(box))))
        keying = box.relays.keying
        other = Box(ALICE, 25000, tokens=5000)
        other.relays.keying.trust = keying.trust
        session = kept.session_of(row, keying.dh, keying.identity)
        for number in kept.numbers_of(row):
            other.relays.sessions.count_from(number)
        other.relays.sessions.resume("again", session, NOW + LONGEST_CALL)
        other.ports = dict(box.ports)
        self.assertEqual(list(kept.effects_of([{"sound": [row]}])), session.resume())
        return other, session.resume()

    def take_place(self, box, effects):
        """Do what the shell would do with what a node begins with."""
        ports = {effect.relay: effect.sides for effect in effects if type(effect) is RelayResume}
        box.take([effect for effect in effects if type(effect) is RelayUpdate])
        return ports

    def test_the_same_ports_are_bound_and_the_library_is_told_the_same(self):
        self.pair.call()
        before = self.pair.one
        other, effects = self.start_anew(before)
        ((number, sides),) = self.take_place(other, effects).items()
        self.assertEqual([side[0] for side in sides], self.session(before).locals)
        self.assertEqual(sides[0][1:3] + sides[1][1:3], before.ports[number])
        for place in before.told:
            wanted = dict(before.told[place])
            self.assertEqual(other.told[place], {n: wanted[n] for n in wanted if n != "local"})

    def test_either_phone_may_change_the_call_after_either_node_was_started_anew(self):
        self.pair.call()
        for cseq, name in ((2, "one"), (4, "two"), (6, "one")):
            other, effects = self.start_anew(getattr(self.pair, name))
            self.take_place(other, effects)
            setattr(self.pair, name, other)
            self.pair.change("INVITE", sdp(ALICE_PHONE, HOLD), sdp(BOB_PHONE, AUDIO % 5000), cseq)
            answered = sdp(ALICE_PHONE, MOVED)
            self.pair.change("INVITE", sdp(BOB_PHONE, AUDIO % 5000), answered, cseq + 1, False)
            one, two = self.pair.one.told, self.pair.two.told
            self.assertEqual(one[1, 1]["send"], two[1, 0]["receive"])
            self.assertEqual(one[1, 1]["receive"], two[1, 0]["send"])
            self.assertEqual(one[1, 0]["remote"][0], (ALICE_PHONE, 6000))
        words = [
            self.session(box).chosen.agreement.words() for box in (self.pair.one, self.pair.two)
        ]
        self.assertEqual(*words)

    def test_keys_of_the_phones_and_several_streams_are_kept(self):
        self.pair.call(sdp(ALICE_PHONE, SAVP_AUDIO % 4000, AUDIO % 4002))
        other, effects = self.start_anew(self.pair.one)
        self.take_place(other, effects)
        told = other.told[1, 0]
        self.assertEqual(told["receive"][0], SUITES[0].number)
        self.assertEqual(self.session(other).chosen.cryptos[0][0].key, told["receive"][1])
        self.assertTrue(self.session(other).has_keys())
        resumed = [effect.relay for effect in effects if type(effect) is RelayResume]
        self.assertEqual(resumed, self.session(other).numbers())
        self.assertEqual(len(resumed), 2)

    def test_nothing_that_a_session_holds_is_forgotten(self):
        self.pair.call()
        session = self.session(self.pair.one)
        things = [session, session.slots[0], session.first, session.chosen]
        things += [session.chosen.agreement, session.agreement.opening]
        for thing in things:
            name = kept.NAMES[type(thing)]
            _, attributes, begins = kept.KINDS[name]
            ends = ("dh", "identity") if name == "agreement" else ()
            self.assertEqual(sorted(thing.__dict__), sorted(attributes + tuple(begins) + ends))

    def test_what_agreed_on_the_keys_is_not_kept(self):
        self.pair.call()
        agreement = self.session(self.pair.one).chosen.agreement
        row = json.dumps(kept.row_of(self.session(self.pair.one)))
        for secret in (agreement.opening.secret, agreement.shared, agreement.identity.secret):
            for part in secret if isinstance(secret, tuple) else (secret,):
                self.assertNotIn(json.dumps("".join([chr(one) for one in part])), row)

    def test_what_is_not_agreed_is_not_kept(self):
        self.pair.invite(sdp(ALICE_PHONE))
        self.assertFalse(self.session(self.pair.one).is_lasting())
        self.pair.reply(200, sdp(BOB_PHONE, AUDIO % 5000))
        self.assertTrue(self.session(self.pair.one).is_lasting())

    def test_rows_of_anything_else_raise_what_is_caught(self):
        self.pair.call()
        row = kept.row_of(self.session(self.pair.one))
        for broken in ([], [["offer", {}]], [["nothing", {}]], row[:1], [["session", {"a": 1}]]):
            with self.assertRaises(kept.UNREADABLE):
                kept.session_of(broken, None, None)
            self.assertEqual(list(kept.effects_of([{"sound": [broken]}])), [])
