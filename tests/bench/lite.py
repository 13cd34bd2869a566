"""The lite node's figures beside their goals: size, start, memory, calls, growth.

    python -m tests.bench.lite [--json FILE] [--operations 60000] [--soak]
                                [--micropython PATH]

With QUICK=1 it takes some minutes.

The node is compiled as the package ships it and runs on one core, sipp on the other.
"""

import argparse
import contextlib
import json
import lzma
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bellhop.shell import command
from tests.bench.load import Trial
from tests.lite.crowd import Crowd
from tests.lite.server import Lite, Phone
from tests.mesh import town
from tests.mesh.handset import call
from tests.support import lite
from tests.system.sipp import runner

USERS, HOSTS, CALLS = 30, 100, 10
STARTS = 5
RATE, RATE_SECONDS = 20, 30
# A stall of the machine of half a second fails a call of sipp: so many runs may be spoilt by it.
MAX_SPOILT = 4
SOAK_PARTS, SOAK_LOOK = 6, 20
SECONDS = 90
GOALS = {
    "compiled_core_and_engine_kb": 120, "start_ms": 100, "memory_mb": 4, "failed_calls": 0,
    "growth_kb": 0,
}  # fmt: skip


def ask(state, verb):
    """Return a node's answer to a verb."""
    with contextlib.closing(command.connect(str(state))) as connection:
        return command.ask(connection, connection.makefile("rb"), verb, {})


def in_flash(folder):
    """Return what a folder takes in a file system that packs it, as squashfs does with xz."""
    octets = b"".join(path.read_bytes() for path in sorted(folder.rglob("*.mpy")))
    return len(lzma.compress(octets, preset=9))


def files_of(pid):
    """Return {kind: kB resident} of a process: its own data, the C library, all other files."""
    found = {"data": 0, "C library": 0, "other files": 0}
    kind = "data"
    for line in Path("/proc/%d/smaps" % pid).read_text().splitlines():
        words = line.split()
        if not words[0].endswith(":"):
            name = os.path.basename(words[5]) if len(words) > 5 and "/" in words[5] else ""
            is_c = name.startswith(("libc.", "libm.", "ld-linux"))
            kind = "C library" if is_c else "other files" if name else "data"
        elif words[0] == "Rss:":
            found[kind] += int(words[1])
    return found


def start_ms(kind, folder):
    """Return the median time from the start of the process to the first answered OPTIONS."""
    taken = []
    for _ in range(STARTS):
        with Trial(kind, tempfile.mkdtemp(dir=folder), USERS) as trial:
            taken.append(1000 * trial.start_seconds)
    return statistics.median(taken)


def memory(kind, folder):
    """Return what the node holds with all its users, hosts and calls, and how the calls went."""
    kind.mesh = runner.free_ports(2)
    found = {}
    with Trial(kind, tempfile.mkdtemp(dir=folder), USERS) as trial:
        found["idle_mb"] = trial.memory()
        trial.register(USERS, RATE)
        with Crowd(HOSTS, kind.mesh[1], kind.mesh[0]):
            _wait(lambda: len(ask(trial.server.state, "mesh")["nodes"]) > HOSTS, "the records")

            def look():
                _wait(lambda: ask(trial.server.state, "status")["live_calls"] >= CALLS, "the calls")
                status = ask(trial.server.state, "status")
                parts = files_of(trial.server.process.pid)
                found.update(
                    memory_mb=trial.memory(),
                    memory_parts_kb=parts,
                    memory_beside_the_c_library_mb=(parts["data"] + parts["other files"]) / 1024,
                    heap_used_kb=status["heap_used_kb"],
                    live_calls=status["live_calls"],
                )

            trial.call(CALLS, RATE, hold_ms=8000, during=look)
    kind.mesh = None
    return found


def _wait(true, what):
    end = time.monotonic() + SECONDS
    while not true():
        if time.monotonic() > end:
            raise AssertionError("the node never had " + what)
        time.sleep(0.1)


def calls(kind, folder, seconds):
    """Return how calls at RATE went, and what 1,000 of them cost."""
    count = RATE * seconds
    with Trial(kind, tempfile.mkdtemp(dir=folder), USERS) as trial:
        trial.register(USERS, RATE)
        cpu, spoilt = _clean(trial, count)
        highest, ended = trial.highest_clean_rate(3, 1.25)
    return {
        "calls": count, "failed_calls": 0, "runs_spoilt_by_other_load": spoilt,
        "cpu_per_1000_calls": cpu * 1000 / count, "highest_clean_rate": highest,
        "ramp_ended": ended,
    }  # fmt: skip


