"""What neighbours say, packet by packet (PROTOCOL.md).

A datagram begins with a magic of 2 octets and its type:

    HELLO   1 link id 8 | flags 1 | mark 8 | zeros to 40
            with TO_ALL: number 4 | interval in 10 ms 2 | digest 8 | tag 6 * for each neighbour
            with PLAIN: callsign 10 before the zeros, or before the tags
    COOKIE  2 own link id 8 | other's 8 | cookie 8 | mark of the hello 8
    OPEN    3 step 1 | own link id 8 | other's 8 | cookie 8 | own session 4 | message of Noise
            step 1: zeros to 160, so that its answer is no longer
    SEALED  4 other's session 4 | count 6 | sealed: type 1 | length 2 | body | zeros

Inside of what is sealed:

    HELLO    interval in 10 ms 2 | flags 1 | digest 8 | sound port 2
    RECORDS  number 4 | (length 2, record)*
    ACK      (number 4, 1 if anything in it was needed 1)*
    TREE     (branch 1, digest 8 * 16)*
    LIST     flags 1 | (leaf 1, count 1, (short id 8, salt code 1, sequence 8, digest 4)*)*
    WANT     (short id 8, salt code 1)*
    HOSTS    (length of address 1, address, port 2, key 32)*, the answer to HOSTS_WANTED
    MEET     key 32, or key 32 | its place | the receiver's place, each as in HOSTS (punching.py)
    CELL     lanes.py
    DESTROY  label 4 | reason 1 | length 2 | record
"""

import struct
from collections import namedtuple

from ..errors import MeshError
from .identity import SHORT_BYTES
from .record import HEAD_BYTES, MAX_RECORD_BYTES, SALT_CODES, SALTS

MAGIC = b"bm"
HELLO, COOKIE, OPEN, SEALED = TYPES = range(1, 5)
# Types inside; HELLO is one of them.
RECORDS, ACK, TREE, LIST, WANT, HOSTS_WANTED, HOSTS, MEET, CELL, DESTROY = range(5, 15)
KINDS = (HELLO, RECORDS, ACK, TREE, LIST, WANT, HOSTS_WANTED, HOSTS, MEET, CELL, DESTROY)

ID_BYTES = COOKIE_BYTES = 8
SESSION_BYTES, COUNT_BYTES = (4, 6)
HEADER_BYTES = len(MAGIC) + 1
SEALED_BYTES = HEADER_BYTES + SESSION_BYTES + COUNT_BYTES
OPEN_HEAD_BYTES = HEADER_BYTES + 1 + 2 * ID_BYTES + COOKIE_BYTES + SESSION_BYTES
STEP_1_BYTES = 160
NO_COOKIE = bytes(COOKIE_BYTES)
# What is sealed has one of these sizes, so that a listener learns little from them. The least MTU
# of IPv6 is 1280; what stays below it needs no fragments on any link.
SIZES = (64, 128, 256, 512, 1056, 1168)
INSIDE_BYTES = 3
MAX_BODY_BYTES = SIZES[-1] - INSIDE_BYTES
MAX_PACKET_BYTES = SEALED_BYTES + SIZES[-1] + 16

# Flags of a hello: this copy went to everybody on the link; the receiver is asked to answer; the
# sender hears the multicast hellos of the receiver; the link is amateur radio.
TO_ALL, ANSWER, HEARS_MULTICAST, PLAIN = (1, 2, 4, 8)
CALLSIGN_BYTES = 10
# Flag of a list: each leaf in it is complete, so that what is missing is missing.
COMPLETE = 1

TO_ALL_HEAD = ">8sBIH8s"
TO_ALL_BYTES = 23
ONE_BYTES = 40 - HEADER_BYTES
TAG_BYTES = 6
INSIDE_HELLO = ">HB8sH"
LISTED_BYTES = 21
WANTED_BYTES = 9
BRANCH_BYTES = 1 + 16 * 8

# A hello in clear. mark: of one to one; number, interval (ms), digest and tags: of one to all.
# callsign: of who is on amateur radio, else b""; covered: what the tags are made over.
Greeting = namedtuple(
    "Greeting",
    ("id", "flags", "mark", "number", "interval", "digest", "tags", "callsign", "covered"),
)
# A hello inside: interval in ms; sound: the port for sound, 0: none.
Hello = namedtuple("Hello", ("interval", "flags", "digest", "sound"))
Open = namedtuple("Open", ("step", "sender", "receiver", "cookie", "session", "message"))
# items: [(short id + salt, version)]; version: sequence << 32 | first 32 bits of the digest.
Leaf = namedtuple("Leaf", ("number", "items", "complete"))


