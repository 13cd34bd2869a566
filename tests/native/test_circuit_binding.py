"""shell/mesh/sound.py over the real library: what it puts on the wire, by another ChaCha20."""

import os
import socket
import subprocess
import sys

import pytest
from nacl.bindings import crypto_aead_chacha20poly1305_ietf_encrypt

from tests.native.test_native import BUILD, NATIVE, need, run

HOPS = 3
PATIENCE = 60


@pytest.fixture(scope="module")
def kind(tmp_path_factory):
    """The class Sound, and the path of the library, built here."""
    need("make", "cc")
    if not os.path.exists("/usr/include/sodium.h"):
        pytest.skip("libsodium-dev is not installed")
    out = BUILD / "tests" / "plain"
    run(["make", "-s", "-C", NATIVE, f"OUT={out}", "circuit"])
    if "bellhop.shell.mesh.circuit_abi" not in sys.modules:
        from tests.native.test_binding import load

        module = tmp_path_factory.mktemp("binding") / "circuit_abi.py"
        subprocess.run([sys.executable, NATIVE / "binding.py", module], check=True, timeout=60)
        load("bellhop.shell.mesh.circuit_abi", module)
    from bellhop.shell.mesh.sound import Sound

    return lambda: Sound(str(out / "libbellhop_circuit.so"))


@pytest.fixture
def neighbour():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        made.settimeout(PATIENCE)
        yield made


def stream(key, count, octets):
    """PRIVACY's stream: the cipher of RFC 8439 without its tag."""
    nonce = bytes(4) + count.to_bytes(8, "little")
    return crypto_aead_chacha20poly1305_ietf_encrypt(octets, b"", nonce, key)[:-16]


def test_layers_of_the_caller_are_those_that_each_hop_takes_off(kind, neighbour):
    sound = kind()
    there = sound.open()
    layers = [(bytes([i]) * 32, bytes([i + 64]) * 32, 0x70000000 + i) for i in range(HOPS)]
    place = ((b"\x7f\0\0\1", neighbour.getsockname()[1]), (b"\x7f\0\0\1", 0), 0x80000007)
    handle = sound.circuit_open("caller", 0xFFFFFFFF, None, place, layers)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind(("127.0.0.1", 0))
        phone.settimeout(PATIENCE)
        port = sound.stream_open(handle, 4, phone.getsockname()[1])
        for count in (0xFFFFFFFF, 0):
            phone.sendto(b"sound %d" % count, ("127.0.0.1", port))
            packet = neighbour.recv(2048)
            assert packet[:8] == (0x80000007).to_bytes(4, "big") + count.to_bytes(4, "big")
            body, at = packet[8:], count
            for there_key, _, offset in layers:
                body, at = stream(there_key, at, body), (at + offset) % 2**32
            assert body == b"\4sound %d" % count

        body, at = b"\4back", 5
        for _, back_key, offset in reversed(layers):
            body, at = stream(back_key, at, body), (at - offset) % 2**32
        packet = (0x80000007).to_bytes(4, "big") + at.to_bytes(4, "big") + body
        neighbour.sendto(packet, ("127.0.0.1", there))
        assert phone.recv(2048) == b"back"
    stats = sound.circuit_stats(handle)
    assert stats["packets"] == [1, 2] and stats["late"] == stats["invalid"] == 0
    sound.circuit_close(handle)
    assert sound.status() == {"circuits": 0, "unknown": 0}
    sound.close()


def test_a_taken_sound_port_is_told(kind):
    one, other = kind(), kind()
    port = one.open()
    with pytest.raises(OSError, match="in use"):
        other.open(port)
    one.close()
