"""Keys of people on disk, one file a user, and sealed copies of them for another router."""

import binascii
import contextlib
import hashlib
import os

from ...errors import BellhopError, MeshError
from ...mesh.identity import KEY_BYTES, parse_key
from ...mesh.people import Person, is_at, person
from ...world import sealed
from ...world.system import files
from . import identity

FOLDER, ENDING, SEQUENCE, PROOF = "users", ".seed", ".sequence", ".proof"
SEQUENCE_BYTES, SIGNATURE_BYTES = (8, 64)
PROOF_HEAD = "bellhop-proof-1:"
NO_PROOF = (
    "this is no proof for this router: on the one that has the key, `bellhop prove-person NAME "
    "KEY` with the key that `bellhop identity` shows here makes it"
)
EXPORT_HEAD = "bellhop-person-1:"


def read(state):
    """Return {name: seed} of all that are in the state folder."""
    seeds = _kept(state, ENDING)
    return {name: seeds[name] for name in seeds if len(seeds[name]) == identity.SEED_BYTES}


def _kept(state, ending):
    """Return {name: octets} of the files with this ending that the node may read."""
    found = {}
    folder = os.path.join(state, FOLDER)
    for file in sorted(os.listdir(folder)) if os.access(folder, os.R_OK) else ():
        name, its_ending = os.path.splitext(file)
        if its_ending == ending:
            with contextlib.suppress(OSError), open(os.path.join(folder, file), "rb") as opened:
                found[name] = opened.read()
    return found


def speaking(state):
    """Return whose keys speak for this router.

    {name: (seed, sequence of the proofs made with it), or the Person that another router made}.
    """
    found = _proofs(state)
    found.update({name: (seed, _sequence(state, name)) for name, seed in read(state).items()})
    return found


def prove(state, name, node):
    """Return the line by which a user's key speaks for another router; the key stays here.

    node: the key of that router, text.
    """
    seed = own(state, name)
    one = person(name.encode(), seed, _id(node), _sequence(state, name), identity.crypto())
    sequence = one.sequence.to_bytes(SEQUENCE_BYTES, "big")
    return _line(one.key + one.proof + sequence + one.name)


def _line(octets):
    return PROOF_HEAD + binascii.b2a_base64(octets).strip().decode()


def take_proof(state, text, node):
    """Keep what `prove` gave; return the user's name. node: this router's own id (32 octets)."""
    try:
        octets = binascii.a2b_base64(text.strip()[len(PROOF_HEAD) :])
        if _line(octets) != text.strip():
            raise ValueError(text)
        one = _proof(octets)
    except (ValueError, IndexError):
        raise BellhopError(NO_PROOF) from None
    if not is_at(one, node, identity.crypto().verify):
        raise BellhopError(NO_PROOF)
    name = one.name.decode()
    _check(name)
    _put(state, name + PROOF, octets)
    return name


def check(text):
    """Return the six digits that both routers show of a line that `prove` gave."""
    number = int.from_bytes(hashlib.sha256(text.strip().encode()).digest()[:8], "big")
    return "%03d %03d" % (number // 1000 % 1000, number % 1000)


def _proofs(state):
    found = {}
    for name, octets in _kept(state, PROOF).items():
        with contextlib.suppress(ValueError):  # One that was cut short proves nothing.
            found[name] = _proof(octets)
    return found


def _proof(octets):
    """Return the Person in octets: key, signature, sequence, name."""
    at = KEY_BYTES + SIGNATURE_BYTES
    key, proof, rest = octets[:KEY_BYTES], octets[KEY_BYTES:at], octets[at:]
    if len(rest) <= SEQUENCE_BYTES:
        raise ValueError("cut short")
    sequence = int.from_bytes(rest[:SEQUENCE_BYTES], "big")
    return Person(rest[SEQUENCE_BYTES:], key, sequence, proof)


def _id(node):
    try:
        return parse_key(node.encode())
    except (MeshError, UnicodeError):
        raise BellhopError(
            "'%s' is no key of a router; there `bellhop identity` shows it" % node
        ) from None


def own(state, name):
    """Return a user's seed; raises BellhopError where there is none."""
    seed = read(state).get(name)
    if seed is None:
        raise BellhopError("%s has no key here; `bellhop person-key %s` makes one" % (name, name))
    return seed


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
    _put(state, name + SEQUENCE, b"%d" % sequence)


def make(state, name):
    """Return a user's seed, made now where there is none."""
    seed = read(state).get(name)
    if seed is None:
        seed = os.urandom(identity.SEED_BYTES)
        write(state, name, seed)
    return seed


def write(state, name, seed, sequence=0):
    """Put a user's seed in place; raises BellhopError where the name is none of a user."""
    _check(name)
    _write_sequence(state, name, sequence)
    _put(state, name + ENDING, seed)


def _check(name):
    if not name or "/" in name or name.startswith("."):
        raise BellhopError("'%s' is no name of a user" % name)


def _put(state, file, octets):
    files.make_folder(os.path.join(state, FOLDER))
    files.replace(os.path.join(state, FOLDER, file), [octets])


def export(state, name, passphrase):
    """Return a user's key as one line that only the passphrase opens; raises BellhopError."""
    seed = own(state, name)
    number = _sequence(state, name).to_bytes(SEQUENCE_BYTES, "big")
    return sealed.seal(identity.sealing(), EXPORT_HEAD, seed + number + name.encode(), passphrase)


def unseal(text, passphrase):
    """Return (name, seed, sequence) in what `export` gave; raises BellhopError."""
    octets = sealed.unseal(identity.sealing(), EXPORT_HEAD, text, passphrase)
    seed, rest = octets[: identity.SEED_BYTES], octets[identity.SEED_BYTES :]
    return rest[SEQUENCE_BYTES:].decode(), seed, int.from_bytes(rest[:SEQUENCE_BYTES], "big")
