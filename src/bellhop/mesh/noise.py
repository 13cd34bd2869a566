"""Noise handshakes between nodes, and the keys that they and the cells make (PROTOCOL.md).

The patterns are tables; the functions of X25519 and ChaCha20-Poly1305 are passed in. What a peer
sends and no honest one would is a MeshError.
"""

import hashlib
from collections import namedtuple

from ..hkdf import expand, extract
from .identity import KEY_BYTES, MeshError
from .plain import Plain

TAG_BYTES = 16
PRIME = (1 << 255) - 19
ZEROS = bytes(KEY_BYTES)

# name: as the Noise specification writes it. known: the responder's static key is, beforehand.
# messages: tokens of each message, the initiator's first (sections 7.4 and 7.5).
Pattern = namedtuple("Pattern", ("name", "known", "messages"))
XX = Pattern(
    b"Noise_XX_25519_ChaChaPoly_SHA256",
    False,
    (("e",), ("e", "ee", "s", "es"), ("s", "se")),
)
IK = Pattern(
    b"Noise_IK_25519_ChaChaPoly_SHA256",
    True,
    (("e", "es", "s", "ss"), ("e", "ee", "se")),
)


def words(crypto):
    """Return what begins all labels: keys of plain circuits and links are not those of others."""
    return b"bellhop plain " if isinstance(crypto, Plain) else b"bellhop "


def nonce(count):
    """Return the 12 octets of a count."""
    return bytes(4) + count.to_bytes(8, "little")


def seal(crypto, key, count, data, ad):
    """Return `data` sealed, 16 octets longer."""
    return crypto.seal(key, nonce(count), data, ad)


def unseal(crypto, key, count, sealed, ad):
    """Return what was sealed; raise MeshError."""
    data = crypto.unseal(key, nonce(count), sealed, ad) if len(sealed) >= TAG_BYTES else None
    if data is None:
        raise MeshError("a seal is broken")
    return data


def stream(crypto, key, count, data):
    """Return `data` under or without the stream of a key and count."""
    return crypto.seal(key, nonce(count), data, b"")[: len(data)]


def derived(label, context, secret, name, size):
    """Return `size` octets of key; label and name keep uses apart, context says whose it is."""
    salt = hashlib.sha256(label + context).digest()
    return expand(extract(salt, secret), name, size)


def checked(public):
    """Return an X25519 public key that is one; raise MeshError.

    The curve's function takes any octets: two that differ may be the same point, and with some of
    them nobody needs a secret.
    """
    if len(public) != KEY_BYTES or int.from_bytes(public, "little") >= PRIME:
        raise MeshError("not a public key")
    return public


def exchange(crypto, secret, public):
    """Return what the owners of two keys share; raise MeshError."""
    shared = crypto.exchange(secret, checked(public))
    if shared is None or shared == ZEROS:
        raise MeshError("a key that shares nothing")
    return shared


def form(crypto, identity):
    """Return the X25519 key of the owner of an Ed25519 key; raise MeshError."""
    without_sign = identity[:-1] + bytes((identity[-1] & 127,))
    found = crypto.form(identity) if checked(without_sign) else None
    if found is None:
        raise MeshError("not an identity")
    return found


class Handshake:
    """One side of a handshake. h: the hash so far; remote: the other's static key, once known.

    secret, public: this side's static key; remote: the responder's, for its initiator.
    """

    def __init__(self, crypto, pattern, prologue, is_initiator, secret, public, remote=None):
        self.crypto = crypto
        self.messages = list(pattern.messages)
        self.is_initiator = is_initiator
        self.secret, self.public, self.remote = secret, public, remote
        self.fresh = self.fresh_public = self.remote_fresh = None
        self.chain = self.h = _start(pattern.name, crypto)
        self.key, self.count = None, 0
        self._mix(prologue)
        if pattern.known:
            self._mix(remote if is_initiator else public)

    def _mix(self, data):
        self.h = hashlib.sha256(self.h + data).digest()

    def _mix_key(self, shared):
        made = expand(extract(self.chain, shared), b"", 64)
        self.chain, self.key, self.count = made[:32], made[32:], 0

    def write(self, payload, fresh):
        """Return the next message. fresh: the secret of its one-time key, where it has one."""
        message = b""
        for token in self.messages.pop(0):
            if token == "e":
                self.fresh, self.fresh_public = fresh, self.crypto.base(fresh)
                message += self.fresh_public
                self._mix(self.fresh_public)
            elif token == "s":
                message += self._sealed(self.public)
            else:
                self._mix_key(self._shared(token))
        return message + self._sealed(payload)

    def read(self, message):
        """Return the payload of the other's message; raise MeshError, and nothing has changed."""
        kept = self.chain, self.h, self.key, self.count, self.remote, self.remote_fresh
        try:
            payload = self._read(message, self.messages[0])
        except MeshError:
            self.chain, self.h, self.key, self.count, self.remote, self.remote_fresh = kept
            raise
        self.messages.pop(0)
        return payload

    def _read(self, message, tokens):
        at = 0
        for token in tokens:
            if token == "e":
                at = KEY_BYTES
                self.remote_fresh = checked(message[:at])
                self._mix(self.remote_fresh)
            elif token == "s":
                end = at + KEY_BYTES + TAG_BYTES * (self.key is not None)
                self.remote = checked(self._unsealed(message[at:end]))
                at = end
            else:
                self._mix_key(self._shared(token))
        return self._unsealed(message[at:])

    def _shared(self, token):
        """Return the result of one token of two letters: the initiator's key, the responder's."""
        own, other = (token[0], token[1]) if self.is_initiator else (token[1], token[0])
        secret = self.fresh if own == "e" else self.secret
        return exchange(self.crypto, secret, self.remote_fresh if other == "e" else self.remote)

    def _sealed(self, data):
        if self.key is not None:
            data = seal(self.crypto, self.key, self.count, data, self.h)
            self.count += 1
        self._mix(data)
        return data

    def _unsealed(self, sealed):
        data = sealed
        if self.key is not None:
            data = unseal(self.crypto, self.key, self.count, sealed, self.h)
            self.count += 1
        self._mix(sealed)
        return data

    def split(self):
        """Return (key to the responder, key to the initiator, a third for what comes after)."""
        made = expand(extract(self.chain, b""), b"", 96)
        return made[:32], made[32:64], made[64:]


def _start(name, crypto):
    """Return the first hash of a protocol: its name, filled up to 32 octets."""
    name = name.replace(b"ChaChaPoly", b"Plain") if isinstance(crypto, Plain) else name
    return name + bytes(KEY_BYTES - len(name))
