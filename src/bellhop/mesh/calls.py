"""What two end nodes say to each other over circuits: in order, once, and on when a way is lost.

A call is a row of messages, of which this module knows nothing but that they are octets.
"""

from collections import namedtuple

from ..effects import SoundMeet
from ..errors import MeshError
from ..limits import MAX_HALF_MESSAGES, MAX_OWN_CALLS
from . import cells, noise, record
from .effects import Ended, Said
from .identity import KEY_BYTES, short_id
from .session import Window

# The caller's node waits so long for an answer before it takes another way; so many in all.
ANSWER_WAIT, WAYS, ATTEMPTS = (2000, 3, 5)
# After so many refusals each further attempt waits, twice as long each time: a neighbour that has
# just started does not know its own neighbours yet, and refuses at once.
REFUSED_WAIT = 1000
# A call for help takes all ways at once, and all of them again so much later, with what the other
# node's record says by then. The first answer counts; until then the called node keeps so many.
HELP_WAYS, HELP_WAIT, MAX_OFFERS = (4, 1000, 8)
# The called one waits so long for another way; a first message has so long to become whole.
RESUME_WAIT, HALF_LIFE = (12000, 5000)
# A call may be there so long before the record that tells of its node's last start.
RECORD_WAIT = 2000
# A piece that is not acknowledged is said again after these times; after the last the call is over.
REPEATS = (1000, 2000, 4000, 8000, 16000)
# The called one's answer waits so long for what it may bring along: phones ring soon.
ANSWER_AFTER = 200
# An acknowledgement waits for something to say, but not until all is said again, and not long where
# more is to come; silence is filled, and ends a call.
ACK_WAIT, ACK_SOON, FILL_AFTER, DEAD_AFTER = (500, 100, 30000, 90000)
# What need not be acknowledged for its own sake is said again only where no silence was filled.
PATIENT = 2 * FILL_AFTER
# Pieces that are said at once, and kept before their turn.
MAX_EARLY = 16
# Streams of sound of a call: RTP and RTCP of two m-lines.
STREAMS = 4
# Octets of one message in pieces.
MAX_SAID = 65536
# Why a call has come to nothing, for who made it.
UNANSWERED = "nobody answers on any way"
ANEW = "the other node has started anew"
CROWDED = "a node on the way has too many calls to do: try again in a minute"

OPENING, OPEN, LOST, CLOSED = STATES = ("opening", "open", "lost", "closed")
ANSWER, PIECE, LOSS, CLOSE = EVENTS = ("answer", "piece", "loss", "close")

TABLE = {
    (OPENING, ANSWER): OPEN,
    (OPENING, LOSS): OPENING,
    (OPENING, CLOSE): CLOSED,
    (OPEN, ANSWER): OPEN,
    (OPEN, PIECE): OPEN,
    (OPEN, LOSS): LOST,
    (OPEN, CLOSE): CLOSED,
    (LOST, ANSWER): OPEN,
    (LOST, PIECE): OPEN,
    (LOST, LOSS): LOST,
    (LOST, CLOSE): CLOSED,
}
IGNORED = {
    (OPENING, PIECE): "there are no keys yet",
    (CLOSED, ANSWER): "over",
    (CLOSED, PIECE): "over",
    (CLOSED, LOSS): "over",
    (CLOSED, CLOSE): "over",
}

# Who a caller is in one call alone. id: Ed25519 public key; secret, public: X25519.
Guise = namedtuple("Guise", ("id", "secret", "public"))
# How a call goes. level: of privacy, below which it never falls; guise: a Guise, or None.
Discreet = namedtuple("Discreet", ("level", "guise"))
SHORTEST = Discreet(0, None)


class Out:
    """One piece that is not acknowledged yet."""

    __slots__ = ("at", "flags", "octets", "tries")

    def __init__(self, octets, flags):
        self.octets = octets
        self.flags = flags
        self.at = None
        self.tries = 0


