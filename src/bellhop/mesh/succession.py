"""What becomes of a node's key: it names its heir, it is revoked, a new router takes a place.

Three records, each with a salt of its own (record.py). Of the old key, with the highest sequence
there is, so that nobody goes past it: `next` names the heir; `over` revokes the key, and may name
an heir too. After either no other record of that key counts. Of a new key: `repl` says whose place
it takes, which counts where the key of a person who lived there has signed it, or where an owner
says so. Values are dicts: `n` the heir, `o` the old key, `p` the person, `s` the signature of heir
or person.
"""

from collections import namedtuple

from .. import bencode
from ..errors import MeshError
from . import record
from .identity import KEY_BYTES, MAX_SEQUENCE

# What became of the key `old`: new, its heir, or None.
Ending = namedtuple("Ending", ("old", "new", "is_revoked"))
# The node `new` says that it stands in the place of `old`; person: who has signed it, or None.
Replacement = namedtuple("Replacement", ("new", "old", "person"))

NEXT_MARK, REPLACES_MARK = b"bellhop next 1", b"bellhop replaces 1"
# Keys that follow each other.
MAX_HEIRS = 8


def write_ending(salt, old, sign, heir, sign_heir):
    """Return the record that ends a key: salt NEXT_SALT, or OVER_SALT, where heir may be None.

    sign, sign_heir(data) -> 64 octets, by the old key and by the heir's.
    """
    value = {}
    if heir is not None:
        value = {b"n": heir, b"s": sign_heir(NEXT_MARK + old + heir)}
    return record.write(old, MAX_SEQUENCE, salt, bencode.encode(value), sign)


def read_ending(item, verify):
    """Return the Ending in an Item; raise MeshError."""
    value = record.read_value(item.value)
    heir = record.field(value, b"n", b"")
    if not heir and item.salt == record.OVER_SALT:
        return Ending(item.key, None, True)
    signature = record.field(value, b"s", b"")
    if len(heir) != KEY_BYTES or not verify(heir, NEXT_MARK + item.key + heir, signature):
        raise MeshError("no heir has signed it")
    return Ending(item.key, heir, item.salt == record.OVER_SALT)


def write_replacement(new, old, person, sign):
    """Return the value of `repl`. person: a public key, with sign(data); or None."""
    value = {b"o": old}
    if person is not None:
        value[b"p"], value[b"s"] = person, sign(REPLACES_MARK + old + new)
    return bencode.encode(value)


def read_replacement(item, verify):
    """Return the Replacement in an Item, or None where it says nothing; raise MeshError."""
    value = record.read_value(item.value)
    old, person = record.field(value, b"o", b""), record.field(value, b"p", b"")
    if not old:
        return None
    if len(old) != KEY_BYTES or len(person) not in (0, KEY_BYTES):
        raise MeshError("not a key")
    signature = record.field(value, b"s", b"")
    if person and not verify(person, REPLACES_MARK + old + item.key, signature):
        raise MeshError("the person has not signed it")
    return Replacement(item.key, old, person or None)


def heir(node, ending_of):
    """Return the id that stands for a node now; ending_of(id): its Ending, or None."""
    for _ in range(MAX_HEIRS):
        ending = ending_of(node)
        if ending is None or ending.new is None:
            break
        node = ending.new
    return node
