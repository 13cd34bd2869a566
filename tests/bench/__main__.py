"""The signalling benchmark: bellhop beside other SIP servers, in one run.

    python -m tests.bench [--rounds 3] [--json FILE]     with QUICK=1: one minute, CPU time alone

CPU time is that of /proc/PID/task/*/schedstat. All servers stand side by side and are loaded in
turns, a slice each; what is quoted is the least of all slices, and ratios of these: other load on
the machine only ever adds, and to all alike. The other figures are medians of rounds, in which the
servers take turns. Every server runs on one core, sipp on the other, all on 127.0.0.1. Prints a
table, then the same as JSON.
"""

import argparse
import contextlib
import json
import os
import platform
import statistics
import sys
import tempfile
from collections import namedtuple
from pathlib import Path

from tests.bench.load import Trial
from tests.bench.peers import SERVERS
from tests.system.sipp import runner

# goals: bellhop's, from TARGETS, the first to reach and the next. kamailio: what TARGETS measured
# for it; Kamailio's figure here by that says how fast this machine is.
Measure = namedtuple("Measure", ("key", "title", "unit", "digits", "goals", "kamailio"))

MEASURES = (
    Measure("call_cpu", "CPU per 1,000 calls", "s", 3, (0.50, 0.30), 0.20),
    Measure("call_cpu_many", "the same with many registrations", "s", 3, (), None),
    Measure("register_cpu", "CPU per 1,000 registrations with digest", "s", 3, (0.15,), 0.10),
    Measure("clean_rate", "highest clean rate", "calls/s", 0, (1500, 2900), 2070),
    Measure("latency_p50", "set-up latency at 100 calls/s, p50", "us", 0, (150,), 73),
    Measure("latency_p95", "set-up latency at 100 calls/s, p95", "us", 0, (500,), 205),
    Measure("start", "start to first answered OPTIONS", "s", 3, (0.3,), None),
    Measure("idle", "memory idle", "MB", 1, (20,), None),
    Measure("registered", "memory with 100 registrations", "MB", 1, (), None),
    Measure("open", "memory with 1,000 registrations and open transactions", "MB", 1, (30,), None),
    Measure("calls", "memory during 100 calls", "MB", 1, (), None),
)

# How much of everything a run does.
Size = namedtuple(
    "Size",
    ("slices", "slice_seconds", "rounds", "call_seconds", "registrations", "latencies",
     "ramp_seconds", "step", "many"),
)  # fmt: skip
FULL = Size(12, 2, 3, 10, 200, 500, 3, 1.25, 10000)
QUICK = Size(3, 1, 0, 2, 100, 100, 1, 2.0, 0)


def sliced(kinds, size, folder):
    """Return server -> the least CPU time of calls and of registrations, of slices in turns."""
    least = {kind.name: {} for kind in kinds}
    with contextlib.ExitStack() as stack:
        trials = [stack.enter_context(Trial(k, tempfile.mkdtemp(dir=folder), 10)) for k in kinds]
        for trial in trials:
            trial.register(10)
        for number in range(size.slices):
            _say("slice %d of %d" % (number + 1, size.slices))
            for trial in trials:
                found = {"call_cpu": _again(trial.cpu_per_1000_calls, size.slice_seconds)}
                if trial.kind.registers:
                    cost = _again(trial.cpu_per_1000_registrations, size.registrations)
                    found["register_cpu"] = cost
                mine = least[trial.kind.name]
                for key in found:
                    mine[key] = min(mine.get(key, found[key]), found[key])
    return least


def one_round(kind, size, folder):
    """Return key -> figure of one server, but for those with many registrations."""
    found = {}
    with Trial(kind, tempfile.mkdtemp(dir=folder), 10) as trial:
        found["start"] = trial.start_seconds
        found["idle"] = trial.memory()
        trial.register(10)
        found["latency_p50"], found["latency_p95"] = trial.latency(size.latencies)
    with Trial(kind, tempfile.mkdtemp(dir=folder), 1000) as trial:
        trial.register(100)
        if kind.registers:
            found["registered"] = trial.memory()
        found["calls"] = trial.memory_in_calls(100)
        if kind.registers and size.many:
            trial.register(1000)
            found["open"] = trial.memory_while_ringing(500)
    return found


