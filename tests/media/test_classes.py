"""The class of what nodes send, as routers and radios on the way read it (RFC 4594)."""

import os
import socket

from tests.mesh.town import line, wait_until
from tests.support import netns

from . import wire
from .talker import call_up

EF, CS3, CS6 = "46", "24", "48"
# Nothing that keeps the mesh together is as long as a cell.
CELL = 1060
REGISTER = (
    "REGISTER sip:home.test SIP/2.0\r\nVia: SIP/2.0/%s 192.0.2.1;branch=z9hG4bK1;rport\r\n"
    "From: <sip:u0@home.test>;tag=1\r\nTo: <sip:u0@home.test>\r\nCall-ID: %s\r\n"
    "CSeq: 1 REGISTER\r\nContact: <sip:u0@192.0.2.1>\r\nMax-Forwards: 9\r\n"
    "Content-Length: 0\r\n\r\n"
)


def classes(rows):
    """Return {what: set of classes} of rows of FIELDS."""
    found = {"hello": set(), "cell": set(), "sip": set(), "sound": set()}
    for ipv4, ipv6, udp, tcp, size, *target in rows:
        if udp == str(wire.MESH_PORT):
            what = "cell" if int(size) > CELL else None
            if "".join(target).startswith(GROUPS):
                what = "hello"
        elif "5060" in (udp, tcp):
            what = "sip"
        elif udp:
            what = "sound" if int(size) > wire.SMALLEST_SOUND else None
        else:
            continue
        if what:
            found[what].add(ipv4 or ipv6)
    return found


FIELDS = ("ip.dsfield.dscp", "ipv6.tclass.dscp", "udp.srcport", "tcp.srcport", "frame.len")
FIELDS += ("ip.dst", "ipv6.dst")
GROUPS = ("239.", "ff02:")


def talk(streets, town):
    """Let two phones of a line of three talk; return (classes on a cable, those in the house)."""
    middle = wire.Capture(town.nodes[1].host, "eth0", streets.folder)
    own = "udp and src host " + town.nodes[0].lan_address
    house = wire.Capture(town.nodes[0].host, "eth1", streets.folder, own)
    town.start()
    town.wait_reach()
    first, last = streets.talker(town, 0), streets.talker(town, 2)
    call_up(first, last, "202")
    first.hears(last)
    return classes(middle.rows(*FIELDS)), classes(house.rows(*FIELDS))


def test_hellos_cells_and_sound_on_cables_of_ipv4(streets):
    town = streets.sounding("classes", line(3))
    cable, house = talk(streets, town)
    assert CS3 in cable.pop("cell")  # Many records at once are as long as a cell.
    assert cable == {"hello": {CS6}, "sound": {EF}, "sip": set()}
    assert (house["sip"], house["sound"]) == ({CS3}, {EF})


def test_hellos_cells_and_sound_on_cables_of_ipv6(streets):
    town = streets.sounding("classes6", line(3))
    for node in town.nodes:
        for number in range(len(node.towards)):
            netns.ip("-n", node.host.namespace, "-4", "addr", "flush", "dev", f"eth{number}")
    cable, _ = talk(streets, town)
    assert CS3 in cable.pop("cell")  # Many records at once are as long as a cell.
    assert cable == {"hello": {CS6}, "sound": {EF}, "sip": set()}


def test_sip_on_streams_and_over_ipv6(streets):
    town = streets.sounding("streams", line(2))
    node, host = town.nodes[0], town.phone_host(0)
    netns.ip("-n", node.host.namespace, "addr", "add", "fd08::1/64", "dev", "eth1", "nodad")
    netns.ip("-n", host.namespace, "addr", "add", "fd08::9/64", "dev", "eth0", "nodad")
    town.start([0])
    capture = wire.Capture(node.host, "eth1", streets.folder, "port 5060 and src port 5060")
    for family, kind, name, place in (
        (socket.AF_INET, socket.SOCK_STREAM, "TCP", node.lan_address),
        (socket.AF_INET6, socket.SOCK_STREAM, "TCP", "fd08::1"),
        (socket.AF_INET6, socket.SOCK_DGRAM, "UDP", "fd08::1"),
    ):
        with host.socket(family, kind) as made:
            made.settimeout(5)
            made.connect((place, 5060))
            made.send((REGISTER % (name, name + place)).encode())
            assert made.recv(2000).startswith(b"SIP/2.0 ")
    wait_until(lambda: os.path.getsize(capture.path) > 2000, "three answers are on the disk")
    rows = capture.rows(*FIELDS)
    assert {row[0] or row[1] for row in rows if row[4] and int(row[4]) > 200} == {CS3}
    assert len([row for row in rows if int(row[4]) > 200]) == 3
