"""Everybody heard on the links: hellos, and the neighbours who have proved their keys.

Only what is sealed, or tagged under a link's keys, is a sign of life or changes anything.
"""

from ..effects import SendMesh
from ..limits import MAX_NEIGHBOURS
from ..text import of_utf8
from . import packets
from .address import is_near, pack
from .hello import (
    AGAIN_AFTER,
    GONE,
    HELLO_INTERVAL,
    LEAVE,
    OLD_KEYS,
    PROOF,
    QUIET_AFTER,
    QUIET_INTERVAL,
    RENEW_AFTER,
    SIGN,
    SILENCE,
    TWO_WAY,
)
from .link import ANYWHERE, BURST_INTERVAL, Link
from .openings import Openings, site_of

# Peers named by the owner, or remembered, that do not answer are greeted this often.
GREET_INTERVAL = 20000
# Neighbours that one hello has tags for; the lowest costs are listed by the record as well.
MAX_TAGGED = 96
# Without a sign of life for this long, a hello that has no tag for us makes us ask.
DOUBT_AFTER = 1000
# Links of a router: ports, radios, tunnels.
MAX_LINKS = 32
# Neighbours at one address: a router behind which some others are. On links and private nets, who
# cannot be pushed out from the Internet.
MAX_AT_ADDRESS, MAX_NEAR = (4, 64)


