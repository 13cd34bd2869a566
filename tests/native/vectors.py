"""Writes the known answers that test_vectors.c reads."""

from tests.native import reference_srtp

# Name, number in bellhop_media.h, bytes of master key and master salt.
SUITES = (
    ("AES_CM_128_HMAC_SHA1_80", 1, 16, 14),
    ("AES_CM_128_HMAC_SHA1_32", 2, 16, 14),
    ("AEAD_AES_128_GCM", 3, 16, 12),
    ("AEAD_AES_256_GCM", 4, 32, 12),
    ("AES_256_CM_HMAC_SHA1_80", 5, 32, 14),
    ("AES_256_CM_HMAC_SHA1_32", 6, 32, 14),
    ("NULL_HMAC_SHA1_80", 7, 16, 14),
)
# RFC 3711 B.3; the longer key goes on with its own complement.
MASTER_KEY = bytes.fromhex("e1f97a0d3e018be0d64fa32c06de4139")
MASTER_KEY += bytes(255 - b for b in MASTER_KEY)
MASTER_SALT = bytes.fromhex("0ec675ad498afeebb6960b3aabe6")
SSRC = bytes.fromhex("cafebabe")
# Across a rollover, one packet out of order.
INDICES = (0xFFFE, 0x10000, 0xFFFF, 0x10001, 0x17000, 0x1F000, 0x20003)


def rtp(index, first, head):
    """Return a clear packet: first octet, what follows the fixed header."""
    sequence = (index & 0xFFFF).to_bytes(2, "big")
    return first + sequence + b"\xde\xca\xfb\xad" + SSRC + head + bytes(range(index % 50))


def packets():
    """Yield kind, index and clear packet, in the order of sending."""
    for index in INDICES:
        yield "rtp", index, rtp(index, b"\x80\x0f", b"")
    # Two contributing sources, then a header extension of one word.
    yield "rtp", 0x20004, rtp(0x20004, b"\x82\x8f", b"\1\2\3\4\5\6\7\x08")
    yield "rtp", 0x20005, rtp(0x20005, b"\x90\x0f", b"\xbe\xde\0\1\x10\xaa\0\0")
    for index in (1, 3, 5):
        yield "rtcp", index, b"\x80\xc9\0\x01" + SSRC
        yield "rtcp", index + 1, b"\x81\xc9\0\x07" + SSRC + bytes(range(24))


def lines():
    """Yield one line for each packet of each suite."""
    for name, number, key_length, salt_length in SUITES:
        key, salt = MASTER_KEY[:key_length], MASTER_SALT[:salt_length]
        for kind, index, clear in packets():
            protect = getattr(reference_srtp, "protect_" + kind)
            secret = protect(name, key, salt, clear, index)
            yield "%d %s %s %s %s %s" % (
                (number, key.hex(), salt.hex(), kind, clear.hex(), secret.hex())
            )
