"""Private networks for tests: namespaces as hosts, bridges as cables.

    with Network("mesh") as network:
        lan = network.lan()
        alice = network.host("alice")
        link = alice.join(lan, "10.9.0.11/24", "fd09::11/64")
        process = alice.popen(["sleep", "9"])
        probe = alice.socket(socket.AF_INET, socket.SOCK_DGRAM)
        link.cut(); link.mend()          # carrier lost and back
        link.silence(); link.unsilence() # carrier stays, no packet passes

Everything lives in namespaces of its own, none of it in the machine's network;
`close` deletes it all, and the next network deletes what a killed run left.
"""

import atexit
import ctypes
import os
import shutil
import socket
import subprocess
import threading

MAX_HOSTS = 64  # a mesh ring of 20 nodes with two phones each fits
COMMAND_SECONDS = 60
CLONE_NEWNET = 0x40000000
PREFIX = "bhtest"
_libc = ctypes.CDLL(None, use_errno=True)


def ip(*arguments, batch=None):
    """Run one `ip` command (or a batch of lines); return what it printed."""
    done = subprocess.run(
        ["ip", *arguments], input=batch, text=True, capture_output=True, timeout=COMMAND_SECONDS
    )
    if done.returncode:
        raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def why_unavailable():
    """Return why this machine cannot make namespaces, or None."""
    if not shutil.which("ip"):
        return "no ip command (Debian package iproute2)"
    if os.geteuid():
        return "network namespaces need root"
    probe = f"{PREFIX}-{os.getpid()}-probe"
    try:
        ip("netns", "add", probe)
        ip("netns", "delete", probe)
    except OSError as error:
        return f"network namespaces are not allowed here: {error}"
    return None


def _delete_leftovers():
    """Delete the namespaces of test processes that are gone."""
    for line in ip("netns", "list").splitlines():
        prefix, _, rest = line.split()[0].partition("-")
        owner = rest.partition("-")[0]
        if prefix == PREFIX and not os.path.exists(f"/proc/{owner}"):
            ip("netns", "delete", line.split()[0])


class Network:
    """A set of hosts and the bridges between them, deleted together.

    One of a name is open in a process: the next closes what a failed test left open.
    """

    _open = {}

    def __init__(self, name):
        _delete_leftovers()
        self._prefix = f"{PREFIX}-{os.getpid()}-{name}"
        self._namespaces = []
        if self._prefix in self._open:
            self._open[self._prefix].close()
        self._open[self._prefix] = self
        self._bridges = self._namespace("bridges")
        self._lans = 0
        atexit.register(self.close)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _namespace(self, name):
        if len(self._namespaces) > MAX_HOSTS:
            raise ValueError(f"more than {MAX_HOSTS} hosts in one network")
        namespace = f"{self._prefix}-{name}"
        ip("netns", "add", namespace)
        self._namespaces.append(namespace)
        return namespace

    def lan(self):
        """Make a bridge; hosts join it."""
        bridge = f"lan{self._lans}"
        self._lans += 1
        ip("-n", self._bridges, "link", "add", bridge, "up", "type", "bridge")
        return Lan(self._bridges, bridge)

    def host(self, name):
        """Make a host that has only its loopback interface."""
        namespace = self._namespace(name)
        ip("-n", namespace, "link", "set", "lo", "up")
        return Host(name, namespace)

    def close(self):
        """Delete all namespaces; the owner of a process inside ends it first."""
        atexit.unregister(self.close)
        if self._open.get(self._prefix) is self:
            del self._open[self._prefix]
        while self._namespaces:
            ip("netns", "delete", self._namespaces.pop())


class Lan:
    """One bridge."""

    def __init__(self, namespace, bridge):
        self.namespace = namespace
        self.bridge = bridge
        self.ports = 0

    def next_port(self):
        """Return the name of the bridge's next port."""
        self.ports += 1
        return f"{self.bridge}p{self.ports}"


class Here:
    """This machine itself as a host: its loopback addresses, no namespace."""

    name = "here"
    address, address6 = "127.0.0.1", "::1"
    is_loopback = True
    popen = staticmethod(subprocess.Popen)
    socket = staticmethod(socket.socket)


class Host:
    """One namespace; `address` and `address6` are the first it was given."""

    is_loopback = False

    def __init__(self, name, namespace):
        self.name = name
        self.namespace = namespace
        self.address = self.address6 = None
        self._interfaces = 0

    def join(self, lan, *addresses):
        """Plug a cable into `lan`; addresses are written with their prefix."""
        interface, port = f"eth{self._interfaces}", lan.next_port()
        self._interfaces += 1
        ip(
            "-n",
            lan.namespace,
            "link",
            "add",
            port,
            "type",
            "veth",
            "peer",
            "name",
            interface,
            "netns",
            self.namespace,
        )
        ip("-n", lan.namespace, "link", "set", port, "master", lan.bridge, "up")
        lines = [f"link set {interface} up"]
        for address in addresses:
            plain = address.partition("/")[0]
            if ":" in plain:
                self.address6 = self.address6 or plain
                lines.append(f"addr add {address} dev {interface} nodad")
            else:
                self.address = self.address or plain
                lines.append(f"addr add {address} dev {interface}")
        ip("-n", self.namespace, "-batch", "-", batch="\n".join(lines) + "\n")
        return Link(lan, port, interface)

    def renumber(self, link, old, new):
        """Have another address on a Link in place of an old one, both with their prefix."""
        for word, address in (("delete", old), ("add", new)):
            ip("-n", self.namespace, "address", word, address, "dev", link.interface)

    def route(self, destination, gateway):
        """Reach `destination` (a prefix or `default`) through `gateway`."""
        ip("-n", self.namespace, "route", "replace", destination, "via", gateway)

    def popen(self, arguments, **options):
        """Start a process in this host; its pid is the program's own."""
        return subprocess.Popen(["ip", "netns", "exec", self.namespace, *arguments], **options)

    def socket(self, family, kind):
        """Return a socket that lives in this host, for use from here."""
        made = []
        thread = threading.Thread(target=self._socket, args=(family, kind, made))
        thread.start()  # a thread of its own: setns moves the calling thread
        thread.join()
        if not made:
            raise OSError(f"no socket in {self.namespace}")
        return made[0]

    def _socket(self, family, kind, made):
        with open(f"/run/netns/{self.namespace}") as namespace:
            if _libc.setns(namespace.fileno(), CLONE_NEWNET) == 0:
                made.append(socket.socket(family, kind))


class Link:
    """The cable between a host and a bridge."""

    def __init__(self, lan, port, interface):
        self.interface = interface
        self._lan = lan
        self._port = port

    def _set(self, *words):
        ip("-n", self._lan.namespace, "link", "set", self._port, *words)

    def cut(self):
        """Take the carrier away: the host's interface sees it at once."""
        self._set("down")

    def mend(self):
        """Give the carrier back."""
        self._set("up")

    def silence(self):
        """Leave the bridge: the carrier stays, nothing passes."""
        self._set("nomaster")

    def unsilence(self):
        """Come back to the bridge."""
        self._set("master", self._lan.bridge)
