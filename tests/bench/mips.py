"""Instructions of calls in cells on a MIPS processor, counted under qemu-user.

    python -m tests.bench.mips FOLDER       FOLDER: the root of a system for mipsel with CPython and
                                            PyNaCl, such as Debian's packages of them laid out there

The tree's own modules do the work that `tests.bench.cells` times, with libsodium of that system;
what more of it costs than less is counted, so that starting the interpreter does not matter.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.architecture.tree import ROOT

FEW, MORE = 2, 8
# A small router's clock, Hz; its processor does an instruction a cycle at best.
CLOCK = 580e6
SCRIPT = """
import sys
sys.path[:0] = [%r, %r]
from bellhop.shell.mesh import identity
from tests.bench import cells
from tests.bench.engine import Meter
what, times = sys.argv[1], int(sys.argv[2])
if what.startswith("engine: "):
    meter = Meter(4)
    for number in range(4):
        meter.register(number, "user%%d" %% number)
    for number in range(10**6, 10**6 + times):
        getattr(meter, what[8:])(number, "user0")
elif what:
    for name, _, work in cells.works(identity.crypto()):
        if name == what:
            for _ in range(times):
                work(identity.crypto())
else:
    print("\\n".join([name for name, _, _ in cells.works(identity.crypto())]))
"""
ENGINE = ("engine: call", "engine: register")


class Machine:
    """A MIPS system that is not there."""

    def __init__(self, root, folder):
        self.root = root
        self.script = Path(folder) / "script.py"
        self.script.write_text(SCRIPT % (str(ROOT), str(ROOT / "src")))
        self.plugin = Path(folder) / "count.so"
        source = Path(__file__).with_name("mips.c")
        subprocess.run(
            ["gcc", "-O2", "-shared", "-fPIC", "-o", str(self.plugin), str(source)], check=True
        )
        self.python = next(root.glob("usr/bin/python3.*"))

    def run(self, what, times):
        """Return (what it printed, instructions)."""
        packages = self.root / "usr/lib/python3/dist-packages"
        done = subprocess.run(
            ["qemu-mipsel", "-L", str(self.root), "-plugin", str(self.plugin),
             "-E", "PYTHONHOME=%s" % (self.root / "usr"), "-E", "PYTHONPATH=%s" % packages,
             "-E", "PYTHONHASHSEED=0", str(self.python), str(self.script), what, str(times)],
            capture_output=True, text=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(done.stderr[-2000:])
        return done.stdout, int(re.search(r"instructions: (\d+)", done.stderr)[1])

    def cost(self, what):
        """Return the instructions of doing a thing once."""
        counts = [self.run(what, times)[1] for times in (FEW, MORE)]
        return (counts[1] - counts[0]) / (MORE - FEW)


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.mips")
    parser.add_argument("root", type=Path)
    root = parser.parse_args().root.resolve()
    if not shutil.which("qemu-mipsel"):
        raise SystemExit("qemu-mipsel (qemu-user) is not installed")
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(root, folder)
        names = machine.run("", 0)[0].split("\n")
        print("%-32s %16s %24s" % ("", "M instructions", "ms at 580 MHz, at best"))
        for what in [name for name in names if name] + list(ENGINE):
            cost = machine.cost(what)
            print("%-32s %16.2f %24.1f" % (what, cost / 1e6, 1000 * cost / CLOCK), flush=True)


if __name__ == "__main__":
    sys.exit(main())
