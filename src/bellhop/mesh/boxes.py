"""Boxes: addresses that lead to a person nobody can find (PROTOCOL.md).

A box is an Ed25519 key of its own. Its record stands under a key that nobody links with it who does
not know it, and leads to two meeting nodes; there its owner listens by circuits over relays, and a
caller is joined to one of them. Neither caller nor meeting node learns where the owner is.
"""

import hashlib
from collections import namedtuple

from ..bencode import encode
from ..errors import MeshError
from . import cells, noise, record
from .circuit import Prekeys
from .identity import KEY_BYTES
from .rate import spend

TAG_MARK, OPEN_MARK = b"bellhop box tag 1", b"bellhop box open 1"
TAG_BYTES = NONCE_BYTES = 8
PLACE_BYTES = KEY_BYTES + cells.COOKIE_BYTES
PREKEY_BYTES = 1 + KEY_BYTES
MEETINGS, LISTENING = (2, 2)
# Everything of a box is new after a time between these, by chance. Who has just found the record
# before comes by it so long yet.
LEAST_LIFE, MOST_LIFE, OVERLAP = (600000, 21600000, 60000)
# So privately its owner listens: by three relays.
LEVEL = 2
# A listening circuit says something so often; one that is lost is made again after this time, and
# after twice as long each time it is lost again. So often in a row: other meeting nodes.
FILL_AFTER, AGAIN, LAST_AGAIN, TRIES = (30000, 500, 30000, 4)
# More hops take too long, and have no room for the record.
MAX_WAY = 8
# Nodes that are tried as meeting nodes; where none is found, again after a while.
MAX_TRIED, NO_WAY_AGAIN = (16, 10000)
# Records of one box that a caller tries, the newest first.
MAX_FOUND = 2
HOUR = 3600000

# What a record says to who knows its box. meetings: [(node's id, cookie)]; prekey: number 1 |
# public key 32.
Found = namedtuple("Found", ("meetings", "prekey"))


def _tag(key, nonce):
    return hashlib.sha256(TAG_MARK + key + nonce).digest()[:TAG_BYTES]


def _opener(key, nonce):
    return hashlib.sha256(OPEN_MARK + key + nonce).digest()


def write(crypto, seed, nonce, found):
    """Return the record of a box. seed: of its key; nonce: NONCE_BYTES random ones."""
    key = crypto.public_key(seed)
    inside = b"".join([node + cookie for node, cookie in found.meetings]) + found.prekey
    sealed = noise.seal(crypto, _opener(key, nonce), 0, inside, b"")
    value = encode({b"b": _tag(key, nonce) + nonce, b"x": sealed})
    hidden = crypto.blinded(key, nonce)

    def sign(data):
        return crypto.sign_blinded(seed, nonce, data)

    return record.write(hidden, record.BOX_SEQUENCE, record.BOX_SALT, value, sign)


def read_mark(value):
    """Return (tag, nonce) of the value of a box's record; raise MeshError."""
    mark = record.field(record.read_value(value), b"b", b"")
    if len(mark) != TAG_BYTES + NONCE_BYTES:
        raise MeshError("not a box")
    return mark[:TAG_BYTES], mark[TAG_BYTES:]


def read(crypto, key, item):
    """Return the Found in the record of a box by who knows its key; raise MeshError."""
    _, nonce = read_mark(item.value)
    if crypto.blinded(key, nonce) != item.key:
        raise MeshError("the box of another")
    sealed = record.field(record.read_value(item.value), b"x", b"")
    inside = noise.unseal(crypto, _opener(key, nonce), 0, sealed, b"")
    places, prekey = inside[:-PREKEY_BYTES], inside[-PREKEY_BYTES:]
    if len(places) not in [count * PLACE_BYTES for count in range(1, MEETINGS + 1)]:
        raise MeshError("no meeting nodes")
    meetings = []
    for at in range(0, len(places), PLACE_BYTES):
        place = places[at : at + PLACE_BYTES]
        meetings.append((place[:KEY_BYTES], place[KEY_BYTES:]))
    return Found(meetings, prekey)


class Place:
    """A meeting node of a box. circuits: those that listen there, {Circuit: when it said more}."""

    def __init__(self, node, cookie):
        self.node = node
        self.cookie = cookie
        self.circuits = {}
        self.failures, self.at = 0, 0


