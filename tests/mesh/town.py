"""A town: real nodes in namespaces, a cable for each street, a LAN of phones behind each node.

    with Town("line", line(4), routed=True) as town:
        town.start(); town.wait_all_know_all()
        town.nodes[0].ask("routes"); town.cables[0, 1].cut()

Node i has the user u<i>, extension 20<i>. Street k is 10.9.k.0/24, the phones' LAN of node i is
10.8.i.0/24; in both the node's address is no secret: `Node.towards` and `Node.lan_address`.
"""

import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from bellhop.errors import BellhopError
from bellhop.shell import command
from tests.support import netns

TREE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PATIENCE = 60
POLL_SECONDS = 0.02
STOP_SECONDS = 30
# Keys of calls outlast a node in memory alone.
RAM = "/dev/shm"
DOMAIN = "home.test"
PASSWORD = "secret"
# In the towns all is quick: addresses need no test for duplicates.
QUIET_SYSCTL = (
    "net.ipv6.conf.default.accept_dad=0",
    "net.ipv6.conf.default.router_solicitations=0",
)


def line(count):
    """Return the streets of a line."""
    return [(at, at + 1) for at in range(count - 1)]


def ring(count):
    """Return the streets of a ring."""
    return line(count) + [(0, count - 1)]


def grid(wide, high):
    """Return the streets of a grid, row by row."""
    across = [(r * wide + c, r * wide + c + 1) for r in range(high) for c in range(wide - 1)]
    down = [(r * wide + c, (r + 1) * wide + c) for r in range(high - 1) for c in range(wide)]
    return across + down


def wait_until(true, what, seconds=PATIENCE):
    """Wait until true() is; return the seconds that it took."""
    begun = time.monotonic()
    while not true():
        if time.monotonic() - begun > seconds:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(POLL_SECONDS)
    return time.monotonic() - begun


class Node:
    """One node process in a namespace."""

    def __init__(self, number, host, folder):
        self.number = number
        self.name = f"node{number}"
        self.host = host
        self.folder = folder
        self.state = os.path.join(folder, "state")
        self.towards = {}  # neighbour's number -> own address on that street
        self.lan = self.lan_address = None
        self.mesh_options = []
        self.node_options = []
        self.media_options = None  # None: sound does not pass the node
        self.program = ["-m", "bellhop"]
        self.libraries = TREE + "/native/.build/host"
        self.source = TREE + "/src"
        self.users = [(f"u{number}", f"20{number}", [])]
        self.process = None
        self._asked = None

    def configuration(self):
        """Return the UCI text."""
        lines = ["config node", f"\toption domain '{DOMAIN}'"]
        lines += ["\toption tls_port '0'", "\toption ws_port '0'", "\toption wss_port '0'"]
        lines += ["\t" + option for option in self.node_options]
        for name, extension, options in self.users:
            lines += ["config user", f"\toption name '{name}'"]
            lines.append(f"\toption password '{PASSWORD}'")
            lines += [f"\toption extension '{extension}'"] if extension else []
            lines += ["\t" + option for option in options]
        lines += ["config mesh", f"\toption node_name '{self.name}'"]
        lines += ["\toption profile 'emergency'"] + ["\t" + option for option in self.mesh_options]
        if self.media_options is not None:
            lines += ["config media"] + ["\t" + option for option in self.media_options]
        return "\n".join(lines) + "\n"

    def start(self):
        """Start the process; do not wait."""
        os.makedirs(self.folder, exist_ok=True)
        config = os.path.join(self.folder, "bellhop")
        with open(config, "w") as file:
            file.write(self.configuration())
        words = [sys.executable, *self.program, "--config", config, "--state", self.state]
        places = {"PYTHONPATH": self.source, "LD_LIBRARY_PATH": self.libraries}
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = self.host.popen(
                words, stdout=log, stderr=log, env={**os.environ, **places}
            )

    def is_up(self):
        """Tell whether the process answers on its control socket."""
        try:
            self.ask("status")
        except BellhopError:
            assert self.process.poll() is None, self.log()
            return False
        return True

    def ask(self, verb, **arguments):
        """Return a running node's answer to a verb of the command `bellhop`."""
        if self._asked is None:
            connection = command.connect(self.state)
            self._asked = connection, connection.makefile("rb")
        try:
            return command.ask(*self._asked, verb, arguments)
        except OSError as error:
            self._hang_up()
            raise BellhopError(str(error)) from None

    def _hang_up(self):
        if self._asked is not None:
            for one in reversed(self._asked):
                one.close()
            self._asked = None

    def key(self):
        """Return the node's key, text."""
        return self.ask("identity")["key"]

    def reached(self):
        """Return {name of a node in reach: its row of `routes`}."""
        return {row["name"]: row for row in self.ask("routes")["routes"]}

    def who(self):
        """Return the addresses in the phone book of all who have a phone right now."""
        return [e for e in self.ask("phonebook")["phonebook"] if e["registered"]]

    def log(self):
        """Return what the process said."""
        with open(os.path.join(self.folder, "log"), errors="replace") as file:
            return file.read()

    def stop(self, how=signal.SIGTERM):
        """End the process; SIGKILL is what a power cut does."""
        self._hang_up()
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(STOP_SECONDS)
        self.process = None


