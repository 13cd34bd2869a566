"""Signing with Ed25519 (RFC 8032) and SHA-512 (FIPS 180-4) where there is no libsodium.

Slow, and not in constant time: for the few records that a node makes of itself, and nothing else.
"""

P = (1 << 255) - 19
ORDER = (1 << 252) + 27742317777372353535851937790883648493
MASK = (1 << 64) - 1
BLOCK_BYTES = 128


def _power(base, exponent):
    """Return base ** exponent mod P (MicroPython's pow with three arguments is optional)."""
    result = 1
    while exponent:
        if exponent & 1:
            result = result * base % P
        base = base * base % P
        exponent >>= 1
    return result


D = -121665 * _power(121666, P - 2) % P
# The base point (section 5.1) as X, Y, Z, T with x = X/Z, y = Y/Z, x*y = T/Z.
BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
BASE_Y = 4 * _power(5, P - 2) % P
BASE = BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P


def _add(one, other):
    """Return the sum of two points (section 5.1.4)."""
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _multiplied(scalar):
    """Return a multiple of the base point as 32 octets."""
    point, double = (0, 1, 1, 0), BASE
    while scalar:
        if scalar & 1:
            point = _add(point, double)
        double = _add(double, double)
        scalar >>= 1
    inverse = _power(point[2], P - 2)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _expanded(seed):
    """Return (secret scalar, prefix) of a seed (section 5.1.5)."""
    octets = sha512(seed)
    scalar = int.from_bytes(octets[:32], "little")
    return scalar & (1 << 254) - 8 | 1 << 254, octets[32:]


def public_key(seed):
    """Return the 32 octets of the public key."""
    return _multiplied(_expanded(seed)[0])


def sign(seed, public, data):
    """Return the 64 octets of a signature (section 5.1.6)."""
    scalar, prefix = _expanded(seed)
    nonce = int.from_bytes(sha512(prefix + data), "little") % ORDER
    point = _multiplied(nonce)
    challenge = int.from_bytes(sha512(point + public + data), "little") % ORDER
    return point + ((nonce + challenge * scalar) % ORDER).to_bytes(32, "little")


def _root(number, power):
    """Return the whole part of a root, by halving."""
    low, high = 0, 1 << 72
    while high - low > 1:
        middle = (low + high) >> 1
        if middle**power <= number:
            low = middle
        else:
            high = middle
    return low


def _constants():
    """Return the first 64 bits of the fractions of roots of primes: square (8), cube (80)."""
    primes = []
    number = 2
    while len(primes) < 80:
        if not [prime for prime in primes if number % prime == 0]:
            primes.append(number)
        number += 1
    start = [_root(prime << 128, 2) & MASK for prime in primes[:8]]
    return start, [_root(prime << 192, 3) & MASK for prime in primes]


START, CONSTANTS = _constants()


def _turned(word, bits):
    return (word >> bits | word << 64 - bits) & MASK


def sha512(data):
    """Return the 64 octets of the digest."""
    state = START
    padding = b"\x80" + bytes(-(len(data) + 17) % BLOCK_BYTES)
    data = data + padding + (8 * len(data)).to_bytes(16, "big")
    for at in range(0, len(data), BLOCK_BYTES):
        mixed = _mixed(state, data[at : at + BLOCK_BYTES])
        state = [(one + other) & MASK for one, other in zip(state, mixed)]
    return b"".join([word.to_bytes(8, "big") for word in state])


def _mixed(state, block):
    words = [int.from_bytes(block[at : at + 8], "big") for at in range(0, BLOCK_BYTES, 8)]
    for at in range(16, 80):
        near, far = words[at - 15], words[at - 2]
        low = _turned(near, 1) ^ _turned(near, 8) ^ near >> 7
        high = _turned(far, 19) ^ _turned(far, 61) ^ far >> 6
        words.append((words[at - 16] + low + words[at - 7] + high) & MASK)
    a, b, c, d, e, f, g, h = state
    for word, constant in zip(words, CONSTANTS):
        chosen = (_turned(e, 14) ^ _turned(e, 18) ^ _turned(e, 41)) + (e & f ^ ~e & MASK & g)
        first = h + chosen + constant + word
        second = (_turned(a, 28) ^ _turned(a, 34) ^ _turned(a, 39)) + (a & b ^ a & c ^ b & c)
        a, b, c, d, e, f, g, h = (first + second) & MASK, a, b, c, (d + first) & MASK, e, f, g
    return a, b, c, d, e, f, g, h
