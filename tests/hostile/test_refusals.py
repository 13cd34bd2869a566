"""Six ways in which a call comes to nothing sound alike to an outsider, on real nodes."""

import pytest

from tests.support import netns

from . import refusals


def test_one_form_and_one_span_of_time_for_six_states():
    reason = netns.why_unavailable()
    if reason:
        pytest.skip(reason)
    found = refusals.measured(calls=2, nodes=3)
    assert len({row[0] for rows in found.values() for row in rows}) == 1
    for rows in found.values():
        for form, rang, ended in rows:
            assert "(180, " in form and "(480, " in form
            assert rang >= 400 and ended >= 1000 * refusals.SECONDS


def test_samples_of_one_source_are_alike_and_others_are_not():
    one, two = list(range(0, 100, 2)), list(range(1, 100, 2))
    assert refusals.probability(one, two) > 0.9
    assert refusals.probability(one, [at + 60 for at in two]) < 0.0001
