"""Published keys and the proofs of calls: which count, and what strangers may write."""

import hashlib
import unittest

from bellhop.names import keys, selfcheck
from bellhop.names.answer import BOGUS, INSECURE, SECURE, SILENT, Answer
from tests.unit.mesh.network import TOY

SEED, NODE, OTHER = b"s" * 32, b"n" * 32, b"m" * 32
KEY = TOY.public_key(SEED)


def txt(*texts):
    return b"".join([bytes([len(text)]) + text for text in texts])


class PlaceTest(unittest.TestCase):
    def test_where_keys_stand(self):
        self.assertEqual(keys.of_number(b"4930", b"dir.test"), b"_sipkey.0.3.9.4.e164.dir.test")
        name = keys.of_address(b"alice", b"Example.org")
        self.assertEqual(name, keys.of_address(b"%41lice", b"example.org"))
        label, rest = name.split(b".", 1)
        self.assertEqual((len(label), rest), (56, b"_sipkey.example.org"))
        foreign = keys.of_foreign(b"Alice", b"example.org", b"dir.test")
        self.assertEqual(foreign.split(b".", 1)[1], b"_sipkey.dir.test")
        self.assertNotEqual(foreign.split(b".")[0], label)


class PublishedTest(unittest.TestCase):
    def test_what_is_pasted_is_what_is_read(self):
        one = keys.Published(KEY, 7)
        self.assertEqual(keys.published([txt(keys.text(one))]), [one])
        half = len(keys.text(one)) // 2
        pieces = txt(keys.text(one)[:half], keys.text(one)[half:])
        self.assertEqual(keys.published([pieces]), [one])

    def test_order_and_blanks_do_not_matter_and_the_floor_may_be_missing(self):
        line = b"p=" + keys.base64(KEY) + b";k=ed25519 ; v=bh1;"
        self.assertEqual(keys.published([txt(line)]), [keys.Published(KEY, 0)])

    def test_what_is_no_key_is_left_out(self):
        good = keys.base64(KEY)
        wrong = (
            b"", b"v=spf1 -all", b"v=bh2; k=ed25519; p=" + good, b"v=bh1; k=rsa; p=" + good,
            b"v=bh1; k=ed25519; p=AAAA", b"v=bh1; k=ed25519; p=" + good[:-1],
            b"v=bh1; k=ed25519; p=" + good + b"; s=x", b"v=bh1; k=ed25519; p=" + good + b"; s=-1",
            b"v=bh1; k=ed25519; p=" + good + b"; s=9223372036854775808",
            b"v=bh1; v=bh1; k=ed25519; p=" + good, b"p", b"=", b";;;",
        )  # fmt: skip
        for line in wrong:
            self.assertEqual(keys.published([txt(line)]), [], line)
        self.assertEqual(keys.published([b"\x09cut"]), [])
        many = [txt(keys.text(keys.Published(bytes([at]) * 32, 0))) for at in range(9)]
        self.assertEqual(len(keys.published(many)), keys.MAX_RECORDS)


class ProofTest(unittest.TestCase):
    def proof(self, sequence=5):
        return keys.prove(SEED, NODE, sequence, TOY)

    def test_a_proof_goes_there_and_back_and_is_for_one_node(self):
        proof = keys.read_proof(keys.write_proof(self.proof()))
        self.assertEqual(proof, self.proof())
        self.assertTrue(keys.proves(proof, NODE, TOY.verify))
        self.assertFalse(keys.proves(proof, OTHER, TOY.verify))
        older = keys.Proof(proof.key, 4, proof.signature)
        self.assertFalse(keys.proves(older, NODE, TOY.verify))

    def test_a_floor_ends_the_proofs_of_a_lost_router(self):
        for floor, fits in ((0, True), (5, True), (6, False)):
            found = [keys.Published(OTHER, 0), keys.Published(KEY, floor)]
            self.assertEqual(keys.fits(self.proof(), found), fits)
            self.assertEqual(keys.is_outdated(self.proof(), found), not fits)
        self.assertFalse(keys.fits(self.proof(), [keys.Published(OTHER, 0)]))
        self.assertFalse(keys.is_outdated(self.proof(), [keys.Published(OTHER, 0)]))

    def test_what_is_no_proof(self):
        good = keys.write_proof(self.proof())
        for cut in range(len(good)):
            self.assertEqual(keys.read_proof(good[:cut]), None, good[:cut])
        for value in (b"", b"p=;s=;sig=", good + b"; p=x", good.replace(b"s=5", b"s=5 5")):
            self.assertEqual(keys.read_proof(value), None)


class Told(unittest.TestCase):
    def seal(self, data):
        return hashlib.sha256(b"the call's" + data).digest()[:16]

    def test_what_was_looked_up_is_told_under_the_keys_of_the_call(self):
        found = [keys.Published(KEY, 5), keys.Published(OTHER, 0)]
        line = keys.write_told(b"+4930555", found, self.seal)
        self.assertEqual(keys.read_told(line, self.seal), (b"+4930555", [KEY, OTHER]))

    def test_what_somebody_between_has_changed_is_not_believed(self):
        line = keys.write_told(b"+4930555", [keys.Published(KEY, 5)], self.seal)
        other = keys.write_told(b"+4930555", [keys.Published(OTHER, 5)], lambda data: bytes(16))
        for wrong in (line[:-4], line[:20], b"", b"n=;p=;tag=", b"n=AA==; p=,; tag=", other,
                      line.replace(b"n=", b"m="), line + b"; p=AA=="):  # fmt: skip
            self.assertIsNone(keys.read_told(wrong, self.seal))


class SelfcheckTest(unittest.TestCase):
    def verdict(self, outcome, *found):
        records = [txt(keys.text(one)) for one in found]
        return selfcheck.verdict(Answer(outcome, records, ""), KEY, 5)

    def test_each_outcome_has_its_word(self):
        mine, other = keys.Published(KEY, 5), keys.Published(OTHER, 0)
        for outcome, found, word in (
            (SECURE, (mine,), selfcheck.GOOD),
            (SECURE, (other, mine), selfcheck.BESIDE),
            (INSECURE, (mine,), selfcheck.UNSIGNED),
            (SECURE, (), selfcheck.ABSENT),
            (SECURE, (other,), selfcheck.FOREIGN),
            (SECURE, (keys.Published(KEY, 6),), selfcheck.OUTDATED),
            (BOGUS, (), selfcheck.REFUTED),
            (SILENT, (), selfcheck.UNKNOWN),
        ):
            self.assertEqual(self.verdict(outcome, *found), word)


if __name__ == "__main__":
    unittest.main()
