"""Hosts heard of, for finding the mesh again: NEW for those never spoken to, TRIED for the others.

As in Bitcoin's address manager a host's bucket follows from its net group and that of who told of
it, keyed with a secret, so that one owner of many addresses fills few buckets. A TRIED host makes
room only after it failed to answer.
"""

import hashlib

from ..bencode import decode, encode
from ..errors import MeshError
from . import address
from .identity import KEY_BYTES

NEW_BUCKETS, TRIED_BUCKETS, BUCKET_HOSTS = (64, 32, 8)
# Buckets that the hosts of one teller, or the hosts of one net, can get into.
TELLER_BUCKETS, NET_BUCKETS = (8, 4)
# Hosts of one net group in all: /16 of IPv4, /32 of IPv6.
MAX_NET_HOSTS = 8
# Reserved hosts (contacts, configured ones, anchors) stand outside the buckets.
MAX_RESERVED = 64
# A NEW host that did not answer so often is forgotten.
MAX_FAILURES = 3

# How a host stands in a snapshot.
NEW, TRIED, RESERVED = (0, 1, 2)


class Host:
    """One address. group, teller: net groups of itself and of who told of it."""

    __slots__ = (
        "host", "port", "key", "group", "teller", "link", "first_seen", "success", "failures",
        "round_trip", "bucket",
    )  # fmt: skip

    def __init__(self, host, port, key, teller, link, now):
        self.host = host
        self.port = port
        self.key = key
        self.group = address.net_group(address.pack(host))
        self.teller = teller
        self.link = link
        self.first_seen = now
        self.success = None
        self.failures = 0
        self.round_trip = None
        self.bucket = None


