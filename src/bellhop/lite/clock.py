"""Milliseconds that never go back, from a counter that wraps."""


class Clock:
    """ticks(), difference(later, earlier): those of MicroPython's `time`.

    The counter wraps at 2^30 ms (12.4 days) where integers are small, and a difference is right
    up to half of that; the loop looks at the clock every minute at least.
    """

    def __init__(self, ticks, difference):
        self.ticks = ticks
        self.difference = difference
        self.last = self.total = ticks()

    def now(self):
        """Return the engine's clock: whole milliseconds."""
        tick = self.ticks()
        passed = self.difference(tick, self.last)
        if passed > 0:
            self.total += passed
            self.last = tick
        return self.total
