"""Whatever people do with their phones in whatever order: no phone rings for a call that is over,
no call goes in a circle for ever, and calls for help ring.

Codes, wishes, forwards, pickup, parking, groups, declines, cancels, answers, hang-ups and restarts
of the node, interleaved; tests/unit/features/test_interleaved.py does it on both interpreters.
"""

from hypothesis import given
from hypothesis import settings as run
from hypothesis import strategies as st

from tests.support.household import STEPS, live

ONE = st.one_of(*[st.tuples(*[st.sampled_from(part) for part in step]) for step in STEPS])


@run(max_examples=150, deadline=None)
@given(st.lists(ONE, min_size=1, max_size=40))
def test_nothing_rings_for_a_call_that_is_over_and_help_is_reached(steps):
    wrong = live(steps)
    assert not wrong, (wrong, steps)
