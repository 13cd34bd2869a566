"""Real phones register, over every transport, and are refused with a wrong password."""

import pytest

KINDS = ("baresip", "linphone", "pjsua")


@pytest.mark.parametrize("transport", ("udp", "tcp", "tls"))
@pytest.mark.parametrize("kind", KINDS)
def test_phone_registers(shelf, kind, transport):
    shelf.start(kind, "alice", transport).wait_registered()


@pytest.mark.parametrize("kind", KINDS[:2])
def test_phone_registers_over_ipv6(shelf, kind):
    shelf.start(kind, "alice", ipv6=True).wait_registered()


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_password_is_refused(shelf, kind):
    phone = shelf.start(kind, "alice", password="guess")
    phone.wait("unregistered", 10, but_not=("registered",))
