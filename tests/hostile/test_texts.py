"""A text that was promised is shown once, whoever is killed meanwhile."""

import pytest

from tests.hostile import texts
from tests.support import netns


def test_no_text_is_lost_or_comes_twice_when_either_router_is_killed():
    reason = netns.why_unavailable()
    if reason:
        pytest.skip(reason)
    figures = texts.run(160)
    assert figures["kills"] and figures["promised"] > 140, figures
    assert (figures["lost"], figures["twice"]) == (0, 0), figures
