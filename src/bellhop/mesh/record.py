"""A signed record: one BEP44 mutable item, the same octets on every carrier.

    key 32 | signature 64 | sequence 8 | length of salt 1 | salt | value (bencode)

The signature covers what BEP44 says, so that a node of the BitTorrent DHT can check it too. A salt
names the item among those of one key: `n` the node itself, `n1`... more names that it serves,
`book`... the phone book. Values are dicts with keys of one letter:

    n:   a name   e endpoints, none where calls go by relays   f flags   k prekey
         m attempt of the number prefix   p which neighbours are reached by amateur radio
         n neighbours   r registered   t idle lifetime in seconds   u hashes of names
    n1:  r, u     book, book1...: the phone book (phonebook.py)     key...: people (people.py)
    list: the head of a signed list that the node passes on (names/lists.py)
    next, over, repl: what becomes of a key (succession.py)     box: boxes.py
"""

from collections import namedtuple

from ..bencode import decode, encode
from ..errors import MeshError
from ..text import is_name
from . import address
from .identity import KEY_BYTES, MAX_SEQUENCE, SHORT_BYTES, short_id

MAX_RECORD_BYTES = 1000
SIGNATURE_BYTES = 64
SIGNATURE_AT = KEY_BYTES
SEQUENCE_AT = SIGNATURE_AT + SIGNATURE_BYTES
SALT_AT = SEQUENCE_AT + 8
HEAD_BYTES = SALT_AT + 1
MAX_SALT_BYTES = 6
MAX_VALUE_BYTES = MAX_RECORD_BYTES - HEAD_BYTES - MAX_SALT_BYTES

NODE_SALT = b"n"
MAX_NAME_RECORDS = 10
MAX_BOOK_RECORDS = 32
MAX_PEOPLE_RECORDS = 8
BOOK_SALT = b"book"
NAME_SALTS = [NODE_SALT] + [b"n%d" % n for n in range(1, MAX_NAME_RECORDS)]
BOOK_SALTS = [BOOK_SALT] + [b"book%d" % n for n in range(1, MAX_BOOK_RECORDS)]
PEOPLE_SALTS = [b"key%d" % n for n in range(MAX_PEOPLE_RECORDS)]
LIST_SALT = b"list"
# A salt is written as its place in this list where octets are dear.
NEXT_SALT, OVER_SALT, REPLACES_SALT = b"next", b"over", b"repl"
# A box, whose key has one record only, of the sequence 1 (boxes.py).
BOX_SALT, BOX_SEQUENCE = (b"box", 1)
# A key with one of these has no other records; the second ends the first as well.
END_SALTS = (NEXT_SALT, OVER_SALT)
SALTS = NAME_SALTS + BOOK_SALTS + PEOPLE_SALTS + [NEXT_SALT, OVER_SALT, REPLACES_SALT]
SALTS.append(BOX_SALT)
SALTS.append(LIST_SALT)
SALT_CODES = {SALTS[code]: code for code in range(len(SALTS))}

GATEWAY, RELAY, MAILBOX, PSTN = FLAGS = (1, 2, 4, 8)
RELAYS_CELLS, RELAYS_SOUND = (32, 64)
# Kinds of endpoints.
SIP_UDP, SIP_TCP, SIP_TLS, MESH_UDP = KINDS = (0, 1, 2, 3)
MAX_ENDPOINTS = 8
# More neighbours than this are named only by the other side (edges are chosen by cost).
MAX_EDGES = 48
EDGE_BYTES = SHORT_BYTES + 1
HASH_BYTES = 16
MAX_NAME_BYTES = 32
MIN_LIFETIME, LIFETIME, MAX_LIFETIME = (600, 86400, 604800)
BOX_LIFETIME = 7 * 3600

# key: 32 octets; value: octets of bencode.
Item = namedtuple("Item", ("key", "signature", "sequence", "salt", "value"))
# kind: one of KINDS; host: text.
Endpoint = namedtuple("Endpoint", ("kind", "host", "port"))
# What a node says about itself. edges: octets, (short id 8, cost 1) times n; hashes: octets, 16
# times n; registered: octets, one bit for each hash; plain: one for each edge; prekey: its number
# 1 | public key 32, or b"".
NodeValue = namedtuple(
    "NodeValue",
    (
        "name",
        "endpoints",
        "flags",
        "attempt",
        "edges",
        "registered",
        "lifetime",
        "hashes",
        "prekey",
        "plain",
    ),
)