class Call:
    """One side of a call. id: 8 octets; node: the other's id. A thing to wake.

    guise: Guise of a caller who hides, or None; level: of privacy, of the caller; is_plain:
    everybody on the way may read it; has_sound: it carries sound; ports, peers: of its SoundOpen;
    is_sounding: that was answered.
    refusal: why the last way ended, of cells.REASONS; epoch: what the other node's record said of
    its starts when the call began.
    box: boxes.Box by which it came, or None.
    asked: {Circuit: handshake} of the first messages without an answer; offers: {Circuit: (session,
    keys)} of further first messages of a call for help, of which the caller takes one.
    first: what is said along with the handshake; rests: nothing is to be said any more, as far as
    the user of this end knows.
    """

    __slots__ = (
        "acked_at", "asked", "attempts", "before", "box", "circuit", "counter", "deadline", "early",
        "epoch", "first", "got", "guise", "has_sound", "heard_at", "id", "is_caller", "is_help",
        "is_plain",
        "is_sounding", "keys", "level", "node", "number", "offers", "out", "parts", "peers",
        "ports", "queued", "refusal", "rests", "said_at", "session", "state", "until", "way",
        "window",
    )  # fmt: skip

    def __init__(self, node, call_id, is_caller, epoch, now):
        self.id = call_id
        self.node = node
        self.epoch = epoch
        self.is_caller = is_caller
        self.state = OPENING
        self.is_help = self.is_plain = self.rests = False
        self.level, self.guise, self.box = 0, None, None
        self.circuit = self.keys = None
        self.asked, self.offers = {}, {}
        self.session = self.first = b""
        self.attempts = self.way = self.refusal = 0
        self.until = self.acked_at = None
        self.heard_at = self.said_at = now
        self.counter = 0
        self.window = Window()
        self.out = {}
        self.number = self.got = 0
        self.early = {}
        self.before = []
        self.parts = []
        self.has_sound = self.is_sounding = False
        self.ports = self.peers = (0,) * STREAMS
        self.deadline = self.queued = None

    def handle(self, event):
        """Take one event; return True where it counts."""
        state = TABLE.get((self.state, event))
        if state is None:
            return False
        self.state = state
        return True

    def waits_for_sound(self):
        """Tell whether the SoundOpen of this call is to come, or is not answered by the shell."""
        circuit = self.circuit
        if circuit is None or self.is_sounding:
            return False
        return circuit.sound is not None or circuit.mute is not None

    def arm(self):
        """Set the next time at which this call needs attention."""
        times = [self.until]
        if self.state == OPEN:
            filled_at = None if self.rests else self.said_at + FILL_AFTER
            times += [self.acked_at, filled_at, self.heard_at + DEAD_AFTER]
            times += [_next(out) for out in self.out.values() if out.at is not None]
        times = [at for at in times if at is not None]
        self.deadline = min(times) if times and self.state != CLOSED else None

    def take(self, piece):
        """Take a Piece; return the whole messages that it completes."""
        for number in [number for number in self.out if number <= piece.got]:
            del self.out[number]
        if not piece.number:
            return []
        if 0 < piece.number - self.got <= MAX_EARLY:
            self.early[piece.number] = piece
        whole = []
        while self.got + 1 in self.early:
            self.got += 1
            one = self.early.pop(self.got)
            self.parts.append(one.octets)
            if len(self.parts) * cells.PIECE_BYTES > MAX_SAID:
                raise MeshError("a message is too long")
            if not one.flags & cells.MORE:
                whole.append(b"".join(self.parts))
                self.parts = []
        return whole


class Half:
    """The first message of a call, which comes in several cells. What a Circuit's user has.

    box: boxes.Box that it comes by, or None; before: the cell in which it begins.
    """

    def __init__(self, calls, opened, payload, now, box=None):
        self.calls = calls
        self.opened = opened
        self.kind, self.number, self.size = payload
        self.box = box
        self.before = 0 if box is None else 1
        self.bodies = {}
        self.at = now

    def heard(self, circuit, body, now):
        """Take one more cell; they may come in any order."""
        if len(self.bodies) < MAX_EARLY:
            self.bodies[circuit.step - self.before] = body
        return self.calls.whole(self, circuit, now)

    def lost(self, circuit, reason, record, now):
        """The circuit is gone before the message was whole."""
        self.calls.half.remove(self)
        return []

    def candidates(self):
        """Yield what the message may be: only its seal tells at which octet it was cut."""
        rest = b"".join(self._rest())
        for _, cut in cells.CUTS:
            first = self.opened.body[cells.PAYLOAD_HEAD : cut]
            octets = first[: self.size] + rest
            if len(octets) >= self.size:
                yield octets[: self.size]

    def _rest(self):
        """Return the bodies that have come up to the first that has not."""
        found = []
        while len(found) + 1 in self.bodies:
            found.append(self.bodies[len(found) + 1])
        return found

    def is_over(self):
        """Tell whether nothing that may still come makes it whole."""
        least = cells.CUTS[-1][1] - cells.PAYLOAD_HEAD
        return least + len(self._rest()) * cells.BODY_BYTES >= self.size


class Calls:
    """All calls that begin or end here, by (node's id, call's id)."""

    def __init__(self, mesh, circuits):
        self.mesh = mesh
        self.circuits = circuits
        self.table = {}
        self.half = []

    # The caller's side.

    def dial(self, node, octets, peers, is_help, discreet, now):
        """Call a node with a first message; return (Call, effects), Call None for want of room.

        peers: the ports that speak where the call carries sound, else None; is_help: a call for
        help, which goes over all ways at once; discreet: a Discreet.
        """
        if len(self.table) >= MAX_OWN_CALLS:
            self.mesh.counters["full"] += 1
            return None, []
        call = Call(node, self.mesh.random(cells.CALL_BYTES), True, self.mesh.epoch(node), now)
        goes_along = len(octets) <= cells.MAX_FIRST
        call.first, call.is_help = octets if goes_along else b"", is_help
        call.level, call.guise = discreet
        call.is_plain = not call.level and self.mesh.is_plain(node)
        if peers is not None:
            call.has_sound, call.peers = True, peers
        self.table[node, call.id] = call
        effects = self._try(call, now)
        return call, effects if goes_along else effects + self.say(call, octets, False, now)

    def ways(self, node, most, has_sound=False, is_plain=False, level=0):
        """Return up to so many ways to a node, best first, each a list of cells.Hops.

        has_sound: those on which all carry sound count alone, where there are any, or a level of
        privacy is asked for; is_plain: such over amateur radio too; level: as for Mesh.paths_to.
        """
        found = self._hops(node, most, is_plain, level)
        if not found and not self.mesh.knows(node):
            found = self._to_box(node, level)[:most]
        if has_sound:
            heard = [hops for hops in found if not self.silent(hops)]
            found = heard if heard or level else found
        return found

    def _hops(self, node, most, is_plain, level):
        found = []
        for path in self.mesh.paths_to(node, most, is_plain, level):
            hops = [self._hop(hop) for hop in path[: cells.MAX_HOPS + 1]]
            if None not in hops and len(hops) <= cells.MAX_HOPS:
                found.append(hops)
        return found

    def _to_box(self, key, level):
        """Return the ways to a box by its key: to each of its meeting nodes one."""
        found = []
        for box in self.mesh.boxes.find(key):
            beyond = cells.Hop(key, box.prekey[0], box.prekey[1:], None)
            for node, cookie in box.meetings:
                for hops in self._hops(node, 1, False, level):
                    last = hops[-1]
                    hops[-1] = cells.Meeting(
                        last.node, last.id, last.prekey, last.secret, cells.SPLICE, cookie, beyond
                    )
                    found.append(hops)
        return found

    def silent(self, hops):
        """Return the ids of those on a way who do not carry sound, or not from here."""
        peer = self.mesh.exchange.peers.get(short_id(hops[0].node))
        found = []
        if peer is not None and not [one for one in peer.ways() if one.sound_port != 0]:
            found.append(hops[0].node)
        for hop in hops:
            known = self.mesh.directory.node(short_id(hop.node))
            if not known.value.flags & record.RELAYS_SOUND and hop.node not in found:
                found.append(hop.node)
        return found

    def hops(self, node):
        """Return the cells.Hops of the best way to a node, a private one if there is, or None."""
        ways = self.ways(node, 1) or self.ways(node, 1, False, True)
        return ways[0] if ways else None

    def _hop(self, node):
        known = self.mesh.directory.node(short_id(node))
        prekey = b"" if known is None or known.node != node else known.value.prekey
        if not prekey:
            return None
        return cells.Hop(node, prekey[0], prekey[1:], self.mesh.random(KEY_BYTES))

    def _try(self, call, now):
        """Take the next way to the called node, for a first message or to go on."""
        call.attempts += 1
        if call.attempts > ATTEMPTS:
            return self._close(call, CROWDED if call.refusal == cells.FULL else UNANSWERED, now)
        call.refusal = 0
        if call.is_help and call.keys is None:
            return self._try_all(call, now)
        call.until = now + ANSWER_WAIT
        effects = self._let_go(call, None, now)
        ways = self.ways(call.node, WAYS, call.has_sound, call.is_plain, call.level)
        if ways:
            hops = ways[call.way % len(ways)]
            call.circuit, more = self._set_up(call, hops, call.is_plain, now)
            effects += self._sound(call) + more
        call.way += 1
        self._watch(call)
        return effects

    def _try_all(self, call, now):
        """Call for help over every way; those that were asked before may still answer."""
        call.until = now + HELP_WAIT * call.attempts
        effects = []
        ways = [(hops, False) for hops in self.ways(call.node, HELP_WAYS)]
        if len(ways) < HELP_WAYS:
            ways += [(hops, True) for hops in self.ways(call.node, HELP_WAYS, False, True)]
        for hops, is_plain in ways[:HELP_WAYS]:
            effects += self._set_up(call, hops, is_plain, now)[1]
        self._watch(call)
        return effects

    def _let_go(self, call, kept, now):
        """Drop all circuits of a call but one; return the effects."""
        circuits = list(call.asked) + list(call.offers)
        if call.circuit is not None and call.circuit not in circuits:
            circuits.append(call.circuit)
        call.asked, call.offers = {}, {}
        if call.circuit is not kept:
            call.circuit = None
        effects = []
        for circuit in circuits:
            if circuit is not kept:
                effects += self.circuits.drop(circuit, now)
        return effects

    def _set_up(self, call, hops, is_plain, now):
        """Make one way of a call; return (Circuit, effects)."""
        crypto = self.mesh.plain if is_plain else self.mesh.crypto
        end, room = hops[-1], cells.room(len(hops))
        is_box = isinstance(end, cells.Meeting)
        end = end.beyond if is_box else end
        handshake = None
        if call.keys is None:
            kind, (handshake, message) = cells.SIP, self._message_1(call, end, crypto)
        else:
            fresh, kind = self.mesh.crypto.base(hops[-1].secret), cells.RESUME
            last = call.window.highest
            message = cells.write_resume(call.keys[2], fresh, call.session, max(last, 0))
            message = fresh + message if is_box else message  # It does not see that block.
        payload = cells.write_payload(kind, end.id, message)
        flags = (cells.SOUND if call.has_sound else 0) | (cells.PLAIN if is_plain else 0)
        side = _Side(self, call)
        circuit, effects = self.circuits.open(hops, flags, payload[:room], side, now)
        if handshake is not None:
            call.asked[circuit] = handshake
        for at in range(room, len(payload), cells.BODY_BYTES):
            body = payload[at : at + cells.BODY_BYTES]
            body += self.mesh.random(cells.BODY_BYTES - len(body))
            effects += self.circuits.say(circuit, body, now)
        return circuit, effects

    def _message_1(self, call, end, crypto):
        """Return (handshake, its first message)."""
        identity, secret, public = call.guise or (self.mesh.id,) + self.mesh.static
        prologue = cells.prologue(crypto, call.node, end.id, cells.SIP)
        handshake = noise.Handshake(crypto, noise.IK, prologue, True, secret, public, end.prekey)
        flags = cells.HELP if call.is_help else 0
        flags |= 0 if call.guise is None else cells.ANONYMOUS
        flags |= cells.SOUNDS if call.has_sound else 0
        inside = identity + call.id + bytes((flags,)) + call.first
        return handshake, handshake.write(inside, self.mesh.random(KEY_BYTES))

    # The called side.

    def came(self, circuit, opened, now):
        """A circuit ends here: take the first cell of what it brings; return the effects."""
        try:
            payload = cells.read_payload(opened.body)
        except MeshError:
            self.mesh.counters["malformed"] += 1
            return self.circuits.refuse(circuit, cells.NO_SESSION, now)
        return self._begin(Half(self, opened, payload, now), circuit, now)

    def came_by(self, box, circuit, opened, payload, early, now):
        """Take the first cell of a caller to a box; early: those that came before it, by step."""
        half = Half(self, opened, payload, now, box)
        half.bodies = {step - half.before: early[step] for step in early}
        return self._begin(half, circuit, now)

    def _begin(self, half, circuit, now):
        if len(self.half) >= MAX_HALF_MESSAGES:
            self.half = [half for half in self.half if now - half.at < HALF_LIFE]
        if len(self.half) >= MAX_HALF_MESSAGES:
            return self.circuits.refuse(circuit, cells.FULL, now)
        self.half.append(half)
        circuit.user = half
        return self.whole(half, circuit, now)

    def whole(self, half, circuit, now):
        """Go on where a first message is whole; return the effects."""
        prekeys = self.circuits.prekeys if half.box is None else half.box.prekeys
        found = prekeys.hop(half.number)
        if found is None:
            self.half.remove(half)
            return self.circuits.refuse(circuit, cells.NO_PREKEY, now)
        for message in half.candidates():
            try:
                effects = self._take_first(half, found, message, circuit, now)
            except MeshError:
                continue
            self.half.remove(half)
            return effects
        if half.is_over():
            self.half.remove(half)
            self.mesh.counters["malformed"] += 1
            return self.circuits.refuse(circuit, cells.NO_SESSION, now)
        return []

    def _take_first(self, half, found, message, circuit, now):
        hop, prekey = found
        if half.kind == cells.RESUME:
            return self._resumed(half, prekey, message, circuit, now)
        prologue = cells.prologue(circuit.crypto, hop.node, hop.id, half.kind)
        handshake = noise.Handshake(
            circuit.crypto, noise.IK, prologue, False, hop.secret, hop.prekey
        )
        inside = handshake.read(message)
        if len(inside) <= KEY_BYTES + cells.CALL_BYTES:
            raise MeshError("a first message is cut short")
        node, octets = inside[:KEY_BYTES], inside[KEY_BYTES + cells.CALL_BYTES + 1 :]
        if noise.form(self.mesh.crypto, node) != handshake.remote or node == self.mesh.id:
            raise MeshError("the key of another")
        if self.mesh.ending(node) is not None:
            raise MeshError("a key that is over")
        call_id = inside[KEY_BYTES : KEY_BYTES + cells.CALL_BYTES]
        flags = inside[KEY_BYTES + cells.CALL_BYTES]
        is_help = bool(flags & cells.HELP)
        call = self.table.get((node, call_id))
        if call is not None and (call.is_caller or call.box is not half.box):
            raise MeshError("its own call")
        if half.box is not None and not self._may_come(half, prekey, handshake, node, call, now):
            return self.circuits.refuse(circuit, cells.FULL, now)
        is_one_more = call is not None and is_help and call.circuit is not None
        is_full = len(self.table) >= MAX_OWN_CALLS if call is None else False
        if is_full or (is_one_more and len(call.offers) >= MAX_OFFERS):
            return self.circuits.refuse(circuit, cells.FULL, now)
        said = []
        if call is None:
            call = Call(node, call_id, False, self.mesh.epoch(node), now)
            self.table[node, call_id], call.box = call, half.box
            said = [Said(call, octets)] if octets else []
        call.has_sound, call.is_help = bool(half.opened.flags & cells.SOUND), is_help
        if half.box is not None and not flags & cells.SOUNDS:
            call.has_sound = False
        circuit.user = _Side(self, call)
        if not said or is_help:
            return self._answer(call, circuit, handshake, is_one_more, now) + said
        call.circuit, call.asked = circuit, {circuit: handshake}
        call.is_plain = circuit.is_plain()  # What was said already hangs on it.
        call.until = now + ANSWER_AFTER
        self._watch(call)
        return self._sound(call) + said

    def _answer(self, call, circuit, handshake, is_one_more, now):
        """Say message 2, and with it what the call has to say first; return the effects."""
        message = handshake.write(call.first, self.mesh.random(KEY_BYTES))
        session = handshake.h[: cells.SESSION_BYTES]
        to_called, to_caller, third = handshake.split()
        keys = to_caller, to_called, third
        if is_one_more:
            call.offers[circuit], effects = (session, keys), []
        else:
            call.session = session
            effects = self._answered(call, keys, circuit, now)
        return self.circuits.say(circuit, cells.write_answer(message), now) + effects

    def _answer_asked(self, call, now):
        """Answer the first message that waits for it; return the effects."""
        circuit, handshake = call.asked.popitem()
        return self._answer(call, circuit, handshake, False, now)

    @staticmethod
    def _may_come(half, prekey, handshake, node, call, now):
        """Tell whether who calls a box is taken: it counts once, whoever repeats it."""
        is_new = prekey.is_new(handshake.h[: cells.SEEN_BYTES])
        return is_new and (call is not None or half.box.takes(node, now))

    def _answered(self, call, keys, circuit, now):
        """Both have keys; return the effects that say what has waited."""
        effects = self._let_go(call, circuit, now)
        call.keys = keys
        call.epoch = self.mesh.epoch(call.node)
        call.counter, call.window = 0, Window()
        if circuit is not call.circuit:
            call.circuit = circuit
            circuit.user = _Side(self, call)
            effects += self._sound(call)
        call.is_plain = circuit.is_plain()
        call.handle(ANSWER)
        return effects + self._go_on(call, now)

    def _sound(self, call):
        call.is_sounding = False
        if not call.has_sound:
            return []
        return self.circuits.sound(call.circuit, call.ports, call.peers)

    def meet(self, call, peers):
        """Note which ports speak in a call; return the effects."""
        call.peers = peers
        number = None if call.circuit is None else call.circuit.sound
        return [] if number is None else [SoundMeet(number, peers)]

    def sounding(self, number, ports):
        """A SoundOpen was answered; return the Call that it was for, or None."""
        for call in self.table.values():
            if call.circuit is not None and call.circuit.sound == number:
                call.ports, call.is_sounding = tuple(ports) or call.ports, True
                return call
        return None

    def _resumed(self, half, prekey, message, circuit, now):
        fresh = half.opened.fresh
        if half.box is not None:
            fresh, message = message[:KEY_BYTES], message[KEY_BYTES:]
            if not prekey.is_new(fresh[: cells.SEEN_BYTES]):
                return self.circuits.refuse(circuit, cells.NO_SESSION, now)
        session, last, proof = cells.read_resume(message)
        for call in self.table.values():
            is_same = call.session == session and call.is_plain == circuit.is_plain()
            is_same = is_same and call.box is half.box
            if not is_same or call.is_caller or call.keys is None:
                continue
            if cells.is_proved(call.keys[2], fresh, session, last, proof):
                effects = self._let_go(call, None, now)
                call.circuit = circuit
                circuit.user = _Side(self, call)
                effects += self._sound(call)
                call.handle(PIECE)
                return effects + self._say_nothing(call, now) + self._go_on(call, now)
        return self.circuits.refuse(circuit, cells.NO_SESSION, now)

    # Both sides.

    def say(self, call, octets, may_wait, now):
        """Say a message; return the effects. may_wait: it is lost without harm."""
        call.rests = False
        if call.asked and not call.is_caller:
            if len(octets) <= cells.MAX_ANSWER:
                call.first, octets = octets, b""
            effects = self._answer_asked(call, now)
            return effects + (self.say(call, octets, may_wait, now) if octets else [])
        for out in call.out.values():
            if out.flags & cells.MAY_WAIT and out.at is not None:
                # What comes after it waits for it.
                out.flags, out.at = out.flags & cells.MORE, now
        for at in range(0, len(octets), cells.PIECE_BYTES):
            part = octets[at : at + cells.PIECE_BYTES]
            call.number += 1
            flags = cells.MORE if at + cells.PIECE_BYTES < len(octets) else 0
            call.out[call.number] = Out(part, flags | (cells.MAY_WAIT if may_wait else 0))
        return self._due(call, now)

    def rest(self, call):
        """Nothing is to be said in a call any more, as far as its user knows."""
        call.rests = True
        self._watch(call)

    def heard(self, call, circuit, body, now):
        """Take the body of a cell of the other side; return the effects; raises MeshError."""
        if circuit in call.asked:
            if not call.is_caller:
                raise MeshError("there are no keys yet")
            try:
                return self._take_answer(call, circuit, body, now)
            except MeshError:
                if len(call.before) < MAX_EARLY:
                    call.before.append((circuit, body))
                raise
        effects = []
        if circuit in call.offers:
            effects = self._choose(call, circuit, body, now)
        piece = cells.read_piece(circuit.crypto, call.keys[1], body)
        counter = int.from_bytes(body[:8], "big")
        if not call.window.is_new(counter):
            return effects
        call.window.take(counter)
        call.heard_at = now
        if not call.is_caller:
            call.first = b""  # Who has the keys has heard it.
        was_lost = call.state == LOST
        call.handle(PIECE)
        whole = call.take(piece)
        if whole:
            call.rests = False
        if piece.number and not piece.flags & cells.MAY_WAIT and call.acked_at is None:
            call.acked_at = now + (ACK_SOON if piece.flags & cells.MORE else ACK_WAIT)
        effects += self._go_on(call, now) if was_lost else self._due(call, now)
        return effects + [Said(call, octets) for octets in whole]

    def _choose(self, call, circuit, body, now):
        """The caller goes on with another way of a call for help; return the effects."""
        session, keys = call.offers[circuit]
        cells.read_piece(circuit.crypto, keys[1], body)
        call.session = session
        return self._answered(call, keys, circuit, now)

    def _take_answer(self, call, circuit, body, now):
        handshake = call.asked[circuit]
        first = handshake.read(cells.read_answer(body))
        to_called, to_caller, third = handshake.split()
        call.session = handshake.h[: cells.SESSION_BYTES]
        call.first = b""
        effects = self._answered(call, (to_called, to_caller, third), circuit, now)
        if first:
            effects.append(Said(call, first))
        before, call.before = call.before, []
        for place, early in before:
            if place is circuit and call.state == OPEN:
                effects += self._heard_early(call, circuit, early, now)
        if call.is_help:  # The called node has to know which of several ways it is.
            return effects + self._say_nothing(call, now)
        return effects + self._shorten(call, now)

    def _heard_early(self, call, circuit, body, now):
        """Take a cell that has overtaken the answer."""
        try:
            return self.heard(call, circuit, body, now)
        except MeshError:
            return []

    def _go_on(self, call, now):
        """A way is there again: say all that is not acknowledged; return the effects."""
        call.until = None
        call.attempts = 0
        call.heard_at = now
        for out in call.out.values():
            out.at, out.tries = None, 0
        return self._due(call, now)

    def _due(self, call, now):
        """Say what is due; return the effects."""
        effects = []
        if call.state == OPEN:
            for number in sorted(call.out)[:MAX_EARLY]:
                out = call.out[number]
                if out.at is None or now >= _next(out):
                    out.tries += out.at is not None
                    out.at = now
                    piece = cells.Piece(cells.SIP, out.flags, number, call.got, out.octets)
                    effects += self._piece(call, piece, now)
            if call.acked_at is not None and now >= call.acked_at:
                effects += self._say_nothing(call, now)
        self._watch(call)
        return effects

    def _say_nothing(self, call, now):
        return self._piece(call, cells.Piece(cells.NOTHING, 0, 0, call.got, b""), now)

    def _piece(self, call, piece, now):
        call.counter += 1
        call.acked_at, call.said_at = None, now
        body = cells.write_piece(call.circuit.crypto, call.keys[0], call.counter, piece)
        return self.circuits.say(call.circuit, body, now)

    def lost(self, call, circuit, reason, record, now):
        """A circuit is gone; return the effects."""
        is_asked = call.asked.pop(circuit, None) is not None
        call.offers.pop(circuit, None)
        if record:
            self.mesh.take_record(record, now)
        call.refusal = reason
        if circuit is call.circuit:
            call.circuit = None
        elif not is_asked or (call.asked and not record):
            return []  # One of several, and others may answer.
        if call.rests and call.is_caller:
            return self._close(call, None, now)
        if not call.handle(LOSS):
            return []
        if reason == cells.NO_SESSION or (not call.is_caller and self._is_forgotten(call)):
            return self._close(call, ANEW, now)
        if call.is_caller:
            if record or call.attempts < WAYS:
                return self._try(call, now)
            call.until = now + (REFUSED_WAIT << call.attempts - WAYS)
        else:
            call.until = now + RESUME_WAIT
        self._watch(call)
        return []

    def renewed(self, node, now):
        """A node has another record; return the effects.

        Where it has started anew, it knows nothing of calls of before that: who is called there
        says so when it is asked, who has called from there never will.
        """
        effects = []
        for call in list(self.table.values()):
            if node in (call.node, self.mesh.id):
                effects += self._shorten(call, now)
            if node != call.node or not self._is_forgotten(call):
                continue
            if now < call.heard_at + RECORD_WAIT:
                call.epoch = self.mesh.epoch(node)  # It may be of after that.
            elif call.state == LOST and call.is_caller:
                effects += self._try(call, now)
            elif call.state == LOST:
                effects += self._close(call, ANEW, now)
        return effects

    def _shorten(self, call, now):
        """Lead sound that goes by other nodes straight on, once the called one is met itself."""
        if not (call.state == OPEN and call.is_caller and call.has_sound and call.circuit.through):
            return []
        if call.level or call.is_plain:
            return []
        hops = self.hops(call.node)
        if hops is None or len(hops) != 1 or self.silent(hops):
            return []
        call.handle(LOSS)
        call.way = 0
        return self._try(call, now)

    def _is_forgotten(self, call):
        """Tell whether the other node has started anew since a call was answered."""
        return call.keys is not None and self.mesh.epoch(call.node) > call.epoch

    def wake(self, call, now):
        """Do what is due for a call; return the effects."""
        if call.until is not None and now >= call.until:
            if call.is_caller:
                return self._try(call, now)
            if call.asked:
                return self._answer_asked(call, now)
            return self._close(call, "its way is gone", now)
        if call.state == OPEN:
            if now >= call.heard_at + DEAD_AFTER:
                return self._close(call, "silent", now)
            tries = max([out.tries for out in call.out.values()] + [0])
            said = [out for out in call.out.values() if out.at is not None]
            late = [out for out in said if now >= _next(out)]
            if late and tries >= len(REPEATS):
                return self._close(call, "does not acknowledge", now)
            if call.is_caller and [out for out in late if out.tries == 1]:
                if call.rests:
                    return self._close(call, None, now)
                # The way has fallen silent: another one, and all of it again.
                call.handle(LOSS)
                return self._try(call, now)
            if not call.rests and now >= call.said_at + FILL_AFTER:
                effects = self._say_nothing(call, now)
                self._watch(call)
                return effects
        return self._due(call, now)

    def close(self, call, now):
        """End a call, of which the other side knows by what was said; return the effects."""
        return self._close(call, None, now)

    def _close(self, call, reason, now):
        if not call.handle(CLOSE):
            return []
        effects = self._let_go(call, None, now)
        self.table.pop((call.node, call.id), None)
        call.keys = None
        call.out = {}
        self._watch(call)
        return effects + ([] if reason is None else [Ended(call, reason)])

    def _watch(self, call):
        call.arm()
        self.mesh.deadlines.watch(call)


class _Side:
    """What a Circuit tells its Call."""

    __slots__ = ("call", "calls")

    def __init__(self, calls, call):
        self.calls = calls
        self.call = call

    def heard(self, circuit, body, now):
        return self.calls.heard(self.call, circuit, body, now)

    def lost(self, circuit, reason, record, now):
        return self.calls.lost(self.call, circuit, reason, record, now)


def _next(out):
    """Return when a piece is to be said again."""
    if out.at is None:
        return 0
    wait = REPEATS[min(out.tries, len(REPEATS) - 1)]
    return out.at + (max(wait, PATIENT) if out.flags & cells.MAY_WAIT else wait)
