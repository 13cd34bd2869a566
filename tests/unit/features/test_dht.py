"""The DHT's messages and one search: what strangers send costs questions, never more."""

import unittest

from bellhop.bencode import decode, encode
from bellhop.errors import MeshError
from bellhop.features.dht import krpc
from bellhop.features.dht.search import AT_ONCE, CLOSEST, MAX_QUESTIONS, PATIENCE_MS, Search

KEY = b"k" * 32
IDS = [bytes([at]) * 20 for at in range(256)]


def verify(key, data, signature):
    return signature == b"s" * 64


def place(at):
    return "10.0.%d.%d" % (at >> 8, at & 255), 6881


def packed(numbers):
    return b"".join([IDS[at] + bytes((10, 0, 0, at)) + b"\x1a\xe1" for at in numbers])


def answer(at, nodes=(), item=None):
    """Return the octets of an answer of a node."""
    fields = {b"id": IDS[at], b"token": b"t%d" % at, b"nodes": packed(nodes)}
    if item is not None:
        fields.update({b"k": item[0], b"seq": item[1], b"sig": b"s" * 64, b"v": item[2]})
    seen = bytes((198, 51, 100, 7)) + b"\x14\x1e"
    return encode({b"ip": seen, b"r": fields, b"t": b"mark", b"y": b"r"})


class Messages(unittest.TestCase):
    def test_an_answer_is_read(self):
        found = krpc.read(answer(3, (4, 5), (KEY, 7, b"value")))
        self.assertEqual(found.nodes, [(IDS[4], place(4)), (IDS[5], place(5))])
        self.assertEqual(
            (found.mark, found.token, found.seen), (b"mark", b"t3", ("198.51.100.7", 5150))
        )
        self.assertEqual(found.item, (KEY, b"s" * 64, 7, b"value"))
        self.assertTrue(krpc.is_of(found.item, KEY, verify))
        self.assertFalse(krpc.is_of(found.item, b"x" * 32, verify))

    def test_questions_say_that_this_client_keeps_nothing(self):
        for octets in (
            krpc.get(b"m", IDS[1], IDS[2]),
            krpc.put(b"m", IDS[1], b"t", krpc.Item(KEY, b"s" * 64, 1, b"v")),
        ):
            self.assertEqual(decode(octets)[b"ro"], 1)

    def test_what_is_none_is_refused_and_nothing_else_happens(self):
        whole = answer(3, (4, 5), (KEY, 7, b"value"))
        bad = [whole[:at] for at in range(len(whole))]
        bad += [b"", b"de", b"i1e", b"le", krpc.get(b"m", IDS[1], IDS[2])]
        bad += [encode({b"r": one, b"t": b"m", b"y": b"r"}) for one in (1, [], {}, {b"id": b"x"})]
        for octets in bad:
            self.assertRaises(MeshError, krpc.read, octets)
        odd = {b"id": IDS[1], b"nodes": 5, b"nodes6": b"x" * 39, b"k": KEY, b"v": [], b"seq": b""}
        found = krpc.read(encode({b"ip": [], b"r": odd, b"t": b"m", b"y": b"r"}))
        self.assertEqual((found.item, found.seen), (None, None))


class Searches(unittest.TestCase):
    def ask(self, search, now=0):
        return [int(host.split(".")[3]) for host, _ in search.next(now)]

    def give(self, search, at, nodes=(), item=None):
        search.answered(place(at), krpc.read(answer(at, nodes, item)))

    def test_it_comes_closer_until_the_closest_have_answered(self):
        search = Search(KEY, {place(1): b""}, verify)
        asked, todo = 0, self.ask(search)
        while todo:
            self.assertLessEqual(len(search.waiting), AT_ONCE)
            at = todo.pop(0)
            self.give(search, at, [(at * 7 + step) % 255 + 1 for step in range(8)])
            todo += self.ask(search)
            asked += 1
        self.assertTrue(search.is_over())
        self.assertLessEqual(asked, MAX_QUESTIONS + AT_ONCE)
        self.assertEqual(len(search.closest()), CLOSEST)

    def test_the_newest_item_that_is_signed_counts(self):
        search = Search(KEY, {place(at): b"" for at in (1, 2, 3, 4)}, verify)
        self.ask(search)
        for at, item in (
            (1, (KEY, 5, b"old")),
            (2, (KEY, 6, b"new")),
            (3, (b"x" * 32, 9, b"evil")),
        ):
            self.give(search, at, (), item)
        self.assertEqual(search.found.value, b"new")
        self.give(search, 77, (), (KEY, 99, b"not asked"))
        self.assertEqual(search.found.value, b"new")

    def test_who_is_silent_is_not_waited_for(self):
        search = Search(KEY, {place(1): b""}, verify)
        self.ask(search, 1000)
        self.assertEqual(search.deadline(), 1000 + PATIENCE_MS)
        search.drop(1000 + PATIENCE_MS)
        self.assertEqual(self.ask(search), [])
        self.assertTrue(search.is_over())
        self.assertEqual(search.closest(), [])

    def test_liars_cost_so_many_questions_at_most(self):
        search, asked = Search(KEY, {place(1): b""}, verify), 0
        todo = search.next(0)
        while todo:
            asked += 1
            host, _ = todo.pop()
            nodes = b"".join(
                [
                    bytes((asked,)) * 10
                    + bytes((at,)) * 10
                    + bytes((11, asked, at, 1))
                    + b"\x1a\xe1"
                    for at in range(16)
                ]
            )
            octets = answer(2).replace(b"5:nodes0:", b"5:nodes%d:" % len(nodes) + nodes)
            search.answered((host, 6881), krpc.read(octets))
            todo += search.next(0)
        self.assertLessEqual(asked, MAX_QUESTIONS + AT_ONCE)


if __name__ == "__main__":
    unittest.main()
