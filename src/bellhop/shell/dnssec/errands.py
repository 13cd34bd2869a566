"""Performs Errand: starts the process that speaks to a directory (`errand`), takes its answer."""

import functools
import json
import sys

from ..workers import Workers

SECONDS = 120
FAILED = {"problem": "the directory could not be asked: the log says why"}


class Errands:
    """One errand at a time. state: the node's folder."""

    def __init__(self, loop, state):
        self.loop = loop
        self.state = state
        self.workers = None

    def perform(self, effect):
        """Perform an Errand."""
        if self.workers is None:
            self.workers = Workers(self.loop, 1)
        told = functools.partial(
            self.loop.later, self.loop.engine.hear, "errands", "told", effect.number
        )
        work = functools.partial(run, self.state, effect.job, effect.fields)
        self.workers.start(work, told, FAILED)

    def close(self):
        """Take no more."""
        if self.workers is not None:
            self.workers.close()


def run(state, job, fields):
    """Return the answer to a job, a dict, with "problem" where there is none. Runs in a worker."""
    import subprocess  # Only who asks a directory pays for it in memory.

    asked = json.dumps(dict(fields, job=job, state=str(state)))
    words = [sys.executable, "-m", "bellhop.shell.dnssec.errand"]
    try:
        done = subprocess.run(
            words, input=asked, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        found = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return FAILED
    return found if isinstance(found, dict) else FAILED
