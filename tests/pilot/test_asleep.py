"""A phone that sleeps rings by a push of the router itself, without the Internet."""

import json

import pytest

from tests.pilot import pushserver, sleeper


def test_a_stand_in_that_sleeps_is_woken_and_rings(tmp_path):
    assert len(sleeper.measured(2, tmp_path)) == 2


def test_a_real_push_server_wakes_it_too(tmp_path):
    reason = pushserver.why_unavailable()
    if reason:
        pytest.skip(reason)
    (tmp_path / "node").mkdir()
    with pushserver.PushServer(tmp_path) as server:
        assert len(sleeper.measured(2, tmp_path / "node", server)) == 2


def test_one_that_cannot_be_woken_lets_the_caller_hear_why(tmp_path):
    node = sleeper.node(tmp_path)
    try:
        app = sleeper.Sleeper(node.ports)
        app.wake()
        app.sleep()
        app.wake = lambda: None
        site = json.loads(node.ask("status", "--json").stdout)["counters"]["asleep"]
        response = sleeper.Caller(node.ports).call()
        assert (site["woken"], response.status) == (0, 480)
        assert b"asleep" in response.reason
    finally:
        node.stop()