class Box:
    """One box of this node. seed: of its key; only: id of the one node that may call it, or None.

    calls_an_hour: it takes so many; places: its Places now, [] where there is no private way;
    former: those before; guise: who the owner is in calls by it (calls.Guise).
    """

    def __init__(self, mesh, seed, only, calls_an_hour, now):
        self.guise = mesh.guise(seed)
        self.seed = seed
        self.key = self.guise.id
        self.only = only
        self.calls_an_hour = calls_an_hour
        self.prekeys = Prekeys(mesh, now, self.key)
        self.raw = b""
        self.places, self.former = [], []
        self.until = self.over_at = now
        self.mark = 0
        self.counts = {"calls": 0, "refused": 0}

    def be_for(self, only, calls_an_hour):
        """Take who may call from now on, and how often."""
        self.only, self.calls_an_hour = only, calls_an_hour

    def takes(self, node, now):
        """Tell whether a call of a node is taken: it is of the right one, and not one too many."""
        mark = None
        if self.only in (None, node):
            mark = spend(self.mark, now, HOUR // self.calls_an_hour, self.calls_an_hour)
        self.counts["calls" if mark is not None else "refused"] += 1
        self.mark = self.mark if mark is None else mark
        return mark is not None

    def listening(self):
        """Return how many callers find somebody at the meeting nodes now."""
        return sum([len(place.circuits) for place in self.places])


class Listener:
    """What hears a circuit that listens, until a caller is joined to it."""

    def __init__(self, boxes, box, place, flags):
        self.boxes, self.box, self.place, self.flags = boxes, box, place, flags
        # Cells of the caller that have overtaken the first.
        self.early = {}

    def heard(self, circuit, body, now):
        """Take the first cell of a caller; raises MeshError for what is none."""
        if circuit.step != 1:
            if len(self.early) < cells.MAX_MESSAGE_1 // cells.BODY_BYTES:
                self.early[circuit.step] = body
            raise MeshError("it comes before the first")
        payload = cells.read_payload(body)
        self.place.failures = 0
        self.boxes.again(self.place, circuit, now)
        opened = cells.Opened(None, cells.DELIVER, self.flags, b"", b"", body)
        return self.boxes.calls.came_by(self.box, circuit, opened, payload, self.early, now)

    def lost(self, circuit, reason, raw, now):
        """The way to the meeting node is gone."""
        if raw:
            self.boxes.mesh.take_record(raw, now)
        self.place.failures += 1
        self.boxes.again(self.place, circuit, now)
        return []


class Boxes:
    """The boxes of this node, and how those of others are found. A thing to wake."""

    def __init__(self, mesh):
        self.mesh = mesh
        self.calls = mesh.calls
        self.own = []
        # {key of a box: [Found, ...]} of the mesh as it was at `version`.
        self.found, self.version = {}, None
        self.deadline = self.queued = None

    # Of others.

    def find(self, key):
        """Return what is known of a box by its key: [Found, ...], the newest first."""
        directory = self.mesh.directory
        directory.refresh()
        if directory.version != self.version:
            self.found, self.version = {}, directory.version
        if directory.boxes and key not in self.found:
            if len(self.found) >= cells.MAX_HOPS:
                self.found = {}
            self.found[key] = self._find(key)
        return self.found.get(key, [])

    def _find(self, key):
        entries = []
        for place, (tag, nonce) in self.mesh.directory.boxes.items():
            if _tag(key, nonce) == tag:
                entries.append(self.mesh.database.get(place))
        found = []
        for entry in sorted(entries, key=lambda one: -one.serial)[:MAX_FOUND]:
            try:
                found.append(read(self.mesh.crypto, key, record.parse(entry.raw)))
            except MeshError:
                self.mesh.counters["unreadable"] += 1
        return found

    # Of this node.

    def keep(self, boxes, now):
        """Listen for these boxes and for no others any more; return the effects."""
        effects = []
        for box in [one for one in self.own if one not in boxes]:
            effects += self._drop(box.places + box.former, now)
        self.own = boxes
        return effects + self.wake(now)

    def again(self, place, circuit, now):
        """A circuit does not listen any more: another one shall, soon."""
        place.circuits.pop(circuit, None)
        place.at = now + min(AGAIN << place.failures, LAST_AGAIN)
        self._hurry(place.at)

    def _hurry(self, at):
        if self.deadline is None or at < self.deadline:
            self.deadline = at
            self.mesh.deadlines.watch(self)

    def wake(self, now):
        """Do what is due for all boxes; return the effects."""
        self.deadline, effects = None, []
        for box in self.own:
            if box.former and now >= box.over_at:
                effects += self._drop(box.former, now)
                box.former = []
            tired = [one for one in box.places if one.failures >= TRIES]
            if now >= box.until or tired:
                self._renew(box, now)
            for place in box.places:
                effects += self._listen(box, place, now)
            times = [box.until] + [box.over_at] * bool(box.former)
            for place in box.places:
                times += [place.circuits[one] + FILL_AFTER for one in place.circuits]
                times += [place.at] * (len(place.circuits) < LISTENING)
            self._hurry(max(min(times), now + 1))
        return effects

    def _renew(self, box, now):
        """Take other meeting nodes, cookies and another prekey; the record follows by them."""
        mesh = self.mesh
        nodes = self._nodes()
        if not nodes:
            box.until = now + NO_WAY_AGAIN
            return
        box.former, box.over_at = box.places, now + OVERLAP
        box.places = [Place(node, mesh.random(cells.COOKIE_BYTES)) for node in nodes]
        box.prekeys.renew(now)
        meetings = [(place.node, place.cookie) for place in box.places]
        found = Found(meetings, box.prekeys.told())
        box.raw = write(mesh.crypto, box.seed, mesh.random(NONCE_BYTES), found)
        chance = int.from_bytes(mesh.random(4), "big")
        box.until = now + LEAST_LIFE + chance % (MOST_LIFE - LEAST_LIFE)

    def _nodes(self):
        """Return the ids of two nodes, by chance, to which this one has ways over three relays."""
        mesh, found = self.mesh, []
        shorts = sorted([short for short in mesh.reach.get() if short != mesh.short])
        for _ in range(min(len(shorts), MAX_TRIED)):
            short = shorts.pop(int.from_bytes(mesh.random(4), "big") % len(shorts))
            known = mesh.directory.node(short)
            is_open = known is not None and known.value.flags & record.RELAYS_CELLS
            if is_open and self._way(known.node)[0] is not None:
                found.append(known.node)
            if len(found) == MEETINGS:
                break
        return found

    def _way(self, node, number=0):
        """Return (hops to a node over three relays, whether all carry sound); hops may be None.

        number: of several ways, which do not all end with one relay.
        """
        for has_sound in (True, False) if self.mesh.sound_port else (False,):
            ways = self.calls.ways(node, LISTENING, has_sound, False, LEVEL)
            ways = [hops for hops in ways if len(hops) <= MAX_WAY]
            if ways:
                return ways[number % len(ways)], has_sound
        return None, False

    def _listen(self, box, place, now):
        """Return the effects by which as many circuits as should listen at a place."""
        effects = []
        for circuit in list(place.circuits):
            if now >= place.circuits[circuit] + FILL_AFTER:
                place.circuits[circuit] = circuit.at = now
                body = self.mesh.random(cells.BODY_BYTES)
                effects += self.mesh.circuits.say(circuit, body, now)
        while len(place.circuits) < LISTENING and now >= place.at:
            hops, has_sound = self._way(place.node, len(place.circuits))
            if hops is None:
                place.failures += 1
                place.at = now + min(AGAIN << place.failures, LAST_AGAIN)
                break
            last, flags = hops[-1], cells.SOUND if has_sound else 0
            hops[-1] = cells.Meeting(
                last.node, last.id, last.prekey, last.secret, cells.LISTEN, place.cookie, None
            )
            payload = len(box.raw).to_bytes(2, "big") + box.raw
            user = Listener(self, box, place, flags)
            circuit, more = self.mesh.circuits.open(hops, flags, payload, user, now)
            place.circuits[circuit] = now
            effects += more
        return effects

    def _drop(self, places, now):
        effects = []
        for place in places:
            for circuit in place.circuits:
                effects += self.mesh.circuits.drop(circuit, now)
            place.circuits = {}
        return effects
