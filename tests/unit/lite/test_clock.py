"""The clock of the lite node goes on where its counter wraps."""

import unittest

from bellhop.lite.clock import Clock

PERIOD = 1 << 30


class Counter:
    """A counter of milliseconds that wraps as that of a 32-bit MicroPython does."""

    def __init__(self, start):
        self.time = start

    def ticks(self):
        """Return the counter."""
        return self.time % PERIOD

    def difference(self, later, earlier):
        """Return later - earlier, right up to half of the period."""
        return (later - earlier + PERIOD // 2) % PERIOD - PERIOD // 2


class ClockTest(unittest.TestCase):
    def test_counts_on_over_many_wraps(self):
        counter = Counter(PERIOD - 5000)
        clock = Clock(counter.ticks, counter.difference)
        begun = clock.now()
        for _ in range(100000):
            counter.time += 60000
            clock.now()
        self.assertEqual(clock.now() - begun, 100000 * 60000)

    def test_never_goes_back(self):
        counter = Counter(1000)
        clock = Clock(counter.ticks, counter.difference)
        counter.time += 500
        later = clock.now()
        counter.time -= 100
        self.assertEqual(clock.now(), later)


if __name__ == "__main__":
    unittest.main()
