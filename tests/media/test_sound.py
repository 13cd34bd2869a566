"""Phones that cannot encrypt hear each other; the cable between their nodes shows SRTP only."""

from tests.system.phones.call import connect, hear_each_other

from . import wire
from .ear import wait_level
from .steps import hang_up

PURE_NOISE = 7.9  # bits for each octet; of G.711 of a tone it is below 6


def test_nothing_of_the_sound_is_on_the_cable_between_two_nodes(streets):
    town = streets.pair()
    one, two = streets.phones_of(town, "baresip", "linphone")
    words, ssrcs, secrets = [], [], []
    for caller, callee, target, level in (
        (one, two, "201", "encrypted"),
        (two, one, "200", "known key"),
        (one, two, "201", "known key"),
    ):
        street = wire.Capture(town.nodes[0].host, "eth0", streets.folder)
        house = wire.Capture(town.nodes[0].host, "eth1", streets.folder)
        connect(caller, callee, target)
        hear_each_other(caller, callee)
        calls = [wait_level(node, level) for node in town.nodes]
        assert calls[0]["words"] == calls[1]["words"]
        assert len(calls[0]["words"].split()) == 2
        assert calls[0]["suite"] == calls[1]["suite"] == "AEAD_AES_256_GCM"
        hang_up(caller, callee)
        plain, secret = wire.sound_of(house.stop()), wire.sound_of(street.stop())
        assert len(plain) > 50 < len(secret)
        assert wire.entropy(plain) < PURE_NOISE < wire.entropy(secret)
        assert wire.found_in(plain, plain) and not wire.found_in(plain, secret)
        words.append(calls[0]["words"])
        ssrcs.append({wire.ssrc(one) for one in secret})
        secrets.append({wire.payload(one) for one in secret})
    assert len(set(words)) == 3
    for index in range(3):
        assert not ssrcs[index] & ssrcs[index - 1]
        assert not secrets[index] & secrets[index - 1]