class Neighbours:
    """The neighbours on all links.

    table: {(link, address): Neighbour in TWO_WAY}; sessions: {session id: Neighbour}. `changed`
    collects (neighbour, state before, state after) for the owner of this object, `moved` those
    that have another address, `anew` the short ids of those that have started anew.
    """

    def __init__(self, mesh):
        self.mesh = mesh
        self.links = {}
        self.table = {}
        self.sessions = {}
        self.openings = Openings(mesh, self.links, self.sessions)
        self.changed = []
        self.anew = []
        self.moved = []

    def link_up(self, number, name, multicast, now):
        """Begin to greet on a link; return the effects."""
        if number not in self.links and len(self.links) >= MAX_LINKS:
            self.mesh.counters["full"] += 1
            return []
        if number in self.links:
            self.links[number].deadline = None
        own = self.mesh.random(packets.ID_BYTES)
        settings = self.mesh.settings
        callsign = settings.callsign if name in settings.amateur else b""
        self.links[number] = Link(number, name, multicast, own, now, callsign)
        return self.wake_link(self.links[number], now)

    def link_down(self, number, now):
        """End every neighbour of a link; return the effects."""
        link = self.links.pop(number, None)
        if link is not None:
            link.deadline = None
        for neighbour in list(self.table.values()) + list(self.openings.half.values()):
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
        if self._is_beside(number, address=source):
            return []
        return [self.openings.greeting(number, source, self.mesh.now)]

    def wake_link(self, link, now):
        """Send the hellos of a link that are due; return the effects."""
        link.interval = self._interval(link, now)
        effects = []
        if link.burst or not self._rests(link, now):
            effects = self._hellos(link, now)
        link.burst = max(link.burst - 1, 0)
        interval = BURST_INTERVAL if link.burst else link.interval
        link.deadline = now + interval * 9 // 10 + self.mesh.random(1)[0] * interval // 1275
        self.mesh.deadlines.watch(link)
        return effects

    def _hellos(self, link, now):
        effects = []
        here = [one for one in self.table.values() if one.link == link.number]
        if link.multicast:
            effects.append(self._hello_to_all(link, here, now))
        for neighbour in here:
            if not (link.multicast and neighbour.hears_all):
                effects.append(self._hello_to(neighbour, 0, now))
            if now - neighbour.renewed_at >= RENEW_AFTER and link.id < neighbour.far:
                effects += self._open_again(neighbour, None, now)
        return effects + self._greet_static(link, now)

    def _rests(self, link, now):
        """Tell whether all whom a link reaches are reached by its twin: then it is silent.

        Twins are one interface with two address families, which share a name; the lower number
        speaks. Neighbours of both are given up here; the other keeps in mind where they are.
        """
        twin = self._twin(link)
        there = {}
        for neighbour in self.table.values():
            if twin is not None and _is_on(neighbour, twin):
                if neighbour.beside is None and not neighbour.has_heard_beside():
                    return False
                there[neighbour.id] = neighbour
        here = [n for n in self.table.values() if n.link == link.number]
        for neighbour in here:
            if neighbour.id in there:
                there[neighbour.id].beside = neighbour.far, neighbour.address
                self._step(neighbour, LEAVE, now)
        return bool(there) and not [n for n in here if n.id not in there]

    def _twin(self, link):
        """Return the link that speaks for this one, or None."""
        for other in self.links.values():
            if link.multicast and other.name == link.name and other.number < link.number:
                return other
        return None

    def here_now(self, now):
        """This node has other addresses: let all neighbours hear from them; return the effects."""
        return [self._hello_to(neighbour, packets.ANSWER, now) for neighbour in self.table.values()]

    def farewell(self, now):
        """This node stops: hellos that promise another at once let nobody wait for one.

        Return the effects.
        """
        for link in self.links.values():
            link.interval = 0
        return self.say_hello(now)

    def say_hello(self, now):
        """Tell all neighbours what hellos to everybody leave out; return the effects."""
        return [self._hello_to(neighbour, 0, now) for neighbour in self.table.values()]

    def _interval(self, link, now):
        settings = self.mesh.settings
        if not link.multicast:
            return settings.keepalive_ms
        # Where nobody is, who comes without an event of the carrier is met as soon as before.
        is_alone = not [one for one in self.table.values() if _is_on(one, link)]
        is_quiet = now - link.changed >= QUIET_AFTER and settings.hello_ms >= HELLO_INTERVAL
        if is_quiet and not is_alone:
            return max(settings.hello_ms, QUIET_INTERVAL)
        return settings.hello_ms

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

    def _hello_to_all(self, link, here, now):
        """Return the hello that reaches everybody, with a tag for each neighbour to believe it."""
        link.sent += 1
        digest = self.mesh.database.digest()
        flags = packets.TO_ALL | (packets.PLAIN if link.callsign else 0)
        greeting = packets.Greeting(
            link.id, flags, b"", link.sent, link.interval, digest, (), link.callsign, b""
        )
        head, data = packets.write_to_all(greeting)
        tags = [one.session.tag(head, _quality(one, now)) for one in here[:MAX_TAGGED]]
        return SendMesh(link.number, None, data + b"".join(tags), False)

    def _hello_to(self, neighbour, flags, now, interval=None):
        """Return the hello for one neighbour; interval: if it is not that of the link."""
        if interval is None:
            interval = self.links[neighbour.link].interval
        digest = self.mesh.database.digest()
        flags |= _quality(neighbour, now)
        sound = self.mesh.sound_port if self.mesh.punching.is_straight(neighbour) else 0
        hello = packets.Hello(interval, flags, digest, sound)
        return self.send(neighbour, packets.HELLO, packets.write_hello(hello))

    def ask(self, neighbour):
        """Return the SendMesh that asks a neighbour for a hello with its keys."""
        return self._hello_to(neighbour, packets.ANSWER, self.mesh.now)

    def send(self, neighbour, kind, body):
        """Return the SendMesh that says something to a neighbour."""
        data = neighbour.session.write(kind, body)
        return SendMesh(neighbour.link, neighbour.address, data, kind == packets.CELL)

    def link_of(self, kind, body, link):
        """Return the link that a datagram is for, which came by another one perhaps.

        What a host far away answers, the kernel gives to the socket of the interface it comes by.
        """
        far = self.links.get(ANYWHERE)
        if far is None:
            return link
        if kind == packets.SEALED:
            neighbour = self.sessions.get(body[: packets.SESSION_BYTES])
            return ANYWHERE if neighbour is not None and _is_on(neighbour, far) else link
        at = packets.ID_BYTES + (kind == packets.OPEN)
        is_far = kind != packets.HELLO and body[at : at + packets.ID_BYTES] == far.id
        return ANYWHERE if is_far else link

    def greeted(self, body, link, source, now):
        """Take a HELLO in clear; return (neighbour or None, its digest, effects)."""
        greeting = packets.read_greeting(body)
        own = [one.id for one in self.links.values()]
        neighbour = self.table.get((link, source))
        if greeting.id in own or self._is_beside(link, far=greeting.id):
            return None, b"", []
        if bool(greeting.flags & packets.PLAIN) != bool(self.links[link].callsign):
            self.mesh.counters["not_amateur"] += 1
            return None, b"", []
        if neighbour is None or neighbour.far != greeting.id:
            return None, b"", self.openings.greeted(greeting, link, source, now)
        if not greeting.flags & packets.TO_ALL:
            return None, b"", self._open_again(neighbour, greeting, now)
        quality = None
        if neighbour.is_later(greeting.number):
            quality = neighbour.session.quality(greeting.covered, greeting.tags)
        if quality is None:
            # Anybody on the link can say this in its name: let it say so with its keys.
            doubts = now - neighbour.alive_at >= DOUBT_AFTER
            answer = [self._hello_to(neighbour, packets.ANSWER, now)] if doubts else []
            return None, b"", answer
        neighbour.via_all_at, neighbour.callsign = now, greeting.callsign
        if neighbour.count_hello(greeting.number):
            self.changed.append((neighbour, neighbour.state, neighbour.state))
        self._heard(neighbour, greeting.interval, quality, now)
        return neighbour, greeting.digest, []

    def _is_beside(self, number, far=None, address=None):
        """Tell whether a link id or an address is of a node with which the link's twin speaks."""
        twin = self._twin(self.links[number])
        there = self.table.values() if twin is not None else ()
        places = [one.beside for one in there if _is_on(one, twin) and one.beside is not None]
        return bool([place for place in places if place[0] == far or place[1] == address])

    def _heard(self, neighbour, interval, quality, now):
        neighbour.promise(interval)
        neighbour.hears_all = bool(quality & packets.HEARS_MULTICAST)
        self._step(neighbour, SIGN, now)

    def _open_again(self, neighbour, greeting, now):
        """Make new keys with a neighbour whose hour is over, or that greets as if it had none."""
        if now - neighbour.renewed_at < AGAIN_AFTER:
            return []
        link, source = neighbour.link, neighbour.address
        if greeting is None:
            return [self.openings.greeting(link, source, now)]
        return self.openings.greeted(greeting, link, source, now)

    def cookie(self, body, link, source, now):
        """Take a COOKIE; return the effects."""
        neighbour = self.table.get((link, source))
        far = packets.read_cookie(body)[0]
        is_known = neighbour is not None and neighbour.far == far
        if is_known and now - neighbour.renewed_at < AGAIN_AFTER:
            return []
        return self.openings.cookie(body, link, source, now)

    def opened(self, body, link, source, now):
        """Take a step of a handshake; return the effects."""
        opening = packets.read_open(body)
        if opening.receiver != self.links[link].id:
            return []
        if opening.step == 1:
            return self.openings.first(opening, link, source, now)
        known = self.table.get((link, source))
        if known is not None and known.session.other == opening.session and opening.step == 2:
            return self.openings.repeat(known)  # The third step was lost.
        half = self.openings.proof(opening, link, source, now)
        return [] if half is None else self._join(half, now)

    def _join(self, half, now):
        """Take somebody who has proved a key as a neighbour, or for one; return the effects."""
        there, neighbour = self.table.get((half.link, half.address)), None
        if half.key == self.mesh.id:
            self.mesh.met_twin(now)
            return []
        if there is not None and (there.key, there.far) == (half.key, half.far):
            self._forget_keys(there)
            there.renew(half, now)
            neighbour, event = there, SIGN
        elif there is not None and there.key == half.key and not half.follow(there):
            self.anew.append(half.id)
        if neighbour is None:
            if not self._has_place(half, there, now):
                return []
            neighbour, event = half, PROOF
            self.table[half.link, half.address] = half
        self.sessions[half.session.id] = neighbour
        effects = []
        if half.handshake.is_initiator:
            effects.append(SendMesh(half.link, half.address, half.step, False))
        self._step(neighbour, event, now)
        return effects + [self._hello_to(neighbour, 0, now)]

    def _has_place(self, newcomer, there, now):
        """Tell whether a newcomer finds a place; `there`: who has its address now, or None.

        Contacts, peers that the owner names and those near by have places that nobody else can
        take; of all others the net with the most of them gives one up to a net with fewer.
        """
        if there is not None:
            if there.key != newcomer.key and now < there.probe_at():
                self.mesh.counters["foreign_id"] += 1
                return False
            self._step(there, LEAVE, now)
        host = newcomer.address[0]
        same = [one for one in self.table.values() if one.address[0] == host]
        may_come = len(same) < MAX_AT_ADDRESS or self._is_wanted(newcomer)
        if may_come and (len(self.table) < MAX_NEIGHBOURS or self._make_room(newcomer, now)):
            return True
        self.mesh.counters["full"] += 1
        return False

    def _make_room(self, newcomer, now):
        near = [one for one in self.table.values() if _is_near(one)]
        groups = {}
        for one in self.table.values():
            if not self._is_wanted(one) and (len(near) > MAX_NEAR or not _is_near(one)):
                groups.setdefault(site_of(one.address), []).append(one)
        if not groups:
            return False
        largest = max(groups.values(), key=len)
        own = len(groups.get(site_of(newcomer.address), ()))
        is_kept = self._is_wanted(newcomer) or (len(near) < MAX_NEAR and _is_near(newcomer))
        if not is_kept and own + 1 >= len(largest):
            return False
        self._step(max(largest, key=lambda one: one.changed), LEAVE, now)
        return True

    def _is_wanted(self, one):
        """Tell whether the owner wants a neighbour: a contact, or a peer that is named."""
        settings = self.mesh.settings
        return one.key in settings.contacts or one.address in settings.peers

    def group(self, neighbour):
        """Return the name under which what a neighbour introduces is counted."""
        if self._is_wanted(neighbour) or _is_near(neighbour):
            return neighbour.id
        return site_of(neighbour.address)

    def read(self, data, link, source, now):
        """Open a SEALED; return (neighbour or None, kind, body, effects)."""
        end = packets.HEADER_BYTES + packets.SESSION_BYTES
        number = data[packets.HEADER_BYTES : end]
        neighbour = self.sessions.get(number)
        if neighbour is None or neighbour.link != link:
            self.mesh.counters["strangers"] += 1
            return None, 0, b"", [self.openings.greeting(link, source, now)]
        if neighbour.session is None:  # It waits for the third step, which was lost.
            return None, 0, b"", self.openings.repeat(neighbour)
        session = neighbour.session if neighbour.session.id == number else neighbour.old
        kind, body = session.read(data)
        if source != neighbour.address:
            self._move(neighbour, source)
        self._step(neighbour, SIGN, now)
        return neighbour, kind, body, []

    def _move(self, neighbour, source):
        """Follow a neighbour that has another address or port: its keys tell who it is."""
        if (neighbour.link, source) not in self.table:
            del self.table[neighbour.link, neighbour.address]
            neighbour.address = source
            self.table[neighbour.link, source] = neighbour
            self.moved.append(neighbour)

    def hello(self, neighbour, body, now):
        """Take a HELLO inside; return (its digest, effects)."""
        hello = packets.read_hello(body)
        self._heard(neighbour, hello.interval, hello.flags, now)
        sound = hello.sound if self.mesh.punching.is_straight(neighbour) else 0
        if neighbour.sound_port != sound:
            neighbour.sound_port = sound
            self.moved.append(neighbour)
        answer = hello.flags & packets.ANSWER
        return hello.digest, [self._hello_to(neighbour, 0, now)] if answer else []

    def wake(self, neighbour, now):
        """Probe, repeat a step, drop old keys or end a neighbour whose time has come."""
        if neighbour.old is not None and now - neighbour.renewed_at >= OLD_KEYS:
            self._forget_keys(neighbour)
        if now >= neighbour.dead_at():
            # Who does not hear it may still be heard: this end does not wait for a sign any more.
            is_known = neighbour.state == TWO_WAY and neighbour.link in self.links
            effects = [self._hello_to(neighbour, 0, now, 0)] if is_known else []
            self._step(neighbour, SILENCE, now)
            return effects
        self._watch(neighbour, now)
        if neighbour.state != TWO_WAY:
            return self.openings.repeat(neighbour)
        if now < neighbour.probe_at():
            return []
        return [self._hello_to(neighbour, packets.ANSWER, now)]

    def _forget_keys(self, neighbour):
        if neighbour.old is not None:
            del self.sessions[neighbour.old.id]
            neighbour.old = None

    def _step(self, neighbour, event, now):
        before, after = neighbour.handle(event, now)
        if after == GONE:
            self._forget(neighbour)
        if before != after and TWO_WAY in (before, after):
            self.changed.append((neighbour, before, after))
            if neighbour.link in self.links:
                self.links[neighbour.link].changed = now
        self._watch(neighbour, now)

    def _forget(self, neighbour):
        if neighbour.session is None:
            self.openings.forget(neighbour)
            return
        self._forget_keys(neighbour)
        del self.sessions[neighbour.session.id]
        del self.table[neighbour.link, neighbour.address]

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
                "name": self.mesh.nickname(n.id) if n.id else "",
                "how": "unicast" if n.via_all_at is None else "multicast",
                "state": n.state,
                "reason": n.reason,
                "since_ms": now - n.changed,
                "heard_ms": now - n.alive_at,
                "cost": n.cost,
                "callsign": of_utf8(n.callsign),
            }
            for n in list(self.table.values()) + list(self.openings.half.values())
        ]


def _is_near(neighbour):
    return is_near(pack(neighbour.address[0]))


def _is_on(neighbour, link):
    return neighbour.link == link.number


def _quality(neighbour, now):
    at = neighbour.via_all_at
    fresh = at is not None and now - at < 4 * neighbour.interval
    return packets.HEARS_MULTICAST if fresh else 0