class HostCache:
    """The tables NEW and TRIED, and the reserved hosts. secret: octets that nobody else knows."""

    def __init__(self, secret):
        self.secret = secret
        self.hosts = {}
        self.new = [[] for _ in range(NEW_BUCKETS)]
        self.tried = [[] for _ in range(TRIED_BUCKETS)]
        self.reserved = []
        self.contested = []

    def _choose(self, buckets, *parts):
        number = hashlib.sha256(self.secret + b"".join([b"%d:" % len(p) + p for p in parts]))
        return int.from_bytes(number.digest()[:4], "big") % buckets

    def add(self, host, port, key, teller, link, now):
        """Note a host that `teller` (text of an address, "" for this node) told of.

        Returns the Host, or None when there is no room for it; raises MeshError.
        """
        known = self.hosts.get((host, port))
        if known is not None:
            return known
        teller_group = address.net_group(address.pack(teller)) if teller else b""
        one = Host(host, port, key, teller_group, link, now)
        if self._net_is_full(one.group):
            return None
        spread = self._choose(TELLER_BUCKETS, b"spread", one.group, teller_group)
        index = self._choose(NEW_BUCKETS, b"new", teller_group, bytes((spread,)))
        bucket = self.new[index]
        if len(bucket) >= BUCKET_HOSTS:
            worst = max(bucket, key=lambda other: (other.failures, -other.first_seen))
            if not worst.failures:
                return None
            self.remove(worst)
        self._place(one, bucket)
        return one

    def reserve(self, host, port, key, now):
        """Note a host that never has to make room: configured, or a contact's; None when full."""
        known = self.hosts.get((host, port))
        if known is not None:
            if known.bucket is self.reserved or len(self.reserved) >= MAX_RESERVED:
                return known
            self.remove(known)
        elif len(self.reserved) >= MAX_RESERVED:
            return None
        one = Host(host, port, key, b"", None, now)
        self._place(one, self.reserved)
        return one

    def _net_is_full(self, group):
        same = [one for one in self.hosts.values() if one.group == group]
        return len([one for one in same if one.bucket is not self.reserved]) >= MAX_NET_HOSTS

    def _place(self, one, bucket):
        bucket.append(one)
        one.bucket = bucket
        self.hosts[(one.host, one.port)] = one

    def remove(self, one):
        """Forget a host."""
        one.bucket.remove(one)
        del self.hosts[(one.host, one.port)]
        if one in self.contested:
            self.contested.remove(one)

    def is_tried(self, one):
        """True for hosts in TRIED, and for reserved ones that have answered."""
        return one.success is not None

    def succeeded(self, host, port, key, round_trip, now):
        """Note that a host proved its key at this address; a host not in the cache is no matter."""
        one = self.hosts.get((host, port))
        if one is None:
            return
        one.key = key
        one.failures = 0
        one.round_trip = round_trip
        if one in self.contested:
            self.contested.remove(one)
        if one.success is None and one.bucket is not self.reserved:
            self._promote(one)
        else:
            one.success = now
        if one.bucket is not None and one.bucket not in self.new:
            one.success = now

    def _promote(self, one):
        """Move a host from NEW to TRIED; when there is no room its oldest host must show itself."""
        spread = self._choose(NET_BUCKETS, b"spread", address.pack(one.host), b"%d" % one.port)
        index = self._choose(TRIED_BUCKETS, b"tried", one.group, bytes((spread,)))
        bucket = self.tried[index]
        if len(bucket) < BUCKET_HOSTS:
            one.bucket.remove(one)
            self._place(one, bucket)
            return
        oldest = min(bucket, key=lambda other: other.success or 0)
        if oldest not in self.contested:
            self.contested.append(oldest)

    def failed(self, host, port):
        """Note that a host did not answer."""
        one = self.hosts.get((host, port))
        if one is None:
            return
        one.failures += 1
        if one in self.contested or (one.bucket in self.new and one.failures >= MAX_FAILURES):
            self.remove(one)

    def feeler(self, number):
        """Return a host worth asking whether it is there, or None. number: random."""
        if self.contested:
            return self.contested[0]
        untried = [one for bucket in self.new for one in bucket]
        return untried[number % len(untried)] if untried else None

    def best(self, most):
        """Return the hosts to call when the node is alone: reserved, then last to answer first."""
        tried = [one for bucket in self.tried for one in bucket]
        tried.sort(key=lambda one: (one.failures, -(one.success or 0)))
        return (self.reserved + tried)[:most]

    def sample(self, most, number):
        """Return up to `most` TRIED hosts to tell others of, from a random place on."""
        tried = [one for bucket in self.tried for one in bucket if one.key]
        start = number % len(tried) if tried else 0
        return (tried[start:] + tried[:start])[:most]

    def write(self):
        """Return the cache as octets; times are left out, for there is no clock to compare them."""
        rows = [
            [address.pack(one.host), one.port, one.key, one.teller, self._standing(one)]
            for one in self.hosts.values()
        ]
        return encode(rows)

    def _standing(self, one):
        if one.bucket is self.reserved:
            return RESERVED
        return TRIED if self.is_tried(one) else NEW

    def read(self, octets, now):
        """Take what `write` returned; raise MeshError."""
        rows = decode(octets)
        if not isinstance(rows, list):
            raise MeshError("not a list of hosts")
        for row in rows:
            packed, port, key, teller, standing = _checked(row)
            host = address.unpack(packed)
            if standing == RESERVED:
                one = self.reserve(host, port, key, now)
            else:
                one = self.add(host, port, key, "", None, now)
            if one is not None and standing:
                one.teller = teller
                self.succeeded(one.host, port, key, None, now)


def _checked(row):
    """Return a row of a snapshot; raise MeshError where a field is of the wrong kind."""
    kinds = (bytes, int, bytes, bytes, int)
    if not isinstance(row, list) or len(row) != len(kinds):
        raise MeshError("not a host")
    for field, kind in zip(row, kinds):
        if not isinstance(field, kind):
            raise MeshError("not a host")
    if len(row[0]) not in (4, 16) or not 0 < row[1] < 65536 or len(row[2]) not in (0, KEY_BYTES):
        raise MeshError("not a host")
    return row
