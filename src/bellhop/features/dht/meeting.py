"""Nodes meet by the BitTorrent DHT: each leaves, for each contact, where it is now.

What lies there is an item of BEP 44 whose key only the two know, sealed for them: nodes of the DHT
see that somebody keeps 200 octets, not who, nor for whom. The questions go out by the socket of the
mesh, so that what the DHT sees is the very port at which the mesh is reached, behind a NAT too.
Both greet each other then, as if the owner had named the address.
"""

from ...bencode import decode, encode
from ...effects import SendMesh
from ...errors import MeshError
from ...hkdf import expand, extract
from ...mesh import address
from ...mesh.identity import Sequence
from . import krpc
from .search import Search

MARK = b"bellhop dht 1"
LEAVE, LOOK = "leave", "look"
ANYWHERE = 0
FIRST_MS, PAUSE_MS = (5000, 1000)
# What was left is left again (nodes forget after two hours), and who is away is looked for again.
KEEP_MS, LOOK_MS, SOON_MS = (55 * 60000, 10 * 60000, 20000)
MOST_CONTACTS, MOST_PLACES, MOST_KNOWN = (64, 8, 128)
MARK_BYTES, NONCE_BYTES = (4, 24)
# So many nodes have to see this one at a place before it is told.
WITNESSES = 2


