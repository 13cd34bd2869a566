"""Secrets as one line of text that a passphrase opens, for another router.

A line is a head that tells what it is, and in base64 a salt of 16 octets, a nonce of 24 and the
secretbox; its key is made of the passphrase by Argon2id. In a backup the secret is JSON: `seed` in
hexadecimal, `kept`: name of a Store -> what it keeps.
"""

import binascii
import json
import os
from collections import namedtuple

from .. import limits
from ..errors import BellhopError
from . import secrets
from .system import files

# stretch(passphrase, salt) -> key of 32 octets; lock, unlock: as of secrets.Crypto.
Sealing = namedtuple("Sealing", ("stretch", "lock", "unlock"))
SALT_BYTES, NONCE_BYTES = 16, 24
# Argon2id: 64 MB and two passes would not fit a router; these do, in about the same time.
PASSES, MEMORY = 4, 16 << 20
IDENTITY, BACKUP = "bellhop-identity-1:", "bellhop-backup-1:"
# The seed of the key that follows, then the record that revokes the one before.
REVOCATION = "bellhop-revocation-1:"
# What a node has learned and no file of the owner's holds.
KEPT = ("phonebook", "trust", "heirs")
# Who finds the text may try all short ones in an evening.
LEAST_LETTERS, LEAST_DIFFERENT = 12, 5

# Phone book and trust at their bounds, in base64.
MOST_LETTERS = 2 * limits.MAX_IMPORTED * limits.MAX_IMPORTED_BYTES


def seal(sealing, head, secret, passphrase):
    """Return a secret (octets) as one line of text; raises BellhopError for a weak passphrase."""
    if len(passphrase) < LEAST_LETTERS or len(set(passphrase)) < LEAST_DIFFERENT:
        words = "this passphrase is guessed in an evening: take at least %d letters, for example "
        raise BellhopError((words + "four words that do not belong together") % LEAST_LETTERS)
    salt, nonce = os.urandom(SALT_BYTES), os.urandom(NONCE_BYTES)
    sealed = sealing.lock(sealing.stretch(passphrase.encode(), salt), nonce, secret)
    return head + binascii.b2a_base64(salt + nonce + sealed).decode().strip()


def unseal(sealing, head, text, passphrase):
    """Return the secret in what `seal` gave; raises BellhopError."""
    text = text.strip()
    if not text.startswith(head):
        raise BellhopError("this is no such copy: it begins with " + head)
    try:
        octets = binascii.a2b_base64(text[len(head) :])
    except ValueError:
        octets = b""
    salt, nonce = octets[:SALT_BYTES], octets[SALT_BYTES : SALT_BYTES + NONCE_BYTES]
    secret = None
    if len(nonce) == NONCE_BYTES:
        key = sealing.stretch(passphrase.encode(), salt)
        secret = sealing.unlock(key, nonce, octets[SALT_BYTES + NONCE_BYTES :])
    if secret is None:
        raise BellhopError("the passphrase is wrong, or the text is not whole")
    return secret


def identity(sealing, state, passphrase):
    """Return the seed in the state folder, sealed; raises BellhopError."""
    return seal(sealing, IDENTITY, _seed(state), passphrase)


def _seed(state):
    if not files.exists(state + secrets.SEED_FILE):
        raise BellhopError("%s has no identity yet: the first start with a mesh makes it" % state)
    return secrets.read(state)


def whole(sealing, state, kept, passphrase):
    """Return key, phone book and trust in one sealed text. kept: name -> what a Store keeps."""
    secret = {"seed": binascii.hexlify(_seed(state)).decode(), "kept": kept}
    return seal(sealing, BACKUP, json.dumps(secret).encode(), passphrase)


def opened(sealing, text, passphrase):
    """Return (seed, {name: what a Store keeps}) of a backup, or of an identity alone."""
    if text.strip().startswith(IDENTITY):
        return unseal(sealing, IDENTITY, text, passphrase), {}
    secret = json.loads(unseal(sealing, BACKUP, text, passphrase))
    kept = secret["kept"]
    return binascii.unhexlify(secret["seed"]), {name: kept[name] for name in KEPT if name in kept}


