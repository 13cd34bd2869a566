"""Ed25519, X25519 and what seals by PyNaCl."""

import hashlib
import os

from ...edwards import blinding
from ...errors import BellhopError
from ...world import sealed
from ...world.secrets import SEED_BYTES, Crypto

# Names of what may be missing, in words for the owner.
PYNACL = "the package bellhop-mesh is not installed (elsewhere `pip install pynacl`): "


def crypto():
    """Return the functions of libsodium, by PyNaCl; raises BellhopError where it is missing."""
    try:
        from nacl import bindings
    except ImportError:
        raise BellhopError(PYNACL + "the node has no identity and no mesh") from None

    def public_key(seed):
        return bindings.crypto_sign_seed_keypair(seed)[0]

    secrets = {}

    def sign(seed, data):
        if seed not in secrets:
            secrets[seed] = bindings.crypto_sign_seed_keypair(seed)[1]
        return bindings.crypto_sign(data, secrets[seed])[:64]

    def verify(public, data, signature):
        try:
            bindings.crypto_sign_open(signature + data, public)
        except Exception:  # PyNaCl has errors of its own for each way to be wrong.
            return False
        return True

    sealing, exchanging = _sealing(bindings), _exchanging(bindings)
    blind = blinding(lambda octets: hashlib.sha512(octets).digest(), public_key)
    return Crypto(public_key, sign, verify, *sealing, *exchanging, *blind)


def _sealing(bindings):
    """Return agree, lock and unlock of Crypto."""

    def agree(seed, public):
        secret = bindings.crypto_sign_ed25519_sk_to_curve25519(
            bindings.crypto_sign_seed_keypair(seed)[1]
        )
        try:
            point = bindings.crypto_sign_ed25519_pk_to_curve25519(public)
        except Exception:  # No point of the curve: nobody has the key that belongs to it.
            return os.urandom(SEED_BYTES)
        return bindings.crypto_box_beforenm(point, secret)

    def unlock(key, nonce, sealed):
        try:
            return bindings.crypto_secretbox_open(sealed, nonce, key)
        except Exception:  # As with a signature.
            return None

    def lock(key, nonce, data):
        return bindings.crypto_secretbox(data, nonce, key)

    return agree, lock, unlock


def _exchanging(bindings):
    """Return secret, form, base, exchange, seal and unseal of Crypto."""

    def secret(seed):
        pair = bindings.crypto_sign_seed_keypair(seed)
        return bindings.crypto_sign_ed25519_sk_to_curve25519(pair[1])

    def attempt(function):
        def tried(*octets):
            try:
                return function(*octets)
            except Exception:  # What is no key of use; PyNaCl has errors of its own for it.
                return None

        return tried

    sealing = bindings.crypto_aead_chacha20poly1305_ietf_encrypt
    unsealing = attempt(bindings.crypto_aead_chacha20poly1305_ietf_decrypt)
    return (
        secret,
        attempt(bindings.crypto_sign_ed25519_pk_to_curve25519),
        bindings.crypto_scalarmult_base,
        attempt(bindings.crypto_scalarmult),
        lambda key, nonce, data, ad: sealing(data, ad, nonce, key),
        lambda key, nonce, sealed, ad: unsealing(sealed, ad, nonce, key),
    )


def exchange(seed):
    """Return (functions of X25519, Ed25519 public key, X25519 secret); raises BellhopError.

    The functions are those of media.agreement.Dh, in its order.
    """
    try:
        functions = crypto()
    except BellhopError:
        raise BellhopError(PYNACL + "calls are not encrypted") from None
    dh = functions.base, functions.exchange, functions.form
    return dh, functions.public_key(seed), functions.secret(seed)


def sealing():
    """Return what sealed copies need; raises BellhopError."""
    functions = crypto()

    def stretch(passphrase, salt):
        from nacl import pwhash  # Only who asks for it pays for it in memory.

        return pwhash.argon2id.kdf(SEED_BYTES, passphrase, salt, sealed.PASSES, sealed.MEMORY)

    return sealed.Sealing(stretch, functions.lock, functions.unlock)
