"""A whole directory: its API, PowerDNS over its database, a resolver that checks signatures."""

import socket
import subprocess
import sys
import time

import pytest

pytest.importorskip(
    "starlette", reason="the servers' libraries are missing: pip install src[exchange]"
)
pytest.importorskip(
    "sqlalchemy", reason="the servers' libraries are missing: pip install src[exchange]"
)
pytest.importorskip("bellhop.shell.dnssec.unbound_abi", reason="no binding: `make native`")

from bellhop.errors import BellhopError  # noqa: E402
from bellhop.names import enum, keys, statement  # noqa: E402
from bellhop.names.answer import NAPTR, SECURE, TXT  # noqa: E402
from bellhop.shell.dnssec import errands  # noqa: E402
from bellhop.shell.dnssec.api import Api  # noqa: E402
from bellhop.shell.dnssec.claim import claim  # noqa: E402
from bellhop.shell.dnssec.unbound import Unbound  # noqa: E402
from bellhop.shell.mesh import identity, keys_of_people  # noqa: E402
from bellhop.shell.service import milliseconds  # noqa: E402
from bellhop.world.loop import Loop  # noqa: E402

from ..support import lab  # noqa: E402
from . import powerdns  # noqa: E402

NUMBER, DIGITS = "+4930555001", b"4930555001"
PATIENCE = 60
SETTINGS = """\
zone = "dir.test"
servers = ["at-dir.test"]
database = "sqlite:///{folder}/directory.db"
api = "http://127.0.0.1:{port}"
listen = "127.0.0.1:{port}"
state = "{folder}/state"
[sms]
kind = "print"
file = "{folder}/texts"
"""


class _Idle:
    def next_deadline(self):
        return None


