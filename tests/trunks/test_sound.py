"""The sound to a provider that takes it encrypted only: heard both ways, and by nobody else."""

import os
import select
import socket
from base64 import b64encode

import pytest

from tests.trunks import scenarios
from tests.trunks.line import TYPE
from tests.trunks.servers import Secret
from tests.trunks.town import Town

SECONDS = 60
PCMA = 8
KEY = b64encode(bytes(range(30))).decode()


class Sound:
    """A port of RTP (RFC 3550)."""

    def __init__(self, host):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.port = self.socket.getsockname()[1]
        self.number = 0

    def say(self, place, payload):
        """Send one packet."""
        self.number += 1
        head = bytes([0x80, PCMA]) + self.number.to_bytes(2, "big")
        head += (160 * self.number).to_bytes(4, "big") + b"\0\0\0\1"
        self.socket.sendto(head + payload, place)

    def heard(self, seconds=0.0):
        """Return the payload of the next packet, None where none comes."""
        if not select.select([self.socket], [], [], seconds)[0]:
            return None
        return self.socket.recv(2048)[12:]

    def hears(self, other, place, payload):
        """Tell whether what the other says there, again and again, arrives here."""
        for _ in range(SECONDS * 50):
            other.say(place, payload)
            if self.heard(0.02) == payload:
                return True
        return False


def place_of(body):
    """Return (host, port) of the sound that a description names."""
    lines = body.decode().split("\r\n")
    host = next(line for line in lines if line.startswith("c=")).rpartition(" ")[2]
    return host, int(next(line for line in lines if line.startswith("m=audio")).split()[1])


@pytest.fixture
def call(tmp_path):
    """Alice talks to the network: (town, her sound, the network's, where each is sent)."""
    if Secret.why_unavailable() is not None:
        pytest.skip("asterisk: " + Secret.why_unavailable())
    if not os.path.exists(scenarios.NATIVE + "/libbellhop_media.so"):
        pytest.skip("no native library: `make native` makes it")
    town = Town(
        Secret, tmp_path, ["option srtp must"], media=True,
        environment={"LD_LIBRARY_PATH": scenarios.NATIVE},
    )  # fmt: skip
    alice, network = town.house.phone("alice"), town.network
    near, far = Sound(alice.flow.host), Sound(network.flow.host)
    try:
        target = "sip:030987654@" + alice.domain
        alice.say(alice.request("INVITE", target, [TYPE], alice.sdp(near.port)))
        alice.proves("INVITE")
        invite = network.wait("INVITE", SECONDS)
        network.take(invite, 200, body=network.sdp(far.port))
        answer = alice.wait("final", SECONDS)
        assert answer.status == 200, answer.write()
        alice.say(alice.acknowledge())
        assert network.wait("ACK", SECONDS)
        yield town, near, far, place_of(answer.body), place_of(invite.body)
    finally:
        near.socket.close()
        far.socket.close()
        town.close()


def test_it_is_heard_both_ways_and_is_encrypted_between(call):
    town, near, far, to_far, to_near = call
    assert far.hears(near, to_far, b"\x55" * 159 + b"\x01")
    assert near.hears(far, to_near, b"\x2a" * 159 + b"\x02")
    messages = "".join(
        one["message"] for one in town.house.ask("trace", call=1)["messages"]
        if "RTP/SAVP" in one["message"]
    )  # fmt: skip
    assert messages.count("m=audio") >= 2


def test_what_has_another_key_or_none_is_not_heard(tmp_path):
    if not os.path.exists(scenarios.NATIVE + "/libbellhop_media.so"):
        pytest.skip("no native library: `make native` makes it")
    scene = scenarios.Scene(tmp_path)
    near, far = Sound("127.0.0.2"), Sound("127.0.0.50")
    try:
        environment = {"LD_LIBRARY_PATH": scenarios.NATIVE}
        house, tel = scene.one(["option srtp must"], media=True, environment=environment)
        alice = house.phone("alice", 2)
        target = "sip:030987654@" + alice.domain
        alice.say(alice.request("INVITE", target, [TYPE], alice.sdp(near.port)))
        alice.proves("INVITE")
        invite = tel.called()
        key = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:%s\r\n" % KEY
        body = tel.sdp(far.port).replace("RTP/AVP", "RTP/SAVP") + key
        tel.take(invite, 200, body=body)
        assert alice.wait("final", SECONDS).status == 200
        alice.say(alice.acknowledge())
        tel.wait("ACK", SECONDS)
        for number in range(100):
            # Another key's, with its tag of ten octets, and plain sound.
            far.say(place_of(invite.body), os.urandom(170) if number % 2 else b"\x2a" * 160)
        assert near.heard(2) is None
    finally:
        near.socket.close()
        far.socket.close()
        scene.close()


def test_a_provider_that_answers_without_a_key_is_hung_up(tmp_path):
    if not os.path.exists(scenarios.NATIVE + "/libbellhop_media.so"):
        pytest.skip("no native library: `make native` makes it")
    scene = scenarios.Scene(tmp_path)
    try:
        environment = {"LD_LIBRARY_PATH": scenarios.NATIVE}
        house, tel = scene.one(["option srtp must"], media=True, environment=environment)
        alice = house.phone("alice").dial("030987654")
        tel.take(tel.called(), 200)
        assert tel.wait("ACK", SECONDS)
        tel.take(tel.wait("BYE", SECONDS))
        assert alice.wait("final", SECONDS).status >= 400
    finally:
        scene.close()
