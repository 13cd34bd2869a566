"""Sound that must pass nodes: in the middle of a line, between networks, between IPv4 and IPv6."""

from tests.mesh.town import line
from tests.support import netns
from tests.system.phones.call import connect, hear_each_other

from . import wire
from .ear import call_of
from .steps import hang_up
from .talker import call_up

NOISE = 7.9  # bits for each octet


def test_nodes_in_the_middle_carry_what_they_cannot_open(streets):
    town = streets.sounding("middle", line(4))
    town.start()
    town.wait_reach()
    one, two = streets.phone("baresip", town, 0), streets.phone("linphone", town, 3)
    for phone in (one, two):
        phone.wait_registered()
    middle = wire.Capture(town.nodes[1].host, "eth1", streets.folder)
    house = wire.Capture(town.nodes[0].host, "eth1", streets.folder)
    connect(one, two, "203")
    hear_each_other(one, two)
    calls = [call_of(town.nodes[number]) for number in (0, 3)]
    assert calls[0]["words"] == calls[1]["words"] is not None
    assert [call["security"] for call in calls] == ["encrypted", "encrypted"]
    for node in town.nodes[1:3]:
        assert not node.ask("calls")["calls"]
    two.hangup()
    one.wait_closed()
    secret, plain = wire.sound_of(middle.stop()), wire.sound_of(house.stop())
    assert wire.entropy(secret) > NOISE
    assert wire.found_in(plain, plain) and not wire.found_in(plain, secret)


def test_hidden_addresses_do_not_reach_the_other_phone(streets):
    town = streets.sounding("hidden", line(2))
    for node in town.nodes:
        node.media_options = ["option hide_addresses '1'", "option encryption 'allow'"]
    town.start()
    town.wait_reach()
    one, two = streets.talker(town, 0), streets.talker(town, 1)
    call, answer = call_up(one, two, "201")
    (came,) = {text.partition("\r\n\r\n")[2] for text in two.inbox if text.startswith("INVITE")}
    assert one.host.address not in came
    assert two.host.address not in answer.partition("\r\n\r\n")[2]


def test_phones_of_two_networks_of_one_house(streets):
    town = streets.sounding("networks", line(2))
    node = town.nodes[0]
    node.users = [("u0", "200", []), ("v0", "210", [])]
    other = town.network.lan()
    node.host.join(other, "10.7.0.1/24")
    host = town.network.host("other")
    host.join(other, "10.7.0.9/24")
    town.start([0])
    one = streets.talker(town, 0)
    two = streets.talker_on(host, "v0", "10.7.0.1")
    call_up(one, two, "210")
    assert call_of(node)["relays"]


def test_phone_of_ipv4_and_phone_of_ipv6(streets):
    town = streets.sounding("family", line(2))
    node = town.nodes[0]
    node.users = [("u0", "200", []), ("v0", "210", [])]
    node.host.join(node.lan, "fd08::1/64")
    host = town.network.host("six")
    host.join(node.lan, "fd08::9/64")
    town.start([0])
    one = streets.phone("linphone", town, 0)
    two = streets.phone_on("baresip", host, "v0", "fd08::1")
    for phone in (one, two):
        phone.wait_registered()
    for caller, callee, target in ((one, two, "210"), (two, one, "200")):
        connect(caller, callee, target)
        hear_each_other(one, two)
        assert "IPv4 on one side, IPv6 on the other" in call_of(node)["in_path"]
        hang_up(caller, callee)


def test_sound_comes_from_the_address_that_was_announced(streets):
    """The kernel would send from the first address of the street; the node uses the second."""
    town = streets.sounding("source", line(2), routed=True)
    node, street = town.nodes[0], town.cables[0, 1]
    netns.ip("-n", node.host.namespace, "addr", "add", "10.9.0.101/24", "dev", street.interface)
    node.node_options = ["list listen '10.9.0.101'", f"list listen '{node.lan_address}'"]
    town.start()
    town.wait_reach()
    one, two = streets.phone("baresip", town, 0), streets.phone("linphone", town, 1)
    for phone in (one, two):
        phone.wait_registered()
    connect(one, two, "201")
    hear_each_other(one, two)
    assert call_of(node)["relays"]
