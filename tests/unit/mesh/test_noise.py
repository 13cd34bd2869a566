"""Handshakes of both patterns against each other, and what is no key, no seal, no message."""

import hashlib
import unittest
from collections import namedtuple

from bellhop.mesh import noise
from bellhop.mesh.identity import MeshError
from tests.support import chacha, x25519

Slow = namedtuple("Slow", ("base", "exchange", "form", "seal", "unseal"))
SLOW = Slow(*x25519.CURVE, chacha.seal, chacha.unseal)
# Points of order 1, 2, 4 and 8 in their shortest form (RFC 7748 section 7).
LOW_ORDER = (
    0, 1, (1 << 255) - 20,
    0x57119FD0DD4E22D8868E1C58C45C44045BEF839C55B1D0B1248C50A3BC959C5F,
    0xB8495F16056286FDB1329CEB8D09DA6AC49FF1FAE35616AEB8413B7C7AEBE0,
)  # fmt: skip


def secret(name):
    return hashlib.sha256(name).digest()


def little(number):
    return number.to_bytes(32, "little")


def pair(pattern, prologues=(b"same", b"same")):
    """Return both sides of a handshake."""
    known = x25519.CURVE.public(secret(b"b")) if pattern.known else None
    return (
        noise.Handshake(
            SLOW,
            pattern,
            prologues[0],
            True,
            secret(b"a"),
            x25519.CURVE.public(secret(b"a")),
            known,
        ),
        noise.Handshake(
            SLOW, pattern, prologues[1], False, secret(b"b"), x25519.CURVE.public(secret(b"b"))
        ),
    )


def talk(one, other, payloads):
    """Let both write in turn; return what was read."""
    read = []
    for turn, payload in enumerate(payloads):
        read.append(other.read(one.write(payload, secret(b"%d" % turn))))
        one, other = other, one
    return read


class Handshakes(unittest.TestCase):
    def test_both_sides_come_to_the_same_keys(self):
        for pattern in (noise.XX, noise.IK):
            one, other = pair(pattern)
            payloads = [b"payload %d" % turn for turn in range(len(pattern.messages))]
            self.assertEqual(talk(one, other, payloads), payloads)
            self.assertEqual((one.h, one.split()), (other.h, other.split()))
            self.assertEqual(len(set(one.split())), 3)
            self.assertEqual(other.remote, one.public)
            self.assertEqual(one.remote, other.public)

    def test_another_prologue_ends_it(self):
        one, other = pair(noise.XX, (b"one", b"other"))
        with self.assertRaises(MeshError):
            talk(one, other, [b"", b"", b""])

    def test_any_changed_octet_of_what_is_sealed_ends_it(self):
        for turn in (1, 2):
            for at in (33, 60, -1):
                sides = list(pair(noise.XX))
                talk(sides[0], sides[1], [b"payload"] * turn)
                if turn % 2:
                    sides.reverse()
                message = bytearray(sides[0].write(b"payload", secret(b"fresh")))
                message[at] ^= 1
                with self.assertRaises(MeshError):
                    sides[1].read(bytes(message))

    def test_a_message_cut_short_ends_it(self):
        for size in range(0, 96, 5):
            one, other = pair(noise.IK)
            message = one.write(b"payload", secret(b"fresh"))
            with self.assertRaises(MeshError):
                other.read(message[:size])


class Keys(unittest.TestCase):
    def test_keys_that_are_no_keys_are_refused(self):
        top = little(int.from_bytes(x25519.CURVE.public(secret(b"b")), "little") | 1 << 255)
        wrong = [top, little(noise.PRIME), little(noise.PRIME + 1), b"", bytes(31), bytes(33)]
        for public in wrong + [little(number) for number in LOW_ORDER]:
            with self.assertRaises(MeshError):
                noise.exchange(SLOW, secret(b"a"), public)

    def test_such_a_key_in_a_message_ends_the_handshake(self):
        _, other = pair(noise.IK)
        with self.assertRaises(MeshError):
            other.read(little(1) + bytes(64))

    def test_a_sign_changes_the_identity_and_not_its_form(self):
        identity = little(4 * pow(5, x25519.P - 2, x25519.P) % x25519.P)
        signed = identity[:-1] + bytes((identity[-1] | 128,))
        self.assertEqual(noise.form(SLOW, identity), little(9))
        self.assertEqual(noise.form(SLOW, signed), little(9))
        with self.assertRaises(MeshError):
            noise.form(SLOW, little(noise.PRIME + 4))

    def test_a_label_or_a_name_makes_another_key(self):
        made = [
            noise.derived(label, context, b"secret", name, 40)
            for label, context, name in (
                (b"one", b"", b"keys"),
                (b"two", b"", b"keys"),
                (b"one", b"context", b"keys"),
                (b"one", b"", b"sound"),
            )
        ]
        self.assertEqual(len(set(made)), 4)
        self.assertEqual([len(one) for one in made], [40] * 4)


class Seals(unittest.TestCase):
    def test_a_stream_is_the_sealed_text_without_its_tag(self):
        key = secret(b"key")
        sealed = noise.seal(SLOW, key, 7, b"data", b"ad")
        self.assertEqual(noise.stream(SLOW, key, 7, b"data"), sealed[:-16])
        self.assertEqual(noise.stream(SLOW, key, 7, sealed[:-16]), b"data")
        self.assertEqual(noise.unseal(SLOW, key, 7, sealed, b"ad"), b"data")

    def test_what_was_changed_does_not_open(self):
        key = secret(b"key")
        sealed = noise.seal(SLOW, key, 7, b"data", b"ad")
        for other in ((8, sealed, b"ad"), (7, sealed[:-1] + b"x", b"ad"), (7, sealed, b"AD")):
            with self.assertRaises(MeshError):
                noise.unseal(SLOW, key, *other)
        with self.assertRaises(MeshError):
            noise.unseal(SLOW, key, 7, b"short", b"")


if __name__ == "__main__":
    unittest.main()
