"""What people do with their telephones, by real phones at two nodes, one of them a lite one."""

import pytest

from tests.lite.pair import NUMBERS, USERS, Lamp, hang_up
from tests.mesh.town import DOMAIN, wait_until
from tests.system.phones.call import connect, hear_each_other
from tests.system.test_phones_features import code, take_up


def test_lamps_show_each_step_of_calls_at_both_nodes(pair):
    (carol,) = pair.take(("linphone", "carol"))
    near = Lamp(pair.handset("bob", "near"), "201")
    far = Lamp(pair.handset("bob", "far"), NUMBERS["carol"])
    there = Lamp(pair.handset("bob", "there"), "201", "presence")
    there.wait("closed")
    near.wait("idle")
    far.wait("idle")
    (alice,) = pair.take(("baresip", "alice"))
    there.wait("open")
    carol.dial(NUMBERS["alice"])
    alice.wait_incoming()
    near.wait("early")
    alice.answer()
    carol.wait_established()
    near.wait("confirmed")
    assert "alice" not in far.wait("confirmed")  # Nobody's business at another node.
    hang_up(alice, carol)
    near.wait("idle")
    far.wait("idle")


def test_a_call_of_the_other_node_is_picked_up_at_home(pair):
    alice, bob, carol = pair.take(("linphone", "alice"), ("baresip", "bob"), ("linphone", "carol"))
    carol.dial(NUMBERS["alice"])
    alice.wait_incoming()
    assert "picked up" in code(bob, "*8201")
    take_up(bob)
    carol.wait_established()
    alice.wait_closed()
    assert alice.wait("logged", 10) == "accepted elsewhere"
    hear_each_other(bob, carol)
    hang_up(bob, carol)


@pytest.mark.parametrize("kind", ["baresip", "linphone"])
def test_a_call_that_rings_at_the_other_node_is_picked_up_from_here(pair, kind):
    alice, bob, carol = pair.take(("linphone", "alice"), (kind, "bob"), ("baresip", "carol"))
    alice.dial(NUMBERS["carol"])
    carol.wait_incoming()
    assert "picked up" in code(bob, "*8" + NUMBERS["carol"])
    take_up(bob)
    alice.wait_established()
    carol.wait_closed()
    hear_each_other(bob, alice)
    hang_up(bob, alice)


def test_a_call_that_rings_here_is_picked_up_from_the_lite_node(pair):
    alice, bob, carol = pair.take(("baresip", "alice"), ("baresip", "bob"), ("linphone", "carol"))
    bob.dial("201")
    alice.wait_incoming()
    assert "picked up" in code(carol, "*8" + NUMBERS["alice"])
    take_up(carol)
    bob.wait_established()
    alice.wait_closed()
    hear_each_other(bob, carol)
    hang_up(bob, carol)


@pytest.mark.parametrize("parks", ["bob", "carol"])
def test_a_caller_of_the_other_node_is_parked_and_taken_back(pair, parks):
    others = {"bob": ("carol", "alice"), "carol": ("bob", "dave")}
    parked, takes = others[parks]
    one, other, third = pair.take(("linphone", parks), ("baresip", parked), ("baresip", takes))
    node = pair.nodes[USERS[parks][0]]
    connect(other, one, NUMBERS[parks])
    lamp = Lamp(pair.handset(takes, "lamp"), "*51")
    one.transfer("*51")
    wait_until(lambda: node.ask("status")["parked"] == ["1"], "the call is parked")
    lamp.wait("confirmed")
    assert "picked up" in code(third, "*51")
    take_up(third)
    hear_each_other(third, other)
    lamp.wait("idle")
    hang_up(third, other)


def test_forwarding_by_code_leads_to_the_other_node(pair):
    alice, bob, carol = pair.take(("linphone", "alice"), ("baresip", "bob"), ("linphone", "carol"))
    assert "set: send every call" in code(alice, "*21*" + NUMBERS["carol"])
    connect(bob, carol, "201")
    hear_each_other(bob, carol)
    hang_up(bob, carol)
    assert "not set" in code(alice, "%2321%23")
    assert "set: do not disturb" in code(carol, "*26")
    alice.dial(NUMBERS["carol"])
    assert "disturbed" in alice.wait_closed()


def test_three_who_send_calls_in_a_circle_are_told_so(pair):
    (bob,) = pair.take(("linphone", "bob"))
    pair.take(("baresip", "alice"), ("baresip", "carol"))
    for user, place in (("alice", NUMBERS["carol"]), ("carol", NUMBERS["alice"])):
        node = pair.nodes[USERS[user][0]]
        node.ask("set-wish", user=user, wish="forward_always", value=place)
    bob.dial("201")
    assert "circle" in bob.wait_closed()


