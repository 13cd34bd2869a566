"""Computes whether a node fits each board: flash and RAM of what its image holds.

    python3 board-configs/fit.py [BOARD]

boards.csv says what a board has, the .config files what goes in, sizes.csv what that takes.
"""

import csv
import lzma
import re
import sys
from collections import namedtuple
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "openwrt"))
import packages as feed  # noqa: E402 - it knows which module belongs to which package.

PYTHON = (
    "bellhop", "bellhop-tls", "bellhop-mesh", "bellhop-media", "bellhop-pgp", "bellhop-dns",
)  # fmt: skip
# What must stay free: flash for the overlay (jffs2 wants five erase blocks of 64 kB), RAM for
# the peaks of a firewall reload and of an upgrade.
OVERLAY_KB, FREE_RAM = 320, 0.2
# What sizes.csv says where this tree knows better; "tree+14" for what a compiler adds.
TREE = "tree"

Board = namedtuple(
    "Board", ("name", "target", "subtarget", "profile", "flash_kb", "ram_mb", "tier", "tested")
)
Size = namedtuple("Size", ("flash_kb", "ram_mb", "needs", "basis"))
Fit = namedtuple("Fit", ("packages", "flash_kb", "ram_mb", "spare_flash_kb", "spare_ram_mb"))

SET = re.compile(r"^CONFIG_PACKAGE_(\S+)=y$", re.MULTILINE)
UNSET = re.compile(r"^# CONFIG_PACKAGE_(\S+) is not set$", re.MULTILINE)


def boards():
    """Return {name: Board}."""
    with open(HERE / "boards.csv", newline="") as file:
        rows = [Board(*row) for row in list(csv.reader(file))[1:]]
    return {
        row.name: row._replace(flash_kb=int(row.flash_kb), ram_mb=int(row.ram_mb)) for row in rows
    }


def sizes():
    """Return {package: Size}; the sizes of what this tree holds are computed from it."""
    found = {}
    with open(HERE / "sizes.csv", newline="") as file:
        for name, flash, ram, needs, basis in list(csv.reader(file))[1:]:
            is_ours = flash.startswith(TREE)
            flash_kb = int(flash.removeprefix(TREE) or 0) + (tree_kb(name) if is_ours else 0)
            found[name] = Size(flash_kb, int(ram), needs.split(), basis)
    return found


def tree_kb(name):
    """Return what a package of this tree takes in an image, packed as squashfs does."""
    whole = b""
    if name in PYTHON:
        whole = b"".join(feed.compiled_python(name).values())
    for path in sorted((ROOT / "openwrt" / name).rglob("*")):
        if path.is_file() and "po" not in path.parts:
            whole += path.read_bytes()
    return len(lzma.compress(whole)) // 1024 + 1


def selected(board):
    """Return (packages put in, packages left out) of a board, in the order of the files."""
    chosen = {}
    for name in ("common", board.tier, board.name):
        text = (HERE / (name + ".config")).read_text()
        for line in text.split("\n"):
            for pattern, is_in in ((SET, True), (UNSET, False)):
                for package in pattern.findall(line):
                    if chosen.get(package) and not is_in:
                        del chosen[package]  # Ours to begin with: there is nothing to take out.
                    else:
                        chosen[package] = is_in
    return [name for name in chosen if chosen[name]], [name for name in chosen if not chosen[name]]


def fit(board, table):
    """Return the Fit of a board."""
    put_in, left_out = selected(board)
    packages, waiting = [], ["base-" + board.target, *put_in]
    while waiting:
        name = waiting.pop()
        if name not in packages:
            packages.append(name)
            waiting += table[name].needs
    flash = sum(table[name].flash_kb for name in packages)
    flash -= sum(table[name].flash_kb for name in left_out if name in table)
    ram = sum(table[name].ram_mb for name in packages)
    spare_ram = int(board.ram_mb * (1 - FREE_RAM)) - ram
    return Fit(packages, flash, ram, board.flash_kb - OVERLAY_KB - flash, spare_ram)


def main(names):
    """Print a line for each board; return 1 where one does not fit."""
    known, table = boards(), sizes()
    print("%-28s %-5s %15s %15s" % ("board", "tier", "flash kB spare", "RAM MB spare"))
    is_bad = False
    for name in names or known:
        found = fit(known[name], table)
        fits = found.spare_flash_kb >= 0 and found.spare_ram_mb >= 0
        row = (
            name,
            known[name].tier,
            found.flash_kb,
            found.spare_flash_kb,
            found.ram_mb,
            found.spare_ram_mb,
        )
        print("%-28s %-5s %8d %6d %8d %6d" % row, "" if fits else "  does not fit")
        is_bad |= not fits
    return 1 if is_bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
