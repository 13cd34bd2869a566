"""Each kind of the doors attacked from outside, as doors.py shows it beside an earlier tree."""

import pytest

from tests.hostile import doors
from tests.mesh.town import TREE
from tests.support import netns


@pytest.mark.parametrize("attack", [attack for _, attack in doors.KINDS])
def test_the_node_holds(attack):
    reason = netns.why_unavailable()
    if reason:
        pytest.skip(reason)
    assert not attack(TREE)
