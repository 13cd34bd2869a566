"""The files of the project: those that git knows or would add."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def files():
    """Return the path of every file, relative to the root; all files where git is of no help."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        found = [Path(name) for name in listed.stdout.split("\0") if name]
    else:
        found = [path.relative_to(ROOT) for path in ROOT.rglob("*")]
        hidden = {".git", ".venv", ".state", ".micropython", "__pycache__"}
        found = [path for path in found if not hidden.intersection(path.parts)]
    return sorted(path for path in set(found) if (ROOT / path).is_file())


def python_files():
    """Return the paths of all Python files, relative to the root."""
    return [path for path in files() if path.suffix == ".py"]
