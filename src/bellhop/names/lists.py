"""The list of directories and providers: signed by two of three keepers, never an older one.

The head is bencode `{e, h, n, u}` (last day, SHA-256 of the list, sequence, URIs of it); a carrier
is bencode `{l, s, t}`: the head, signatures (number of the keeper -> 64 octets), the list as JSON.
"""

import binascii
import hashlib
import json
from collections import namedtuple

from ..bencode import decode, encode
from ..errors import MeshError

MARK = b"bellhop list 1"
KEEPERS, NEEDED = (3, 2)
MAX_BYTES = 65536
# sequence, until (days since 1970): numbers; digest: 32 octets; places: list of octets.
Head = namedtuple("Head", ("sequence", "until", "digest", "places"))


def write_head(sequence, until, places, text):
    """Return the octets that the keepers sign; text: the list, octets of JSON."""
    digest = hashlib.sha256(text).digest()
    return encode({b"e": until, b"h": digest, b"n": sequence, b"u": list(places)})


def sign(head, seed, crypto):
    """Return the signature of a keeper."""
    return crypto.sign(seed, MARK + head)


def carry(head, signatures, text):
    """Return the octets of a carrier. signatures: number of the keeper -> signature."""
    signed = {b"%d" % number: signatures[number] for number in signatures}
    return encode({b"l": head, b"s": signed, b"t": text})


def read(octets, keepers, sequence, verify):
    """Return (Head, the list as a dict) of a carrier; raises ValueError with what is wrong.

    keepers: their keys; sequence: of the list that is kept, 0 where there is none.
    """
    if len(octets) > 2 * MAX_BYTES:
        raise ValueError("it is too long")
    found, text = read_head(octets, keepers, verify), _fields(octets).get(b"t")
    if found.sequence < sequence:
        raise ValueError("it is older than the one that was seen")
    if not isinstance(text, bytes) or len(text) > MAX_BYTES:
        raise ValueError("it is too long")
    if hashlib.sha256(text).digest() != found.digest:
        raise ValueError("what it says is not what was signed")
    return found, _json(text)


def read_head(octets, keepers, verify):
    """Return the Head of a carrier, or of one without its list; raises ValueError."""
    fields = _fields(octets)
    try:
        head, signed = fields[b"l"], fields[b"s"]
        value = decode(head)
        found = Head(*[value[name] for name in (b"n", b"e", b"h", b"u")])
        parts = list(signed.items())
    except (MeshError, KeyError, TypeError, AttributeError):
        raise ValueError("it is no list") from None
    kinds = (int, int, bytes, list)
    if [one for one, kind in zip(found, kinds) if not isinstance(one, kind)]:
        raise ValueError("it is no list")
    count = 0
    for number, key in enumerate(keepers[:KEEPERS]):
        for name, signature in parts:
            is_theirs = name == b"%d" % number and isinstance(signature, bytes)
            if is_theirs and len(signature) == 64 and verify(key, MARK + head, signature):
                count += 1
    if count < NEEDED:
        raise ValueError("%d of its keepers have signed it, %d are needed" % (count, NEEDED))
    return found


def bare(octets):
    """Return a carrier without its list: what fits a record of the mesh."""
    fields = _fields(octets)
    return encode({name: fields[name] for name in (b"l", b"s") if name in fields})


def _fields(octets):
    try:
        found = decode(octets)
    except MeshError:
        found = None
    if not isinstance(found, dict):
        raise ValueError("it is no list")
    return found


def _json(text):
    try:
        found = json.loads(text.decode())
    except ValueError:
        raise ValueError("it is no JSON") from None
    if not isinstance(found, dict):
        raise ValueError("it is no list")
    return found


def keepers_of(texts):
    """Return the keys in base64 texts; raises ValueError."""
    found = []
    for text in texts:
        key = binascii.a2b_base64(text)
        if len(key) != 32:
            raise ValueError("a keeper's key is 32 octets in base64")
        found.append(key)
    return found
