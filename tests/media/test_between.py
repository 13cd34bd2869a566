"""A node between two nodes that changes keys: seen by both sides, never shown as safe."""

from tests.mesh.town import line, wait_until
from tests.system.phones.call import connect, hear_each_other

from .conftest import become
from .ear import call_of, last_of, reload, wait_level
from .steps import hang_up, refusal


def test_keys_of_somebody_between_are_seen_by_both_sides(streets):
    town = streets.far_line()
    ends = town.nodes[0], town.nodes[2]
    one, two = streets.phone("baresip", town, 0), streets.phone("linphone", town, 2)
    for phone in (one, two):
        phone.wait_registered()
    connect(one, two, "77")
    calls = [wait_level(node, "encrypted") for node in ends]
    assert calls[0]["words"] == calls[1]["words"]
    hear_each_other(one, two)
    hang_up(one, two)

    proxy = town.nodes[1]
    put_between(proxy, "swap")
    assert "key changed" in refusal(one, two, "77")
    for node in ends:
        node.media_options = [o.replace("require", "prefer") for o in node.media_options]
        reload(node)
    ears = [streets.ear(node) for node in ends]
    connect(one, two, "77")
    for ear in ears:
        ear.wait(lambda event: event.get("level") == "key changed")
    calls = [wait_level(node, "key changed") for node in ends]
    assert calls[0]["words"] != calls[1]["words"]
    assert not any(call["is_enough"] for call in calls)
    hang_up(one, two)
    assert [last_of(node)["security"] for node in ends] == ["key changed"] * 2

    put_between(proxy, "spoil")
    assert "changed on the way" in refusal(one, two, "77")
    put_between(proxy, "strip")
    one.dial("77")
    assert "were encrypted before and this one is not" in one.wait_closed()
    put_between(proxy, None)
    connect(one, two, "77")
    for node in ends:
        wait_level(node, "known key")


def test_node_between_houses_has_nothing_to_change(streets):
    town = streets.sounding("named", line(3))
    become(town.nodes[1], "swap")
    town.start()
    town.wait_reach()
    one, two = streets.phone("baresip", town, 0), streets.phone("linphone", town, 2)
    for phone in (one, two):
        phone.wait_registered()
    connect(one, two, "202")
    ends = town.nodes[0], town.nodes[2]
    wait_until(lambda: all(call_of(node)["words"] for node in ends), "both have words")
    assert len({call_of(node)["words"] for node in ends}) == 1
    assert {call_of(node)["security"] for node in ends} == {"encrypted"}


def put_between(node, mode):
    """Start a node again as one of Mallory's."""
    node.stop()
    become(node, mode)
    node.start()
    wait_until(node.is_up, "the node between answers")
