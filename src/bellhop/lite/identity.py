"""The node's identity on disk, the count of its starts, and Ed25519 by libsodium."""

import os
from collections import namedtuple

from ..errors import BellhopError
from .store import replace

SEED_FILE, EPOCH_FILE = "/identity.seed", "/boot_epoch"
SEED_BYTES = 32
LIBRARIES = ("libsodium.so.26", "libsodium.so.23", "libsodium.so")

# public_key(seed) -> 32 octets; sign(seed, data) -> 64; verify(public, data, signature) -> bool.
Crypto = namedtuple("Crypto", ("public_key", "sign", "verify"))


def read(state):
    """Return the seed in the state folder; the first run makes it."""
    path = state + SEED_FILE
    try:
        with open(path, "rb") as file:
            seed = file.read()
    except OSError:
        seed = os.urandom(SEED_BYTES)
        replace(path, [seed])
    if len(seed) != SEED_BYTES:
        raise BellhopError("%s is damaged: put a copy of it back" % path)
    return seed


def next_epoch(state):
    """Count this start and return the count: this run's records come after all earlier ones."""
    path = state + EPOCH_FILE
    try:
        with open(path) as file:
            epoch = int(file.read()) + 1
    except (OSError, ValueError):
        epoch = 1
    replace(path, [b"%d\n" % epoch])
    return epoch


def crypto():
    """Return the functions of Ed25519 by libsodium, or None where it cannot be loaded."""
    try:
        import ffi  # Not in every build of MicroPython.
    except ImportError:
        return None
    for name in LIBRARIES:
        try:
            return _bound(ffi.open(name))
        except OSError:
            pass
    return None


def _bound(library):
    key_pair = library.func("i", "crypto_sign_seed_keypair", "PPP")
    detached = library.func("i", "crypto_sign_detached", "PPPQP")
    verify_detached = library.func("i", "crypto_sign_verify_detached", "PPQP")
    secrets = {}

    def keys(seed):
        if seed not in secrets:
            public, secret = bytearray(32), bytearray(64)
            key_pair(public, secret, seed)
            secrets[seed] = bytes(public), bytes(secret)
        return secrets[seed]

    def sign(seed, data):
        signature = bytearray(64)
        detached(signature, None, data, len(data), keys(seed)[1])
        return bytes(signature)

    def verify(public, data, signature):
        if len(public) != 32 or len(signature) != 64:
            return False
        return verify_detached(signature, data, len(data), public) == 0

    library.func("i", "sodium_init", "")()
    return Crypto(lambda seed: keys(seed)[0], sign, verify)
