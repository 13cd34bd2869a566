"""The keys of one link with one neighbour: what is sealed counts once, in a window."""

import hashlib

from ..errors import MeshError
from ..hkdf import hmac
from . import noise, packets

# Packets that may come late, after so many others (RFC 6479 calls it the anti-replay window).
WINDOW = 128
QUALITIES = (packets.HEARS_MULTICAST, 0)


class Window:
    """Which counts have come."""

    __slots__ = ("highest", "seen")

    def __init__(self):
        self.highest = -1
        self.seen = 0

    def is_new(self, count):
        """True when this count may still come."""
        behind = self.highest - count
        return behind < 0 or (behind < WINDOW and not self.seen >> behind & 1)

    def take(self, count):
        """Note that it has come; `is_new` said that it may."""
        if count > self.highest:
            self.seen = self.seen << min(count - self.highest, WINDOW) & ((1 << WINDOW) - 1)
            self.highest = count
        self.seen |= 1 << self.highest - count


class Session:
    """Two keys and the counts under them. id: chosen by this side, other: by the other one."""

    __slots__ = ("count", "crypto", "id", "other", "reads", "tags", "window", "writes")

    def __init__(self, crypto, own, other, keys):
        """keys: to write, to read, of the tags, the same on both sides."""
        self.crypto = crypto
        self.id = own
        self.other = other
        self.writes, self.reads, self.tags = keys
        self.count = 0
        self.window = Window()

    def write(self, kind, body):
        """Return the datagram that says this to the neighbour."""
        count = self.count.to_bytes(packets.COUNT_BYTES, "big")
        head = packets.write(packets.SEALED, self.other + count)
        inside = packets.write_inside(kind, body)
        data = head + noise.seal(self.crypto, self.writes, self.count, inside, head)
        self.count += 1
        return data

    def read(self, data):
        """Return (kind, body) of a datagram of the neighbour; raise MeshError."""
        head = data[: packets.SEALED_BYTES]
        count = int.from_bytes(head[-packets.COUNT_BYTES :], "big")
        if not self.window.is_new(count):
            raise MeshError("it came before")
        inside = noise.unseal(self.crypto, self.reads, count, data[len(head) :], head)
        self.window.take(count)
        return packets.read_inside(inside)

    def tag(self, head, quality):
        """Return the tag that lets the neighbour believe a hello to everybody."""
        digest = hashlib.sha256(head).digest()
        return hmac(self.tags, digest + bytes((quality,)))[: packets.TAG_BYTES]

    def quality(self, head, tags):
        """Return the quality that the neighbour says in a hello to everybody, or None."""
        for quality in QUALITIES:
            if self.tag(head, quality) in tags:
                return quality
        return None
