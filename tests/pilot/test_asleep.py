"""A phone that sleeps rings by a push of the router itself, without the Internet."""

import json

from tests.pilot import sleeper


def test_a_stand_in_that_sleeps_is_woken_and_rings(tmp_path):
    assert len(sleeper.measured(2, tmp_path)) == 2


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