class World:
    """A directory that runs, and the DNS of a whole Internet of one's own."""

    def __init__(self, folder):
        self.folder = folder
        self.dns = powerdns.PowerDns(folder, "dir.test")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.api = f"http://127.0.0.1:{port}"
        (folder / "settings.toml").write_text(SETTINGS.format(folder=folder, port=port))
        words = [sys.executable, "-m", "bellhop_exchange.directory", folder / "settings.toml"]
        self.process = subprocess.Popen(words, env={"PYTHONPATH": "src", "PATH": "/usr/bin"})
        self._wait(port)
        secure = self.dns.secure()
        self.dns.start()
        (folder / "lab").mkdir()
        elsewhere = {"dir": (self.dns.host, secure)}
        self.lab = lab.Lab(folder / "lab", {}, elsewhere=elsewhere)
        self.lab.__enter__()
        loop = Loop(milliseconds, None)
        loop.engine = _Idle()
        self.resolver = Unbound(loop, self.lab.anchor, self.lab.hints)

    def _wait(self, port):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            assert self.process.poll() is None
            time.sleep(0.05)
        raise OSError("the directory does not start")

    def close(self):
        for end in (self.resolver.close, self.lab.__exit__, self.dns.stop):
            end()
        self.process.terminate()
        self.process.wait(PATIENCE)

    def code(self):
        """Return the code in the last message."""
        return (self.folder / "texts").read_text().splitlines()[-1].split("code ")[1].split()[0]

    def ask(self, name, kind):
        answers = []
        self.resolver.ask(name.decode(), kind, "dir.test", 5, answers.append)
        while not answers:
            self.resolver.loop.step(100)
        return answers[0]

    def wait_secure(self, name, kind, found):
        """Wait until the own resolver sees what was published."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            answer = self.ask(name, kind)
            assert answer.outcome == SECURE, answer
            if found(answer.records):
                return answer
            time.sleep(0.2)
        raise AssertionError("not published: %r" % (answer,))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    reason = lab.why_not() or powerdns.why_not()
    if reason:
        pytest.skip(reason)
    running = World(tmp_path_factory.mktemp("directory"))
    yield running
    running.close()


def person(world, octet):
    return Api(world.api, bytes([octet]) * 32, identity.crypto())


def test_a_number_is_claimed_published_and_reached(world):
    alice = person(world, 1)
    claim = alice.ask("POST", "/v1/claims", {"name": NUMBER})
    assert claim["state"] == "challenged"
    with pytest.raises(BellhopError, match="not the code"):
        alice.ask("POST", f"/v1/claims/{claim['claim']}/proof", {"code": "00000000"})
    begun = time.monotonic()
    found = alice.ask("POST", f"/v1/claims/{claim['claim']}/proof", {"code": world.code()})
    name = keys.of_number(DIGITS, b"dir.test")
    assert found["state"] == "published" and found["owner"] == name.decode()
    answer = world.wait_secure(name, TXT, keys.published)
    print("proof to secure: %.0f ms" % (1000 * (time.monotonic() - begun)))
    crypto = identity.crypto()
    assert keys.published(answer.records) == [keys.Published(crypto.public_key(b"\1" * 32), 0)]
    alice.ask("PUT", f"/v1/records/{NUMBER}", {"address": "sip:u1@b.test", "s": 3})
    owner = enum.owner(DIGITS, b"e164.dir.test")
    answer = world.wait_secure(owner, NAPTR, lambda records: records)
    assert enum.addresses(answer.records, DIGITS) == [b"sip:u1@b.test"]
    head = statement.directory(world.ask(b"_directory.dir.test", TXT).records)
    octets = keys.unbase64(alice.ask("GET", f"/v1/claims/{claim['claim']}")["statement"].encode())
    said = statement.read(octets, head.key, crypto.verify)
    assert (said.name, said.floor, said.address) == (NUMBER.encode(), 3, b"sip:u1@b.test")


def test_the_command_goes_through_all_steps(world):
    told = []
    number = "+4930555005"
    found = claim(person(world, 5), number, "sip:u5@b.test", lambda: world.code(), told.append)
    assert found["state"] == "published" and "on its way" in told[0] and number in told[-1]
    owner = enum.owner(number[1:].encode(), b"e164.dir.test")
    world.wait_secure(owner, NAPTR, lambda records: records)
    found = claim(person(world, 6), number, "", lambda: world.code(), told.append)
    assert found["state"] == "contested" and "within 7 days" in told[-1]


def test_an_unlisted_number_is_found_without_saying_which(world, tmp_path):
    number, stranger = "+4930555008", "+4930555888"
    claim(person(world, 8), number, "sip:u8@b.test", lambda: world.code(), lambda text: None)
    crypto = identity.crypto()
    seed = keys_of_people.make(tmp_path, "alice")
    asked = {"api": world.api, "user": "alice", "names": [number, stranger]}
    refused = errands.run(tmp_path, "find", asked)
    assert "only who is published" in refused["problem"] and not refused["is_plain"]
    alice = Api(world.api, seed, crypto)
    claim(alice, "+4930555010", "sip:alice@a.test", lambda: world.code(), lambda text: None)
    body = {"address": "sip:u8@b.test", "s": 1, "listed": False}
    person(world, 8).ask("PUT", "/v1/records/" + number, body)
    world.wait_secure(enum.owner(number[1:].encode(), b"e164.dir.test"), NAPTR, lambda one: not one)
    found = errands.run(tmp_path, "find", asked)["found"]
    head = statement.directory(world.ask(b"_directory.dir.test", TXT).records)
    said = statement.read(keys.unbase64(found[number].encode()), head.key, crypto.verify)
    assert (said.name, said.address, said.floor) == (number.encode(), b"sip:u8@b.test", 1)
    assert found[stranger] == ""
    nowhere = dict(asked, api="http://127.0.0.1:1")
    assert "cannot be reached" in errands.run(tmp_path, "find", nowhere)["problem"]


def test_nobody_can_list_the_zone(world):
    answer = world.ask(b"nobody.dir.test", TXT)
    assert (answer.outcome, answer.records) == (SECURE, ())


def test_another_person_cannot_touch_it(world):
    mallory = person(world, 2)
    with pytest.raises(BellhopError, match="not published for that name"):
        mallory.ask("PUT", f"/v1/records/{NUMBER}", {"address": "sip:m@evil.test", "s": 9})


def test_what_is_not_signed_or_is_replayed_is_refused(world):
    alice = person(world, 1)
    alice.ask("GET", "/v1/about")
    octets = b'{"name": "+4930555009"}'
    headers = alice._signed("POST", world.api + "/v1/claims", octets)
    for changed, words in (
        ({}, None), ({}, "nonce"), (None, "signed"),
        ({"Content-Digest": "sha-256=:AAAA:"}, "Digest"),
    ):  # fmt: skip
        sent = {} if changed is None else dict(headers, **changed)
        if changed is None:
            sent = {"Content-Digest": headers["Content-Digest"]}
        status, found = alice._send("POST", "/v1/claims", octets, sent)
        assert (status < 300) == (words is None), found
        assert words is None or words in found["detail"]
    other = alice._signed("POST", world.api + "/v1/claims/other", octets)
    assert alice._send("POST", "/v1/claims", octets, other)[0] == 401
    status, found = alice._send("POST", "/v1/claims", b"x" * 20000, headers)
    assert status == 413


def test_kill_nine_leaves_nothing_half(world):
    bob = person(world, 7)
    claim = bob.ask("POST", "/v1/claims", {"name": "+4930555007"})
    found = bob.ask("POST", f"/v1/claims/{claim['claim']}/proof", {"code": world.code()})
    world.process.kill()
    world.process.wait(PATIENCE)
    name = keys.of_number(b"4930555007", b"dir.test")
    world.wait_secure(name, TXT, keys.published)
    words = world.process.args
    world.process = subprocess.Popen(words, env={"PYTHONPATH": "src", "PATH": "/usr/bin"})
    world._wait(int(world.api.rpartition(":")[2]))
    assert bob.ask("GET", f"/v1/claims/{found['claim']}")["state"] == "published"
