"""The node's identity on disk: 32 octets that nobody else may see, and the count of its starts."""

import os
from collections import namedtuple

from ..errors import BellhopError
from .system import files, sockets

SEED_FILE, EPOCH_FILE = "/identity.seed", "/boot_epoch"
SEED_BYTES = 32

# Ed25519: public_key(seed) -> 32 octets; sign(seed, data) -> 64; verify(public, data, signature) ->
# bool. Secretbox: agree(seed, public) -> 32 octets that only the two nodes know; lock(key, nonce,
# data) -> data sealed, unlock(key, nonce, sealed) -> data or None; nonces have 24 octets, seals add
# 16. X25519: secret(seed) -> the secret of the same owner; form(public) -> the public key, None
# where it is no point of the main subgroup; base(secret) -> public key; exchange(secret, public) ->
# 32 octets or None. ChaCha20-Poly1305 (RFC 8439): seal(key, nonce, data, ad) -> data sealed;
# unseal(key, nonce, sealed, ad) -> data or None; nonces have 12 octets. Blinded keys, as of
# edwards.blinding: blinded(public, nonce) -> public key or None; sign_blinded(seed, nonce, data).
Crypto = namedtuple(
    "Crypto",
    (
        "public_key", "sign", "verify", "agree", "lock", "unlock",
        "secret", "form", "base", "exchange", "seal", "unseal", "blinded", "sign_blinded",
    ),
)  # fmt: skip


def read(state):
    """Return the seed in the state folder; the first run makes it. Raises BellhopError."""
    path = state + SEED_FILE
    try:
        if not files.exists(path):
            write(state, os.urandom(SEED_BYTES))
        with open(path, "rb") as file:
            seed = file.read()
    except OSError as error:
        words = "the key of this node cannot be kept in %s: %s"
        raise BellhopError(words % (state, sockets.reason(error))) from None
    if len(seed) != SEED_BYTES:
        raise BellhopError("%s is damaged: put a copy of it back" % path)
    return seed


def write(state, seed):
    """Put a seed in place, whole or not at all, readable for the owner alone."""
    files.replace(state + SEED_FILE, [seed])


def next_epoch(state):
    """Return the count of this start: this run's records come after those of all earlier ones."""
    try:
        with open(state + EPOCH_FILE) as file:
            return int(file.read()) + 1
    except (OSError, ValueError):
        return 1


def keep_epoch(state, epoch):
    """Put the count of this start in place; raises OSError."""
    files.replace(state + EPOCH_FILE, [b"%d\n" % epoch])
