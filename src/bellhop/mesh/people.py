"""Keys of people: whoever has one moves to another router and keeps the address `NAME@KEY`.

A value is a dict: `p` people, each a list of name, key, sequence and what that key signed: that
its owner is at this node, and how often a router was lost or left before. The node's own signature
around it says the same from the other side.
"""

from collections import namedtuple

from .. import bencode
from ..errors import MeshError
from ..text import is_name
from . import record
from .identity import KEY_BYTES, MAX_SEQUENCE

# name: octets; key: 32 octets; proof: 64 octets. Proofs of a smaller sequence are over.
Person = namedtuple("Person", ("name", "key", "sequence", "proof"))
PARTS = 4
MARK = b"bellhop person 2"
MAX_NAME_BYTES = 64
PERSON_BYTES = 2 * 3 + MAX_NAME_BYTES + KEY_BYTES + 64 + 21 + 8
PEOPLE_OF_ONE = record.MAX_VALUE_BYTES // PERSON_BYTES


def person(name, seed, node, sequence, crypto):
    """Return the Person of that name and seed at a node."""
    proof = crypto.sign(seed, _signed(node, sequence))
    return Person(name[:MAX_NAME_BYTES], crypto.public_key(seed), sequence, proof)


def is_at(one, node, verify):
    """True when a Person's own key says that its owner is at a node."""
    return verify(one.key, _signed(node, one.sequence), one.proof)


def _signed(node, sequence):
    return MARK + node + sequence.to_bytes(8, "big")


def write(people):
    """Return the values of the items that hold these people."""
    pages = [people[at : at + PEOPLE_OF_ONE] for at in range(0, len(people), PEOPLE_OF_ONE)]
    return [bencode.encode({b"p": [list(one) for one in page]}) for page in pages]


def read(value):
    """Return the Person values of an item; raise MeshError."""
    people = []
    for found in record.field(record.read_value(value), b"p", []):
        if not isinstance(found, list) or len(found) != PARTS:
            raise MeshError("not a person")
        name, key, sequence, proof = found
        if [part for part in (name, key, proof) if not isinstance(part, bytes)]:
            raise MeshError("not a person")
        if not isinstance(sequence, int) or not 0 <= sequence <= MAX_SEQUENCE:
            raise MeshError("not a sequence")
        if len(name) > MAX_NAME_BYTES or (len(key), len(proof)) != (KEY_BYTES, 64):
            raise MeshError("not a person")
        if not is_name(name):
            raise MeshError("not a name")
        people.append(Person(name, key, sequence, proof))
    return people
