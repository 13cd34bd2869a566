"""Whether other nodes answer at the addresses of their records, by handshakes that end at step 2.

An address may be anybody's, behind NAT or a firewall, so sound goes from node to node by IP only
where that was seen, between ports that are opened for sound. The link id of who asks is zeros;
message 2 shows whose key answers, and in which address it sees who asks (PROTOCOL.md).
"""

from ..effects import SendMesh
from ..errors import MeshError
from ..hkdf import hmac
from ..limits import MAX_PROBED
from . import noise, packets
from .address import pack
from .identity import KEY_BYTES, short_id
from .openings import COOKIE_LIFE, STEP_BURST, STEP_RATE
from .rate import spend

# The number of the shell's link for probes.
LINK = 2
ASKING = bytes(packets.ID_BYTES)
# A question is repeated so often, and what was found is believed for ten minutes; each call asks
# again for the next one, but not at once.
INTERVAL, TRIES = (250, 3)
BELIEVED, AGAIN_AFTER = (600000, 10000)
# With an address of IPv6 in it message 2 is longer than that of a link.
STEP_1_BYTES = packets.STEP_1_BYTES + 16


class Asked:
    """A node that is asked. seen: {host: the own address as seen there, octets, or None}.

    answers: whether sound may go there, None while that is not known.
    """

    __slots__ = ("answers", "at", "halves", "seen", "tries")

    def __init__(self):
        self.answers = None
        self.begin({}, None)

    def begin(self, seen, now):
        """Ask once more; what was found before stands until then."""
        self.at, self.seen, self.tries, self.halves = now, seen, 0, {}


class Probes:
    """All that are asked, and the answers to others. A thing to wake."""

    def __init__(self, mesh, port):
        """port: of the probes, here and, for want of a better guess, at all others."""
        self.mesh = mesh
        self.port = port
        self.own = b"\xff" + mesh.random(packets.ID_BYTES - 1)
        self.secret = mesh.random(KEY_BYTES)
        self.mark = 0
        self.asked = {}
        self.deadline = self.queued = None

    def answers(self, node, now):
        """Tell whether a node answers, None where that is not known; it is asked for next time."""
        asked = self.asked.get(node)
        if asked is None:
            while len(self.asked) >= MAX_PROBED:
                del self.asked[min(self.asked, key=lambda one: self.asked[one].at)]
            asked = self.asked[node] = Asked()
        is_fresh = asked.at is not None and now - asked.at < BELIEVED
        answers = asked.answers if is_fresh else None
        if asked.at is None or now - asked.at >= AGAIN_AFTER:
            asked.begin(dict.fromkeys(self._hosts(node)), now)
            self.deadline = now
            self.mesh.deadlines.watch(self)
        return answers

    def _hosts(self, node):
        known = self.mesh.directory.node(short_id(node))
        return [] if known is None else [one.host for one in known.value.endpoints]

    def _own_hosts(self):
        return [pack(one.host) for one in self.mesh.own.endpoints]

    def wake(self, now):
        """Ask, ask again, or stop waiting; return the effects."""
        self.deadline, effects = None, []
        for asked in self.asked.values():
            silent = [host for host in asked.seen if asked.seen[host] is None]
            is_own = [host for host in silent if pack(host) in self._own_hosts()]
            if not silent:
                continue
            if is_own or asked.tries >= TRIES:
                asked.answers, asked.seen = False, {}
                continue
            asked.tries += 1
            self.deadline = now + INTERVAL
            for host in silent:
                greeting = packets.write_greeting(ASKING, self._mark(host, ASKING, now), b"")
                effects.append(SendMesh(LINK, (host, self.port), greeting, False))
        self.mesh.deadlines.watch(self)
        return effects

    def _mark(self, host, what, at):
        text = "%s %d" % (host, at // COOKIE_LIFE)
        return hmac(self.secret, text.encode() + what)[: packets.COOKIE_BYTES]

    def _is_fresh(self, octets, host, what, now):
        return octets in [self._mark(host, what, at) for at in (now, now - COOKIE_LIFE)]

    def receive(self, kind, body, source, now):
        """Take a datagram of the link for probes; return the effects; raises MeshError."""
        if kind == packets.HELLO:
            mark = packets.read_greeting(body).mark
            cookie = self._mark(source[0], self.own, now)
            data = packets.write_cookie(self.own, ASKING, cookie, mark)
            return [SendMesh(LINK, source, data, False)]
        if kind == packets.COOKIE:
            return self._step_1(packets.read_cookie(body), now)
        if kind != packets.OPEN:
            return []
        opening = packets.read_open(body)
        if opening.step == 1 and opening.receiver == self.own:
            return self._step_2(opening, len(body) + packets.HEADER_BYTES, source, now)
        if opening.step == 2 and opening.receiver == ASKING:
            return self._answered(opening)
        return []

    def _handshake(self, far, is_initiator):
        secret, public = self.mesh.static
        prologue = b"bellhop link 1" + ASKING + far
        return noise.Handshake(self.mesh.crypto, noise.XX, prologue, is_initiator, secret, public)

    def _step_1(self, cookie, now):
        """Go on where the mark shows who was asked: the answer may come from another address."""
        far, own, octets, mark = cookie
        effects = []
        for asked in self.asked.values() if own == ASKING else ():
            for host in asked.seen:
                if asked.seen[host] is None and self._is_fresh(mark, host, ASKING, now):
                    effects.append(self._open(asked, host, far, octets))
        return effects

    def _open(self, asked, host, far, cookie):
        handshake = self._handshake(far, True)
        message = handshake.write(b"", self.mesh.random(KEY_BYTES))
        session = self.mesh.random(packets.SESSION_BYTES)
        asked.halves[session] = host, handshake
        data = packets.write_open(packets.Open(1, ASKING, far, cookie, session, message))
        return SendMesh(LINK, (host, self.port), data + bytes(STEP_1_BYTES - len(data)), False)

    def _step_2(self, opening, size, source, now):
        """Answer somebody who has shown that it reads what comes to its address; keep nothing."""
        mark = spend(self.mark, now, STEP_RATE, STEP_BURST)
        is_shown = self._is_fresh(opening.cookie, source[0], self.own, now)
        if mark is None or size < STEP_1_BYTES or not is_shown:
            return []
        self.mark = mark
        handshake = self._handshake(self.own, False)
        handshake.read(opening.message[:KEY_BYTES])
        payload = self.mesh.id + pack(source[0].partition("%")[0])
        message = handshake.write(payload, self.mesh.random(KEY_BYTES))
        answer = packets.Open(2, self.own, ASKING, packets.NO_COOKIE, opening.session, message)
        return [SendMesh(LINK, source, packets.write_open(answer), False)]

    def _answered(self, opening):
        for node in self.asked:
            asked = self.asked[node]
            if opening.session not in asked.halves:
                continue
            host, handshake = asked.halves.pop(opening.session)
            payload = handshake.read(opening.message)
            if payload[:KEY_BYTES] != node:
                raise MeshError("somebody else is there")
            if noise.form(self.mesh.crypto, node) != handshake.remote:
                raise MeshError("the key of another")
            if host in asked.seen:
                asked.seen[host] = payload[KEY_BYTES:]
            if asked.seen and None not in asked.seen.values():
                own = self._own_hosts()
                asked.answers = not [one for one in asked.seen.values() if one not in own]
        return []
