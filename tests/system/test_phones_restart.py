"""A node that is stopped and started again: real phones notice nothing."""

import pytest

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


def test_phones_that_ring_fall_silent_at_both_ends(shelf, node):
    caller, callee = shelf.take(*zip(KINDS, ("alice", "bob")))
    for end in (node.stop, node.kill):
        caller.dial("bob")
        callee.wait_incoming()
        caller.wait_ringing()
        end()
        node.start()
        for phone in (caller, callee):
            phone.wait_closed()
    connect(caller, callee)
    callee.hangup()
    caller.wait_closed()
