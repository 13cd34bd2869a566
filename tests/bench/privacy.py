"""What the levels of privacy cost: time until it rings, octets of a call on the caller's cables.

    python -m tests.bench.privacy [--calls 20]

Six real nodes in namespaces: caller and called beside each other, one relay between them and three.
A phone rings another one without sound that hangs up at once. The design asks for 100 ms more at
most by three relays.
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.bench.mesh import resident_kb  # noqa: E402
from tests.mesh.handset import Handset, field, status_of  # noqa: E402
from tests.mesh.town import Town, wait_until  # noqa: E402
from tests.support import netns  # noqa: E402

STREETS = [(0, 1), (0, 2), (2, 1), (0, 3), (3, 4), (4, 5), (5, 1)]
# Set-ups of one neighbour are bounded to four a second.
PACE_SECONDS, PATIENCE = 0.4, 60


def rung(caller, called, target="sip:201@home.test"):
    """Ring and give up; return ms until it rings at the caller's."""
    dialled = os.urandom(6).hex()
    caller.sent[dialled] = caller.request("INVITE", target, dialled)
    begun = time.monotonic()
    caller.send(caller.sent[dialled])
    came = called.incoming()
    called.respond(came, 180, "Ringing")
    caller.wait_ringing(dialled)
    ms = 1000 * (time.monotonic() - begun)
    called.respond(came, 486, "Busy Here")
    answer = caller.final(dialled, "INVITE")
    assert status_of(answer) == 486 and field(answer, "Call-ID") == dialled
    caller.acknowledge_refusal(caller.sent[dialled], answer)
    time.sleep(PACE_SECONDS)
    return ms


def measured(level, calls):
    """Return (ms of each call, kB of the caller's node)."""
    with Town("levels", STREETS) as town:
        for node in town.nodes:
            node.media_options = []
            node.node_options = ["list trusted 10.0.0.0/8"]
        town.nodes[0].media_options = ["config privacy", f"option level '{level}'"]
        town.start()
        town.wait_reach(seconds=PATIENCE)
        house = town.nodes[0]
        wait_until(lambda: len(house.ask("mesh")["edges"]) == len(STREETS), "all edges", PATIENCE)
        one = Handset(town.phone_host(0), town.nodes[0], "u0").register()
        two = Handset(town.phone_host(1), town.nodes[1], "u1").register()
        try:
            wait_until(lambda: "u1" in [row["display"] for row in house.who()], "u1", PATIENCE)
            rung(one, two)
            times = [rung(one, two) for _ in range(calls)]
            return times, resident_kb(house.process.pid)
        finally:
            one.close()
            two.close()


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--calls", type=int, default=20, help="at each level")
    given = parser.parse_args()
    reason = netns.why_unavailable()
    if reason:
        raise SystemExit(reason)
    straight = None
    for level, words in enumerate(("straight", "one relay", "three relays")):
        times, memory = measured(level, given.calls)
        median = statistics.median(times)
        straight = median if straight is None else straight
        print(f"{words:12} rings after {median:4.0f} ms in the median ({median - straight:+4.0f}), "
              f"{max(times):4.0f} at most; the node has {memory} kB")  # fmt: skip


if __name__ == "__main__":
    main()
