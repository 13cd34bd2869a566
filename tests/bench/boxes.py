"""What a box costs: time to find one of a thousand, to open it, until it rings, memory.

    python -m tests.bench.boxes [--calls 20] [--boxes 1000]

Ten real nodes in namespaces; the owner listens over three relays at two of them. The design asks
for a box found in 50 ms of 1,000 and callable in 2 s.
"""

import argparse
import hashlib
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from bellhop.mesh import boxes  # noqa: E402
from bellhop.mesh.node import Mesh, MeshSettings  # noqa: E402
from bellhop.shell.mesh import identity  # noqa: E402
from tests.bench.mesh import resident_kb  # noqa: E402
from tests.bench.privacy import PATIENCE, rung  # noqa: E402
from tests.mesh.handset import Handset  # noqa: E402
from tests.mesh.town import Town, wait_until  # noqa: E402
from tests.support import netns  # noqa: E402

STREETS = [(at, at + 1) for at in range(9)] + [(0, 9), (1, 5), (2, 7), (4, 8)]
CALLER, OWNER = 0, 9


def found(count):
    """Return ms in which a node finds one of so many boxes, for the first time and again."""
    crypto = identity.crypto()
    random = lambda size: hashlib.shake_128(b"%d" % time.perf_counter_ns()).digest(size)  # noqa: E731
    mesh = Mesh(bytes(32), 1, random, crypto, MeshSettings("one", "home"), 0)
    prekey = mesh.circuits.prekeys.told()
    seeds = [hashlib.sha256(b"box %d" % number).digest() for number in range(count)]
    for number, seed in enumerate(seeds):
        content = boxes.Found([(mesh.id, bytes(16))] * 2, prekey)
        mesh.publish_box(boxes.write(crypto, seed, random(8), content), number)
    mesh.directory.refresh()
    times = []
    for seed in (seeds[count // 2],) * 2:
        begun = time.perf_counter()
        assert mesh.boxes.find(crypto.public_key(seed))
        times.append(1000 * (time.perf_counter() - begun))
    return times


def rung_by_box(calls):
    """Return (ms until it rings, for each call; s until the box is open; kB of the owner's node).

    The last is a pair: before the box and with it.
    """
    with Town("boxes", STREETS) as town:
        for node in town.nodes:
            node.media_options = []
            node.node_options = ["list trusted 10.0.0.0/8"]
        town.start()
        town.wait_reach(seconds=PATIENCE)
        owner = town.nodes[OWNER]
        before = resident_kb(owner.process.pid)
        owner.media_options += ["config box", "option name 'work'", "option user 'u9'",
                                "option calls_per_hour '3600'"]  # fmt: skip
        Path(owner.folder, "bellhop").write_text(owner.configuration())
        begun = time.monotonic()
        owner.ask("reload")
        known = town.nodes[CALLER].ask("status")["counters"]["mesh"]["records"]
        wait_until(lambda: owner.ask("boxes")["boxes"][0]["state"] == "open", "it is open")
        wait_until(
            lambda: town.nodes[CALLER].ask("status")["counters"]["mesh"]["records"] > known,
            "the caller's router knows its record",
        )
        opened = time.monotonic() - begun
        address = owner.ask("boxes")["boxes"][0]["address"]
        one = Handset(town.phone_host(CALLER), town.nodes[CALLER], "u0").register()
        two = Handset(town.phone_host(OWNER), owner, "u9").register()
        try:
            times = [rung(one, two, address) for _ in range(calls)]
            return times, opened, (before, resident_kb(owner.process.pid))
        finally:
            one.close()
            two.close()


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--boxes", type=int, default=1000, help="among which one is found")
    given = parser.parse_args()
    times = found(given.boxes)
    print(f"found among {given.boxes} in {times[0]:.1f} ms (50), again in {times[1]:.3f} ms")
    reason = netns.why_unavailable()
    if reason:
        raise SystemExit(reason)
    times, opened, (before, after) = rung_by_box(given.calls)
    print(f"open, its record at the caller's, {1000 * opened:.0f} ms after it was configured")
    print(f"rings after {statistics.median(times):.0f} ms in the median, {max(times):.0f} at most "
          f"(2,000); the owner's node has {after} kB, {before} without")  # fmt: skip


if __name__ == "__main__":
    main()
