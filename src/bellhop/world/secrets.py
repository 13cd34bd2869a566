"""The node's identity on disk: 32 octets that nobody else may see, and the count of its starts."""

import os
from collections import namedtuple

from ..errors import BellhopError
from .system import files

SEED_FILE, EPOCH_FILE = "/identity.seed", "/boot_epoch"
SEED_BYTES = 32

# public_key(seed) -> 32 octets; sign(seed, data) -> 64; verify(public, data, signature) -> bool;
# agree(seed, public) -> 32 octets that only the two nodes know; lock(key, nonce, data) -> data
# sealed, unlock(key, nonce, sealed) -> data or None. Nonces have 24 octets, seals add 16.
Crypto = namedtuple("Crypto", ("public_key", "sign", "verify", "agree", "lock", "unlock"))


def read(state):
    """Return the seed in the state folder; the first run makes it."""
    path = state + SEED_FILE
    if not files.exists(path):
        write(state, os.urandom(SEED_BYTES))
    with open(path, "rb") as file:
        seed = file.read()
    if len(seed) != SEED_BYTES:
        raise BellhopError("%s is damaged: put a copy of it back" % path)
    return seed


def write(state, seed):
    """Put a seed in place, whole or not at all, readable for the owner alone."""
    files.replace(state + SEED_FILE, [seed])


def next_epoch(state):
    """Count this start and return the count: this run's records come after all earlier ones."""
    path = state + EPOCH_FILE
    try:
        with open(path) as file:
            epoch = int(file.read()) + 1
    except (OSError, ValueError):
        epoch = 1
    files.replace(path, [b"%d\n" % epoch])
    return epoch