def _clean(trial, count):
    """Return (CPU seconds of a run without a failure, runs before it that had one)."""
    for spoilt in range(MAX_SPOILT):
        try:
            return trial.call(count, RATE)[0], spoilt
        except AssertionError as error:
            _say("once more: %s" % str(error)[:200])
    raise AssertionError("%d runs of %d calls had failures" % (MAX_SPOILT, count))


def soak(kind, folder, operations):
    """Return the heap that the node uses after each part of so many messages that it handles.

    Calls with a password, registrations and messages, each after the one before has ended.
    """
    server = kind(Path(tempfile.mkdtemp(dir=folder)), *runner.free_ports(1), ("alice", "bob"))
    server.domain = town.DOMAIN
    server.start()
    phones = [Phone(server, user).register() for user in server.users]
    marks = []
    try:
        while len(marks) < SOAK_PARTS:
            part = operations * (len(marks) + 1) // SOAK_PARTS
            while _received(server) < part:
                for _ in range(SOAK_LOOK):
                    _operate(*phones)
            _wait(lambda: not ask(server.state, "status")["transactions"], "a rest")
            status = ask(server.state, "status")
            marks.append((status["heap_used_kb"], status["memory_kb"]))
    finally:
        server.stop()
        for one in phones:
            one.close()
    # The first two parts fill the history and the traces up to their bounds.
    return {
        "operations": _count(status),
        "heap_used_kb_after_each_part": [heap for heap, _ in marks],
        "memory_kb_after_each_part": [kb for _, kb in marks],
        "growth_kb": marks[-1][0] - marks[1][0],
        "faults": status["counters"]["loop"],
    }


def _operate(alice, bob):
    """Make one call with an answer, and register anew."""
    call(alice, bob, "bob")
    bob.register()
    for one in (alice, bob):
        one.inbox.clear()
        one.sent.clear()


def _received(server):
    return _count(ask(server.state, "status"))


def _count(status):
    return status["counters"]["messages"]["received"]


def once(kind, folder, seconds):
    """Return the figures of what is short: start, memory, calls for so many seconds."""
    _say("start")
    figures = {"start_ms": start_ms(kind, folder)}
    _say("memory with %d users, %d host records, %d calls" % (USERS, HOSTS, CALLS))
    figures.update(memory(kind, folder))
    _say("%d calls a second" % RATE)
    figures.update(calls(kind, folder, seconds))
    return figures


def main():
    """Measure, print, and keep the JSON where it is asked for."""
    parser = argparse.ArgumentParser(description="what the lite node costs")
    parser.add_argument("--operations", type=int, default=60000)
    parser.add_argument("--soak", action="store_true", help="size and growth alone")
    parser.add_argument("--micropython", help="another one, as with the C library of OpenWrt")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    options = parser.parse_args()
    reason = lite.why_unavailable() or runner.why_unavailable()
    if reason:
        sys.exit(reason)
    quick = bool(os.environ.get("QUICK"))
    compiled, Lite.interpreter = lite.Compiled(), options.micropython
    Lite.compiled = compiled
    kilobytes = {what: round(size / 1024, 1) for what, size in compiled.sizes.items()}
    figures = {
        "compiled_apart_kb": kilobytes,
        "compiled_core_kb": kilobytes["core"],
        "compiled_core_and_engine_kb": kilobytes["core and engine"],
        "compiled_kb": kilobytes["all, as shipped"],
        "in_flash_kb": round(in_flash(compiled.folder) / 1024, 1),
    }
    try:
        with tempfile.TemporaryDirectory(prefix="bellhop-lite-bench-") as folder:
            if not options.soak:
                figures.update(once(Lite, folder, 5 if quick else RATE_SECONDS))
            operations = options.operations // 10 if quick else options.operations
            _say("soak of %d messages" % operations)
            figures.update(soak(Lite, folder, operations))
    finally:
        compiled.remove()
    for name, value in figures.items():
        goal = "    goal: at most %s" % GOALS[name] if name in GOALS else ""
        shown = "%.2f" % value if isinstance(value, float) else value
        print("%-34s %s%s" % (name.replace("_", " "), shown, goal))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


def _say(text):
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
