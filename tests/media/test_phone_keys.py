"""Phones that encrypt: up to their own node (SDES), or end to end and never broken open."""

import pytest

from tests.mesh.town import line
from tests.system.phones.call import connect, hear_each_other

from . import wire
from .ear import call_of
from .steps import hang_up

NOISE = 7.9  # bits for each octet
START_SECONDS = 30  # a phone that makes a certificate at its start


@pytest.mark.parametrize("wish", ("must", "offer"))
def test_phone_with_srtp_and_phone_without_call_each_other(streets, wish):
    town = streets.sounding("sdes", line(2))
    town.nodes[0].users = [("u0", "200", [f"option srtp '{wish}'"])]
    town.start()
    town.wait_reach()
    sealed = streets.phone("baresip", town, 0, "srtp" if wish == "must" else "srtp-offer")
    plain = streets.phone("linphone", town, 1)
    for phone in (sealed, plain):
        phone.wait_registered()
    house = wire.Capture(town.nodes[0].host, "eth1", streets.folder)
    for caller, callee, target in ((sealed, plain, "201"), (plain, sealed, "200")):
        connect(caller, callee, target)
        hear_each_other(caller, callee)
        calls = [call_of(node) for node in town.nodes]
        assert calls[0]["words"] == calls[1]["words"] is not None
        hang_up(caller, callee)
    assert wire.entropy(wire.sound_of(house.stop())) > NOISE


@pytest.mark.parametrize("kind, encryption", (("baresip", "dtls"), ("linphone", "zrtp")))
def test_phones_that_encrypt_end_to_end_are_left_alone(streets, kind, encryption):
    town = streets.pair()
    one, two = [streets.phone(kind, town, number, encryption) for number in (0, 1)]
    for phone in (one, two):
        phone.wait_registered(START_SECONDS)
    connect(one, two, "201")
    hear_each_other(one, two)
    calls = [call_of(node) for node in town.nodes]
    assert all(call["by_phones"] for call in calls)
    if encryption == "zrtp":
        assert one.security_words() == two.security_words() != ""
