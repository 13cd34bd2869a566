"""Packets that somebody changed, sent again or made up: dropped, counted; the sound goes on."""

import os
import socket
import struct

import pytest

from tests.system.phones.call import connect, hear_each_other

from . import wire
from .ear import call_of
from .mallory import Mallory
from .talker import call_up

STREET = (0, 1)
PACKETS = 20
FLOOD = 3000


def changed(datagram):
    """Return a packet of the future, one bit of its sound turned over."""
    data = bytearray(datagram.data)
    struct.pack_into("!H", data, 2, wire.sequence(datagram) + 500 & 65535)
    data[40] ^= 1
    return datagram._replace(data=bytes(data))


def sound_from_mesh(node):
    """Return how the sound of the one call is that the called phone's node hears on the street."""
    return call_of(node)["sound"][0][0]


def test_changed_and_repeated_packets_are_counted_and_not_heard(streets):
    town = streets.pair()
    one, two = streets.phones_of(town, "baresip", "linphone")
    street = wire.Capture(town.nodes[1].host, "eth0", streets.folder)
    connect(one, two, "201")
    hear_each_other(one, two)
    town.nodes[1].ask("calls")
    seen = [d for d in wire.sound_of(street.stop()) if d.source[0] == "10.9.0.1"][-PACKETS:]
    mallory = Mallory(town, STREET)
    mallory.send(seen)
    mallory.send([changed(one) for one in seen])
    hear_each_other(one, two)
    sound = sound_from_mesh(town.nodes[1])
    assert (sound["replayed"], sound["auth_failed"]) == (PACKETS, PACKETS)

    there = seen[0].target
    stranger = wire.Datagram(("10.9.0.99", 4444), there, b"")
    mallory.send([stranger._replace(data=os.urandom(172)) for _ in range(FLOOD)])
    mallory.send([stranger._replace(data=packet.data) for packet in seen] * 20)
    mallory.send([seen[0]._replace(data=os.urandom(n)) for n in range(1, 400)])
    mallory.send([seen[0]._replace(data=b"\x80\x00" + os.urandom(1398)) for _ in range(200)])
    hear_each_other(one, two)
    sound = sound_from_mesh(town.nodes[1])
    assert sound["invalid"] + sound["auth_failed"] > PACKETS
    assert sound["replayed"] == PACKETS
    one.hangup()
    two.wait_closed()


def test_stranger_in_the_house_is_not_heard_and_takes_no_sound(streets):
    town = streets.pair()
    one, two = streets.talker(town, 0), streets.talker(town, 1)
    call, answer = call_up(one, two, "201")
    host = town.phone_host(0, "stranger")
    with host.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for number in range(PACKETS):
            head = struct.pack("!BBHII", 128, 0, number, 160 * number, 7)
            stranger.sendto(head + b"\x13" * 160, *one.remote.values())
        two.hears(one)
        one.hears(two)
        stranger.setblocking(False)
        with pytest.raises(BlockingIOError):
            stranger.recv(2048)


def test_phone_takes_another_port_in_the_middle_of_a_call(streets):
    town = streets.pair()
    one, two = streets.talker(town, 0), streets.talker(town, 1)
    call, answer = call_up(one, two, "201")
    before = call_of(town.nodes[0])["words"]
    one.remote.clear()
    port = one.open()
    one.send(one.within(call, "INVITE", answer, one.description([port], 2)))
    came = two.incoming()
    two.reply(came, 200, body=two.description(two.ears, 2))
    answer = one.final(call, "INVITE")
    one.talk_to(answer, [port])
    one.confirm(call, answer)
    two.hears(one)
    one.hears(two, port)
    assert call_of(town.nodes[0])["words"] == call_of(town.nodes[1])["words"] == before
