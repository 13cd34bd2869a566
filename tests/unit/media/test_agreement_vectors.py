"""Key agreement: known answers, by X25519 of the tests, by libsodium, and without the package."""

import hashlib
import unittest
from binascii import hexlify, unhexlify

from bellhop.errors import SipError
from bellhop.media.agreement import (
    CALLEE,
    CALLER,
    Agreement,
    Identity,
)
from bellhop.media.sas import WORDS
from tests.support.x25519 import x25519

from .curve import CURVE, libsodium
from .keys import (
    LINES,
    SUITES,
    Tokens,
    confirmed,
)

# Points of small order and other keys of no use, little-endian (libsodium refuses all of them).
SMALL_ORDER = (
    bytes(32),
    b"\x01" + bytes(31),
    unhexlify("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    unhexlify("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    unhexlify("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    unhexlify("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
)


# Two Ed25519 public keys and the X25519 secrets of the same owners, from the seeds 0x61... and
# 0x62... by RFC 8032 and RFC 7748.
SEEDS = (b"a" * 32, b"b" * 32)


class Curve(unittest.TestCase):
    def identities(self):
        return [Identity(unhexlify(key), unhexlify(secret)) for key, secret in KNOWN_KEYS]

    def test_the_tests_own_x25519_gives_the_vector_of_rfc_7748(self):
        scalar = unhexlify("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4")
        point = unhexlify("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")
        made = unhexlify("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")
        self.assertEqual(x25519(scalar, point), made)

    def test_small_points_are_refused(self):
        one = Agreement(CURVE, self.identities()[0], CALLER, b"call-1")
        one.offer(SUITES, Tokens())
        for point in SMALL_ORDER:
            peer = self.identities()[1].key
            answer = b"\x01\x02" + peer + point + b"\x04" + bytes(32)
            fork = one.fork()
            with self.assertRaises(SipError) as caught:
                fork.accept(answer, None, LINES, LINES)
            self.assertIn("no key", caught.exception.reason)

    def test_known_answers(self):
        alice, bob = self.identities()
        one = Agreement(CURVE, alice, CALLER, b"call-1")
        two = Agreement(CURVE, bob, CALLEE, b"call-1")
        confirmation = confirmed(one, two)
        self.assertEqual(hexlify(one.transcript).decode(), VECTORS["transcript"])
        self.assertEqual(hexlify(two.secret).decode(), VECTORS["secret"])
        self.assertEqual(hexlify(confirmation).decode(), VECTORS["confirmation"])
        self.assertEqual(" ".join(two.words()), VECTORS["words"])
        number, key, salt = one.keys(0)[1]
        self.assertEqual((number, hexlify(key + salt).decode()), (4, VECTORS["caller's audio"]))
        number, key, salt = one.keys(1)[0]
        self.assertEqual((number, hexlify(key + salt).decode()), (4, VECTORS["callee's video"]))

    def libsodium(self):
        found = libsodium()
        if found is None:
            self.skipTest("no PyNaCl under this interpreter")
        return found

    def test_libsodium_gives_the_same(self):
        dh, _ = self.libsodium()
        for seed, identity in zip(SEEDS, self.identities()):
            self.assertEqual(libsodium(seed)[1], identity.secret)
            self.assertEqual(dh.identity_public(identity.key), CURVE.identity_public(identity.key))
            self.assertEqual(dh.public(seed), CURVE.public(seed))
        alice, bob = self.identities()
        one = Agreement(dh, alice, CALLER, b"call-1")
        two = Agreement(dh, bob, CALLEE, b"call-1")
        confirmed(one, two)
        self.assertEqual(hexlify(two.secret).decode(), VECTORS["secret"])

    def test_libsodium_refuses_small_points(self):
        dh, _ = self.libsodium()
        for point in SMALL_ORDER:
            self.assertIsNone(dh.exchange(b"s" * 32, point))
        for point in (bytes(32), b"\x01" + bytes(31)):
            self.assertIsNone(dh.identity_public(point))


class Independent(unittest.TestCase):
    """The known answers once more, from KEYAGREEMENT.md alone: no line of the package is used."""

    def test_derivation(self):
        (key_a, secret_a), (key_b, secret_b) = [
            [unhexlify(text) for text in pair] for pair in KNOWN_KEYS
        ]
        draw = [hashlib.sha256(b"%d" % n).digest() for n in (1, 2, 101, 102)]
        e1, r1, e2, r2 = draw[0], draw[1][:16], draw[2], draw[3][:16]
        base = b"\x09" + bytes(31)
        commitment = hashlib.sha256(r1).digest()
        offer = b"\x01\x01" + key_a + x25519(e1, base) + commitment + b"\x04\x03\x01"
        answer = b"\x01\x02" + key_b + x25519(e2, base) + b"\x04" + r2

        def sized(octets):
            return bytes((len(octets) >> 8, len(octets) & 255)) + octets

        parts = [b"call-1", offer, answer]
        head = b"bellhop key agreement 1" + b"".join([sized(part) for part in parts])
        transcript = hashlib.sha256(head).digest()
        shared = x25519(secret_a, x25519(e2, base)) + x25519(e1, x25519(secret_b, base))
        secret = mac(transcript, shared + x25519(e1, x25519(e2, base)))
        lines = b"\x01" + sized(b"audio RTP/AVP 0")
        proposed = hashlib.sha256(transcript + b"\0\0\0" + lines).digest()
        context = hashlib.sha256(proposed + lines).digest()
        confirm_key = mac(secret, b"confirm\0\x01")
        confirmation = b"\x01\x03" + r1 + mac(confirm_key, b"\x03" + r1 + context)[:16]
        digest = mac(secret, b"words" + r1 + b"\x01")
        number = int.from_bytes(digest[:3], "big") >> 4
        self.assertEqual(hexlify(transcript).decode(), VECTORS["transcript"])
        self.assertEqual(hexlify(secret).decode(), VECTORS["secret"])
        self.assertEqual(hexlify(confirmation).decode(), VECTORS["confirmation"])
        self.assertEqual(WORDS[number >> 10] + " " + WORDS[number & 1023], VECTORS["words"])
        for name, tail in (("caller's audio", b"\0\0"), ("callee's video", b"\x01\x01")):
            info = b"srtp" + context + tail
            first = mac(secret, info + b"\x01")
            made = (first + mac(secret, first + info + b"\x02"))[:44]
            self.assertEqual(hexlify(made).decode(), VECTORS[name])


def mac(key, data):
    """HMAC-SHA-256 for keys of at most a block."""
    key += bytes(64 - len(key))
    inner = hashlib.sha256(bytes([k ^ 54 for k in key]) + data).digest()
    return hashlib.sha256(bytes([k ^ 92 for k in key]) + inner).digest()


KNOWN_KEYS = (
    (
        "af06a3e3291714e4f356c19c9b15cd1951ec6e6662aa77be07547f289383341d",
        "000089a47cb0761c222c323aec2bdecdaa7a0d0ec094cda8c5755ba26844457c",
    ),
    (
        "2df04125f0015afb47ce853aef8772094ff9498c14cb1b9e12973c2927da0fa6",
        "e00057ee50ff8c3d41aa451027330cb4fd67a8198932c1c72d8767035f4ad158",
    ),
)
VECTORS = {
    "transcript": "8f48c31dc0a36ef836b50141b27bf583cdb072dcfa86910c3c4a5a829816446b",
    "secret": "6a7c4983db34b6cd6c23cd58fd24d8255657dd29ca44bb0857199e05993bab60",
    "confirmation": "0103d4735e3a265e16eee03f59718b9b5d0396f2bff35f20892367d27c5656a34f1a",
    "words": "anchor cupboard",
    "caller's audio": (
        "75a6731173ed7094f80bfe05b1371454c528fe5b0f8695a4c154c6fa910542ebf7d028ccb1627c19d297db9b"
    ),
    "callee's video": (
        "ca1e55452cd3778747441586f769c7156ac481e7e610888b686b0469bac0a7f30106a6a1dd71cf891984f81d"
    ),
}


if __name__ == "__main__":
    unittest.main()
