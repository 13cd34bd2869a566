"""Real phones of two makes call each other through a lite node; what is heard is measured."""

import pytest

from tests.system.phones.call import connect, hear_each_other

KINDS = ("baresip", "linphone")
ORDERS = (KINDS, KINDS[::-1])


def call(caller, callee):
    """Make one call, with sound both ways."""
    connect(caller, callee)
    hear_each_other(caller, callee)
    caller.hangup()
    callee.wait_closed()
    caller.wait_closed()


@pytest.mark.parametrize("transport", ("udp", "tcp"))
@pytest.mark.parametrize("kinds", ORDERS, ids="-".join)
def test_call_is_heard_both_ways(shelf, kinds, transport):
    caller, callee = shelf.take((kinds[0], "alice"), (kinds[1], "bob"), transport=transport)
    call(caller, callee)


def test_call_over_ipv6(shelf):
    call(*shelf.take(("linphone", "alice"), ("baresip", "bob"), ipv6=True))


def test_call_from_tcp_to_udp(shelf):
    (caller,) = shelf.take(("baresip", "alice"), transport="tcp")
    (callee,) = shelf.take(("linphone", "bob"))
    call(caller, callee)


@pytest.mark.parametrize("end", ("stop", "kill"))
def test_registered_phones_call_after_a_restart(shelf, node, end):
    caller, callee = shelf.take(*zip(KINDS, ("alice", "bob")))
    node.wait_written()
    getattr(node, end)()
    node.start()
    call(caller, callee)


def test_message_to_a_phone_that_is_off_waits_for_it(shelf):
    (writer,) = shelf.take(("baresip", "alice"))
    writer.message("carol", "are you there")
    (reader,) = shelf.take(("linphone", "carol"))
    assert "are you there" in reader.wait("message", 15)