def test_a_call_for_help_passes_all_that_is_set(pair):
    carol, dave = pair.take(("baresip", "carol"), ("linphone", "dave"))
    node = pair.nodes[1]
    for wish, value in (("dnd", "on"), ("forward_always", "301"), ("block", "301,alice,501")):
        node.ask("set-wish", user="dave", wish=wish, value=value)
    (alice,) = pair.take(("baresip", "alice"))
    for caller in (carol, alice):
        caller.dial("112")
        dave.wait_incoming()
        dave.answer()
        caller.wait_established()
        hear_each_other(caller, dave)
        hang_up(caller, dave)


def test_the_last_caller_of_the_other_node_is_called_back_and_blocked(pair):
    bob, carol = pair.take(("linphone", "bob"), ("baresip", "carol"))
    carol.dial(NUMBERS["bob"])
    bob.wait_incoming()
    bob.reject()
    assert "bob is busy or does not want to talk now" in carol.wait_closed()
    bob.wait_closed()
    bob.dial("*69")
    carol.wait_incoming()
    carol.answer()
    bob.wait_established()
    hear_each_other(bob, carol)
    hang_up(bob, carol)
    assert "may not call you any more" in code(bob, "*30")
    carol.dial(NUMBERS["bob"])
    assert "takes no calls" in carol.wait_closed()


def test_the_node_rings_a_phone_with_a_call_that_rings_elsewhere(pair):
    alice, bob, carol = pair.take(("linphone", "alice"), ("baresip", "bob"), ("baresip", "carol"))
    carol.dial(NUMBERS["alice"])
    alice.wait_incoming()
    (call,) = pair.nodes[0].ask("calls")["calls"]
    pair.nodes[0].ask("take", user="bob", call=str(call["number"]))
    take_up(bob)
    carol.wait_established()
    hear_each_other(bob, carol)
    hang_up(bob, carol)


def test_one_who_was_busy_at_the_lite_node_is_rung_back(pair):
    bob, carol, dave = pair.take(("linphone", "bob"), ("baresip", "carol"), ("baresip", "dave"))
    connect(dave, carol, "301")
    bob.dial(NUMBERS["carol"])
    carol.wait_incoming()
    carol.reject()
    bob.wait_closed()
    assert f"when {NUMBERS['carol']} is free" in code(bob, "*37")
    hang_up(dave, carol)
    bob.wait_incoming()
    bob.answer()
    carol.wait_incoming()
    carol.answer()
    carol.hear(bob.hz)


def test_a_group_with_a_member_at_the_lite_node_rings_and_gets_texts(pair):
    alice, bob, carol = pair.take(("linphone", "alice"), ("baresip", "bob"), ("linphone", "carol"))
    alice.dial("300")
    for phone in (bob, carol):
        phone.wait_incoming()
    carol.answer()
    alice.wait_established()
    bob.wait_closed()
    hear_each_other(alice, carol)
    hang_up(alice, carol)
    alice.message("300", "supper is ready")
    for phone in (bob, carol):
        assert phone.wait("message", 10) == "supper is ready"
    carol.message("500", "I come")
    for phone in (alice, bob):
        assert phone.wait("message", 10) == "I come"


@pytest.mark.parametrize("number", [0, 1], ids=["full", "lite"])
def test_past_calls_outlive_a_restart_and_fill_a_spreadsheet(pair, number):
    user, other = ("alice", "bob") if number == 0 else ("carol", "dave")
    caller, called = pair.take(("baresip", user), ("baresip", other))
    connect(caller, called, USERS[other][1])
    hang_up(caller, called)
    node = pair.nodes[number]
    before = node.ask("history")["history"][0]
    pair.restart(number)
    after = node.ask("history")["history"][0]
    assert after["seconds_talked"] == before["seconds_talked"]
    assert (after["number"], after["caller"]) == (before["number"], before["caller"])
    head, line = node.ask("history", format="csv")["text"].split("\r\n")[:2]
    assert head.startswith("began,caller") and f"{user}@{DOMAIN}" in line
    pair.town.wait_reach()


def test_a_door_bell_rings_is_opened_by_a_digit_and_closed_to_others(pair):
    door, bob, carol = pair.take(("baresip", "door"), ("linphone", "bob"), ("linphone", "carol"))
    connect(door, bob, "202")
    hear_each_other(door, bob)
    bob.dtmf("5")
    assert door.wait("dtmf", 10) == "5"
    hang_up(bob, door)
    assert "dials no codes" in code(door, "*26")
    pair.nodes[0].ask("set-wish", user="bob", wish="forward_always", value=NUMBERS["carol"])
    door.dial("202")
    assert "in the house only" in door.wait_closed()
    carol.dial(NUMBERS["door"])
    assert "the house only" in carol.wait_closed()
