"""Prints what the packages take of a router: flash as installed and as packed, RAM of an idle node.

python3 openwrt/footprint.py
"""

import dis
import lzma
import marshal
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import CodeType

import archives
import packages

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
LIBRARY = ROOT / "native" / ".build" / "host" / "libbellhop_media.so"
START_SECONDS = 20
CONFIG = """\
config node 'node'
	option domain 'home.arpa'
	list listen '127.0.0.1'
	option sip_port '%d'
	option tls_port '0'
	option ws_port '0'
	option wss_port '0'
	option http_port '0'

%s"""
MESH = "config mesh\n\toption port '%d'\n"
MICROPYTHON = ROOT / ".micropython" / "micropython"

ROW = "%-34s %7d kB %7d kB %10s"
FLASH = "%-34s %7d kB %7d kB %7d kB %10s"
# Of the package as a file and of what is resident, where there is one.
GOALS = {
    "bellhop": 400, "bellhop-media (its library, here)": 80, "luci-app-bellhop": 60,
    "full: bellhop alone": 20480, "full: with bellhop-tls": 20480,
    "full: with bellhop-mesh": 20480, "full: with mesh and media": 20480, "lite: bellhop-lite, mesh": 4096,
}  # fmt: skip


def flash():
    """Yield (title, octets as a file, installed, packed with xz as in an image)."""
    python = [packages.feature(name) for name in packages.FEATURES]
    python[2].name += " (its Python)"
    for package in [packages.node(), *python, *packages.pages()]:
        whole = b"".join(package.files[path] for path in sorted(package.files))
        with tempfile.TemporaryDirectory() as folder:
            file = archives.ipk(package, packages.version(), Path(folder))
            yield package.name, file.stat().st_size, len(whole), len(lzma.compress(whole))
    if LIBRARY.exists() and shutil.which("strip"):
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / LIBRARY.name
            subprocess.run(["strip", "-o", copy, LIBRARY], check=True)
            whole = copy.read_bytes()
            packed = len(lzma.compress(whole))
            yield "bellhop-media (its library, here)", packed, len(whole), packed


def reasons(package):
    """Return {what: octets} of a package's byte code."""
    found = dict.fromkeys(("instructions", "their caches, empty", "heads of functions"), 0)
    modules = packages.compiled_python(package).values()
    codes = [marshal.loads(octets[16:]) for octets in modules]
    while codes:
        code = codes.pop()
        codes += [one for one in code.co_consts if isinstance(one, CodeType)]
        there = len(list(dis.get_instructions(code))) * 2
        found["instructions"] += there
        found["their caches, empty"] += len(code.co_code) - there
        found["heads of functions"] += EMPTY
    found["texts, names, numbers"] = sum(map(len, modules)) - sum(found.values())
    return found


# A function that does nothing, but for its one instruction and no name of its own.
EMPTY = len(packages.bytecode.compiled(b"lambda: 0", "")) - len(
    packages.bytecode.compiled(b"0", "")
)


def free_port():
    """Return a port that nobody has now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answers(path):
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
            probe.sendall(b'{"verb": "status"}\n')
            return b'"result"' in probe.recv(65536)
        except OSError:
            return False


def memory(command, environment, sections):
    """Return (resident, private) kB of an idle node, or None where it does not start."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "bellhop.config"
        config.write_text(CONFIG % (free_port(), sections))
        process = subprocess.Popen(
            [*command, "--config", config, "--state", folder],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=dict(os.environ, **environment),
        )  # fmt: skip
        try:
            end = time.monotonic() + START_SECONDS
            while not _answers(Path(folder) / "control"):
                if time.monotonic() > end or process.poll() is not None:
                    return None
                time.sleep(0.05)
            rollup = Path("/proc/%d/smaps_rollup" % process.pid).read_text()
        finally:
            process.kill()
            process.wait()
    kept = {line.split(":")[0]: int(line.split()[1]) for line in rollup.split("\n")[1:] if line}
    return kept["Rss"], kept["Private_Clean"] + kept["Private_Dirty"]


def tiers(folder):
    """Yield (title, command, environment, sections of the configuration) of each kind of node.

    folder: an empty one, for the modules as the packages of each kind bring them.
    """
    mesh = MESH % free_port()
    tls = "config node 'node'\n\toption tls_port '%d'\n" % free_port()
    sound = mesh + "config media\n"
    of_sound = ("bellhop-mesh", "bellhop-media")
    for title, names, sections in (
        ("full: bellhop alone", (), ""),
        ("full: with bellhop-tls", ("bellhop-tls",), tls),
        ("full: with tls and pilot", ("bellhop-tls", "bellhop-pilot"), tls),
        ("full: with bellhop-mesh", ("bellhop-mesh",), mesh),
        ("full: with mesh and media", of_sound, sound),
        ("full: mesh, media and bellhop-dns", (*of_sound, "bellhop-dns"), sound + "config dns\n"),
    ):
        site = Path(folder) / "-".join(("node", *names))
        for package in ("bellhop", *names):
            for path, octets in packages.compiled_python(package).items():
                target = site / path.partition("site-packages/")[2]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(octets)
        yield title, [sys.executable, "-m", "bellhop"], {"PYTHONPATH": str(site)}, sections


def lite(folder):
    """Return a row as of `tiers` for the lite node, compiled into a folder, or None."""
    script = HERE / "bellhop-lite" / "compile.py"
    if not MICROPYTHON.exists():
        return None
    subprocess.run([sys.executable, script, folder], stdout=subprocess.DEVNULL, check=True)
    command = [MICROPYTHON, "-X", "heapsize=2M", "-m", "bellhop"]
    return "lite: bellhop-lite, mesh", command, {"MICROPYPATH": folder}, MESH % free_port()


def _goal(title):
    return "%d kB" % GOALS[title] if title in GOALS else ""


def main():
    """Print both tables."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as full:
        small = lite(folder)
        print(
            "File: the package, an .ipk (an .apk is smaller). Installed: as the files are. Packed:"
        )
        print(
            "with xz, as in the squashfs of an image; a jffs2 or UBIFS overlay packs too, to about"
        )
        print("half. The goal is that of the file.\n")
        print("%-34s %10s %10s %10s %10s" % ("flash", "file", "installed", "packed", "goal"))
        rows = list(flash())
        if small:
            whole = b"".join(path.read_bytes() for path in sorted(Path(folder).rglob("*.mpy")))
            packed = len(lzma.compress(whole))
            rows.append(("bellhop-lite (its modules)", packed, len(whole), packed))
        for title, *octets in rows:
            print(FLASH % (title, *[one / 1024 + 1 for one in octets], _goal(title)))
        parts = ["%d kB %s" % (size / 1024, what) for what, size in reasons("bellhop").items()]
        print("\nbellhop, installed: " + ", ".join(parts))
        titles = "memory of an idle node, here", "resident", "private", "goal"
        print("\n%-34s %10s %10s %10s" % titles)
        for title, *how in [*tiers(full), *([small] if small else [])]:
            found = memory(*how)
            if found is None:
                print("%-34s did not start" % title)
            else:
                print(ROW % (title, *found, _goal(title)))
        if not small:
            print("lite: no MicroPython here; `make micropython` fetches it")


if __name__ == "__main__":
    main()