class Town:
    """Nodes 0 to n - 1 and the streets between them.

    routed: IPv4 packets pass through all nodes (static routes by the shortest way), as phones'
    sound needs; without it only neighbours hear each other.
    """

    def __init__(self, name, streets, routed=False):
        self.streets = streets
        self.network = netns.Network(name)
        memory = RAM if os.path.isdir(RAM) else None
        self.folder = tempfile.mkdtemp(prefix="bellhop-town-", dir=memory)
        self.nodes = []
        self.lans = {}  # street -> Lan
        self.cables = {}  # (lower, higher number of a street) -> Link at the lower end
        self.far_ends = {}  # the same -> Link at the higher end
        self.phones = {}
        try:
            self._build(routed)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _build(self, routed):
        for number in range(1 + max(itertools.chain(*self.streets))):
            host = self.network.host(f"n{number}")
            forwarding = "net.ipv4.ip_forward=" + str(int(routed))
            self.sysctl(host, forwarding, *QUIET_SYSCTL)
            self.nodes.append(Node(number, host, os.path.join(self.folder, str(number))))
        for index, street in enumerate(self.streets):
            lan = self.lans[street] = self.network.lan()
            links = []
            for number in street:
                address = f"10.9.{index}.{number + 1}"
                links.append(self.nodes[number].host.join(lan, address + "/24"))
                other = street[0] if number == street[1] else street[1]
                self.nodes[number].towards[other] = address
            self.cables[street], self.far_ends[street] = links
        for node in self.nodes:
            node.lan = self.network.lan()
            node.lan_address = f"10.8.{node.number}.1"
            node.host.join(node.lan, node.lan_address + "/24")
        if routed:
            self._route()

    @staticmethod
    def sysctl(host, *settings):
        """Set what the kernel of a host does."""
        host.popen(["sysctl", "-qw", *settings]).wait(PATIENCE)

    def _route(self):
        """Write the static routes of the shortest ways."""
        beside = {node.number: sorted(node.towards) for node in self.nodes}
        for node in self.nodes:
            first = {node.number: None}
            queue = [node.number]
            for at in queue:
                for other in beside[at]:
                    if other not in first:
                        first[other] = other if at == node.number else first[at]
                        queue.append(other)
            for far, step in first.items():
                if step is not None:
                    gateway = self.nodes[step].towards[node.number]
                    node.host.route(f"10.8.{far}.0/24", gateway)

    def phone_host(self, number, name="phone"):
        """Return a host on the phones' LAN of a node, made at the first call."""
        key = number, name
        if key not in self.phones:
            host = self.network.host(f"p{number}-{name}")
            last = 10 + len([one for one in self.phones if one[0] == number])
            node = self.nodes[number]
            host.join(node.lan, f"10.8.{number}.{last}/24")
            host.route("default", node.lan_address)
            self.phones[key] = host
        return self.phones[key]

    def start(self, numbers=None):
        """Start nodes (all, or those of these numbers) and wait until each answers."""
        started = self.nodes if numbers is None else [self.nodes[number] for number in numbers]
        for node in started:
            node.start()
        for node in started:
            wait_until(node.is_up, f"{node.name} answers")

    def wait_reach(self, groups=None, seconds=PATIENCE):
        """Wait until in each group of numbers everybody reaches all the others and nobody else."""
        groups = [range(len(self.nodes))] if groups is None else groups
        begun = time.monotonic()
        for group in groups:
            names = {self.nodes[number].name for number in group}
            for number in group:
                node = self.nodes[number]
                wait_until(
                    lambda node=node, names=names: set(node.reached()) == names - {node.name},
                    f"{node.name} reaches {names}",
                    seconds,
                )
        return time.monotonic() - begun

    def close(self):
        """End all nodes, delete the namespaces."""
        try:
            for node in self.nodes:
                node.stop()
        finally:
            self.network.close()
            shutil.rmtree(self.folder, ignore_errors=True)
