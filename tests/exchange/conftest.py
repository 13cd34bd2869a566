"""A directory with its DNS, for the tests of a module."""

import pytest


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    from .world import World, why_not  # Where the servers' libraries are missing its tests skip.

    reason = why_not()
    if reason:
        pytest.skip(reason)
    running = World(tmp_path_factory.mktemp("directory"))
    yield running
    running.close()
