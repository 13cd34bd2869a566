"""Circuits: the ways of cells through this node, from it and to it (PROTOCOL.md).

A relay keeps labels, keys and counts, and knows nobody but its two neighbours on the way. Replayed
set-ups and counts change nothing, and every table is bounded.
"""

from ..effects import SoundClose, SoundMove, SoundOpen
from ..errors import MeshError
from ..limits import MAX_CIRCUITS, MAX_SET_UPS_SEEN
from . import cells, packets
from .address import is_near, pack
from .calls import Calls
from .circuit import Circuit, Prekeys
from .identity import SHORT_BYTES
from .lanes import Lanes
from .link import ANYWHERE
from .meetings import Meetings
from .rate import spend
from .record import NODE_SALT

MAKER, RELAY, END = ROLES = ("maker", "relay", "end")
# Set-ups of one neighbour: four a second, sixteen at once.
SET_UP_INTERVAL, SET_UP_BURST = (250, 16)
# A circuit on which nothing comes for so long is over; a label is not used again for a while.
IDLE, SWEEP = (100000, 10000)
DEAD_LABEL = 10000
# A cell that seems to have come before its set-up is not acknowledged for so long: by then the
# neighbour has said both twice more. So many labels are remembered for that.
WAIT_FOR_SET_UP, MAX_WAITING = (550, 64)
# A new prekey after a day; the one before it is good for another day.
PREKEY_LIFE = 86400000


