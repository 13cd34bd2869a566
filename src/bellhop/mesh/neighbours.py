"""Everybody heard on the links: hellos, proof of address by cookies, proof of key by signatures.

An address that has not proved itself gets one packet for each of its own, less than three times
as long. After that both ends ask for each other's key, and sign the question.
"""

import hashlib

from ..effects import SendMesh
from . import packets
from .hello import (
    GONE,
    HEARD,
    HELLO,
    HELLO_BACK,
    HELLO_INTERVAL,
    LEAVE,
    MAX_NEIGHBOURS,
    MUTUAL,
    PROOF,
    QUIET_AFTER,
    QUIET_INTERVAL,
    SILENCE,
    TWO_WAY,
    Neighbour,
)
from .identity import short_id
from .link import BURST_INTERVAL, Link
from .rate import spend

# Peers named by the owner, or remembered, that do not answer are greeted this often.
GREET_INTERVAL = 20000
# Neighbours that one hello lists; the lowest costs are listed by the record as well.
MAX_LISTED = 96
# Links of a router: ports, radios, tunnels.
MAX_LINKS = 32
# Signatures that strangers may cause: 20 a second, 64 at once.
PROOF_INTERVAL, PROOF_BURST = (50, 64)
EDGE_MARK = b"bellhop edge 1"


