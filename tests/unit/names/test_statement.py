"""Statements of directories: there and back, and what strangers may write."""

import unittest

from bellhop.bencode import encode
from bellhop.names import keys, statement
from tests.unit.mesh.network import TOY

SEED = b"d" * 32
KEY = TOY.public_key(SEED)
ONE = statement.Statement(b"dir.test", 20800, b"k" * 32, b"+4930555", 3, b"sip:a@b.test", b"h" * 48)


def sign(data):
    return TOY.sign(SEED, data)


class StatementTest(unittest.TestCase):
    def test_there_and_back(self):
        for one in (ONE, statement.Statement(*(tuple(ONE)[:5] + (b"", b"")))):
            octets = statement.write(one, sign)
            self.assertEqual(statement.read(octets, KEY, TOY.verify), one)
            self.assertEqual(statement.directory_of(octets), b"dir.test")
            self.assertEqual(statement.read(octets, b"x" * 32, TOY.verify), None)

    def test_no_octet_can_be_changed_or_missing(self):
        octets = statement.write(ONE, sign)
        for at in range(len(octets)):
            changed = octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1 :]
            self.assertEqual(statement.read(changed, KEY, TOY.verify), None)
            self.assertEqual(statement.read(octets[:at], KEY, TOY.verify), None)

    def test_signed_nonsense(self):
        fields = {b"d": b"dir.test", b"e": 1, b"k": b"k" * 32, b"n": b"+4930555", b"s": 0}
        changes = ((b"k", b"short"), (b"e", -1), (b"s", -1), (b"s", b"0"), (b"n", 5), (b"d", []))
        wrong = [{}, []] + [dict(list(fields.items()) + [change]) for change in changes]
        for value in wrong:
            octets = encode(value)
            found = statement.read(sign(octets) + octets, KEY, TOY.verify)
            self.assertEqual(found, None)

    def test_the_key_of_a_directory(self):
        line = b"v=bh1; k=ed25519; p=" + keys.base64(KEY) + b"; api=https://dir.test"
        found = statement.directory([b"\x03spf", bytes([len(line)]) + line])
        self.assertEqual(found, statement.Directory(KEY, b"https://dir.test", b""))
        self.assertEqual(statement.directory([b"\x03spf"]), None)


if __name__ == "__main__":
    unittest.main()
