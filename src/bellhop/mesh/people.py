"""Keys of people: whoever has one moves to another router and keeps the address `NAME@KEY`.

A value is a dict: `p` people, each a list of name, key and what that key signed: that its owner is
at this node. The node's own signature around it says the same from the other side.
"""

from collections import namedtuple

from .. import bencode
from ..errors import MeshError
from ..text import is_name
from . import record
from .identity import KEY_BYTES

# name: octets; key: 32 octets; proof: 64 octets.
Person = namedtuple("Person", ("name", "key", "proof"))
MARK = b"bellhop person 1"
MAX_NAME_BYTES = 64
PERSON_BYTES = 2 * 3 + MAX_NAME_BYTES + KEY_BYTES + 64 + 8
PEOPLE_OF_ONE = record.MAX_VALUE_BYTES // PERSON_BYTES


def person(name, seed, node, crypto):
    """Return the Person of that name and seed at a node."""
    return Person(name[:MAX_NAME_BYTES], crypto.public_key(seed), crypto.sign(seed, MARK + node))


def is_at(one, node, verify):
    """True when a Person's own key says that its owner is at a node."""
    return verify(one.key, MARK + node, one.proof)


def write(people):
    """Return the values of the items that hold these people."""
    pages = [people[at : at + PEOPLE_OF_ONE] for at in range(0, len(people), PEOPLE_OF_ONE)]
    return [bencode.encode({b"p": [list(one) for one in page]}) for page in pages]


def read(value):
    """Return the Person values of an item; raise MeshError."""
    people = []
    for found in record.field(record.read_value(value), b"p", []):
        if not isinstance(found, list) or len(found) != 3:
            raise MeshError("not a person")
        if [part for part in found if not isinstance(part, bytes)]:
            raise MeshError("not a person")
        if len(found[0]) > MAX_NAME_BYTES or [len(part) for part in found[1:]] != [KEY_BYTES, 64]:
            raise MeshError("not a person")
        if not is_name(found[0]):
            raise MeshError("not a name")
        people.append(Person(found[0], found[1], found[2]))
    return people
