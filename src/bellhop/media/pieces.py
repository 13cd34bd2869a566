"""Octets of the key agreement: pieces out of a message, and into one.

Tested with the agreement.
"""

from ..errors import SipError

VERSION = 1


def behind_head(octets, kind, size, more=0):
    """Return a message behind its head; refuses with 488. more: octets that may follow, 1..more."""
    if octets[:1] != bytes((VERSION,)) or octets[1:2] != bytes((kind,)):
        raise SipError(488, "the far end's key is of a kind that this node does not know")
    if not size + (more > 0) <= len(octets) - 2 <= size + more:
        raise SipError(488, "the far end's key is not whole")
    return octets[2:]


def split(octets, *sizes):
    """Return pieces of these sizes, and the rest."""
    pieces = []
    for size in sizes:
        pieces.append(octets[:size])
        octets = octets[size:]
    return pieces + [octets]


def sized(octets):
    """Return octets behind their number."""
    return len(octets).to_bytes(2, "big") + octets


def joined(lines):
    """Return lines as one text of octets that no other lines give."""
    return bytes((len(lines),)) + b"".join([sized(line) for line in lines])
