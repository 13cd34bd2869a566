"""Runs the small cases beside this tree, each against a fresh node in a namespace of its own.

    python -m tests.system.cases [NUMBER ...]    prints the matrix: each case, full and lite

The cases are no part of this tree: they lie in the folder `cases` of ../shared, or of what
BELLHOP_SHARED names.
"""

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from tests.lite.node import LiteNode
from tests.support import lite, netns
from tests.support.interpreter import ROOT
from tests.system.phones.node import PORT, Node

SHARED = Path(os.environ.get("BELLHOP_SHARED") or ROOT.parent / "shared")
FOLDER = SHARED / "cases"
ADDRESSES = ("10.77.0.1/24", "10.77.0.2/24", "10.77.0.3/24", "10.77.0.5/24", "fd77::1/64")
CASE_SECONDS = 120
FULL, LITE = KINDS = ("full", "lite")

# What a lite node leaves to a full one, by the number of the case; README.md says so.
LEFT_TO_FULL_NODE = {
    "11": "a lite node speaks no WebSocket",
    "15": "a lite node relays no sound",
    "25": "a lite node serves no phone book by HTTP",
    "29": "a lite node relays no sound between IPv4 and IPv6",
    "38": "a lite node relays no sound",
    "50": "a lite node serves no phone book by HTTP",
}


# Doors that are closed by default and that a case needs: lines of `config node`.
OPENED = {"33": "\toption strangers 'allow'\n"}


def opened(name):
    """Return the configuration of the cases with the doors open that this one needs."""
    text = (FOLDER / "node.config").read_text()
    first, rest = text.split("\n", 1)
    text = first + "\n" + OPENED.get(name.partition("-")[0], "") + rest
    return text + "\nconfig privacy\n\toption uniform '0'\n"


class House(Node):
    """A full node with the configuration of the cases and the media library."""

    environment = {"LD_LIBRARY_PATH": str(ROOT / "native" / ".build" / "host")}

    def configuration(self):
        """Return the UCI text."""
        return opened(self.case)


class LiteHouse(LiteNode):
    """A lite node with the configuration of the cases but for the relay, which it has not."""

    def configuration(self):
        """Return the UCI text."""
        sections = opened(self.case).split("\n\n")
        return "\n\n".join(one for one in sections if not one.startswith("config media"))


def names():
    """Return the names of the cases in order; none where the folder is absent."""
    return sorted(path.stem for path in FOLDER.glob("[0-9]*-*.py"))


def why_unavailable(name, kind):
    """Return why a case cannot be tried with a kind of node here, or None."""
    reason = netns.why_unavailable()
    if kind == LITE:
        reason = reason or LEFT_TO_FULL_NODE.get(name.partition("-")[0]) or lite.why_unavailable()
    return reason


@contextmanager
def house(kind, name, compiled):
    """A running node in a namespace for a case; compiled: of tests.support.lite, for a lite one."""
    with netns.Network("cases") as network, tempfile.TemporaryDirectory() as folder:
        host = network.host("house")
        netns.ip("-n", host.namespace, "-batch", "-", batch="".join(
            f"addr add {address} dev lo\n" for address in ADDRESSES
        ))  # fmt: skip
        host.address, host.address6 = "10.77.0.1", "fd77::1"
        node = (House if kind == FULL else LiteHouse)(host, folder)
        node.case, node.compiled = name, compiled
        try:
            node.start()
            yield node
        finally:
            node.stop()


def run(name, node):
    """Run one case against a node; return (whether the node did right, what the case said)."""
    case = node.host.popen(
        [sys.executable, FOLDER / f"{name}.py", node.address, str(PORT)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={
            **os.environ,
            "PYTHONDONTWRITEBYTECODE": "1",
            "BELLHOP": str(Path(sys.executable).parent / "bellhop"),
            "STATE": os.path.join(node.folder, "state"),
            "LOG": node.log_path,
        },
    )
    try:
        said = case.communicate(timeout=CASE_SECONDS)[0]
    except subprocess.TimeoutExpired:
        case.kill()
        said = f"no end within {CASE_SECONDS} s\n{case.communicate()[0]}"
    return case.returncode == 0, said.strip()


def main(wanted):
    """Print the matrix of the cases with these numbers, of all where there are none."""
    compiled = None if lite.why_unavailable() else lite.Compiled()
    try:
        for name in names():
            if wanted and name.partition("-")[0] not in wanted:
                continue
            for kind in KINDS:
                reason = why_unavailable(name, kind)
                if reason:
                    print(f"{name:34} {kind}  -      {reason}", flush=True)
                    continue
                with house(kind, name, compiled) as node:
                    right, said = run(name, node)
                print(f"{name:34} {kind}  {'right' if right else 'WRONG'}  {said}", flush=True)
    finally:
        if compiled is not None:
            compiled.remove()


if __name__ == "__main__":
    main(sys.argv[1:])
