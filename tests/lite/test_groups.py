"""Groups and forwards over three houses, the one in the middle a lite one, by real phones."""

import pytest

from tests.lite.pair import NUMBERS, group, hang_up
from tests.system.phones.call import hear_each_other
from tests.system.test_phones_features import code

HOUSES = 3
DEEPEST = 8
HUNT = f"""\
	option strategy sequential
	option ring_each 5
	option overflow '{NUMBERS["erin"]}'
"""


@pytest.fixture(scope="module")
def groups(both):
    """Three houses with groups in groups of each other."""
    here, there = both.nodes[:2]
    members = ["alice", "bob", both.address("carol"), both.address("erin"), "202", "alice", "bob"]
    text = ""
    for depth in range(1, DEEPEST):
        text += group(f"deep{depth}", f"60{depth}", members[depth - 1], f"deep{depth + 1}")
    text += group(f"deep{DEEPEST}", f"60{DEEPEST}", both.address("dave"), "alice")
    text += group("back", "610", "alice", f"sip:more@{both.keys[1]}")
    text += group("hunt", "620", both.address("carol"), "alice") + HUNT
    both.configure(here, text)
    both.configure(there, group("more", "611", "carol", f"sip:back@{both.keys[0]}"))
    return both


def rung(phone):
    """Return how often a phone has been rung."""
    return [kind for kind, _ in phone.events()].count("incoming")


def test_groups_eight_deep_ring_each_phone_once(groups, pair):
    alice, bob, carol, dave, erin = phones = pair.take(
        ("baresip", "alice"), ("linphone", "bob"), ("baresip", "carol"), ("pjsua", "dave"),
        ("baresip", "erin"),
    )  # fmt: skip
    caller = pair.take(("linphone", "alice"))[0]
    caller.dial("601")
    for phone in phones:
        phone.wait_incoming()
    erin.answer()
    caller.wait_established()
    for phone in (alice, bob, carol, dave):
        phone.wait_closed()
    hear_each_other(caller, erin)
    hang_up(caller, erin)
    assert [rung(phone) for phone in phones] == [1] * 5


def test_houses_whose_groups_hold_each_other_ring_each_phone_once(groups, pair):
    alice, bob, carol = pair.take(("baresip", "alice"), ("linphone", "bob"), ("baresip", "carol"))
    bob.dial("610")
    for phone in (alice, carol):
        phone.wait_incoming()
    carol.answer()
    bob.wait_established()
    alice.wait_closed()
    hear_each_other(bob, carol)
    hang_up(bob, carol)
    assert [rung(phone) for phone in (alice, carol)] == [1, 1]


def test_houses_whose_groups_hold_each_other_get_a_text_once(groups, pair):
    alice, bob, carol = pair.take(("baresip", "alice"), ("linphone", "bob"), ("linphone", "carol"))
    for words in ("supper", "is", "ready"):
        bob.message("610", words)
        for phone in (alice, carol):
            assert phone.wait("message", 60) == words


def test_members_of_other_houses_ring_in_their_turn_and_then_the_overflow(groups, pair):
    alice, bob, carol, erin = pair.take(
        ("linphone", "alice"), ("linphone", "bob"), ("baresip", "carol"), ("pjsua", "erin")
    )
    bob.dial("620")
    carol.wait_incoming()
    assert not rung(alice)
    alice.wait_incoming()
    carol.wait_closed()
    assert not rung(erin)
    erin.wait_incoming()
    alice.wait_closed()
    erin.answer()
    bob.wait_established()
    hear_each_other(bob, erin)
    hang_up(bob, erin)


def test_who_declines_or_pauses_in_another_house_leaves_the_group_ringing(groups, pair):
    alice, bob, carol = pair.take(("baresip", "alice"), ("linphone", "bob"), ("linphone", "carol"))
    bob.dial("300")
    for phone in (alice, carol):
        phone.wait_incoming()
    carol.decline()
    carol.wait_closed()
    alice.answer()
    bob.wait_established()
    hear_each_other(alice, bob)
    hang_up(bob, alice)
    assert "set: calls to your groups" in code(carol, "*45")
    bob.dial("300")
    alice.wait_incoming()
    alice.answer()
    bob.wait_established()
    hang_up(bob, alice)
    assert rung(carol) == 1
    bob.dial(NUMBERS["carol"])
    carol.wait_incoming()
    bob.hangup()
    carol.wait_closed()


@pytest.mark.parametrize("first", ["alice", "carol", "erin"])
def test_three_houses_that_forward_in_a_circle_are_told_so(pair, first):
    ring = {"alice": "carol", "carol": "erin", "erin": "alice"}
    kinds = dict(zip(ring, ("linphone", "baresip", "pjsua")))
    phones = dict(zip(ring, pair.take(*[(kinds[user], user) for user in ring])))
    for user, phone in phones.items():
        assert "set: send every call" in code(phone, "*21*" + NUMBERS[ring[user]])
    bob, dave = pair.take(("linphone", "bob"), ("baresip", "dave"))
    for caller in (bob, dave):
        number = {("bob", "alice"): "201", ("dave", "carol"): "301"}
        caller.dial(number.get((caller.account.user, first), NUMBERS[first]))
        assert "circle" in caller.wait_closed()
    for phone in phones.values():
        assert rung(phone) == 0
