"""The node's identity on disk, the count of its starts, and Ed25519 by libsodium."""

import os
from collections import namedtuple

from ..errors import BellhopError
from . import sodium
from .store import replace

SEED_FILE, EPOCH_FILE = "/identity.seed", "/boot_epoch"
SEED_BYTES = 32

# public_key(seed) -> 32 octets; sign(seed, data) -> 64; verify(public, data, signature) -> bool;
# agree(seed, public) -> 32 octets that only the two nodes know; lock(key, nonce, data) -> data
# sealed, unlock(key, nonce, sealed) -> data or None. Nonces have 24 octets, seals add 16.
Crypto = namedtuple("Crypto", ("public_key", "sign", "verify", "agree", "lock", "unlock"))
SEAL_BYTES = 16


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
    """Return the functions of libsodium, or None where it cannot be loaded."""
    library = sodium.opened()
    if library is None:
        return None
    library.func("i", "sodium_init", "")()
    return Crypto(*(_signing(library) + _sealing(library)))


def without_library(is_trusted):
    """Return functions that sign slowly and check nothing: is_trusted() decides on what has come.

    Secrets between two nodes need the library: a closed phone book stays closed to everybody.
    """
    from . import ed25519  # Only a node without libsodium pays for it in memory.

    keys = {}

    def public_key(seed):
        if seed not in keys:
            keys[seed] = ed25519.public_key(seed)
        return keys[seed]

    return Crypto(
        public_key,
        lambda seed, data: ed25519.sign(seed, public_key(seed), data),
        lambda public, data, signature: is_trusted(),
        lambda seed, public: os.urandom(32),
        lambda key, nonce, data: os.urandom(len(data) + SEAL_BYTES),
        lambda key, nonce, sealed: None,
    )


def _signing(library):
    key_pair = library.func("i", "crypto_sign_seed_keypair", "PPP")
    detached = library.func("i", "crypto_sign_detached", "PPPQP")
    verify_detached = library.func("i", "crypto_sign_verify_detached", "PPQP")
    kept = {}

    def keys(seed):
        if seed not in kept:
            public, secret = bytearray(32), bytearray(64)
            key_pair(public, secret, seed)
            kept[seed] = bytes(public), bytes(secret)
        return kept[seed]

    def sign(seed, data):
        signature = bytearray(64)
        detached(signature, None, data, len(data), keys(seed)[1])
        return bytes(signature)

    def verify(public, data, signature):
        if len(public) != 32 or len(signature) != 64:
            return False
        return verify_detached(signature, data, len(data), public) == 0

    return (lambda seed: keys(seed)[0]), sign, verify, _agreeing(library, keys)


def _agreeing(library, keys):
    secret_of = library.func("i", "crypto_sign_ed25519_sk_to_curve25519", "PP")
    point_of = library.func("i", "crypto_sign_ed25519_pk_to_curve25519", "PP")
    shared_of = library.func("i", "crypto_box_beforenm", "PPP")

    def agree(seed, public):
        secret, point, shared = bytearray(32), bytearray(32), bytearray(32)
        secret_of(secret, keys(seed)[1])
        # Where it is no point of the curve, nobody has the key that belongs to it.
        if len(public) != 32 or point_of(point, public) or shared_of(shared, point, secret):
            return os.urandom(32)
        return bytes(shared)

    return agree


def _sealing(library):
    seal = library.func("i", "crypto_secretbox_easy", "PPQPP")
    unseal = library.func("i", "crypto_secretbox_open_easy", "PPQPP")

    def lock(key, nonce, data):
        sealed = bytearray(len(data) + SEAL_BYTES)
        seal(sealed, data, len(data), nonce, key)
        return bytes(sealed)

    def unlock(key, nonce, sealed):
        if len(sealed) < SEAL_BYTES:
            return None
        data = bytearray(len(sealed) - SEAL_BYTES)
        return bytes(data) if unseal(data, sealed, len(sealed), nonce, key) == 0 else None

    return lock, unlock
