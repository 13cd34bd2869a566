"""The reference that makes the known answers, against the RFCs' vectors."""

import unittest

from tests.native import reference_srtp as reference

h = bytes.fromhex  # the vectors below are all in hexadecimal


class Aes(unittest.TestCase):
    def test_fips_197_appendix_c(self):
        block = h("00112233445566778899aabbccddeeff")
        self.assertEqual(
            reference.aes(bytes(range(16)), block), h("69c4e0d86a7b0430d8cdb78070b4c55a")
        )
        self.assertEqual(
            reference.aes(bytes(range(32)), block), h("8ea2b7ca516745bfeafc49904b496089")
        )

    def test_counter_mode_of_rfc_3711_b_2(self):
        key = h("2b7e151628aed2a6abf7158809cf4f3c")
        counter = int("f0f1f2f3f4f5f6f7f8f9fafbfcfd0000", 16)
        self.assertEqual(
            reference.keystream(key, counter, 48),
            h(
                "e03ead0935c95e80e166b16dd92b4eb4"
                "d23513162b02d0f72a43a2fe4a5f97ab"
                "41e95b3bb0a2e8dd477901e4fca894c0"
            ),
        )
        self.assertEqual(
            reference.keystream(key, counter + 0xFEFF, 48),
            h(
                "ec8cdf7398607cb0f2d21675ea9ea1e4"
                "362b7c3c6773516318a077d7fc5073ae"
                "6a2cc3787889374fbeb4c81b17ba6c44"
            ),
        )


class Derivation(unittest.TestCase):
    """RFC 3711 B.3."""

    KEY = h("e1f97a0d3e018be0d64fa32c06de4139")
    SALT = h("0ec675ad498afeebb6960b3aabe6")

    def test_cipher_key(self):
        self.assertEqual(
            reference.derive(self.KEY, self.SALT, 0, 16), h("c61e7a93744f39ee10734afe3ff7a087")
        )

    def test_cipher_salt(self):
        self.assertEqual(
            reference.derive(self.KEY, self.SALT, 2, 14), h("30cbbc08863d8c85d49db34a9ae1")
        )

    def test_authentication_key(self):
        self.assertEqual(
            reference.derive(self.KEY, self.SALT, 1, 94),
            h(
                "cebe321f6ff7716b6fd4ab49af256a15"
                "6d38baa48f0a0acf3c34e2359e6cdbce"
                "e049646c43d9327ad175578ef7227098"
                "6371c10c9a369ac2f94a8c5fbcdddc25"
                "6d6e919a48b610ef17c2041e47403576"
                "6b68642c59bbfc2f34db60dbdfb2"
            ),
        )


class Gcm(unittest.TestCase):
    """RFC 7714 sections 16 and 17: session keys, not master keys."""

    SALT = h("517569642070726f2071756f")
    RTP = h(
        "8040f17b8041f8d35501a0b247616c6c"
        "696120657374206f6d6e697320646976"
        "69736120696e207061727465732074726573"
    )
    RTCP = h(
        "81c8000d4d6172734e5450314e545032"
        "525450200000042a0000e9304c756e61"
        "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef"
    )

    def test_rtp_128(self):
        self.assertEqual(
            reference.gcm_rtp(bytes(range(16)), self.SALT, self.RTP, 0xF17B),
            h(
                "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633b"
                "d50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765e"
                "e4390cce"
            ),
        )

    def test_rtp_256(self):
        self.assertEqual(
            reference.gcm_rtp(bytes(range(32)), self.SALT, self.RTP, 0xF17B),
            h(
                "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab18012"
                "389a58e2f3b50b2a0276ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878"
                "d7a76c13"
            ),
        )

    def test_rtcp_128(self):
        self.assertEqual(
            reference.gcm_rtcp(bytes(range(16)), self.SALT, self.RTCP, 0x5D4),
            h(
                "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f3"
                "2dc676a5f1730d6fda4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5ab"
                "f87245d9eade800005d4"
            ),
        )
