"""Starts a node anew in the middle of relayed calls: how long both phones sit in silence.

`python -m tests.media.restarts --rounds 20` prints the figures; in every other round it is killed.
"""

import argparse
import signal
import sys
import time

from tests.media.conftest import Streets
from tests.media.talker import call_up
from tests.mesh.handset import field
from tests.mesh.town import wait_until

HOWS = (signal.SIGTERM, signal.SIGKILL)
# As procd does after a crash.
RESPAWN_SECONDS = 1


def main():
    """Print the seconds from the signal to the BYE at each of both phones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    streets = Streets()
    waits = {how: [] for how in HOWS}
    try:
        town = streets.pair()
        one, two = streets.talker(town, 0), streets.talker(town, 1)
        for number in range(rounds):
            call_up(one, two, "201")
            how = HOWS[number % 2]
            begun = time.monotonic()
            town.nodes[0].stop(how)
            if how == signal.SIGKILL:
                time.sleep(RESPAWN_SECONDS)
            town.nodes[0].start()
            for talker in (one, two):
                bye = talker.incoming("BYE")
                waits[how].append(time.monotonic() - begun)
                assert "started anew" in field(bye, "Reason"), bye
                talker.reply(bye, 200)
                talker.remote.clear()
            wait_until(town.nodes[0].is_up, "the node answers")
            town.wait_reach()
    finally:
        streets.close()
    for how in HOWS:
        found = sorted(waits[how])
        words = "%s: %d of %d phones told, after %.1f s at most, %.1f s in the middle"
        print(words % (how.name, len(found), 2 * len(range(how == HOWS[1], rounds, 2)), found[-1],
                       found[len(found) // 2]))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
