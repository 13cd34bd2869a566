"""Directory and provider on a real PostgreSQL: the same rules, and two at once do not cross."""

import os
import random
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

pytest.importorskip("psycopg", reason="the driver of PostgreSQL is missing")
pytest.importorskip("sqlalchemy", reason="the servers' libraries are missing")

import nacl.signing  # noqa: E402

from bellhop.names import enum, keys  # noqa: E402
from bellhop.names.answer import NAPTR, TXT  # noqa: E402
from bellhop_exchange.directory.database import Zone, connect  # noqa: E402
from bellhop_exchange.directory.service import Directory  # noqa: E402

from . import powerdns, test_claims, test_ledger, world  # noqa: E402
from .test_claims import ONE, SECRET, SEED, TWO, Clock, Phones, published  # noqa: E402
from .world import free_port  # noqa: E402

TOOLS = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"))), None)
USER = "nobody"


def run(name, *words):
    """Run a tool of PostgreSQL as a user who may."""
    path = TOOLS / name if TOOLS else shutil.which(name)
    as_user = ["runuser", "-u", USER, "--"] if os.geteuid() == 0 else []
    subprocess.run(
        [*as_user, str(path), *words], check=True, stdout=subprocess.DEVNULL, timeout=120
    )


@pytest.fixture(scope="module")
def server():
    """Return a function: name of a new database -> its URL."""
    if not (TOOLS or shutil.which("initdb")):
        pytest.skip("no PostgreSQL (Debian package postgresql)")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        data = folder + "/data"
        run("initdb", "-D", data, "-A", "trust", "-U", "postgres")
        run(
            "pg_ctl",
            "-D",
            data,
            "-o",
            f"-p {port} -k {folder} -h 127.0.0.1",
            "-l",
            folder + "/log",
            "-w",
            "start",
        )

        def database(name):
            run("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", name)
            return f"postgresql+psycopg://postgres@127.0.0.1:{port}/{name}"

        yield database
        run("pg_ctl", "-D", data, "-m", "immediate", "stop")


def test_powerdns_answers_from_it(server, tmp_path):
    reason = world.why_not()
    if reason is None and not powerdns.POSTGRES_SCHEMA.exists():
        reason = "no backend of PowerDNS (Debian package pdns-backend-pgsql)"
    if reason:
        pytest.skip(reason)
    place = world.World(tmp_path, dns=powerdns.PowerDns(tmp_path, "dir.test", server("names")))
    try:
        number, digits = "+4930555001", b"4930555001"
        one = world.person(place, 1)
        found = world.claim(place, one, number, "sip:u1@b.test")
        place.wait_secure(keys.of_number(digits, b"dir.test"), TXT, keys.published)
        owner = enum.owner(digits, b"e164.dir.test")
        answer = place.wait_secure(owner, NAPTR, lambda records: records)
        assert enum.addresses(answer.records, digits) == [b"sip:u1@b.test"]
        # What was claimed and published is there after a loss of power too, and goes as it came.
        place.server.kill()
        place.server.start()
        one.ask("DELETE", "/v1/claims/" + found["claim"])
        place.wait_secure(owner, NAPTR, lambda records: not records)
    finally:
        place.close()


def test_money_is_right(server):
    books, clock = test_ledger.made(server("money"))
    test_ledger.play(books, clock, random.Random(5), 300)
    assert books.check() == []


def test_claims_are_right_also_of_two_at_once(server):
    key = bytes(nacl.signing.SigningKey(SEED).verify_key)
    zone = Zone(b"dir.test", ["ns.test"], key, "https://dir.test")
    phones, clock = Phones(), Clock()
    service = Directory(connect(server("claims")), zone, {"sms": phones}, SEED, SECRET, clock)
    service.buckets.prepare()
    test_claims.test_any_interleaving_leaves_one_key_at_most((service, phones, clock))
    for at in range(10):
        name, found = "+493055567%02d" % at, []
        clock.now += 3600
        for one in (ONE, TWO):
            begun = service.claim(one, name, one[:4] + str(at))
            found.append((one, begun["claim"], phones.code()))
        threads = [threading.Thread(target=service.prove, args=one) for one in found]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        states = sorted(service.show(one, claim)["state"] for one, claim, _ in found)
        assert (len(published(service, name)), states) == (1, ["contested", "published"])
