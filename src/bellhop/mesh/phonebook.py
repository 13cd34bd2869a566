"""The readable phone book of a node: signed items of their own beside its record.

A value is a dict: `b` entries, each a list of name, number, display name, groups (one text with
commas). What only the owner's contacts may read is `x`, such a dict under a key of its own, with
the nonce `o` and `k`, that key sealed for each contact's node in turn, among others for nobody, so
that the contacts are neither named nor counted. Everybody passes it on like any record.
"""

from collections import namedtuple

from .. import bencode
from ..errors import MeshError
from ..text import is_name
from . import record

# A user that this node serves. name, number, display: octets; groups: list of octets.
Served = namedtuple("Served", ("name", "number", "display", "groups", "registered"))
Entry = namedtuple("Entry", ("name", "number", "display", "groups"))

MAX_TEXT_BYTES = 64
# Octets of a value beside its entries.
FRAME_BYTES = 16
# A sealed key for each contact; their number is filled up to a multiple.
NONCE_BYTES, LOCK_KEY_BYTES, LOCK_BYTES = (24, 32, 16)
SLOT_BYTES = LOCK_KEY_BYTES + LOCK_BYTES
SLOTS_MULTIPLE, MAX_READERS = (4, 8)
# What a closed value holds beside the open one.
COVER_BYTES = 2 * FRAME_BYTES + NONCE_BYTES + LOCK_BYTES + MAX_READERS * SLOT_BYTES


def write(users, most=record.MAX_VALUE_BYTES):
    """Return the values of the items that hold all these users, each of at most `most` octets."""
    values = []
    entries = []
    octets = FRAME_BYTES
    for user in users:
        texts = (user.name, user.number, user.display, b",".join(user.groups))
        entry = [text[:MAX_TEXT_BYTES] for text in texts]
        length = len(bencode.encode(entry))
        if octets + length > most:
            values.append(bencode.encode({b"b": entries}))
            entries, octets = [], FRAME_BYTES
        entries.append(entry)
        octets += length
    if entries:
        values.append(bencode.encode({b"b": entries}))
    return values


def close(value, shared, random, lock):
    """Return the value of an item that only some nodes can open.

    shared: for each of them, at most MAX_READERS, the 32 octets that only it and this node know;
    random(n): n random octets; lock(key, nonce, octets) -> LOCK_BYTES octets more.
    """
    nonce, key = random(NONCE_BYTES), random(LOCK_KEY_BYTES)
    slots = [lock(one, nonce, key) for one in shared]
    slots += [random(SLOT_BYTES) for _ in range(-len(slots) % SLOTS_MULTIPLE)]
    return bencode.encode({b"k": b"".join(slots), b"o": nonce, b"x": lock(key, nonce, value)})


def open_for(value, shared, unlock):
    """Return the octets that an item's value hides from others, or None where it is not for us.

    shared(): what only its node and this one know; unlock(key, nonce, octets) -> octets or None.
    A value that hides nothing is returned as it is; raises MeshError.
    """
    fields = record.read_value(value)
    hidden = record.field(fields, b"x", b"")
    if not hidden:
        return value
    nonce, slots = record.field(fields, b"o", b""), record.field(fields, b"k", b"")
    if len(nonce) != NONCE_BYTES or len(slots) > MAX_READERS * SLOT_BYTES:
        raise MeshError("not a closed phone book")
    ours = shared()
    for at in range(0, len(slots), SLOT_BYTES):
        key = unlock(ours, nonce, slots[at : at + SLOT_BYTES])
        if key is not None and len(key) == LOCK_KEY_BYTES:
            return unlock(key, nonce, hidden)
    return None


def is_closed(raw):
    """Tell whether a record hides something, or may: what cannot be read does."""
    item = record.parse(raw)
    if item.salt not in record.BOOK_SALTS:
        return item.salt == record.BOX_SALT
    try:
        return bool(record.field(record.read_value(item.value), b"x", b""))
    except MeshError:
        return True


def read(value):
    """Return the Entry values of an item; raise MeshError."""
    entries = []
    for found in record.field(record.read_value(value), b"b", []):
        if not isinstance(found, list) or len(found) != 4:
            raise MeshError("not an entry of a phone book")
        for text in found:
            if not isinstance(text, bytes) or len(text) > MAX_TEXT_BYTES or not is_name(text):
                raise MeshError("not a text of a phone book")
        groups = found[3].split(b",") if found[3] else []
        entries.append(Entry(found[0], found[1], found[2], groups))
    return entries
