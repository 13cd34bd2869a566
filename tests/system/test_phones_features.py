"""Codes, pickup, parking, forwarding, dialling for a member: by real phones, and heard."""

import itertools

import pytest

from bellhop.shell import command
from tests.mesh.town import wait_until
from tests.system.phones.call import connect, hear_each_other

KINDS = ("baresip", "linphone")
PAIRS = list(itertools.product(KINDS, KINDS))


def ask(node, verb, **arguments):
    """Return a node's answer to a verb."""
    connection = command.connect(node.folder + "/state")
    with connection, connection.makefile("rb") as answers:
        return command.ask(connection, answers, verb, arguments)


def code(phone, dialled):
    """Dial a feature code; return the words that the phone shows for its end."""
    phone.press(dialled)
    return phone.wait_closed()


def take_up(phone):
    """Answer what rings, unless the phone has obeyed the lines by which it answers by itself."""
    phone.wait_incoming()
    if [kind for kind, _ in phone.events() if kind in ("incoming", "established")][
        -1
    ] == "incoming":
        phone.answer()
    phone.wait_established()


@pytest.fixture(autouse=True)
def no_wishes(node):
    """Forget what an earlier test has wished."""
    yield
    for user in ("alice", "bob", "carol"):
        for wish in ask(node, "wishes", user=user)["wished"]:
            if wish != "last":
                ask(node, "set-wish", user=user, wish=wish)


@pytest.mark.parametrize("kinds", PAIRS, ids="-".join)
def test_a_phone_takes_the_call_that_rings_at_another(shelf, kinds):
    alice, bob, carol = shelf.take((kinds[0], "alice"), (kinds[1], "bob"), ("baresip", "carol"))
    carol.dial("alice")
    alice.wait_incoming()
    carol.wait_ringing()
    assert "picked up" in code(bob, "*8201")
    take_up(bob)
    carol.wait_established()
    alice.wait_closed()
    hear_each_other(bob, carol)
    bob.hangup()
    carol.wait_closed()


def test_a_parked_call_is_taken_back_at_another_phone(shelf, node):
    alice, bob, carol = shelf.take(("linphone", "alice"), ("baresip", "bob"), ("baresip", "carol"))
    connect(carol, bob, "202")
    bob.transfer("*51")
    wait_until(lambda: ask(node, "status")["parked"] == ["1"], "the call is parked")
    assert "picked up" in code(alice, "*51")
    take_up(alice)
    hear_each_other(alice, carol)
    alice.hangup()
    carol.wait_closed()


@pytest.mark.parametrize("kind", KINDS)
def test_codes_send_calls_elsewhere_and_back(shelf, node, kind):
    alice, bob, carol = shelf.take((kind, "alice"), ("baresip", "bob"), ("linphone", "carol"))
    assert "set: send every call to 202" in code(alice, "*21*202")
    connect(carol, bob, "201")
    bob.hangup()
    for phone in (bob, carol):
        phone.wait_closed()
    assert "not set" in code(alice, "%2321%23")
    assert "set: do not disturb" in code(alice, "*26")
    # Who calls a second time within three minutes is let through: each kind has another caller.
    caller = carol if kind == "baresip" else bob
    caller.dial("201")
    caller.wait_closed()
    assert "incoming" not in [kind for kind, _ in alice.events()]
    (call, *_) = ask(node, "history")["history"]
    assert call["status"] == 486 and "disturbed" in call["ended_by"]


def test_a_busy_or_declining_user_s_calls_go_on(shelf, node):
    ask(node, "set-wish", user="alice", wish="forward_busy", value="202")
    alice, bob, carol = shelf.take(("linphone", "alice"), ("baresip", "bob"), ("baresip", "carol"))
    carol.dial("201")
    alice.wait_incoming()
    alice.reject()
    bob.wait_incoming()
    bob.answer()
    carol.wait_established()
    hear_each_other(bob, carol)
    carol.hangup()
    bob.wait_closed()


@pytest.mark.parametrize("kind", (*KINDS, "pjsua"))
def test_the_node_dials_for_a_member(shelf, node, kind):
    alice, bob = shelf.take((kind, "alice"), ("baresip", "bob"))
    ask(node, "dial", user="alice", to="202")
    alice.wait_incoming()
    alice.answer()
    bob.wait_incoming()
    bob.answer()
    bob.wait_established()
    bob.hear(alice.hz)
    bob.hangup()
