"""A neighbour with a town behind it: a real mesh in this process, full of signed records."""

import os
import select
import socket
import threading
import time

from bellhop.mesh import record
from bellhop.mesh.identity import short_id
from bellhop.mesh.node import Mesh, MeshSettings
from bellhop.mesh.own import name_hash
from bellhop.shell.mesh import identity

ANYWHERE = 0
COST = 10
HOST = "127.0.0.1"


def _milliseconds():
    return time.monotonic_ns() // 1_000_000


class Crowd:
    """Speaks UDP on `port` with the node at node_port; `count` nodes are reached through it."""

    def __init__(self, count, port, node_port):
        self.crypto = identity.crypto()
        settings = MeshSettings("crowd", "emergency", [(HOST, node_port)])
        self.mesh = Mesh(os.urandom(32), 1, os.urandom, self.crypto, settings, _milliseconds())
        self.mesh.set_endpoints([(HOST, port + 1)], _milliseconds())
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((HOST, port))
        self.is_running = True
        self._populate(count)
        self.thread = threading.Thread(target=self._run)

    def _populate(self, count):
        """Make the records: every house has an edge to this neighbour, and two names."""
        houses = []
        for number in range(count):
            seed = os.urandom(32)
            houses.append((seed, self.crypto.public_key(seed), b"house%d" % number))
        self.mesh.own.edges = [(key, COST, False) for _, key, _ in houses[: record.MAX_EDGES]]
        for seed, key, name in houses:
            value = record.NodeValue(
                name, [record.Endpoint(record.SIP_UDP, "10.66.0.1", 5060)], 0, 0,
                short_id(self.mesh.id) + bytes((COST,)), b"\x03", record.LIFETIME,
                name_hash(name) + name_hash(name + b"-phone"), b"", b"",
            )  # fmt: skip
            octets = record.write_node(value)
            raw = record.write(
                key, 1 << 32, record.NODE_SALT, octets, lambda d, s=seed: self.crypto.sign(s, d)
            )
            self.mesh.database.store(raw, b"", _milliseconds())

    def __enter__(self):
        self._send(self.mesh.link_up(ANYWHERE, "internet", False, _milliseconds()))
        self.thread.start()
        return self

    def __exit__(self, *failure):
        self.is_running = False
        self.thread.join()
        self.socket.close()

    def _send(self, effects):
        for effect in effects:
            if hasattr(effect, "address"):
                self.socket.sendto(effect.data, effect.address)

    def _run(self):
        while self.is_running:
            ready, _, _ = select.select([self.socket], [], [], 0.02)
            if ready:
                data, source = self.socket.recvfrom(2048)
                self._send(self.mesh.receive(data, ANYWHERE, source, _milliseconds()))
            self._send(self.mesh.fire(_milliseconds()))
