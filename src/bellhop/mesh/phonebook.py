"""The readable phone book of a node: signed items of their own beside its record.

A value is a dict: `b` entries, each a list of name, number, display name, groups (one text with
commas); `c` 1 when only contacts of the owner may have it.
"""

from collections import namedtuple

from . import bencode, record
from .identity import MeshError

# A user that this node serves. name, number, display: octets; groups: list of octets.
Served = namedtuple("Served", ("name", "number", "display", "groups", "registered"))
Entry = namedtuple("Entry", ("name", "number", "display", "groups"))

MAX_TEXT_BYTES = 64
# Octets of a value beside its entries.
FRAME_BYTES = 16


def write(users):
    """Return the values of the items that hold all these users."""
    values = []
    entries = []
    octets = FRAME_BYTES
    for user in users:
        texts = (user.name, user.number, user.display, b",".join(user.groups))
        entry = [text[:MAX_TEXT_BYTES] for text in texts]
        length = len(bencode.encode(entry))
        if octets + length > record.MAX_VALUE_BYTES:
            values.append(bencode.encode({b"b": entries}))
            entries, octets = [], FRAME_BYTES
        entries.append(entry)
        octets += length
    if entries:
        values.append(bencode.encode({b"b": entries}))
    return values


def close(value):
    """Return the value of an item that only contacts may have."""
    fields = bencode.decode(value)
    fields[b"c"] = 1
    return bencode.encode(fields)


def is_closed(value):
    """True for an item that must not be passed on."""
    try:
        return record.field(record.read_value(value), b"c", 0) != 0
    except MeshError:
        return False


def read(value):
    """Return the Entry values of an item; raise MeshError."""
    entries = []
    for found in record.field(record.read_value(value), b"b", []):
        if not isinstance(found, list) or len(found) != 4:
            raise MeshError("not an entry of a phone book")
        for text in found:
            if not isinstance(text, bytes) or len(text) > MAX_TEXT_BYTES:
                raise MeshError("not a text of a phone book")
        groups = found[3].split(b",") if found[3] else []
        entries.append(Entry(found[0], found[1], found[2], groups))
    return entries
