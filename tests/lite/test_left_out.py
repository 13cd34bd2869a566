"""A call that would need a full node is refused, and both the caller and the owner are told why."""

import contextlib

import pytest

from bellhop.errors import BellhopError
from tests.lite.server import Lite, Phone
from tests.lite.test_faults import ask
from tests.mesh.handset import status_of
from tests.mesh.town import DOMAIN
from tests.system.sipp.runner import free_ports

RELAY = "config media\n\toption enabled 1\n\toption relay 'always'\n"
HIDDEN = "config media\n\toption enabled 1\n\toption hide_addresses 1\n"
# The last user of the configuration is bob.
ENCRYPTED = "\toption srtp 'must'\n"
SOUND = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 40000 RTP/%s 0\r\n"
)
PLAIN = SOUND % "AVP"
SECURE = SOUND % "SAVP" + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n"
TYPE = "Content-Type: application/sdp"


@pytest.fixture
def start(compiled, tmp_path):
    """Return the function that starts a node with alice and bob and returns it and their phones."""
    made = []

    def started(more):
        server = Lite(tmp_path, free_ports(1)[0], ("alice", "bob"))
        server.compiled, server.domain, server.more = compiled, DOMAIN, more
        made.append(server)
        server.start()
        phones = [Phone(server, user).register() for user in server.users]
        made.extend(phones)
        return server, *phones

    yield started
    for one in made:
        one.stop() if isinstance(one, Lite) else one.close()


@pytest.mark.parametrize("more", (RELAY, HIDDEN), ids=("relay", "hide_addresses"))
def test_settings_that_want_all_sound_through_the_node(start, more):
    server, alice, _ = start(more)
    answer = alice.ask("INVITE", f"sip:bob@{DOMAIN}", [TYPE], PLAIN)
    assert status_of(answer) == 488
    assert "needs a full node" in answer.split("\r\n")[0]
    assert [one for one in ask(server, "status")["problems"] if "needs a full node" in one]


def test_plain_call_to_a_phone_that_takes_encrypted_ones_only(start):
    _, alice, bob = start(ENCRYPTED)
    answer = alice.ask("INVITE", f"sip:bob@{DOMAIN}", [TYPE], PLAIN)
    assert status_of(answer) == 488
    assert "needs a full node" in answer.split("\r\n")[0]
    with contextlib.suppress(AssertionError):  # Nobody answers: that bob rings is enough.
        alice.ask("INVITE", f"sip:bob@{DOMAIN}", [TYPE], SECURE, seconds=0.5)
    assert "a=crypto:1" in bob.incoming()


PROVIDER = "config provider tel\n\toption domain tel.test\n\toption username 49301\n"


def test_providers_of_telephone_numbers(start):
    server, alice, bob = start(PROVIDER)
    told = ask(server, "status")
    (words,) = [one for one in told["problems"] if "calls by providers" in one]
    assert "full node" in words and "not installed" not in words
    assert {"calls by providers", "members' page"} <= set(told["left_to_full_node"])
    with pytest.raises(BellhopError, match="full node"):
        ask(server, "providers")
    assert status_of(alice.ask("INVITE", f"sip:030987654@{DOMAIN}", [TYPE], PLAIN)) == 404
    with contextlib.suppress(AssertionError):  # Nobody answers: that bob rings is enough.
        alice.ask("INVITE", f"sip:bob@{DOMAIN}", [TYPE], PLAIN, seconds=0.5)
    assert "m=audio" in bob.incoming()
