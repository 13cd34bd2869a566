"""Many shipped Mesh objects in one process: radio links of random places, loss, a clock of its own.

What is not shipped: the signer, which is a stand-in that costs nothing; that equal records of
different nodes share their memory; and that no node reads its records into the index of names.
"""

import hashlib
import heapq
import math
import random
from collections import namedtuple

from bellhop.effects import SendMesh
from bellhop.mesh import database
from bellhop.mesh.node import Mesh, MeshSettings
from bellhop.mesh.phonebook import Served

Crypto = namedtuple(
    "Crypto",
    (
        "public_key", "sign", "verify", "agree", "lock", "unlock",
        "secret", "form", "base", "exchange", "seal", "unseal",
    ),
)  # fmt: skip


def _tag(key, nonce, data, ad):
    """Return a tag that costs little and still tells which cut of a message is the right one."""
    return hashlib.blake2b(nonce + ad + data, key=key, digest_size=16).digest()


def _unsealed(key, nonce, data, ad, tag):
    return data if _tag(key, nonce, data, ad) == tag else None


STAND_IN = Crypto(
    lambda seed: hashlib.sha256(seed).digest(),
    lambda seed, data: b"stand-in" * 8,
    lambda public, data, signature: True,
    None, None, None,
    lambda seed: hashlib.sha256(seed).digest(),
    lambda public: public[:31] + b"\0",
    lambda secret: secret[:31] + b"\0",
    lambda secret, public: hashlib.sha256(
        b"".join(sorted((secret[:31] + b"\0", public)))
    ).digest(),
    lambda key, nonce, data, ad: data + _tag(key, nonce, data, ad),
    lambda key, nonce, sealed, ad: _unsealed(key, nonce, sealed[:-16], ad, sealed[-16:]),
)  # fmt: skip
# IPv6 and UDP headers of each datagram.
HEADERS = 48
MIN_DELAY, MAX_DELAY = (2, 6)
PORT = 5062


def places(count, degree, dice):
    """Return the sets of neighbours of a connected random geometric graph."""
    radius = math.sqrt(degree / math.pi / count)
    spots = [(dice.random(), dice.random()) for _ in range(count)]
    cells = {}
    for index, (x, y) in enumerate(spots):
        cells.setdefault((int(x / radius), int(y / radius)), []).append(index)
    near = [set() for _ in range(count)]
    for index, (x, y) in enumerate(spots):
        column, row = int(x / radius), int(y / radius)
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                for other in cells.get((column + dx, row + dy), ()):
                    if other != index and math.dist(spots[index], spots[other]) < radius:
                        near[index].add(other)
    _connect(spots, near)
    return spots, near


def _component(near, start):
    found, todo = {start}, [start]
    while todo:
        for other in near[todo.pop()]:
            if other not in found:
                found.add(other)
                todo.append(other)
    return found


def _connect(spots, near):
    """Join every part to the largest by its shortest gap."""
    left = set(range(len(near)))
    parts = []
    while left:
        parts.append(_component(near, left.pop()))
        left -= parts[-1]
    parts.sort(key=len)
    main = parts.pop()
    for part in parts:
        one, other = min(
            ((a, b) for a in part for b in main), key=lambda p: math.dist(spots[p[0]], spots[p[1]])
        )
        near[one].add(other)
        near[other].add(one)
        main |= part


