"""A house at real providers: it registers, calls and is called, holds, is refused, gives up."""

import pytest

from tests.trunks.line import TYPE
from tests.trunks.servers import SERVERS
from tests.trunks.town import Town


@pytest.fixture(params=SERVERS, ids=[kind.name for kind in SERVERS])
def town(request, tmp_path):
    why = request.param.why_unavailable()
    if why is not None:
        pytest.skip("%s: %s" % (request.param.name, why))
    made = Town(request.param, tmp_path)
    yield made
    made.close()


def _out(town):
    """Let alice talk to the network; return (alice, the network's INVITE)."""
    alice = town.house.phone("alice").dial("030987654")
    invite = town.network.wait("INVITE")
    town.network.take(invite, 180)
    assert alice.wait(180)
    town.network.take(invite, 200)
    assert alice.wait("final").status == 200
    alice.say(alice.acknowledge())
    assert town.network.wait("ACK")
    return alice, invite


def test_it_calls_out_and_hangs_up(town):
    alice, invite = _out(town)
    assert b"+4930987654" in invite.uri
    alice.say(alice.within("BYE"))
    town.network.take(town.network.wait("BYE"))
    assert alice.wait("final").status == 200


def test_the_other_end_hangs_up(town):
    alice, _ = _out(town)
    town.network.say(town.network.within("BYE"))
    alice.take(alice.wait("BYE"))
    assert town.network.wait("final").status == 200


def test_it_is_called(town):
    bob, network = town.house.phone("bob"), town.network
    target = "sip:+49301234567@%s:%d" % town.server.place
    network.say(network.request("INVITE", target, [TYPE], network.sdp(5000)))
    invite = bob.wait("INVITE")
    assert invite.from_.uri.user == b"+4989222"
    bob.take(invite, 180)
    assert network.wait(180)
    bob.take(invite, 200)
    assert network.wait("final").status == 200
    network.say(network.acknowledge())
    assert bob.wait("ACK")
    bob.say(bob.within("BYE"))
    network.take(network.wait("BYE"))
    assert bob.wait("final").status == 200


def test_busy_is_told(town):
    alice = town.house.phone("alice").dial("030987654")
    invite = town.network.wait("INVITE")
    town.network.take(invite, 486)
    assert alice.wait("final").status == 486


def test_the_caller_gives_up(town):
    alice = town.house.phone("alice").dial("030987654")
    invite = town.network.wait("INVITE")
    town.network.take(invite, 180)
    alice.wait(180)
    alice.say(alice.cancel())
    town.network.take(town.network.wait("CANCEL"))
    town.network.take(invite, 487)
    assert alice.wait(487)


def test_a_call_is_held_and_goes_on(town):
    alice, _ = _out(town)
    for attribute in ("sendonly", "sendrecv"):
        body = alice.sdp() + "a=%s\r\n" % attribute
        alice.say(alice.within("INVITE", [TYPE], body))
        if town.server.name == "kamailio":
            town.network.take(town.network.wait("INVITE"), 200)
        assert alice.wait("final").status == 200
        alice.say(alice.acknowledge())
