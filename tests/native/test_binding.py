"""The library through its Python binding: src/bellhop/shell/media/library.py."""

import errno
import importlib.util
import os
import select
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.native import reference_srtp

HERE = Path(__file__).resolve().parent
NATIVE = HERE.parent.parent / "native"
LOOPBACK = bytes([127, 0, 0, 1])
CLEAR, SECURE, BOTH_WAYS = 0, 1, 3
KEY = (1, bytes(range(16)), bytes(range(14)))
PACKET = b"\x80\0\0\x01\0\0\0\xa0\xca\xfe\xba\xbe" + bytes(160)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The library as `make` builds it, and the binding made from its header."""
    pytest.importorskip("cffi")
    if not Path("/usr/include/srtp2/srtp.h").exists():
        pytest.skip("libsrtp2-dev is not installed")
    subprocess.run(["make", "-s", "-C", NATIVE], check=True, timeout=300)
    module = tmp_path_factory.mktemp("binding") / "media_abi.py"
    subprocess.run([sys.executable, NATIVE / "binding.py", module], check=True, timeout=60)
    load("bellhop.shell.media.media_abi", module)
    return str(NATIVE / ".build" / "host" / "libbellhop_media.so")


def load(name, path):
    """Import a file under a name of its own choice."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


@pytest.fixture
def media(library):
    from bellhop.shell.media.library import Media

    media = Media(library)
    media.open(relays=4)
    yield media
    media.close()


def phone():
    """Return a socket on loopback and its address as the binding writes it."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(10)
    return sock, (LOOPBACK, sock.getsockname()[1])


def test_a_call_goes_through_two_relays(media):
    ends = [phone(), phone()]
    side = (LOOPBACK, 28000, 28999)
    relays = [media.relay_open(side, side) for _ in ends]
    for number, (relay, _ports) in enumerate(relays):
        _, address = ends[number]
        far = relays[1 - number][1]
        agreed = {"direction": BOTH_WAYS, "allow": (LOOPBACK, 32)}
        media.relay_update(relay, 0, kind=CLEAR, remote=address, **agreed)
        remote = ((LOOPBACK, far[2]), (LOOPBACK, far[3]))
        media.relay_update(relay, 1, kind=SECURE, remote=remote, receive=KEY, send=KEY, **agreed)
    ends[0][0].sendto(PACKET, ("127.0.0.1", relays[0][1][0]))
    assert ends[1][0].recv(2048) == PACKET
    side_a, side_b, dead = media.relay_stats(relays[0][0])
    assert (side_a["received_packets"], side_b["sent_packets"], dead) == (1, 1, False)
    assert side_a["remote"][0] == ends[0][1]
    assert side_b["sent_bytes"] == len(PACKET) + 10
    for sock, _ in ends:
        sock.close()


def rtp(sequence):
    """Return a packet of 20 ms."""
    stamp = (160 * sequence).to_bytes(4, "big")
    return b"\x80\0" + sequence.to_bytes(2, "big") + stamp + PACKET[8:]


def test_what_is_wrong_with_packets_is_counted_for_each_direction(media):
    (phone_a, address_a), (phone_b, address_b) = phone(), phone()
    side = (LOOPBACK, 28000, 28999)
    relay, ports = media.relay_open(side, side)
    media.relay_update(relay, 0, kind=CLEAR, direction=BOTH_WAYS, remote=address_a)
    media.relay_update(
        relay, 1, kind=SECURE, direction=BOTH_WAYS, remote=address_b, receive=KEY, send=KEY
    )
    secure = [
        reference_srtp.protect_rtp("AES_CM_128_HMAC_SHA1_80", *KEY[1:], rtp(n), n) for n in range(5)
    ]
    tampered = secure[1][:20] + bytes([secure[1][20] ^ 1]) + secure[1][21:]
    # The first, it again, one tampered with; the second and third are lost; one late; no RTP.
    for packet in (secure[0], secure[0], tampered, secure[4], secure[3], b"garbage", bytes(2100)):
        phone_b.sendto(packet, ("127.0.0.1", ports[2]))
    heard = [phone_a.recv(4096) for _ in range(3)]
    phone_a.sendto(PACKET, ("127.0.0.1", ports[0]))
    phone_b.recv(4096)
    side_a, side_b, _ = media.relay_stats(relay)
    assert heard == [rtp(0), rtp(4), rtp(3)]
    assert (side_b["replayed"], side_b["auth_failed"], side_b["lost"]) == (1, 1, 2)
    assert (side_b["invalid"], side_b["oversize"]) == (1, 1)
    assert (side_b["received_packets"], side_a["sent_packets"]) == (3, 3)
    assert (side_a["received_packets"], side_b["sent_packets"]) == (1, 1)
    assert side_a["sent_bytes"] == 3 * len(PACKET)
    assert not any(side_a[name] for name in ("replayed", "auth_failed", "lost", "invalid"))
    assert side_b["jitter_us"] > 0
    assert side_b["idle_ms"] < 10000
    phone_a.close()
    phone_b.close()


def test_events_wake_their_descriptor(media):
    sock, address = phone()
    relay, ports = media.relay_open((LOOPBACK, 28000, 28999), (LOOPBACK, 28000, 28999))
    media.relay_update(relay, 0, kind=CLEAR, direction=BOTH_WAYS, remote=address)
    assert media.events() == []
    sock.sendto(PACKET, ("127.0.0.1", ports[0]))
    assert select.select([media.events_fd()], [], [], 10)[0]
    (event,) = media.events()
    assert event == {"relay": relay, "kind": 1, "side": 0, "component": 0, "remote": address}
    sock.close()


def test_errors_carry_the_errno_of_the_library(media):
    with pytest.raises(OSError) as refused:
        media.relay_close(77)
    assert refused.value.errno == errno.ENOENT
    side = (LOOPBACK, 28998, 28999)
    with pytest.raises(OSError) as refused:
        media.relay_open(side, side)
    assert refused.value.errno == errno.EADDRINUSE


def test_what_does_not_fit_is_refused(media):
    relay, _ = media.relay_open((LOOPBACK, 28000, 28999), (LOOPBACK, 28000, 28999))
    with pytest.raises(ValueError):
        media.relay_update(relay, 0, send=(1, bytes(33), bytes(14)))
    with pytest.raises(KeyError):
        media.relay_update(relay, 0, colour=1)


def test_status_names_the_suites(media):
    status = media.status()
    assert status["relays"] == 0
    assert status["suites"] & 1 << 1


def test_a_missing_library_is_an_os_error(library):
    from bellhop.shell.media.library import Media

    with pytest.raises(OSError):
        Media("libbellhop_media_that_is_not_there.so")


def test_the_interpreter_ends_cleanly_with_the_thread_running(library):
    """At its end the interpreter closes the library at some moment, as this program does early."""
    module = sys.modules["bellhop.shell.media.media_abi"].__file__
    program = (
        "import importlib.util, sys\n"
        "spec = importlib.util.spec_from_file_location(\n"
        f"    'bellhop.shell.media.media_abi', {module!r})\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "sys.modules[spec.name] = module\n"
        "spec.loader.exec_module(module)\n"
        "from bellhop.shell.media.library import Media\n"
        f"media = Media({library!r})\n"
        "media.open(relays=1)\n"
        "module.ffi.dlclose(media.lib)\n"
        f"again = Media({library!r})\n"
        "again.handle = media.handle\n"
        "assert again.status()['relays'] == 0\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(NATIVE.parent / "src")}
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60, env=environment)
