"""Ed25519, X25519 and what seals by libsodium."""

import os

from ..edwards import blinding
from ..errors import BellhopError
from ..world import sealed
from ..world.secrets import Crypto
from . import sodium

SEAL_BYTES = 16
ARGON2ID = 2
NO_LIBRARY = "no mesh: its links are encrypted by libsodium, which is not here; install libsodium"


def crypto():
    """Return the functions of libsodium; raises BellhopError where it cannot be loaded."""
    library = sodium.opened()
    if library is None:
        raise BellhopError(NO_LIBRARY)
    library.func("i", "sodium_init", "")()
    keys, signing = _signing(library)
    exchanging = _exchanging(library, keys)
    agree = _agreeing(library, exchanging[0], exchanging[1])
    digest = library.func("i", "crypto_hash_sha512", "PPQ")
    blind = blinding(lambda octets: _made(64, digest, octets, len(octets)), signing[0])
    return Crypto(*(signing + (agree,) + _boxing(library) + exchanging + _sealing(library) + blind))


def sealing():
    """Return what sealed copies need; raises BellhopError."""
    functions = crypto()
    kdf = sodium.opened().func("i", "crypto_pwhash", "PQPQPQLi")

    def stretch(passphrase, salt):
        size = len(passphrase)
        key = _made(32, kdf, 32, passphrase, size, salt, sealed.PASSES, sealed.MEMORY, ARGON2ID)
        if key is None:
            raise BellhopError("no memory to make a key of the passphrase: it takes 16 MB")
        return key

    return sealed.Sealing(stretch, functions.lock, functions.unlock)


def _made(size, function, *arguments):
    """Return what a function writes into its first argument, or None where it refuses."""
    octets = bytearray(size)
    return None if function(octets, *arguments) else bytes(octets)


def _signing(library):
    """Return the function from a seed to its keys; public_key, sign and verify of Crypto."""
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
        return _made(64, detached, None, data, len(data), keys(seed)[1])

    def verify(public, data, signature):
        if len(public) != 32 or len(signature) != 64:
            return False
        return verify_detached(signature, data, len(data), public) == 0

    return keys, ((lambda seed: keys(seed)[0]), sign, verify)


def _exchanging(library, keys):
    """Return secret, form, base and exchange of Crypto."""
    secret_of = library.func("i", "crypto_sign_ed25519_sk_to_curve25519", "PP")
    form_of = library.func("i", "crypto_sign_ed25519_pk_to_curve25519", "PP")
    base_of = library.func("i", "crypto_scalarmult_base", "PP")
    shared_of = library.func("i", "crypto_scalarmult", "PPP")
    return (
        lambda seed: _made(32, secret_of, keys(seed)[1]),
        lambda public: _made(32, form_of, public),
        lambda secret: _made(32, base_of, secret),
        lambda secret, public: _made(32, shared_of, secret, public),
    )


def _agreeing(library, secret, form):
    shared_of = library.func("i", "crypto_box_beforenm", "PPP")

    def agree(seed, public):
        # Where it is no point of the curve, nobody has the key that belongs to it.
        point = form(public) if len(public) == 32 else None
        shared = None if point is None else _made(32, shared_of, point, secret(seed))
        return shared or os.urandom(32)

    return agree


def _boxing(library):
    """Return lock and unlock of Crypto."""
    seal = library.func("i", "crypto_secretbox_easy", "PPQPP")
    unseal = library.func("i", "crypto_secretbox_open_easy", "PPQPP")

    def lock(key, nonce, data):
        return _made(len(data) + SEAL_BYTES, seal, data, len(data), nonce, key)

    def unlock(key, nonce, sealed):
        if len(sealed) < SEAL_BYTES:
            return None
        return _made(len(sealed) - SEAL_BYTES, unseal, sealed, len(sealed), nonce, key)

    return lock, unlock


def _sealing(library):
    """Return seal and unseal of Crypto."""
    name = "crypto_aead_chacha20poly1305_ietf_"
    sealing = library.func("i", name + "encrypt", "PPPQPQPPP")
    unsealing = library.func("i", name + "decrypt", "PPPPQPQPP")

    def seal(key, nonce, data, ad):
        size = len(data) + SEAL_BYTES
        return _made(size, sealing, None, data, len(data), ad, len(ad), None, nonce, key)

    def unseal(key, nonce, sealed, ad):
        size, whole = len(sealed) - SEAL_BYTES, len(sealed)
        return _made(size, unsealing, None, None, sealed, whole, ad, len(ad), nonce, key)

    return seal, unseal