class Circuits:
    """All circuits. A thing to wake, for the sweep and for new prekeys."""

    def __init__(self, mesh, now):
        self.mesh = mesh
        self.lanes = Lanes(mesh)
        self.calls = Calls(mesh, self)
        self.meetings = Meetings(self)
        self.table = {}
        self.dead, self.waiting = {}, {}
        self.marks = {}
        self.prekeys = Prekeys(mesh, now)
        self.sounds = 0
        self.deadline = now + SWEEP
        self.queued = None

    def wake(self, now):
        """Drop what is over; return the effects."""
        self.deadline = now + SWEEP
        self.mesh.deadlines.watch(self)
        effects = []
        for circuit in set(self.table.values()):
            if now - circuit.at >= IDLE:
                effects += self.drop(circuit, now)
        self.dead = {key: self.dead[key] for key in self.dead if self.dead[key] > now}
        self.waiting = {}
        newest = self.prekeys.all[-1]
        if now - newest.since >= PREKEY_LIFE or len(newest.seen) >= MAX_SET_UPS_SEEN:
            self.prekeys.renew(now)
            self.mesh.own_changed(now)
        return effects

    # What comes.

    def cell(self, peer, body, now):
        """Take the body of a CELL; return the effects."""
        octets = self.lanes.take(peer, body, now)
        if octets is None:
            return []
        cell = cells.read(octets)
        place = peer.id, cell.label
        circuit = self.table.get(place)
        if circuit is not None:
            return self._data(circuit, place, cell, now)
        if self.dead.get(place, now) > now:
            return []
        try:
            effects = self._set_up(peer, place, cell, now)
        except MeshError:
            self.lanes.take_back(peer, body)
            raise
        if effects is None:
            self.lanes.take_back(peer, body)
        return effects or []

    def _waits(self, place, now):
        """Tell whether a cell of a label that nobody knows may have overtaken its set-up."""
        if place not in self.waiting and len(self.waiting) < MAX_WAITING:
            self.waiting[place] = now + WAIT_FOR_SET_UP
        return now < self.waiting.get(place, now)

    def _data(self, circuit, place, cell, now):
        crypto = circuit.crypto
        if place == circuit.near:
            if not circuit.takes(circuit.forward, cell.count, circuit.base, now):
                return self._refused()
            count, body = cells.forward(crypto, circuit.keys, cell.count, cell.body)
            if circuit.role == END:
                return circuit.user.heard(circuit, body, now)
            return self._send(circuit, circuit.far, count, body, now)
        base = circuit.base
        if circuit.role == RELAY:
            base = cells.after(base, circuit.keys.offset)
        if not circuit.takes(circuit.back, cell.count, base, now):
            return self._refused()
        if circuit.role == RELAY:
            count, body = cells.back(crypto, circuit.keys, cell.count, cell.body)
            return self._send(circuit, circuit.near, count, body, now)
        return self._bared(circuit, cell, now)

    def _refused(self):
        self.mesh.counters["cells_refused"] += 1
        return []

    def _bared(self, circuit, cell, now):
        """Take a cell for the maker of a circuit: what the end says, or the notice of a hop."""
        crypto, layers = circuit.crypto, []
        for body, keys in cells.bared(crypto, circuit.keys, cell.count, cell.body):
            layers.append((body, keys))
        try:
            return circuit.user.heard(circuit, layers[-1][0], now)
        except MeshError:
            for body, keys in layers:
                notice = cells.read_notice(crypto, keys.notice, body)
                if notice is not None:
                    reason = _of_way(notice[0]) if keys is not layers[-1][1] else notice[0]
                    effects = self._forget(circuit, now)
                    return effects + circuit.user.lost(circuit, reason, notice[1], now)
            raise

    def _set_up(self, peer, place, cell, now):
        """Return the effects of a set-up, None where the cell is to be said again."""
        mark = spend(self.marks.get(peer.id, 0), now, SET_UP_INTERVAL, SET_UP_BURST)
        if mark is None:
            self.mesh.counters["set_ups_over"] += 1
            return self._destroy(place, cells.FULL, b"", now)
        self.marks[peer.id] = mark
        found = self.prekeys.hop(cell.body[0])
        if found is None:
            if self._waits(place, now):
                return None
            return self._destroy(place, cells.NO_PREKEY, self._own_record(), now)
        hop, prekey = found
        opened, crypto = self._opened(hop, cell)
        if not prekey.is_new(opened.keys.seen):
            return self._refused()
        role = RELAY if opened.command == cells.RELAY else END
        circuit = Circuit(role, place, None, cell.count, opened.keys, crypto, now)
        if len(self.table) >= 2 * MAX_CIRCUITS:
            return self._notice(circuit, cells.FULL, b"", now)
        if opened.command != cells.DELIVER and not self.mesh.relays():
            return self._notice(circuit, cells.NO_NEXT, b"", now)
        if role == END:
            self.table[place] = circuit
            taker = self.calls if opened.command == cells.DELIVER else self.meetings
            return taker.came(circuit, opened, now)
        short = opened.place[:SHORT_BYTES]
        far = self.mesh.exchange.peers.get(short)
        if far is None or not self.lanes.may_go(far, circuit.is_plain()):
            return self._notice(circuit, cells.NO_NEXT, b"", now)
        circuit.far = short, self._label(short)
        self.table[place] = self.table[circuit.far] = circuit
        count = cells.after(cell.count, opened.keys.offset)
        effects = []
        if opened.flags & cells.SOUND:
            effects = self._sound(circuit, "relay", 0, [opened.keys], (), ())
        return effects + self._send(circuit, circuit.far, count, opened.body, now)

    def _opened(self, hop, cell):
        """Return (Opened, the functions that its circuit is made with): hidden, or in plain."""
        try:
            return cells.opened(self.mesh.crypto, hop, cell.count, cell.body), self.mesh.crypto
        except MeshError:
            return cells.opened(self.mesh.plain, hop, cell.count, cell.body), self.mesh.plain

    # Sound.

    def _sound(self, circuit, role, count, keys, ports, peers):
        """Return the effects that let a circuit carry sound; none where a neighbour cannot."""
        back, forward = self._beside(circuit.near), self._beside(circuit.far)
        wanted = [place for place in (circuit.near, circuit.far) if place is not None]
        there = [place for place in (back, forward) if place is not None]
        circuit.mute = None
        if not self.mesh.sound_port:
            return []
        if len(there) < len(wanted):
            asked = [self.mesh.neighbours.ask(way) for way in self._unheard(wanted)]
            circuit.mute = (role, count, keys, ports, peers) if asked else None
            return asked
        self.sounds += 1
        circuit.sound = self.sounds
        layers = [cells.layer(key, circuit.is_plain()) for key in keys]
        return [SoundOpen(self.sounds, role, count, back, forward, layers, ports, peers)]

    def _beside(self, place):
        """Return (link, host, sound port, label) of a neighbour on the way, or None."""
        peer = None if place is None else self.mesh.exchange.peers.get(place[0])
        ways = [] if peer is None else [way for way in peer.ways() if way.sound_port]
        if not ways:
            return None
        way = ways[0]
        # Hellos to everybody have not come yet from who has just been met.
        is_here = way.is_near() or is_near(pack(way.address[0]))
        link = way.link if is_here else ANYWHERE
        return link, way.address[0], way.sound_port, int.from_bytes(place[1], "big")

    def _unheard(self, places):
        """Return the neighbours on a way that have not said yet where they take sound."""
        peers = [self.mesh.exchange.peers.get(place[0]) for place in places]
        ways = [way for peer in peers if peer is not None for way in peer.ways()]
        return [way for way in ways if way.sound_port is None]

    def sound(self, circuit, ports, peers):
        """Return the effects that let an own circuit carry sound; ports, peers: of SoundOpen."""
        count = int.from_bytes(self.mesh.random(cells.COUNT_BYTES), "big")
        if circuit.role == MAKER:
            return self._sound(circuit, "caller", count, circuit.keys, ports, peers)
        return self._sound(circuit, "called", count, [circuit.keys], ports, peers)

    def _silence(self, circuit):
        return [] if circuit.sound is None else [SoundClose(circuit.sound)]

    def _own_record(self):
        entry = self.mesh.database.get(self.mesh.short + NODE_SALT)
        fits = entry is not None and len(entry.raw) <= cells.MAX_NOTICE
        return entry.raw if fits else b""

    def _label(self, short):
        """Return a label that is free on the way to a neighbour."""
        top = 0x80 if self.mesh.short < short else 0
        while True:
            label = self.mesh.random(cells.LABEL_BYTES)
            label = bytes((label[0] & 0x7F | top,)) + label[1:]
            if (short, label) not in self.table and (short, label) not in self.dead:
                return label

    def destroyed(self, peer, body, now):
        """Take the body of a DESTROY; return the effects."""
        if len(body) < 7:
            raise MeshError("not the end of a circuit")
        circuit = self.table.get((peer.id, body[:4]))
        if circuit is None:
            return []
        return self._end(circuit, (peer.id, body[:4]), _of_way(body[4]), body[7:], now)

    def _end(self, circuit, place, reason, record, now):
        """A circuit ends at one side, `place`; return the effects."""
        effects = self._forget(circuit, now)
        if circuit.role != RELAY:
            return effects + circuit.user.lost(circuit, reason, record, now)
        if place == circuit.near:
            return effects + self._destroy(circuit.far, cells.GONE, b"", now)
        if reason != cells.GONE:
            return effects + self._notice(circuit, reason, record[: cells.MAX_NOTICE], now)
        return effects + self._destroy(circuit.near, cells.GONE, b"", now)

    def unanswered(self, place, now):
        """A neighbour does not acknowledge: where it is a set-up its maker is told at once."""
        circuit = self.table.get(place)
        if circuit is None or place != circuit.far or circuit.back.highest >= 0:
            return []
        return self._end(circuit, place, cells.NO_NEXT, b"", now)

    def peer_gone(self, short, now):
        """A neighbour is lost, and with it every circuit over it; return the effects."""
        effects = []
        self.lanes.drop(short)
        self.marks.pop(short, None)
        for place in [place for place in self.table if place[0] == short]:
            if place in self.table:
                effects += self._end(self.table[place], place, cells.GONE, b"", now)
        return effects

    def moved(self, neighbour):
        """Return the effects that lead sound to a neighbour which is elsewhere now, or has just
        told where it takes sound."""
        effects = []
        for circuit in set(self.table.values()):
            for is_forward, place in enumerate((circuit.near, circuit.far)):
                if place is None or place[0] != neighbour.id:
                    continue
                if circuit.mute is not None:
                    effects += self._sound(circuit, *circuit.mute)
                elif circuit.sound is not None:
                    beside = self._beside(place)
                    effects += [SoundMove(circuit.sound, is_forward, beside)] if beside else []
        return effects

    # What goes.

    def _send(self, circuit, place, count, body, now):
        cell = cells.write(place[1], count, body)
        return self.lanes.send(place[0], cell, circuit.is_plain(), now)

    def _destroy(self, place, reason, record, now):
        peer = self.mesh.exchange.peers.get(place[0])
        if peer is None:
            return []
        body = place[1] + bytes((reason,)) + len(record).to_bytes(2, "big") + record
        return self.mesh.exchange.send(peer, packets.DESTROY, [body])

    def _notice(self, circuit, reason, record, now):
        """Return the effects of a last cell back, from this hop to the maker."""
        body = cells.write_notice(circuit.crypto, circuit.keys.notice, reason, record)
        # Past every count that the end may have used.
        step = max(circuit.back.highest, circuit.sent) + 1
        count = cells.after(circuit.base, circuit.keys.offset + step)
        count, body = cells.back(circuit.crypto, circuit.keys, count, body)
        self.dead[circuit.near] = now + DEAD_LABEL
        return self._send(circuit, circuit.near, count, body, now)

    def open(self, hops, flags, payload, user, now):
        """Return (Circuit, effects) of a way of cells.Hops that a payload sets up for a user."""
        count = int.from_bytes(self.mesh.random(cells.COUNT_BYTES), "big")
        crypto = self.mesh.plain if flags & cells.PLAIN else self.mesh.crypto
        body, keys = cells.set_up(crypto, hops, count, flags, payload, self.mesh.random)
        short = hops[0].node[:8]
        far = short, self._label(short)
        circuit = Circuit(MAKER, None, far, count, keys, crypto, now)
        circuit.user = user
        through = hops if isinstance(hops[-1], cells.Meeting) else hops[:-1]
        circuit.through = tuple([hop.node for hop in through])
        self.table[far] = circuit
        return circuit, self._send(circuit, far, count, body, now)

    def say(self, circuit, body, now, step=None):
        """Return the effects that bring the body of a cell to the other side of a circuit.

        step: counted from the set-up, where it is not the next.
        """
        step = circuit.sent + 1 if step is None else step
        circuit.sent = max(circuit.sent, step)
        count = cells.after(circuit.base, step)
        crypto = circuit.crypto
        if circuit.role == MAKER:
            body = cells.layered(crypto, circuit.keys, count, body)
            return self._send(circuit, circuit.far, count, body, now)
        count = cells.after(count, circuit.keys.offset)
        count, body = cells.back(crypto, circuit.keys, count, body)
        return self._send(circuit, circuit.near, count, body, now)

    def drop(self, circuit, now):
        """End a circuit at both of its sides; return the effects."""
        effects = self._forget(circuit, now)
        for place in (circuit.near, circuit.far):
            if place is not None:
                effects += self._destroy(place, cells.GONE, b"", now)
        return effects

    def refuse(self, circuit, reason, now):
        """End a circuit that ends here with a notice for its maker; return the effects.

        One that was made here, for callers to a box, is dropped: nothing tells whose it is.
        """
        if circuit.role == MAKER:
            return self.drop(circuit, now)
        effects = self._forget(circuit, now)
        record = self._own_record() if reason == cells.NO_PREKEY else b""
        return effects + self._notice(circuit, reason, record, now)

    def _forget(self, circuit, now):
        for place in (circuit.near, circuit.far):
            if place is not None and self.table.pop(place, None) is not None:
                self.dead[place] = now + DEAD_LABEL
        return self._silence(circuit)


def _of_way(reason):
    """Return the reason of somebody on the way, who cannot speak for its end."""
    return cells.GONE if reason == cells.NO_SESSION else reason
