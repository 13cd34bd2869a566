"""Real nodes in namespaces against the targets of the mesh, beside babeld on the same cables.

    python -m tests.bench.mesh [--json FILE]        QUICK=1: one small town, about three minutes

Each town of 8 or 20 nodes is a line, ring or grid of bridges. Both are asked the same: when does
the first node reach all others after the last daemon is up, how long is the way lost when a cable
is unplugged or falls silent while another way is there, how long do two islands take to become one.
bellhop is asked for its routes over its control socket, each 10 ms; babeld is asked with datagrams
from the first node to the loopback addresses of the others, each 10 ms, as its users feel it.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from bellhop.mesh.database import key_of  # noqa: E402
from bellhop.mesh.node import Mesh, MeshSettings  # noqa: E402
from bellhop.mesh.own import Own  # noqa: E402
from bellhop.mesh.phonebook import Served  # noqa: E402
from tests.lite.crowd import Crowd  # noqa: E402
from tests.mesh.town import Node, Town, grid, line, ring  # noqa: E402
from tests.support import netns  # noqa: E402
from tests.system.sipp import runner  # noqa: E402

TOWNS = {
    "line of 8": line(8),
    "ring of 8": ring(8),
    "grid of 8": grid(4, 2),
    "line of 20": line(20),
    "ring of 20": ring(20),
    "grid of 20": grid(5, 4),
}
FAST_TOWN = "ring of 8"
QUICK_TOWNS = (FAST_TOWN,)
POLL_SECONDS = 0.01
LIMIT_SECONDS = 60
# Timers that a change has wound up are at rest after this time.
REST, QUICK_REST = 16, 2
TRAFFIC, QUICK_TRAFFIC = 30, 15
RECORDS, RECORDS_KEPT = 4096, 1000
PROBE_PORT = 7777
TARGETS = {
    "ready": "1 s (8 nodes)",
    "carrier lost": "0.2 s",
    "silent": "7.5 s",
    "silent, hello 1": "4 s",
    "merge, carrier": "0.5 s",
    "merge, silent": "2.5 s",
    "B/node/min": "4,500 (10 nodes)",
    "memory": "24 MB (see below)",
}


def timed(true):
    """Return the seconds until true(), or None past the limit."""
    begun = time.monotonic()
    while not true():
        if time.monotonic() - begun > LIMIT_SECONDS:
            return None
        time.sleep(POLL_SECONDS)
    return time.monotonic() - begun


class Bellhop:
    """The nodes of a town as processes of bellhop."""

    name = "bellhop"

    def __init__(self, town, hello_seconds=None):
        self.town = town
        self.keys = []
        for node in town.nodes if hello_seconds else ():
            node.mesh_options.append(f"option hello_ms '{1000 * hello_seconds}'")

    def start(self):
        """Start all and return when the last one is up."""
        self.town.start()
        self.keys = [node.key() for node in self.town.nodes]

    def reaches(self, here, there):
        """Tell whether a node reaches all of some others, over cables that are there."""
        rows = self.town.nodes[here].reached()
        return all(self.town.nodes[number].name in rows for number in there)

    def first_step(self, here, there):
        """Return the number of the neighbour over which a node is reached, or None."""
        rows = self.town.nodes[here].reached()
        row = rows.get(self.town.nodes[there].name)
        names = {r["node"]: r["name"] for r in rows.values()}
        return None if row is None else int(names.get(row["via"], "node-1")[4:])

    def avoids(self, here, there, number):
        """Tell whether both reach each other, and not over that neighbour of `here`."""
        if self.first_step(here, there) in (None, number):
            return False
        edge = {self.keys[here], self.keys[number]}
        graph = self.town.nodes[there].ask("mesh")
        return all(set(one[:2]) != edge for one in graph["edges"])

    def memory_kb(self):
        """Return the memory of the largest process."""
        return max(resident_kb(node.process.pid) for node in self.town.nodes)

    def stop(self):
        """End all processes."""
        for node in self.town.nodes:
            node.stop()


class Babeld:
    """The same namespaces with babeld; each node announces an address of its loopback."""

    name = "babeld"

    def __init__(self, town, hello_seconds=None):
        self.town = town
        self.options = ["-H", str(hello_seconds)] if hello_seconds else []
        self.processes = []
        self.ears = []
        self.mouths = {}

    def start(self):
        """Start all and return when the last one has its socket."""
        for node in self.town.nodes:
            address = self.address(node.number)
            netns.ip("-n", node.host.namespace, "addr", "add", address + "/32", "dev", "lo")
            node.host.popen(["sysctl", "-qw", "net.ipv4.ip_forward=1"]).wait()
            ear = node.host.socket(socket.AF_INET, socket.SOCK_DGRAM)
            ear.bind((address, PROBE_PORT))
            ear.setblocking(False)
            self.ears.append(ear)
            mouth = self.mouths[node.number] = node.host.socket(socket.AF_INET, socket.SOCK_DGRAM)
            mouth.bind((address, 0))
            mouth.setblocking(False)
        for node in self.town.nodes:
            os.makedirs(node.folder, exist_ok=True)
            words = ["babeld", "-I", node.folder + "/pid", "-S", node.folder + "/babel-state"]
            words += ["-C", f"redistribute local ip {self.address(node.number)}/32 allow"]
            words += ["-C", "redistribute local deny", *self.options]
            words += [f"eth{index}" for index in range(len(node.towards))]
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            self.processes.append(node.host.popen(words, **quiet))
        for node in self.town.nodes:
            timed(lambda path=node.folder + "/pid": os.path.exists(path))

    @staticmethod
    def address(number):
        return f"10.7.0.{number + 1}"

    def reaches(self, here, there):
        """Tell whether a datagram gets from a node to each of some others, and back."""
        return all(self._passes(here, one) and self._passes(one, here) for one in there)

    def _passes(self, here, there):
        mark = os.urandom(8)
        with contextlib.suppress(OSError):
            self.mouths[here].sendto(mark, (self.address(there), PROBE_PORT))
        until = time.monotonic() + 0.005
        while time.monotonic() < until:
            with contextlib.suppress(BlockingIOError):
                if self.ears[there].recv(64) == mark:
                    return True
        return False

    def avoids(self, here, there, number):
        """Tell whether a node is reached; over a dead neighbour it is not."""
        return self.reaches(here, [there])

    def first_step(self, here, there):
        """Return the number of the neighbour over which the kernel sends to a node."""
        namespace = self.town.nodes[here].host.namespace
        try:
            found = netns.ip("-n", namespace, "route", "get", self.address(there))
        except OSError:  # no route
            return None
        via = found.split(" via ")[1].split()[0] if " via " in found else ""
        for other in self.town.nodes[here].towards:
            if self.town.nodes[other].towards[here] == via:
                return other
        return there if there in self.town.nodes[here].towards else None

    def memory_kb(self):
        """Return the memory of the largest process."""
        return max(resident_kb(process.pid) for process in self.processes)

    def stop(self):
        """End all processes."""
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait()
        for one in self.ears + list(self.mouths.values()):
            one.close()


def sent_octets(town):
    """Return the octets of all frames that all nodes have sent on streets."""
    total = 0
    for node in town.nodes:
        streets = {f"eth{index}" for index in range(len(node.towards))}
        for row in json.loads(netns.ip("-n", node.host.namespace, "-j", "-s", "link")):
            if row["ifname"] in streets:
                total += row["stats64"]["tx"]["bytes"]
    return total


def resident_kb(pid):
    """Return the resident memory of a process."""
    with open(f"/proc/{pid}/status") as file:
        (row,) = [line for line in file if line.startswith("VmRSS")]
    return int(row.split()[1])


def both_ends(town, streets, word):
    """Pull or plug the cables of streets at both ends."""
    for street in streets:
        for ends in (town.cables, town.far_ends):
            getattr(ends[street], word)()


def one_end(town, streets, word):
    """Take streets off their bridges, or put them back: no carrier tells of it."""
    for street in streets:
        getattr(town.cables[street], word)()


BREAKS = {"carrier": (both_ends, "cut", "mend"), "silence": (one_end, "silence", "unsilence")}


def lost_way(kind, there, how, rest):
    """Return the seconds without a way from node 0 after the street in use has broken."""
    act, break_it, mend_it = BREAKS[how]
    step = kind.first_step(0, there)
    act(kind.town, [(0, step)], break_it)
    lost = timed(lambda: kind.avoids(0, there, step))
    act(kind.town, [(0, step)], mend_it)
    time.sleep(rest)
    return lost


def merge(kind, streets, how, rest):
    """Return the seconds until two islands that are joined again are one."""
    act, break_it, mend_it = BREAKS[how]
    count = len(kind.town.nodes)
    act(kind.town, streets, break_it)
    timed(lambda: kind.first_step(0, count - 1) is None)
    time.sleep(rest)
    begun = time.monotonic()
    act(kind.town, streets, mend_it)
    took = timed(lambda: kind.reaches(0, range(1, count)) and kind.reaches(count - 1, [0]))
    mended = time.monotonic() - begun
    time.sleep(rest)
    return None if took is None else mended


def measure(kind, streets, rest, traffic):
    """Return {figure: value} of one town under one program."""
    count = len(kind.town.nodes)
    kind.start()
    figures = {"ready": timed(lambda: kind.reaches(0, range(1, count)))}
    time.sleep(rest)
    if streets != line(count):
        far = count // 2 if streets == ring(count) else count - 1
        figures["carrier lost"] = lost_way(kind, far, "carrier", rest)
        figures["silent"] = lost_way(kind, far, "silence", rest)
    half = count // 2
    between = [street for street in streets if (street[0] < half) != (street[1] < half)]
    figures["merge, carrier"] = merge(kind, between, "carrier", rest)
    figures["merge, silent"] = merge(kind, between, "silence", rest)
    time.sleep(REST - rest)  # Even a quick run counts a mesh at rest, not the end of a merge.
    before = sent_octets(kind.town)
    time.sleep(traffic)
    figures["B/node/min"] = (sent_octets(kind.town) - before) * 60 / traffic / count
    figures["memory"] = kind.memory_kb() / 1024
    return figures


def silence_with_fast_hellos(kind, streets, rest):
    """Return the seconds without a way after a silent break, where hellos come each second."""
    kind.start()
    timed(lambda: kind.reaches(0, range(1, len(kind.town.nodes))))
    time.sleep(rest)
    return lost_way(kind, len(kind.town.nodes) // 2, "silence", 0)


def look_ups():
    """Return the 99th percentile (seconds) of the look-up of a name among 4,096 records."""
    names = [b"name%d" % number for number in range(RECORDS)]
    mesh = Mesh(bytes(32), 1, os.urandom, Unsigned, MeshSettings(), 0)
    for name in names:
        own = Own(os.urandom(32), 1, MeshSettings())
        own.users = [Served(name, b"", name, (), True)]
        for raw in own.write(lambda data: bytes(64), 0):
            mesh.database.store(raw, b"", 0)
            mesh.directory.note(key_of(raw))
    mesh.directory.refresh()
    times = []
    for name in names:
        begun = time.perf_counter()
        found = mesh.find(name)
        times.append(time.perf_counter() - begun)
        assert len(found) == 1
    return statistics.quantiles(times, n=100)[-1]


def memory_with_records():
    """Return the resident memory (MB) of a whole node, alone and with RECORDS_KEPT records."""
    sip, http, node_port, crowd_port = runner.free_ports(4)
    with tempfile.TemporaryDirectory() as folder:
        node = Node(0, netns.Here(), folder)
        node.node_options = [
            "list listen '127.0.0.1'", f"option sip_port '{sip}'", f"option http_port '{http}'",
        ]  # fmt: skip
        node.mesh_options = [
            f"option port '{node_port}'", "list interface 'none'",
            f"list peer '127.0.0.1:{crowd_port}'",
        ]  # fmt: skip
        node.start()
        try:
            timed(node.is_up)
            alone = resident_kb(node.process.pid)
            with Crowd(RECORDS_KEPT, crowd_port, node_port):
                assert timed(lambda: records_of(node) >= RECORDS_KEPT) is not None
                node.ask("phonebook")  # It reads all records into the index of names.
            return alone / 1024, resident_kb(node.process.pid) / 1024
        finally:
            node.stop()


def records_of(node):
    """Return how many records a node has."""
    return node.ask("status")["counters"]["mesh"]["records"]


class Unsigned:
    """Stands for the cryptography: a look-up does none."""

    @staticmethod
    def public_key(seed):
        return seed

    secret = base = public_key

    @staticmethod
    def sign(seed, data):
        return bytes(64)

    @staticmethod
    def verify(key, data, signature):
        return True


def shown(figure, value):
    """Return a figure as text."""
    if value is None:
        return "-"
    if figure == "B/node/min":
        return f"{value:,.0f}"
    return f"{value:.1f} MB" if figure == "memory" else f"{value:.2f} s"


def measured(kind_class, name, rest, traffic):
    """Return the figures of one town under one program."""
    with Town("bench", TOWNS[name]) as town:
        kind = kind_class(town)
        try:
            figures = measure(kind, TOWNS[name], rest, traffic)
        finally:
            kind.stop()
    if name != FAST_TOWN:
        return figures
    with Town("bench", TOWNS[name]) as town:
        kind = kind_class(town, hello_seconds=1)
        try:
            figures["silent, hello 1"] = silence_with_fast_hellos(kind, TOWNS[name], rest)
        finally:
            kind.stop()
    return figures


def print_town(town, kinds):
    """Print one row for each figure of a town."""
    for figure, target in TARGETS.items():
        if figure in kinds["bellhop"]:
            cells = [shown(figure, kinds.get(k, {}).get(figure)) for k in ("bellhop", "babeld")]
            print(f"{town:12} {figure:16} {target:20} {cells[0]:>12} {cells[1]:>12}", flush=True)


def main():
    """Measure the towns, print the table, write the JSON."""
    quick = bool(os.environ.get("QUICK"))
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--town", choices=list(TOWNS), action="append", help="only this one")
    arguments = parser.parse_args()
    reason = netns.why_unavailable()
    if reason:
        print("skipped:", reason)
        return 0
    kinds = [Bellhop] + ([Babeld] if shutil.which("babeld") else [])
    if len(kinds) == 1:
        print("no babeld (Debian package babeld): bellhop alone")
    rest, traffic = (QUICK_REST, QUICK_TRAFFIC) if quick else (REST, TRAFFIC)
    results = {}
    print(f"{'town':12} {'figure':16} {'target':20} {'bellhop':>12} {'babeld':>12}", flush=True)
    for name in arguments.town or (QUICK_TOWNS if quick else TOWNS):
        results[name] = {kind.name: measured(kind, name, rest, traffic) for kind in kinds}
        print_town(name, results[name])
    found = look_ups()
    print(f"look-up of a name among {RECORDS} records, 99th percentile: {found * 1000:.3f} ms")
    alone, full = memory_with_records()
    print(f"memory of a whole node: {alone:.1f} MB, {full:.1f} MB with {RECORDS_KEPT} records")
    if arguments.json:
        figures = {
            "towns": results, "look_up_p99_seconds": found, "rest_seconds": rest,
            "memory_alone_mb": alone, "memory_with_records_mb": full,
        }  # fmt: skip
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
