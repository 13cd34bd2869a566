"""libsodium by ffi, and its SHA-256 where that of the interpreter does harm.

OpenWrt builds MicroPython with smaller structures of mbedtls than the library has: where words have
32 bits, hashlib.sha256 writes behind its object, and its digests change with what lies there.
"""

import hashlib
import sys

LIBRARIES = ("libsodium.so.26", "libsodium.so.23", "libsodium.so")


def opened():
    """Return the library, or None where it cannot be loaded."""
    try:
        import ffi  # Not in every build of MicroPython.
    except ImportError:
        return None
    for name in LIBRARIES:
        try:
            return ffi.open(name)
        except OSError:
            continue
    return None


def has_digests():
    """Tell whether SHA-256 can be relied on."""
    return bool(sys.maxsize >> 32) or opened() is not None


def mend_hashlib():
    """Let what is loaded from now on have the library's SHA-256, where words have 32 bits."""
    library = None if sys.maxsize >> 32 else opened()
    if library is None:
        return
    begin = library.func("i", "crypto_hash_sha256_init", "P")
    feed = library.func("i", "crypto_hash_sha256_update", "PPQ")
    finish = library.func("i", "crypto_hash_sha256_final", "PP")
    state_bytes = library.func("I", "crypto_hash_sha256_statebytes", "")()

    class Sha256:
        def __init__(self, data=b""):
            self.state = bytearray(state_bytes)
            begin(self.state)
            feed(self.state, data, len(data))

        def update(self, data):
            feed(self.state, data, len(data))

        def digest(self):
            made = bytearray(32)
            finish(self.state, made)
            return bytes(made)

    class Hashes:
        md5, sha256 = hashlib.md5, Sha256

    sys.modules["hashlib"] = Hashes
