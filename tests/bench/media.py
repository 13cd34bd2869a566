"""What a relayed packet costs: bellhop's library beside rtpengine, in one run.

    python3 -m tests.bench.media [--calls 10,50,200,500] [--seconds 3] [--rounds 3]
                                 [--system-srtp] [--json FILE]

CPU nanoseconds per relayed packet of the whole relay process, on one core, the load generator
on another; packets of 160 bytes, 50 a second each way per call. The relays take turns; each figure
is the median of its rounds, and each ratio the median of the rounds' ratios, so that what else
the machine does weighs little. Without rtpengine only bellhop's own figures are printed.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import namedtuple
from pathlib import Path

from tests.bench.media_relays import HOST, SUITES, Bellhop, Rtpengine, pinned

HERE = Path(__file__).resolve().parent
NATIVE = HERE.parent.parent / "native"
OUT = NATIVE / ".build" / "bench"
BINDING = OUT / "media_abi.py"
FIRST_PORT = 10000
# A run to which the generator could not offer this part of its packets is tried again.
OFFERED, TRIES = 0.98, 3
STEPS = ("receive", "crypto", "send")
RELAY_CORE, LOAD_CORE = 0, (os.cpu_count() or 1) - 1
# Goals of TARGETS.md: bellhop with SRTP, divided by rtpengine RTP to SRTP; by nap in microseconds.
GOALS = {2000: {10: 0.80, 50: 0.40, 200: 0.50, 500: 0.65}, 5000: {10: 0.40}}

# suite: a key of SUITES or None; nap: microseconds, 0 when woken per packet, None for rtpengine.
Relay = namedtuple("Relay", "suite nap")
RTPENGINE = [Relay(suite, None) for suite in (None, *SUITES)]
BELLHOP = [Relay(None, 2000)]
BELLHOP += [Relay(suite, nap) for suite in SUITES for nap in (0, 2000, 5000)]


def title(relay):
    """Return a relay's name in the table."""
    if relay.nap is None:
        return "rtpengine, RTP to " + (f"SRTP, {relay.suite}" if relay.suite else "RTP")
    nap = f"{relay.nap // 1000} ms" if relay.nap else "woken per packet"
    return f"bellhop, {relay.suite or 'RTP to RTP'}, {nap}"


def start(relay, library="libbellhop_media.so"):
    """Return a relay that runs."""
    if relay.nap is None:
        return Rtpengine(RELAY_CORE, relay.suite)
    return Bellhop(RELAY_CORE, str(OUT / library), str(BINDING), relay.nap, relay.suite)


def build(system_srtp):
    """Build library, load generator and binding; libsrtp over OpenSSL, or the system's."""
    command = ["make", "-s", "-f", HERE / "media.mk", f"OUT={OUT}"]
    if not system_srtp:
        srtp = NATIVE / ".build" / "srtp"
        subprocess.run([NATIVE / "build-srtp", srtp], check=True, stdout=sys.stderr)
        command += [f"SRTP={srtp}"]
    subprocess.run(command, check=True)
    subprocess.run([sys.executable, NATIVE / "binding.py", BINDING], check=True, stdout=sys.stderr)


def measure_whole(relay, count, seconds):
    """Return the figures of a run for which the machine had time, or of the best try."""
    tries = []
    while len(tries) < TRIES and not (tries and tries[-1]["offered"] >= OFFERED):
        running = start(relay)
        try:
            tries.append(measure(running, count, seconds))
        finally:
            running.close()
    return max(tries, key=lambda figures: figures["offered"])


