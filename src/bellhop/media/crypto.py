"""Keys that a phone writes into its SDP: a=crypto (RFC 4568, RFC 7714, RFC 6188).

Session parameters, several keys in one line, and key identifiers (MKI) are not supported: such a
line is passed over, as section 5.1.2 has it.
"""

import binascii
from collections import namedtuple

# number: the media library's; key, salt: octets.
Suite = namedtuple("Suite", ("number", "name", "key", "salt"))

SUITES = (
    Suite(1, b"AES_CM_128_HMAC_SHA1_80", 16, 14),
    Suite(2, b"AES_CM_128_HMAC_SHA1_32", 16, 14),
    Suite(3, b"AEAD_AES_128_GCM", 16, 12),
    Suite(4, b"AEAD_AES_256_GCM", 32, 12),
    Suite(5, b"AES_256_CM_HMAC_SHA1_80", 32, 14),
    Suite(6, b"AES_256_CM_HMAC_SHA1_32", 32, 14),
)
# Signs and hides nothing: between nodes on amateur radio, never with a phone.
SIGNING = Suite(7, b"NULL_HMAC_SHA1_80", 16, 14)
BY_NAME = {suite.name: suite for suite in SUITES}
# What phones call them that were made before RFC 6188.
BY_NAME[b"AES_CM_256_HMAC_SHA1_80"], BY_NAME[b"AES_CM_256_HMAC_SHA1_32"] = SUITES[4:]
# What a phone is asked for, the best known first: some take a single one of them.
ASKED = (1, 2, 5)
BY_NUMBER = {suite.number: suite for suite in SUITES + (SIGNING,)}
INLINE = b"inline:"
MAX_TAG_DIGITS = 9


class Crypto:
    """One a=crypto line. tag: bytes; suite: Suite; key, salt: octets that no log may show."""

    __slots__ = ("tag", "suite", "key", "salt")

    def __init__(self, tag, suite, key, salt):
        self.tag = tag
        self.suite = suite
        self.key = key
        self.salt = salt

    def write(self):
        """Return the whole line, without its end."""
        text = binascii.b2a_base64(self.key + self.salt).strip()
        return b"a=crypto:" + b" ".join((self.tag, self.suite.name, INLINE + text))

    def master(self):
        """Return (suite, key, salt) as the media library takes them."""
        return self.suite.number, self.key, self.salt


def parse(value):
    """Return the Crypto in the value of an a=crypto line, or None where it cannot be used."""
    words = value.split()
    if len(words) != 3 or not words[0].isdigit() or len(words[0]) > MAX_TAG_DIGITS:
        return None
    suite = BY_NAME.get(words[1].upper())
    if suite is None or words[2][: len(INLINE)].lower() != INLINE or b";" in words[2]:
        return None
    text, bar, rest = words[2][len(INLINE) :].partition(b"|")
    if b":" in rest:
        return None
    octets = unbase64(text, suite.key + suite.salt)
    if octets is None:
        return None
    return Crypto(words[0], suite, octets[: suite.key], octets[suite.key :])


def fresh(tag, suite, random):
    """Return a Crypto with a key that nobody has used; random(n): n random octets."""
    return Crypto(tag, suite, random(suite.key), random(suite.salt))


def choose(values, numbers):
    """Return the first usable Crypto of a=crypto values whose suite is in `numbers`, or None."""
    for value in values:
        found = parse(value)
        if found is not None and found.suite.number in numbers:
            return found
    return None


def unbase64(text, size=None):
    """Return the octets of base64 text, None where it is not the one way to write `size` octets."""
    text = text.rstrip(b"=")
    try:
        octets = binascii.a2b_base64(text + b"=" * (-len(text) % 4))
    except ValueError:
        return None
    if binascii.b2a_base64(octets).strip().rstrip(b"=") != text:
        return None
    return octets if size is None or len(octets) == size else None
