"""X25519 (RFC 7748 section 5) in a few lines, for tests only: slow, and not constant in time.

CURVE: the functions that a node is given, by these lines.
"""

from collections import namedtuple

P = 2**255 - 19
BASE = 9


def ladder(scalar, point):
    """Return the u-coordinate of scalar times point."""
    x1, x2, z2, x3, z3 = point, 1, 0, point, 1
    for bit in range(254, -1, -1):
        one = scalar >> bit & 1
        if one:
            x2, z2, x3, z3 = x3, z3, x2, z2
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % P, b * b % P, d * a % P, c * b % P
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, (aa - bb) * (aa + 121665 * (aa - bb)) % P
        if one:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return x2 * pow(z2, P - 2, P) % P


def x25519(secret, public):
    """Return the 32 octets that two owners of keys share."""
    number = int.from_bytes(secret, "little") & (2**255 - 8) & (2**255 - 1) | 2**254
    point = int.from_bytes(public, "little") & (2**255 - 1)
    return ladder(number, point).to_bytes(32, "little")


def to_montgomery(public):
    """Return the X25519 key of an Ed25519 one (RFC 7748 section 4.1), None for one of no use."""
    y = int.from_bytes(public, "little") & (2**255 - 1)
    if y in (0, 1, P - 1):
        return None
    return ((1 + y) * pow(1 - y + P, P - 2, P) % P).to_bytes(32, "little")


def public(secret):
    """Return the public key of a secret."""
    return x25519(secret, BASE.to_bytes(32, "little"))


Curve = namedtuple("Curve", ("public", "exchange", "identity_public"))
CURVE = Curve(public, x25519, to_montgomery)
