"""A house at real providers: it registers, calls and is called, holds, is refused, gives up."""

import pytest

from tests.system.sipp.runner import free_ports
from tests.trunks.house import House, provider
from tests.trunks.line import TYPE, Line
from tests.trunks.servers import SERVERS

HOST, NETWORK = ("127.0.0.60", "127.0.0.61")


class Town:
    """A server, a house that is registered at it, the telephone network behind it."""

    def __init__(self, kind, folder):
        (port,) = free_ports(1)
        self.network = Line("N", "+4989222", "net.test", NETWORK, (HOST, port))
        place = self.network.socket.getsockname()
        self.server = kind(folder, HOST, port, place).start()
        self.house = None
        try:
            # Asterisk knows its customer by the account in From.
            more = ["option caller asserted"] if kind.name == "asterisk" else []
            text = provider("tel", self.server.place, more)
            self.house = House(folder, [text])
            self.house.wait_for(lambda: self.house.row("tel")["is_up"])
        except BaseException:
            self.close()
            raise

    def close(self):
        self.network.close()
        self.server.stop()
        if self.house is not None:
            self.house.stop()


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