def take_over(state, seed, may_replace):
    """Put a seed in place of this node's; tell whether that changed it; raises BellhopError."""
    is_there = files.exists(state + secrets.SEED_FILE)
    if is_there and secrets.read(state) == seed:
        return False
    if is_there and not may_replace:
        words = "%s has another identity already; to replace it gives that one up for ever"
        raise BellhopError(words % state)
    secrets.write(state, seed)
    return True


class Copies:
    """The verbs that make and take sealed copies. service: the node's."""

    def __init__(self, service):
        self.service = service
        # What came of a backup whose rest follows.
        self.unread = ""

    def export_identity(self, arguments):
        """`passphrase`: what opens the copy again; making it takes a second on a small router."""
        passphrase = arguments.get("passphrase", "")
        return {"sealed": identity(self.service.sealing(), self.service.state, passphrase)}

    def backup(self, arguments):
        """`passphrase`: as for export_identity; the copy has phone book and trust in it too."""
        found = [(name, self.service.store.kept(name)) for name in KEPT]
        kept = {name: records for name, records in found if records is not None}
        passphrase = arguments.get("passphrase", "")
        return {"sealed": whole(self.service.sealing(), self.service.state, kept, passphrase)}

    def _heirs(self):
        """Return the feature that knows of keys that follow others; raises BellhopError."""
        found = self.service.engine.features.get("mesh heirs")
        if found is None:
            raise BellhopError("a key is of no use without a mesh, which is not on")
        return found

    def _go_on(self, raw, seed):
        """Keep the record that ends a key, then put the seed of the next one in place."""
        heirs, service = self._heirs(), self.service
        # A key that is still in use has ended only after the restart.
        service.store.put("heirs", heirs.hold(raw, seed is None, service.loop.now()))
        if seed is not None:
            secrets.write(service.state, seed)
        return {"key": heirs.key_of(seed or _seed(service.state)), "is_restart_needed": bool(seed)}

    def succeed(self, arguments):
        """Make another key, which the one that is there signs; it counts after a restart."""
        heir = os.urandom(secrets.SEED_BYTES)
        return self._go_on(self._heirs().end(_seed(self.service.state), heir, False), heir)

    def revocation(self, arguments):
        """`passphrase`: opens what `revoke` takes, with the key that follows this one."""
        heir = os.urandom(secrets.SEED_BYTES)
        raw = self._heirs().end(_seed(self.service.state), heir, True)
        passphrase = arguments.get("passphrase", "")
        return {"sealed": seal(self.service.sealing(), REVOCATION, heir + raw, passphrase)}

    def revoke(self, arguments):
        """`sealed`, `passphrase`: of a revocation; `adopt`: anything, to go on as its heir."""
        sealing, passphrase = self.service.sealing(), arguments.get("passphrase", "")
        octets = unseal(sealing, REVOCATION, arguments.get("sealed", ""), passphrase)
        seed, raw = octets[: secrets.SEED_BYTES], octets[secrets.SEED_BYTES :]
        return self._go_on(raw, seed if arguments.get("adopt") else None)

    def restore(self, arguments):
        """`sealed`, `passphrase`: of a backup; `replace`: anything, to give up another key.

        `more`: anything, where the rest of `sealed` follows in further requests.
        """
        text, self.unread = self.unread + arguments.get("sealed", ""), ""
        if len(text) > MOST_LETTERS:
            raise BellhopError("this is no backup of a node: it is too long")
        if arguments.get("more"):
            self.unread = text
            return {"restored": [], "is_restart_needed": False}
        seed, kept = opened(self.service.sealing(), text, arguments.get("passphrase", ""))
        is_changed = take_over(self.service.state, seed, bool(arguments.get("replace")))
        for name in sorted(kept):
            self.service.engine.restore(name, kept[name], self.service.loop.now())
            self.service.store.put(name, kept[name])
        return {"restored": sorted(kept), "is_restart_needed": is_changed}
