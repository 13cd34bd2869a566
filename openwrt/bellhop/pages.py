"""Packs the files of the members' page: scripts without what only people read, each by gzip.

What each word is for stands once, in words/keys.json: a language is the list of its words.

    python3 pages.py SOURCE TARGET
"""

import gzip
import json
import re
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
import minify  # noqa: E402


def packed(source):
    """Return {path below the folder, with .gz: octets} of the files of a page."""
    found, words = {}, {}
    for path in sorted(source.rglob("*.*")):
        octets = path.read_bytes()
        name = path.relative_to(source).as_posix()
        if path.suffix == ".js":
            octets = minify.minified(octets.decode()).encode()
        if path.suffix == ".css":
            octets = re.sub(rb"\s*([{};,])\s*|(:) ", rb"\1\2", octets)
        if name.startswith("words/"):
            words[name] = json.loads(octets)
        else:
            found[name] = octets
    keys = list(dict.fromkeys(key for said in words.values() for key in said))
    found["words/keys.json"] = _json(keys)
    for name, said in words.items():
        found[name] = _json([said[key] for key in keys if key in said])
        assert list(said) == keys[: len(said)], name
    return {name + ".gz": gzip.compress(found[name], 9, mtime=0) for name in sorted(found)}


def _json(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def main(source, target):
    """Write the packed files."""
    for name, octets in packed(source).items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(octets)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
