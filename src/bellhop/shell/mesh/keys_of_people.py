"""Keys of people on disk, one file a user, and sealed copies of them for another router."""

import os

from ...errors import BellhopError
from ...world import sealed
from ...world.system import files
from . import identity

FOLDER, ENDING = "users", ".seed"
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


def make(state, name):
    """Return a user's seed, made now where there is none."""
    seed = read(state).get(name)
    if seed is None:
        seed = os.urandom(identity.SEED_BYTES)
        write(state, name, seed)
    return seed


def write(state, name, seed):
    """Put a user's seed in place; raises BellhopError where the name is none of a user."""
    if not name or "/" in name or name.startswith("."):
        raise BellhopError("'%s' is no name of a user" % name)
    os.makedirs(os.path.join(state, FOLDER), mode=0o700, exist_ok=True)
    files.replace(os.path.join(state, FOLDER, name + ENDING), [seed])


def export(state, name, passphrase):
    """Return a user's key as one line that only the passphrase opens; raises BellhopError."""
    seed = read(state).get(name)
    if seed is None:
        raise BellhopError("%s has no key here; `bellhop person-key %s` makes one" % (name, name))
    return sealed.seal(identity.sealing(), EXPORT_HEAD, seed + name.encode(), passphrase)


def unseal(text, passphrase):
    """Return (name, seed) in what `export` gave; raises BellhopError."""
    octets = sealed.unseal(identity.sealing(), EXPORT_HEAD, text, passphrase)
    return octets[identity.SEED_BYTES :].decode(), octets[: identity.SEED_BYTES]
