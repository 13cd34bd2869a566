"""A box among ten real nodes: two phones talk by it, and the memory of its meeting node is mute."""

import binascii

from bellhop.mesh.identity import parse_key
from tests.mesh.handset import field, status_of
from tests.mesh.town import wait_until

from .talker import call_up, hang_up

# Node 0 calls, node 9 has the box; a ring of ten with three streets across it.
STREETS = [(at, at + 1) for at in range(9)] + [(0, 9), (1, 5), (2, 7), (4, 8)]
OPEN = "open"


def town_with_box(streets):
    """Return a started Town, a talker at its first node and one at its last."""
    town = streets.sounding("boxes", STREETS)
    town.nodes[9].media_options += [
        "config box", "option name 'work'", "option user 'u9'",
        "config box", "option name 'club'", "option user 'u9'",
    ]  # fmt: skip
    town.start()
    town.wait_reach()
    one, two = streets.talker(town, 0), streets.talker(town, 9)
    wait_until(lambda: {row["state"] for row in rows(town)} == {OPEN}, "the boxes are open")
    return town, one, two


def rows(town):
    return town.nodes[9].ask("boxes")["boxes"]


def records(town):
    return town.nodes[0].ask("status")["counters"]["mesh"]["records"]


def memory(node):
    """Return what a process has in memory that it may write."""
    found = []
    with (
        open(f"/proc/{node.process.pid}/maps") as maps,
        open(f"/proc/{node.process.pid}/mem", "rb") as octets,
    ):
        for line in maps:
            place, rights = line.split()[:2]
            if rights[:2] != "rw":
                continue
            start, end = (int(one, 16) for one in place.split("-"))
            try:
                octets.seek(start)
                found.append(octets.read(end - start))
            except OSError:
                continue
    return b"".join(found)


def test_two_phones_talk_by_a_box_and_no_other_node_knows_whose_it_is(streets):
    town, one, two = town_with_box(streets)
    work, club = (row["address"] for row in rows(town))
    # Of each node itself and its phone book, and of two boxes.
    wait_until(lambda: records(town) >= 2 * len(town.nodes) + 2, "the records of both have come")
    dialled, answer = call_up(one, two, work)
    (call,) = town.nodes[9].ask("calls")["calls"]
    assert call["box"] == "work" and call["security"] == "encrypted"
    assert len(call["through"]) >= 4
    (outgoing,) = town.nodes[0].ask("calls")["calls"]
    assert outgoing["security"] == "encrypted"
    text = work.partition("@")[2]
    key = parse_key(text.encode())
    met = town.nodes[int(call["through"][-1][4:])]
    told = memory(met)
    assert len(told) > 1000000
    for secret in (key, text.encode(), binascii.hexlify(key)):
        assert secret not in told, met.name
    assert key in memory(town.nodes[0])  # So it is found where it is.
    hang_up(one, two, dialled, answer)
    town.nodes[9].ask("renew-box", name="work")
    refused = one.final(one.invite(work, one.description([one.open()])), "INVITE")
    assert status_of(refused) == 480, field(refused, "CSeq")
    dialled, answer = call_up(one, two, club)
    hang_up(one, two, dialled, answer)
