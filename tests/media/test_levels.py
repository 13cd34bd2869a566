"""Calls and texts by one relay and by three: heard, no packet between the ends, never less."""

import re
import time

from tests.mesh.handset import field, status_of
from tests.mesh.town import wait_until

from . import wire
from .talker import bring_up, call_up, hang_up

# Node 0 and node 1 beside each other, one relay between them (2), and three (3, 4, 5).
STREETS = [(0, 1), (0, 2), (2, 1), (0, 3), (3, 4), (4, 5), (5, 1)]
NODES = {1: [2], 2: [3, 4, 5]}


def town_at(streets, level):
    """Return a started Town whose node 0 calls at a level, and a talker at either end."""
    town = streets.sounding("levels", STREETS)
    town.nodes[0].media_options += ["config privacy", f"option level '{level}'"]
    town.start()
    town.wait_reach()
    for node in town.nodes[:2]:
        wait_until(lambda node=node: len(node.reached()) == 5, "all know all", 60)
    return town, streets.talker(town, 0), streets.talker(town, 1)


def refused(talker, target):
    """Dial, take the refusal; return it."""
    port = talker.open()
    call = talker.invite(target, talker.description([port]))
    answer = talker.final(call, "INVITE")
    talker.acknowledge_refusal(talker.sent[call], answer)
    return answer


def passed(capture):
    """Return how many packets as long as sound passed."""
    return len([size for (size,) in capture.rows("frame.len") if int(size) > 200])


def shown(node):
    """Return (level, nodes on the way) of the call that a node has."""
    (call,) = node.ask("calls")["calls"]
    return call["privacy"], call["through"]


def ways_of(town, one, two, level):
    """Call and hear; no packet of it passes the cable between the ends."""
    capture = wire.Capture(town.nodes[0].host, "eth0", town.folder)
    dialled, answer = call_up(one, two, "201")
    assert shown(town.nodes[0]) == (level, [f"node{number}" for number in NODES[level]])
    assert shown(town.nodes[1])[1] == [f"node{NODES[level][-1]}"]
    hang_up(one, two, dialled, answer)
    # What nodes of a mesh say of each other to neighbours is the rest.
    assert passed(capture) < 20


def test_one_relay_lies_between_and_its_end_is_told(streets):
    town, one, two = town_at(streets, 1)
    ways_of(town, one, two, 1)
    (row,) = [row for row in town.nodes[0].ask("privacy")["levels"] if row["privacy"] == 1]
    assert row["hides"] and row["costs"] and row["does_not_hide"]
    for street in ((0, 2), (0, 3), (5, 1)):
        town.cables[street].cut()
    wait_until(lambda: set(town.nodes[0].reached()) == {"node1", "node2"}, "others are gone", 60)
    answer = refused(one, "201")
    assert status_of(answer) == 480
    assert "No private way, dial again to call openly" in answer
    dialled, answer = call_up(one, two, "201")
    assert shown(town.nodes[0]) == (0, [])
    hang_up(one, two, dialled, answer)


def test_three_relays_lie_between_and_a_lower_level_is_chosen_aloud(streets):
    town, one, two = town_at(streets, 2)
    begun = time.monotonic()
    ways_of(town, one, two, 2)
    print(f"three relays: a call of two seconds took {time.monotonic() - begun:.1f} s")
    town.cables[3, 4].cut()
    wait_until(lambda: "node4" in town.nodes[0].reached(), "the other way round is found", 60)
    town.cables[4, 5].cut()
    wait_until(lambda: "node4" not in town.nodes[0].reached(), "node 4 is gone", 60)
    answer = refused(one, "201")
    assert "No way by three relays, dial again to call by one" in answer
    dialled, answer = call_up(one, two, "201")
    assert shown(town.nodes[0]) == (1, ["node2"])
    hang_up(one, two, dialled, answer)


def test_two_calls_without_a_name_leave_nothing_equal_where_they_ring(streets):
    town, one, two = town_at(streets, 0)
    found = []
    for _ in range(2):
        call, came, answer = bring_up(one, two, "*32201")
        assert '"Anonymous" <sip:anonymous@anonymous.invalid>' in field(came, "From")
        (row,) = town.nodes[1].ask("calls")["calls"]
        assert (row["caller"], row["security"]) == ("anonymous@anonymous.invalid", "encrypted")
        assert shown(town.nodes[0]) == (1, ["node2"])
        (trace,) = [town.nodes[1].ask("trace", call=str(row["number"]))]
        told = "".join(one["message"] for one in trace["messages"])
        assert town.nodes[0].key() not in told and "u0" not in told and "node0" not in told
        found.append({field(came, "Call-ID"), field(came, "From"), row["words"],
                      *re.findall(r"o=\S+ \d+", came)})  # fmt: skip
        hang_up(one, two, call, answer)
    assert not found[0] & found[1]
    assert town.nodes[1].ask("trust")["trust"] == []
