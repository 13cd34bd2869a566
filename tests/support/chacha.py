"""ChaCha20-Poly1305 by the text of RFC 8439, slowly: for tests where there is no libsodium."""

import struct

MASK = 0xFFFFFFFF


def _number(octets):
    return int.from_bytes(octets, "little")


def _quarter(x, a, b, c, d):
    for left, right, bits in ((a, d, 16), (c, b, 12), (a, d, 8), (c, b, 7)):
        # a += b, d ^= a and c += d, b ^= c in turns.
        add = b if left == a else d
        x[left] = x[left] + x[add] & MASK
        word = x[right] ^ x[left]
        x[right] = (word << bits | word >> 32 - bits) & MASK


def _block(key, nonce, counter):
    start = list(
        struct.unpack("<16I", b"expand 32-byte k" + key + struct.pack("<I", counter) + nonce)
    )
    x = list(start)
    for _ in range(10):
        for at in range(4):
            _quarter(x, at, at + 4, at + 8, at + 12)
        for at in range(4):
            _quarter(x, at, 4 + (at + 1) % 4, 8 + (at + 2) % 4, 12 + (at + 3) % 4)
    return struct.pack("<16I", *[one + other & MASK for one, other in zip(x, start)])


def _stream(key, nonce, data):
    done = b""
    for at in range(0, len(data), 64):
        block = _block(key, nonce, 1 + at // 64)
        done += bytes([one ^ other for one, other in zip(data[at : at + 64], block)])
    return done


def _tag(key, nonce, sealed, ad):
    block = _block(key, nonce, 0)
    r, s = _number(block[:16]) & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF, _number(block[16:32])
    data = ad + bytes(-len(ad) % 16) + sealed + bytes(-len(sealed) % 16)
    data += struct.pack("<QQ", len(ad), len(sealed))
    sum_ = 0
    for at in range(0, len(data), 16):
        sum_ = (sum_ + _number(data[at : at + 16] + b"\1")) * r % ((1 << 130) - 5)
    return (sum_ + s & (1 << 128) - 1).to_bytes(16, "little")


def seal(key, nonce, data, ad):
    """Return data sealed (RFC 8439 section 2.8)."""
    sealed = _stream(key, nonce, data)
    return sealed + _tag(key, nonce, sealed, ad)


def unseal(key, nonce, sealed, ad):
    """Return what was sealed, or None."""
    data, tag = sealed[:-16], sealed[-16:]
    return _stream(key, nonce, data) if tag == _tag(key, nonce, data, ad) else None
