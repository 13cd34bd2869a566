"""The mesh of one node: everything below composed, and woken by one heap of deadlines."""

from ..deadlines import Deadlines
from ..effects import SendMesh
from ..errors import MeshError
from ..text import of_utf8
from . import packets, people, phonebook, record, succession, views
from .boxes import Boxes
from .calls import SHORTEST, WAYS, Call, Guise
from .circuits import Circuits
from .database import NEWER, Database
from .directory import PINNED, Claim, Directory
from .discovery import Discovery
from .effects import MeshChanged, SaveMesh
from .exchange import Exchange
from .hello import TWO_WAY, Neighbour
from .hostcache import HostCache
from .identity import (
    KEY_BYTES,
    SHORT_BYTES,
    epoch_of,
    number_prefix,
    parse_key,
    short_id,
    write_key,
)
from .lanes import Lane
from .neighbours import Link, Neighbours
from .own import Own
from .peer import Peer
from .plain import Plain
from .punching import Punching
from .settings import MeshSettings

# The link of the shell that has probes only.
PROBES = 2
# Records are looked at for their age this often; none may live shorter than that.
SWEEP_INTERVAL = 600000
# The owner is told of a twin for so long after it was heard.
TWIN_SHOWN = 300000
# The owner is told of changed routes 50 ms after the first change, then once a second.
TELL_AFTER, TELL_INTERVAL = (50, 1000)
# Records are read into the index this many at a time, some milliseconds of a router, when a call
# does not need them sooner.
INDEX_AT_ONCE, INDEX_INTERVAL = (64, 50)
# Nodes that one event names.
MAX_NAMED = 16
COUNTERS = (
    "received", "sent", "sent_octets", "malformed", "forged", "over_budget", "no_room", "full",
    "foreign_id", "strangers", "unreadable", "repairs", "twin", "expired", "gave_up",
    "not_amateur", "newer", "same", "older", "buried", "collision", "cells_refused",
    "set_ups_over", "introduced", "not_met",
)  # fmt: skip

LIST = record.LIST_SALT


class Alarm:
    """A thing to wake that is nothing but a time."""

    __slots__ = ("deadline", "queued")

    def __init__(self, deadline=None):
        self.deadline = deadline
        self.queued = None