def write(kind, body):
    """Return a datagram."""
    return MAGIC + bytes((kind,)) + body


def parse(data):
    """Return (type, body) of a datagram; raise MeshError."""
    if not HEADER_BYTES < len(data) <= MAX_PACKET_BYTES or data[:2] != MAGIC:
        raise MeshError("not of the mesh")
    if data[2] not in TYPES:
        raise MeshError("unknown type")
    return data[2], data[HEADER_BYTES:]


def write_greeting(own, mark, callsign):
    """Return a HELLO for one address; own: the link's id; mark: what its answer repeats.

    callsign: of amateur radio, else b"".
    """
    flags = PLAIN if callsign else 0
    data = own + bytes((flags,)) + mark + callsign
    return write(HELLO, data + bytes(ONE_BYTES - len(data)))


def write_to_all(greeting):
    """Return (what the tags of a HELLO for everybody cover, the datagram without them)."""
    head = struct.pack(
        TO_ALL_HEAD,
        greeting.id,
        greeting.flags,
        greeting.number,
        greeting.interval // 10,
        greeting.digest,
    )
    if greeting.flags & PLAIN:
        head += greeting.callsign + bytes(CALLSIGN_BYTES - len(greeting.callsign))
    return head, write(HELLO, head)


def read_greeting(body):
    """Return the Greeting in the body of a HELLO; raise MeshError."""
    if len(body) < TO_ALL_BYTES:
        raise MeshError("a hello is cut short")
    flags = body[ID_BYTES]
    room = CALLSIGN_BYTES if flags & PLAIN else 0
    if not flags & TO_ALL:
        at = ID_BYTES + 1
        end = at + COOKIE_BYTES
        callsign = body[end : end + room].rstrip(b"\0")
        return Greeting(body[:ID_BYTES], flags, body[at:end], 0, 0, b"", (), callsign, b"")
    end = TO_ALL_BYTES + room
    if len(body) < end or (len(body) - end) % TAG_BYTES:
        raise MeshError("a hello is cut short")
    fields = struct.unpack(TO_ALL_HEAD, body[:TO_ALL_BYTES])
    tags = [body[at : at + TAG_BYTES] for at in range(end, len(body), TAG_BYTES)]
    callsign = body[TO_ALL_BYTES:end].rstrip(b"\0")
    return Greeting(
        fields[0], flags, b"", fields[2], fields[3] * 10, fields[4], tags, callsign, body[:end]
    )


def write_cookie(own, other, cookie, mark):
    """Return a COOKIE; own, other: link ids."""
    return write(COOKIE, own + other + cookie + mark)


def read_cookie(body):
    """Return (sender's link id, receiver's, cookie, mark) of a COOKIE; raise MeshError."""
    if len(body) != 2 * ID_BYTES + 2 * COOKIE_BYTES:
        raise MeshError("not a cookie")
    return body[:8], body[8:16], body[16:24], body[24:]


def write_open(opening):
    """Return an OPEN."""
    data = write(OPEN, bytes((opening.step,)) + b"".join(opening[1:]))
    return data + bytes(STEP_1_BYTES - len(data)) if opening.step == 1 else data


def with_cookie(data, cookie):
    """Return an OPEN with another cookie."""
    at = OPEN_HEAD_BYTES - SESSION_BYTES
    return data[: at - COOKIE_BYTES] + cookie + data[at:]


def read_open(body):
    """Return the Open in a body, what fills up the first step left on; raise MeshError."""
    at = 1 + 2 * ID_BYTES
    session_at = at + COOKIE_BYTES
    message_at = session_at + SESSION_BYTES
    if len(body) < message_at or body[0] not in (1, 2, 3):
        raise MeshError("not a step of a handshake")
    if body[0] == 1 and len(body) + HEADER_BYTES < STEP_1_BYTES:
        raise MeshError("its answer would be longer")
    return Open(
        body[0],
        body[1 : 1 + ID_BYTES],
        body[1 + ID_BYTES : at],
        body[at:session_at],
        body[session_at:message_at],
        body[message_at:],
    )


