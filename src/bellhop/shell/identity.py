"""The node's identity on disk: 32 octets that nobody else may see, and the count of its starts."""

import binascii
import os
from collections import namedtuple

from ..errors import BellhopError
from .store import replace

SEED_FILE, EPOCH_FILE = "identity.seed", "boot_epoch"
SEED_BYTES = 32
# Names of what may be missing, in words for the owner.
PYNACL = "PyNaCl (OpenWrt's package bellhop-mesh; elsewhere `pip install pynacl`)"
EXPORT_HEAD = "bellhop-identity-1:"

# public_key(seed) -> 32 octets; sign(seed, data) -> 64; verify(public, data, signature) -> bool;
# agree(seed, public) -> 32 octets that only the two nodes know; lock(key, nonce, data) -> data
# sealed, unlock(key, nonce, sealed) -> data or None. Nonces have 24 octets, seals add 16.
Crypto = namedtuple("Crypto", ("public_key", "sign", "verify", "agree", "lock", "unlock"))


def read(state):
    """Return the seed in the state folder; the first run makes it."""
    path = os.path.join(state, SEED_FILE)
    try:
        with open(path, "rb") as file:
            seed = file.read()
    except FileNotFoundError:
        seed = os.urandom(SEED_BYTES)
        write(state, seed)
    if len(seed) != SEED_BYTES:
        raise BellhopError("%s is damaged: `bellhop import-identity FILE` puts a copy back" % path)
    return seed


def write(state, seed):
    """Put a seed in place, whole or not at all, readable for the owner alone."""
    replace(os.path.join(state, SEED_FILE), seed)


def next_epoch(state):
    """Count this start and return the count: this run's records come after all earlier ones."""
    path = os.path.join(state, EPOCH_FILE)
    try:
        with open(path) as file:
            epoch = int(file.read()) + 1
    except (FileNotFoundError, ValueError):
        epoch = 1
    replace(path, b"%d\n" % epoch)
    return epoch


def crypto():
    """Return the functions of libsodium, by PyNaCl; raises BellhopError where it is missing."""
    try:
        from nacl import bindings
    except ImportError:
        raise BellhopError("the node's identity and the mesh need " + PYNACL) from None

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

    return Crypto(public_key, sign, verify, *_sealing(bindings))


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


def exchange(seed):
    """Return (functions of X25519, Ed25519 public key, X25519 secret); raises BellhopError.

    The functions are those of media.agreement.Dh, in its order.
    """
    try:
        from nacl import bindings
    except ImportError:
        raise BellhopError("calls are not encrypted: that needs " + PYNACL) from None

    def attempt(function):
        def tried(*octets):
            try:
                return function(*octets)
            except Exception:  # What is no key of use; PyNaCl has errors of its own for it.
                return None

        return tried

    functions = (
        bindings.crypto_scalarmult_base,
        attempt(bindings.crypto_scalarmult),
        attempt(bindings.crypto_sign_ed25519_pk_to_curve25519),
    )
    public, secret = bindings.crypto_sign_seed_keypair(seed)
    return functions, public, bindings.crypto_sign_ed25519_sk_to_curve25519(secret)


def export(secret, passphrase, head=EXPORT_HEAD):
    """Return a secret as one line of text that only the passphrase opens."""
    key, salt = _key(passphrase, None)
    from nacl.secret import SecretBox

    sealed = bytes(SecretBox(key).encrypt(secret))
    return head + binascii.b2a_base64(salt + sealed, newline=False).decode()


def sealed(state, passphrase):
    """Return the identity in the state folder as `export` gives it; raises BellhopError."""
    if not os.path.exists(os.path.join(state, SEED_FILE)):
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
