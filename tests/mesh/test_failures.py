"""Relays die, cables break, islands part and meet: calls go on where there is a way."""

import contextlib
import signal

import pytest

from tests.mesh.handset import begin, call, status_of
from tests.mesh.town import line, ring, wait_until
from tests.system.phones.call import connect, hear_each_other

RING_SECONDS = 40


@pytest.fixture
def ring_of_five(streets, see):
    """Five nodes in a ring; the way from 0 to 2 leads over 1, the other over 4 and 3."""
    town = streets.town("ring", ring(5), routed=True)
    town.start()
    town.wait_reach()
    return town


@pytest.mark.parametrize("how", (signal.SIGKILL, signal.SIGSTOP), ids=("killed", "mute"))
def test_call_takes_the_other_way_around_a_dead_relay(streets, see, ring_of_five, how):
    town = ring_of_five
    caller, callee = streets.handset(town, 0), streets.handset(town, 2)
    see(town.nodes[0], "u2")
    town.nodes[1].process.send_signal(how)
    try:
        call(caller, callee, "202")
    finally:
        town.nodes[1].process.send_signal(signal.SIGCONT)


def test_relay_that_falls_silent_while_the_callee_answers(streets, see, ring_of_five):
    town = ring_of_five
    caller, callee = streets.handset(town, 0), streets.handset(town, 2)
    see(town.nodes[0], "u2")
    dialled = caller.dial("202")
    came = callee.incoming()
    callee.respond(came, 180, "Ringing")
    caller.wait_ringing(dialled)
    town.nodes[1].process.send_signal(signal.SIGSTOP)
    try:
        answer = None
        for _ in range(RING_SECONDS):
            callee.respond(came, 200)  # a phone repeats it until the ACK comes
            with contextlib.suppress(AssertionError):
                answer = caller.final(dialled, "INVITE", seconds=1)
                break
        assert answer is not None and status_of(answer) == 200
        caller.acknowledge(dialled, answer)
        callee.incoming("ACK")
        assert status_of(caller.hang_up_at(callee, dialled, answer)) == 200
    finally:
        town.nodes[1].process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("how", (signal.SIGKILL, signal.SIGSTOP), ids=("killed", "mute"))
@pytest.mark.parametrize("noticed", (False, True), ids=("at once", "noticed"))
def test_hanging_up_gets_around_a_relay_that_died_in_the_call(
    streets, see, ring_of_five, how, noticed
):
    town = ring_of_five
    caller, callee = streets.handset(town, 0), streets.handset(town, 2)
    see(town.nodes[0], "u2")
    dialled, answer, _ = begin(caller, callee, "202")
    town.nodes[1].process.send_signal(how)
    try:
        if noticed:
            reached = town.nodes[0].reached
            wait_until(lambda: reached().get("node1", {}).get("hops") != 1, "it is gone", 10)
        assert status_of(caller.hang_up_at(callee, dialled, answer)) == 200
    finally:
        town.nodes[1].process.send_signal(signal.SIGCONT)


def test_relay_killed_while_it_rings(streets, see, ring_of_five):
    town = ring_of_five
    caller, callee = streets.phone("baresip", town, 0), streets.phone("linphone", town, 2)
    for phone in (caller, callee):
        phone.wait_registered()
    see(town.nodes[0], "u2")
    caller.dial("202")
    callee.wait_incoming()
    town.nodes[1].process.kill()
    caller.wait_ringing(RING_SECONDS)
    callee.answer()
    for phone in (caller, callee):
        phone.wait_established()
    hear_each_other(caller, callee)
    callee.hangup()
    caller.wait_closed()


def test_real_phones_call_again_when_their_islands_have_met(streets, see):
    town = streets.town("meeting", line(4), routed=True)
    town.start()
    town.wait_reach()
    caller, callee = streets.phone("baresip", town, 0), streets.phone("linphone", town, 3)
    for phone in (caller, callee):
        phone.wait_registered()
    town.cables[1, 2].cut()
    town.wait_reach([[0, 1], [2, 3]])
    town.cables[1, 2].mend()
    town.wait_reach()
    see(town.nodes[0], "u3")
    connect(caller, callee, "203")
    hear_each_other(caller, callee)
    callee.hangup()
    caller.wait_closed()


def test_islands_part_meet_and_call(streets, see):
    town = streets.town("islands", line(4))
    town.start()
    town.wait_reach()
    first, last = streets.handset(town, 0), streets.handset(town, 3)
    see(town.nodes[0], "u3")
    town.cables[1, 2].cut()
    town.wait_reach([[0, 1], [2, 3]])
    refusal = first.ask("INVITE", "sip:203@home.test")
    assert status_of(refusal) in (404, 480), refusal
    beside = streets.handset(town, 2)
    see(town.nodes[3], "u2")
    call(last, beside, "202")
    town.cables[1, 2].mend()
    town.wait_reach()
    see(town.nodes[0], "u3", "u2")
    call(first, last, "203")
    call(beside, first, "200")
