"""Calls that the phones encrypt themselves pass untouched and are heard."""

import pytest

from tests.system.phones.call import connect, hear_each_other

ENCRYPTED = (
    ("srtp", "baresip", "linphone"),
    ("srtp", "linphone", "baresip"),
    ("srtp", "pjsua", "linphone"),
    ("dtls", "baresip", "linphone"),
    ("dtls", "linphone", "baresip"),
)


@pytest.mark.parametrize("encryption, calling, called", ENCRYPTED)
def test_encrypted_call_is_heard_both_ways(shelf, encryption, calling, called):
    caller, callee = shelf.take((calling, "alice"), (called, "bob"), encryption=encryption)
    connect(caller, callee)
    hear_each_other(caller, callee)
    caller.hangup()
    callee.wait_closed()


def test_zrtp_phones_agree_on_the_words_to_compare(shelf):
    caller, callee = shelf.take(("linphone", "alice"), ("linphone", "bob"), encryption="zrtp")
    connect(caller, callee)
    hear_each_other(caller, callee)
    words = caller.security_words()
    assert words
    assert words == callee.security_words()
