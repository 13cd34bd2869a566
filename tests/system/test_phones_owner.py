"""The owner rings real phones, and hangs up calls between them."""

import json
import os
import subprocess
import sys

import pytest

from tests.system.phones.call import connect

KINDS = ("baresip", "linphone", "pjsua")
PAIRS = (("baresip", "linphone"), ("linphone", "baresip"), ("pjsua", "baresip"))
SECONDS = 30


def bellhop(node, *words):
    """Run the command `bellhop` on a node; return its answer."""
    done = subprocess.run(
        [sys.executable, "-m", "bellhop", "--state", os.path.join(node.folder, "state"), *words,
         "--json"],
        capture_output=True, text=True, timeout=SECONDS,
    )  # fmt: skip
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)


def number_of_the_call(node):
    (call,) = bellhop(node, "calls")["calls"]
    return str(call["number"])


@pytest.mark.parametrize("transport", ("udp", "tcp"))
@pytest.mark.parametrize("kinds", PAIRS, ids="-".join)
def test_owner_ends_a_call_for_both(shelf, node, kinds, transport):
    caller, callee = shelf.take((kinds[0], "alice"), (kinds[1], "bob"), transport=transport)
    connect(caller, callee)
    bellhop(node, "hangup", number_of_the_call(node))
    caller.wait_closed()
    callee.wait_closed()
    assert bellhop(node, "calls") == {"calls": []}


@pytest.mark.parametrize("kinds", PAIRS, ids="-".join)
def test_owner_ends_a_call_that_rings(shelf, node, kinds):
    caller, callee = shelf.take((kinds[0], "alice"), (kinds[1], "bob"))
    caller.dial("bob")
    callee.wait_incoming()
    caller.wait_ringing()
    bellhop(node, "hangup", number_of_the_call(node))
    caller.wait_closed()
    callee.wait_closed()


@pytest.mark.parametrize("kind", KINDS)
def test_owner_makes_a_phone_ring_and_it_stops_by_itself(shelf, node, kind):
    (phone,) = shelf.take((kind, "bob"))
    told = bellhop(node, "ring", "bob")
    phone.wait_incoming()
    phone.wait_closed()
    assert told["is_over"] and "rings" in [one["state"] for one in told["phones"]]


@pytest.mark.parametrize("kind", KINDS)
def test_phone_that_takes_the_owner_s_ringing_is_let_go(shelf, node, kind):
    (phone,) = shelf.take((kind, "bob"))
    ringing = subprocess.Popen(
        [sys.executable, "-m", "bellhop", "--state", os.path.join(node.folder, "state"), "ring",
         "bob"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    phone.wait_incoming()
    phone.answer()
    phone.wait_closed()
    assert "was taken" in ringing.communicate(timeout=SECONDS)[0]