def highest_rate(kind, size, folder):
    """Return (highest clean rate, what ended the ramp)."""
    with Trial(kind, tempfile.mkdtemp(dir=folder), 10) as trial:
        trial.register(10)
        return trial.highest_clean_rate(size.ramp_seconds, size.step)


def many_registered(kind, size, folder):
    """Return the CPU seconds per 1,000 calls with many registrations."""
    with Trial(kind, tempfile.mkdtemp(dir=folder), size.many) as trial:
        trial.register(size.many)
        return trial.cpu_per_1000_calls(size.call_seconds)


def run(kinds, size, folder):
    """Return (server -> key -> figure, server -> what ended its ramp)."""
    figures, ends = sliced(kinds, size, folder), {}
    whole = [kind for kind in kinds if kind.is_whole and size.rounds]
    rounds = {kind.name: [] for kind in whole}
    for number in range(size.rounds):
        for kind in whole:
            _say("round %d of %d: %s" % (number + 1, size.rounds, kind.name))
            rounds[kind.name].append(_again(one_round, kind, size, folder))
    for kind in whole:
        each = rounds[kind.name]
        median = {key: statistics.median(found[key] for found in each) for key in each[0]}
        _say("highest rate: %s" % kind.name)
        median["clean_rate"], ends[kind.name] = highest_rate(kind, size, folder)
        if kind.registers and size.many:
            _say("%d registrations: %s" % (size.many, kind.name))
            median["call_cpu_many"] = many_registered(kind, size, folder)
        figures[kind.name].update(median)
    return figures, ends


def _again(measure, *arguments):
    """Return what `measure` gives; other load on the machine may have spoilt its first attempt."""
    try:
        return measure(*arguments)
    except AssertionError as failure:
        _say("once more: %s" % str(failure).partition("\n")[0])
        return measure(*arguments)


def _say(text):
    print(text, file=sys.stderr, flush=True)


def ratios(figures, ours="bellhop"):
    """Return peer -> key -> our figure divided by the peer's."""
    found = {}
    for name, theirs in figures.items():
        if name != ours:
            both = [key for key in theirs if theirs[key] and key in figures[ours]]
            found[name] = {key: round(figures[ours][key] / theirs[key], 2) for key in both}
    return found


def table(figures):
    """Return the lines of the table for people."""
    names = list(figures)
    divided = ratios(figures)
    lines = ["%-54s %-8s" % ("", "") + "".join("%10s %6s" % (name, "") for name in names)]
    lines[0] += "    goals (ratio to Kamailio's figure in TARGETS)"
    for measure in MEASURES:
        cells = ""
        for name in names:
            value = figures[name].get(measure.key)
            ratio = divided.get(name, {}).get(measure.key)
            cells += "%10s" % ("-" if value is None else "%.*f" % (measure.digits, value))
            cells += " %6s" % ("" if ratio is None else "(%.2f)" % ratio)
        lines.append("%-54s %-8s%s    %s" % (measure.title, measure.unit, cells, _goals(measure)))
    return lines


def _goals(measure):
    written = []
    for goal in measure.goals:
        by = " (%.2f)" % (goal / measure.kamailio) if measure.kamailio else ""
        written.append("%g%s" % (goal, by))
    return ", ".join(written)


def machine():
    """Return what the figures were measured on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def main():
    """Measure, print, and keep the JSON where it is asked for."""
    parser = argparse.ArgumentParser(description="what signalling costs, beside other servers")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    options = parser.parse_args()
    if runner.why_unavailable():
        sys.exit(runner.why_unavailable())
    size = QUICK if os.environ.get("QUICK") else FULL
    if options.rounds:
        size = size._replace(rounds=options.rounds)
    skipped = {k.name: k.why_unavailable() for k in SERVERS if k.why_unavailable()}
    kinds = [kind for kind in SERVERS if kind.name not in skipped]
    with tempfile.TemporaryDirectory(prefix="bellhop-bench-") as folder:
        figures, ends = run(kinds, size, folder)
    document = {
        "machine": machine(),
        "size": size._asdict(),
        "figures": figures,
        "ratios": ratios(figures),
        "goals": {measure.key: measure.goals for measure in MEASURES if measure.goals},
        "ramp_ended": ends,
        "skipped": skipped,
    }
    for line in table(figures):
        print(line)
    for name, reason in ends.items():
        print("ramp of %s: %s" % (name, reason))
    for name, reason in skipped.items():
        print("without %s: %s" % (name, reason))
    text = json.dumps(document, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
