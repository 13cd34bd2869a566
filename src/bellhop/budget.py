"""How often something may be done in a day: for writings, since flash wears out."""

DAY = 86400000


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
