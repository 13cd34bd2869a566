"""Records between this node and its peers: checked, the cheapest way first, and passed on."""

from ..errors import MeshError
from . import packets, phonebook, record, repair
from .database import BURIED, COLLISION, NEWER, OLDER, SAME
from .own import SEQUENCE_BURST, SEQUENCE_INTERVAL
from .peer import (
    BATCH_SPREAD,
    FORGERY_COST,
    IDENTITY_BURST,
    IDENTITY_INTERVAL,
    LAZY_SPREAD,
    MAX_ASKED,
    MIN_BATCH,
    MIN_LAZY,
    RECORD_BURST,
    RECORD_INTERVAL,
    Peer,
)
from .rate import spend

# A record asked of one peer is not asked of another for this long.
ASKED_FOR = 1000
# The packet number of records that are sent once; no batch has it.
UNNUMBERED = bytes(4)
# What became of a record that came in.
TAKEN, KNOWN, LATER, REFUSED = ("taken", "known", "later", "refused")


class Exchange:
    """All peers, and what is under way to and from them."""

    def __init__(self, mesh):
        self.mesh = mesh
        self.peers = {}
        self.asked = {}

    def peer_up(self, neighbour, now):
        """Add a two-way neighbour; return the effects that make the databases alike."""
        peer = self.peers.get(neighbour.id)
        if peer is not None:
            if peer.key == neighbour.key:
                peer.neighbours.append(neighbour)
            return []
        peer = self.peers[neighbour.id] = Peer(neighbour.key, neighbour.id, now)
        peer.neighbours.append(neighbour)
        if self.mesh.database.count <= repair.MAX_WHOLE:
            self._offer(peer, [key for key, _ in self.mesh.database.items()], now)
        effects = self.mesh.discovery.ask(peer, self.send)
        if self.mesh.short < peer.id:
            effects += self._begin_repair(peer, now)
        return effects

    def peer_down(self, neighbour):
        """Take away one way to a peer; return True when it was the last one."""
        peer = self.peers.get(neighbour.id)
        if peer is None or neighbour not in peer.neighbours:
            return False
        peer.neighbours.remove(neighbour)
        if peer.neighbours:
            return False
        peer.deadline = None
        del self.peers[neighbour.id]
        return True

    def send(self, peer, kind, bodies, way=None):
        """Return the effects that send bodies of one kind to a peer; way: a Neighbour."""
        way = way or peer.best()
        return [self.mesh.neighbours.send(way, kind, body) for body in bodies]

    def digest_seen(self, peer, digest, now):
        """Compare the digest in a hello; return the effects of a repair if one is due."""
        if digest == self.mesh.database.digest():
            peer.mismatches = peer.repair_wait = 0
            peer.open_at = None
            return []
        if not peer.is_idle():
            return []
        peer.mismatches += 1
        if peer.mismatches < repair.PATIENCE or now < peer.repair_at:
            return []
        return self._begin_repair(peer, now)

    def _begin_repair(self, peer, now):
        self.mesh.counters["repairs"] += 1
        wait = max(min(2 * peer.repair_wait, repair.LAST_WAIT), repair.FIRST_WAIT)
        peer.repair_wait = wait
        peer.repair_at = now + wait
        peer.open_tries = repair.OPEN_TRIES
        return self._open(peer, now)

    def _open(self, peer, now):
        """Send the root of the tree, and plan to send it again."""
        peer.open_tries -= 1
        peer.open_at = now + repair.OPEN_INTERVAL if peer.open_tries else None
        peer.arm()
        self.mesh.deadlines.watch(peer)
        return self.send(peer, packets.TREE, [repair.opening(self.mesh.database)])

    def compare(self, peer, way, kind, body, now):
        """Take a TREE, LIST or WANT, unless the peer sends too many; return the effects.

        Answers go back by the way of the question: two nodes of one key, which look like two ways
        to one peer, each find out so.
        """
        mark = spend(peer.tree_mark, now, repair.TREE_INTERVAL, repair.TREE_BURST)
        if mark is None:
            self.mesh.counters["over_budget"] += 1
            return []
        peer.tree_mark = mark
        peer.open_at = None
        if kind == packets.TREE:
            return self._tree(peer, way, body)
        if kind == packets.LIST:
            return self._list(peer, way, body, now)
        peer.needless = 0
        return self._give(peer, way, packets.read_wanted(body), now)

    def _tree(self, peer, way, body):
        """Answer a TREE; return the effects."""
        branches = packets.read_branches(body)
        trees, lists = repair.compare_branches(self.mesh.database, branches)
        answers = self.send(peer, packets.TREE, trees, way)
        return answers + self.send(peer, packets.LIST, lists, way)

    def _list(self, peer, way, body, now):
        """Answer a LIST: send what the peer lacks, ask for what this node lacks."""
        leaves = packets.read_leaves(body)
        send, want, same = repair.compare_leaves(self.mesh.database, leaves)
        for key in same:
            peer.has(key, self.mesh.database.get(key).sequence)
        effects = self._give(peer, way, send, now)
        fresh = [key for key in want if self.asked.get(key, now) <= now]
        if len(self.asked) + len(fresh) > MAX_ASKED:
            self.asked = {key: self.asked[key] for key in self.asked if self.asked[key] > now}
            fresh = fresh[: MAX_ASKED - len(self.asked)]
        for key in fresh:
            self.asked[key] = now + ASKED_FOR
        return effects + self.send(peer, packets.WANT, repair.write_want(fresh), way)

    def _give(self, peer, way, keys, now):
        """Send records by the way that a comparison came; return the effects."""
        if way is peer.best():
            self._offer(peer, keys, now)
            return []
        entries = [self.mesh.database.get(key) for key in keys]
        entries = [one for one in entries if one is not None and self._may_have(peer, one)]
        frames = [packets.frame(entry.raw) for entry in entries]
        bodies = packets.packed(frames, packets.MAX_BODY_BYTES - len(UNNUMBERED))
        return self.send(peer, packets.RECORDS, [UNNUMBERED + body for body in bodies], way)

    def _may_have(self, peer, entry):
        """Tell whether a record may go to a peer: by amateur radio nothing that is hidden."""
        return not peer.best().is_plain() or not phonebook.is_closed(entry.raw)

    def _offer(self, peer, keys, at):
        for key in keys:
            entry = self.mesh.database.get(key)
            if entry is not None and self._may_have(peer, entry):
                peer.offer(key, entry.sequence, at)
        self.mesh.deadlines.watch(peer)

    def records(self, peer, way, body, now):
        """Take a packet of records; it is acknowledged unless some of them must come later."""
        if len(body) < 4:
            raise MeshError("no number")
        outcomes = [self.take(raw, peer, now) for raw in packets.read_frames(body, 4)]
        if LATER in outcomes:
            return []
        return self.send(peer, packets.ACK, [body[:4] + bytes((TAKEN in outcomes,))], way)

    def acknowledged(self, peer, body, now):
        """Take an ACK."""
        for number, was_needed in packets.read_numbers(body):
            peer.acknowledged(number, was_needed, now)
        self.mesh.deadlines.watch(peer)
        return []

    def hosts_wanted(self, peer, body, now):
        """Tell a peer of hosts that answered."""
        return self.send(peer, packets.HOSTS, [self.mesh.discovery.tell()])

    def hosts(self, peer, body, now):
        """Take hosts that a peer tells of."""
        self.mesh.discovery.told(body, peer.best().address[0], now)
        return []

    def wake(self, peer, now):
        """Send what is due to a peer; return the effects."""
        effects = self.send(peer, packets.RECORDS, peer.flush(self.mesh.database, now))
        told = repair.announcement(self.mesh.database, peer.announcements(now))
        effects += self.send(peer, packets.LIST, told)
        if peer.open_at is not None and peer.open_at <= now:
            effects += self._open(peer, now)
        peer.arm()
        self.mesh.deadlines.watch(peer)
        return effects

    def take(self, raw, peer, now):
        """Check one record, keep it and plan to pass it on; return what became of it."""
        try:
            item = record.parse(raw)
        except MeshError:
            self.mesh.counters["malformed"] += 1
            return REFUSED
        key = record.table_key(item.key, item.salt)
        if item.key == self.mesh.id and item.salt not in record.END_SALTS:
            return self._take_own(item, raw, peer, now)
        database = self.mesh.database
        verdict = database.compare(raw, key)
        if verdict != NEWER:
            return self._known(verdict, key, item.sequence, peer, now)
        entry = database.get(key)
        if not self._is_in_budget(key, entry, peer, now):
            self.mesh.counters["over_budget"] += 1
            return LATER
        if not self._is_signed(item, peer):
            return REFUSED
        if not database.store(raw, self.mesh.neighbours.group(peer.best()), now):
            self.mesh.counters["no_room"] += 1
            return REFUSED
        database.get(key).mark = spend(
            0 if entry is None else entry.mark, now, SEQUENCE_INTERVAL, SEQUENCE_BURST
        )
        self.asked.pop(key, None)
        self.spread(key, item.sequence, peer, now)
        self.mesh.record_taken(key, entry is None, now)
        return TAKEN

    def _known(self, verdict, key, sequence, peer, now):
        self.mesh.counters[verdict] += 1
        if verdict in (BURIED, COLLISION):
            return KNOWN
        if verdict == SAME:
            peer.has(key, sequence)
        if verdict == OLDER:
            self._offer(peer, [key], now)
        return KNOWN

    def _is_in_budget(self, key, entry, peer, now):
        """Spend the budgets of identity, peer and introducer; False when one is exhausted."""
        if entry is not None and (
            spend(entry.mark, now, SEQUENCE_INTERVAL, SEQUENCE_BURST) is None
        ):
            return False
        if entry is None:
            mark = spend(peer.identity_mark, now, IDENTITY_INTERVAL, IDENTITY_BURST)
            if mark is None:
                return False
            peer.identity_mark = mark
        return key in self.asked or _may_push(peer, now)

    def _is_signed(self, item, peer):
        """Check a signature; a forged one costs its carrier dear."""
        if record.is_signed(item, self.mesh.verify):
            return True
        self.mesh.counters["forged"] += 1
        peer.record_mark += FORGERY_COST * RECORD_INTERVAL
        return False

    def _take_own(self, item, raw, peer, now):
        """A record under this node's own key: an old one of before a crash, or a twin's."""
        key = record.table_key(item.key, item.salt)
        entry = self.mesh.database.get(key)
        if entry is not None and (item.sequence < entry.sequence or raw == entry.raw):
            return self._known(self.mesh.database.compare(raw, key), key, item.sequence, peer, now)
        if not _may_push(peer, now):
            self.mesh.counters["over_budget"] += 1
            return LATER
        if not self._is_signed(item, peer):
            return REFUSED
        self.mesh.own_heard(item, entry is not None, now)
        return KNOWN

    def spread(self, key, sequence, source, now):
        """Plan to send a record to every peer but its source."""
        chance = self.mesh.random(1)[0]
        at = now + MIN_BATCH + chance % BATCH_SPREAD
        entry = self.mesh.database.get(key)
        for peer in self.peers.values():
            if peer is source:
                peer.has(key, sequence)
                continue
            if not self._may_have(peer, entry):
                continue
            if peer.is_lazy():
                peer.announce(key, sequence, now + MIN_LAZY + chance % LAZY_SPREAD)
            else:
                peer.offer(key, sequence, at)
            self.mesh.deadlines.watch(peer)


def _may_push(peer, now):
    """Spend the budget of records that a peer sends without being asked."""
    mark = spend(peer.record_mark, now, RECORD_INTERVAL, RECORD_BURST)
    if mark is None:
        return False
    peer.record_mark = mark
    return True