class Meeting:
    """A feature: finds contacts by the DHT. greet(places, now): has the mesh say hello there.

    mesh: mesh.node.Mesh; seed, boot_epoch, crypto: of this node. known: {place: id} of nodes of the
    DHT that have answered; roots: those that the owner names, with b""; seen: {who of them says so:
    (host, port) of this node}; due: {(LEAVE or LOOK, contact): when}; search: what is under way.
    """

    name = "dht"
    hooks, events = ("started", "counters"), ("starts", "receive")
    users = {}

    def __init__(self, node, mesh, greet, seed, boot_epoch, crypto):
        self.node = node
        self.mesh = mesh
        self.greet = greet
        self.seed, self.crypto = seed, crypto
        self.sequence = Sequence(boot_epoch)
        self.own = node.random(krpc.ID_BYTES)
        self.known, self.roots, self.seen = {}, {}, {}
        self.due, self.task, self.search = {}, None, None
        # How long the next pause of a task is.
        self.pauses = {}
        # Mark of a question -> its place.
        self.asked = {}
        self.counts = dict.fromkeys(("asked", "answers", "left", "found", "ignored"), 0)
        self.wakers = {Meeting: self._wake}
        self.deadline = self.queued = None

    def started(self, now):
        """Leave and look for something for each contact."""
        contacts = self.mesh.settings.contacts[:MOST_CONTACTS]
        wanted = [(what, one) for one in contacts for what in (LOOK, LEAVE)]
        self.due = {key: self.due.get(key, now + FIRST_MS) for key in wanted}
        self._plan(now)
        return []

    def starts(self, places, now):
        """The owner names these nodes of the DHT, [(host, port)]."""
        self.roots = dict.fromkeys(places, b"")
        return []

    def counters(self):
        """Return the counters."""
        return {"dht": dict(self.counts, nodes=len(self.known))}

    # One task after the other.

    def _plan(self, now):
        waits = [] if self.search is None else [self.search.deadline()]
        waits = waits or [max(when, now + PAUSE_MS) for when in self.due.values()]
        self.deadline = min(waits) if waits else None
        self.node.deadlines.watch(self)

    def _wake(self, feature, now):
        if self.search is not None:
            self.search.drop(now)
            return self._go_on(now)
        self.task = min(self.due, key=lambda key: (self.due[key], key))
        what, contact = self.task
        pause = self.pauses.get(self.task, SOON_MS)
        self.due[self.task], self.pauses[self.task] = now + pause, min(2 * pause, LOOK_MS)
        known = dict(self.roots)
        known.update(self.known)
        if not known or (what == LOOK and self.mesh.distance(contact) == 1):
            self._plan(now)
            return []
        writer = self.mesh.id if what == LEAVE else contact
        key = self.crypto.public_key(self._seed(contact, writer))
        self.search = Search(key, known, self.crypto.verify)
        return self._go_on(now)

    def _go_on(self, now):
        effects = []
        for place in self.search.next(now):
            mark = self.node.random(MARK_BYTES)
            self.asked[mark] = place
            self.counts["asked"] += 1
            effects.append(_send(place, krpc.get(mark, self.own, self.search.target)))
        if self.search.is_over():
            effects += self._over(now)
        self._plan(now)
        return effects

    def _over(self, now):
        """The search is over: leave what is to be left, or greet who was found."""
        (what, contact), search = self.task, self.search
        self.task = self.search = None
        self.asked = {}
        lost = [
            place for place in self.known if place in search.done and place not in search.tokens
        ]
        for place in lost:
            del self.known[place]
        if what == LOOK:
            places = self._read(search.found, contact)
            self.counts["found"] += bool(places)
            return self.greet(places, now) if places else []
        item, puts = self._item(contact), search.closest()
        if item is None or not puts:
            return []
        self.counts["left"] += 1
        self.due[LEAVE, contact] = now + KEEP_MS
        return [
            _send(place, krpc.put(self.node.random(MARK_BYTES), self.own, token, item))
            for place, token in puts
        ]

    def receive(self, data, source, now):
        """Take a datagram of the DHT; return the effects."""
        try:
            answer = krpc.read(data)
        except MeshError:
            self.counts["ignored"] += 1
            return []
        place = self.asked.pop(answer.mark, None)
        if place is None or self.search is None or _packed(place) != _packed(source):
            return []
        self.counts["answers"] += 1
        self._note(place, answer)
        self.search.answered(place, answer)
        return self._go_on(now)

    def _note(self, place, answer):
        if answer.seen is not None:
            self.seen.pop(place, None)
            self.seen[place] = answer.seen
        self.known[place] = answer.id
        for table in self.known, self.seen:
            while len(table) > MOST_KNOWN:
                del table[min(table)]

    # What two contacts have in common.

    def _key(self, contact, writer, use, size):
        """Return octets that only the two know, of what one of them writes."""
        shared = extract(MARK, self.crypto.agree(self.seed, contact))
        return expand(shared, use + writer, size)

    def _seed(self, contact, writer):
        return self._key(contact, writer, b"item", 32)

    def places(self):
        """Return [(host, port)] of this node's mesh, as nodes of the DHT see it."""
        counts = {}
        for place in self.seen.values():
            counts[place] = counts.get(place, 0) + 1
        found = [place for place in counts if counts[place] >= WITNESSES]
        return sorted(found, key=lambda place: -counts[place])[:MOST_PLACES]

    def _item(self, contact):
        """Return the Item that says where this node is, None while it does not know."""
        places = [] if self.is_hidden() else self.places()
        if not places:
            return None
        packed = [_packed(place) for place in places]
        nonce = self.node.random(NONCE_BYTES)
        key = self._key(contact, self.mesh.id, b"lock", 32)
        value = nonce + self.crypto.lock(key, nonce, encode(packed))
        sequence = self.sequence.next()
        return krpc.made(self._seed(contact, self.mesh.id), sequence, value, self.crypto)

    def is_hidden(self):
        """Tell whether nobody is to learn this node's address."""
        return self.node.settings.privacy.level != "0"

    def _read(self, item, contact):
        """Return [(host, port)] that a contact has left, [] where there is nothing of his."""
        if item is None or len(item.value) <= NONCE_BYTES:
            return []
        nonce, sealed = item.value[:NONCE_BYTES], item.value[NONCE_BYTES:]
        octets = self.crypto.unlock(self._key(contact, contact, b"lock", 32), nonce, sealed)
        try:
            rows = decode(octets or b"")
        except MeshError:
            return []
        found = [krpc.place(one) for one in rows[:MOST_PLACES]] if isinstance(rows, list) else []
        return [place for place in found if place is not None]


def _send(place, data):
    return SendMesh(ANYWHERE, place, data, False)


def _packed(place):
    return address.pack(place[0]) + place[1].to_bytes(2, "big")
