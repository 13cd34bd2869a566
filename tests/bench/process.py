"""What a server costs: CPU time and memory of a process and its children, from /proc."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def tree(pid):
    """Return the pids of a process and of all that descend from it."""
    found = [pid]
    for one in found:
        for task in Path("/proc/%d/task" % one).glob("*/children"):
            found += [int(child) for child in task.read_text().split()]
    return found


def cpu_seconds(pid):
    """Return user and system time of a process tree, with that of children that have ended."""
    total = 0
    for one in tree(pid):
        fields = Path("/proc/%d/stat" % one).read_text().rpartition(")")[2].split()
        total += sum(int(field) for field in fields[11:15])
    return total / TICKS


def memory_mb(pid):
    """Return the resident memory of a process tree; pages that it shares within count once."""
    processes = tree(pid)
    name = "Rss" if len(processes) == 1 else "Pss"
    total = 0
    for one in processes:
        for line in Path("/proc/%d/smaps_rollup" % one).read_text().splitlines():
            if line.startswith(name + ":"):
                total += int(line.split()[1])
    return total / 1024
