"""Signed records: the octets of BEP44, and what is refused."""

import unittest

from bellhop.errors import MeshError
from bellhop.mesh import record
from tests.unit.mesh.network import real_or_toy

CRYPTO = real_or_toy()
SEED = b"s" * 32
KEY = CRYPTO.public_key(SEED)


def sign(data):
    return CRYPTO.sign(SEED, data)


def node(**fields):
    """Return a NodeValue; fields: what differs from an empty one."""
    values = {
        "name": b"", "endpoints": [], "flags": 0, "attempt": 0, "edges": b"",
        "registered": b"", "lifetime": record.LIFETIME, "hashes": b"",
        "prekey": b"", "plain": b"",
    }  # fmt: skip
    values.update(fields)
    return record.NodeValue(**values)


class Records(unittest.TestCase):
    def test_the_signed_octets_are_those_of_bep44(self):
        # The example of BEP44, with and without a salt.
        self.assertEqual(
            record.signed_octets(b"foobar", 4, b"12:Hello world!"),
            b"4:salt6:foobar3:seqi4e1:v12:Hello world!",
        )
        self.assertEqual(record.signed_octets(b"", 1, b"i1e"), b"3:seqi1e1:vi1e")

    def test_a_record_survives_the_round_trip(self):
        raw = record.write(KEY, 7 << 32, b"n", b"de", sign)
        item = record.parse(raw)
        self.assertEqual(
            (item.key, item.sequence, item.salt, item.value), (KEY, 7 << 32, b"n", b"de")
        )
        self.assertTrue(record.is_signed(item, CRYPTO.verify))
        self.assertEqual(record.sequence_of(raw), 7 << 32)

    def test_any_changed_octet_ends_the_signature(self):
        raw = record.write(KEY, 5, b"n", b"d1:ai1ee", sign)
        for at in range(len(raw)):
            changed = raw[:at] + bytes((raw[at] ^ 1,)) + raw[at + 1 :]
            try:
                item = record.parse(changed)
            except MeshError:
                continue
            self.assertFalse(record.is_signed(item, CRYPTO.verify))

    def test_size_salt_and_sequence_are_bounded(self):
        good = record.write(KEY, 5, b"n", b"de", sign)
        for raw in (b"", good[:105], good + bytes(1000), good.replace(b"\1nde", b"\1xde")):
            with self.assertRaises(MeshError):
                record.parse(raw)
        with self.assertRaises(MeshError):
            record.parse(record.write(KEY, 1 << 63, b"n", b"de", sign))


class Values(unittest.TestCase):
    def test_a_node_survives_the_round_trip(self):
        value = node(
            name=b"school",
            endpoints=[record.Endpoint(0, "10.0.0.1", 5060), record.Endpoint(1, "fe80::1", 5061)],
            flags=3,
            edges=b"12345678\1",
            hashes=b"h" * 32,
            registered=b"\1",
        )
        self.assertEqual(record.read_node(record.write_node(value)), value)

    def test_the_usual_record_is_about_300_octets(self):
        value = node(
            name=b"node",
            endpoints=[record.Endpoint(0, "10.0.0.1", 5060)],
            edges=b"12345678\1" * 6,
            hashes=b"h" * 64,
        )
        raw = record.write(KEY, 1 << 32, b"n", record.write_node(value), sign)
        self.assertLess(len(raw), 320)

    def test_what_breaks_the_form_is_refused(self):
        bad = (
            b"le", b"d1:n3:abce", b"d1:ui1ee", b"d1:u3:abce", b"d1:el1:xee", b"d1:ai1ee",
            b"d1:a33:" + b"x" * 33 + b"e", b"d1:mi256ee", b"d1:mi-1ee",
        )  # fmt: skip
        for octets in bad:
            with self.subTest(octets), self.assertRaises(MeshError):
                record.read_node(octets)


if __name__ == "__main__":
    unittest.main()
