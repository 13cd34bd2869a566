"""Prints what the packages take of a router: flash as installed and as packed, RAM of an idle node.

python3 openwrt/footprint.py
"""

import json
import lzma
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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

config mesh 'mesh'
	option enabled '%d'
	option port '%d'
"""


def flash():
    """Yield (title, octets installed, octets packed with xz as in an image)."""
    python = [
        packages.feature(name, packages.compiled_python(name))
        for name in ("bellhop-mesh", "bellhop-media", "bellhop-pgp")
    ]
    python[1].name += " (its Python)"
    for package in [packages.node(), *python, *packages.pages()]:
        whole = b"".join(package.files[path] for path in sorted(package.files))
        yield package.name, len(whole), len(lzma.compress(whole))
    if LIBRARY.exists() and shutil.which("strip"):
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / LIBRARY.name
            subprocess.run(["strip", "-o", copy, LIBRARY], check=True)
            whole = copy.read_bytes()
            yield "bellhop-media (its library, here)", len(whole), len(lzma.compress(whole))


def free_port():
    """Return a port that nobody has now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(path):
    end = time.monotonic() + START_SECONDS
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.05)


def memory(with_mesh):
    """Return (resident, private) kB of an idle node, or None where it does not start."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "bellhop.config"
        config.write_text(CONFIG % (free_port(), with_mesh, free_port()))
        command = [sys.executable, "-m", "bellhop", "--config", config, "--state", folder]
        environment = dict(os.environ, PYTHONPATH=str(ROOT / "src"))
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
        try:
            _wait_for(Path(folder) / "control")
            asked = subprocess.run(
                [sys.executable, "-m", "bellhop", "--state", folder, "status", "--json"],
                capture_output=True, env=environment, timeout=START_SECONDS,
            )  # fmt: skip
            status = json.loads(asked.stdout or "null")
            rollup = Path("/proc/%d/smaps_rollup" % process.pid).read_text()
        finally:
            process.kill()
            process.wait()
    private = sum(
        int(line.split()[1]) for line in rollup.split("\n") if line.startswith("Private_")
    )
    return (status["memory_kb"], private) if status else None


def main():
    """Print both tables."""
    print(
        "Installed: as the files are. Packed: with xz, as in the squashfs of an image; a jffs2 or"
    )
    print("UBIFS overlay packs too, to about half.\n")
    print("%-34s %10s %10s" % ("flash", "installed", "packed"))
    for title, installed, packed in flash():
        print("%-34s %7d kB %7d kB" % (title, installed / 1024 + 1, packed / 1024 + 1))
    print("\n%-34s %10s %10s" % ("memory of an idle node, here", "resident", "private"))
    for title, with_mesh in (("without mesh", 0), ("with mesh", 1)):
        found = memory(with_mesh)
        if found is None:
            print("%-34s the node did not answer" % title)
        else:
            print("%-34s %7d kB %7d kB" % (title, *found))


if __name__ == "__main__":
    main()
