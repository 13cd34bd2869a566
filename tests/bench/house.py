"""The measures of the tree itself, beside those of another tree: what became larger or dearer.

    python -m tests.bench.house FOLDER [--tests]      FOLDER: a work tree of an earlier commit
                                                      (git worktree add FOLDER COMMIT)

Lines, what is over the aims of the style guide, imports upwards and in circles; instructions of a
call and of a REGISTER with digest in the pure engine (the messages of the other side included), so
that other load on the machine does not matter; the lite node's compiled size; the resident memory
of an idle node, without docstrings as it is packed. --tests: the time of the fast tests too, which
such load does prolong.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.architecture import sizes
from tests.architecture.tree import ROOT

REGISTERED = 10
# How often a thing is done while its instructions are counted.
FEW, MORE = 100, 400
FAST = ("tests/unit", "tests/architecture", "tests/flows", "tests/vectors")

# Run in the tree that is measured, by its own modules.
REPEAT = """
import sys
from tests.bench.engine import Meter
what, times, registered = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
meter = Meter(registered)
for number in range(registered):
    meter.register(number, "user%d" % number)
for number in range(10**6, 10**6 + times):
    getattr(meter, what)(number, "user%d" % (number % registered))
"""
IDLE = """
import tempfile
from pathlib import Path
from tests.system.sipp.bellhop import Bellhop
from tests.system.sipp.runner import free_ports
with tempfile.TemporaryDirectory() as folder:
    server = Bellhop(folder, free_ports(1)[0], ["user0"])
    server.start()
    try:
        lines = Path("/proc/%d/smaps_rollup" % server.process.pid).read_text().splitlines()
    finally:
        server.stop()
print([line.split()[1] for line in lines if line.startswith("Rss:")][0])
"""


def run(root, *command, **more):
    """Return what a command writes that is run in a tree, with its modules first.

    more: of the environment.
    """
    paths = "%s:%s" % (root, root / "src")
    environment = dict(os.environ, PYTHONPATH=paths, PYTHONHASHSEED="0", **more)
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit("%s in %s:\n%s" % (command[:4], root, (done.stdout + done.stderr)[-2000:]))
    return done.stdout + done.stderr


def instructions(root, what):
    """Return the instructions of one call or register: of what more of them cost than fewer."""
    counts = []
    for times in (FEW, MORE):
        written = run(
            root, "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
            sys.executable, "-c", REPEAT, what, str(times), str(REGISTERED),
        )  # fmt: skip
        counts.append(int(re.search(r"Collected : (\d+)", written)[1]))
    return (counts[1] - counts[0]) // (MORE - FEW)


def compiled(root):
    """Return the octets of the lite node's compiled modules."""
    with tempfile.TemporaryDirectory() as folder:
        run(root, sys.executable, "openwrt/bellhop-lite/compile.py", folder)
        return sum(path.stat().st_size for path in Path(folder).rglob("*.mpy"))


def fast_tests(root):
    """Return the seconds of the fast tests."""
    there = [folder for folder in FAST if (root / folder).exists()]
    began = time.monotonic()
    run(root, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *there)
    return int(time.monotonic() - began)


def figures(root, has_tests):
    """Return {what: number} of a tree."""
    found = sizes.figures(root)
    found["instructions of a call"] = instructions(root, "call")
    found["instructions of a REGISTER with digest"] = instructions(root, "register")
    found["octets of the lite node, compiled"] = compiled(root)
    found["kB resident, idle"] = int(
        run(root, sys.executable, "-c", IDLE, PYTHONOPTIMIZE="2").split()[-1]
    )
    if has_tests:
        found["seconds of the fast tests"] = fast_tests(root)
    return found


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(description="the measures of two trees, side by side")
    parser.add_argument("before", type=Path, help="folder of an earlier tree")
    parser.add_argument("--tests", action="store_true", help="time the fast tests too")
    options = parser.parse_args()
    before = figures(options.before.resolve(), options.tests)
    after = figures(ROOT, options.tests)
    print("%-40s %12s %12s" % ("", "before", "now"))
    for what in after:
        share = " %+7.1f %%" % (100 * after[what] / before[what] - 100) if before[what] else ""
        print("%-40s %12d %12d%s" % (what, before[what], after[what], share))


if __name__ == "__main__":
    main()
