"""What names in the DNS cost a node: memory after 6,000 of them, and time at 30 ms to the servers.

    python -m tests.bench.names

A DNS of one's own (tests/support/lab.py), signed, behind 30 ms; each measurement in a process of
its own, dnspython beside libunbound.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bellhop.names import enum, keys
from bellhop.names.answer import NAPTR, TXT
from tests.support import lab

NAMES = 6000
DELAY = 0.03
ROUNDS = 20
# DIRECTORY.md section 14: MB, and ms.
TARGETS = {"memory": 8.5, "known": 40, "cold": 250}


def zone(count):
    """Return the lines of a directory with so many numbers."""
    lines = []
    for at in range(count):
        digits = b"4930%07d" % at
        name = enum.owner(digits, b"e164.dir.test").decode()
        lines.append(f'{name}. NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:u{at}@b.test!" .')
        text = keys.text(keys.Published(bytes(32), at)).decode()
        lines.append(f'{keys.of_number(digits, b"dir.test").decode()}. TXT "{text}"')
    return "\n".join(lines)


def resident_mb():
    """Return the memory that this process holds."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0


def ask_unbound(resolver, digits):
    """Ask for the address and the keys of a number together; return the seconds."""
    answers, begun = [], time.monotonic()
    zone_name = "e164.dir.test"
    number = enum.owner(digits, b"e164.dir.test").decode()
    resolver.ask(number, NAPTR, zone_name, 10, answers.append)
    key = keys.of_number(digits, b"dir.test").decode()
    resolver.ask(key, TXT, zone_name, 10, answers.append)
    while len(answers) < 2:
        resolver.loop.step(1000)
    assert [answer.outcome for answer in answers] == ["secure"] * 2, answers
    return time.monotonic() - begun


def unbound(anchor, hints, count):
    """Return what libunbound takes."""
    from bellhop.shell.dnssec.unbound import Unbound
    from bellhop.shell.service import milliseconds
    from bellhop.world.loop import Loop

    class Idle:
        def next_deadline(self):
            return None

    loop = Loop(milliseconds, None)
    loop.engine = Idle()
    before = resident_mb()
    resolver = Unbound(loop, anchor, hints)
    cold = ask_unbound(resolver, b"49300000000")
    known = [ask_unbound(resolver, b"4930%07d" % at) for at in range(1, ROUNDS)]
    for at in range(ROUNDS, count):
        ask_unbound(resolver, b"4930%07d" % at)
    return {
        "memory": resident_mb() - before,
        "cold": 1000 * cold,
        "known": 1000 * sorted(known)[len(known) // 2],
    }


def dnspython(server, count):
    """Return what dnspython takes, which checks nothing."""
    before = resident_mb()
    import dns.resolver

    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [server]
    resolver.cache = dns.resolver.LRUCache(512)
    spent = []
    for at in range(count):
        digits, begun = b"4930%07d" % at, time.monotonic()
        resolver.resolve(enum.owner(digits, b"e164.dir.test").decode(), "NAPTR")
        resolver.resolve(keys.of_number(digits, b"dir.test").decode(), "TXT")
        spent.append(time.monotonic() - begun)
    return {
        "memory": resident_mb() - before,
        "cold": 1000 * spent[0],
        "known": 1000 * sorted(spent[1:ROUNDS])[ROUNDS // 2],
    }


def measured(*words):
    """Return what this module measures in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.names", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=True)
    return json.loads(done.stdout)


def main():
    """Print the table."""
    reason = lab.why_not()
    if reason:
        sys.exit(reason)
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "near").mkdir()
        with lab.Lab(folder / "near", {"dir": zone(NAMES)}) as near:
            found["libunbound"] = measured("unbound", near.anchor, near.hints, NAMES)
            found["dnspython"] = measured("dnspython", near.host, NAMES)
        (folder / "far").mkdir()
        with lab.Lab(folder / "far", {"dir": zone(ROUNDS)}, delay=DELAY) as far:
            for name, words in (
                ("libunbound", ("unbound", far.anchor, far.hints, ROUNDS)),
                ("dnspython", ("dnspython", far.host, ROUNDS)),
            ):
                found[name].update(measured(*words), memory=found[name]["memory"])
    print(f"{'':34} libunbound  dnspython     target")
    for what, words in (
        ("memory", f"memory after {NAMES} names, MB"),
        ("known", "number and key, zone known, ms"),
        ("cold", "number and key, cold, ms"),
    ):
        row = [found[name][what] for name in ("libunbound", "dnspython")]
        print(f"{words:34} {row[0]:10.1f} {row[1]:10.1f} {TARGETS[what]:10}")
    print("libunbound asks from the root downwards and checks each signature; dnspython asks the")
    print("directory's own server, and checks nothing. ms: at 30 ms to every server.")


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        kind, *rest = sys.argv[1:]
        work = {"unbound": unbound, "dnspython": dnspython}[kind]
        print(json.dumps(work(*rest[:-1], int(rest[-1]))))
