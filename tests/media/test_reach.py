"""Sound that must be heard where addresses lie: the same everywhere, behind NAT, a firewall."""

import itertools
import time

import pytest

from tests.mesh.town import line, ring, wait_until
from tests.support import netns

from . import wire
from .talker import call_up, hang_up

DEFAULT = "192.168.1.1"
PROBES = wire.SOUND_PORT - 1


def alike(town, streets_too=False):
    """Give each node OpenWrt's default address in its house, and none on its cables.

    streets_too: the same on its cables, as of ports of one bridge.
    """
    for node in town.nodes:
        space, lan = node.host.namespace, f"eth{len(node.towards)}"
        for number in range(len(node.towards) + 1):
            netns.ip("-n", space, "-4", "addr", "flush", "dev", f"eth{number}")
        netns.ip("-n", space, "addr", "add", DEFAULT + "/24", "dev", lan)
        for number in range(len(node.towards)) if streets_too else ():
            netns.ip("-n", space, "addr", "add", DEFAULT + "/24", "dev", f"eth{number}")
        node.lan_address = DEFAULT


def talker(streets, town, number):
    """Return a registered Talker in a house where the node has the default address."""
    host = town.network.host(f"t{number}")
    host.join(town.nodes[number].lan, "192.168.1.10/24")
    return streets.talker_on(host, f"u{number}", DEFAULT)


def test_ten_routers_of_one_address_on_bare_cables_call_ten_times_and_hear(streets):
    town = streets.sounding("default", line(10))
    alike(town)
    town.start()
    town.wait_reach()
    talkers = [talker(streets, town, number) for number in (0, 4, 9)]
    for one, two in itertools.islice(itertools.cycle(itertools.permutations(talkers, 2)), 10):
        dialled, answer = call_up(one, two, "20" + two.user[1:])
        hang_up(one, two, dialled, answer)


@pytest.mark.parametrize("count", [2, 3])
def test_twins_on_cables_of_one_network(streets, count):
    town = streets.sounding("twins", line(count))
    alike(town, streets_too=True)
    town.start()
    town.wait_reach()
    one, two = talker(streets, town, 0), talker(streets, town, count - 1)
    for caller, called in ((one, two), (two, one)):
        dialled, answer = call_up(caller, called, "20" + called.user[1:])
        hang_up(caller, called, dialled, answer)


def sound_ports(rows):
    """Return the UDP ports of packets as long as sound, of rows (port, port, size)."""
    return {int(port) for one, two, size in rows if int(size) > 200 for port in (one, two) if port}


def routed_line(streets):
    """Return a started Town of three nodes in a line, where IP leads from end to end."""
    town = streets.sounding("ip", line(3), routed=True)
    town.nodes[0].host.route("default", "10.9.0.2")
    town.nodes[2].host.route("default", "10.9.1.2")
    town.start()
    town.wait_reach()
    return town


def passing(streets, town, caller, called):
    """Call, hear each other, hang up; return the ports of the sound that passed node 1."""
    capture = wire.Capture(town.nodes[1].host, "eth0", streets.folder)
    dialled, answer = call_up(caller, called, "20" + called.user[1:])
    hang_up(caller, called, dialled, answer)
    fields = ("udp.srcport", "udp.dstport", "frame.len")
    return sound_ports(capture.rows(*fields)) - {wire.MESH_PORT, wire.SIP_PORT, PROBES}


def test_far_end_that_answers_is_spoken_to_by_ip_from_the_second_call_on(streets):
    town = routed_line(streets)
    one, two = streets.talker(town, 0), streets.talker(town, 2)
    assert passing(streets, town, one, two) == {wire.SOUND_PORT}
    assert wire.SOUND_PORT not in passing(streets, town, one, two)


def test_firewall_that_lets_one_direction_through(streets):
    town = routed_line(streets)
    rules = "table ip f { chain c { type filter hook forward priority 0;"
    rules += ' iifname "eth1" udp dport 16384-18431 drop; }; }'
    town.nodes[1].host.popen(["nft", rules]).wait()
    one, two = streets.talker(town, 0), streets.talker(town, 2)
    for _ in range(3):
        assert passing(streets, town, one, two) == {wire.SOUND_PORT}
        assert passing(streets, town, two, one) == {wire.SOUND_PORT}


def behind_nat(streets, numbers):
    """Return a started Town of three whose nodes of these numbers are behind NAT; 1 is public."""
    town = streets.sounding("nat", line(3))
    for street in town.cables:
        town.cables[street].silence()
    internet = town.network.lan()
    town.nodes[1].host.join(internet, "203.0.113.1/24")
    for number in (0, 2):
        node = town.nodes[number]
        node.mesh_options = ["list peer '203.0.113.1'"]
        if number not in numbers:
            node.host.join(internet, f"203.0.113.{number + 2}/24")
            continue
        inside, gate = town.network.lan(), town.network.host(f"gate{number}")
        gate.join(inside, DEFAULT + "/24")
        gate.join(internet, f"203.0.113.{number + 2}/24")
        node.host.join(inside, "192.168.1.2/24")
        node.host.route("default", DEFAULT)
        gate.popen(["sysctl", "-qw", "net.ipv4.ip_forward=1"]).wait()
        rules = 'table ip n { chain c { type nat hook postrouting priority 100; oifname "eth1"'
        rules += (
            " masquerade random; }; chain f { type filter hook forward priority 0; policy drop;"
        )
        rules += ' ct state established,related accept; iifname "eth0" accept; }; }'
        gate.popen(["nft", rules]).wait()
    town.start()
    town.wait_reach()
    return town


@pytest.mark.parametrize("numbers", [(0, 2), (0,)])
def test_nat_on_both_sides_and_on_one(streets, numbers):
    town = behind_nat(streets, numbers)
    one, two, middle = [streets.talker(town, number) for number in (0, 2, 1)]
    for caller, called in ((one, two), (two, one), (one, middle), (middle, one)):
        dialled, answer = call_up(caller, called, "20" + called.user[1:])
        hang_up(caller, called, dialled, answer)


def test_relay_that_carries_no_sound_is_avoided(streets):
    town = streets.sounding("avoided", ring(5))
    town.nodes[1].media_options = None
    town.start()
    town.wait_reach()
    one, two = streets.talker(town, 0), streets.talker(town, 2)
    for _ in range(2):
        dialled, answer = call_up(one, two, "202")
        hang_up(one, two, dialled, answer)


def test_relay_that_carries_no_sound_and_cannot_be_avoided_is_told(streets):
    town = streets.sounding("told", line(3))
    town.nodes[1].media_options = None
    town.start()
    town.wait_reach()
    one, two = streets.talker(town, 0), streets.talker(town, 2)

    def is_told():
        dialled = one.invite("202", one.description([one.open()]))
        came = two.incoming()
        two.reply(came, 200, body=two.description([two.open()]))
        answer = one.final(dialled, "INVITE")
        one.confirm(dialled, answer)
        hang_up(one, two, dialled, answer)
        time.sleep(1)  # A phone that asks without a pause is over its rate.
        past = town.nodes[0].ask("history")["history"][0]
        return "does not pass node1, where bellhop-media is missing" in str(past["in_path"])

    wait_until(is_told, "a call says why nobody may be heard")