def write_inside(kind, body):
    """Return what is to be sealed, filled up to one of the sizes."""
    data = bytes((kind,)) + len(body).to_bytes(2, "big") + body
    return data + bytes(min([size for size in SIZES if size >= len(data)]) - len(data))


def read_inside(data):
    """Return (kind, body) of what was sealed; raise MeshError."""
    end = INSIDE_BYTES + int.from_bytes(data[1:INSIDE_BYTES], "big")
    if len(data) not in SIZES or end > len(data) or data[0] not in KINDS:
        raise MeshError("nothing of the mesh was sealed")
    return data[0], data[INSIDE_BYTES:end]


def write_hello(hello):
    """Return the body of a HELLO inside."""
    fields = hello.interval // 10, hello.flags, hello.digest, hello.sound
    return struct.pack(INSIDE_HELLO, *fields)


def read_hello(body):
    """Return the Hello in a body; raise MeshError."""
    if len(body) < struct.calcsize(INSIDE_HELLO):
        raise MeshError("a hello is cut short")
    fields = struct.unpack(INSIDE_HELLO, body[: struct.calcsize(INSIDE_HELLO)])
    return Hello(fields[0] * 10, fields[1], fields[2], fields[3])


def frame(raw):
    """Return one record as it stands in datagrams and bodies."""
    return len(raw).to_bytes(2, "big") + raw


def read_frames(data, at):
    """Return the records in `data` from place `at` on; raise MeshError."""
    records = []
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        raw = data[at + 2 : end]
        if end > len(data) or not HEAD_BYTES < len(raw) <= MAX_RECORD_BYTES:
            raise MeshError("not a list of records")
        records.append(raw)
        at = end
    return records


def read_numbers(body):
    """Return [(packet number, was needed)] of an ACK; raise MeshError."""
    if len(body) % 5:
        raise MeshError("not a list of numbers")
    places = range(0, len(body), 5)
    return [(int.from_bytes(body[at : at + 4], "big"), bool(body[at + 4])) for at in places]


def write_branch(number, digests):
    """Return one branch of a TREE; digests: 16 times 8 octets."""
    return bytes((number,)) + digests


def read_branches(body):
    """Return [(number, digests)] of a TREE; raise MeshError."""
    if len(body) % BRANCH_BYTES:
        raise MeshError("a tree is cut short")
    places = range(0, len(body), BRANCH_BYTES)
    return [(body[at], body[at + 1 : at + BRANCH_BYTES]) for at in places]


def write_listed(key, version):
    """Return one entry of a leaf; key: short id + salt."""
    return write_wanted(key) + version.to_bytes(12, "big")


def write_wanted(key):
    """Return one entry of a WANT."""
    return key[:SHORT_BYTES] + bytes((SALT_CODES[key[SHORT_BYTES:]],))


def _read_key(body, at):
    if len(body) < at + WANTED_BYTES or body[at + SHORT_BYTES] >= len(SALTS):
        raise MeshError("not a record's name")
    return body[at : at + SHORT_BYTES] + SALTS[body[at + SHORT_BYTES]]


def read_leaves(body):
    """Return the Leaf values of a LIST; raise MeshError."""
    if not body:
        raise MeshError("an empty list")
    leaves = []
    at = 1
    while at < len(body):
        end = at + 2 + LISTED_BYTES * (body[at + 1] if at + 1 < len(body) else 256)
        if end > len(body):
            raise MeshError("a list is cut short")
        items = []
        for place in range(at + 2, end, LISTED_BYTES):
            version = int.from_bytes(body[place + WANTED_BYTES : place + LISTED_BYTES], "big")
            items.append((_read_key(body, place), version))
        leaves.append(Leaf(body[at], items, bool(body[0] & COMPLETE)))
        at = end
    return leaves


def read_wanted(body):
    """Return the keys (short id + salt) of a WANT; raise MeshError."""
    return [_read_key(body, at) for at in range(0, len(body), WANTED_BYTES)]


def packed(pieces, most=MAX_BODY_BYTES):
    """Yield bodies of at most `most` octets, each the join of whole pieces."""
    body = b""
    for piece in pieces:
        if body and len(body) + len(piece) > most:
            yield body
            body = b""
        body += piece
    if body:
        yield body
