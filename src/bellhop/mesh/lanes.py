"""Cells from neighbour to neighbour: numbered, acknowledged, repeated (PROTOCOL.md).

A body is number 4 | cell 1,024 | up to 6 acknowledged numbers of 4 each; or such numbers alone.
"""

from ..errors import MeshError
from . import cells, packets

# Acknowledgements wait this long for a cell of the other direction; a cell for its own this long.
ACK_WAIT, REPEAT_AFTER, REPEATS = (20, 300, 5)
# Where a set-up is not acknowledged after so many times, its maker had better take another way.
PATIENCE = 3
MAX_ACKS = 6
# Cells in the air to one neighbour: 16 for each of some circuits.
MAX_UNDER_WAY = 256


class Lane:
    """The cells to and from one peer. A thing to wake."""

    __slots__ = ("acks", "deadline", "number", "peer", "queued", "under_way")

    def __init__(self, peer):
        self.peer = peer
        self.number = 0
        self.under_way = {}
        self.acks = []
        self.deadline = self.queued = None

    def body(self, cell, is_plain, now):
        """Return the body that brings a cell, or None where too many are under way."""
        if len(self.under_way) >= MAX_UNDER_WAY:
            return None
        self.number = cells.after(self.number, 1)
        self.under_way[self.number] = [cell, now, 1, is_plain]
        self._hurry(now + REPEAT_AFTER)
        return self._body(self.number, cell)

    def _body(self, number, cell):
        acks, self.acks = self.acks[:MAX_ACKS], self.acks[MAX_ACKS:]
        return number.to_bytes(4, "big") + cell + b"".join(acks)

    def _hurry(self, at):
        if self.deadline is None or at < self.deadline:
            self.deadline = at

    def take(self, body, now):
        """Take a body; return its cell, or None where it has acknowledgements alone."""
        at = 4 + cells.CELL_BYTES if len(body) >= 4 + cells.CELL_BYTES else 0
        if (len(body) - at) % 4:
            raise MeshError("not a cell")
        for place in range(at, len(body), 4):
            self.under_way.pop(int.from_bytes(body[place : place + 4], "big"), None)
        if not at:
            return None
        self.acks.append(body[:4])
        self._hurry(now + ACK_WAIT)
        return body[4:at]

    def take_back(self, body):
        """Leave a body without an acknowledgement after all: the peer says it again."""
        if body[:4] in self.acks:
            self.acks.remove(body[:4])

    def due(self, may_hide, now):
        """Return (the bodies to send now, labels of cells that get no answer).

        may_hide: what is sealed may go.
        """
        bodies, labels = [], []
        for number in list(self.under_way):
            cell, at, tries, is_plain = self.under_way[number]
            if now < at + REPEAT_AFTER:
                continue
            if tries >= REPEATS or not (may_hide or is_plain):
                del self.under_way[number]
                continue
            if tries == PATIENCE:
                labels.append(cell[: cells.LABEL_BYTES])
            self.under_way[number] = [cell, now, tries + 1, is_plain]
            bodies.append(self._body(number, cell))
        while self.acks:
            acks, self.acks = self.acks[:MAX_ACKS], self.acks[MAX_ACKS:]
            bodies.append(b"".join(acks))
        times = [one[1] + REPEAT_AFTER for one in self.under_way.values()]
        self.deadline = min(times) if times else None
        return bodies, labels


class Lanes:
    """The lanes to all peers."""

    def __init__(self, mesh):
        self.mesh = mesh
        self.lanes = {}

    def _to(self, peer):
        if peer.id not in self.lanes:
            self.lanes[peer.id] = Lane(peer)
        return self.lanes[peer.id]

    @staticmethod
    def may_go(peer, is_plain):
        """Tell whether a cell may go to a peer: nothing that is hidden by amateur radio."""
        return is_plain or not peer.best().is_plain()

    def send(self, short, cell, is_plain, now):
        """Return the effects that bring a cell to a neighbour; none where it may not go."""
        peer = self.mesh.exchange.peers.get(short)
        may_go = peer is not None and self.may_go(peer, is_plain)
        body = self._to(peer).body(cell, is_plain, now) if may_go else None
        if body is None:
            return []
        self.mesh.deadlines.watch(self.lanes[short])
        return self.mesh.exchange.send(peer, packets.CELL, [body])

    def take(self, peer, body, now):
        """Take the body of a CELL; return the cell in it, or None."""
        lane = self._to(peer)
        cell = lane.take(body, now)
        self.mesh.deadlines.watch(lane)
        return cell

    def take_back(self, peer, body):
        """Leave a body of a peer without an acknowledgement after all."""
        self._to(peer).take_back(body)

    def wake(self, lane, now):
        """Repeat and acknowledge what is due; return the effects."""
        bodies, labels = lane.due(self.may_go(lane.peer, False), now)
        self.mesh.deadlines.watch(lane)
        effects = self.mesh.exchange.send(lane.peer, packets.CELL, bodies)
        for label in labels:
            effects += self.mesh.circuits.unanswered((lane.peer.id, label), now)
        return effects

    def drop(self, short):
        """A peer is gone."""
        lane = self.lanes.pop(short, None)
        if lane is not None:
            lane.deadline = None
