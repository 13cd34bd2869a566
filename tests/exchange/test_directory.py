"""A whole directory: its API, PowerDNS over its database, a resolver that checks signatures."""

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
from bellhop.shell.mesh import identity, keys_of_people  # noqa: E402

from .world import claim, person  # noqa: E402

NUMBER, DIGITS = "+4930555001", b"4930555001"


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
    found = claim(world, person(world, 5), number, "sip:u5@b.test", told.append)
    assert found["state"] == "published" and "on its way" in told[0] and number in told[-1]
    owner = enum.owner(number[1:].encode(), b"e164.dir.test")
    world.wait_secure(owner, NAPTR, lambda records: records)
    found = claim(world, person(world, 6), number, "", told.append)
    assert found["state"] == "contested" and "within 7 days" in told[-1]


def test_an_unlisted_number_is_found_without_saying_which(world, tmp_path):
    number, stranger = "+4930555008", "+4930555888"
    claim(world, person(world, 8), number, "sip:u8@b.test")
    crypto = identity.crypto()
    seed = keys_of_people.make(tmp_path, "alice")
    asked = {"api": world.api, "user": "alice", "names": [number, stranger]}
    refused = errands.run(tmp_path, "find", asked)
    assert "only who is published" in refused["problem"] and not refused["is_plain"]
    alice = Api(world.api, seed, crypto)
    claim(world, alice, "+4930555010", "sip:alice@a.test")
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
    world.server.kill()
    name = keys.of_number(b"4930555007", b"dir.test")
    world.wait_secure(name, TXT, keys.published)
    world.server.start()
    assert bob.ask("GET", f"/v1/claims/{found['claim']}")["state"] == "published"
