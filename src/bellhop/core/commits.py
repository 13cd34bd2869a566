"""Answers that wait until what they promise is on flash."""

from ..effects import Commit


class Commits:
    """Who waits for which Commit; the shell answers each of them at once."""

    def __init__(self):
        self.waiting = {}
        self.number = 0

    def ask(self, store, go_on):
        """Keep a Store's changes; go_on(problem, now) returns the effects then."""
        self.number += 1
        self.waiting[self.number] = go_on
        return [Commit(self.number, store)]

    def kept(self, number, problem, now):
        """Take the answer to a Commit, "" where all is well; return the effects."""
        return self.waiting.pop(number)(problem, now)
