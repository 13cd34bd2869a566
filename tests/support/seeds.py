"""The messages that fuzzing and the differential run start from."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tests" / "hostile" / "corpus"
TORTURE = (ROOT / "tests" / "vectors" / "rfc4475", ROOT.parent / "shared" / "torture" / "rfc4475")
# Parsers that begin with the inputs of another one.
SAME = {"stream": "message", "node": "message", "mesh": "mesh-packet"}


def saved(name):
    """Return the paths of the inputs kept for one parser, in a fixed order."""
    return sorted(path for path in (CORPUS / name).glob("*") if path.is_file())


def seed_files(name):
    """Return the paths to start from: what is kept and, for whole messages, RFC 4475's."""
    found = saved(name) + (saved(SAME[name]) if name in SAME else [])
    if "message" in (name, SAME.get(name)):
        folder = next((folder for folder in TORTURE if folder.is_dir()), None)
        found += sorted(folder.glob("*.dat")) if folder else []
    return found
