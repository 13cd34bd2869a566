"""Damaged session descriptions and keys: read, or refused with a SipError, and nothing else."""

import contextlib

import pytest

from bellhop.errors import BellhopError, SipError
from bellhop.media import crypto, sdp
from bellhop.media.agreement import CALLEE, CALLER, Agreement
from bellhop.media.trust import Trust
from tests.support.mutate import Random, mutate
from tests.unit.media.calls import ALICE_PHONE, AUDIO, BOB, CRYPTO, PHONE_KEY, VIDEO
from tests.unit.media.calls import sdp as body
from tests.unit.media.curve import TOY, toy_identity
from tests.unit.media.keys import Tokens

ROUNDS = 3000
OURS = bytes([192, 0, 2, 1])
SEEDS = [
    body(ALICE_PHONE, AUDIO % 4000, VIDEO % 4002).encode(),
    body(
        ALICE_PHONE, AUDIO % 4000 + CRYPTO % (1, PHONE_KEY) + "a=rtcp:5 IN IP4 1.2.3.4\r\n"
    ).encode(),
    b"v=0\nc=IN IP6 2001:db8::1\na=group:BUNDLE 1\nm=audio 9 UDP/TLS/RTP/SAVPF 111\na=rtcp-mux\n",
    b"v=0\r\nm=audio 1/2 RTP/AVP 0\r\nc=IN IP4 224.0.0.1/127\r\na=inactive\r\n",
]


def read(description):
    """Ask for everything that a relay may ask for."""
    for stream in description.streams:
        for question in (description.address, description.rtcp, description.receives):
            with contextlib.suppress(SipError):
                question(stream)
        description.sends(stream)
        assert 1000 <= stream.clock_rate() <= 1000000
        assert 0 <= stream.port <= 65535
        crypto.choose(stream.attributes(b"crypto"), (1, 2, 3, 4))


@pytest.mark.parametrize("seed", range(3))
def test_damaged_descriptions_are_read_or_refused(seed):
    random = Random(700 + seed)
    for _ in range(ROUNDS):
        data = mutate(random, SEEDS)
        try:
            description = sdp.parse(data)
        except SipError as error:
            assert error.status in (400, 488)
            continue
        assert description.write() == data
        read(description)
        description.lead_to(OURS)
        again = sdp.parse(description.write())
        assert len(again.streams) == len(description.streams)


def test_damaged_key_lines_are_read_or_passed_over():
    random = Random(710)
    seeds = [(CRYPTO % (1, PHONE_KEY))[9:].strip().encode(), b"2 AEAD_AES_256_GCM inline:AA=="]
    for _ in range(ROUNDS):
        found = crypto.parse(mutate(random, seeds))
        if found is not None:
            assert len(found.key) == found.suite.key and len(found.salt) == found.suite.salt


def test_damaged_keys_never_lead_to_a_confirmed_agreement():
    random = Random(720)
    one = Agreement(TOY, toy_identity("a"), CALLER, b"call-1")
    two = Agreement(TOY, BOB, CALLEE, b"call-1")
    offer = one.offer((4, 1), Tokens())
    two.read_offer(offer, None, (4, 1))
    answer = two.answer(Tokens(9), [b"audio"], [b"audio"])
    for _ in range(ROUNDS):
        damaged = mutate(random, [answer])
        fork = one.fork()
        try:
            fork.accept(damaged, None, [b"audio"], [b"audio"])
        except SipError as error:
            assert error.status == 488
        else:
            assert damaged == answer
    for _ in range(ROUNDS):
        fresh = Agreement(TOY, BOB, CALLEE, b"call-1")
        try:
            fresh.read_offer(mutate(random, [offer]), None, (4, 1))
        except SipError as error:
            assert error.status == 488


def test_damaged_records_of_keys_are_taken_or_refused():
    kept = Trust()
    for odd in (None, {}, [[]], ["x"], [{"contact": 1}], [{"contact": [], "key": "", "mark": ""}]):
        with pytest.raises(BellhopError):
            kept.restore(odd)
    assert kept.dump() == []
