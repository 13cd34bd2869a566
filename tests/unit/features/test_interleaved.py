"""Whatever is done in whatever order, on both interpreters: catalogue.py with all its features.

python -m tests.unit.features.test_interleaved 1000    lives from as many seeds
"""

import sys
import unittest

from tests.support.household import STEPS, live
from tests.unit.mesh.network import Dice

LIVES, LENGTH = (8, 40)


def steps_of(seed):
    """Return the steps of one life."""
    octets = Dice(seed).random(6 * LENGTH)
    numbers = [octets[at] << 8 | octets[at + 1] for at in range(0, len(octets), 2)]
    steps = []
    while len(numbers) >= 5:
        chosen = STEPS[numbers.pop() % len(STEPS)]
        steps.append(tuple([part[numbers.pop() % len(part)] for part in chosen]))
    return steps


class InterleavedTest(unittest.TestCase):
    def test_nothing_rings_for_a_call_that_is_over_and_help_is_reached(self):
        for seed in range(1, 1 + LIVES):
            self.assertEqual((seed, live(steps_of(seed))), (seed, ""))


if __name__ == "__main__":
    if len(sys.argv) == 1:
        unittest.main()
    bad = {seed: live(steps_of(seed)) for seed in range(1, 1 + int(sys.argv[1]))}
    bad = {seed: words for seed, words in bad.items() if words}
    print("%s lives, wrong: %s" % (sys.argv[1], bad or "none"))
    sys.exit(bool(bad))
