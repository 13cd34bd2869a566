"""The lite node: what this shell does otherwise than the full one, and what it leaves to that."""

import gc
import os

from ..features import catalogue
from ..world import netlink, service
from ..world.streams import Plain
from . import bounds, identity, resolver, sodium
from .signals import Signals

# What a node of this size does not do; the status says so.
LEFT_TO_FULL_NODE = (
    "media relay", "TLS and WebSocket", "phone book for desk phones", "members' page",
    "calls by providers", "NAPTR and DNSSEC", "DHT",
)  # fmt: skip
BY_LIBSODIUM = "Ed25519 by libsodium"
NO_DIGESTS = (
    "no libsodium: OpenWrt's MicroPython gets SHA-256 wrong on this processor, and phones with a "
    "password may be refused; install libsodium"
)

NO_TRUNKS = "this node is a lite one: calls by providers need a full node"
NO_SIGNALS = "this MicroPython has no ffi: a signal ends the node without clean-up"


class Service(service.Service):
    """One node with its files and sockets. heap: its size in octets."""

    no_trunks = NO_TRUNKS

    def __init__(self, loop, settings_file, places, heap):
        super().__init__(loop, settings_file, places, os.urandom, Plain())
        self.heap = heap
        self.has_digests = sodium.has_digests()
        self.has_signals = False
        self.unrelayed = catalogue.join_unrelayed(self.engine, netlink.source_towards)

    def make_resolver(self):
        """Return what performs Resolve."""
        return resolver.Resolver(self.loop, self.endpoints.local_for)

    def read_settings(self):
        """Return the Settings in the file, within the bounds of the heap; raises ConfigError."""
        settings = super().read_settings()
        bounds.settle(settings)
        return settings

    def prepare(self):
        """Take over the signals."""
        self.has_signals = Signals(self.loop, self.hung_up, self.end).open()

    def complete(self):
        """Give back what the start has used."""
        gc.collect()

    def crypto(self):
        """Return the functions of libsodium; raises BellhopError."""
        return identity.crypto()

    def more_problems(self):
        """Return (kind of section, sentence, "" where it does not hold) of what the shell has."""
        return [
            ("", "" if self.has_digests else NO_DIGESTS),
            ("", "" if self.has_signals else NO_SIGNALS),
            ("media", self.unrelayed.problem()),
        ]

    def sealing(self):
        """Return what sealed copies need; raises BellhopError."""
        return identity.sealing()

    def lacking(self):
        """Return feature -> why it is not there."""
        return {"media": "this node is a lite one: the sound of this call needs a full node"}

    def status(self, result):
        """Return how the node is: what the engine tells, and what this shell adds."""
        result = super().status(result)
        gc.collect()
        result["heap_kb"] = self.heap // 1024
        result["heap_used_kb"] = gc.mem_alloc() // 1024
        result["signatures"] = BY_LIBSODIUM if sodium.opened() else identity.NO_LIBRARY
        result["left_to_full_node"] = list(LEFT_TO_FULL_NODE)
        return result
