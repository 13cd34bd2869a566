"""Ed25519 and X25519 by PyNaCl, and sealed copies of the node's identity for another router."""

import binascii
import os

from ...errors import BellhopError
from ...world.secrets import SEED_BYTES, SEED_FILE, Crypto, read

# Names of what may be missing, in words for the owner.
PYNACL = "PyNaCl is not installed (OpenWrt: bellhop-mesh, elsewhere `pip install pynacl`): "
EXPORT_HEAD = "bellhop-identity-1:"


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

    return Crypto(public_key, sign, verify, *_sealing(bindings), *_exchanging(bindings))


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


def export(secret, passphrase, head=EXPORT_HEAD):
    """Return a secret as one line of text that only the passphrase opens."""
    key, salt = _key(passphrase, None)
    from nacl.secret import SecretBox

    sealed = bytes(SecretBox(key).encrypt(secret))
    return head + binascii.b2a_base64(salt + sealed, newline=False).decode()


def sealed(state, passphrase):
    """Return the identity in the state folder as `export` gives it; raises BellhopError."""
    if not os.path.exists(state + SEED_FILE):
        raise BellhopError("%s has no identity yet: the first start with a mesh makes it" % state)
    if not passphrase:
        raise BellhopError("an empty passphrase protects nothing")
    crypto()  # Says what is missing where PyNaCl is.
    return export(read(state), passphrase)


def unseal(text, passphrase, head=EXPORT_HEAD):
    """Return the secret in what `export` gave; raises BellhopError."""
    from nacl.exceptions import CryptoError
    from nacl.secret import SecretBox

    text = text.strip()
    if not text.startswith(head):
        raise BellhopError("this is no such export: it begins with " + head)
    try:
        octets = binascii.a2b_base64(text[len(head) :])
        key, salt = _key(passphrase, octets[:16])
        return SecretBox(key).decrypt(octets[16:])
    except (ValueError, CryptoError):
        raise BellhopError("the passphrase is wrong, or the text is not whole") from None


def _key(passphrase, salt):
    from nacl import pwhash, utils

    salt = salt or utils.random(pwhash.argon2id.SALTBYTES)
    # 64 MB and two passes would not fit a router; 16 MB and four do, in about the same time.
    return pwhash.argon2id.kdf(32, passphrase.encode(), salt, opslimit=4, memlimit=16 << 20), salt
