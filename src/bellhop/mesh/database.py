"""Everybody's newest records: bounded, with tombstones, digests and a fair eviction."""

import hashlib
from collections import deque

from ..limits import MAX_RECORDS, MAX_RECORDS_BYTES, MAX_TOMBSTONES
from .identity import KEY_BYTES, SHORT_BYTES
from .record import (
    BOX_SALT,
    END_SALTS,
    HEAD_BYTES,
    OVER_SALT,
    SALT_AT,
    SALTS,
    sequence_of,
    table_key,
)

LEAVES = 256
MODULUS = 1 << 64
# A newcomer may push out what the largest introducer brought last while its own introducer has
# less than this part of it: many small ones cannot undo a large one of long standing.
PART = 16
# Records of boxes, which anybody makes without being anybody, take this part of the table at most.
PART_OF_BOXES = 4
# What `Database.compare` finds about a record that is offered.
NEWER, SAME, OLDER, BURIED, COLLISION = ("newer", "same", "older", "buried", "collision")


class Entry:
    """One record as received. at: ms when last heard to be alive; serial: order of first sight."""

    __slots__ = ("raw", "sequence", "digest", "introducer", "at", "serial", "mark")

    def __init__(self, raw, introducer, at, serial):
        self.raw = raw
        self.sequence = sequence_of(raw)
        self.digest = digest_of(raw)
        self.introducer = introducer
        self.at = at
        self.serial = serial
        self.mark = 0


def _is_box(raw):
    return raw[SALT_AT] == len(BOX_SALT) and raw[HEAD_BYTES : HEAD_BYTES + 3] == BOX_SALT


def key_of(raw):
    """Return the table key (short id + salt) of a record."""
    return table_key(raw, raw[HEAD_BYTES : HEAD_BYTES + raw[SALT_AT]])


def digest_of(raw):
    """Return the 64-bit number that stands for a record."""
    return int.from_bytes(hashlib.sha256(raw).digest()[:8], "big")


