"""What single commits cost, each beside the one before it, and all of them together.

    python -m tests.bench.apart [COMMIT ...]       without any: those of the doors (SECURITY.md)

Between them lie commits of other matters, which are left out. For each: instructions of a call in
the pure engine, octets of Python's objects in an engine with ten phones after fifty calls, kB that
an idle node has resident, the least of five starts. Takes some minutes a commit.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.architecture.tree import ROOT
from tests.bench.house import IDLE, instructions, run

# Journal, texts, names, admission, help, passwords, lines and names, web and TLS, streams,
# budgets, encryption: the subjects of their commits begin so.
DOORS = (
    "world: a journal beside each file of the state",
    "messages: kept before they are acknowledged",
    "text: what may stand for a name",
    "admission: who speaks is proved",
    "help: own and pinned responders first",
    "access: what a phone proves is good from its address",
    "sip: no line leaves with a line end inside",
    "web, TLS: pages of others and other networks",
    "streams: idle ones of strangers keep no phone out",
    "commits: whoever causes a writing pays for it",
    "media: encryption that is asked for holds",
    "calls: no list shows a password",
    "mesh: a neighbour whose key is over",
)
STARTS = 5
OBJECTS = """
import gc, tracemalloc
tracemalloc.start()
from tests.bench.engine import Meter
meter = Meter(10)
for number in range(10):
    meter.register(number, "user%d" % number)
for number in range(10**6, 10**6 + 50):
    meter.call(number, "user%d" % (number % 10))
gc.collect()
print(tracemalloc.get_traced_memory()[0])
"""


def git(*words):
    """Return what git prints."""
    done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout.strip()


def subject(commit):
    """Return what a commit is called, as long as a row has room for it."""
    return git("log", "-1", "--format=%h %s", commit)[:52]


def figures(folder, commit):
    """Return (instructions, octets, kB resident) of a commit, laid out in a folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    tree = subprocess.run(
        ["git", "-C", str(ROOT), "archive", commit, "src", "tests"], capture_output=True, check=True
    )
    subprocess.run(["tar", "-x", "-C", str(folder)], input=tree.stdout, check=True)
    resident = [int(run(folder, sys.executable, "-c", IDLE).split()[-1]) for _ in range(STARTS)]
    objects = int(run(folder, sys.executable, "-c", OBJECTS).split()[-1])
    return instructions(folder, "call"), objects, min(resident)


def main():
    """Print a row for each commit, and the sums."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.apart")
    parser.add_argument("commits", nargs="*")
    given = parser.parse_args().commits
    if not given:
        lines = [line.split(" ", 1) for line in git("log", "--format=%h %s").splitlines()]
        given = [found for start in DOORS for found, text in lines if text.startswith(start)]
    first, sums = None, (0, 0, 0)
    row = "%-52s %+12d %+10d %+8d"
    print("%-52s %12s %10s %8s" % ("", "instructions", "octets", "kB rss"), flush=True)
    with tempfile.TemporaryDirectory() as place:
        for commit in given:
            try:
                before, after = [figures(Path(place) / "tree", c) for c in (commit + "^", commit)]
            except SystemExit:  # Its bench was mended by a later one.
                print("%-52s %s" % (subject(commit), "does not run its own bench"), flush=True)
                continue
            first = first or before
            cost = [now - was for was, now in zip(before, after)]
            sums = [one + more for one, more in zip(sums, cost)]
            print(row % (subject(commit), *cost), flush=True)
    print(row % ("all of them", *sums))
    print("%-52s %+11.1f%% %+9.1f%% %+7.1f%%" % (
        "of what was before the first", *[100 * s / f for s, f in zip(sums, first)]))  # fmt: skip


if __name__ == "__main__":
    main()