class World:
    """The nodes, what is in the air, and the octets sent."""

    def __init__(self, count, loss=0.05, degree=8, seed=1):
        self.dice = random.Random(seed)
        self.loss = loss
        self.now = 0
        self.heap = []
        self.serial = 0
        self.octets = 0
        self.datagrams = 0
        self.kinds = {}
        self.spots, self.near = places(count, min(degree, count - 1), self.dice)
        self.addresses = [("10.%d.%d.1" % divmod(index, 256), PORT) for index in range(count)]
        self.index = {address: index for index, address in enumerate(self.addresses)}
        self.wakes = [None] * count
        self.changes = [0] * count
        self._share_records()
        self.nodes = [self._make(index, count) for index in range(count)]

    def _share_records(self):
        shared, digests, keys, sequences = {}, {}, {}, {}
        plain_digest, plain_init = database.digest_of, database.Entry.__init__
        plain_key = database.key_of

        def digest_of(raw):
            if raw not in digests:
                digests[raw] = plain_digest(raw)
            return digests[raw]

        def key_of(raw):
            if raw not in keys:
                keys[raw] = plain_key(raw)
            return keys[raw]

        def init(entry, raw, introducer, at, serial):
            plain_init(entry, shared.setdefault(raw, raw), introducer, at, serial)
            entry.sequence = sequences.setdefault(entry.sequence, entry.sequence)

        if plain_digest.__name__ == "digest_of" and plain_digest.__module__ == database.__name__:
            database.digest_of = digest_of
            database.key_of = key_of
            database.Entry.__init__ = init

    def _make(self, index, count, epoch=1):
        settings = MeshSettings("node%d" % index)
        settings.max_records = max(4096, 2 * count)
        seed = index.to_bytes(32, "big")
        node = Mesh(seed, epoch, self.dice.randbytes, STAND_IN, settings, 0)
        node.set_endpoints([(self.addresses[index][0], 5060)], 0)
        node.directory.note = lambda key: None
        self._publish(node, index)
        return node

    def _publish(self, node, index):
        node.publish([self._user(index, 0), self._user(index, self.changes[index] + 1)], self.now)

    def _user(self, index, turn):
        name = b"user%d-%d" % (index, turn)
        return Served(name, b"2%d%d" % (index, turn), b"Display Name", [], True)

    def change(self, index):
        """Let one node serve another name."""
        self.changes[index] += 1
        self._publish(self.nodes[index], index)
        self._watch(index)

    def start(self, spread):
        """Switch on all nodes within `spread` ms; return when the last one comes."""
        times = [self.dice.randrange(spread) for _ in self.nodes]
        for index, at in enumerate(times):
            self._push(at, "start", index, None, None)
        return max(times)

    def start_warm(self):
        """Begin with neighbours found and every record known to all, as after a quiet hour."""
        quiet = {
            "spread": lambda *_: None,
            "digest_seen": lambda *_: [],
            "_begin_repair": lambda *_: [],
        }
        for node in self.nodes:
            node.exchange.__dict__.update(quiet)
        self.start(1000)
        self.run(self.now + 20000)
        for node in self.nodes:
            for name in quiet:
                del node.exchange.__dict__[name]
        raws = [
            entry.raw
            for node in self.nodes
            for key, entry in node.database.items()
            if key[:8] == node.short
        ]
        for node in self.nodes:
            for raw in raws:
                if node.database.compare(raw, database.key_of(raw)) == database.NEWER:
                    node.database.store(raw, b"", self.now)
        assert self.are_alike()

    def _push(self, at, kind, index, source, data):
        self.serial += 1
        heapq.heappush(self.heap, (at, self.serial, kind, index, source, data))

    def perform(self, index, effects):
        """Carry out what a node asked for."""
        for effect in effects:
            if isinstance(effect, SendMesh):
                self._send(index, effect)
        self._watch(index)

    def _send(self, index, effect):
        size = len(effect.data) + HEADERS
        self.octets += size
        self.datagrams += 1
        self.kinds[effect.data[2]] = self.kinds.get(effect.data[2], 0) + size
        if effect.address is None:
            takers = self.near[index]
        else:
            taker = self.index[effect.address]
            takers = (taker,) if taker in self.near[index] else ()
        for taker in takers:
            if self.dice.random() >= self.loss:
                at = self.now + self.dice.randint(MIN_DELAY, MAX_DELAY)
                self._push(at, "take", taker, self.addresses[index], effect.data)

    def _watch(self, index):
        at = self.nodes[index].next_deadline()
        if at is not None and (self.wakes[index] is None or at < self.wakes[index]):
            self.wakes[index] = at
            self._push(at, "wake", index, None, None)

    def run(self, until):
        """Let time pass to `until`."""
        heap = self.heap
        while heap and heap[0][0] <= until:
            at, _, kind, index, source, data = heapq.heappop(heap)
            self.now = at
            self.take(kind, index, source, data)
        self.now = until

    def take(self, kind, index, source, data):
        """Do what is due at a node: kind "take" a datagram, "wake" it, or "start"."""
        node = self.nodes[index]
        if kind == "take":
            if node.neighbours.links:
                self.perform(index, node.receive(data, 0, source, self.now))
        elif kind == "wake":
            if self.wakes[index] == self.now:
                self.wakes[index] = None
                self.perform(index, node.fire(self.now))
        else:
            self.perform(index, node.link_up(0, "radio", True, self.now))

    def are_alike(self, groups=None):
        """True when in each group of nodes all databases are the same."""
        for group in groups or (range(len(self.nodes)),):
            if len({self.nodes[index].database.total for index in group}) > 1:
                return False
        return True

    def converge(self, groups=None, step=20, calm=6000, most=200000):
        """Run until all are alike and stay so for `calm` ms; return when that began, or None."""
        began, last, end = None, None, self.now + most
        while self.now < end:
            if self.are_alike(groups):
                state = [self.nodes[group[0]].database.total for group in groups or ([0],)]
                if began is None or state != last:
                    began, last = self.now, state
                if self.now - began >= calm:
                    return began
            else:
                began = None
            self.run(self.now + step)
        return None

    def split(self):
        """Cut the plane in two halves, of which all drivers tell; return (cut pairs, groups)."""
        west = {index for index, spot in enumerate(self.spots) if spot[0] < 0.5}
        cut = []
        for index in range(len(self.nodes)):
            for other in [
                other for other in self.near[index] if (other in west) != (index in west)
            ]:
                self.near[index].discard(other)
                cut.append((index, other))
        for index, other in cut:
            self.perform(
                index, self.nodes[index].neighbour_gone(0, self.addresses[other], self.now)
            )
        left = set(range(len(self.nodes)))
        groups = []
        while left:
            groups.append(sorted(_component(self.near, min(left))))
            left -= set(groups[-1])
        return cut, groups

    def mend(self, cut):
        """Undo a split; the kernels tell of the addresses."""
        for index, other in cut:
            self.near[index].add(other)
        for index, other in cut:
            self.perform(
                index, self.nodes[index].neighbour_seen(0, self.addresses[other], self.now)
            )

    def ordinary_minutes(self, minutes):
        """Run with one change per node and hour; return the octets per node and minute."""
        self.octets = self.datagrams = 0
        self.kinds.clear()
        end = self.now + 60000 * minutes
        while self.now < end:
            pause = self.dice.expovariate(len(self.nodes) / 3600000)
            self.run(min(end, self.now + int(pause) + 1))
            if self.now < end:
                self.change(self.dice.randrange(len(self.nodes)))
        return self.octets / len(self.nodes) / minutes
