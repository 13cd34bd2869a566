"""What a server costs: CPU time and memory of a process and its children, from /proc."""

from pathlib import Path


def tree(pid):
    """Return the pids of a process and of all that descend from it."""
    found = [pid]
    for one in found:
        for task in Path("/proc/%d/task" % one).glob("*/children"):
            found += [int(child) for child in task.read_text().split()]
    return found


def cpu_seconds(pid):
    """Return the time on a processor of all threads of a process tree: the scheduler's nanoseconds.

    The clock ticks of /proc/PID/stat are 10 ms and fall where they fall.
    """
    total = 0
    for one in tree(pid):
        for task in Path("/proc/%d/task" % one).glob("*/schedstat"):
            total += int(task.read_text().split()[0])
    return total / 1e9


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
