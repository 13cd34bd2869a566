"""The signed list and the choice: two of three, never back, the cheapest for what one dials."""

import unittest

from bellhop.bencode import decode, encode
from bellhop.features.dns.lists import Lists
from bellhop.names import choice, keys, lists
from tests.support.exchange import Exchange
from tests.support.messages import settings
from tests.unit.mesh.network import TOY

SEEDS = [bytes([at]) * 32 for at in (1, 2, 3)]
KEYS = [TOY.public_key(seed) for seed in SEEDS]
TEXT = b'{"providers": [{"api": "https://one.test"}]}'


def carried(signers=(0, 2), sequence=5, text=TEXT, said=TEXT):
    head = lists.write_head(sequence, 20800, [b"https://dir.test/v1/list"], text)
    signed = {number: lists.sign(head, SEEDS[number], TOY) for number in signers}
    return lists.carry(head, signed, said)


class ListTest(unittest.TestCase):
    def refused(self, octets, words, sequence=0):
        with self.assertRaises(ValueError) as raised:
            lists.read(octets, KEYS, sequence, TOY.verify)
        self.assertTrue(words in str(raised.exception), str(raised.exception))

    def test_two_of_three(self):
        for signers in ((0, 1), (0, 2), (1, 2), (0, 1, 2)):
            head, found = lists.read(carried(signers), KEYS, 5, TOY.verify)
            self.assertEqual((head.sequence, head.until), (5, 20800))
            self.assertEqual(found["providers"][0]["api"], "https://one.test")
        for signers in ((), (0,), (2,)):
            self.refused(carried(signers), "2 are needed")

    def test_one_keeper_counts_once(self):
        fields = decode(carried((0,)))
        fields[b"s"] = {b"0": fields[b"s"][b"0"], b"1": fields[b"s"][b"0"], b"00": b"x" * 64}
        self.refused(encode(fields), "1 of its keepers")

    def test_an_older_or_another_list_is_refused(self):
        self.refused(carried(), "older", 6)
        self.refused(carried(said=b"{}"), "not what was signed")
        self.refused(carried(text=b"[]", said=b"[]"), "no list")
        self.refused(carried(text=b"]", said=b"]"), "no JSON")
        long = b'{"a": "%s"}' % (b"x" * lists.MAX_BYTES)
        self.refused(carried(text=long, said=long), "too long")

    def test_nonsense(self):
        for octets in (b"", b"de", b"i1e", encode({b"l": 5, b"s": {}, b"t": b""}), b"x" * 200000):
            with self.assertRaises(ValueError):
                lists.read(octets, KEYS, 0, TOY.verify)
        fields = decode(carried())
        for name, value in ((b"s", []), (b"s", {b"0": 5}), (b"l", b"de"), (b"t", 5)):
            changed = encode(dict(list(fields.items()) + [(name, value)]))
            with self.assertRaises(ValueError):
                lists.read(changed, KEYS, 0, TOY.verify)

    def test_a_head_is_read_without_its_list(self):
        whole = carried()
        octets = lists.bare(whole)
        self.assertEqual(decode(octets).get(b"t"), None)
        head = lists.read_head(octets, KEYS, TOY.verify)
        self.assertEqual(head, lists.read(whole, KEYS, 0, TOY.verify)[0])
        self.assertRaises(ValueError, lists.read, octets, KEYS, 0, TOY.verify)
        for octets in (b"", b"de", b"i1e", lists.bare(carried((1,)))):
            self.assertRaises(ValueError, lists.read_head, octets, KEYS, TOY.verify)


class Carrying:
    """What the mesh knows of lists, and passes on."""

    def __init__(self, values):
        self.values, self.carried = values, None

    def lists(self):
        return self.values

    def carry_list(self, value, now):
        self.carried = value
        return []


class MeshTest(unittest.TestCase):
    def ask(self, values, head=b""):
        """Return (sequence that is told, 0 for none; what is passed on)."""
        texts = "\n".join("list keeper " + keys.base64(key).decode() for key in KEYS)
        node = Exchange(settings(more="config dns\n" + texts + "\n")).node
        mesh = Carrying(values)
        asked = {"head": keys.base64(head).decode()}
        told = keys.unbase64(Lists(node, mesh, TOY.verify).newest(asked, 0)[0]["head"].encode())
        told = lists.read_head(told, KEYS, TOY.verify).sequence if told else 0
        return told, mesh.carried

    def test_a_newer_one_is_told_and_an_own_one_passed_on(self):
        old, new = (lists.bare(carried(sequence=at)) for at in (5, 6))
        self.assertEqual(self.ask([]), (0, b""))
        self.assertEqual(self.ask([], old), (0, old))
        self.assertEqual(self.ask([old, new], old), (6, old))
        self.assertEqual(self.ask([old], new), (0, new))

    def test_some_copies_are_enough(self):
        one = lists.bare(carried())
        self.assertEqual(self.ask([one] * 2, one), (0, one))
        self.assertEqual(self.ask([one] * 3, one), (0, b""))

    def test_what_the_keepers_have_not_signed_is_nothing(self):
        own, alone = lists.bare(carried()), lists.bare(carried((1,), 99))
        self.assertEqual(self.ask([alone, b"", b"de", b"x" * 900], own), (0, own))
        self.assertEqual(self.ask([], alone), (0, b""))
        self.assertEqual(self.ask([], b"nonsense"), (0, b""))


def offer(name, prices, delay=20, countries=("+49",)):
    about = {"name": name, "countries": list(countries), "currency": "EUR"}
    return choice.Offer("https://" + name, about, prices, delay)


class ChoiceTest(unittest.TestCase):
    def test_the_cheapest_that_is_near(self):
        offers = [offer("dear", [20000, 30000]), offer("cheap", [10000, 9000])]
        best, reason = choice.choose(offers, "+49", b"k")
        self.assertEqual(best.about["name"], "cheap")
        self.assertEqual(
            reason, "cheap of 2: 0.0095 EUR a minute for 2 numbers that you dial, 20 ms away"
        )
        far = [offer("near", [10000]), offer("far", [9000], delay=200)]
        self.assertEqual(choice.choose(far, "+49", b"k")[0].about["name"], "near")

    def test_only_those_for_the_country_and_that_reach_the_numbers(self):
        offers = [offer("french", [1], countries=("+33",)), offer("german", [10000])]
        self.assertEqual(choice.choose(offers, "+49", b"k")[1], "german, the only one for +49")
        self.assertEqual(choice.choose(offers[:1], "+49", b"k")[0], None)
        offers = [offer("lame", [1, None]), offer("full", [10000, 10000])]
        self.assertEqual(choice.choose(offers, "", b"k")[0].about["name"], "full")

    def test_ties_fall_to_both(self):
        offers = [offer("a", [1]), offer("b", [1])]
        found = {choice.choose(offers, "", bytes([at]))[0].api for at in range(32)}
        self.assertEqual(len(found), 2)


if __name__ == "__main__":
    unittest.main()
