"""A network in memory for the mesh's tests: nodes, links between them, loss, a clock."""

import hashlib
import heapq
from collections import namedtuple

from bellhop.effects import SendMesh
from bellhop.mesh.effects import Ended, MeshChanged, Said
from bellhop.mesh.node import Mesh, MeshSettings

Crypto = namedtuple(
    "Crypto",
    (
        "public_key", "sign", "verify", "agree", "lock", "unlock",
        "secret", "form", "base", "exchange", "seal", "unseal", "blinded", "sign_blinded",
    ),
)  # fmt: skip
DELAY = 2
PORT = 5062


def toy_public_key(seed):
    """Return a public key of the TOY signer."""
    return hashlib.sha256(b"TOY key" + seed).digest()


def _toy_signature(public, data):
    return hashlib.sha256(b"TOY signature, anybody can make it" + public + data).digest() * 2


def toy_sign(seed, data):
    """Return a TOY signature."""
    return _toy_signature(toy_public_key(seed), data)


def toy_verify(public, data, signature):
    """Check a TOY signature."""
    return signature == _toy_signature(public, data)


def toy_agree(seed, public):
    """Return what anybody could know of two nodes."""
    return hashlib.sha256(b"".join(sorted((toy_public_key(seed), public)))).digest()


def toy_lock(key, nonce, data):
    """Return data with a TOY seal."""
    return hashlib.sha256(key + nonce + data).digest()[:16] + bytes([one ^ key[0] for one in data])


def toy_unlock(key, nonce, sealed):
    """Open a TOY seal."""
    data = bytes([one ^ key[0] for one in sealed[16:]])
    return data if toy_lock(key, nonce, data) == sealed else None


def toy_form(public):
    """Return the exchange key of a signing key."""
    return hashlib.sha256(b"TOY form" + public).digest()[:31] + b"\0"


def toy_base(secret):
    """Return the exchange key of a secret, which is the signing key."""
    return toy_form(secret)


def toy_exchange(secret, public):
    """Return what anybody could know of two keys."""
    return hashlib.sha256(b"".join(sorted((toy_base(secret), public)))).digest()


def toy_seal(key, nonce, data, ad):
    """Return data with a TOY seal behind it."""
    mask = key[0] or 1
    tag = hashlib.sha256(key + nonce + ad + data).digest()[:16]
    return bytes([one ^ mask for one in data]) + tag


def toy_unseal(key, nonce, sealed, ad):
    """Open a TOY seal."""
    mask = key[0] or 1
    data = bytes([one ^ mask for one in sealed[:-16]])
    return data if toy_seal(key, nonce, data, ad) == sealed else None


def toy_blinded(public, nonce):
    """Return the key that a nonce makes of another."""
    return hashlib.sha256(b"TOY blinded" + public + nonce).digest()


TOY = Crypto(
    toy_public_key, toy_sign, toy_verify, toy_agree, toy_lock, toy_unlock,
    toy_public_key, toy_form, toy_base, toy_exchange, toy_seal, toy_unseal,
    toy_blinded, lambda seed, nonce, data: _toy_signature(
        toy_blinded(toy_public_key(seed), nonce), data
    ),
)  # fmt: skip


def real_or_toy():
    """Return libsodium's functions where PyNaCl is there, else the toy."""
    try:
        from bellhop.shell.mesh import identity

        return identity.crypto()
    except Exception:
        return TOY


class Dice:
    """Random numbers that are the same in every run and on both interpreters."""

    def __init__(self, seed=1):
        self.state = seed

    def below(self, most):
        """Return a number from 0 to most - 1."""
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        return (self.state >> 33) % most

    def random(self, count):
        """Return `count` octets."""
        return bytes([self.below(256) for _ in range(count)])


class Network:
    """Nodes joined by multicast links of two ends; link n of a node is its n-th edge."""

    def __init__(self, count, edges, loss_percent=0, crypto=TOY, settings=None, seed=1):
        self.dice = Dice(seed)
        self.loss_percent = loss_percent
        self.now = 0
        self.queue = []
        self.serial = 0
        self.ends = {}
        self.cut = set()
        # (index, link) of an end that hears nothing.
        self.deaf = None
        self.log = []
        self.said = []
        self.told = []
        self.crypto = crypto
        self.settings = settings or (lambda index: MeshSettings("n%d" % index, "emergency"))
        self.nodes = [self.make(index) for index in range(count)]
        self.links = [0] * count
        for one, other in edges:
            self.join(one, other)

    def make(self, index, boot_epoch=1):
        """Return a fresh node."""
        seed = bytes((index % 256, index // 256)) * 16
        settings = self.settings(index)
        node = Mesh(seed, boot_epoch, self.dice.random, self.crypto, settings, self.now)
        node.set_endpoints([("10.9.%d.%d" % (index // 250, index % 250 + 1), 5060)], self.now)
        return node

    def address(self, index, link):
        """Return (host, port) of one end."""
        return ("10.%d.%d.%d" % (link, index // 250, index % 250 + 1), PORT)

    def join(self, one, other):
        """Add a link; both ends learn of it now."""
        ends = []
        for index in (one, other):
            ends.append((index, self.links[index]))
            self.links[index] += 1
        self.ends[ends[0]] = ends[1]
        self.ends[ends[1]] = ends[0]
        for index, link in ends:
            self.perform(index, self.nodes[index].link_up(link, "l%d" % link, True, self.now))

    def perform(self, index, effects):
        """Carry out what a node asked for."""
        for effect in effects:
            if isinstance(effect, MeshChanged):
                self.told.append((index, effect.what, effect.fields))
            if isinstance(effect, (Said, Ended)):
                self.said.append((self.now, index, effect))
            if not isinstance(effect, SendMesh):
                continue
            self.log.append((self.now, index, effect))
            far = self.ends.get((index, effect.link))
            wanted = far is not None and effect.address in (None, self.address(far[0], far[1]))
            is_open = (index, effect.link) not in self.cut and far != self.deaf
            if wanted and is_open and self.dice.below(100) >= self.loss_percent:
                self.serial += 1
                entry = (self.now + DELAY, self.serial, far, (index, effect.link), effect.data)
                heapq.heappush(self.queue, entry)

    def silence(self, one, other, is_cut=True):
        """Let nothing through between two nodes, without anybody being told; or undo it."""
        for end in self.ends:
            far = self.ends[end]
            if {end[0], far[0]} == {one, other}:
                if is_cut:
                    self.cut.add(end)
                else:
                    self.cut.discard(end)

    def run(self, duration):
        """Let time pass."""
        until = self.now + duration
        while True:
            times = [(node.next_deadline(), index) for index, node in enumerate(self.nodes)]
            at, index = min(times)
            if self.queue and self.queue[0][0] <= at:
                at, _, far, near, data = heapq.heappop(self.queue)
                if at > until:
                    heapq.heappush(self.queue, (at, _, far, near, data))
                    break
                self.now = max(self.now, at)
                source = self.address(near[0], near[1])
                node = self.nodes[far[0]]
                self.perform(far[0], node.receive(data, far[1], source, self.now))
            elif at > until:
                break
            else:
                self.now = max(self.now, at)
                self.perform(index, self.nodes[index].fire(self.now))
        self.now = until

    def digests(self):
        """Return the set of digests of all databases."""
        return {node.database.digest() for node in self.nodes}


def line(count):
    """Return the edges of a line."""
    return [(at, at + 1) for at in range(count - 1)]


def ring(count):
    """Return the edges of a ring."""
    return line(count) + [(count - 1, 0)]
