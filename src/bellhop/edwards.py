"""The curve of Ed25519 in plain integers (RFC 8032), and keys that nobody links: blinded ones.

The libsodium of routers promises no multiplication on it. Not in constant time: who could time it
has the router already. A point is (x, y, z, t) in extended coordinates. sha512(octets) -> 64 octets
comes in from outside: MicroPython has none.
"""

P = 2**255 - 19
# The order of the base point: scalars are counted modulo it.
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)
IDENTITY = (0, 1, 1, 0)
BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)
MARK = b"bellhop box 1"


def add(one, other):
    """Return the sum of two points (RFC 8032 section 5.1.4)."""
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * D * t1 * t2 % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, point):
    """Return a point taken `scalar` times."""
    found = IDENTITY
    while scalar:
        if scalar & 1:
            found = add(found, point)
        point = add(point, point)
        scalar >>= 1
    return found


def encode(point):
    """Return the 32 octets of a point (section 5.1.2)."""
    x, y, z, _ = point
    inverse = pow(z, P - 2, P)
    return (y * inverse % P | (x * inverse % P & 1) << 255).to_bytes(32, "little")


def decode(octets):
    """Return the point of 32 octets (section 5.1.3), or None."""
    number = int.from_bytes(octets, "little")
    y, sign = number & (1 << 255) - 1, number >> 255
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * SQRT_M1 % P
    if len(octets) != 32 or y >= P or v * x * x % P != u or (not x and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def _number(octets):
    return int.from_bytes(octets, "little")


def _factor(public, nonce, sha512):
    return _number(sha512(MARK + public + nonce)) % L


def blinding(sha512, public_key):
    """Return (blinded, sign): the functions that keys need which a nonce makes of another key.

    blinded(public, nonce) -> the public key, None where `public` is no key;
    sign(seed, nonce, data) -> its signature (RFC 8032 section 5.1.6).
    """

    def blinded(public, nonce):
        point = decode(public)
        if point is None:
            return None
        return encode(multiply(_factor(public, nonce, sha512), point))

    def sign(seed, nonce, data):
        made = sha512(seed)
        secret = _number(made[:32]) & (1 << 254) - 8 | 1 << 254
        secret = secret * _factor(public_key(seed), nonce, sha512) % L
        public = encode(multiply(secret, BASE))
        once = _number(sha512(sha512(made[32:] + nonce)[:32] + data)) % L
        begin = encode(multiply(once, BASE))
        mixed = _number(sha512(begin + public + data)) % L
        return begin + ((once + mixed * secret) % L).to_bytes(32, "little")

    return blinded, sign
