"""Two nodes behind NAT meet: a third, which both reach, tells each where it sees the other.

Both greet the other at once, and so their routers let in what the other says. Who is there shows by
the handshake alone. Where the router in front gives out other ports than those of the node, nobody
would be at the place that the third one sees: then calls go on by other nodes (PROTOCOL.md).
"""

from ..errors import MeshError
from ..limits import MAX_PUNCHED
from . import address, packets
from .identity import KEY_BYTES, short_id
from .link import ANYWHERE
from .rate import spend

# How often a node asks for the same meeting, and how many one neighbour may cause: one a second,
# eight at once.
AGAIN_AFTER = 60000
INTERVAL, BURST = (1000, 8)
# When the other is greeted. No more: a neighbour that lies leads so few octets to somebody else
# that it could as well have sent them itself.
GREETED = (0, 150, 600)


class Punching:
    """A thing to wake for the next greeting. asked: {node's id: when}; due: [(when, address)].

    places: {node's id: the address at which it was to be met}.
    """

    def __init__(self, mesh):
        self.mesh = mesh
        self.asked, self.places = {}, {}
        # Budgets: of each neighbour that asks, by its short id, and of what this node is told.
        self.marks, self.mark = {}, 0
        self.due = []
        self.deadline = self.queued = None

    def want(self, node, now):
        """A call goes to a node: ask who stands between for a meeting; return the effects."""
        peers, last = self.mesh.exchange.peers, self.asked.get(node)
        if short_id(node) in peers or not self.mesh.own.endpoints:
            return []
        hops = self.mesh.calls.hops(node)
        if hops is None or len(hops) != 2 or (last is not None and now - last < AGAIN_AFTER):
            return []
        between = peers.get(short_id(hops[0].node))
        if between is None or _outside(between) is None:
            return []
        _make_room(self.asked)
        self.asked[node] = now
        return self.mesh.exchange.send(between, packets.MEET, [node])

    def heard(self, peer, body, now):
        """Take the body of a MEET; return the effects; raises MeshError."""
        if len(body) == KEY_BYTES:
            return self._introduce(peer, body, now)
        return self._told(body, now)

    def _introduce(self, peer, node, now):
        """Tell both where this node sees the other; none who says no address is told of."""
        peers = self.mesh.exchange.peers
        self.marks = {one: self.marks[one] for one in self.marks if one in peers}
        mark = spend(self.marks.get(peer.id, 0), now, INTERVAL, BURST)
        other = peers.get(short_id(node))
        if mark is None or other is None or other is peer or other.key != node:
            return []
        self.marks[peer.id] = mark
        here, there = _outside(peer), _outside(other)
        if not (here and there and self._is_shown(peer) and self._is_shown(other)):
            return []
        self.mesh.counters["introduced"] += 1
        send = self.mesh.exchange.send
        effects = send(peer, packets.MEET, [node + there + here])
        return effects + send(other, packets.MEET, [peer.key + here + there])

    def _is_shown(self, peer):
        known = self.mesh.directory.node(peer.id)
        return known is not None and known.node == peer.key and bool(known.value.endpoints)

    def _told(self, body, now):
        """Greet somebody who wants to meet this node, or whom it wants to meet."""
        node, places = body[:KEY_BYTES], body[KEY_BYTES:]
        host, port, places = _place(places)
        _, own_port, rest = _place(places)
        if rest:
            raise MeshError("not a meeting")
        known = self.mesh.directory.node(short_id(node))
        if known is None or known.node != node or not self.mesh.own.endpoints:
            return []
        mark = spend(self.mark, now, INTERVAL, BURST)
        if own_port != self.mesh.settings.port or not port or mark is None:
            self.mesh.counters["not_met"] += 1
            return []
        self.mark = mark
        _make_room(self.places)
        self.places[node] = host, port
        self.due += [(now + wait, (host, port)) for wait in GREETED]
        return self.wake(now)

    def is_straight(self, neighbour):
        """Tell whether a neighbour is where it was to be met: else a router has changed its port,
        and may have changed that of its sound to one that nobody knows."""
        place = self.places.get(neighbour.key)
        return place is None or neighbour.link != ANYWHERE or neighbour.address == place

    def wake(self, now):
        """Greet those whose time has come; return the effects."""
        effects = []
        for at, place in self.due:
            if at <= now:
                effects += self.mesh.neighbours.greet(ANYWHERE, place, now)
        self.due = [one for one in self.due if one[0] > now]
        self.deadline = min([at for at, _ in self.due]) if self.due else None
        self.mesh.deadlines.watch(self)
        return effects


def _make_room(table):
    """Forget any one of a full table: it is asked for or told again."""
    if len(table) >= MAX_PUNCHED:
        table.pop(next(iter(table)))


def _outside(peer):
    """Return where a peer is seen that is on no interface of this node, octets, or None."""
    for way in peer.neighbours:
        octets = address.pack(way.address[0]) if way.link == ANYWHERE else b""
        if octets and not address.is_near(octets):
            return bytes((len(octets),)) + octets + way.address[1].to_bytes(2, "big")
    return None


def _place(octets):
    """Return (host, port, the octets behind) of a place; raises MeshError."""
    end = 3 + (octets[0] if octets else 0)
    if end not in (7, 19) or len(octets) < end or address.is_near(octets[1 : end - 2]):
        raise MeshError("not a place")
    port = int.from_bytes(octets[end - 2 : end], "big")
    return address.unpack(octets[1 : end - 2]), port, octets[end:]
