"""The functions that a node is given for its keys, for tests.

CURVE: X25519, slowly; TOY: the same over a plain prime field, fast enough for whole calls under
MicroPython, and secure against nobody.
"""

from bellhop.errors import BellhopError
from bellhop.media.agreement import Dh, Identity
from tests.support import x25519
from tests.support.x25519 import P

CURVE = Dh(*x25519.CURVE)


def _toy_public(secret):
    return pow(2, int.from_bytes(secret, "big") | 1, P).to_bytes(32, "big")


def _toy_exchange(secret, public):
    shared = pow(int.from_bytes(public, "big"), int.from_bytes(secret, "big") | 1, P)
    return shared.to_bytes(32, "big")


TOY = Dh(_toy_public, _toy_exchange, lambda key: key)


def toy_identity(letter):
    """Return an Identity of the TOY."""
    secret = letter.encode() * 32
    return Identity(_toy_public(secret), secret)


def libsodium(seed=bytes(32)):
    """Return (Dh, X25519 secret of an Ed25519 seed) as a node has them, or None."""
    try:
        from bellhop.shell.mesh.identity import exchange

        functions, _, secret = exchange(seed)
    except (ImportError, BellhopError):
        return None
    return Dh(*functions), secret
