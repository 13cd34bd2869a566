"""A node that is stopped and started again: real phones notice nothing."""

from pathlib import Path

import pytest

from bellhop.shell import command
from tests.mesh.town import wait_until
from tests.system.phones.call import connect, hear_each_other

KINDS = ("baresip", "linphone")


@pytest.fixture
def restart(node):
    """Return a function that stops and starts the node."""

    def again():
        node.stop()
        node.start()

    return again


def test_registered_phones_call_after_a_restart(shelf, restart):
    caller, callee = shelf.take(*zip(KINDS, ("alice", "bob")))
    restart()
    connect(caller, callee)
    callee.hangup()
    caller.wait_closed()


def test_call_outlives_a_restart(shelf, restart):
    caller, callee = shelf.take(*zip(KINDS, ("alice", "bob")))
    connect(caller, callee)
    restart()
    hear_each_other(caller, callee)
    callee.hold()
    callee.wait("held", 10)
    callee.resume()
    callee.wait("resumed", 10)
    caller.hangup()
    callee.wait_closed()


def is_kept(node):
    """Tell whether the node has written down the call that rings."""
    state = Path(node.folder, "state")
    with command.connect(str(state)) as made, made.makefile("rb") as answers:
        (call,) = command.ask(made, answers, "calls", {})["calls"]
    kept = [path for path in (state / "run").glob("calls.*") if path.suffix != ".new"]
    return any(call["call_id"] in path.read_text() for path in kept)


def test_phones_that_ring_fall_silent_at_both_ends(shelf, node):
    caller, callee = shelf.take(*zip(KINDS, ("alice", "bob")))
    for end in (node.stop, node.kill):
        caller.dial("bob")
        callee.wait_incoming()
        caller.wait_ringing()
        wait_until(lambda: is_kept(node), "the call is kept")
        end()
        node.start()
        for phone in (caller, callee):
            phone.wait_closed()
    connect(caller, callee)
    callee.hangup()
    caller.wait_closed()
