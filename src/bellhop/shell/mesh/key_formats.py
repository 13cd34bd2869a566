"""Ed25519 keys as other programs write them: 64 hexadecimal digits, PKCS#8 (RFC 8410), OpenSSH."""

import binascii

from ...errors import BellhopError
from .identity import SEED_BYTES

PKCS8, OPENSSH = ("PRIVATE KEY", "OPENSSH PRIVATE KEY")
# RFC 8410 section 7: version 0, algorithm 1.3.101.112, an octet string in an octet string.
PKCS8_HEAD = bytes.fromhex("302e020100300506032b657004220420")
MAGIC, KIND, NONE = (b"openssh-key-v1\0", b"ssh-ed25519", b"none")
UNKNOWN = "this is no key that is understood: 64 hexadecimal digits, PKCS#8 or OpenSSH (ed25519)"
SEALED = "this key is under a passphrase: a copy without one is made by "


def seed(text):
    """Return the 32 octets of a secret key in a text; raises BellhopError."""
    text = text.strip()
    try:
        if text[:5] == "-----":
            return _of_pem(text)
        found = binascii.unhexlify(text)
    except (ValueError, IndexError):
        raise BellhopError(UNKNOWN) from None
    if len(found) != SEED_BYTES:
        raise BellhopError(UNKNOWN)
    return found


def _of_pem(text):
    lines = text.split("\n")
    label = lines[0].strip().strip("-").removeprefix("BEGIN ")
    octets = binascii.a2b_base64("".join(lines[1:-1]))
    if label == "ENCRYPTED PRIVATE KEY":
        raise BellhopError(SEALED + "`openssl pkey -in FILE`")
    if label == PKCS8 and octets[: len(PKCS8_HEAD)] == PKCS8_HEAD and len(octets) == 48:
        return octets[len(PKCS8_HEAD) :]
    if label == OPENSSH and octets[: len(MAGIC)] == MAGIC:
        return _of_openssh(octets[len(MAGIC) :])
    raise BellhopError(UNKNOWN)


def _of_openssh(octets):
    """Return the seed in what OpenSSH's PROTOCOL.key describes."""
    fields = _Fields(octets)
    cipher, _, _ = fields.string(), fields.string(), fields.string()
    if cipher != NONE:
        raise BellhopError(SEALED + "`ssh-keygen -p -N ''` of a copy of the file")
    count, _, secret = fields.number(), fields.string(), _Fields(fields.string())
    first, again, kind = secret.number(), secret.number(), secret.string()
    public, pair = secret.string(), secret.string()
    if count != 1 or first != again or kind != KIND or pair[SEED_BYTES:] != public:
        raise ValueError(kind)
    return pair[:SEED_BYTES]


class _Fields:
    """Numbers and strings of RFC 4251 section 5, one behind the other."""

    def __init__(self, octets):
        self.octets = octets
        self.at = 0

    def _take(self, count):
        self.at += count
        if self.at > len(self.octets):
            raise ValueError("cut short")
        return self.octets[self.at - count : self.at]

    def number(self):
        return int.from_bytes(self._take(4), "big")

    def string(self):
        return self._take(self.number())
