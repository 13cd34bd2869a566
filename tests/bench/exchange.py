"""The measures of directories and providers, printed: python -m tests.bench.exchange [PART...]

money         10,000 interleavings of holds, settlements and crashes: are the books right?
steps         proof to secure, steps 2 to 8 without the message, p50 and p95 of 20
kills         200 kill -9 in claims and accounts: is anything half? (--kills N)
load          claims, 240 a minute, with an attacker beside; the goal is 200
big           1,000,000 numbers: size, memory, publications, answers, denials (--numbers N)
"""

import argparse
import base64
import contextlib
import os
import random
import secrets
import select
import socket
import sqlite3
import statistics
import struct
import sys
import tempfile
import threading
import time
from pathlib import Path

from bellhop.errors import BellhopError
from bellhop.names import enum, keys
from bellhop.names.answer import TXT
from bellhop.shell.dnssec.api import Api
from bellhop.shell.mesh import identity
from tests.exchange import powerdns, test_ledger, world
from tests.exchange.provider import Provider

DAY = 86400
# People who claim at the same time; claims a minute.
CLAIMERS, PACE = 8, 240


def money(given):
    """Play with money."""
    books, clock = test_ledger.made("sqlite://")
    begun = time.monotonic()
    test_ledger.play(books, clock, random.Random(given.seed), 10000)
    wrong = books.check()
    took = time.monotonic() - begun
    print("10,000 interleavings: %s (%.0f s)" % ("; ".join(wrong) or "the books are right", took))


class From(Api):
    """An Api that speaks from an address of its own."""

    def __init__(self, base, seed, host):
        super().__init__(base, seed, identity.crypto())
        self.host = host

    def _connection(self, place):
        found = super()._connection(place)
        found.source_address = (self.host, 0)
        return found


