"""Digest authentication: challenge, credentials, response value (section 22, RFC 8760, RFC 7616).

Passwords never come this far: what is known of a user is HA1, the hash of user, realm, password.
"""

import binascii
import hashlib

from ..errors import SipError
from . import scan

MD5, SHA256 = ALGORITHMS = (b"MD5", b"SHA-256")
HASHES = {MD5: hashlib.md5, SHA256: hashlib.sha256}
BLOCK = 64


class Credentials:
    """The fields of one Authorization or Proxy-Authorization value; absent ones are None.

    fields: lower-case name -> value without its quotes.
    """

    __slots__ = (
        "username", "realm", "nonce", "uri", "response", "algorithm", "cnonce", "qop", "nc",
    )  # fmt: skip

    def __init__(self, fields):
        self.username = fields.get(b"username")
        self.realm = fields.get(b"realm")
        self.nonce = fields.get(b"nonce")
        self.uri = fields.get(b"uri")
        self.response = fields.get(b"response")
        self.cnonce = fields.get(b"cnonce")
        self.qop = fields.get(b"qop")
        self.nc = fields.get(b"nc")
        self.algorithm = (fields.get(b"algorithm") or MD5).upper()


def credentials(value):
    """Return the Credentials in a header value, or None where the scheme is not Digest."""
    scheme, rest = scan.first_word(value)
    if scheme.lower() != b"digest":
        return None
    fields = {}
    for part in scan.split_outside(rest, b","):
        name, _, text = part.partition(b"=")
        name, text = name.strip(scan.BLANKS).lower(), text.strip(scan.BLANKS)
        if name not in fields:
            fields[name] = scan.unquote(text) if text[:1] == b'"' else text
    return Credentials(fields)


def _hex(algorithm, *parts):
    return binascii.hexlify(HASHES[algorithm](b":".join(parts)).digest())


def ha1(algorithm, username, realm, password):
    """Return HA1 in lower-case hex (section 22.4)."""
    return _hex(algorithm, username, realm, password)


def response(algorithm, ha1_hex, method, fields):
    """Return the response value that a user agent knowing HA1 sends with these Credentials."""
    ha2 = _hex(algorithm, method, fields.uri)
    if fields.qop is None:
        return _hex(algorithm, ha1_hex, fields.nonce, ha2)
    return _hex(algorithm, ha1_hex, fields.nonce, fields.nc, fields.cnonce, fields.qop, ha2)


def is_complete(fields):
    """Tell whether `response` can be computed for these Credentials."""
    if fields.algorithm not in HASHES or fields.qop not in (None, b"auth"):
        return False
    needed = [fields.username, fields.realm, fields.nonce, fields.uri, fields.response]
    if fields.qop is not None:
        needed += [fields.nc, fields.cnonce]
    return None not in needed


def nonce_count(fields):
    """Return nc as a number; refuses with 400."""
    if len(fields.nc) != 8 or not scan.is_made_of(fields.nc, scan.HEX):
        raise SipError(400, "a nonce count is not 8 hexadecimal digits")
    return int(fields.nc, 16)


def challenge(realm, nonce, algorithm, stale):
    """Return the value of WWW-Authenticate or Proxy-Authenticate."""
    value = b"Digest realm=" + scan.quote(realm) + b', nonce="' + nonce + b'", algorithm='
    value += algorithm + b', qop="auth"'
    return value + b", stale=true" if stale else value


class Hmac:
    """HMAC-SHA-256 under one key of at most 64 octets (RFC 2104)."""

    def __init__(self, key):
        key += bytes(BLOCK - len(key))
        self.inner = bytes([octet ^ 0x36 for octet in key])
        self.outer = bytes([octet ^ 0x5C for octet in key])

    def of(self, data):
        """Return the 32 octets that prove that the owner of the key has seen `data`."""
        return hashlib.sha256(self.outer + hashlib.sha256(self.inner + data).digest()).digest()


def equal(one, other):
    """Compare two byte strings in a time that does not tell where they differ."""
    # What the time of this comparison tells is about hashes that nobody can choose.
    return hashlib.sha256(one).digest() == hashlib.sha256(other).digest()
