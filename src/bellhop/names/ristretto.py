"""The group ristretto255 in plain integers (RFC 9496): the libsodium of routers is built without.

Not in constant time: who could time it has the router already. A point is (x, y, z, t) of the
twisted Edwards curve in extended coordinates; its 32 octets are the same for all points that count
as equal.
"""

from ..edwards import IDENTITY, SQRT_M1, D, L, P, add, multiply

# RFC 9496 section 4.1.
SQRT_AD_MINUS_ONE = 25063068953384623474111414158702152701244531502492656460079210482610430750235
INVSQRT_A_MINUS_D = 54469307008909316920995813868745141605393597292927456921205312896311721017578
BYTES = 32


def decode(octets):
    """Return the point of 32 octets (section 4.3.1); raises ValueError."""
    s = int.from_bytes(octets, "little")
    if len(octets) != BYTES or s >= P or s & 1:
        raise ValueError("no point")
    square = s * s % P
    u1, u2 = (1 - square) % P, (1 + square) % P
    v = (-D * u1 * u1 - u2 * u2) % P
    is_square, root = _inverse_root(1, v * u2 * u2 % P)
    den_x = root * u2 % P
    den_y = root * den_x * v % P
    x = _absolute(2 * s * den_x)
    y = u1 * den_y % P
    t = x * y % P
    if not is_square or t & 1 or not y:
        raise ValueError("no point")
    return x, y, 1, t


def encode(point):
    """Return the 32 octets of a point (section 4.3.2)."""
    x, y, z, t = point
    u1, u2 = (z + y) * (z - y) % P, x * y % P
    _, root = _inverse_root(1, u1 * u2 * u2 % P)
    den1, den2 = root * u1 % P, root * u2 % P
    inverse = den1 * den2 * t % P
    den = den2
    if t * inverse % P & 1:
        x, y = y * SQRT_M1 % P, x * SQRT_M1 % P
        den = den1 * INVSQRT_A_MINUS_D % P
    if x * inverse % P & 1:
        y = -y
    return _absolute(den * (z - y)).to_bytes(BYTES, "little")


def of_uniform(octets):
    """Return the point that 64 uniform octets stand for (section 4.3.4)."""
    mask = 2**255 - 1
    first = int.from_bytes(octets[:BYTES], "little") & mask
    second = int.from_bytes(octets[BYTES:], "little") & mask
    return add(_mapped(first % P), _mapped(second % P))


def inverse(scalar):
    """Return what undoes a multiplication by a scalar that is not zero."""
    return pow(scalar, L - 2, L)


def _mapped(t):
    """Return the point of one field element (section 4.3.4, MAP)."""
    r = SQRT_M1 * t * t % P
    u = (r + 1) * (1 - D * D) % P
    c, v = P - 1, (-1 - r * D) * (r + D) % P
    is_square, s = _inverse_root(u, v)
    if not is_square:
        s = -_absolute(s * t) % P
        c = r
    n = (c * (r - 1) * (D - 1) * (D - 1) - v) % P
    w0, w1 = 2 * s * v % P, n * SQRT_AD_MINUS_ONE % P
    w2, w3 = (1 - s * s) % P, (1 + s * s) % P
    return w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P


def _inverse_root(u, v):
    """Return (whether u/v is a square, the root of it or of SQRT_M1 u/v) (section 4.2)."""
    cube = v * v * v % P
    root = u * cube * pow(u * cube * cube * v % P, (P - 5) // 8, P) % P
    check = v * root * root % P
    if check in (-u % P, -u * SQRT_M1 % P):
        root = root * SQRT_M1 % P
    return check in (u % P, -u % P), _absolute(root)


def _absolute(value):
    value %= P
    return P - value if value & 1 else value


__all__ = ("IDENTITY", "L", "add", "multiply")
