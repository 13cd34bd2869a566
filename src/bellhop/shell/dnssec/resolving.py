"""The validating resolver for a command: one question after the other, waited for."""

from ...world.loop import Loop
from .unbound import Unbound

SECONDS = 5


class _Nobody:
    """What a loop asks for its next deadline."""

    def next_deadline(self):
        return None


class Resolving:
    """clock(): ms; anchor, root_hints: as of Unbound."""

    def __init__(self, clock, anchor, root_hints):
        self.loop = Loop(clock, None)
        self.loop.engine = _Nobody()
        self.unbound = Unbound(self.loop, anchor, root_hints)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.unbound.close()

    def ask(self, name, kind, zone):
        """Return the names.answer.Answer to a question."""
        found = []
        self.unbound.ask(name, kind, zone, SECONDS, found.append)
        while not found:
            self.loop.step(100)
        return found[0]
