"""Statements: what a directory publishes of a name, signed, for whoever cannot ask it now.

Bencode `{d, e, h?, k, n, s, u?}` behind its Ed25519 signature. In calls one stands in the header
field `Bellhop-Statement`, in base64. The key of it stands in the DNS: the TXT record of
`_directory.D`, `v=bh1; k=ed25519; p=<base64>; api=<URI>; t=<key of the log's tags>`.
"""

from collections import namedtuple

from ..bencode import decode, encode
from ..errors import MeshError
from . import keys
from .keys import KEY_BYTES, MAX_SEQUENCE, SIGNATURE_BYTES

LABEL = b"_directory."
# key: of the directory's statements, 32 octets; api: its URI, octets; tags: the key of its log's
# tags, 32 octets or b"".
Directory = namedtuple("Directory", ("key", "api", "tags"))
# directory: its zone; until: last day, days since 1970; key: 32 octets; name: number with + or
# address; floor: as Published has it; address: SIP URI or b""; head: of the public log when this
# was signed (tree.write_head), or b"". All octets but the numbers.
Statement = namedtuple(
    "Statement", ("directory", "until", "key", "name", "floor", "address", "head")
)
MAX_BYTES = 700
FIELDS = (b"d", b"e", b"k", b"n", b"s")
# What may be missing.
SPARE = (b"u", b"h")


def directory(records):
    """Return the Directory in RDATA of the TXT of `_directory.D`, or None."""
    for fields, key in keys.of_txt(records):
        tags = keys.unbase64(fields.get(b"t", b"")) or b""
        return Directory(key, fields.get(b"api", b""), tags)
    return None


def write(statement, sign):
    """Return the octets of a signed Statement; sign(data) -> 64 octets."""
    fields = dict(zip(FIELDS, statement))
    fields.update({field: value for field, value in zip(SPARE, statement[len(FIELDS) :]) if value})
    value = encode(fields)
    return sign(value) + value


def read(octets, key, verify):
    """Return the Statement that the directory with this statement key has signed, or None."""
    found = _statement(octets)
    if found is None or not verify(key, octets[SIGNATURE_BYTES:], octets[:SIGNATURE_BYTES]):
        return None
    return found


def directory_of(octets):
    """Return the zone of the directory that a statement claims to be of, unchecked, or None."""
    found = _statement(octets)
    return None if found is None else found.directory


def _statement(octets):
    if not SIGNATURE_BYTES < len(octets) <= MAX_BYTES:
        return None
    try:
        value = decode(octets[SIGNATURE_BYTES:])
    except MeshError:
        return None
    if not isinstance(value, dict):
        return None
    spare = [value.get(field, b"") for field in SPARE]
    found = Statement(*([value.get(field) for field in FIELDS] + spare))
    kinds = (bytes, int, bytes, bytes, int, bytes, bytes)
    if [one for one, kind in zip(found, kinds) if not isinstance(one, kind)]:
        return None
    is_known = len(found.key) == KEY_BYTES and 0 <= found.floor <= MAX_SEQUENCE
    return found if is_known and found.until >= 0 else None
