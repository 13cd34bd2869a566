"""The records of this node: made when something changed, at a bounded pace."""

import hashlib

from . import people, phonebook, record
from .identity import Sequence, short_id
from .rate import spend

# The first record of a run waits for more neighbours to be found; a change goes out after 100 ms,
# so that several become one record, and the wait grows while changes go on.
BEGIN_WAIT, FIRST_WAIT, LAST_WAIT = (250, 100, 5000)
WAIT_GROWTH = 2
# After this long without a change the wait is short again.
QUIET = 15000
# What receivers accept of one identity, and the little less that this node makes.
SEQUENCE_INTERVAL, SEQUENCE_BURST = (5000, 8)
OWN_INTERVAL, OWN_BURST = (5500, 6)
# A record is made anew long before it ages out elsewhere.
REFRESH = record.LIFETIME * 1000 // 3
# Jumps past a foreign sequence of the node's own record in one run that a lost boot epoch explains:
# nobody but a twin signs another one above what was said since.
MAX_JUMPS = 1
# A node with a twin speaks this seldom, or the two would shout each other down for ever.
TWIN_WAIT = 60000
NAME_MARK = b"bellhop name 1"


def name_hash(name):
    """Return the 16 octets by which a name or number is found in records."""
    return hashlib.sha256(NAME_MARK + name.lower()).digest()[: record.HASH_BYTES]


class Own:
    """What this node says about itself. A thing to wake when it is to be said."""

    def __init__(self, key, boot_epoch, settings, close=None):
        """close(value, readers): hides a page of the phone book from all but some nodes' ids."""
        self.key = key
        self.settings = settings
        self.close = close
        self.sequence = Sequence(boot_epoch)
        self.endpoints = []
        # Whom everybody may find, and whom only contacts read in the phone book.
        self.users, self.closed = [], []
        self.people = []
        # The value of `repl`: in whose place this node stands.
        self.replaces = b""
        # The value of `list`: the head of a signed list that is passed on, b"" for none.
        self.list = b""
        self.edges = []
        # Of the number prefix; whether it stays, whoever else claims it.
        self.attempt = 0
        # prekey(): what the record says of it.
        self.prekey = bytes
        self.is_settled = False
        self.values = {}
        self.wait = FIRST_WAIT
        self.last = None
        self.marks = {}
        self.jumps = 0
        self.has_spoken = False
        self.deadline = None
        self.queued = None

    def change(self, now):
        """Note that something is to be said."""
        if self.last is not None and now - self.last > QUIET:
            self.wait = FIRST_WAIT
        at = now + BEGIN_WAIT if self.last is None else max(now + FIRST_WAIT, self.last + self.wait)
        if self.deadline is None or at < self.deadline:
            self.deadline = at

    def jump_past(self, item, has_said, now):
        """Go above a record that was made under this key elsewhere; True when it is a twin's.

        has_said: this node has made one of the same salt in this run.
        """
        is_newer = has_said or item.sequence > self.sequence.last
        if is_newer and item.salt == record.NODE_SALT:
            self.jumps += self.has_spoken
            self.has_spoken = False
        self.sequence.jump_past(item.sequence)
        self.values[item.salt] = b""
        self.change(now)
        if self.jumps <= MAX_JUMPS:
            return False
        if self.jumps > MAX_JUMPS + 1:  # The twin has to hear it once more to know it too.
            self.deadline = max(self.deadline, self.last + TWIN_WAIT)
        return True

    def write(self, sign, now):
        """Return the records whose value is new, signed."""
        self.deadline = now + REFRESH
        values = self._values()
        refresh = self.last is not None and now - self.last >= REFRESH
        records = []
        for salt in values:
            if self.values.get(salt) == values[salt] and not refresh:
                continue
            mark = spend(self.marks.get(salt, 0), now, OWN_INTERVAL, OWN_BURST)
            if mark is None:
                self.deadline = min(
                    self.deadline, self.marks[salt] - OWN_INTERVAL * (OWN_BURST - 1)
                )
                continue
            self.marks[salt] = mark
            self.values[salt] = values[salt]
            value = values[salt]
            if isinstance(value, tuple):
                value = self.close(value[0], value[1])
            records.append(record.write(self.key, self.sequence.next(), salt, value, sign))
        if records:
            self.last = now
            self.has_spoken = True
            self.wait = min(WAIT_GROWTH * self.wait, LAST_WAIT)
        return records

    def _values(self):
        """Return {salt: value}; what was said once and is over is said to be empty.

        A page of a closed phone book is (value, ids of those who may read it).
        """
        values = dict.fromkeys(self.values, b"de")
        hashes = []
        for user in self.users:
            for name in (user.name, user.number):
                if name:  # Where the book is closed nobody is told when a phone comes home.
                    is_there = user.registered and self.settings.book_open
                    hashes.append((name_hash(name), is_there))
        room = record.MAX_VALUE_BYTES - len(self._node_value([])) - 40
        first = max(room // (record.HASH_BYTES + 1), 0)
        values[record.NODE_SALT] = self._node_value(hashes[:first])
        step = (record.MAX_VALUE_BYTES - 40) // (record.HASH_BYTES + 1)
        rest = hashes[first:]
        for salt in record.NAME_SALTS[1:]:
            if not rest:
                break
            values[salt] = record.write_node(_names(rest[:step]))
            rest = rest[step:]
        if self.list:
            values[record.LIST_SALT] = self.list
        if self.replaces:
            values[record.REPLACES_SALT] = self.replaces
        for salt, page in zip(record.BOOK_SALTS, self._book()):
            values[salt] = page
        for salt, page in zip(record.PEOPLE_SALTS, people.write(self.people)):
            values[salt] = page
        return values

    def _book(self):
        """Return the pages of the phone book: open, or for some contacts each, or none."""
        pages, users = [], self.users + self.closed
        if self.settings.book_open:
            pages, users = phonebook.write(self.users), self.closed
        contacts = self.settings.contacts if self.close is not None else ()
        for at in range(0, len(contacts), phonebook.MAX_READERS):
            readers = tuple(contacts[at : at + phonebook.MAX_READERS])
            room = record.MAX_VALUE_BYTES - phonebook.COVER_BYTES
            pages += [(value, readers) for value in phonebook.write(users, room)]
        return pages

    def _node_value(self, hashes):
        edges = sorted(self.edges, key=lambda edge: (edge[1], edge[0]))[: record.MAX_EDGES]
        edges.sort()
        packed = [short_id(key) + bytes((cost,)) for key, cost, _ in edges]
        node = _names(hashes)
        return record.write_node(
            record.NodeValue(
                self.settings.name.encode()[: record.MAX_NAME_BYTES],
                self.endpoints[: record.MAX_ENDPOINTS],
                self.settings.flags,
                self.attempt,
                b"".join(packed),
                node.registered,
                record.LIFETIME,
                node.hashes,
                self.prekey(),
                _bits([is_plain for _, _, is_plain in edges]),
            )
        )


def _names(hashes):
    """Return a NodeValue with nothing but names."""
    bits = _bits([pair[1] for pair in hashes])
    joined = b"".join([pair[0] for pair in hashes])
    return record.NodeValue(b"", [], 0, 0, b"", bits, record.LIFETIME, joined, b"", b"")


def _bits(flags):
    """Return octets with one bit for each flag."""
    bits = bytearray((len(flags) + 7) // 8)
    for index, is_set in enumerate(flags):
        if is_set:
            bits[index // 8] |= 1 << index % 8
    return bytes(bits)