def signed_octets(salt, sequence, value):
    """Return what the signature of a BEP44 mutable item covers."""
    head = b"4:salt%d:%s" % (len(salt), salt) if salt else b""
    return head + b"3:seqi%de1:v" % sequence + value


def write(key, sequence, salt, value, sign):
    """Return the octets of a record; sign(data) -> 64 octets."""
    signature = sign(signed_octets(salt, sequence, value))
    return key + signature + sequence.to_bytes(8, "big") + bytes((len(salt),)) + salt + value


def parse(raw):
    """Return the Item in `raw`, signature unchecked; raise MeshError."""
    if not HEAD_BYTES < len(raw) <= MAX_RECORD_BYTES:
        raise MeshError("no record has this size")
    value_at = HEAD_BYTES + raw[SALT_AT]
    salt = raw[HEAD_BYTES:value_at]
    sequence = sequence_of(raw)
    if salt not in SALT_CODES or sequence > MAX_SEQUENCE:
        raise MeshError("unknown salt or sequence")
    if salt == BOX_SALT and sequence != BOX_SEQUENCE:
        raise MeshError("a box has one record")
    key = raw[:KEY_BYTES]
    return Item(key, raw[SIGNATURE_AT:SEQUENCE_AT], sequence, salt, raw[value_at:])


def sequence_of(raw):
    """Return the sequence of a record."""
    return int.from_bytes(raw[SEQUENCE_AT:SALT_AT], "big")


def table_key(key, salt):
    """Return what a record is found by in tables: short id, then salt."""
    return short_id(key) + salt


def is_signed(item, verify):
    """True when the item's own key signed it; verify(key, data, signature) -> bool."""
    return verify(item.key, signed_octets(item.salt, item.sequence, item.value), item.signature)


def read_value(octets):
    """Return the dict that a record's value is; raise MeshError."""
    value = decode(octets)
    if not isinstance(value, dict):
        raise MeshError("the value is no dict")
    return value


def field(value, name, default):
    """Return one field, which has the type of its default; raise MeshError."""
    found = value.get(name, default)
    if not isinstance(found, type(default)):
        raise MeshError("a field has the wrong type")
    return found


def read_node(octets):
    """Return the NodeValue in the value of a record with salt `n`, `n1`...; raise MeshError."""
    value = read_value(octets)
    node = NodeValue(
        name=field(value, b"a", b""),
        endpoints=[_read_endpoint(packed) for packed in field(value, b"e", [])],
        flags=field(value, b"f", 0),
        attempt=field(value, b"m", 0),
        edges=field(value, b"n", b""),
        registered=field(value, b"r", b""),
        lifetime=min(max(field(value, b"t", LIFETIME), MIN_LIFETIME), MAX_LIFETIME),
        hashes=field(value, b"u", b""),
        prekey=field(value, b"k", b""),
        plain=field(value, b"p", b""),
    )
    if len(node.prekey) not in (0, 1 + KEY_BYTES):
        raise MeshError("not a prekey")
    if len(node.edges) % EDGE_BYTES or len(node.hashes) % HASH_BYTES:
        raise MeshError("a list is cut short")
    if len(node.edges) > MAX_EDGES * EDGE_BYTES or len(node.endpoints) > MAX_ENDPOINTS:
        raise MeshError("a list is too long")
    if len(node.name) > MAX_NAME_BYTES or not is_name(node.name) or not 0 <= node.attempt < 256:
        raise MeshError("name or number out of bounds")
    return node


def write_node(node):
    """Return the value of a record; what is empty or default takes no octets."""
    fields = {
        b"a": node.name,
        b"e": [_write_endpoint(endpoint) for endpoint in node.endpoints],
        b"f": node.flags,
        b"k": node.prekey,
        b"m": node.attempt,
        b"n": node.edges,
        b"p": node.plain.rstrip(b"\0"),
        b"r": node.registered.rstrip(b"\0"),
        b"t": node.lifetime if node.lifetime != LIFETIME else 0,
        b"u": node.hashes,
    }
    return encode({name: fields[name] for name in fields if fields[name]})


def _read_endpoint(packed):
    if not isinstance(packed, bytes) or len(packed) not in (7, 19) or packed[0] not in KINDS:
        raise MeshError("not an endpoint")
    return Endpoint(packed[0], address.unpack(packed[1:-2]), int.from_bytes(packed[-2:], "big"))


def _write_endpoint(endpoint):
    packed = address.pack(endpoint.host)
    return bytes((endpoint.kind,)) + packed + endpoint.port.to_bytes(2, "big")