class Neighbours:
    """The neighbours on all links.

    `changed` collects (neighbour, state before, state after) for the owner of this object.
    """

    def __init__(self, mesh):
        self.mesh = mesh
        self.secret = mesh.token(16)
        self.links = {}
        self.table = {}
        self.changed = []
        self.proof_mark = 0

    def link_up(self, number, name, multicast, now):
        """Begin to greet on a link; return the effects."""
        if number not in self.links and len(self.links) >= MAX_LINKS:
            self.mesh.counters["full"] += 1
            return []
        if number in self.links:
            self.links[number].deadline = None
        self.links[number] = Link(number, name, multicast, now)
        return self.wake_link(self.links[number], now)

    def link_down(self, number, now):
        """End every neighbour of a link; return the effects."""
        link = self.links.pop(number, None)
        if link is not None:
            link.deadline = None
        for neighbour in list(self.table.values()):
            if neighbour.link == number:
                self._step(neighbour, LEAVE, now)
        return []

    def gone(self, number, source, now):
        """End the neighbour at an address; return the effects."""
        neighbour = self.table.get((number, source))
        if neighbour is not None:
            self._step(neighbour, LEAVE, now)
        return []

    def greet(self, number, source, now):
        """Send one hello to an address that may be a node; return the effects."""
        if number not in self.links or (number, source) in self.table:
            return []
        return [self._hello_to(self.links[number], source, packets.NO_COOKIE, packets.ANSWER, {})]

    def wake_link(self, link, now):
        """Send the hellos of a link that are due; return the effects."""
        link.interval = self._interval(link, now)
        effects = []
        if link.burst or not self._rests(link, now):
            effects = self._hellos(link, now)
        link.burst = max(link.burst - 1, 0)
        interval = BURST_INTERVAL if link.burst else link.interval
        link.deadline = now + interval * 9 // 10 + self.mesh.token(1)[0] * interval // 1275
        self.mesh.deadlines.watch(link)
        return effects

    def _hellos(self, link, now):
        effects = []
        if link.multicast:
            effects.append(self._hello_to_all(link, now))
        for neighbour in list(self.table.values()):
            if neighbour.link == link.number and not (link.multicast and neighbour.hears_all):
                effects += self._hello_to_neighbour(neighbour, 0, now)
        return effects + self._greet_static(link, now)

    def _rests(self, link, now):
        """Tell whether all whom a link reaches are reached by its twin: then it is silent.

        Twins are one interface with two address families, which share a name; the lower number
        speaks. Neighbours of both are given up here; the other keeps in mind where they are.
        """
        twin = self._twin(link)
        there = {}
        for neighbour in self.table.values():
            if twin is not None and _is_on(neighbour, twin) and neighbour.state == TWO_WAY:
                if not neighbour.has_heard_beside():
                    return False
                there[neighbour.id] = neighbour
        here = [n for n in self.table.values() if n.link == link.number]
        for neighbour in here:
            if neighbour.id in there:
                there[neighbour.id].beside = neighbour.address[0]
                self._step(neighbour, LEAVE, now)
        return bool(there) and not [n for n in here if n.id not in there]

    def _twin(self, link):
        """Return the link that speaks for this one, or None."""
        for other in self.links.values():
            if link.multicast and other.name == link.name and other.number < link.number:
                return other
        return None

    def farewell(self, now):
        """This node stops: hellos that promise another at once let nobody wait for one.

        Return the effects.
        """
        effects = []
        for link in self.links.values():
            link.interval = 0
        for neighbour in self.table.values():
            if neighbour.state == TWO_WAY:
                effects += self._hello_to_neighbour(neighbour, 0, now)
        return effects

    def _interval(self, link, now):
        settings = self.mesh.settings
        if not link.multicast:
            return settings.keepalive_ms
        is_quiet = now - link.changed >= QUIET_AFTER and settings.hello_ms >= HELLO_INTERVAL
        return max(settings.hello_ms, QUIET_INTERVAL) if is_quiet else settings.hello_ms

    def _greet_static(self, link, now):
        if link.greeted_at is not None and not link.burst and now < link.greeted_at:
            return []
        link.greeted_at = now + GREET_INTERVAL
        if link.multicast and any(not other.multicast for other in self.links.values()):
            return []
        effects = []
        for source in self.mesh.greeted():
            effects += self.greet(link.number, source, now)
        return effects

    def _hello_to_all(self, link, now):
        link.sent += 1
        heard = {}
        for neighbour in self.table.values():
            if neighbour.link == link.number and len(heard) < MAX_LISTED:
                heard[neighbour.id[:4]] = self._quality(neighbour, now)
        body = self._hello(link, packets.TO_ALL, heard)
        data = packets.write(packets.HELLO, self.mesh.short, packets.NO_COOKIE, body)
        return SendMesh(link.number, None, data)

    def _quality(self, neighbour, now):
        at = neighbour.via_all_at
        fresh = at is not None and now - at < 4 * neighbour.interval
        return packets.HEARS_MULTICAST if fresh else 0

    def _hello(self, link, flags, heard):
        digest = self.mesh.database.digest()
        return packets.write_hello(packets.Hello(link.sent, link.interval, flags, digest, heard))

    def _hello_to_neighbour(self, neighbour, flags, now):
        link = self.links[neighbour.link]
        if neighbour.cookie == packets.NO_COOKIE and not flags:
            return []
        heard = {neighbour.id[:4]: self._quality(neighbour, now)}
        return [self._hello_to(link, neighbour.address, neighbour.cookie, flags, heard)]

    def _hello_to(self, link, address, cookie, flags, heard):
        body = self._hello(link, flags, heard)
        data = packets.write(packets.HELLO, self.mesh.short, cookie, body)
        return SendMesh(link.number, address, data)

    def cookie_for(self, link, source):
        """Return the cookie that proves that `source` reads what is sent to it on a link."""
        text = "%d %s %d" % (link, source[0], source[1])
        return hashlib.sha256(self.secret + text.encode()).digest()[: packets.COOKIE_BYTES]

    def proved(self, packet, link, source):
        """Return the neighbour in TWO_WAY that a packet is from, or None."""
        neighbour = self.table.get((link, source))
        if neighbour is None or neighbour.id != packet.sender or neighbour.state != TWO_WAY:
            return None
        return neighbour if packet.cookie == neighbour.given else None

    def reproach(self, packet, link, source):
        """Answer a packet whose cookie is stale, or whose sender takes us for a neighbour."""
        given = self.cookie_for(link, source)
        if packet.cookie == given:
            return []
        return [self._send(link, source, packets.COOKIE, packet.cookie, given)]

    def _send(self, link, source, kind, cookie, body):
        return SendMesh(link, source, packets.write(kind, self.mesh.short, cookie, body))

    def _find(self, packet, link, source, now):
        """Return the neighbour of a packet's address, new if need be, or None."""
        neighbour = self.table.get((link, source))
        if neighbour is not None:
            if neighbour.id == packet.sender:
                return neighbour
            if neighbour.proven_address and packet.cookie != neighbour.given:
                self.mesh.counters["foreign_id"] += 1
                return None
            self._step(neighbour, LEAVE, now)
        other = self._heard_by_twin(packet.sender, link)
        if other is not None:
            other.beside = source[0]
            return None
        if len(self.table) >= MAX_NEIGHBOURS and not self._forget_one(now):
            self.mesh.counters["full"] += 1
            return None
        given = self.cookie_for(link, source)
        nonce = self.mesh.token(packets.NONCE_BYTES)
        neighbour = Neighbour(link, source, packet.sender, given, nonce, now)
        self.table[link, source] = neighbour
        self._watch(neighbour, now)
        return neighbour

    def _heard_by_twin(self, short, number):
        """Return the Neighbour of the same node on the link that speaks for this one, or None."""
        twin = self._twin(self.links[number])
        peer = self.mesh.exchange.peers.get(short) if twin is not None else None
        for neighbour in peer.neighbours if peer is not None else ():
            if _is_on(neighbour, twin):
                return neighbour
        return None

    def _forget_one(self, now):
        """End the stranger of longest standing; return False if there is none."""
        strangers = [n for n in self.table.values() if n.state in (HEARD, MUTUAL)]
        if not strangers:
            return False
        self._step(min(strangers, key=lambda neighbour: neighbour.changed), LEAVE, now)
        self.mesh.counters["full"] += 1
        return True

    def hello(self, packet, link, source, now):
        """Take a HELLO; return (neighbour or None, Hello, effects)."""
        hello = packets.read_hello(packet.body)
        neighbour = self._find(packet, link, source, now)
        if neighbour is None:
            return None, hello, []
        to_all = hello.flags & packets.TO_ALL
        if not to_all and neighbour.proven_address and packet.cookie != neighbour.given:
            return None, hello, self.reproach(packet, link, source)
        neighbour.proven_address |= packet.cookie == neighbour.given
        neighbour.promise(hello.interval, packet.cookie == neighbour.given)
        if to_all:
            neighbour.via_all_at = now
            if neighbour.count_hello(hello.number):
                self.changed.append((neighbour, neighbour.state, neighbour.state))
        lists = neighbour.note_heard(hello.heard, self.mesh.short)
        if to_all and not lists and neighbour.state == TWO_WAY:
            # Anybody on the link can say this in its name: let it say so with the cookie.
            return neighbour, hello, self._hello_to_neighbour(neighbour, packets.ANSWER, now)
        self._step(neighbour, HELLO_BACK if lists else HELLO, now)
        return neighbour, hello, self._answer(neighbour, hello, now)

    def _answer(self, neighbour, hello, now):
        if neighbour.state in (HEARD, MUTUAL):
            return self._ask(neighbour, now)
        if hello.flags & packets.ANSWER:
            return self._hello_to_neighbour(neighbour, 0, now)
        return []

    def _ask(self, neighbour, now):
        neighbour.tries += 1
        body = neighbour.given + self.mesh.id + neighbour.nonce
        self._watch(neighbour, now)
        cookie = neighbour.cookie
        return [self._send(neighbour.link, neighbour.address, packets.ASK, cookie, body)]

    def cookie(self, packet, link, source, now):
        """Take a COOKIE, which repeats the stale one: use it, and ask where that is still to do."""
        neighbour = self._find(packet, link, source, now)
        if neighbour is None or len(packet.body) != packets.COOKIE_BYTES:
            return []
        if packet.cookie != neighbour.cookie:
            return []
        neighbour.cookie = packet.body
        if neighbour.state in (HEARD, MUTUAL):
            return self._ask(neighbour, now)
        return []

    def asked(self, packet, link, source, now):
        """Take an ASK: prove this node's key to an address that has proved itself."""
        cookie, key, nonce = packets.read_ask(packet.body)
        neighbour = self._find(packet, link, source, now)
        if neighbour is None or short_id(key) != packet.sender:
            return []
        if packet.cookie != neighbour.given:
            if neighbour.state not in (HEARD, MUTUAL):
                return self.reproach(packet, link, source)
            neighbour.cookie = cookie
            return self._ask(neighbour, now)
        neighbour.cookie = cookie
        neighbour.proven_address = True
        self._step(neighbour, HELLO_BACK, now)
        mark = spend(self.proof_mark, now, PROOF_INTERVAL, PROOF_BURST)
        if mark is None:
            self.mesh.counters["over_budget"] += 1
            return []
        self.proof_mark = mark
        body = self.mesh.id + nonce + self.mesh.sign(EDGE_MARK + key + self.mesh.id + nonce)
        effects = [self._send(link, source, packets.PROVE, cookie, body)]
        if neighbour.state == MUTUAL:
            effects += self._ask(neighbour, now)
        return effects

    def proof(self, packet, link, source, now):
        """Take a PROVE; the nonce is good for one try, so that forgeries cost one verification."""
        key, nonce, signature = packets.read_proof(packet.body)
        neighbour = self.table.get((link, source))
        if neighbour is None or neighbour.state not in (HEARD, MUTUAL):
            return []
        if nonce != neighbour.nonce or short_id(key) != neighbour.id:
            self.mesh.counters["stale_proof"] += 1
            return []
        neighbour.nonce = self.mesh.token(packets.NONCE_BYTES)
        if not self.mesh.verify(key, EDGE_MARK + self.mesh.id + key + nonce, signature):
            self.mesh.counters["forged"] += 1
            return []
        neighbour.key = key
        neighbour.proven_address = True
        self._step(neighbour, PROOF, now)
        self._step(neighbour, HELLO_BACK, now)
        return []

    def alive(self, neighbour, now):
        """Any packet with the right cookie is a sign of life."""
        neighbour.alive_at = now

    def wake(self, neighbour, now):
        """Probe, ask again or end a neighbour whose time has come; return the effects."""
        if now >= neighbour.dead_at():
            self._step(neighbour, SILENCE, now)
            return []
        if neighbour.asks():
            return self._ask(neighbour, now)
        self._watch(neighbour, now)
        if neighbour.state in (HEARD, MUTUAL) or now < neighbour.probe_at():
            return []
        return self._hello_to_neighbour(neighbour, packets.ANSWER, now)

    def _step(self, neighbour, event, now):
        before, after = neighbour.handle(event, now)
        if after == GONE:
            self.table.pop((neighbour.link, neighbour.address), None)
        if before != after:
            self.changed.append((neighbour, before, after))
            if neighbour.link in self.links:
                self.links[neighbour.link].changed = now
        self._watch(neighbour, now)

    def _watch(self, neighbour, now):
        neighbour.arm(now)
        self.mesh.deadlines.watch(neighbour)

    def owner_list(self, now):
        """Return what `bellhop peers` shows of the neighbours, JSON-able."""
        return [
            {
                "link": self.links[n.link].name if n.link in self.links else "",
                "host": n.address[0],
                "port": n.address[1],
                "node": self.mesh.name_of(n.key) if n.key else None,
                "name": self.mesh.nickname(n.id),
                "how": "unicast" if n.via_all_at is None else "multicast",
                "state": n.state,
                "reason": n.reason,
                "since_ms": now - n.changed,
                "heard_ms": now - n.alive_at,
                "cost": n.cost,
            }
            for n in self.table.values()
        ]


def _is_on(neighbour, link):
    return neighbour.link == link.number
