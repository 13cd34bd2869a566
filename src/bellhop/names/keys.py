"""Keys of people: where they are published, how a call proves one, which sequence still counts.

A published key is a TXT record `v=bh1; k=ed25519; p=<base64 of 32 octets>; s=<decimal>`: the form
of DKIM (RFC 6376 section 3.2) with a raw key (RFC 8463). In calls a proof stands in the header
field `Bellhop-Person: p=<base64>; s=<decimal>; sig=<base64>` beside the message of the key
agreement: the person's key signs the id of the node that speaks for the person now.
"""

import binascii
import hashlib
from collections import namedtuple

from ..sip import uri
from . import answer, enum

# key: 32 octets; floor: a proof with a smaller sequence is of a router that was lost or left.
Published = namedtuple("Published", ("key", "floor"))
# key: 32 octets; sequence: number; signature: 64 octets.
Proof = namedtuple("Proof", ("key", "sequence", "signature"))

LABEL = b"_sipkey."
VERSION, KIND = (b"bh1", b"ed25519")
KEY_BYTES, SIGNATURE_BYTES = (32, 64)
# Records of one name that are looked at.
MAX_RECORDS = 4
HASH_BYTES = 28
MAX_SEQUENCE = 2**63 - 1
MAX_FIELD_BYTES = 512
MARK = b"bellhop person 2"


# Where keys stand.


def of_number(digits, directory):
    """Return the name at which the keys of a telephone number stand in a directory."""
    return LABEL + enum.reversed_labels(digits) + b".e164." + directory


def of_address(user, host):
    """Return the name at which a domain publishes the keys of a user part (octets)."""
    return _hash(uri.unescape(user).lower()) + b"." + LABEL + host.lower()


def of_foreign(user, host, directory):
    """Return where a directory publishes those of an address whose domain publishes nothing."""
    name = uri.unescape(user).lower() + b"@" + host.lower()
    return _hash(name) + b"." + LABEL + directory


def _hash(octets):
    return binascii.hexlify(hashlib.sha256(octets).digest()[:HASH_BYTES])


# What stands there.


def published(records):
    """Return the Published keys in RDATA of TXT; what is none is left out."""
    found = []
    for fields, key in of_txt(records):
        floor = _number(fields.get(b"s", b"0"))
        if floor is not None:
            found.append(Published(key, floor))
    return found


def of_txt(records):
    """Return [(fields, the key in `p`)] of RDATA of TXT that is ours."""
    found = []
    for octets in records[:MAX_RECORDS]:
        try:
            fields = fields_of(b"".join(answer.strings(octets)))
        except ValueError:
            continue
        key = unbase64(fields.get(b"p", b""))
        is_ours = fields.get(b"v") == VERSION and fields.get(b"k") == KIND
        if is_ours and key is not None and len(key) == KEY_BYTES:
            found.append((fields, key))
    return found


def text(found):
    """Return the TXT of a Published, as people paste it into the zone of their domain."""
    fields = VERSION, KIND, base64(found.key), found.floor
    return b"v=%s; k=%s; p=%s; s=%d" % fields


def fields_of(line):
    """Return name -> value of `name=value; name=value` (octets); raises ValueError."""
    fields = {}
    if len(line) > MAX_FIELD_BYTES:
        raise ValueError("too long")
    for part in line.split(b";"):
        name, equals, value = part.strip().partition(b"=")
        if not part.strip():
            continue
        if not equals or name.strip() in fields:
            raise ValueError("not a list of fields")
        fields[name.strip()] = value.strip()
    return fields


# Proofs.


def prove(seed, node, sequence, crypto):
    """Return the Proof that the person with this seed is at a node, for now and `sequence`."""
    signed = _signed(node, sequence)
    return Proof(crypto.public_key(seed), sequence, crypto.sign(seed, signed))


def proves(proof, node, verify):
    """Tell whether a Proof is one for this node; verify(key, data, signature) -> bool."""
    return verify(proof.key, _signed(node, proof.sequence), proof.signature)


def _signed(node, sequence):
    return MARK + node + sequence.to_bytes(8, "big")


def write_proof(proof):
    """Return the value of Bellhop-Person."""
    fields = base64(proof.key), proof.sequence, base64(proof.signature)
    return b"p=%s; s=%d; sig=%s" % fields


def read_proof(value):
    """Return the Proof in the value of Bellhop-Person, unchecked, or None."""
    try:
        fields = fields_of(value)
    except ValueError:
        return None
    key, signature = unbase64(fields.get(b"p", b"")), unbase64(fields.get(b"sig", b""))
    sequence = _number(fields.get(b"s", b""))
    if key is None or signature is None or sequence is None:
        return None
    if len(key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return None
    return Proof(key, sequence, signature)


# What was looked up.


def write_told(name, found, seal):
    """Return the value of Bellhop-Looked-Up: the Published keys that the DNS told of a name.

    seal(data): what only the two ends of the call can make of it.
    """
    listed = b",".join([base64(one.key) for one in found])
    return b"n=%s; p=%s; tag=%s" % (base64(name), listed, base64(seal(name + b" " + listed)))


def read_told(value, seal):
    """Return (name, [keys]) in the value of Bellhop-Looked-Up, or None where it does not fit."""
    try:
        fields = fields_of(value)
    except ValueError:
        return None
    name, listed = unbase64(fields.get(b"n", b"")), fields.get(b"p", b"")
    told = [unbase64(one) for one in listed.split(b",")]
    if name is None or None in told or len(told) > MAX_RECORDS:
        return None
    tag = unbase64(fields.get(b"tag", b""))
    return (name, told) if tag == seal(name + b" " + listed) else None


def fits(proof, found):
    """Tell whether a checked Proof is by one of the Published keys, and no older than its floor."""
    for one in found:
        if one.key == proof.key and proof.sequence >= one.floor:
            return True
    return False


def is_outdated(proof, found):
    """Tell whether the key is published, and the proof of a router that was lost or left."""
    return not fits(proof, found) and proof.key in [one.key for one in found]


def _number(octets):
    if not octets or octets.strip(enum.DIGITS) or len(octets) > 19:
        return None
    number = int(octets)
    return number if number <= MAX_SEQUENCE else None


def base64(octets):
    """Return octets as base64 (octets)."""
    return binascii.b2a_base64(octets).strip()


def unbase64(value):
    """Return what base64 stands for, or None."""
    try:
        found = binascii.a2b_base64(value)
    except ValueError:
        return None
    return found if base64(found) == value else None
