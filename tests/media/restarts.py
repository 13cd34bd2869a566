"""Starts a node anew in the middle of relayed calls: how long both phones hear nothing.

`python -m tests.media.restarts --rounds 20` prints the figures; in every other round it is killed,
and the nodes of both phones take turns. `--circuits`: the sound goes by circuits through a third
node, which the node that starts anew has to find first.
"""

import argparse
import signal
import sys
import time

from tests.media.conftest import Streets
from tests.media.talker import call_up, hang_up
from tests.mesh.town import line, wait_until

HOWS = (signal.SIGTERM, signal.SIGKILL)
# As procd does after a crash.
RESPAWN_SECONDS = 1
# What people may hear of it, at most (seconds).
MOST_SECONDS = 2
# Calls until the two nodes have found out that they reach each other.
TRIES = 30


def call_directly(one, two, target, node):
    """As `call_up`, where the sound goes straight to the other node."""
    for _ in range(TRIES):
        call, answer = call_up(one, two, target)
        if not node.ask("calls")["calls"][0]["is_sound_through"]:
            break
        hang_up(one, two, call, answer)
    return call, answer


def start_anew(node, how):
    """End a node and start it again, as the one who looks after it does."""
    node.stop(how)
    if how == signal.SIGKILL:
        time.sleep(RESPAWN_SECONDS)
    node.start()


def silence(one, two, node, how):
    """Start a node anew in the middle of a call; return the longest silence at either phone."""
    for talker in (one, two):
        talker.gap = 0
    start_anew(node, how)
    begun = time.monotonic()
    wait_until(node.is_up, "the node answers")
    for talker in (one, two):
        wait_until(lambda talker=talker: talker.heard_at > begun and talker.gap, "sound again", 30)
        talker.hears(two if talker is one else one)
    return max(talker.gap for talker in (one, two))


def far_apart(streets):
    """Return a started Town of two nodes that reach each other through a third alone."""
    town = streets.sounding("apart", line(3))
    town.start()
    town.wait_reach()
    return town


def main():
    """Print the longest silence that either phone heard in each round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--circuits", action="store_true")
    given = parser.parse_args()
    rounds = given.rounds
    streets = Streets()
    gaps = {how: [] for how in HOWS}
    try:
        town = far_apart(streets) if given.circuits else streets.pair()
        last = len(town.nodes) - 1
        one, two = streets.talker(town, 0), streets.talker(town, last)
        for number in range(rounds):
            how, node = HOWS[number % 2], town.nodes[last * (number // 2 % 2)]
            if given.circuits:
                call, answer = call_up(one, two, "202")
            else:
                call, answer = call_directly(one, two, "201", town.nodes[0])
            gaps[how].append(silence(one, two, node, how))
            print(f"{how.name} of {node.name}: {gaps[how][-1]:.2f} s of silence", flush=True)
            hang_up(one, two, call, answer)
            town.wait_reach()
    finally:
        streets.close()
    for how in HOWS:
        found = sorted(gaps[how])
        good = len([gap for gap in found if gap <= MOST_SECONDS])
        words = "%s: %d of %d at most %d s of silence; longest %.2f s, in the middle %.2f s"
        middle = found[len(found) // 2]
        print(words % (how.name, good, len(found), MOST_SECONDS, found[-1], middle))
    return 0 if max(sum(gaps.values(), [])) <= MOST_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
