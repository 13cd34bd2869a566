"""A house and providers over real sockets: the scenarios, a test for each."""

import pytest

from tests.trunks import scenarios


@pytest.mark.parametrize("scenario", scenarios.SCENARIOS, ids=scenarios.NAMES)
def test_scenario(scenario, tmp_path):
    scenarios.run(scenario, tmp_path)
