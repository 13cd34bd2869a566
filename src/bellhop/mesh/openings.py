"""Handshakes with those who are no neighbours yet, or once more with those who are: bounded.

Who has not shown that it reads what is sent to it costs no memory and no curve, and gets no more
octets than it sent. The end of a link with the lower id opens: its hello has a mark, the cookie of
the other end repeats it, the first step repeats the cookie.
"""

from ..effects import SendMesh
from ..errors import MeshError
from ..hkdf import hmac
from ..limits import MAX_HALF_LINKS, MAX_HALF_LINKS_OF_SITE
from . import noise, packets
from .address import is_near, pack, site
from .hello import HEARD, MUTUAL, STEP_TRIES, Neighbour
from .identity import KEY_BYTES, short_id
from .rate import spend
from .session import Session

# Handshakes that strangers may cause, of near addresses and of all others: 20 a second, 64 at once.
STEP_RATE, STEP_BURST = (50, 64)
# A cookie is good for the minute in which it was made and the one after it.
COOKIE_LIFE = 60000


def site_of(source):
    """Return the net group of an address (host, port)."""
    return site(pack(source[0]))


class Openings:
    """The handshakes under way. `half`: {(link, source, its link's id): Neighbour}.

    links: {number: Link}; sessions: {id: Neighbour}, of those that are complete as well.
    """

    def __init__(self, mesh, links, sessions):
        self.mesh = mesh
        self.links = links
        self.sessions = sessions
        self.half = {}
        self.secret = mesh.random(32)
        self.marks = [0, 0]

    def greeting(self, link, source, now):
        """Return the SendMesh that asks an address for a handshake."""
        mark, own = self._secret_for(link, source, b"", now), self.links[link]
        return SendMesh(link, source, packets.write_greeting(own.id, mark, own.callsign), False)

    def greeted(self, greeting, link, source, now):
        """Answer somebody who wants to be a neighbour: with a cookie, or with a wish for one."""
        own, far = self.links[link].id, greeting.id
        if own < far or not greeting.mark:
            return [self.greeting(link, source, now)]
        return [self._cookie(link, source, far, greeting.mark, now)]

    def _cookie(self, link, source, far, mark, now):
        cookie = self._secret_for(link, source, far, now)
        data = packets.write_cookie(self.links[link].id, far, cookie, mark)
        return SendMesh(link, source, data, False)

    def _secret_for(self, link, source, far, at):
        """Return the octets that show that an address has read what it was sent."""
        text = "%d %s %d %d" % (link, source[0], source[1], at // COOKIE_LIFE)
        return hmac(self.secret, text.encode() + self.links[link].id + far)[: packets.COOKIE_BYTES]

    def _is_fresh(self, octets, link, source, far, now):
        """Tell whether an address was sent these octets in this minute or the one before."""
        times = now, now - COOKIE_LIFE
        return octets in [self._secret_for(link, source, far, at) for at in times]

    def cookie(self, body, link, source, now):
        """Take a COOKIE: with it the first step is answered; return the effects."""
        far, own, cookie, mark = packets.read_cookie(body)
        is_asked = own == self.links[link].id and self._is_fresh(mark, link, source, b"", now)
        if not is_asked or own >= far:
            return []
        half = self.half.get((link, source, far))
        if half is None:
            return self._begin(link, source, far, cookie, now)
        half.step = packets.with_cookie(half.step, cookie)
        return self.repeat(half)

    def _begin(self, link, source, far, cookie, now):
        if not self._has_room(source, now):
            return []
        half = self._half(link, source, far, True, now)
        message = half.handshake.write(b"", self.mesh.random(32))
        half.step = self._open(half, 1, cookie, message)
        return self._keep(half, now)

    def _has_room(self, source, now):
        group = site_of(source)
        same = [one for one in self.half.values() if site_of(one.address) == group]
        if len(self.half) >= MAX_HALF_LINKS or len(same) >= MAX_HALF_LINKS_OF_SITE:
            self.mesh.counters["full"] += 1
            return False
        return self._may_work(source, now)

    def _may_work(self, source, now):
        """Spend the budget of curves; False where it is exhausted."""
        index = is_near(pack(source[0]))
        mark = spend(self.marks[index], now, STEP_RATE, STEP_BURST)
        if mark is None:
            self.mesh.counters["over_budget"] += 1
            return False
        self.marks[index] = mark
        return True

    def _half(self, link, source, far, is_opener, now):
        own, crypto = self.links[link].id, self.mesh.crypto_of(self.links[link])
        prologue = noise.words(crypto) + b"link 1" + (own + far if is_opener else far + own)
        secret, public = self.mesh.static
        handshake = noise.Handshake(crypto, noise.XX, prologue, is_opener, secret, public)
        session = self.mesh.random(packets.SESSION_BYTES)
        while session in self.sessions:
            session = self.mesh.random(packets.SESSION_BYTES)
        return Neighbour(link, source, far, handshake, session, now)

    def _keep(self, half, now):
        self.half[half.link, half.address, half.far] = half
        self.sessions[half.own_session] = half
        half.arm(now)
        self.mesh.deadlines.watch(half)
        return self.repeat(half)

    def _open(self, half, step, cookie, message):
        own, session = self.links[half.link].id, half.own_session
        return packets.write_open(packets.Open(step, own, half.far, cookie, session, message))

    def repeat(self, half):
        """Return the effects that say the last step again, so many times."""
        if half.tries >= STEP_TRIES:
            return []
        half.tries += 1
        return [SendMesh(half.link, half.address, half.step, False)]

    def forget(self, half):
        """A handshake is over, be it complete or not."""
        half.deadline = None
        del self.half[half.link, half.address, half.far]
        del self.sessions[half.own_session]

    def first(self, opening, link, source, now):
        """Take the first step of somebody; return the effects."""
        own, far = self.links[link].id, opening.sender
        if far >= own:
            return []
        if not self._is_fresh(opening.cookie, link, source, far, now):
            return [self.greeting(link, source, now)]
        message = opening.message[:KEY_BYTES]
        half = self.half.get((link, source, far))
        if half is not None and half.handshake.remote_fresh == message:
            return self.repeat(half)
        if half is not None:
            self.forget(half)
        if not self._has_room(source, now):
            return []
        half = self._half(link, source, far, False, now)
        half.handshake.read(message)
        half.other_session = opening.session
        message = half.handshake.write(self.mesh.id, self.mesh.random(32))
        half.step = self._open(half, 2, packets.NO_COOKIE, message)
        return self._keep(half, now)

    def proof(self, opening, link, source, now):
        """Take the second or third step; return the Neighbour whose key is proved, or None."""
        half = self.half.get((link, source, opening.sender))
        state = HEARD if opening.step == 2 else MUTUAL
        if half is None or half.state != state or not self._may_work(source, now):
            return None
        handshake = half.handshake
        identity = handshake.read(opening.message)
        if noise.form(self.mesh.crypto, identity) != handshake.remote:
            raise MeshError("the key of another")
        if opening.step == 2:
            half.other_session = opening.session
            message = handshake.write(self.mesh.id, None)
            half.step = self._open(half, 3, packets.NO_COOKIE, message)
        to_responder, to_initiator, third = handshake.split()
        keys = to_initiator, to_responder, third
        if handshake.is_initiator:
            keys = to_responder, to_initiator, third
        half.session = Session(handshake.crypto, half.own_session, half.other_session, keys)
        half.key, half.id = identity, short_id(identity)
        self.forget(half)
        return half
