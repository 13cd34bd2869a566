"""Sound that must be heard where addresses lie: the same everywhere, behind NAT, a firewall."""

import itertools

import pytest

from tests.mesh.town import line
from tests.support import netns

from .talker import call_up, hang_up

DEFAULT = "192.168.1.1"


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
        call, answer = call_up(one, two, "20" + two.user[1:])
        hang_up(one, two, call, answer)


@pytest.mark.parametrize("count", [2, 3])
def test_twins_on_cables_of_one_network(streets, count):
    town = streets.sounding("twins", line(count))
    alike(town, streets_too=True)
    town.start()
    town.wait_reach()
    one, two = talker(streets, town, 0), talker(streets, town, count - 1)
    for caller, called in ((one, two), (two, one)):
        call, answer = call_up(caller, called, "20" + called.user[1:])
        hang_up(caller, called, call, answer)