class Mesh:
    """The node among nodes. Every method that takes `now` returns effects unless it says more."""

    def __init__(self, seed, boot_epoch, random, crypto, settings, now):
        """`seed`: 32 octets; random(n): n random octets; crypto: a world.secrets.Crypto."""
        self.id = crypto.public_key(seed)
        self.key = write_key(self.id).decode()
        self.short = short_id(self.id)
        self.random = random
        self.settings = settings
        self.sound_port = 0
        self.sign = lambda data: crypto.sign(seed, data)
        self.verify = crypto.verify
        self.shared = lambda node: crypto.agree(seed, node)
        self.crypto, self.plain = crypto, Plain(crypto)
        secret = crypto.secret(seed)
        self.static = secret, crypto.base(secret)
        self.counters = dict.fromkeys(COUNTERS, 0)
        self.deadlines = Deadlines()
        self.now = now
        self.database = Database(settings.max_records, is_kept=self._is_kept)
        self.directory = Directory(self.database, self._open_book, self.verify, self.counters)
        self.neighbours = Neighbours(self)
        self.exchange = Exchange(self)
        self.circuits = Circuits(self, now)
        self.calls = self.circuits.calls
        self.boxes, self.punching = Boxes(self), Punching(self)
        self.deadlines.watch(self.circuits)
        self.own = Own(self.id, boot_epoch, settings, self._close_book)
        self.own.prekey = self.circuits.prekeys.told
        self.signers = {}
        self.reach = views.Reach(self)
        # Probes where this node carries sound, else nothing.
        self.probes = []
        self.discovery = Discovery(self, HostCache(random(16)), now)
        self.deadlines.watch(self.discovery)
        self.news = {}
        # Whose record has come.
        self.anew = []
        # The nodes in reach when the owner was told of changes the last time, and when that was.
        self.told, self.told_at = set(), None
        self.twin_at = None
        # {id: Ending} of keys that this node has followed, whatever comes later.
        self.followed = {}
        self.index = Alarm()
        self.tell = Alarm()
        self.sweep = Alarm(now + SWEEP_INTERVAL)
        self.deadlines.watch(self.sweep)
        self.adopt(settings)

    def adopt(self, settings):
        """Follow what the owner has changed: name, contacts, who may read the phone book."""
        mine = self.settings
        mine.name, mine.hello_ms = settings.name, settings.hello_ms
        mine.book_open, mine.contacts = settings.book_open, settings.contacts
        mine.flags = settings.flags | mine.flags & record.RELAYS_SOUND
        mine.amateur, mine.callsign = settings.amateur, settings.callsign
        self.directory.rely_on(dict.fromkeys(settings.contacts, PINNED))

    def crypto_of(self, link):
        """Return the functions that seal on a Link."""
        return self.plain if link.callsign else self.crypto

    def _is_kept(self, node):
        """Tell whether the records of a node stay, whatever floods: contacts and neighbours."""
        peer = self.exchange.peers.get(short_id(node))
        return node in self.settings.contacts or (peer is not None and peer.key == node)

    def _close_book(self, value, readers):
        shared = [self.shared(node) for node in readers]
        return phonebook.close(value, shared, self.random, self.crypto.lock)

    def _open_book(self, node, value):
        return phonebook.open_for(value, lambda: self.shared(node), self.crypto.unlock)

    def receive(self, data, link, source, now):
        """Take one datagram from an address (host, port)."""
        self.counters["received"] += 1
        try:
            kind, body = packets.parse(data)
            effects = []
            if link in self.neighbours.links:
                effects = self._handle(kind, body, data, link, source, now)
            for probes in self.probes if link == PROBES else ():
                effects = probes.receive(kind, body, source, now)
        except MeshError:
            self.counters["malformed"] += 1
            effects = []
        return self._done(effects, now)

    def _handle(self, kind, body, data, link, source, now):
        link = self.neighbours.link_of(kind, body, link)
        if kind == packets.HELLO:
            neighbour, digest, effects = self.neighbours.greeted(body, link, source, now)
            return effects + self._compare(neighbour, digest, now)
        if kind == packets.COOKIE:
            return self.neighbours.cookie(body, link, source, now)
        if kind == packets.OPEN:
            return self.neighbours.opened(body, link, source, now)
        neighbour, kind, body, effects = self.neighbours.read(data, link, source, now)
        peer = self.exchange.peers.get(neighbour.id) if neighbour is not None else None
        if peer is None:
            return effects
        if kind == packets.HELLO:
            digest, effects = self.neighbours.hello(neighbour, body, now)
            return effects + self._compare(neighbour, digest, now)
        if kind in (packets.TREE, packets.LIST, packets.WANT):
            return self.exchange.compare(peer, neighbour, kind, body, now)
        if kind == packets.RECORDS:
            return self.exchange.records(peer, neighbour, body, now)
        handle = {
            packets.ACK: self.exchange.acknowledged,
            packets.HOSTS_WANTED: self.exchange.hosts_wanted,
            packets.HOSTS: self.exchange.hosts,
            packets.MEET: self.punching.heard,
            packets.CELL: self.circuits.cell,
            packets.DESTROY: self.circuits.destroyed,
        }[kind]
        return handle(peer, body, now)

    def _compare(self, neighbour, digest, now):
        peer = None if neighbour is None else self.exchange.peers.get(neighbour.id)
        return [] if peer is None else self.exchange.digest_seen(peer, digest, now)

    def _done(self, effects, now):
        """Carry the changes of neighbours on to peers and to the own record; count what is sent."""
        self.now = now
        while self.anew:
            effects = effects + self.calls.renewed(self.anew.pop(), now)
        while self.neighbours.anew:
            effects = effects + self.circuits.peer_gone(self.neighbours.anew.pop(), now)
        while self.neighbours.changed:
            neighbour, before, after = self.neighbours.changed.pop(0)
            effects = effects + self._neighbour_changed(neighbour, before, after, now)
        while self.neighbours.moved:
            effects = effects + self.circuits.moved(self.neighbours.moved.pop(0))
        for effect in effects:
            if isinstance(effect, SendMesh):
                self.counters["sent"] += 1
                self.counters["sent_octets"] += len(effect.data)
        return effects

    def _neighbour_changed(self, neighbour, before, after, now):
        effects = []
        was_peer = neighbour.id in self.exchange.peers
        if after == TWO_WAY and before != TWO_WAY:
            self.discovery.met(neighbour, now)
            effects = self.exchange.peer_up(neighbour, now)
        elif before == TWO_WAY and after != TWO_WAY and self.exchange.peer_down(neighbour):
            effects = self.circuits.peer_gone(neighbour.id, now)
        if TWO_WAY in (before, after):
            self._edges_changed(now)
        if was_peer != (neighbour.id in self.exchange.peers):
            fields = {"host": neighbour.address[0], "state": after, "reason": neighbour.reason}
            effects = effects + [MeshChanged("neighbour", fields)]
        return effects

    def _edges_changed(self, now):
        peers = self.exchange.peers.values()
        ways = [(peer.key, peer.best()) for peer in peers]
        edges = [(key, way.cost, way.is_plain()) for key, way in ways]
        if sorted(edges) != sorted(self.own.edges):
            self.own.edges = edges
            self.own_changed(now)

    def own_changed(self, now):
        """Something is to be said in the own record."""
        self.own.change(now)
        self.deadlines.watch(self.own)

    def link_up(self, link, name, multicast, now):
        """A link (number of the shell) can be used from now on."""
        return self._done(self.neighbours.link_up(link, name, multicast, now), now)

    def link_down(self, link, now):
        """A link lost its carrier or address."""
        return self._done(self.neighbours.link_down(link, now), now)

    def leave(self, now):
        """This node is about to stop: the others need not find out by its silence."""
        return self._done(self.neighbours.farewell(now), now)

    def neighbour_seen(self, link, source, now):
        """The kernel noticed an address on a link: greet it."""
        return self._done(self.neighbours.greet(link, source, now), now)

    def neighbour_gone(self, link, source, now):
        """The driver of a link knows that an address has left, as with a station of a radio."""
        return self._done(self.neighbours.gone(link, source, now), now)

    def greeted(self):
        """Return the addresses to greet where no multicast reaches them."""
        return self.discovery.greeted()

    def fire(self, now):
        """Do everything that is due."""
        effects = []
        thing = self.deadlines.due(now)
        while thing is not None:
            effects += self._wake(thing, now)
            thing = self.deadlines.due(now)
        return self._done(effects, now)

    def next_deadline(self):
        """Return when `fire` must be called (ms)."""
        return self.deadlines.next()

    def _wake(self, thing, now):
        if isinstance(thing, Link):
            return self.neighbours.wake_link(thing, now)
        if isinstance(thing, Neighbour):
            return self.neighbours.wake(thing, now)
        if isinstance(thing, Peer):
            return self.exchange.wake(thing, now)
        if isinstance(thing, Lane):
            return self.circuits.lanes.wake(thing, now)
        if isinstance(thing, Call):
            return self.calls.wake(thing, now)
        if thing in (self.circuits, self.boxes, self.punching) or thing in self.probes:
            return thing.wake(now)
        if thing is self.own:
            return self._say(now)
        if thing is self.discovery:
            effects = self.discovery.wake(now)
            self.deadlines.watch(self.discovery)
            return effects
        if thing is self.tell:
            return self._tell(now)
        if thing is self.index:
            return self._index(now)
        return self._sweep(now)

    def _say(self, now):
        """Make the records of this node that are due, and spread them."""
        for raw in self.own.write(self.sign, now):
            self.tell_record(raw, now)
        self.deadlines.watch(self.own)
        return []

    def tell_record(self, raw, now):
        """Keep a record, which is signed, as one of this node's own, and spread it."""
        item = record.parse(raw)
        key = record.table_key(item.key, item.salt)
        if self.database.compare(raw, key) == NEWER and self.database.store(raw, None, now):
            self.exchange.spread(key, item.sequence, None, now)
            self.record_taken(key, False, now)

    def record_taken(self, key, is_new, now):
        """A record has come: the indexes are stale, and the owner is told in a moment."""
        self.directory.note(key)
        while self.database.gone:
            self.directory.note(self.database.gone.pop())
        self._plan_index(now)
        entry = self.database.get(key)
        if entry is not None and key[SHORT_BYTES:] == record.NODE_SALT:
            self.anew.append(entry.raw[:KEY_BYTES])
        what = "new" if is_new else "changed"
        self.news[what] = self.news.get(what, 0) + 1
        self._plan_tell(now)

    def _plan_tell(self, now):
        if self.tell.deadline is None:
            at = now + TELL_AFTER
            if self.told_at is not None:
                at = max(at, self.told_at + TELL_INTERVAL)
            self.tell.deadline = at
            self.deadlines.watch(self.tell)

    def _plan_index(self, now):
        if self.index.deadline is None:
            self.index.deadline = now + INDEX_INTERVAL
            self.deadlines.watch(self.index)

    def _index(self, now):
        self.index.deadline = None
        self.directory.refresh(INDEX_AT_ONCE)
        if self.directory.stale:
            self._plan_index(now)
        return []

    def met_twin(self, now):
        """Another node has the very key of this one."""
        self.counters["twin"] += 1
        self.twin_at = now
        self.news["twin"] = self.counters["twin"]
        self._plan_tell(now)

    def has_twin(self):
        """Tell whether another node with this key has been heard lately."""
        return self.twin_at is not None and self.now - self.twin_at < TWIN_SHOWN

    def take_record(self, raw, now):
        """Take a record that came in another way than from a peer: a notice has it."""
        try:
            item = record.parse(raw)
        except MeshError:
            return
        key = record.table_key(item.key, item.salt)
        is_new = item.key != self.id and self.database.compare(raw, key) == NEWER
        if is_new and record.is_signed(item, self.verify) and self.database.store(raw, b"", now):
            self.record_taken(key, False, now)

    def relays(self):
        """Tell whether this node carries cells of others."""
        return bool(self.settings.flags & record.RELAYS_CELLS)

    def publish_box(self, raw, now):
        """Spread the record of a box, which its owner has brought hidden; raises MeshError."""
        item = record.parse(raw)
        key = record.table_key(item.key, item.salt)
        if item.salt != record.BOX_SALT or self.database.compare(raw, key) != NEWER:
            return
        if record.is_signed(item, self.verify) and self.database.store(raw, b"", now):
            self.exchange.spread(key, item.sequence, None, now)
            self.record_taken(key, True, now)

    def join_sound(self, number, ports):
        """A SoundOpen was answered: join the sound of two circuits that meet here."""
        return self.circuits.meetings.sounding(number, ports)

    def keep_boxes(self, boxes, now):
        """Listen for these boxes.Box and for no others any more."""
        return self._done(self.boxes.keep(boxes, now), now)

    def own_heard(self, item, has_said, now):
        """Somebody has a record of this node that is newer than its own, or that it never made."""
        if self.own.jump_past(item, has_said, now):
            self.met_twin(now)
        self.deadlines.watch(self.own)

    def _tell(self, now):
        news, self.news = self.news, {}
        self.told_at, self.tell.deadline = now, None
        if len(self.directory.stale) > INDEX_AT_ONCE:
            self._plan_tell(now)  # Who is in reach is told when all has been read.
        else:
            self._tell_reach(news)
        return [MeshChanged("records", news), SaveMesh()]

    def _tell_reach(self, news):
        """Add to what the owner is told which nodes have come into reach and which have left."""
        there, before = set(self.reach.get()), self.told
        self.told = there
        for what, shorts in (("lost", before - there), ("found", there - before)):
            names = [self.nickname(short) or "?" for short in shorts if short != self.short]
            if names:
                news[what] = sorted(names)[:MAX_NAMED]

    def _sweep(self, now):
        """Let the records end whose nodes have long not been heard of."""
        self.sweep.deadline = now + SWEEP_INTERVAL
        self.deadlines.watch(self.sweep)
        self._settle_prefix(now)
        for key, entry in list(self.database.items()):
            known = self.directory.known.get(key)
            lifetime = known.value.lifetime if known is not None else record.LIFETIME
            is_contact = entry.raw[: len(self.id)] in self.settings.contacts
            if is_contact or key in self.directory.endings:
                lifetime = record.MAX_LIFETIME
            if key[SHORT_BYTES:] == record.BOX_SALT:
                lifetime = record.BOX_LIFETIME
            if entry.introducer is not None and now - entry.at >= 1000 * lifetime:
                self.database.remove(key)
                self.directory.note(key)
                self.counters["expired"] += 1
        return []

    def _settle_prefix(self, now):
        """Take another number prefix where a node with a better right has the same.

        A prefix that this node has had for a while stays: keys for it are quickly found.
        """
        self.directory.refresh()
        while not self.own.is_settled and self.directory.outranks(self.id, self.own.attempt):
            self.own.attempt = min(self.own.attempt + 1, 255)
            self.own.is_settled = self.own.attempt == 255
            self.own_changed(now)
        self.own.is_settled = True

    def publish(self, users, now, closed=()):
        """Say which users (phonebook.Served) this node serves; closed: to contacts alone."""
        self.own.users, self.own.closed = list(users), list(closed)
        self.own_changed(now)
        return []

    def take_peers(self, peers):
        """Greet these (host, port) from now on; return those that are new."""
        fresh = [peer for peer in peers if peer not in self.settings.peers]
        self.settings.peers = list(peers)
        return fresh

    def set_people(self, keys):
        """Say which people with keys of their own are here; `publish` tells it.

        keys: {name: (seed, sequence), or the people.Person that a router with the seed made}.
        """
        self.own.people, self.signers = [], {}
        for name in sorted(keys):
            one = keys[name]
            if len(one) == len(("seed", "sequence")):
                seed, sequence = one
                self.signers[self.crypto.public_key(seed)] = self._signer(seed)
                one = people.person(name.encode(), seed, self.id, sequence, self.crypto)
            self.own.people.append(one)

    def _signer(self, seed):
        return lambda data: self.crypto.sign(seed, data)

    def person(self, key, floor=0):
        """Return [(node's id, name)] of where the owner of a key is, proved by that key.

        A router that was lost or left has a proof of a sequence that is over, below the highest
        that is known and the floor.
        """
        self.directory.refresh()
        found = list(self.directory.people.get(key, {}).values())
        newest = max([one.sequence for _, one in found] + [floor])
        return [(node, one.name) for node, one in found if one.sequence == newest]

    def carry_list(self, value, now):
        """Pass the head of a signed list on in a record, b"" for none; return the effects."""
        if value != self.own.list:
            self.own.list = value
            self.own_changed(now)
        return []

    def lists(self):
        """Return what other nodes pass on so: octets of strangers, each from another node."""
        found = [entry.raw for key, entry in self.database.items() if key[SHORT_BYTES:] == LIST]
        return [item.value for item in map(record.parse, found) if item.key != self.id]

    def set_endpoints(self, endpoints, now):
        """Say where this node's SIP is reached: [(host, port)]."""
        found = [record.Endpoint(record.SIP_UDP, host, port) for host, port in endpoints]
        if found == self.own.endpoints:
            return []
        self.own.endpoints = found
        self.own_changed(now)
        return self._done(self.neighbours.here_now(now), now)

    def call(self, node, octets, now, peers=None, is_help=False, discreet=SHORTEST):
        """Say a first message to a node; return (calls.Call or None, effects).

        peers: ports on 127.0.0.1 that speak where the call is to carry sound, or None; is_help: a
        call for help; discreet: a calls.Discreet.
        """
        call, effects = self.calls.dial(node, octets, peers, is_help, discreet, now)
        if peers is not None and not discreet.level:
            effects += self.punching.want(node, now)
        return call, self._done(effects, now)

    def say(self, call, octets, now, may_wait=False):
        """Say one more message in a call. may_wait: it is lost without harm, as an ACK is."""
        return self._done(self.calls.say(call, octets, may_wait, now), now)

    def meet(self, call, peers, now):
        """Say which ports on 127.0.0.1 speak in a call that carries sound."""
        return self._done(self.calls.meet(call, peers), now)

    def hang_up(self, call, now):
        """Forget a call of which the other side knows that it is over."""
        return self._done(self.calls.close(call, now), now)

    def number_of(self, node, extension):
        """Return the mesh number that leads to an extension of a node, octets, or None."""
        known = self.directory.node(short_id(node))
        if not extension.isdigit() or known is None or known.node != node:
            return None
        number = number_prefix(node, known.value.attempt) + extension
        return number if [one.node for one in self.find(number)] == [node] else None

    def carry_sound(self, port, now):
        """This node carries sound by circuits, at this port of all its links; return the effects.

        The port below is that of probes.
        """
        from .probes import Probes  # Only a node with media pays for it in memory.

        self.sound_port = port
        self.probes = [Probes(self, port - 1)]
        self.settings.flags |= record.RELAYS_SOUND
        self.own_changed(now)
        return self._done(self.neighbours.say_hello(now), now)

    def guise(self, seed):
        """Return the Guise that 32 octets make."""
        secret = self.crypto.secret(seed)
        return Guise(self.crypto.public_key(seed), secret, self.crypto.base(secret))

    def has_way(self, node, level, has_sound):
        """Tell whether a call or, without sound, a text can go to a node at a level of privacy."""
        if has_sound and not self.sound_port:
            return False
        return bool(self.calls.ways(node, 1, has_sound, False, level))

    def sounds(self, node, level=0):
        """Tell whether the sound of calls with a node goes by circuits.

        It does where all on a way carry it, unless the node was seen to answer at its addresses;
        at a level of privacy always.
        """
        if level:
            return True
        if not self.sound_port or self._answers(node):
            return False
        ways = self.calls.ways(node, WAYS, True, self.is_plain(node))
        return bool(ways) and not self.calls.silent(ways[0])

    def _answers(self, node):
        """Tell whether a node was seen to answer at its addresses, None where it is not known yet.

        What a neighbour on the same cable seals under its key comes from there.
        """
        if not self.knows(node):
            return False  # A box: nobody knows where its owner is.
        known = self.directory.node(short_id(node))
        mine = [one.host for one in self.own.endpoints]
        theirs = [one.host for one in known.value.endpoints] if known is not None else []
        peer = self.exchange.peers.get(short_id(node))
        for way in peer.ways() if peer is not None and peer.key == node else ():
            is_its = way.address[0] in theirs and way.address[0] not in mine
            if way.is_near() and is_its and not way.is_plain():
                return True
        if self.settings.amateur:
            return False  # IP may lead over it, and what is hidden may not.
        for probes in self.probes:
            return probes.answers(node, self.now)
        return None

    def soundless(self, node):
        """Return the ids of those by which no sound passes to a node, [] where it may pass."""
        is_plain = self.is_plain(node)
        ways = self.calls.ways(node, WAYS, True, is_plain) if self.sound_port else []
        if not ways or self._answers(node) is not False:
            return []
        return self.calls.silent(ways[0])

    def distance(self, node):
        """Return the hops of the way by which cells reach a node now, or None."""
        hops = self.calls.hops(node)
        return None if hops is None else len(hops)

    def through(self, call):
        """Return the names of the nodes by which a call goes now, as far as this node knows them.

        Who has called knows all of them, who is called the last.
        """
        circuit = call.circuit
        if circuit is None:
            return []
        keys, near = list(circuit.through), circuit.near
        peer = None if near is None else self.exchange.peers.get(near[0])
        if peer is not None and peer.key != call.node:
            keys.append(peer.key)
        return [self.nickname(short_id(key)) or self.name_of(key) for key in keys]

    def next_address(self, node):
        """Return the address of the next node on the way to another, text, "" where it has none."""
        hops = self.calls.hops(node)
        peer = None if hops is None else self.exchange.peers.get(short_id(hops[0].node))
        hosts = [way.address[0] for way in peer.ways()] if peer is not None else []
        return ([host for host in hosts if not host.startswith("fe80:")] + [""])[0]

    def find(self, name):
        """Return the claims (directory.Claim) of a name or number, octets; best first.

        Nodes that no way reaches do not count beside one that is reached, unless they are pinned.
        """
        claims = [claim for claim in self.directory.find(name) if self._counts(claim.node)]
        there = self.reach.get()
        reached = [one for one in claims if one.rank == PINNED or short_id(one.node) in there]
        return reached or claims

    def flagged(self, flag):
        """Return [(id, hops)] of the nodes in reach whose record has one of record.FLAGS."""
        return views.flagged(self, flag)

    def _counts(self, node):
        """Tell whether what a node claims counts: it is not this one, and its key is not over."""
        return node != self.id and self.ending(node) is None

    def paths_to(self, node, k=2, has_plain=False, level=0):
        """Return up to k paths to a node's id, best first, each a list of ids.

        has_plain: such over amateur radio too; level: 1, by one relay at least; 2, by three.
        """
        return views.paths_to(self, node, k, has_plain, level)

    def is_plain(self, node):
        """Tell whether only amateur radio leads to a node, where nothing can be hidden."""
        return not self.paths_to(node, 1) and bool(self.paths_to(node, 1, True))

    def knows(self, node):
        """True when there is a record of this id."""
        entry = self.database.get(short_id(node) + record.NODE_SALT)
        return entry is not None and entry.raw[: len(node)] == node

    def node_of(self, key_text):
        """Return the id that 52 letters name, that of its heir where it has one, or None."""
        try:
            return self.heir(parse_key(key_text.encode()))
        except MeshError:
            return None

    def ending(self, node):
        """Return what became of a node's key (succession.Ending), or None."""
        return self.followed.get(node) or self.directory.ending(node)

    def heir(self, node):
        """Return the id that stands for a node now."""
        return succession.heir(node, self.ending)

    def replace(self, old, now):
        """Say that this node stands in the place of another, signed by a person of both."""
        for one in self.own.people:
            if self.directory.lived_at(one.key, old):
                sign = self.signers[one.key]
                self.own.replaces = succession.write_replacement(self.id, old, one.key, sign)
                break
        else:
            self.own.replaces = succession.write_replacement(self.id, old, None, None)
        self.own_changed(now)

    def epoch(self, node):
        """Return how often a node had started when it made its record, -1 where there is none."""
        entry = self.database.get(short_id(node) + record.NODE_SALT)
        return -1 if entry is None else epoch_of(entry.sequence)

    def name_of(self, node):
        """Return the 52 letters of an id, text."""
        return write_key(node).decode()

    def phonebook(self):
        """Return everybody whose node is known, a list of dicts; hops: None out of reach."""
        return views.phonebook(self)

    def own_prefix(self):
        """Return the digits that begin this node's mesh numbers, None where another has them."""
        self.directory.refresh()
        return views.prefix_of(self, self.short)

    def nickname(self, short):
        """Return the name that a node gives itself, text, empty where none is known."""
        known = self.directory.node(short)
        return of_utf8(known.value.name) if known is not None else ""

    def peers(self):
        """Return the neighbours with the reason for the state of each, JSON-able."""
        self.directory.refresh()
        return self.neighbours.owner_list(self.now)

    def hosts(self):
        """Return the addresses that are no neighbours and might be, with the reason, JSON-able."""
        return self.discovery.owner_list(self.now)

    def routes(self):
        """Return one row for each node in reach, JSON-able."""
        return views.routes(self)

    def dump(self):
        """Return what is to outlast a restart, JSON-able."""
        return views.dump(self)

    def restore(self, records, now):
        """Take what `dump` returned in an earlier run; what cannot be read is left out."""
        views.restore(self, records, now)
        self.directory.refresh()
        return []

    def graph(self):
        """Return all edges that both ends list, JSON-able."""
        return views.graph(self)


__all__ = ("Claim", "Mesh", "MeshSettings")
