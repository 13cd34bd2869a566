"""Packs the files of the members' page: scripts without what only people read, each by gzip.

    python3 pages.py SOURCE TARGET
"""

import gzip
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
import minify  # noqa: E402


def packed(source):
    """Return {path below the folder, with .gz: octets} of the files of a page."""
    found = {}
    for path in sorted(source.rglob("*.*")):
        octets = path.read_bytes()
        if path.suffix == ".js":
            octets = minify.minified(octets.decode()).encode()
        name = path.relative_to(source).as_posix() + ".gz"
        found[name] = gzip.compress(octets, 9, mtime=0)
    return found


def main(source, target):
    """Write the packed files."""
    for name, octets in packed(source).items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(octets)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
