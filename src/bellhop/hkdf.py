"""HMAC-SHA-256 (RFC 2104) and HKDF (RFC 5869) from hashlib alone."""

import hashlib

BLOCK = 64


def hmac(key, data):
    """Return the 32 octets that only an owner of the key can make of `data`."""
    if len(key) > BLOCK:
        key = hashlib.sha256(key).digest()
    key += bytes(BLOCK - len(key))
    inner = bytes([octet ^ 0x36 for octet in key])
    outer = bytes([octet ^ 0x5C for octet in key])
    return hashlib.sha256(outer + hashlib.sha256(inner + data).digest()).digest()


def extract(salt, secret):
    """Return the pseudorandom key of a secret (section 2.2)."""
    return hmac(salt, secret)


def expand(key, info, size):
    """Return `size` octets for one use, named by `info` (section 2.3)."""
    made = block = b""
    while len(made) < size:
        block = hmac(key, block + info + bytes((len(made) // 32 + 1,)))
        made += block
    return made[:size]


def equal(one, other):
    """Compare octets in a time that does not tell where they differ."""
    difference = len(one) ^ len(other)
    for left, right in zip(one, other):
        difference |= left ^ right
    return difference == 0
