"""Amateur radio with real nodes, phones and a sniffer: readable and signed, named, or avoided."""

import pytest

from tests.mesh.handset import field, status_of
from tests.mesh.town import line, ring

from . import wire
from .conftest import contact
from .talker import call_up, hang_up

# Sound of a circuit has label, count and stream before the RTP head.
CIRCUIT_HEAD = 9


def radio(node, interface, callsign):
    """Let an interface of a node that is not started be amateur radio."""
    node.mesh_options += [f"list amateur '{interface}'", f"option callsign '{callsign}'"]


def radio_line(streets):
    """Return a Town of three in a line, not started: the second cable is a radio."""
    town = streets.sounding("radio", line(3))
    radio(town.nodes[1], "eth1", "DL1ABC")
    radio(town.nodes[2], "eth0", "DL2XYZ")
    return town


def test_everything_on_the_radio_can_be_read_and_nothing_on_the_cable(streets):
    town = radio_line(streets)
    cable = wire.Capture(town.nodes[0].host, "eth0", streets.folder)
    air = wire.Capture(town.nodes[2].host, "eth0", streets.folder)
    town.start()
    town.wait_reach()
    one, two = streets.talker(town, 0), streets.talker(town, 2)
    dialled, answer = call_up(one, two, "202")
    came = next(text for text in two.inbox if text.startswith("INVITE"))
    assert "(not private) " in field(came, "From")
    for node in (town.nodes[0], town.nodes[2]):
        (row,) = node.ask("calls")["calls"]
        assert (row["security"], row["suite"]) == ("clear", "NULL_HMAC_SHA1_80")
    hang_up(one, two, dialled, answer)
    cable, air = cable.stop(), air.stop()
    for needle in (b"INVITE sip:", b"a=rtpmap:0 PCMU", b"DL1ABC", b"DL2XYZ"):
        assert [one for one in air if needle in one.data], needle
        assert not [one for one in cable if needle in one.data], needle
    spoken = bytes([one.voice]) * 100
    sound = [datagram.data[CIRCUIT_HEAD:] for datagram in wire.sound_of(air)]
    assert sound and not [data for data in sound if data[0] != 128]
    assert [data for data in sound if spoken in data]
    # It is signed: behind RTP head and voice are the 80 bits of HMAC-SHA1.
    assert {len(data) for data in sound if data[1] & 127 == 0} == {12 + 160 + 10}
    assert not [one for one in cable if b"bellhop-key" in one.data]
    assert [one for one in air if b"bellhop-key" in one.data]
    assert not [one for one in air if b"a=crypto" in one.data]


def test_who_wants_encryption_is_refused_in_words(streets):
    town = radio_line(streets)
    town.nodes[0].media_options += ["option encryption 'require'"]
    town.start()
    town.wait_reach()
    one = streets.talker(town, 0)
    dialled = one.invite("202", one.description([one.open()]))
    answer = one.final(dialled, "INVITE")
    assert status_of(answer) == 480
    assert "only amateur radio leads there" in answer.partition("\r\n")[0] + answer


@pytest.mark.parametrize("encryption", ["prefer", "require"])
def test_calls_go_around_the_radio_while_a_private_way_is_there(streets, encryption):
    town = streets.sounding("around", ring(4))
    for number in (0, 1):
        radio(town.nodes[number], "eth0", "DL1ABC")
        town.nodes[number].media_options += [f"option encryption '{encryption}'"]
    town.start()
    town.wait_reach()
    air = wire.Capture(town.nodes[0].host, "eth0", streets.folder)
    one, two = streets.talker(town, 0), streets.talker(town, 1)
    dialled, answer = call_up(one, two, "201")
    hang_up(one, two, dialled, answer)
    assert not [datagram for datagram in air.stop() if len(datagram.data) > 600]


def test_interface_without_a_callsign_stays_off_and_says_so(streets):
    town = radio_line(streets)
    town.nodes[2].mesh_options = ["list amateur 'eth0'"]
    town.start()
    problems = str(town.nodes[2].ask("problems"))
    assert "no mesh over eth0: amateur radio needs `option callsign`" in problems
    assert town.nodes[2].reached() == {}


def test_contact_that_must_be_private_is_refused(streets):
    town = radio_line(streets)
    town.start()
    town.wait_reach()
    key = town.nodes[2].key()
    town.nodes[0].stop()
    contact(town.nodes[0], "77", f"sip:u2@{key}", "encryption 'require'")
    town.start([0])
    town.wait_reach()
    one = streets.talker(town, 0)
    dialled = one.invite("77", one.description([one.open()]))
    answer = one.final(dialled, "INVITE")
    assert status_of(answer) == 480 and "only amateur radio" in answer
