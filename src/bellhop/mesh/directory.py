"""What the records say, read when it is asked for: edges, names, mesh numbers."""

from collections import namedtuple

from ..errors import MeshError
from . import boxes, people, phonebook, record, succession
from .identity import KEY_BYTES, PREFIX_DIGITS, SHORT_BYTES, number_prefix
from .own import name_hash

# Who claims a name. node: 32 octets; rank: one of RANKS, lower is better; reason: text.
Claim = namedtuple("Claim", ("node", "name", "rank", "reason"))
PINNED, PROVED, VOUCHED, FIRST_SEEN = RANKS = (0, 1, 2, 3)
REASONS = (
    "a pinned contact", "proved by DNSSEC or DHT", "vouched for by a contact",
    "a node that nobody here knows yet",
)  # fmt: skip
# Claims of one name that are kept; a caller could not choose among more.
MAX_CLAIMS = 16
# News about keys that wait to be looked at; past it they count, and nobody is told.
MAX_ENDED = 64
# More than the database holds.
MAX_STALE = 1 << 30


class Known:
    """One record as read. raw: its octets; serial: order of first sight."""

    __slots__ = ("raw", "value", "serial")

    def __init__(self, raw, value, serial):
        self.raw = raw
        self.value = value
        self.serial = serial

    @property
    def node(self):
        """The 32 octets of the node's id."""
        return self.raw[:KEY_BYTES]

    def edge(self, short):
        """Return (cost, whether it is amateur radio) of the edge to a node, or None."""
        edges = self.value.edges
        at = edges.find(short)
        while at > 0 and at % record.EDGE_BYTES:
            at = edges.find(short, at + 1)
        if at < 0:
            return None
        return max(edges[at + SHORT_BYTES], 1), _bit(self.value.plain, at // record.EDGE_BYTES)


# Digits behind the prefix of a house that tells nobody which of its numbers there are.
MAX_EXTENSION = 6


class Directory:
    """An index over the database that is brought up to date before each answer.

    open_book(node, value): the value of a page of a phone book as this node may read it, or None.
    verify(key, data, signature): True where that key has signed.
    """

    def __init__(self, database, open_book, verify, counters):
        self.database = database
        self.open_book = open_book
        self.verify = verify
        self.counters = counters
        self.stale = set()
        self.version = 0
        self.known = {}
        self.names = {}
        self.prefixes = {}
        self.books = {}
        # Of closed pages, which only contacts read: {name or number: (page, ...)}.
        self.listed = {}
        self.people = {}
        self.pages = {}
        # Of table keys: (tag, nonce) by which who knows a box finds it.
        self.boxes = {}
        self.trust = {}
        # Of table keys: what became of nodes' keys, and who stands in whose place. ended: Endings
        # and Replacements that nobody has looked at yet.
        self.endings = {}
        self.replacements = {}
        self.ended = []

    def note(self, key):
        """A record has come, changed or gone."""
        self.stale.add(key)

    def rely_on(self, trust):
        """Take {node's id: rank} of those whose claims are better than others."""
        if trust != self.trust:
            self.trust = trust
            self.stale.update(self.known)

    def _read_book(self, key, item):
        try:
            value = self.open_book(item.key, item.value)
            if value is not None:
                self.books[key] = phonebook.read(value)
                if value is not item.value:
                    self._list(key)
        except MeshError:
            self.counters["unreadable"] += 1

    def _list(self, key):
        """Find who stands in a closed page by name and number: no hash tells it."""
        for entry in self.books[key]:
            for name in (entry.name.lower(), entry.number):
                if name:
                    self.listed[name] = self.listed.get(name, ()) + (key,)

    def is_closed(self, key):
        """Tell whether a page of the phone book is one that only contacts read."""
        pages = [self.listed.get(entry.name.lower(), ()) for entry in self.books[key][:1]]
        return bool([page for page in pages if key in page])

    def refresh(self, most=MAX_STALE):
        """Read the records that have changed since the last time, or so many of them."""
        while self.stale and most:
            most -= 1
            self.version += 1
            key = self.stale.pop()
            self._drop(key)
            entry = self.database.get(key)
            if entry is None:
                continue
            item = record.parse(entry.raw)
            if item.salt in record.BOOK_SALTS:
                self._read_book(key, item)
                continue
            if item.salt == record.BOX_SALT:
                self._read_box(key, item)
                continue
            if item.salt in record.PEOPLE_SALTS:
                self._read_people(key, item)
                continue
            if item.salt in record.END_SALTS or item.salt == record.REPLACES_SALT:
                self._read_succession(key, item)
                continue
            try:
                value = record.read_node(item.value)
            except MeshError:
                self.counters["unreadable"] += 1
                continue
            self._add(key, Known(entry.raw, value, entry.serial))

    def _read_box(self, key, item):
        try:
            self.boxes[key] = boxes.read_mark(item.value)
        except MeshError:
            self.counters["unreadable"] += 1

    def _read_succession(self, key, item):
        try:
            if item.salt == record.REPLACES_SALT:
                found = succession.read_replacement(item, self.verify)
                self.replacements[key] = found
            else:
                found = self.endings[key] = succession.read_ending(item, self.verify)
        except MeshError:
            self.counters["unreadable"] += 1
            return
        if found is not None and len(self.ended) < MAX_ENDED:
            self.ended.append(found)

    def take_ended(self):
        """Return the Endings and Replacements that have come since the last time."""
        ended, self.ended = self.ended, []
        return ended

    def ending(self, node):
        """Return the Ending of a node's key, or None; a revocation counts before all else."""
        for salt in (record.OVER_SALT, record.NEXT_SALT):
            found = self.endings.get(node[:SHORT_BYTES] + salt)
            if found is not None and found.old == node:
                return found
        return None

    def lived_at(self, person, node):
        """Tell whether a person's key says that its owner was at a node."""
        return node in [place for place, _ in self.people.get(person, {}).values()]

    def _read_people(self, key, item):
        try:
            page = people.read(item.value)
        except MeshError:
            self.counters["unreadable"] += 1
            return
        # What the people themselves have not signed takes no place of what they have.
        page = [one for one in page if people.is_at(one, item.key, self.verify)]
        self.pages[key] = [one.key for one in page]
        for one in page:
            places = self.people.setdefault(one.key, {})
            if len(places) < MAX_CLAIMS:
                places[key] = (item.key, one)

    def _forget_people(self, key):
        for person in self.pages.pop(key, ()):
            places = self.people.get(person, {})
            places.pop(key, None)
            if not places:
                self.people.pop(person, None)

    def _add(self, key, known):
        self.known[key] = known
        for name in _hashes(known.value):
            claims = self.names.get(name, ()) + (key,)
            if len(claims) > MAX_CLAIMS:
                worst = max(claims, key=self._standing)
                claims = tuple([one for one in claims if one != worst])
            self.names[name] = claims
        if len(key) == SHORT_BYTES + 1:
            prefix = number_prefix(known.node, known.value.attempt)
            self.prefixes[prefix] = self.prefixes.get(prefix, ()) + (key,)

    def _drop(self, key):
        for entry in self.books.pop(key, ()):
            for name in (entry.name.lower(), entry.number):
                _forget(self.listed, name, key)
        self.boxes.pop(key, None)
        self.endings.pop(key, None)
        self.replacements.pop(key, None)
        self._forget_people(key)
        known = self.known.pop(key, None)
        if known is None:
            return
        for name in _hashes(known.value):
            _forget(self.names, name, key)
        if len(key) == SHORT_BYTES + 1:
            _forget(self.prefixes, number_prefix(known.node, known.value.attempt), key)

    def _standing(self, key):
        """Return what orders claims, the best first: rank, then first sight."""
        known = self.known[key]
        return self.trust.get(known.node, FIRST_SEEN), known.serial

    def node(self, short):
        """Return the Known of a node's own record, or None."""
        return self.known.get(short + record.NODE_SALT)

    def edges_of(self, short, has_plain=True):
        """Return {neighbour: cost} of the edges that both ends list, the dearer end counts.

        has_plain: those too that are amateur radio by the word of one end.
        """
        known = self.node(short)
        edges = {}
        octets = b"" if known is None else known.value.edges
        for at in range(0, len(octets), record.EDGE_BYTES):
            other = octets[at : at + SHORT_BYTES]
            back = self.node(other)
            edge = None if back is None else back.edge(short)
            if edge is None:
                continue
            is_plain = edge[1] or _bit(known.value.plain, at // record.EDGE_BYTES)
            if has_plain or not is_plain:
                edges[other] = max(octets[at + SHORT_BYTES], edge[0])
        return edges

    def find(self, name):
        """Return the claims of a name, number or mesh number, best first."""
        self.refresh()
        keys = [(key, name, "") for key in self.names.get(name_hash(name), ())]
        shorts = [key[:SHORT_BYTES] for key, _, _ in keys]
        for page in self.listed.get(name.lower(), ()):
            short = page[:SHORT_BYTES]
            if short not in shorts and self.node(short) is not None:
                shorts.append(short)
                keys.append((short + record.NODE_SALT, name, ""))
        owner, rest = self.owner(name[:PREFIX_DIGITS]), name[PREFIX_DIGITS:]
        if owner is not None and rest and name.isdigit():
            wanted = name_hash(rest)
            for salt in record.NAME_SALTS:
                known = self.known.get(owner + salt)
                if known is None:
                    continue
                # A house whose book is closed says itself who has the number.
                is_silent = salt == record.NODE_SALT and not known.value.registered
                is_silent = is_silent and len(rest) <= MAX_EXTENSION
                if wanted in _hashes(known.value) or is_silent:
                    keys.append((owner + salt, rest, ", by its mesh number"))
        keys.sort(key=lambda found: self._standing(found[0]))
        claims = []
        for key, called, how in keys:
            rank = self._standing(key)[0]
            claims.append(Claim(self.known[key].node, called, rank, REASONS[rank] + how))
        return claims

    def owner(self, prefix):
        """Return the short id of the node whose mesh numbers begin so, or None.

        Of several the first seen, after pinned contacts: keys for a prefix are quickly found.
        """
        keys = self.prefixes.get(prefix, ())
        return min(keys, key=self._standing)[:SHORT_BYTES] if keys else None

    def outranks(self, node, attempt):
        """True when another node has a better right to the number prefix: attempt, then key."""
        for key in self.prefixes.get(number_prefix(node, attempt), ()):
            known = self.known[key]
            if known.node != node and (known.value.attempt, known.node) < (attempt, node):
                return True
        return False

    def registered(self):
        """Return {(short id, hash of a name)} of those with a phone in reach right now."""
        found = set()
        for key in self.known:
            value = self.known[key].value
            for index, name in enumerate(_hashes(value)):
                if _bit(value.registered, index):
                    found.add((key[:SHORT_BYTES], name))
        return found


def _hashes(value):
    size = record.HASH_BYTES
    return [value.hashes[at : at + size] for at in range(0, len(value.hashes), size)]


def _bit(octets, index):
    octet = octets[index // 8 : index // 8 + 1]
    return bool(octet and octet[0] >> index % 8 & 1)


def _forget(index, name, key):
    keys = tuple([one for one in index.get(name, ()) if one != key])
    if keys:
        index[name] = keys
    else:
        index.pop(name, None)
