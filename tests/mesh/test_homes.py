"""Houses that are alike: one domain, users and numbers in each; who calls back gets the caller."""

import pytest

from tests.hostile.doors import compiled
from tests.lite.node import TownNode
from tests.mesh.handset import Handset, begin, call, field
from tests.mesh.town import line, wait_until
from tests.support import lite

TEXT = "Content-Type: text/plain"


@pytest.fixture(params=["full", "lite"])
def homes(request, streets):
    """Three nodes in a line; at both ends, of which one may be lite, live alice, bob and carol."""
    town = streets.town("homes", line(3))
    if request.param == "lite":
        if lite.why_unavailable():
            pytest.skip(lite.why_unavailable())
        town.nodes[2] = TownNode(town.nodes[2], compiled())
    for node in (town.nodes[0], town.nodes[2]):
        node.users = [("alice", "201", []), ("bob", "202", []), ("carol", "203", [])]
    town.start()
    town.wait_reach()
    return town


def phones(streets, town, *users):
    """Return registered phones of users at the first node, then of the same at the last one."""
    made = []
    for number in (0, 2):
        for user in users:
            host = town.phone_host(number, user)
            made.append(Handset(host, town.nodes[number], user).register())
    streets.handsets += made
    here = {row["address"] for row in town.nodes[0].who()}
    wait_until(lambda: len(town.nodes[0].who()) >= 2 * len(users), f"all phones, not only {here}")
    wait_until(lambda: len(town.nodes[2].who()) >= 2 * len(users), "and at the other end")
    return made


def quiet(phone):
    """Tell whether a phone has heard nothing."""
    phone.socket.settimeout(0.3)
    try:
        return phone.socket.recv(65535) is None
    except OSError:
        return True


def shown(came):
    """Return the address that a phone is shown, as it dials back."""
    return field(came, "From").partition("<")[2].partition(">")[0]


def test_who_calls_back_or_answers_a_text_reaches_the_caller(streets, homes):
    near_alice, near_bob, far_alice, far_bob = phones(streets, homes, "alice", "bob")
    key = homes.nodes[2].key()
    came = call(near_alice, far_bob, "sip:bob@" + key)
    call(far_bob, near_alice, shown(came))
    # Desk phones dial the user part alone.
    number = shown(came).partition(":")[2].partition("@")[0]
    if number.isdigit():
        call(far_bob, near_alice, number)
    near_bob.ask("MESSAGE", "sip:alice@" + key, [TEXT], "to the other alice")
    text = far_alice.incoming("MESSAGE")
    far_alice.respond(text, 200)
    far_alice.ask("MESSAGE", shown(text), [TEXT], "back")
    back = near_bob.incoming("MESSAGE")
    near_bob.respond(back, 200)
    assert back.endswith("back")
    assert quiet(far_alice) and quiet(near_alice)


def test_a_transfer_means_somebody_of_the_sender(streets, homes):
    near_alice, near_carol, far_alice, far_carol = phones(streets, homes, "alice", "carol")
    key = homes.nodes[2].key()
    _, _, came = begin(near_alice, far_alice, "sip:alice@" + key)
    # The far alice hands her caller on to 203, who is carol of her own house.
    refer = far_alice.in_reply("REFER", came, ["Refer-To: <sip:203@home.test>"])
    far_alice.send(refer)
    asked = near_alice.incoming("REFER")
    near_alice.respond(asked, 202, "Accepted")
    target = field(asked, "Refer-To").partition("<")[2].partition(">")[0]
    call(near_alice, far_carol, target)
    assert quiet(near_carol)
