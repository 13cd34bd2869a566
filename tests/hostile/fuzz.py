"""Feeds damaged input to every parser for a bounded time and keeps what crashes one.

python -m tests.hostile.fuzz [--seconds N] [--target NAME ...] [--seed N]

A crash is any exception but BellhopError, or one input that takes over a second of CPU time. Its
input goes to tests/hostile/corpus/<target>/, where test_corpus.py replays it for ever.
"""

import argparse
import hashlib
import random
import sys
import time
import traceback

from tests.support import seeds
from tests.support.mutate import Random, mutate
from tests.support.parsers import PARSERS, outcome

SLOW_SECONDS = 1.0
# A crash found in ever new guises would fill the corpus; one of each kind tells as much.
KINDS_KEPT = 20


class Fuzz:
    """One run over one parser."""

    def __init__(self, name, seed):
        self.name = name
        self.random = Random(seed)
        self.inputs = 0
        self.crashes = {}
        self.seeds = [b""]
        for path in seeds.seed_files(name):
            self.seeds.append(path.read_bytes())
            self.feed(self.seeds[-1], path)

    def run(self, seconds):
        """Feed the parser for `seconds`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.feed(mutate(self.random, self.seeds))

    def feed(self, data, path=None):
        """Feed one input; keep it when it is the first that crashes in its way.

        path: where it is kept already.
        """
        self.inputs += 1
        start = time.process_time()
        try:
            outcome(self.name, data)
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            self.keep((type(error).__name__, last.filename, last.lineno), data, path)
        if time.process_time() - start > SLOW_SECONDS:
            self.keep(("slow", "", 0), data, path)

    def keep(self, kind, data, path):
        """Note a crash; save its input under its digest unless it is kept already."""
        if kind in self.crashes or len(self.crashes) >= KINDS_KEPT:
            return
        if path is None:
            path = seeds.CORPUS / self.name / f"crash-{hashlib.sha256(data).hexdigest()[:12]}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        self.crashes[kind] = path


def main():
    """Share the time among the targets; exit 1 when any input crashed one."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seconds", type=float, default=120)
    arguments.add_argument("--target", action="append", choices=PARSERS)
    arguments.add_argument("--seed", type=int, default=random.getrandbits(32))
    chosen = arguments.parse_args()
    targets = chosen.target or list(PARSERS)
    print(f"seed {chosen.seed}, {chosen.seconds:g} s")
    crashed = False
    for name in targets:
        fuzz = Fuzz(name, chosen.seed)
        fuzz.run(chosen.seconds / len(targets))
        print(f"{name:12} {fuzz.inputs:9} inputs  {len(fuzz.crashes)} kinds of crash", flush=True)
        for (kind, file, line), path in fuzz.crashes.items():
            print(f"  {kind} {file}:{line}  {path.relative_to(seeds.ROOT)}")
            crashed = True
    sys.exit(1 if crashed else 0)


if __name__ == "__main__":
    main()