def person(base, number):
    """Return somebody with a key and a network of his own."""
    return From(base, secrets.token_bytes(32), "127.%d.%d.1" % (60 + number // 250, number % 250))


def code_of(path, number):
    """Return the last code that went to a number."""
    lines = [line for line in path.read_text().splitlines() if line.startswith(number + " ")]
    return lines[-1].split("code ")[1].split()[0]


def publish(api, texts, number):
    """Claim a number and prove it; return the claim."""
    begun = api.ask("POST", "/v1/claims", {"name": number})
    path = "/v1/claims/%s/proof" % begun["claim"]
    return api.ask("POST", path, {"code": code_of(texts, number)})


def steps(given):
    """Time the steps of an account with real servers."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        place = stack.enter_context(contextlib.closing(world.World(Path(folder))))
        one = Provider(place, "one", Path(folder))
        stack.callback(one.server.stop)
        secure, whole = [], []
        for at in range(20):
            number, api = "+4930556%03d" % at, person(place.api, at)
            begun = api.ask("POST", "/v1/claims", {"name": number})
            code, start = code_of(Path(folder) / "texts", number), time.monotonic()
            api.ask("POST", "/v1/claims/%s/proof" % begun["claim"], {"code": code})
            proved = time.monotonic()
            owner = keys.of_number(number[1:].encode(), b"dir.test")
            place.wait_secure(owner, TXT, keys.published)
            secure.append(1000 * (time.monotonic() - proved))
            account = From(one.api, api.seed, api.host)
            found = account.ask("POST", "/v1/accounts", {"name": number, "directory": "dir.test"})
            api.ask("PUT", "/v1/records/" + number, {"address": found["aor"], "s": 0})
            whole.append(1000 * (time.monotonic() - start))
        show("proof to secure in the own resolver", secure, "ms, target 1,000")
        show("steps 4 to 8 without the message", whole, "ms, target of all steps 250")


def show(what, values, unit):
    """Print the median and the 95th percentile."""
    values = sorted(values)
    p95 = values[min(len(values) - 1, int(0.95 * len(values)))]
    print("%s: p50 %.0f, p95 %.0f %s" % (what, statistics.median(values), p95, unit))


def half(folder):
    """Return what is half in the databases of a directory and a provider."""
    wrong = []
    with sqlite3.connect(folder / "directory.db") as db:
        held = dict(db.execute("select name, key from claims where state in ('published','stale')"))
        told = [row[0] for row in db.execute("select content from records where type = 'TXT'")]
        for name, key in held.items():
            if len([one for one in told if "p=%s;" % key in one]) != 1:
                wrong.append("%s is published and does not stand in the zone" % name)
        extra = [
            one
            for one in told
            if "api=" not in one and one.split("p=")[1][:44] not in held.values()
        ]
        wrong += ["the zone has a key that nobody holds: " + one for one in extra]
        size = db.execute("select size from logs").fetchone()[0]
        count = db.execute("select count(*) from leaves").fetchone()[0]
        if size != count or count < len(held):
            wrong.append("the log has %d leaves, its head says %d" % (count, size))
    path = folder / "one.db"
    if path.exists():
        with sqlite3.connect(path) as db:
            users = {row[0] for row in db.execute("select user from accounts")}
            for table in ("ps_endpoints", "ps_aors"):
                found = {row[0] for row in db.execute("select id from " + table)}
                if found != users:
                    wrong.append("%s differs from the accounts" % table)
            ids = {row[0] for row in db.execute("select id from credentials")}
            if ids != {row[0] for row in db.execute("select id from ps_auths")}:
                wrong.append("ps_auths differs from the credentials")
    return wrong


def kills(given):
    """Kill both servers again and again while people claim and open accounts."""
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder, dice = Path(name), random.Random(given.seed)
        place = stack.enter_context(contextlib.closing(world.World(folder)))
        one = Provider(place, "one", folder)
        stack.callback(one.server.stop)
        done, wrong, ended = [0], [], threading.Event()

        def claim(first):
            at = first
            while not ended.is_set():
                at += 4
                number, api = "+4930%08d" % at, person(place.api, at % 40000)
                try:
                    publish(api, folder / "texts", number)
                    account = From(one.api, api.seed, api.host)
                    body = {"name": number, "directory": "dir.test"}
                    account.ask("POST", "/v1/accounts", body)
                    done[0] += 1
                except (BellhopError, IndexError, OSError):
                    continue

        threads = [threading.Thread(target=claim, args=(first,), daemon=True) for first in range(4)]
        for thread in threads:
            thread.start()
        for at in range(given.kills):
            server = (place.server, one.server)[at % 2]
            time.sleep(dice.random() * 0.4)
            server.kill()
            wrong += half(folder)
            server.start()
        ended.set()
        for thread in threads:
            thread.join(60)
        print("%d kill -9: %d names with accounts, half: %s" % (
            given.kills, done[0], "; ".join(wrong[:5]) or "nothing",
        ))  # fmt: skip


def load(given):
    """Claims of many networks while one network floods."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        place, ended, flood = world.World(folder), threading.Event(), [0, 0]

        def attack():
            while not ended.is_set():
                api = From(place.api, secrets.token_bytes(32), "127.250.0.1")
                try:
                    flood[0] += 1
                    api.ask("POST", "/v1/claims", {"name": "+4930%07d" % flood[0]})
                    flood[1] += 1
                except BellhopError:
                    continue

        threading.Thread(target=attack, daemon=True).start()
        times, failed, begun = [], [], time.monotonic()

        def claim(first):
            for at in range(first, given.claims, CLAIMERS):
                time.sleep(max(0, begun + at * 60 / PACE - time.monotonic()))
                start = time.monotonic()
                try:
                    publish(person(place.api, at), folder / "texts", "+4989%07d" % at)
                    times.append(1000 * (time.monotonic() - start))
                except (BellhopError, IndexError) as error:
                    failed.append(str(error))

        claimers = [threading.Thread(target=claim, args=(at,)) for at in range(CLAIMERS)]
        for claimer in claimers:
            claimer.start()
        for claimer in claimers:
            claimer.join()
        rate = given.claims * 60 / (time.monotonic() - begun)
        ended.set()
        print("%d claims, %.0f a minute, failed: %s" % (given.claims, rate, failed[:3] or 0))
        show("one claim, from request to published", times, "ms")
        print("attacker: %d requests, %d codes sent for them" % tuple(flood))
        place.close()


def big(given):
    """Fill a directory, and ask it."""
    from bellhop_exchange.directory.database import CLAIMS, RECORDS, Zone, connect
    from bellhop_exchange.directory.service import Directory

    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        dns = powerdns.PowerDns(folder, "dir.test")
        zone = Zone(b"dir.test", ["ns.test"], bytes(32), "https://dir.test", bytes(32))
        engine = connect("sqlite:///%s/directory.db" % folder)
        service = Directory(engine, zone, {}, b"d" * 32, b"s" * 32, time.time)
        begun = time.monotonic()
        fill(service, zone, engine, given.numbers, CLAIMS, RECORDS)
        size = sum(path.stat().st_size for path in folder.glob("directory.db*"))
        print("%d numbers: %.0f MB on disk (target 1,000), filled in %.0f s" % (
            given.numbers, size / 1e6, time.monotonic() - begun,
        ))  # fmt: skip
        dns.secure()
        dns.start()
        here = range(given.numbers)
        for what, target, numbers in (
            ("signed answers", 5000, [random.choice(here) for _ in range(20000)]),
            ("denials", 2500, [given.numbers + at for at in range(20000)]),
        ):  # fmt: skip
            print("%s: %.0f a second (target %d)" % (what, flood(dns.host, numbers), target))
        key, floor = "k" * 43 + "=", 1
        with sqlite3.connect(folder / "directory.db") as db:
            names = [row[0] for row in db.execute("select name, key from claims limit 500")]
            held = dict(db.execute("select name, key from claims limit 500"))
        begun = time.monotonic()
        for one in names:
            service.put(held[one], one, "sip:u@one.test", floor)
        print(
            "publications: %.0f a second (target 200)" % (len(names) / (time.monotonic() - begun))
        )
        pages = Path("/proc/%d/status" % dns.process.pid).read_text().split("VmRSS:")[1].split()[0]
        print("memory of PowerDNS: %.0f MB (target of all 300)" % (int(pages) / 1000), key[:0])
        dns.stop()


def fill(service, zone, engine, count, claims, records):
    """Put so many numbers into a directory, a hundred thousand at once."""
    from sqlalchemy import insert

    now = int(time.time())
    with engine.begin() as db:
        domain = db.exec_driver_sql("select id from domains").scalar()
    above = set()
    for first in range(0, count, 50000):
        rows, made = [], []
        for at in range(first, min(first + 50000, count)):
            name = "+4930%08d" % at
            key = base64.b64encode(at.to_bytes(32, "big")).decode()
            rows.append({
                "id": "%032x" % at, "name": name, "key": key, "state": "published",
                "until": now + 365 * DAY, "tries": 0, "floor": 0, "address": "sip:u@one.test",
                "listed": True, "proved": now,
            })  # fmt: skip
            digits = name[1:].encode()
            owner = enum.owner(digits, b"e164.dir.test").decode()
            text = keys.text(keys.Published(at.to_bytes(32, "big"), 0)).decode()
            rule = '100 10 "u" "E2U+sip" "!^.*$!sip:u@one.test!" .'
            pairs = [("_sipkey." + owner, "TXT", '"%s"' % text), (owner, "NAPTR", rule)]
            for one in zone._above(owner):
                if one not in above:
                    above.add(one)
                    pairs.append((one, None, None))
            made += [record(domain, *pair) for pair in pairs]
        with engine.begin() as db:
            db.execute(insert(claims), rows)
            db.execute(insert(records), made)


def record(domain, name, kind, content):
    """Return a row of PowerDNS."""
    order = " ".join(reversed(name.split(".")))
    return {
        "domain_id": domain, "name": name, "type": kind, "content": content, "ttl": 300,
        "auth": True, "disabled": False, "ordername": order,
    }  # fmt: skip


def flood(host, numbers):
    """Ask for the keys of numbers with DNSSEC, 200 in flight; return answers a second."""
    asked = []
    for at, number in enumerate(numbers):
        owner = keys.of_number(b"4930%08d" % number, b"dir.test")
        labels = b"".join(bytes([len(one)]) + one for one in owner.split(b"."))
        head = struct.pack("!6H", at & 65535, 0, 1, 0, 0, 1)
        asked.append(head + labels + b"\0" + b"\0\x10\0\1" + b"\0\0\x29\x10\0\0\0\x80\0\0\0")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.connect((host, 53))
        sent = came = 0
        begun = time.monotonic()
        while came < len(asked):
            while sent < len(asked) and sent - came < 200:
                line.send(asked[sent])
                sent += 1
            if not select.select([line], [], [], 3)[0]:
                break
            line.recv(4096)
            came += 1
        return came / (time.monotonic() - begun)


PARTS = {"money": money, "steps": steps, "kills": kills, "load": load, "big": big}


def main(arguments):
    """Print what is asked for, or all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", nargs="*", choices=[[], *PARTS])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--claims", type=int, default=200)
    parser.add_argument("--numbers", type=int, default=1000000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", default=None, help="where there is room")
    given = parser.parse_args(arguments)
    reason = world.why_not()
    for name in given.part or PARTS:
        if name != "money" and reason:
            print("%s: %s" % (name, reason))
            continue
        print("== %s (load %.1f)" % (name, os.getloadavg()[0]))
        PARTS[name](given)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
