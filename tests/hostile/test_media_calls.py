"""Calls of strangers through two nodes: damaged messages in any order.

Whatever comes, nothing but a SipError is raised, every relay that is opened is closed again, no
table grows, and where encryption is required no sound goes out in the clear.
"""

import pytest

from bellhop.errors import SipError
from bellhop.media import relay, trust
from bellhop.media.decision import NEEDED, MediaSettings
from bellhop.media.effects import CLEAR, SECURE
from bellhop.sip import message
from tests.support.mutate import Random, mutate
from tests.unit.media.calls import (
    ALICE,
    ALICE_PHONE,
    AUDIO,
    BOB,
    BOB_PHONE,
    CRYPTO,
    PHONE_KEY,
    VIDEO,
    Box,
    Pair,
    inside,
    reply,
    sdp,
)

STEPS = 400
SDES = AUDIO.replace("AVP", "SAVP") % 4000 + CRYPTO % (1, PHONE_KEY)
ZRTP = AUDIO % 4000 + "a=zrtp-hash:1.10 ab\r\n"
DTLS = "m=audio 4000 UDP/TLS/RTP/SAVP 0\r\na=fingerprint:sha-256 AA\r\n"
BODIES = [
    sdp(ALICE_PHONE),
    sdp(BOB_PHONE, AUDIO % 5000, VIDEO % 5002),
    sdp(ALICE_PHONE, SDES),
    sdp(ALICE_PHONE, ZRTP, VIDEO % 0),
    sdp(ALICE_PHONE, DTLS),
    sdp(bytes(4)),
    "",
]
TAGS = ("b1", "b2", "b3")


class Walk:
    """One random walk through a pair of nodes."""

    def __init__(self, seed, required):
        self.random = Random(seed)
        self.pair = Pair(*[self.box(*place) for place in ((ALICE, 1000, 0), (BOB, 9000, 5000))])
        self.pair.between = self.damage
        self.required = required
        self.asked = None
        if required:
            for box in (self.pair.one, self.pair.two):
                box.relays.keying.policies = trust.Policies((trust.REQUIRE, trust.ENCRYPTED))

    def box(self, identity, port, tokens):
        return Box(identity, port, MediaSettings(NEEDED, False, 1000, 60000, 512), tokens=tokens)

    def damage(self, carried):
        """Somebody between the nodes changes one message in three."""
        if self.random.below(3):
            return carried
        try:
            return message.parse(mutate(self.random, [carried.write()]))
        except SipError:
            return carried

    def body(self):
        chosen = self.random.choice(BODIES)
        if chosen and not self.random.below(4):
            chosen = mutate(self.random, [chosen.encode()]).decode("latin-1")
        return chosen

    def step(self):
        """Do one thing that a stranger may do."""
        action = self.random.choice((
            self.invite, self.reply, self.reply, self.acknowledge, self.change, self.end, self.flip,
        ))  # fmt: skip
        try:
            action()
        except SipError as error:
            assert 400 <= error.status < 600
        except UnicodeEncodeError:
            pass  # The builders of the tests write UTF-8 only.

    def invite(self):
        self.pair.invite(self.body())

    def reply(self):
        if getattr(self.pair, "crossed", None) is not None:
            status = self.random.choice((180, 183, 200, 200, 302, 488))
            self.pair.reply(status, self.body(), self.random.choice(TAGS))

    def acknowledge(self):
        self.pair.acknowledge(self.body(), 1 + self.random.below(3))

    def change(self):
        method = self.random.choice(("INVITE", "UPDATE", "PRACK", "BYE"))
        cseq, from_caller = 2 + self.random.below(2), bool(self.random.below(2))
        tag = self.random.choice(TAGS)
        sent = inside(method, self.body(), from_caller, cseq, tag)
        first, second = (self.pair.one, self.pair.two)
        if not from_caller:
            first, second = second, first
        there = self.pair.cross(first.request("x", sent))
        if there is not None and second.request("x", there) is not None:
            status = self.random.choice((200, 200, 491))
            back = second.response("x", reply(sent, status, self.body(), tag))
            if back is not None:
                first.response("x", self.pair.cross(back))

    def end(self):
        if not self.random.below(4):
            box = self.random.choice((self.pair.one, self.pair.two))
            box.take(box.relays.ended(self.random.choice(("1", "2"))))

    def flip(self):
        box = self.random.choice((self.pair.one, self.pair.two))
        box.problem = None if box.problem else "no ports are left"

    def check(self):
        """Look at what must hold at any time."""
        for number, box in enumerate((self.pair.one, self.pair.two)):
            sessions = box.relays.sessions
            assert len(sessions.by_user) <= 1 and len(sessions.by_number) <= 8
            assert all(len(session.dialogs) <= 8 for session in sessions.by_user.values())
            if self.required:
                node_side = 1 - number
                for (relay_number, side), told in box.told.items():
                    if side == node_side and relay_number not in box.closed:
                        phones = box.told[(relay_number, 1 - side)]["kind"]
                        assert told["kind"] == SECURE or phones not in (CLEAR, SECURE)

    def finish(self):
        """Let all time pass; return what is left."""
        left = []
        for box in (self.pair.one, self.pair.two):
            deadlines = box.relays.sessions.deadlines
            end = box.now + relay.LONGEST_CALL
            session = deadlines.due(end)
            while session is not None:
                box.take(box.relays.wake(session, end))
                session = deadlines.due(end)
            sessions = box.relays.sessions
            left += [sessions.by_user, sessions.by_call, sessions.by_number]
            assert sorted(box.closed) == [opened.relay for opened in box.opens]
        return left


@pytest.mark.parametrize("required", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_nothing_breaks_and_nothing_is_left(seed, required):
    walk = Walk(800 + seed, required)
    for _ in range(STEPS):
        walk.step()
        walk.check()
    assert walk.pair.one.opens
    assert not any(walk.finish())
