"""Prints convergence and octets beside the targets: python -m tests.simulator 100 1000."""

import argparse
import gc
import resource
import sys
import time

from .world import World

# Seconds: update, partition, merge, cold boot; octets per node and minute.
TARGETS = {
    10: (None, None, None, None, 4500),
    100: (None, None, None, None, 9000),
    1000: (3.5, 5, 8, 15, 50000),
    5000: (6.5, 7, 10, 15, None),
}
FIGURES = ("update s", "partition s", "merge s", "cold boot s", "octets/node/min")
NAMES = {1: "hello", 2: "cookie", 3: "open", 4: "sealed"}


def elapsed(world, began, groups=None):
    """Return the seconds from `began` until all are alike for good."""
    end = world.converge(groups)
    return None if end is None else max(end - began, 0) / 1000


def measure(count, seed, minutes, is_warm):
    """Yield (name, figure) of one world as they come."""
    world = World(count, seed=seed)
    if is_warm:
        world.start_warm()
    else:
        yield "cold boot s", elapsed(world, world.start(1000))
    world.run(world.now + 20000)
    updates = []
    for _ in range(3):
        world.change(world.dice.randrange(count))
        updates.append(elapsed(world, world.now))
    yield "update s", None if None in updates else max(updates)
    world.run(world.now + 10000)
    cut, groups = world.split()
    yield "partition s", elapsed(world, world.now, groups)
    for group in groups[:2]:
        world.change(group[0])
    world.run(world.now + 30000)
    world.mend(cut)
    yield "merge s", elapsed(world, world.now)
    world.run(world.now + 20000)
    yield "octets/node/min", world.ordinary_minutes(minutes)
    shares = {
        NAMES.get(kind, kind): round(world.kinds[kind] / count / minutes) for kind in world.kinds
    }
    yield "of these", shares
    lost = sum(node.counters["over_budget"] + node.counters["gave_up"] for node in world.nodes)
    yield "over budget", lost
    yield "repairs", sum(node.counters["repairs"] for node in world.nodes)


def main():
    """Run the sizes named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulator")
    parser.add_argument("count", type=int, nargs="+")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=int, default=5)
    parser.add_argument("--warm", action="store_true", help="begin with all records known to all")
    options = parser.parse_args()
    gc.disable()
    for count in options.count:
        print("%d nodes, mean degree 8, 5 %% loss; the signer is a stand-in" % count)
        targets = dict(zip(FIGURES, TARGETS.get(count, (None,) * 5)))
        began = time.monotonic()
        for name, figure in measure(count, options.seed, options.minutes, options.warm):
            target = targets.get(name)
            verdict = ""
            if target is not None:
                verdict = "target %s: %s" % (target, _verdict(figure, target))
            shown = "%.1f" % figure if isinstance(figure, float) else figure
            print("  %-16s %10s  %s" % (name, shown, verdict), flush=True)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print("  took %.0f s, %d MB" % (time.monotonic() - began, peak), flush=True)
        gc.collect()


def _verdict(figure, target):
    return "met" if figure is not None and figure <= target else "MISSED"


if __name__ == "__main__":
    sys.exit(main())
