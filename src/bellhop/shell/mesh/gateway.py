"""Speaks with the router in front of this one: datagrams of PCP and NAT-PMP, UPnP by miniupnpc.

By IPv6 it is a firewall: RFC 6887 section 11.1, WANIPv6FirewallControl of UPnP.
"""

import re
import shutil
import socket
import subprocess

from ...world import netlink
from ...world.cpython import sockets
from ..workers import Workers

# RFC 6887 section 19.4: where a gateway is asked, and where it tells all hosts.
PORT, TOLD_PORT = 5351, 5350
# Hosts that no network has (RFC 5737, RFC 3849): the way to them is the way to the Internet.
SOMEWHERE = {"gateway": "192.0.2.1", "gateway6": "2001:db8::1"}
LOOK_MS = 5000
PROGRAM = "upnpc"
PROGRAM_SECONDS = 14
GIVEN = re.compile(r"external (\S+):(\d+) (?:TCP|UDP) is redirected to internal")
OPENED = "Pinhole ID ="
MISSING = "it speaks neither PCP nor NAT-PMP; with the package miniupnpc UPnP is tried as well"
REFUSES = "it does not lead a port here, neither by PCP, NAT-PMP nor UPnP"


class Gateways:
    """The router in front by IPv4, and by IPv6."""

    def __init__(self, loop):
        self.clients = {name: GatewayClient(loop, name) for name in SOMEWHERE}

    def look(self):
        """Find out which routers lead to the Internet, now and every few seconds."""
        for client in self.clients.values():
            client.look()

    def perform_ask(self, effect):
        """Send a datagram to the gateway of a family."""
        self.clients[effect.name].perform_ask(effect)

    def perform_map(self, effect):
        """Let UPnP's program ask for a port."""
        self.clients["gateway6" if ":" in effect.source else "gateway"].perform_map(effect)

    def close(self):
        """Ask no more."""
        for client in self.clients.values():
            client.close()


class GatewayClient:
    """Keeps a socket towards the gateway, and asks again whose it is when addresses change.

    name: of the feature that hears of it.
    """

    def __init__(self, loop, name):
        self.loop = loop
        self.name = name
        self.is_six = ":" in SOMEWHERE[name]
        self.socket = self.told = None
        self.found = (None, None)
        self.workers = None

    def look(self):
        """Find out which router leads to the Internet, now and every few seconds."""
        found = netlink.gateway_towards(SOMEWHERE[self.name])
        if found != self.found:
            self.found = found
            self._open(*found)
            self._hear("found", *found)
        self.loop.call_later(LOOK_MS, self.look)

    def _hear(self, event, *details):
        self.loop.perform(self.loop.engine.hear(self.name, event, *details, self.loop.now()))

    def _open(self, host, source):
        self.close()
        if host is None:
            return
        made = socket.socket(sockets.family_of(source), socket.SOCK_DGRAM)
        try:
            made.setblocking(False)
            made.bind((source, 0))
            made.connect(socket.getaddrinfo(host, PORT, type=socket.SOCK_DGRAM)[0][4])
        except OSError:
            made.close()
            return
        self.socket = made
        self.loop.watch(made.fileno(), lambda events: self._readable(made))
        if not self.is_six:
            self._open_told()

    def _open_told(self):
        """Hear what a gateway that was started anew tells all hosts (RFC 6887 section 14.1.1)."""
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            made.setblocking(False)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(("", TOLD_PORT))
        except OSError:
            made.close()
            return  # Another program hears it; then it is noticed when a lease is renewed.
        self.told = made
        self.loop.watch(made.fileno(), lambda events: self._readable(made))

    def _readable(self, opened):
        for _ in range(sockets.BATCH):
            try:
                data, source = opened.recvfrom(1100)
            except OSError:
                return  # Nothing more, or nobody there: the feature asks again.
            if source[:2] == (self.found[0], PORT):
                self._hear("heard", data)

    def perform_ask(self, effect):
        """Send a datagram to the gateway."""
        try:
            if self.socket is not None:
                self.socket.send(effect.data)
        except OSError:
            return  # Nobody there: it is asked again.

    def perform_map(self, effect):
        """Let UPnP's program ask for a port."""
        if self.workers is None:
            self.workers = Workers(self.loop, 1)
        self.workers.start(lambda: _ask_program(effect), lambda found: self._hear("mapped", *found))

    def close(self):
        """Ask no more."""
        for one in (self.socket, self.told):
            if one is not None:
                self.loop.forget(one.fileno())
                one.close()
        self.socket = self.told = None


def _ask_program(effect):
    """Return (port, external port, address, problem) of what miniupnpc has got."""
    program = shutil.which(PROGRAM)
    if program is None:
        return effect.port, None, None, MISSING
    kind, port = "TCP" if effect.is_tcp else "UDP", str(effect.port)
    if ":" in effect.source:
        return _open_hole(effect, [program, "-6", "-A", "", "0", effect.source, port, kind])
    words = [program, "-m", effect.source, "-e", "bellhop", "-a", effect.source, port, port, kind]
    given = GIVEN.search(_said(effect, words))
    if given is None:
        return effect.port, None, None, REFUSES
    return effect.port, int(given.group(2)), given.group(1), ""


def _open_hole(effect, words):
    if OPENED not in _said(effect, words):
        return effect.port, None, None, REFUSES
    return effect.port, effect.port, effect.source, ""


def _said(effect, words):
    """Return what the program says."""
    try:
        done = subprocess.run(
            [*words, str(effect.seconds)], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, errors="replace", timeout=PROGRAM_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout
