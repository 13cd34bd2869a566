"""Cells: what goes from end node to end node over relays that cannot read it (PROTOCOL.md).

A cell is label 4 | count 4 | body 1,016. The first on a circuit sets it up: each hop opens a block
of its own, and takes a layer off what is behind it.
"""

import hashlib
from collections import namedtuple

from ..errors import MeshError
from ..hkdf import equal, hmac
from . import noise
from .identity import KEY_BYTES

LABEL_BYTES = COUNT_BYTES = 4
CELL_BYTES, BODY_BYTES = (1024, 1016)
INSIDE_BYTES = 18
BLOCK_BYTES = 1 + KEY_BYTES + INSIDE_BYTES + noise.TAG_BYTES
BEHIND_BYTES = BODY_BYTES - BLOCK_BYTES
MAX_HOPS = 14
COUNTS = 1 << 32
RELAY, DELIVER, SPLICE, LISTEN = COMMANDS = (0, 1, 2, 3)
COOKIE_BYTES = 16

# Octets of a payload in the first cell, by the most hops of a way: all that the end learns of it.
CUTS = ((5, 681), (10, 346), (MAX_HOPS, 78))
SIP, RESUME, NOTHING = (1, 4, 5)
PAYLOAD_HEAD = 1 + 1 + 8 + 2
MAX_MESSAGE_1 = 4 * BODY_BYTES
CALL_BYTES = 8
# The longest octets that go along with it, behind two keys, two tags, I, the call's id and flags.
MAX_FIRST = MAX_MESSAGE_1 - 3 * KEY_BYTES - 2 * noise.TAG_BYTES - CALL_BYTES - 1
SESSION_BYTES = PROOF_BYTES = 16
SEEN_BYTES = 8
PIECE_HEAD, PIECE_BYTES = (12, 980)
# Flags of a piece: the message goes on in the next one; its acknowledgement may wait for something
# to say.
MORE, MAY_WAIT = (1, 2)
# The longest message that goes along with message 2 of the handshake.
MAX_ANSWER = BODY_BYTES - 2 - KEY_BYTES - noise.TAG_BYTES

GONE, NO_NEXT, FULL, NO_PREKEY, NO_COOKIE, NO_SESSION = REASONS = (0, 1, 2, 3, 5, 6)
NOTICE_BYTES = BODY_BYTES - noise.TAG_BYTES
MAX_NOTICE = NOTICE_BYTES - 4

# Flag of a set-up: its hops carry sound too; flag of a first message: a call for help.
SOUND, PLAIN, HELP = (1, 2, 4)
# Flags of a first message: its key is that of the call alone; it carries sound, which a box learns
# by nothing else.
ANONYMOUS, SOUNDS = (1, 8)

# What a hop and the maker of a circuit share. offset: what is added to counts; seen: 8 octets by
# which the hop knows a set-up again; sound: (forward, back) of the packets of sound.
Keys = namedtuple(
    "Keys", ("block", "stream", "forward", "back", "notice", "offset", "seen", "sound")
)
# One hop of a way. prekey: its public key; id: the prekey's number; secret: the maker's, for this
# hop alone, or at the hop itself that of its prekey.
Hop = namedtuple("Hop", ("node", "id", "prekey", "secret"))
# The last hop of a way to a box, which joins two circuits by a cookie. command: SPLICE or LISTEN;
# beyond: Hop of the box, for a caller.
Meeting = namedtuple("Meeting", ("node", "id", "prekey", "secret", "command", "cookie", "beyond"))
Cell = namedtuple("Cell", ("label", "count", "body"))
# What a hop finds in its block. fresh: the maker's public key for it; place: short id of the next
# node and zeros, or a cookie; body: of the next cell, or the payload.
Opened = namedtuple("Opened", ("keys", "command", "flags", "fresh", "place", "body"))
# kind: SIP or NOTHING; flags: MORE, MAY_WAIT; number 0: it need not be acknowledged.
Piece = namedtuple("Piece", ("kind", "flags", "number", "got", "octets"))


def write(label, count, body):
    """Return a cell."""
    return label + count.to_bytes(COUNT_BYTES, "big") + body


def read(octets):
    """Return the Cell in octets; raise MeshError."""
    if len(octets) != CELL_BYTES:
        raise MeshError("not a cell")
    return Cell(octets[:4], int.from_bytes(octets[4:8], "big"), octets[8:])


def after(count, steps):
    """Return the count so many steps later."""
    return (count + steps) % COUNTS


def prekey_id(public):
    """Return the number by which a prekey is named."""
    return hashlib.sha256(public).digest()[0]


def _keys(crypto, fresh, hop, shared):
    label, context = noise.words(crypto) + b"hop 1", fresh + hop.prekey + hop.node
    made = noise.derived(label, context, shared, b"keys", 172)
    sound = noise.derived(label, context, shared, b"sound", 2 * KEY_BYTES)
    parts = [made[at : at + KEY_BYTES] for at in range(0, 160, KEY_BYTES)]
    offset = int.from_bytes(made[160:164], "big")
    return Keys(
        parts[0],
        parts[1],
        parts[2],
        parts[3],
        parts[4],
        offset,
        made[164:],
        (sound[:KEY_BYTES], sound[KEY_BYTES:]),
    )


def _covered(crypto, count, head, behind):
    octets = noise.words(crypto) + b"cell 1" + count.to_bytes(COUNT_BYTES, "big") + head + behind
    return hashlib.sha256(octets).digest()


def room(hops):
    """Return the octets of payload in the first cell of a way of so many hops."""
    return max([size for most, size in CUTS if hops <= most])


def set_up(crypto, hops, count, flags, payload, random):
    """Return (body of the first cell, Keys of each hop). count: the first link's; raises MeshError.

    flags: for every hop; payload: the octets for the last hop, `room` of them; random(n): n random
    octets.
    """
    publics = [crypto.base(hop.secret) for hop in hops]
    keys = [
        _keys(crypto, public, hop, noise.exchange(crypto, hop.secret, hop.prekey))
        for public, hop in zip(publics, hops)
    ]
    zeros = bytes(BODY_BYTES)
    streams = [noise.stream(crypto, key.stream, 0, zeros) for key in keys]
    counts, filler = [count], b""
    for key, stream in zip(keys[:-1], streams):
        counts.append(after(counts[-1], key.offset))
        filler = _mixed(filler + bytes(BLOCK_BYTES), stream[-len(filler) - BLOCK_BYTES :])
    payload += random(BEHIND_BYTES - len(filler) - len(payload))
    behind = _mixed(payload, streams[-1]) + filler
    inside = _last(hops[-1], flags)
    for index in range(len(hops) - 1, -1, -1):
        head = bytes((hops[index].id,)) + publics[index]
        covered = _covered(crypto, counts[index], head, behind)
        body = head + noise.seal(crypto, keys[index].block, 0, inside, covered) + behind
        if index:
            behind = _mixed(body[:BEHIND_BYTES], streams[index - 1])
            inside = bytes((RELAY, flags)) + hops[index].node[:8] + bytes(8)
    return body, keys


def _last(hop, flags):
    """Return what the block of the last hop says."""
    if isinstance(hop, Meeting):
        return bytes((hop.command, flags)) + hop.cookie
    return bytes((DELIVER, flags)) + bytes(INSIDE_BYTES - 2)


def _mixed(octets, stream):
    """Return octets with as many of a stream added."""
    size = len(octets)
    number = int.from_bytes(octets, "big") ^ int.from_bytes(stream[:size], "big")
    return number.to_bytes(size, "big")


def opened(crypto, hop, count, body):
    """Return what a hop finds in a set-up; raises MeshError."""
    head, behind = body[: 1 + KEY_BYTES], body[BLOCK_BYTES:]
    fresh = head[1:]
    keys = _keys(crypto, fresh, hop, noise.exchange(crypto, hop.secret, fresh))
    covered = _covered(crypto, count, head, behind)
    inside = noise.unseal(crypto, keys.block, 0, body[1 + KEY_BYTES : BLOCK_BYTES], covered)
    following = noise.stream(crypto, keys.stream, 0, behind + bytes(BLOCK_BYTES))
    if inside[0] not in COMMANDS:
        raise MeshError("an unknown command")
    if inside[0] == DELIVER:
        following = following[:BEHIND_BYTES]
    return Opened(keys, inside[0], inside[1], fresh, inside[2:], following)


def forward(crypto, keys, count, body):
    """Return (count, body) of a cell towards the end, as a hop passes it on."""
    return after(count, keys.offset), noise.stream(crypto, keys.forward, count, body)


def back(crypto, keys, count, body):
    """Return (count, body) of a cell towards the maker of the circuit, as a hop passes it on."""
    return after(count, -keys.offset), noise.stream(crypto, keys.back, count, body)


