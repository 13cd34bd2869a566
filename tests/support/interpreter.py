"""Where the second interpreter, MicroPython, is, and how to run a script with it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The whole suite has to fit what a router with 64 MB of RAM can spare.
HEAP = "24M"


def micropython():
    """Return the path of MicroPython, or None: $MICROPYTHON, the virtual environment's, $PATH's."""
    chosen = os.environ.get("MICROPYTHON")
    beside = Path(sys.executable).parent / "micropython"
    return chosen or (str(beside) if beside.exists() else shutil.which("micropython"))


def run(arguments, seconds=240):
    """Run MicroPython in the root of the tree; return the finished process, output as text."""
    return subprocess.run(
        [micropython(), "-X", "heapsize=" + HEAP, *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "MICROPYPATH": "src:."},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )
