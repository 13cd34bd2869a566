"""Errands to a directory's API, run by a process that ends with its answer: one at a time.

The daemon itself never speaks HTTPS: that would take more memory than the node.
"""

from ...effects import Errand

MOST = 16


class Errands:
    """A feature. waiting: number of an errand -> go_on(answer, now), which returns effects."""

    name = "errands"
    hooks, events = (), ("told",)
    users, wakers = {}, {}

    def __init__(self):
        self.waiting = {}
        self.number = 0

    def send(self, job, fields, go_on, now):
        """Return the effects that send for the answer to a job of shell/dnssec/errand.py.

        fields: JSON-able; the answer: a dict, with "problem" where there is none.
        """
        if len(self.waiting) >= MOST:
            return go_on({"problem": "too many questions to directories are waiting"}, now)
        self.number += 1
        self.waiting[self.number] = go_on
        return [Errand(self.number, job, fields)]

    def told(self, number, answer, now):
        """Take an answer; return the effects of who waited for it."""
        go_on = self.waiting.pop(number, None)
        return [] if go_on is None else go_on(answer, now)
