"""How often something may be done in a day: for writings, since flash wears out."""

from .limits import MAX_SOURCES, WRITINGS_A_DAY

DAY = 86400000
# Senders that the status names.
MAX_SHOWN = 10


class Budget:
    """Half of `most` at once and the other half over the day: no 24 hours ever see more than all.

    A router has no clock that outlives its power, so a day is no day of the calendar.
    """

    __slots__ = ("most", "level", "since")

    def __init__(self, most):
        self.most = most
        self.level = 0
        self.since = 0

    def _now(self, now):
        """Return what is used, in days of a millisecond each: it drains by itself."""
        return max(0, self.level - (now - self.since) * (self.most // 2))

    def wait(self, now):
        """Return the ms until one more is left: 0 where one is left now."""
        over = self._now(now) + DAY - (self.most // 2) * DAY
        return max(0, -(-over // (self.most // 2)))

    def spend(self, now):
        """Use one up, whether it was left or not."""
        self.level, self.since = self._now(now) + DAY, now

    def left(self, now):
        """Return how many more may be had now."""
        return max(0, self.most // 2 - -(-self._now(now) // DAY))


class Shares:
    """Who may cause how many writings: each kind of sender as a whole, and each one of a kind.

    A sender is (kind, name): OWN and a user, MEMBER and a node of the mesh, STRANGER and a network.
    """

    def __init__(self):
        self.kinds = {kind: Budget(WRITINGS_A_DAY[kind][0]) for kind in WRITINGS_A_DAY}
        self.senders = {}
        self.counters = {"refused": 0}

    def wait(self, sender, now):
        """Return the ms until a sender may cause one more writing, 0 for now."""
        one = self.senders.get(sender)
        wait = max(self.kinds[sender[0]].wait(now), 0 if one is None else one.wait(now))
        if wait:
            self.counters["refused"] += 1
        return wait

    def spend(self, sender, now):
        """Note that a sender has caused a writing."""
        if sender not in self.senders:
            if len(self.senders) >= MAX_SOURCES:
                del self.senders[max(self.senders, key=lambda one: self.senders[one].left(now))]
            self.senders[sender] = Budget(WRITINGS_A_DAY[sender[0]][1])
        self.senders[sender].spend(now)
        self.kinds[sender[0]].spend(now)

    def seen(self, now):
        """Return what is left, as JSON-able rows: the kinds, then those who have used most."""
        rows = [_row(kind, "", self.kinds[kind], now) for kind in sorted(self.kinds)]
        mine = [_row(one[0], one[1], self.senders[one], now) for one in self.senders]
        mine.sort(key=lambda row: row["left"] - row["at_once"])
        return rows + mine[:MAX_SHOWN]


def _row(kind, name, budget, now):
    return {
        "kind": kind, "from": name, "left": budget.left(now), "at_once": budget.most // 2,
        "a_day": budget.most,
    }  # fmt: skip
