"""Sound that nodes carry on takes the way that the call took in the end."""

import pytest

from tests.mesh.conftest import see  # noqa: F401 (a fixture)
from tests.mesh.town import ring
from tests.system.phones.call import hear_each_other

RING_SECONDS = 40
# Streets, and the node of the called phone; in the second all ways share their last street.
PLACES = {
    "ring": (ring(5), 2),
    "bottleneck": ([(0, 1), (1, 3), (0, 2), (2, 3), (3, 4)], 4),
}


@pytest.mark.parametrize("name", PLACES)
def test_node_on_the_way_dies_while_it_rings(streets, see, name):  # noqa: F811
    streets_of, last = PLACES[name]
    town = streets.sounding(name, streets_of)
    town.start()
    town.wait_reach()
    caller, callee = streets.phone("baresip", town, 0), streets.phone("linphone", town, last)
    for phone in (caller, callee):
        phone.wait_registered()
    see(town.nodes[0], f"u{last}")
    caller.dial(f"20{last}")
    callee.wait_incoming()
    beside = [town.nodes[number] for number in town.nodes[0].towards]
    (dying,) = [one for one in beside if one.ask("status")["counters"]["mesh"]["circuits"]]
    dying.process.kill()
    caller.wait_ringing(RING_SECONDS)
    callee.answer()
    for phone in (caller, callee):
        phone.wait_established()
    hear_each_other(caller, callee)
    calls = [town.nodes[number].ask("calls")["calls"] for number in (0, last)]
    assert [one["security"] for (one,) in calls] == ["encrypted", "encrypted"]
    assert len({one["words"] for (one,) in calls}) == 1
    callee.hangup()
    caller.wait_closed()
