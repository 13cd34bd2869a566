"""Keys of people on disk, one file a user, and sealed copies of them for another router."""

import os

from ...errors import BellhopError
from ...world import sealed
from ...world.system import files
from . import identity

FOLDER, ENDING, SEQUENCE = "users", ".seed", ".sequence"
SEQUENCE_BYTES = 8
EXPORT_HEAD = "bellhop-person-1:"


def read(state):
    """Return {name: seed} of all that are in the state folder."""
    found = {}
    folder = os.path.join(state, FOLDER)
    for file in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        name, ending = os.path.splitext(file)
        if ending == ENDING:
            with open(os.path.join(folder, file), "rb") as opened:
                seed = opened.read()
            if len(seed) == identity.SEED_BYTES:
                found[name] = seed
    return found


def with_sequences(state):
    """Return {name: (seed, sequence of the proofs made with it)} of all in the state folder."""
    return {name: (seed, _sequence(state, name)) for name, seed in read(state).items()}


def _sequence(state, name):
    try:
        with open(os.path.join(state, FOLDER, name + SEQUENCE), encoding="ascii") as file:
            return int(file.read(20) or 0)
    except (OSError, ValueError):
        return 0


def outdate(state, name):
    """Begin a new sequence: proofs of a router that was lost count no longer, once published."""
    _write_sequence(state, name, _sequence(state, name) + 1)


def _write_sequence(state, name, sequence):
    files.replace(os.path.join(state, FOLDER, name + SEQUENCE), [b"%d" % sequence])


def make(state, name):
    """Return a user's seed, made now where there is none."""
    seed = read(state).get(name)
    if seed is None:
        seed = os.urandom(identity.SEED_BYTES)
        write(state, name, seed)
    return seed


def write(state, name, seed, sequence=0):
    """Put a user's seed in place; raises BellhopError where the name is none of a user."""
    if not name or "/" in name or name.startswith("."):
        raise BellhopError("'%s' is no name of a user" % name)
    os.makedirs(os.path.join(state, FOLDER), mode=0o700, exist_ok=True)
    _write_sequence(state, name, sequence)
    files.replace(os.path.join(state, FOLDER, name + ENDING), [seed])


def export(state, name, passphrase):
    """Return a user's key as one line that only the passphrase opens; raises BellhopError."""
    seed = read(state).get(name)
    if seed is None:
        raise BellhopError("%s has no key here; `bellhop person-key %s` makes one" % (name, name))
    number = _sequence(state, name).to_bytes(SEQUENCE_BYTES, "big")
    return sealed.seal(identity.sealing(), EXPORT_HEAD, seed + number + name.encode(), passphrase)


def unseal(text, passphrase):
    """Return (name, seed, sequence) in what `export` gave; raises BellhopError."""
    octets = sealed.unseal(identity.sealing(), EXPORT_HEAD, text, passphrase)
    seed, rest = octets[: identity.SEED_BYTES], octets[identity.SEED_BYTES :]
    return rest[SEQUENCE_BYTES:].decode(), seed, int.from_bytes(rest[:SEQUENCE_BYTES], "big")