def measure(relay, count, seconds):
    """Return one run's figures: CPU ns per packet, packets, loss, latency."""
    calls = [(FIRST_PORT + 4 * i, FIRST_PORT + 4 * i + 2) for i in range(count)]
    with tempfile.NamedTemporaryFile("w", suffix=".calls") as file:
        file.write("\n".join(relay.open_calls(calls)) + "\n")
        file.flush()
        load = subprocess.Popen(
            pinned(LOAD_CORE, [OUT / "media_load", file.name, str(seconds), HOST]),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert load.stdout.readline() == "start\n"
        before = relay.cpu_ns()
        assert load.stdout.readline() == "stop\n"
        used = relay.cpu_ns() - before
        figures = json.loads(load.stdout.readline())
        load.wait(timeout=10)
    figures["offered"] = figures["sent"] / (count * 100 * seconds)
    figures["missing"] = figures["sent"] - figures["received"]
    figures["core"] = used / (seconds * 1e9)
    figures["ns"] = used / max(figures["received"], 1)
    return figures


def measure_floor(suite, count, seconds):
    """Return receive, crypto and send in ns per packet, where the relay calls them and warm.

    The whole of that run comes with it: what measuring costs is in both.
    """
    relay = start(Relay(suite, 2000), "libbellhop_media_floor.so")
    try:
        relay.floor()
        whole = measure(relay, count, seconds)["ns"]
        sums = relay.floor()
    finally:
        relay.close()
    own = {step: sums[2 * index] / sums[1] for index, step in enumerate(STEPS)}
    command = pinned(RELAY_CORE, [OUT / "media_hot", str(SUITES[suite].number)])
    hot = json.loads(subprocess.check_output(command))
    own_ns, hot_ns = sum(own.values()), sum(hot.values())
    warm = {"warm " + step: hot[step] for step in STEPS}
    return {**own, **warm, "own": whole / own_ns, "hot_ns": hot_ns}


def median(runs):
    """Return the median of each figure; what counts packets of all runs is added up."""
    figures = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    for name in {"sent", "missing"} & set(figures):
        figures[name] = sum(run[name] for run in runs)
    return figures


def take_turns(names, count, options):
    """Return the runs of each relay and, by suite, of each floor."""
    runs = {relay: [] for relay in names}
    floors = {suite: [] for suite in SUITES}
    for _ in range(options.rounds):
        for relay in names:
            runs[relay].append(measure_whole(relay, count, options.seconds))
        for relay, figures in runs.items():
            if Relay(relay.suite, None) in runs:
                figures[-1]["ratio"] = figures[-1]["ns"] / runs[Relay(relay.suite, None)][-1]["ns"]
        for suite, figures in floors.items():
            figures.append(measure_floor(suite, count, options.seconds))
            figures[-1]["hot"] = runs[Relay(suite, 2000)][-1]["ns"] / figures[-1]["hot_ns"]
    return runs, floors


def row(name, cells):
    """Print one row of the table."""
    print("%-46s" % name + "".join("%18s" % cell for cell in cells))


def show_costs(table):
    """Print CPU time per packet, and what kept a run from being whole."""
    row("CPU ns per packet", ["%d calls" % count for count in table])
    for relay in next(iter(table.values())):
        all_figures = [rows[relay] for rows in table.values()]
        row(title(relay), ["%d" % figures["ns"] for figures in all_figures])
        offered = [figures["offered"] for figures in all_figures]
        if min(offered) < OFFERED:
            row("  offered, for want of CPU", ["%d %%" % (100 * part) for part in offered])
    print()
    for relay in next(iter(table.values())):
        if relay.nap is None:
            continue
        latencies = [(rows[relay]["p50_us"], rows[relay]["p99_us"]) for rows in table.values()]
        row("p50/p99 us, " + title(relay), ["%d/%d" % pair for pair in latencies])
    print()


def show_ratios(table):
    """Print each relay divided by rtpengine with the same suite, beside the goals."""
    for relay in next(iter(table.values())):
        if relay.nap is None or "ratio" not in next(iter(table.values()))[relay]:
            continue
        cells = []
        for count, rows in table.items():
            goal = GOALS.get(relay.nap, {}).get(count) if relay.suite else None
            cells.append("%.2f" % rows[relay]["ratio"] + (f" (goal {goal:.2f})" if goal else ""))
        row(title(relay) + " / rtpengine", cells)
    print()


def show_floors(floors):
    """Print what cannot be done without, measured in the relay and with warm caches."""
    for suite in SUITES:
        figures = [by_suite[suite] for by_suite in floors.values()]
        for name, prefix in ((f"{suite}: receive + crypto + send", ""), ("  warm caches", "warm ")):
            row(name, ["+".join("%d" % one[prefix + step] for step in STEPS) for one in figures])
        row("  2 ms / own floor (goal 1.15)", ["%.2f" % one["own"] for one in figures])
        row("  2 ms / warm floor (200: goal 2.0)", ["%.2f" % one["hot"] for one in figures])
    print()


def show_losses(table):
    """Print what became of the packets of secure calls on one core."""
    for count, rows in table.items():
        for suite in SUITES:
            figures = rows[Relay(suite, 2000)]
            print(
                "%d secure calls on one core, %s: %d of %d packets lost, %.0f %% of the core"
                % (count, suite, figures["missing"], figures["sent"], 100 * figures["core"])
            )


def main():
    parser = argparse.ArgumentParser(description="Media relays side by side.")
    parser.add_argument("--calls", default="10,50,200,500")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--system-srtp", action="store_true", help="not the libsrtp over OpenSSL of native/"
    )
    parser.add_argument("--json", help="file for all figures")
    options = parser.parse_args()
    build(options.system_srtp)
    names = BELLHOP
    if shutil.which("rtpengine"):
        names = RTPENGINE + BELLHOP
    else:
        print("rtpengine is not installed: no ratios")
    table, floors = {}, {}
    for count in map(int, options.calls.split(",")):
        print(f"measuring {count} calls", file=sys.stderr)
        runs, by_suite = take_turns(names, count, options)
        table[count] = {relay: median(figures) for relay, figures in runs.items()}
        floors[count] = {suite: median(figures) for suite, figures in by_suite.items()}
    show_costs(table)
    show_ratios(table)
    show_floors(floors)
    show_losses(table)
    if options.json:
        named = {
            count: {title(relay): figures for relay, figures in rows.items()}
            for count, rows in table.items()
        }
        Path(options.json).write_text(json.dumps({"table": named, "floors": floors}, indent=1))


if __name__ == "__main__":
    main()
