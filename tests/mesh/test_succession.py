"""Routers that get a new key, lose theirs to a thief, are replaced, or have a twin."""

import os
import shutil

import pytest

from tests.mesh.handset import call, field
from tests.mesh.test_services import bellhop, shown
from tests.mesh.town import line, wait_until

PASSPHRASE = "correct horse battery\n"


def contact(node, name, address):
    """Give a node a contact, before or while it runs."""
    lines = [f"config contact\n\toption name '{name}'\n\toption address '{address}'\n"]
    with open(f"{node.folder}/bellhop", "a") as file:
        file.write("".join(lines))
    node.ask("reload")


def pin(node, name):
    """Return the row of `pins` for a contact."""
    return {row["name"]: row for row in node.ask("pins")["pins"]}[name]


def restart(town, number):
    town.nodes[number].stop()
    town.start([number])
    town.wait_reach()


@pytest.fixture
def town(streets):
    """Gran's router is the last of three; the first one knows it by its key."""
    town = streets.town("heirs", line(3))
    town.start()
    town.wait_reach()
    contact(town.nodes[0], "gran", f"sip:u2@{town.nodes[2].key()}")
    return town


def test_contacts_follow_a_key_that_the_old_one_has_signed(streets, see, town):
    first, _, gran = town.nodes
    old = gran.key()
    assert pin(first, "gran")["state"] == "pinned"
    bellhop(gran, "identity", "--succeed")
    assert gran.key() == old  # What is in use is so until the restart.
    restart(town, 2)
    new = gran.key()
    assert new != old
    wait_until(lambda: pin(first, "gran")["state"] == "succeeded", "the contact follows")
    assert pin(first, "gran")["new"] == new
    assert [one for one in first.ask("problems")["problems"] if new in one["wrong"]]
    caller, callee = streets.handset(town, 0), streets.handset(town, 2)
    see(first, "u2")
    call(caller, callee, f"sip:u2@{old}")
    came = call(callee, caller, f"sip:u0@{first.key()}")
    assert "(new key)" in field(came, "From")
    first.ask("confirm", name="gran", verdict="yes")
    assert not [one for one in first.ask("problems")["problems"] if new in one["wrong"]]
    came = call(callee, caller, f"sip:u0@{first.key()}")
    assert "(new key)" not in field(came, "From")
    restart(town, 0)
    contact(first, "gran", f"sip:u2@{old}")
    assert pin(first, "gran")["new"] == new
    caller.register()
    call(caller, callee, f"sip:u2@{old}")


def test_revocation_silences_a_stolen_seed_and_hands_over_to_its_heir(streets, see, town):
    first, middle, gran = town.nodes
    old = gran.key()
    sealed = bellhop(gran, "identity", "--revoke", says=PASSPHRASE)
    paper = os.path.join(town.folder, "paper")
    with open(paper, "w") as file:
        file.write(sealed)
    # The thief has the seed: a node of his says so, with a later start than the owner's.
    with open(os.path.join(gran.state, "boot_epoch"), "w") as file:
        file.write(str(2**31 - 2))
    restart(town, 2)
    see_old = {row["node"] for row in first.ask("routes")["routes"]}
    assert old in see_old
    # The owner, at any other router.
    bellhop(middle, "revoke", paper, says=PASSPHRASE)
    wait_until(lambda: pin(first, "gran")["state"] == "revoked", "the contact hears of it")
    for node in (first, middle):  # The second is a neighbour of the thief.
        wait_until(
            lambda node=node: old not in {row["node"] for row in node.ask("routes")["routes"]},
            "nobody reaches the thief",
        )
    thief = streets.handset(town, 2)
    honest = streets.handset(town, 0)
    answer = thief.ask("MESSAGE", f"sip:u0@{first.key()}", ["Content-Type: text/plain"], "give")
    honest.socket.settimeout(1)
    with pytest.raises(OSError):
        honest.socket.recv(65535)
    assert answer
    assert [one for one in gran.ask("problems")["problems"] if "was revoked" in one["wrong"]]
    # The new router of the owner goes on as the heir.
    bellhop(gran, "revoke", paper, "--adopt", says=PASSPHRASE)
    restart(town, 2)
    assert pin(first, "gran")["new"] == gran.key() != old
    callee = streets.handset(town, 2, name="second")
    see(first, "u2")
    call(honest, callee, f"sip:u2@{old}")


@pytest.mark.parametrize("how", ("person", "word"))
def test_new_router_takes_the_place_of_a_broken_one(streets, see, town, how):
    first, _, gran = town.nodes
    old = gran.key()
    if how == "person":
        bellhop(gran, "person-key", "u2")
        paper = os.path.join(town.folder, "person")
        with open(paper, "w") as file:
            file.write(bellhop(gran, "export-person", "u2", says=PASSPHRASE))
        wait_until(lambda: "u2" in shown(first), "the first one has its record")
        caller = streets.handset(town, 0)
    gran.stop()
    shutil.rmtree(gran.state)
    town.start([2])
    town.wait_reach()
    if how == "person":
        bellhop(gran, "import-person", paper, says=PASSPHRASE)
        gran.ask("reload")
    said = bellhop(gran, "identity", "--replaces", old)
    assert ("are asked" in said) == (how == "word")
    if how == "word":
        wait_until(lambda: pin(first, "gran")["state"] == "wants to replace", "gran's is asked of")
        assert [one for one in first.ask("problems")["problems"] if gran.key() in one["wrong"]]
        bellhop(first, "confirm", "gran", "yes")
        caller = streets.handset(town, 0)
    wait_until(lambda: pin(first, "gran")["state"] == "replaced", "the contact follows")
    callee = streets.handset(town, 2)
    see(first, "u2")
    call(caller, callee, f"sip:u2@{old}")
    call(caller, callee, "202")


def test_nickname_in_the_configuration_means_one_key_for_good(streets, see):
    town = streets.town("nick", line(3))
    town.nodes[0].users = [("u0", "200", ["list also_at 'node2'"])]
    town.start()
    town.wait_reach()
    first, other, gran = town.nodes
    wait_until(lambda: first.ask("pins")["pins"], "the nickname is pinned")
    assert pin(first, "node2")["key"] == gran.key()
    key = gran.key()
    gran.stop()
    other.name = "node2"
    other.stop()
    town.start([1])
    wait_until(lambda: "node2" in first.reached(), "another one is called so")
    assert pin(first, "node2")["key"] == key


def test_twins_are_told_at_once_on_both_and_on_the_map(streets):
    town = streets.town("twins", line(3))
    town.start([0, 1])
    first, _, twin = town.nodes
    shutil.copytree(first.state, twin.state, ignore=shutil.ignore_patterns("control", "run"))
    town.start([2])
    for node in (first, twin):
        wait_until(
            lambda node=node: [
                one for one in node.ask("problems")["problems"] if "another node" in one["wrong"]
            ],
            f"{node.name} tells of its twin",
            10,
        )
        assert node.ask("mesh")["has_twin"]