def layer(keys, is_plain):
    """Return what a packet of sound gets or loses at a hop: (forward key, back key, offset).

    There are no keys where it is not to be hidden.
    """
    there, here = (b"", b"") if is_plain else keys.sound
    return there, here, keys.offset


def layered(crypto, keys, count, body):
    """Return the body of a cell from the maker of a circuit; count: the first link's."""
    counts = [count]
    for key in keys[:-1]:
        counts.append(after(counts[-1], key.offset))
    for key, at in zip(reversed(keys), reversed(counts)):
        body = noise.stream(crypto, key.forward, at, body)
    return body


def bared(crypto, keys, count, body):
    """Yield (body, hop's Keys) of a cell for the maker of a circuit, after each layer less."""
    for key in keys:
        count = after(count, key.offset)
        body = noise.stream(crypto, key.back, count, body)
        yield body, key


def write_notice(crypto, key, reason, octets=b""):
    """Return the body of a hop's last cell back."""
    inside = bytes((reason, 0)) + len(octets).to_bytes(2, "big") + octets
    return noise.seal(crypto, key, 0, inside + bytes(NOTICE_BYTES - len(inside)), b"")


def read_notice(crypto, key, body):
    """Return (reason, octets), or None where it is no notice of that hop."""
    inside = crypto.unseal(key, noise.nonce(0), body, b"")
    return None if inside is None else (inside[0], inside[4 : 4 + _number(inside[2:4])])


def _number(octets):
    return int.from_bytes(octets, "big")


def write_payload(kind, number, message):
    """Return a payload; number: the prekey's."""
    return bytes((kind, number)) + bytes(8) + len(message).to_bytes(2, "big") + message


def read_payload(octets):
    """Return (kind, number of the prekey, length of the message) of a payload; raise MeshError."""
    size = _number(octets[10:PAYLOAD_HEAD])
    if octets[0] not in (SIP, RESUME) or not 0 < size <= MAX_MESSAGE_1:
        raise MeshError("not a payload")
    return octets[0], octets[1], size


def prologue(crypto, called, number, kind):
    """Return the prologue of the handshake with a node; number: of its prekey."""
    return noise.words(crypto) + b"cell 1" + called + bytes((number, kind))


def write_piece(crypto, key, counter, piece):
    """Return the body of a data cell."""
    inside = bytes((piece.kind, piece.flags)) + piece.number.to_bytes(4, "big")
    inside += piece.got.to_bytes(4, "big") + len(piece.octets).to_bytes(2, "big") + piece.octets
    inside += bytes(PIECE_BYTES - len(piece.octets))
    return counter.to_bytes(8, "big") + noise.seal(crypto, key, counter, inside, b"")


def read_piece(crypto, key, body):
    """Return the Piece in the body of a data cell; raise MeshError."""
    inside = noise.unseal(crypto, key, _number(body[:8]), body[8:], b"")
    size = _number(inside[10:12])
    if size > PIECE_BYTES:
        raise MeshError("a piece is too long")
    octets = inside[PIECE_HEAD : PIECE_HEAD + size]
    return Piece(inside[0], inside[1], _number(inside[2:6]), _number(inside[6:10]), octets)


def write_answer(message):
    """Return the body of the first cell back: message 2."""
    octets = len(message).to_bytes(2, "big") + message
    return octets + bytes(BODY_BYTES - len(octets))


def read_answer(body):
    """Return message 2 in the body of a cell; raise MeshError."""
    size = _number(body[:2])
    if not 0 < size <= BODY_BYTES - 2:
        raise MeshError("not an answer")
    return body[2 : 2 + size]


def write_resume(key, fresh, session, last):
    """Return what stands for message 1 in a set-up that goes on. fresh: E of its last block."""
    return session + last.to_bytes(8, "big") + _proof(key, fresh, session, last)


def read_resume(octets):
    """Return (session, last counter received, proof); raise MeshError."""
    if len(octets) != SESSION_BYTES + 8 + PROOF_BYTES:
        raise MeshError("not a resumption")
    return octets[:16], _number(octets[16:24]), octets[24:]


def is_proved(key, fresh, session, last, proof):
    """Tell whether who resumes a session has its key."""
    return equal(_proof(key, fresh, session, last), proof)


def _proof(key, fresh, session, last):
    octets = b"bellhop resume 1" + fresh + session + last.to_bytes(8, "big")
    return hmac(key, octets)[:PROOF_BYTES]
