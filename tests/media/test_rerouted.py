"""Sound that nodes carry on takes the way that the call took in the end."""

from tests.mesh.conftest import see  # noqa: F401 (a fixture)
from tests.mesh.town import ring
from tests.system.phones.call import hear_each_other

RING_SECONDS = 15


def test_node_on_the_way_dies_while_it_rings(streets, see):  # noqa: F811
    town = streets.sounding("reroute", ring(5))
    town.start()
    town.wait_reach()
    caller, callee = streets.phone("baresip", town, 0), streets.phone("linphone", town, 2)
    for phone in (caller, callee):
        phone.wait_registered()
    see(town.nodes[0], "u2")
    caller.dial("202")
    callee.wait_incoming()
    town.nodes[1].process.kill()
    caller.wait_ringing(RING_SECONDS)
    callee.answer()
    for phone in (caller, callee):
        phone.wait_established()
    hear_each_other(caller, callee)
    calls = [town.nodes[number].ask("calls")["calls"] for number in (0, 2)]
    assert [one["security"] for (one,) in calls] == ["encrypted", "encrypted"]
    assert len({one["words"] for (one,) in calls}) == 1
    callee.hangup()
    caller.wait_closed()
