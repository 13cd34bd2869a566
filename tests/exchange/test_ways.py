"""Ways of a code: a MESSAGE that a real node answers by itself, a voice of a real Asterisk."""

import cmath
import math
import select
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip(
    "starlette", reason="the servers' libraries are missing: pip install src[exchange]"
)
pytest.importorskip("sqlalchemy", reason="the servers' libraries are missing")
pytest.importorskip("bellhop.shell.dnssec.unbound_abi", reason="no binding: `make native`")

from bellhop.names import code  # noqa: E402
from bellhop_exchange.directory import senders  # noqa: E402
from bellhop_exchange.provider import asterisk  # noqa: E402
from tests.trunks.house import DOMAIN, House  # noqa: E402
from tests.trunks.line import Line  # noqa: E402

from . import telephone  # noqa: E402
from .provider import loopback  # noqa: E402
from .test_number import DNS, command  # noqa: E402
from .world import World, free_port, why_not  # noqa: E402

TEXT = code.write("dir.test", "13579024", "q" * 44)
CLAIMS = "config user\n\toption name claims\n\toption extension 299\n\toption password secret\n"
TRUNK, CARRIER = (loopback(244), 5060), (loopback(245), 5070)
NUMBER = "+4930555001"


def test_an_address_is_claimed_and_nothing_is_typed(tmp_path):
    reason = why_not()
    if reason:
        pytest.skip(reason)
    port = free_port()
    world = World(tmp_path, more='[message]\nserver = "127.0.0.1:%d"\n' % port)
    try:
        lab = world.lab
        dns = DNS.format(anchor=lab.anchor, hints=lab.hints, keepers="")
        node = "\toption sip_port %d\n" % port
        house = House(tmp_path, [dns], node, media=True, listen="127.0.0.1")
        try:
            house.wait_for(lambda: house.ask("names")["directories"], 60)
            said = command(house, world, "alice", "Alice@" + DOMAIN, types=False)
            assert "the router takes it by itself" in said
            assert "the DNS names your key for alice@" + DOMAIN in said
            assert world.messages() == 0
            (row,) = house.ask("accounts")["accounts"] or [{"is_done": None}]
            assert row["is_done"] is not False
        finally:
            house.stop()
    finally:
        world.close()


def test_a_server_that_wants_a_password_gets_a_proof(tmp_path):
    house = House(tmp_path, [CLAIMS])
    try:
        alice = house.phone("alice")
        (tmp_path / "password").write_text("secret\n")
        server, address = "127.0.0.1:%d" % house.port, "alice@" + DOMAIN
        sender = senders.Message(server, DOMAIN, tmp_path / "password")
        with ThreadPoolExecutor(1) as pool:
            sent = pool.submit(sender.send, address, TEXT)
            found = alice.wait("MESSAGE", 60)
            assert found.body.decode() == TEXT and b"claims@" in found.value(b"from")
            alice.take(found)
            assert sent.result(60) is None
        (tmp_path / "password").write_text("wrong\n")
        for password in (tmp_path / "password", ""):
            with pytest.raises(OSError, match="answers 40"):
                senders.Message(server, DOMAIN, password).send(address, TEXT)
    finally:
        house.stop()
    with pytest.raises(OSError, match="."):
        senders.Message(server, DOMAIN).send(address, TEXT)


def test_a_call_file_is_whole_and_says_the_code(tmp_path):
    voice = senders.ways({"call": {"spool": tmp_path, "channel": "PJSIP/network/sip:%s@c.test"}})
    voice["call"].send(NUMBER, TEXT)
    (path,) = tmp_path.iterdir()
    lines = path.read_text().splitlines()
    assert lines[0] == "Channel: PJSIP/network/sip:%s@c.test" % NUMBER
    assert "Extension: code" in lines and lines[-1] == "Setvar: BELLHOP_CODE=13579024"
    path.unlink()
    voice["call"].send(NUMBER, "another key wants your number")
    (path,) = tmp_path.iterdir()
    assert "Extension: notice" in path.read_text()
    with pytest.raises(OSError, match="."):
        senders.Voice(tmp_path / "absent", "x%s").send(NUMBER, TEXT)


class Speaking(telephone.Asterisk):
    """A telephone server with a spool, and with digits that are tones of their own."""

    def __init__(self, folder, host, port, network):
        super().__init__(folder, host, port, network, self)
        (folder / "outgoing").mkdir()
        sounds = folder / "sounds" / "en" / "digits"
        sounds.mkdir(parents=True)
        for digit in range(10):
            (sounds / ("%d.alaw" % digit)).write_bytes(tone(digit))

    def run(self, *_):
        """Write the provider's files without a provider."""
        settings = {
            "database": "sqlite:///%s/none.db" % self.folder,
            "domain": "tel.test",
            "agi": "127.0.0.1:1",
        }
        place, network = ("%s:%d" % one for one in (self.place, self.network))
        asterisk.write(self.folder, settings, place, network)


def hertz(digit):
    return 400 + 100 * digit


def linear(octet):
    """Return the sample of an octet of A-law (G.711)."""
    octet ^= 0x55
    low, part = octet & 15, octet >> 4 & 7
    size = (low << 4) + 8 if part == 0 else ((low << 4) + 0x108) << (part - 1)
    return size if octet & 0x80 else -size


def tone(digit):
    """Return 300 ms of the tone of a digit, A-law: 30 times what comes again after 10 ms."""
    steps = 2 * math.pi * hertz(digit) / 8000
    wanted = [8000 * math.sin(steps * at) for at in range(80)]
    return 30 * bytes(min(range(256), key=lambda o: abs(linear(o) - one)) for one in wanted)


def digit_of(samples):
    """Return the digit whose tone is heard, or None."""
    powers = []
    for digit in range(10):
        turn = -2j * math.pi * hertz(digit) / 8000
        powers.append(abs(sum(one * cmath.exp(turn * at) for at, one in enumerate(samples))))
    best = max(range(10), key=lambda digit: powers[digit])
    return best if powers[best] > 1000 * len(samples) else None


def test_a_voice_says_the_code_to_a_landline(tmp_path):
    reason = telephone.why_not(("pbx_spool.so", "format_pcm.so", "func_logic.so"))
    if reason:
        pytest.skip(reason)
    server = Speaking(tmp_path, *TRUNK, CARRIER)
    server.start()
    line = Line("carrier", "net", "net.test", CARRIER[0], TRUNK, port=CARRIER[1])
    sound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sound.bind((CARRIER[0], 4000))
        channel = "PJSIP/network/sip:%%s@%s:%d" % CARRIER
        senders.Voice(tmp_path / "outgoing", channel).send(NUMBER, TEXT)
        invite = line.wait("INVITE", 60)
        assert NUMBER in invite.parsed_uri.name.decode()
        line.take(invite)
        line.wait("ACK")
        assert "1357902413579024" in heard(sound)
        line.take(line.wait("BYE", 60))
    finally:
        sound.close()
        line.close()
        server.stop()


def heard(sound):
    """Return the digits that are said, until nothing comes for a while, or for a minute."""
    said, last, end = "", None, time.monotonic() + 60
    while time.monotonic() < end and select.select([sound], [], [], 10)[0]:
        found = digit_of([linear(octet) for octet in sound.recv(2048)[12:]])
        if found is not None and found != last:
            said += str(found)
        last = found
        if said.count("4") >= 2:
            break
    return said
