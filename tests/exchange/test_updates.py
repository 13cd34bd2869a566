"""A small zone on a real knot: names come there by signed updates, and none is lost on the way."""

import pytest

pytest.importorskip(
    "starlette", reason="the servers' libraries are missing: pip install src[exchange]"
)
pytest.importorskip("sqlalchemy", reason="the servers' libraries are missing")
pytest.importorskip("dns.update", reason="dnspython is missing")
pytest.importorskip("bellhop.shell.dnssec.unbound_abi", reason="no binding: `make native`")

import base64  # noqa: E402
import sqlite3  # noqa: E402

from bellhop.names import enum, keys, statement  # noqa: E402
from bellhop.names.answer import NAPTR, TXT  # noqa: E402
from bellhop.shell.mesh import identity  # noqa: E402
from bellhop_exchange.directory.database import connect  # noqa: E402

from .knot import KEYMGR, Knot  # noqa: E402
from .world import World, claim, person, why_not  # noqa: E402

NUMBER, DIGITS = "+4930555001", b"4930555001"
OWNER, KEYS = enum.owner(DIGITS, b"e164.dir.test"), keys.of_number(DIGITS, b"dir.test")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    reason = why_not() or (None if KEYMGR else "no keymgr (Debian package knot)")
    if reason:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("directory")
    running = World(folder, dns=Knot(folder, "dir.test"))
    yield running
    running.close()


def waiting(world):
    with sqlite3.connect(world.folder / "directory.db") as db:
        return db.execute("select count(*) from pending").fetchone()[0]


def test_a_number_comes_to_the_zone_and_goes(world):
    one = person(world, 1)
    found = claim(world, one, NUMBER, "sip:u1@b.test")
    mine = [keys.Published(identity.crypto().public_key(b"\1" * 32), 0)]
    answer = world.wait_secure(KEYS, TXT, keys.published)
    assert keys.published(answer.records) == mine
    answer = world.wait_secure(OWNER, NAPTR, lambda records: records)
    assert enum.addresses(answer.records, DIGITS) == [b"sip:u1@b.test"]
    one.ask("PUT", "/v1/records/" + NUMBER, {"address": "sip:u2@b.test", "s": 2})
    world.wait_secure(
        OWNER, NAPTR, lambda records: enum.addresses(records, DIGITS) == [b"sip:u2@b.test"]
    )
    head = statement.directory(world.wait_secure(b"_directory.dir.test", TXT, bool).records)
    assert head.api.decode() == world.api
    one.ask("DELETE", "/v1/claims/" + found["claim"])
    for name, kind in ((KEYS, TXT), (OWNER, NAPTR)):
        world.wait_secure(name, kind, lambda records: not records)


def test_a_name_server_that_was_away_hears_all_of_it(world):
    one, number, digits = person(world, 2), "+4930555002", b"4930555002"
    world.dns.stop()
    claim(world, one, number, "sip:u3@b.test")
    world.server.kill()
    assert waiting(world), "what it has to hear is kept"
    world.dns.start()
    world.server.start()
    world.wait_secure(keys.of_number(digits, b"dir.test"), TXT, keys.published)
    owner = enum.owner(digits, b"e164.dir.test")
    world.wait_secure(owner, NAPTR, lambda records: records)
    # It has lost its data: all names are brought anew.
    world.dns.stop()
    for path in (world.dns.folder / "journal").iterdir():
        path.unlink()
    world.dns.start()
    assert "names" in world.server.run("push")
    world.wait_secure(owner, NAPTR, lambda records: records)
    assert waiting(world) == 0


def test_updates_that_are_not_signed_as_they_must_be_are_told(world):
    from bellhop_exchange.directory.__main__ import made
    from bellhop_exchange.directory.updates import Updates

    wrong = world.folder / "wrong"
    wrong.write_text(base64.b64encode(bytes(32)).decode())
    settings = {
        "zone": "dir.test", "servers": ["at-dir.test"], "api": world.api,
        "database": "sqlite:///%s/other.db" % world.folder, "state": str(world.folder / "other"),
        "updates": {"server": world.dns.host + ":53", "key": "directory", "secret_file": wrong},
    }  # fmt: skip
    service = made(settings)
    refused = Updates(service.engine, service.zone, settings["updates"]).bring()
    assert refused.startswith("the name server ")
    nowhere = dict(settings["updates"], server="127.0.0.1:1")
    assert "does not take" in Updates(service.engine, service.zone, nowhere).bring()


def test_a_database_of_an_older_version_gets_what_is_new(tmp_path):
    url = "sqlite:///%s/old.db" % tmp_path
    connect(url).dispose()
    with sqlite3.connect(tmp_path / "old.db") as db:
        db.execute("drop table pending")
        db.execute("update version_of_directory set version_num = 'first'")
    connect(url).dispose()
    with sqlite3.connect(tmp_path / "old.db") as db:
        assert db.execute("select count(*) from pending").fetchone() == (0,)
        version = db.execute("select version_num from version_of_directory").fetchone()
    assert version == ("pending",)
