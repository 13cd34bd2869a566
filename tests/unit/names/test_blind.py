"""Blind questions: the vectors of RFC 9497 and RFC 9496, and what strangers may send."""

import binascii
import hashlib
import unittest

from bellhop.names import blind, ristretto

KEY = "5ebcea5ee37023ccb9fc2d2019f9d7737be85591ae8652ffa9ef0f4d37063b0e"
BLIND = "64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706"
# RFC 9497 section A.1.1: input, blinded, evaluated, output.
VECTORS = (
    (
        "00", "609a0ae68c15a3cf6903766461307e5c8bb2f95e7e6550e1ffa2dc99e412803c",
        "7ec6578ae5120958eb2db1745758ff379e77cb64fe77b0b2d8cc917ea0869c7e",
        "527759c3d9366f277d8c6020418d96bb393ba2afb20ff90df23fb7708264e2f3"
        "ab9135e3bd69955851de4b1f9fe8a0973396719b7912ba9ee8aa7d0b5e24bcf6",
    ),
    (
        "5a" * 17, "da27ef466870f5f15296299850aa088629945a17d1f5b7f5ff043f76b3c06418",
        "b4cbf5a4f1eeda5a63ce7b77c7d23f461db3fcab0dd28e4e17cecb5c90d02c25",
        "f4a74c9c592497375e796aa837e907b1a045d34306a749db9f34221f7e750cb4"
        "f2a6413a6bf6fa5e19ba6348eb673934a722a7ede2e7621306d18951e7cf2c73",
    ),
)  # fmt: skip
# RFC 9496 section A.1: the base point, twice, and section A.2: what is no point.
BASE = "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"
TWICE = "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919"
NO_POINTS = (
    "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
    "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
    "", "00", "00" * 33,
)  # fmt: skip

# RFC 9497 section A.1.2.1 and 2: input, blinded, evaluated, proof, the proof's random scalar.
PROVED_KEY = "e6f73f344b79b379f1a0dd37e07ff62e38d9f71345ce62ae3a9bc60b04ccd909"
PROVED_PUBLIC = "c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e"
PROVED_RANDOM = "222a5e897cf59db8145db8d16e597e8facb80ae7d4e26d9881aa6f61d645fc0e"
PROVED = (
    "863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945",
    "aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e",
    "ddef93772692e535d1a53903db24367355cc2cc78de93b3be5a8ffcc6985dd06"
    "6d4346421d17bf5117a2a1ff0fcb2a759f58a539dfbe857a40bce4cf49ec600d",
)  # fmt: skip


def octets(text):
    return binascii.unhexlify(text)


def text(found):
    return binascii.hexlify(found).decode()


def number(text):
    return int.from_bytes(octets(text), "little")


class RistrettoTest(unittest.TestCase):
    def test_multiples_of_the_base_point(self):
        base = ristretto.decode(octets(BASE))
        self.assertEqual(text(ristretto.encode(base)), BASE)
        self.assertEqual(text(ristretto.encode(ristretto.add(base, base))), TWICE)
        self.assertEqual(text(ristretto.encode(ristretto.multiply(2, base))), TWICE)
        self.assertEqual(ristretto.encode(ristretto.multiply(ristretto.L, base)), bytes(32))

    def test_what_is_no_point(self):
        for one in NO_POINTS:
            with self.assertRaises(ValueError):
                ristretto.decode(octets(one))

    def test_a_scalar_is_undone(self):
        base = ristretto.decode(octets(BASE))
        there = ristretto.multiply(number(BLIND), base)
        back = ristretto.multiply(ristretto.inverse(number(BLIND)), there)
        self.assertEqual(text(ristretto.encode(back)), BASE)

    def test_a_point_of_evaluated_vectors(self):
        for _, blinded, evaluated, _ in VECTORS:
            self.assertEqual(text(blind.evaluate(octets(blinded), number(KEY))), evaluated)
        with self.assertRaises(ValueError):
            blind.evaluate(bytes(32), number(KEY))


@unittest.skipUnless(hasattr(hashlib, "sha512"), "this interpreter has no SHA-512")
class BlindTest(unittest.TestCase):
    def sha512(self, data):
        return hashlib.sha512(data).digest()

    def test_vectors(self):
        for asked, blinded, evaluated, found in VECTORS:
            asked, scalar = octets(asked), number(BLIND)
            self.assertEqual(text(blind.blind(asked, scalar, self.sha512)), blinded)
            octets_found = blind.finalize(asked, scalar, octets(evaluated), self.sha512)
            self.assertEqual(text(octets_found), found)

    def test_the_directory_comes_to_the_same_without_blinding(self):
        point = ristretto.encode(blind.point_of(b"+49", self.sha512))
        alone = blind.output(b"+49", blind.evaluate(point, 77), self.sha512)
        sent = blind.blind(b"+49", 5, self.sha512)
        asked = blind.finalize(b"+49", 5, blind.evaluate(sent, 77), self.sha512)
        self.assertEqual(alone, asked)

    def test_vectors_with_a_proof(self):
        blinded, evaluated, proof = PROVED
        self.assertEqual(text(blind.public_key(number(PROVED_KEY))), PROVED_PUBLIC)
        point = blind.point_of(octets("00"), self.sha512, blind.PROVED)
        sent = ristretto.encode(ristretto.multiply(number(BLIND), point))
        self.assertEqual(text(sent), blinded)
        public = octets(PROVED_PUBLIC)
        m, z = blind._composites(public, octets(blinded), octets(evaluated), self.sha512)
        random, base = number(PROVED_RANDOM), ristretto.decode(octets(BASE))
        first, second = (ristretto.multiply(random, one) for one in (base, m))
        found = blind._challenge(public, m, z, first, second, self.sha512)
        self.assertEqual(text(found.to_bytes(32, "little")), proof[:64])

    def test_a_tag_is_the_only_one_of_a_name(self):
        public = blind.public_key(77)
        point = ristretto.encode(blind.point_of(b"+49", self.sha512, blind.PROVED))
        found = blind.evaluate(point, 77)
        proof = blind.prove(b"+49", found, 77, 5, self.sha512)
        self.assertTrue(blind.is_proved(b"+49", found, public, proof, self.sha512))
        other = blind.evaluate(point, 78)
        for wrong in (
            (b"+48", found, public, proof), (b"+49", other, public, proof),
            (b"+49", found, other, proof), (b"+49", found, public, proof[:-1]),
            (b"+49", found, public, bytes(64)), (b"+49", bytes(3), public, proof),
        ):  # fmt: skip
            self.assertFalse(blind.is_proved(*wrong, self.sha512))

    def test_a_bucket_opens_for_its_key_alone(self):
        def lock(key, nonce, data):
            return key[:16] + data

        def unlock(key, nonce, sealed):
            return sealed[16:] if sealed[:16] == key[:16] else None

        bucket = b""
        for at in range(3):
            bucket += blind.seal(b"statement %d" % at, bytes([at]) * 32, bytes(24), lock)
        self.assertEqual(len(bucket), 3 * blind.CELL_BYTES)
        self.assertEqual(blind.find(bucket, b"\x01" * 32, unlock), b"statement 1")
        self.assertEqual(blind.find(bucket, b"\x09" * 32, unlock), None)
        self.assertEqual(blind.find(bucket[:-1], b"\x02" * 32, unlock), None)
        where, key = blind.place(bytes(64), 7, self.sha512)
        self.assertTrue(0 <= where < 7 and len(key) == 32)
