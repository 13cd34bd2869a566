"""Answers that wait until what they promise is on flash."""

from ..budget import Shares
from ..effects import Commit

# Why something is not kept, for people.
USED_UP = "no more of yours is kept today"
UNKEPT = "nothing can be kept here now"


class Commits:
    """Who waits for which Commit, and who may still cause some; the shell answers each.

    is_failing: the last one could not be kept.
    """

    def __init__(self):
        self.shares = Shares()
        self.waiting = {}
        self.number = 0
        self.is_failing = False

    def ask(self, sender, store, go_on, now, server=None):
        """Keep a Store's changes; return the effects.

        sender: (kind, name), as budget.Shares has it. go_on(problem, now) returns what follows:
        problem is "", or why nothing was kept; server: the transaction that waits for it.
        """
        if self.shares.wait(sender, now):
            return go_on(USED_UP, now)
        self.shares.spend(sender, now)
        self.number += 1
        self.waiting[self.number] = go_on, server
        return [Commit(self.number, store)]

    def kept(self, number, problem, now):
        """Take the answer to a Commit, "" where all is well; return the effects."""
        self.is_failing = bool(problem)
        return self.waiting.pop(number)[0](UNKEPT if problem else "", now)

    def holds(self, server):
        """Tell whether the answer of a server transaction waits for one."""
        return bool([one for one in self.waiting.values() if one[1] is server])
