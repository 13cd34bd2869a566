"""ristretto255 by the machine's libsodium, a hundred times faster; else in plain integers."""

import ctypes
import ctypes.util
import hashlib

from bellhop.names import blind, ristretto


def sha512(octets):
    """Return 64 octets."""
    return hashlib.sha512(octets).digest()


class Sodium:
    """What bellhop.names.blind does, by libsodium."""

    def __init__(self, library):
        self.library = library
        if library.sodium_init() < 0:
            raise OSError("libsodium does not start")
        self.multiply = library.crypto_scalarmult_ristretto255

    def evaluate(self, octets, key):
        """Return a point taken `key` times; raises ValueError."""
        found = ctypes.create_string_buffer(ristretto.BYTES)
        scalar = key.to_bytes(ristretto.BYTES, "little")
        if len(octets) != ristretto.BYTES or self.multiply(found, scalar, octets):
            raise ValueError("no point")
        return found.raw

    def point_of(self, text, context=blind.CONTEXT):
        """Return the octets of the point that a text is hashed to."""
        found = ctypes.create_string_buffer(ristretto.BYTES)
        octets = blind.uniform_of(text, sha512, context)
        self.library.crypto_core_ristretto255_from_hash(found, octets)
        return found.raw


class Plain:
    """The same without a library."""

    evaluate = staticmethod(blind.evaluate)

    def point_of(self, text, context=blind.CONTEXT):
        """Return the octets of the point that a text is hashed to."""
        return ristretto.encode(blind.point_of(text, sha512, context))


def best():
    """Return Sodium where there is one that can."""
    name = ctypes.util.find_library("sodium")
    try:
        return Sodium(ctypes.CDLL(name)) if name else Plain()
    except (OSError, AttributeError):
        return Plain()
