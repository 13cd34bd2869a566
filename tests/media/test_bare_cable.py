"""Nodes that have no address in common but those that IPv6 gives every cable."""

from tests.media.talker import call_up
from tests.mesh.town import line
from tests.support.netns import ip


def test_call_over_cables_without_any_address(streets):
    town = streets.sounding("bare", line(3))
    for node in town.nodes:
        for number in range(len(node.towards)):
            ip("-n", node.host.namespace, "-4", "addr", "flush", "dev", f"eth{number}")
    town.start()
    town.wait_reach()
    first, last = streets.talker(town, 0), streets.talker(town, 2)
    call_up(first, last, "202")
    (one,), (two,) = (town.nodes[number].ask("calls")["calls"] for number in (0, 2))
    assert one["words"] == two["words"] and one["security"] == "encrypted"
