"""Records and all else that neighbours say, packet by packet.

A datagram: magic 2 | type 1 | sender's short id 8 | cookie 8 | body. The cookie is the one that the
receiver gave to the sender, so that nobody who cannot read the answers is believed. Types:

    HELLO    number 2 | interval in 10 ms 2 | flags 1 | digest 8 | (short id 4, quality 1)*
    COOKIE   cookie for the receiver 8
    ASK      cookie for the receiver 8 | key 32 | nonce 16
    PROVE    key 32 | nonce 16 | signature 64
    RECORDS  number 4 | (length 2, record)*
    ACK      (number 4, 1 if anything in it was needed 1)*
    TREE     (branch 1, digest 8 * 16)*
    LIST     flags 1 | (leaf 1, count 1, (short id 8, salt code 1, sequence 8, digest 4)*)*
    WANT     (short id 8, salt code 1)*
    HOSTS    (length of address 1, address, port 2, key 32)*, the answer to HOSTS_WANTED
"""

import struct
from collections import namedtuple

from ..errors import MeshError
from .identity import KEY_BYTES, SHORT_BYTES
from .record import HEAD_BYTES, MAX_RECORD_BYTES, SALT_CODES, SALTS

MAGIC = b"bm"
HELLO, COOKIE, ASK, PROVE, RECORDS, ACK, TREE, LIST, WANT, HOSTS_WANTED, HOSTS = TYPES = range(
    1, 12
)
COOKIE_BYTES = 8
NONCE_BYTES = 16
HEADER_BYTES = 2 + 1 + SHORT_BYTES + COOKIE_BYTES
NO_COOKIE = bytes(COOKIE_BYTES)
# The least MTU of IPv6 is 1280; what stays below it needs no fragments on any link.
MAX_PACKET_BYTES = 1200
MAX_BODY_BYTES = MAX_PACKET_BYTES - HEADER_BYTES

# Flags of a hello: this copy went to everybody on the link; the receiver is asked to answer.
TO_ALL, ANSWER = (1, 2)
# Quality of an entry in a hello: the sender hears the multicast hellos of that neighbour.
HEARS_MULTICAST = 1
# Flag of a list: each leaf in it is complete, so that what is missing is missing.
COMPLETE = 1

HELLO_HEAD = ">HHB8s"
HELLO_HEAD_BYTES = 13
ENTRY_BYTES = 5
LISTED_BYTES = 21
WANTED_BYTES = 9
BRANCH_BYTES = 1 + 16 * 8

Packet = namedtuple("Packet", ("type", "sender", "cookie", "body"))
# interval: ms; heard: {first 4 octets of a short id: quality}.
Hello = namedtuple("Hello", ("number", "interval", "flags", "digest", "heard"))
# items: [(short id + salt, version)]; version: sequence << 32 | first 32 bits of the digest.
Leaf = namedtuple("Leaf", ("number", "items", "complete"))


def write(kind, sender, cookie, body):
    """Return a datagram."""
    return MAGIC + bytes((kind,)) + sender + cookie + body


def parse(data):
    """Return the Packet in a datagram; raise MeshError."""
    if not HEADER_BYTES <= len(data) <= MAX_PACKET_BYTES or data[:2] != MAGIC:
        raise MeshError("not of the mesh")
    if data[2] not in TYPES:
        raise MeshError("unknown type")
    return Packet(data[2], data[3:11], data[11:HEADER_BYTES], data[HEADER_BYTES:])


def write_hello(hello):
    """Return the body of a HELLO."""
    head = struct.pack(
        HELLO_HEAD, hello.number & 65535, hello.interval // 10, hello.flags, hello.digest
    )
    heard = [short + bytes((hello.heard[short],)) for short in hello.heard]
    return head + b"".join(heard)


def read_hello(body):
    """Return the Hello in a body; raise MeshError."""
    if len(body) < HELLO_HEAD_BYTES or (len(body) - HELLO_HEAD_BYTES) % ENTRY_BYTES:
        raise MeshError("a hello is cut short")
    number, interval, flags, digest = struct.unpack(HELLO_HEAD, body[:HELLO_HEAD_BYTES])
    heard = {}
    for at in range(HELLO_HEAD_BYTES, len(body), ENTRY_BYTES):
        heard[body[at : at + 4]] = body[at + 4]
    return Hello(number, interval * 10, flags, digest, heard)


def read_ask(body):
    """Return (cookie, key, nonce) of an ASK; raise MeshError."""
    if len(body) != COOKIE_BYTES + KEY_BYTES + NONCE_BYTES:
        raise MeshError("not a question")
    key_at = COOKIE_BYTES
    return body[:key_at], body[key_at : key_at + KEY_BYTES], body[key_at + KEY_BYTES :]


def read_proof(body):
    """Return (key, nonce, signature) of a PROVE; raise MeshError."""
    if len(body) != KEY_BYTES + NONCE_BYTES + 64:
        raise MeshError("not a proof")
    return body[:KEY_BYTES], body[KEY_BYTES : KEY_BYTES + NONCE_BYTES], body[-64:]


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
