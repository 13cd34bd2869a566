"""Lamps of two houses, a full node and a lite one, while one of them starts anew."""

from tests.lite.pair import hang_up, see, start_anew, watch_everybody
from tests.system.phones.call import connect, hear_each_other


def test_lamps_are_back_with_the_next_refresh_after_a_restart_in_the_middle(pair):
    near, far, there, away = watch_everybody(pair)
    alice, bob, carol, dave = pair.take(
        ("linphone", "alice"), ("baresip", "bob"), ("linphone", "carol"), ("baresip", "dave")
    )
    connect(bob, alice, "201")
    connect(dave, carol, "301")
    see("open", there, away)
    see("confirmed", near, far)
    start_anew(pair, (near, far, there, away))
    see("confirmed", near, far)
    see("open", there, away)
    hear_each_other(alice, bob)
    hang_up(alice, bob)
    hang_up(carol, dave)
    see("idle", near, far)
