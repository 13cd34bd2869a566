"""One afternoon of two houses, from the first lamp to a restart: every step after the other.

House A is a full node, B a lite one. Alice has two phones, Bob, Carol and Dave one each.
"""

import pytest

from tests.lite.pair import NUMBERS, Lamp, hang_up, see, start_anew, watch_everybody
from tests.mesh.handset import status_of
from tests.mesh.town import DOMAIN, wait_until
from tests.system.phones.call import connect, hear_each_other
from tests.system.test_phones_features import code, take_up

# A parked call that nobody takes back rings at who parked it after 180 s.
PARKED_SECONDS = 300
AUTO = ["Call-Info: <sip:far.test>;answer-after=0", "Answer-Mode: Auto"]


@pytest.mark.timeout(1200)
def test_an_afternoon_of_two_houses(pair):
    house, cottage = pair.nodes
    near, far, there, away = watch_everybody(pair)
    see("closed", there, away)
    alice, desk, bob, carol, dave = pair.take(
        ("linphone", "alice"), ("baresip", "alice"), ("pjsua", "bob"), ("linphone", "carol"),
        ("baresip", "dave"),
    )  # fmt: skip
    see("open", there, away)

    # Ringing, talking and idle are seen in this order at both nodes.
    carol.dial(NUMBERS["alice"])
    for lamp in (near, far):
        lamp.wait("idle", "early")
    alice.answer()
    carol.wait_established()
    see("confirmed", near, far)
    hang_up(alice, carol)
    desk.wait_closed()
    see("idle", near, far)

    # Bob takes a call that rings at both phones of Alice.
    carol.dial(NUMBERS["alice"])
    for phone in (alice, desk):
        phone.wait_incoming()
    assert "picked up" in code(bob, "*8201")
    take_up(bob)
    carol.wait_established()
    alice.wait_closed()
    assert alice.wait("logged", 60) == "accepted elsewhere"
    desk.wait_closed()
    hear_each_other(bob, carol)

    # Bob parks it, and Alice takes it back.
    place = Lamp(pair.watcher("bob", "place"), "*51")
    place.wait("idle")
    bob.transfer("*51")
    place.wait("confirmed")
    hang_up(bob, carol)
    assert "picked up" in code(alice, "*51")
    take_up(alice)
    hear_each_other(alice, carol)
    place.wait("idle")
    hang_up(alice, carol)

    # Another is parked; nobody takes that one.
    connect(dave, bob, NUMBERS["bob"])
    bob.transfer("*52")
    wait_until(lambda: house.ask("status")["parked"] == ["2"], "the call is parked")
    hang_up(bob, dave)

    # Who declines, and who is not to be disturbed, is busy.
    carol.dial(NUMBERS["alice"])
    alice.wait_incoming()
    alice.decline()
    for phone in (alice, desk):
        phone.wait_closed()
    assert "declined" in carol.wait_closed()  # Linphone has its own word for 603.
    for node in pair.nodes:
        ended_by = node.ask("history")["history"][0]["ended_by"]
        assert "alice does not want to take this call" in ended_by

    # Nobody opens a microphone from afar, and strangers ring nobody.
    caller = pair.watcher("dave", "caller")
    dialled = caller.dial(NUMBERS["alice"], AUTO)
    alice.wait_incoming()
    caller.wait_ringing(dialled)
    assert "auto-answer lines were taken off" in str(cottage.ask("calls")["calls"])
    alice.decline()
    for phone in (alice, desk):
        phone.wait_closed()
    caller.final(dialled, "INVITE")
    assert "established" not in [kind for kind, _ in alice.events()[-3:]]
    stranger = pair.watcher("alice", "stranger")
    stranger.aor = "sip:mallory@far.test"
    assert status_of(stranger.ask("INVITE", f"sip:alice@{DOMAIN}", AUTO)) >= 400
    stranger.aor = f"sip:alice@{DOMAIN}"

    # Alice rests.
    assert "set: do not disturb" in code(alice, "*26")
    carol.dial(NUMBERS["alice"])
    busy = carol.wait_closed()
    assert busy.startswith("486") and "disturbed" in busy

    assert "not set: do not disturb" in code(alice, "#26#")

    # The parked call comes back to Bob.
    bob.wait("incoming", PARKED_SECONDS)
    bob.answer()
    bob.wait_established()
    hear_each_other(bob, dave)
    hang_up(bob, dave)

    # Three who send calls in a ring: by a code, a code and the command.
    connect(carol, bob, NUMBERS["bob"])
    bob.transfer("*53")
    wait_until(lambda: house.ask("status")["parked"] == ["3"], "the call is parked")
    hang_up(bob, carol)
    for phone, to in ((alice, "202"), (bob, NUMBERS["carol"])):
        assert "set: send every call" in code(phone, f"*21*{to}#")
    cottage.ask("set-wish", user="carol", wish="forward_always", value=NUMBERS["alice"])
    desk.dial("202")
    assert "circle" in desk.wait_closed()
    assert "set: do not disturb" in code(desk, "*26")

    # Help passes rest, the ring, a call that is parked, and whom Dave has blocked.
    for wish, value in (("dnd", "on"), ("forward_always", "301"), ("block", "501,alice")):
        cottage.ask("set-wish", user="dave", wish=wish, value=value)
    alice.dial("112")
    dave.wait_incoming()
    dave.answer()
    alice.wait_established()
    hear_each_other(alice, dave)
    hang_up(alice, dave)

    # A restart in the middle of a call.
    assert "picked up" in code(alice, "*53")
    take_up(alice)
    hear_each_other(alice, carol)
    for lamp in (near, far, there, away):
        lamp.refresh()  # These hands were busy elsewhere, and the node gave them up.
    see("confirmed", near, far)
    see("open", there, away)
    start_anew(pair, (near, far, there, away))
    see("confirmed", near, far)
    see("open", there, away)
    hear_each_other(alice, carol)
    hang_up(alice, carol)
    see("idle", near, far)
