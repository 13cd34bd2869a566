"""Hears desk phones that ask the network who they are, and sends each its file's URL.

One socket on the group's own address, so that it meets none of the node's others.
"""

import os
import socket

from ...errors import BellhopError
from ...provisioning import pnp
from ...sip.uri import host_port
from ...world import endpoints, netlink
from ...world.binding import bound
from ...world.system import sockets

MARK_OCTETS = 8


class Ear:
    """loop: of the node; guard: an origins.Guard; settings: that are in force; ask: of verbs."""

    def __init__(self, loop, guard, ask):
        self.loop = loop
        self.guard = guard
        self.ask = ask
        self.port = 0
        self.joined = set()
        self.counters = {"asked": 0, "answered": 0}
        self.socket = bound(socket.SOCK_DGRAM, pnp.GROUP, pnp.PORT, reuse=True)
        loop.watch(self.socket.fileno(), self._ready)

    def adopt(self, settings):
        """Hear on the networks of the house; phones fetch their files at its http_port."""
        self.port = settings.http_port
        group = socket.inet_aton(pnp.GROUP)
        found = {host for host, octets, _ in netlink.networks()
                 if len(octets) == 4 and not endpoints.is_loopback(host)
                 and endpoints.is_chosen(settings, host)}  # fmt: skip
        for option, hosts in (
            (socket.IP_DROP_MEMBERSHIP, self.joined - found),
            (socket.IP_ADD_MEMBERSHIP, found - self.joined),
        ):
            for host in hosts:
                try:
                    value = group + socket.inet_aton(host)
                    self.socket.setsockopt(socket.IPPROTO_IP, option, value)
                except OSError:
                    pass  # The address has gone, or another of its link has joined.
        self.joined = found

    def close(self):
        """Hear nothing more."""
        self.loop.forget(self.socket.fileno())
        self.socket.close()

    def _ready(self, events):
        for _ in range(sockets.BATCH):
            try:
                data, (host, port) = self.socket.recvfrom(pnp.MOST_OCTETS + 1)
            except OSError:
                return
            asked = pnp.read(data)
            if asked is not None and self.guard.is_near(host):
                self.counters["asked"] += 1
                self._answer(asked, host, port)

    def _answer(self, asked, host, port):
        given = {"mac": asked.mac, "brand": asked.brand, "model": asked.model,
                 "version": asked.version, "host": host}  # fmt: skip
        try:
            path = self.ask("phone-asks", given)["path"]
        except BellhopError:
            path = ""  # There are enough devices: the page says so.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
            try:
                made.connect((host, port))
                made.send(pnp.answer(asked))
                if path and self.port:
                    here, own = made.getsockname()
                    url = "http://%s%s" % (host_port(here.encode(), self.port).decode(), path)
                    mark = os.urandom(MARK_OCTETS).hex().encode()
                    made.send(pnp.notify(asked, url, host_port(here.encode(), own), mark))
                    self.counters["answered"] += 1
            except OSError:
                pass  # It has gone; it asks again when it is back.
