"""Runs once more, one after the other, the few tests that failed while others ran beside them.

`make test` calls it after a run that failed. A test that needs a phone, a daemon or a clock may
miss its moment on a machine that is shared; what is wrong in the tree fails again. Which tests
needed this is printed last: each is a test to be mended.
"""

import json
import subprocess
import sys
from pathlib import Path

FAILED = Path(".pytest_cache/v/cache/lastfailed")
MOST = 5


def main():
    """Return the exit status: 0 where all of them pass now."""
    names = sorted(json.loads(FAILED.read_text())) if FAILED.exists() else []
    if not names or len(names) > MOST:
        print(f"{len(names)} tests failed; up to {MOST} would be run again.")
        return 1
    status = subprocess.call([sys.executable, "-m", "pytest", *names])
    what = "failed again" if status else "passed only when nothing ran beside it; mend it"
    for name in names:
        print(f"{what}: {name}")
    return status


if __name__ == "__main__":
    sys.exit(main())
