"""What a provider sends is a stranger's: damaged, cut, repeated, in the wrong place.

Nothing of it may end in an exception, fill the memory, reach a phone as a header of its own, or
bring the password to another realm.
"""

import pytest

from bellhop.limits import MAX_TRUNK_CALLS
from bellhop.sip import message
from tests.support.carrier import house, provider, sdp
from tests.support.mutate import Random, mutate

ROUNDS = 400


class Scene:
    """A house that talks to somebody beyond its provider, and what the provider said so far."""

    def __init__(self):
        self.made, self.carrier, phones = house()
        self.alice, self.bob = phones["alice"], phones["bob"]
        self.said = []
        lines = ["Content-Type: application/sdp"]
        data = self.alice.request("INVITE", "sip:030987654@home.test", lines, sdp("10.0.0.3"))
        self.made.receive(data, self.alice.flow)
        invite = self.carrier.newest(b"INVITE")
        self.say_of(self.carrier.accept, invite, (), sdp("203.0.113.9"), 183)
        self.say_of(self.carrier.accept, invite, (), sdp("203.0.113.9"))
        for _, send in self.made.sent:
            if send.flow == self.alice.flow:
                self.alice.hear(send.data)
        self.made.receive(self.alice.acknowledge(), self.alice.flow)
        for method in ("INFO", "UPDATE", "INVITE", "REFER", "NOTIFY", "BYE"):
            self.said.append(self.carrier.within(method, ["Contact: <sip:x@203.0.113.5>"]))
        target = invite.contacts[0].uri_bytes.decode()
        self.said.append(self.carrier.request("INVITE", target, lines, sdp("203.0.113.9")))
        self.said.append(self.carrier.request("MESSAGE", target, (), "hello"))
        self.said.append(self.carrier.request("OPTIONS", target))

    def say_of(self, work, *details):
        """Do what says something, and keep what was said."""
        work(*details)
        self.said.append(self.carrier.last)


@pytest.mark.parametrize("seed", range(4))
def test_damaged_messages_of_a_provider_harm_nothing(seed):
    dice = Random(seed + 1)
    scene = Scene()
    for _ in range(ROUNDS):
        data = mutate(dice, scene.said)
        scene.made.receive(data, scene.carrier.flow)
        scene.made.advance((0, 10, 600)[dice.below(3)])
    legs = scene.made.engine.features["trunks"].legs
    assert len(legs.all) <= MAX_TRUNK_CALLS
    assert len(legs.came) + len(legs.asks) < 4 * ROUNDS
    for _, send in scene.made.sent:
        assert b"secret" not in send.data
        if send.flow == scene.bob.flow:
            assert b"answer-after" not in send.data


def test_a_flood_of_calls_by_the_line_is_bounded():
    scene = Scene()
    line = scene.made.engine.features["trunks"].providers["tel"].line.decode()
    for _ in range(1000):
        scene.made.receive(
            scene.carrier.request("INVITE", "sip:%s@10.0.0.1" % line), scene.carrier.flow
        )
    assert len(scene.made.engine.features["trunks"].legs.all) <= MAX_TRUNK_CALLS


def test_answers_that_nobody_asked_for_register_nothing():
    scene = Scene()
    trunk = scene.made.engine.features["trunks"].providers["tel"]
    before = trunk.lease.state
    for status in (200, 401, 423, 503, 403):
        for method in ("REGISTER", "OPTIONS", "INVITE"):
            lines = [
                "SIP/2.0 %d x" % status, "Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKguess",
                "From: <sip:user1@tel.test>;tag=1", "To: <sip:user1@tel.test>;tag=2",
                "Call-ID: guess", "CSeq: 1 " + method, "Content-Length: 0", "", "",
            ]  # fmt: skip
            scene.made.receive("\r\n".join(lines).encode(), scene.carrier.flow)
    assert trunk.lease.state == before


def test_a_received_address_that_is_none_changes_no_contact():
    made, carrier, _ = house(provider())
    trunk = made.engine.features["trunks"].providers["tel"]
    made.take(trunk.moved(made.now))
    request = carrier.newest(b"REGISTER")
    for value in (b"evil>;x=<sip:y", b"a.b", b"999.1.1.1"):
        damaged = request.copy()
        damaged.set(b"via", request.lines[0] + b";received=" + value + b";rport=99999")
        carrier.say(message.response_to(damaged, 200, None, (), b"p").write())
        assert b"evil" not in trunk.contact() and b"99999" not in trunk.contact()
