"""A node between two nodes that changes keys; packets that are changed or come again."""

import socket
import struct
import time

import pytest

from tests.mesh.town import line, wait_until
from tests.system.phones.call import connect, hear_each_other

from . import wire
from .ear import call_of, last_of, wait_level


def hang_up(caller, callee):
    """End a call."""
    caller.hangup()
    for phone in (caller, callee):
        phone.wait_closed()


def test_keys_of_somebody_between_are_seen_by_both_sides(streets):
    town = streets.far_line()
    ends = town.nodes[0], town.nodes[2]
    one, two = streets.phone("baresip", town, 0), streets.phone("linphone", town, 2)
    for phone in (one, two):
        phone.wait_registered()
    connect(one, two, "77")
    calls = [wait_level(node, "encrypted") for node in ends]
    assert calls[0]["words"] == calls[1]["words"]
    hear_each_other(one, two)
    hang_up(one, two)

    proxy = town.nodes[1]
    proxy.stop()
    streets.put_between(proxy, "swap")
    proxy.start()
    wait_until(proxy.is_up, "the node between answers")
    ears = [streets.ear(node) for node in ends]
    connect(one, two, "77")
    for ear in ears:
        ear.wait(lambda event: event.get("level") == "key changed")
    calls = [wait_level(node, "key changed") for node in ends]
    assert calls[0]["words"] != calls[1]["words"]
    assert not any(call["is_enough"] for call in calls)
    hang_up(one, two)
    assert [last_of(node)["security"] for node in ends] == ["key changed"] * 2

    proxy.stop()
    streets.put_between(proxy, "spoil")
    proxy.start()
    wait_until(proxy.is_up, "the node between answers")
    one.dial("77")
    two.wait_incoming()
    two.answer()
    one.wait_closed()
    assert last_of(ends[0])["status"] == 488
    print(last_of(ends[0]), last_of(ends[1]))
