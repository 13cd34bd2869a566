"""Messages of the DHT: bencode in one datagram (BEP 5, with BEP 42's `ip` and BEP 44's items)."""

import hashlib
from collections import namedtuple

from ...bencode import decode, encode
from ...errors import MeshError
from ...mesh import address, record

ID_BYTES, KEY_BYTES, SIGNATURE_BYTES = (20, 32, 64)
MAX_TOKEN_BYTES, MAX_VALUE_BYTES = (64, 1000)
# Of nodes in one answer that are looked at.
MAX_NODES = 16
# An answer. mark: of the question; id, token: of who answers; nodes: [(id, (host, port))]; item:
# Item or None; seen: (host, port) of this end as the other one sees it, or None.
Answer = namedtuple("Answer", ("mark", "id", "token", "nodes", "item", "seen"))
# value: octets.
Item = namedtuple("Item", ("key", "signature", "sequence", "value"))


def target_of(key):
    """Return where the item of a key lies."""
    return hashlib.sha1(key).digest()


def get(mark, own, target):
    """Return the question for an item; own: the id of this client, which keeps nothing itself."""
    return _question(mark, b"get", {b"id": own, b"target": target})


def put(mark, own, token, item):
    """Return the request to keep an item."""
    fields = {
        b"id": own, b"k": item.key, b"seq": item.sequence, b"sig": item.signature,
        b"token": token, b"v": item.value,
    }  # fmt: skip
    return _question(mark, b"put", fields)


def _question(mark, name, fields):
    return encode({b"a": fields, b"q": name, b"ro": 1, b"t": mark, b"y": b"q"})


def made(seed, sequence, value, crypto):
    """Return the Item of a seed, signed."""
    signed = record.signed_octets(b"", sequence, encode(value))
    return Item(crypto.public_key(seed), crypto.sign(seed, signed), sequence, value)


def read(octets):
    """Return the Answer in a datagram; raises MeshError where there is none."""
    found = decode(octets)
    fields = found.get(b"r") if isinstance(found, dict) else None
    if not isinstance(fields, dict) or found.get(b"y") != b"r":
        raise MeshError("no answer")
    mark, id, token = found.get(b"t"), fields.get(b"id"), fields.get(b"token", b"")
    if not isinstance(mark, bytes) or not isinstance(id, bytes) or len(id) != ID_BYTES:
        raise MeshError("no answer of a node")
    if not isinstance(token, bytes) or len(token) > MAX_TOKEN_BYTES:
        raise MeshError("no token")
    nodes = []
    for name, size in ((b"nodes", 6), (b"nodes6", 18)):
        nodes += _nodes(fields.get(name, b""), size)
    return Answer(mark, id, token, nodes, _item(fields), place(found.get(b"ip", b"")))


def _nodes(packed, size):
    """Return the nodes of compact node info; what is cut short is left out."""
    step, found = ID_BYTES + size, []
    for at in range(0, len(packed) if isinstance(packed, bytes) else 0, step):
        there = place(packed[at + ID_BYTES : at + step])
        if there is not None and len(found) < MAX_NODES:
            found.append((packed[at : at + ID_BYTES], there))
    return found


def place(packed):
    """Return (host, port) of an address and a port, or None."""
    if not isinstance(packed, bytes) or len(packed) not in (6, 18):
        return None
    port = int.from_bytes(packed[-2:], "big")
    return (address.unpack(packed[:-2]), port) if port else None


def _item(fields):
    """Return the Item of an answer, not checked yet, or None."""
    found = Item(*[fields.get(name) for name in (b"k", b"sig", b"seq", b"v")])
    kinds = ((bytes, KEY_BYTES), (bytes, SIGNATURE_BYTES), (int, None), (bytes, None))
    for one, (kind, size) in zip(found, kinds):
        if not isinstance(one, kind) or (size is not None and len(one) != size):
            return None
    is_sound = 0 <= found.sequence < 1 << 63 and len(found.value) <= MAX_VALUE_BYTES
    return found if is_sound else None


def is_of(item, key, verify):
    """Tell whether an item is one of this key, signed; verify(key, data, signature)."""
    signed = record.signed_octets(b"", item.sequence, encode(item.value))
    return item.key == key and verify(key, signed, item.signature)
