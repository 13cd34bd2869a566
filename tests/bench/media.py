"""What a relayed packet costs: bellhop's library beside rtpengine, in one run.

    python3 -m tests.bench.media [--calls 10,50,200,500] [--seconds 5] [--rounds 3]
                                 [--srtp FOLDER] [--json FILE]

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
from pathlib import Path

from tests.bench.media_relays import HOST, Bellhop, Rtpengine, pinned

HERE = Path(__file__).resolve().parent
NATIVE = HERE.parent.parent / "native"
OUT = NATIVE / ".build" / "bench"
FIRST_PORT = 10000
# Goals of TARGETS.md: bellhop with SRTP at 2 ms, divided by rtpengine RTP to SRTP.
GOALS = {10: 0.80, 50: 0.40, 200: 0.50, 500: 0.65}
ENGINE_CLEAR = "rtpengine, RTP to RTP"
ENGINE = "rtpengine, RTP to SRTP"
CLEAR = "bellhop, RTP to RTP, 2 ms"
PER_PACKET = "bellhop, SRTP, woken per packet"
COALESCED = "bellhop, SRTP, 2 ms"
COALESCED_5 = "bellhop, SRTP, 5 ms"


def build(srtp):
    """Build library, load generator and binding; return the binding's path."""
    command = ["make", "-s", "-f", HERE / "media.mk", f"OUT={OUT}"]
    subprocess.run(command + ([f"SRTP={srtp}"] if srtp else []), check=True)
    binding = OUT / "media_abi.py"
    subprocess.run([sys.executable, NATIVE / "binding.py", binding], check=True)
    return str(binding)


def relays(core, binding):
    """Return what starts each relay, by its name in the table."""
    library = str(OUT / "libbellhop_media.so")
    found = {}
    if shutil.which("rtpengine"):
        found[ENGINE_CLEAR] = lambda: Rtpengine(core, False)
        found[ENGINE] = lambda: Rtpengine(core, True)
    found[CLEAR] = lambda: Bellhop(core, library, binding, 2000, False)
    found[PER_PACKET] = lambda: Bellhop(core, library, binding, 0, True)
    found[COALESCED] = lambda: Bellhop(core, library, binding, 2000, True)
    found[COALESCED_5] = lambda: Bellhop(core, library, binding, 5000, True)
    return found


def measure(relay, count, seconds, core):
    """Return one run's figures: CPU ns per packet, loss, latency."""
    calls = [(FIRST_PORT + 4 * i, FIRST_PORT + 4 * i + 2) for i in range(count)]
    with tempfile.NamedTemporaryFile("w", suffix=".calls") as file:
        file.write("\n".join(relay.open_calls(calls)) + "\n")
        file.flush()
        load = subprocess.Popen(
            pinned(core, [OUT / "media_load", file.name, str(seconds), HOST]),
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
    figures["lost"] = 1 - figures["received"] / figures["sent"]
    figures["ns"] = used / figures["received"]
    return figures


def measure_floor(core, binding, count, seconds, load_core):
    """Return receive, crypto and send in ns per packet, measured where the relay calls them.

    The whole of that run comes with it: what measuring costs is in both.
    """
    relay = Bellhop(core, str(OUT / "libbellhop_media_floor.so"), binding, 2000, True)
    try:
        relay.floor()
        whole = measure(relay, count, seconds, load_core)["ns"]
        sums = relay.floor()
    finally:
        relay.close()
    receive, crypto, send = (sums[2 * step] / sums[1] for step in range(3))
    return {"receive": receive, "crypto": crypto, "send": send, "whole": whole}


def median(runs):
    """Return the median of each figure."""
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def run_all(options, binding):
    """Return {calls: {relay: figures}} with the floor under the key "floor"."""
    relay_core, load_core = 0, (os.cpu_count() or 1) - 1
    starts = relays(relay_core, binding)
    table = {}
    for count in options.calls:
        runs = {name: [] for name in starts}
        floors = []
        for _ in range(options.rounds):
            for name, start in starts.items():
                relay = start()
                try:
                    runs[name].append(measure(relay, count, options.seconds, load_core))
                finally:
                    relay.close()
            for figures in runs.values():
                if ENGINE in runs:
                    figures[-1]["ratio"] = figures[-1]["ns"] / runs[ENGINE][-1]["ns"]
            floors.append(measure_floor(relay_core, binding, count, options.seconds, load_core))
        table[count] = {name: median(figures) for name, figures in runs.items()}
        table[count]["floor"] = median(floors)
    return table


def row(name, cells):
    """Print one row of the table."""
    print("%-36s" % name + "".join("%16s" % cell for cell in cells))


def show(table, hot):
    """Print the table of TARGETS.md and the ratios to its goals."""
    row("CPU ns per packet", ["%d calls" % count for count in table])
    for name in next(iter(table.values())):
        if name != "floor":
            row(name, ["%d" % figures[name]["ns"] for figures in table.values()])
            lost = [figures[name]["lost"] for figures in table.values()]
            if max(lost) > 0.0005:
                row("  lost", ["%.2f %%" % (100 * part) for part in lost])
            offered = [figures[name]["offered"] for figures in table.values()]
            if min(offered) < 0.99:
                row("  offered, for want of CPU", ["%d %%" % (100 * part) for part in offered])
    floors = [figures["floor"] for figures in table.values()]
    steps = [(floor["receive"], floor["crypto"], floor["send"]) for floor in floors]
    row("own receive + crypto + send", ["%d+%d+%d" % three for three in steps])
    row("hot receive + crypto + send", ["%d+%d+%d" % tuple(hot)])
    print()
    if ENGINE in next(iter(table.values())):
        for name in (PER_PACKET, COALESCED, COALESCED_5):
            ratios = [rows[name]["ratio"] for rows in table.values()]
            row(name + " / rtpengine", ["%.2f" % ratio for ratio in ratios])
        row("goal at 2 ms", ["%.2f" % GOALS[c] if c in GOALS else "-" for c in table])
    ratios = [floor["whole"] / sum(three) for floor, three in zip(floors, steps)]
    row("2 ms / own floor (goal 1.15)", ["%.2f" % ratio for ratio in ratios])
    ratios = [rows[COALESCED]["ns"] / sum(hot) for rows in table.values()]
    row("2 ms / hot floor (200: goal 2.0)", ["%.2f" % ratio for ratio in ratios])
    for name in (PER_PACKET, COALESCED, COALESCED_5):
        latencies = [(rows[name]["p50_us"], rows[name]["p99_us"]) for rows in table.values()]
        row("latency p50/p99 us, " + name.split(", ")[-1], ["%d/%d" % pair for pair in latencies])


def main():
    parser = argparse.ArgumentParser(description="Media relays side by side.")
    parser.add_argument("--calls", default="10,50,200,500")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--srtp", help="folder of build-srtp; default: the system's libsrtp")
    parser.add_argument("--json", help="file for all figures")
    options = parser.parse_args()
    options.calls = [int(count) for count in options.calls.split(",")]
    binding = build(options.srtp)
    hot = json.loads(subprocess.check_output([OUT / "media_hot"]))
    hot = [hot["receive"], hot["crypto"], hot["send"]]
    table = run_all(options, binding)
    show(table, hot)
    if options.json:
        Path(options.json).write_text(json.dumps({"table": table, "hot": hot}, indent=1))


if __name__ == "__main__":
    main()