class Database:
    """Records in 256 leaves by the first octet of the key, which are the leaves of a hash tree.

    `gone` collects the keys that were evicted, for the owner of this object. is_kept(id): True for
    nodes whose records never make room for others.
    """

    def __init__(
        self,
        most=MAX_RECORDS,
        most_bytes=MAX_RECORDS_BYTES,
        most_tombstones=MAX_TOMBSTONES,
        is_kept=lambda node: False,
    ):
        self.is_kept = is_kept
        self.most = most
        self.most_bytes = most_bytes
        self.most_tombstones = most_tombstones
        self.leaves = [{} for _ in range(LEAVES)]
        self.sums = [0] * LEAVES
        self.total = 0
        self.count = 0
        self.octets = 0
        self.serial = 0
        self.shares = {}
        # Records of boxes: introducer -> how many.
        self.boxes = {}
        self.tombstones = {}
        self.gone = []
        self.buried = deque((), most_tombstones + 1)

    def get(self, key):
        """Return the entry of a table key, or None."""
        return self.leaves[key[0]].get(key)

    def compare(self, raw, key):
        """Return what an offered record is in view of what is known.

        Two of one sequence, which only a twin of the node makes, are decided alike everywhere.
        """
        sequence = sequence_of(raw)
        entry = self.leaves[key[0]].get(key)
        if self._is_over(raw, key):
            return BURIED
        if entry is None:
            return BURIED if sequence <= self.tombstones.get(key, -1) else NEWER
        if entry.raw[:KEY_BYTES] != raw[:KEY_BYTES]:
            return COLLISION
        if raw == entry.raw:
            return SAME
        if sequence == entry.sequence:
            return NEWER if digest_of(raw) > entry.digest else OLDER
        return NEWER if sequence > entry.sequence else OLDER

    def _is_over(self, raw, key):
        """Tell whether the key of a record has ended by another one."""
        short, salt = key[:SHORT_BYTES], key[SHORT_BYTES:]
        for end in END_SALTS if salt not in END_SALTS else (OVER_SALT,):
            entry = self.get(short + end) if end != salt else None
            if entry is not None and entry.raw[:KEY_BYTES] == raw[:KEY_BYTES]:
                return True
        return False

    def store(self, raw, introducer, now):
        """Keep a record that `compare` called NEWER; return False where there is no place."""
        key = key_of(raw)
        old = self.get(key)
        grown = len(raw) - (len(old.raw) if old else 0)
        may_push = old is not None or self.is_kept(raw[:KEY_BYTES])
        if old is None and _is_box(raw) and not self._make_room_for_box(introducer):
            return False
        if not self._make_room(grown, old is None, introducer, may_push):
            return False
        serial = mark = 0
        old = self.get(key)
        if old is not None:
            serial, mark = old.serial, old.mark
            self._take_out(key, old)
        else:
            self.serial += 1
            serial = self.serial
        entry = Entry(raw, introducer, now, serial)
        entry.mark = mark
        self.leaves[key[0]][key] = entry
        self._count(key[0], entry, 1)
        if key[SHORT_BYTES:] in END_SALTS:
            self._end(key)
        return True

    def _end(self, key):
        """A key has ended: none of its other records counts any more."""
        for salt in SALTS:
            other = key[:SHORT_BYTES] + salt
            entry = self.get(other) if other != key else None
            if entry is not None and self._is_over(entry.raw, other):
                self.remove(other)
                self.gone.append(other)

    def remove(self, key):
        """Forget a record and remember that it ended."""
        entry = self.get(key)
        self._take_out(key, entry)
        if key not in self.tombstones:
            self.buried.append(key)
        self.tombstones[key] = entry.sequence
        if len(self.buried) > self.most_tombstones:
            self.tombstones.pop(self.buried.popleft(), None)

    def _take_out(self, key, entry):
        del self.leaves[key[0]][key]
        self._count(key[0], entry, -1)

    def _count(self, leaf, entry, sign):
        self.sums[leaf] = (self.sums[leaf] + sign * entry.digest) % MODULUS
        self.total = (self.total + sign * entry.digest) % MODULUS
        self.count += sign
        self.octets += sign * len(entry.raw)
        if _is_box(entry.raw):
            self.boxes[entry.introducer] = self.boxes.get(entry.introducer, 0) + sign
            if not self.boxes[entry.introducer]:
                del self.boxes[entry.introducer]
        share = self.shares.get(entry.introducer, 0) + sign * self._weight(len(entry.raw))
        if share:
            self.shares[entry.introducer] = share
        else:
            del self.shares[entry.introducer]

    def _weight(self, octets):
        """Return what a record takes: of the octets, or its place."""
        return max(octets, self.most_bytes // self.most)

    def _make_room(self, octets, is_new, introducer, may_push):
        """Evict from the largest introducer; one that has too large a part finds no place."""
        while self.count + is_new > self.most or self.octets + octets > self.most_bytes:
            largest = max(self.shares, key=lambda who: self.shares[who])
            part = PART * self.shares.get(introducer, 0)
            if (part >= self.shares[largest] and not may_push) or not self._evict(largest):
                return False
        return True

    def _make_room_for_box(self, introducer):
        """Evict a box of who brought most of them; nobody finds room for more than others have."""
        while sum(self.boxes.values()) >= self.most // PART_OF_BOXES:
            largest = max(self.boxes, key=lambda who: self.boxes[who])
            if self.boxes.get(introducer, 0) + 1 >= self.boxes[largest]:
                return False
            self._evict(largest, True)
        return True

    def _evict(self, introducer, is_box=False):
        """Drop what this introducer brought last: what was there before a flood stays."""
        newest = None
        for key, entry in self.items():
            if entry.introducer != introducer or self.is_kept(entry.raw[:KEY_BYTES]):
                continue
            if is_box and not _is_box(entry.raw):
                continue
            if newest is None or entry.serial > newest[1].serial:
                newest = (key, entry)
        if newest is None:
            return False
        self._take_out(newest[0], newest[1])
        self.gone.append(newest[0])
        return True

    def items(self):
        """Yield (table key, entry) of all records."""
        for leaf in self.leaves:
            for key in leaf:
                yield key, leaf[key]

    def digest(self):
        """Return the 8 octets that all records together have."""
        return self.total.to_bytes(8, "big")

    def branch(self, number):
        """Return the digests of the 16 parts of a branch: 16 for the root, else 0 to 15."""
        if number == 16:
            sums = [sum(self.sums[at : at + 16]) % MODULUS for at in range(0, LEAVES, 16)]
        else:
            sums = self.sums[number * 16 : number * 16 + 16]
        return b"".join([part.to_bytes(8, "big") for part in sums])
