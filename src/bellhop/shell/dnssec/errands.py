"""Performs Errand: starts the process that speaks to a directory (`errand`), takes its answer."""

import functools
import json
import os
import sys

from ..workers import Workers

SECONDS = 180
# How often it is seen whether credentials must be renewed.
RENEW_MS = 1800000
FAILED = {"problem": "the directory could not be asked: the log says why"}


class Errands:
    """One errand at a time. state: the node's folder; reload(): reads the settings anew;
    config: their file.
    """

    def __init__(self, loop, state, reload, config=""):
        self.loop = loop
        self.config = config
        self.state = state
        self.reload = reload
        self.workers = None
        loop.call_later(RENEW_MS, self._renew)

    def _renew(self):
        """See to it that the credentials of accounts with providers stay good."""
        self.loop.call_later(RENEW_MS, self._renew)
        if self._has_accounts():
            self._start("renew", {}, self._renewed)

    def _has_accounts(self):
        return os.path.isdir(os.path.join(self.state, "accounts"))

    def _renewed(self, answer):
        if answer.get("changed"):
            self.reload()

    def perform(self, effect):
        """Perform an Errand."""
        hear = self.loop.engine.hear
        told = functools.partial(self.loop.later, hear, "errands", "told", effect.number)
        if effect.job == "accounts" and not self._has_accounts():
            told({})  # No process is started for nothing.
        else:
            self._start(effect.job, effect.fields, told)

    def _start(self, job, fields, told):
        if self.workers is None:
            self.workers = Workers(self.loop, 1)
        self.workers.start(
            functools.partial(run, self.state, job, dict(fields, config=self.config)), told, FAILED
        )

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
