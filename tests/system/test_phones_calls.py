"""Real phones of two makes call each other; what is heard is measured, not assumed."""

import itertools

import pytest

from tests.system.phones.call import connect, hear_each_other

KINDS = ("baresip", "linphone")
PAIRS = list(itertools.product(KINDS, KINDS))


@pytest.mark.parametrize("ends", ("caller", "callee"))
@pytest.mark.parametrize("kinds", PAIRS, ids="-".join)
def test_call_is_heard_both_ways_and_either_side_hangs_up(shelf, kinds, ends):
    caller, callee = shelf.take((kinds[0], "alice"), (kinds[1], "bob"))
    connect(caller, callee)
    hear_each_other(caller, callee)
    first, second = (caller, callee) if ends == "caller" else (callee, caller)
    first.hangup()
    second.wait_closed()
    first.wait_closed()


@pytest.mark.parametrize("transport", ("tcp", "tls"))
@pytest.mark.parametrize("kinds", (KINDS, KINDS[::-1]), ids="-".join)
def test_call_over_a_stream(shelf, kinds, transport):
    caller, callee = shelf.take((kinds[0], "alice"), (kinds[1], "bob"), transport=transport)
    connect(caller, callee)
    hear_each_other(caller, callee)
    callee.hangup()
    caller.wait_closed()


@pytest.mark.parametrize("kinds", (("pjsua", "baresip"), ("linphone", "pjsua")), ids="-".join)
def test_call_with_a_third_make(shelf, kinds):
    caller, callee = shelf.take((kinds[0], "alice"), (kinds[1], "bob"))
    connect(caller, callee)
    hear_each_other(caller, callee)
    callee.hangup()
    caller.wait_closed()


@pytest.mark.parametrize("transports", (("tls", "udp"), ("udp", "tcp")), ids="-".join)
@pytest.mark.parametrize("kinds", (KINDS, KINDS[::-1]), ids="-".join)
def test_call_from_one_transport_to_another(shelf, kinds, transports):
    (caller,) = shelf.take((kinds[0], "alice"), transport=transports[0])
    (callee,) = shelf.take((kinds[1], "bob"), transport=transports[1])
    connect(caller, callee)
    hear_each_other(caller, callee)
    caller.hangup()
    callee.wait_closed()


def test_call_over_ipv6(shelf):
    caller, callee = shelf.take(("linphone", "alice"), ("baresip", "bob"), ipv6=True)
    connect(caller, callee)
    hear_each_other(caller, callee)
    caller.hangup()
    callee.wait_closed()


@pytest.mark.parametrize("target", ("202", "sip:202@home.test", "sip:bob@home.test:5060"))
def test_extension_and_uri_reach_the_user(shelf, target):
    caller, callee = shelf.take(("baresip", "alice"), ("linphone", "bob"))
    connect(caller, callee, target)
    caller.hangup()
    callee.wait_closed()


@pytest.mark.parametrize("kinds", PAIRS, ids="-".join)
def test_caller_cancels_while_it_rings(shelf, kinds):
    caller, callee = shelf.take((kinds[0], "alice"), (kinds[1], "bob"))
    caller.dial("bob")
    callee.wait_incoming()
    caller.wait_ringing()
    caller.cancel()
    callee.wait_closed()
    caller.wait_closed()


@pytest.mark.parametrize("kinds", PAIRS, ids="-".join)
def test_busy_callee(shelf, kinds):
    caller, callee = shelf.take((kinds[0], "alice"), (kinds[1], "bob"))
    caller.dial("bob")
    callee.wait_incoming()
    callee.reject()
    assert caller.wait_closed().startswith("486")


def test_callee_that_never_answers(shelf):
    (caller,) = shelf.take(("baresip", "alice"))
    (callee,) = shelf.take(("linphone", "bob"), ring_seconds=3)
    caller.dial("bob")
    callee.wait_incoming()
    assert caller.wait_closed()[:3] in ("408", "480", "486")  # Linphone's word is 486


@pytest.mark.parametrize("target, status", (("nobody", "404"), ("bob", "480")))
def test_unknown_and_absent_users(shelf, target, status):
    (caller,) = shelf.take(("baresip", "alice"))
    caller.dial(target)
    assert caller.wait_closed().startswith(status)


@pytest.mark.parametrize("kinds", PAIRS[1:], ids="-".join)
def test_hold_and_resume(shelf, kinds):
    holder, held = shelf.take((kinds[0], "alice"), (kinds[1], "bob"))
    connect(holder, held)
    hear_each_other(holder, held)
    holder.hold()
    holder.hear_nothing_of(held.hz)
    holder.resume()
    for listener, speaker in ((holder, held), (held, holder)):
        if listener.records_after_hold:
            listener.hear(speaker.hz)
    held.hangup()
    holder.wait_closed()


@pytest.mark.parametrize(
    "kinds", (("linphone", "baresip", "linphone"), ("baresip", "linphone", "baresip")), ids="-".join
)
def test_blind_transfer(shelf, kinds):
    transferor, transferee, target = shelf.take(*zip(kinds, ("alice", "bob", "carol")))
    connect(transferor, transferee)
    hear_each_other(transferor, transferee)
    transferor.transfer("carol")
    target.wait_incoming()
    target.answer()
    target.wait_established()
    hear_each_other(transferee, target)
    target.hangup()
    transferee.wait_closed()


@pytest.mark.parametrize("kinds", (KINDS, KINDS[::-1]), ids="-".join)
def test_message(shelf, kinds):
    sender, receiver = shelf.take((kinds[0], "alice"), (kinds[1], "bob"))
    sender.message("bob", "the kettle is on")
    assert receiver.wait("message", 10) == "the kettle is on"


@pytest.mark.parametrize("kinds", (KINDS, KINDS[::-1]), ids="-".join)
def test_digits_during_a_call(shelf, kinds):
    caller, callee = shelf.take((kinds[0], "alice"), (kinds[1], "bob"))
    connect(caller, callee)
    hear_each_other(caller, callee)
    caller.dtmf("7")
    assert callee.wait("dtmf", 5) == "7"


@pytest.mark.parametrize("answering", KINDS)
def test_other_phone_stops_ringing_and_logs_no_missed_call(shelf, answering):
    (caller,) = shelf.take(("baresip", "alice"))
    (first,) = shelf.take((answering, "bob"))
    (second,) = shelf.take(("linphone", "bob"), host="carol")
    caller.dial("202")
    first.wait_incoming()
    second.wait_incoming()
    first.answer()
    first.wait_established()
    hear_each_other(caller, first)
    assert second.wait("logged", 5) == "accepted elsewhere"
    caller.hangup()
    first.wait_closed()


def test_missed_call_rings_all_phones_and_is_logged(shelf):
    (caller,) = shelf.take(("linphone", "alice"))
    (first,) = shelf.take(("baresip", "bob"))
    (second,) = shelf.take(("linphone", "bob"), host="carol")
    caller.dial("bob")
    first.wait_incoming()
    second.wait_incoming()
    caller.cancel()
    first.wait_closed()
    assert second.wait("logged", 5) in ("missed", "aborted")
