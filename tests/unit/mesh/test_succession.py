"""Keys that name an heir, are revoked, or are followed by a new router's."""

import unittest

from bellhop.errors import MeshError
from bellhop.mesh import record, succession
from bellhop.mesh.identity import MAX_SEQUENCE
from bellhop.mesh.phonebook import Served
from bellhop.mesh.succession import Ending
from tests.unit.mesh.network import TOY, Network, line, toy_public_key, toy_sign

OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32


def ending(salt, seed, heir, by=None):
    """Return a record of the key of a seed; heir: a seed or None; by: the seed that signs as it."""
    public = None if heir is None else toy_public_key(heir)
    by = by or heir
    return succession.write_ending(
        salt, toy_public_key(seed), lambda data: toy_sign(seed, data), public,
        lambda data: toy_sign(by, data),
    )  # fmt: skip


def seed_of(index):
    return bytes((index % 256, index // 256)) * 16


def ready(count):
    network = Network(count, line(count))
    for index, node in enumerate(network.nodes):
        name = b"alice%d" % index
        node.publish([Served(name, b"20%d" % index, name, (), True)], network.now)
    network.run(4000)
    return network


class Records(unittest.TestCase):
    def test_what_is_written_is_read(self):
        for salt, heir in (
            (record.NEXT_SALT, NEW),
            (record.OVER_SALT, NEW),
            (record.OVER_SALT, None),
        ):
            item = record.parse(ending(salt, OLD, heir))
            self.assertTrue(record.is_signed(item, TOY.verify))
            new = None if heir is None else toy_public_key(heir)
            is_revoked = salt == record.OVER_SALT
            wanted = Ending(toy_public_key(OLD), new, is_revoked)
            self.assertEqual(succession.read_ending(item, TOY.verify), wanted)
            self.assertEqual(item.sequence, MAX_SEQUENCE)

    def test_nobody_becomes_an_heir_who_has_not_signed(self):
        item = record.parse(ending(record.NEXT_SALT, OLD, NEW, by=OTHER))
        self.assertRaises(MeshError, succession.read_ending, item, TOY.verify)
        item = record.parse(ending(record.NEXT_SALT, OLD, None))
        self.assertRaises(MeshError, succession.read_ending, item, TOY.verify)

    def test_person_signs_for_two_routers_and_no_other(self):
        value = succession.write_replacement(
            NEW, OLD, toy_public_key(OTHER), lambda data: toy_sign(OTHER, data)
        )
        item = record.Item(NEW, b"", 1, record.REPLACES_SALT, value)
        found = succession.read_replacement(item, TOY.verify)
        self.assertEqual(found, (NEW, OLD, toy_public_key(OTHER)))
        stolen = record.Item(OTHER, b"", 1, record.REPLACES_SALT, value)
        self.assertRaises(MeshError, succession.read_replacement, stolen, TOY.verify)

    def test_chain_of_heirs_ends(self):
        circle = {b"a": Ending(b"a", b"b", False), b"b": Ending(b"b", b"a", False)}
        self.assertIn(succession.heir(b"a", circle.get), (b"a", b"b"))
        chain = {b"a": Ending(b"a", b"b", False), b"b": Ending(b"b", b"c", True)}
        self.assertEqual(succession.heir(b"a", chain.get), b"c")


class Mesh(unittest.TestCase):
    def test_heir_stands_for_the_old_key_everywhere_and_the_old_one_is_silent(self):
        network = ready(4)
        old, new = network.nodes[3].id, toy_public_key(NEW)
        key = network.nodes[3].key
        self.assertEqual(network.nodes[0].node_of(key), old)
        network.nodes[2].tell_record(ending(record.NEXT_SALT, seed_of(3), NEW), network.now)
        network.run(2000)
        for node in network.nodes[:3]:
            self.assertEqual(node.node_of(key), new)
            self.assertEqual(node.find(b"alice3"), [])
            self.assertFalse(node.ending(old).is_revoked)

    def test_stolen_seed_is_silenced_whatever_sequence_it_uses(self):
        network = ready(3)
        thief = network.nodes[2]
        raw = record.write(
            thief.id, MAX_SEQUENCE, b"n", thief.database.get(thief.short + b"n").raw[107:],
            lambda data: toy_sign(seed_of(2), data),
        )  # fmt: skip
        network.nodes[1].tell_record(raw, network.now)
        network.run(1000)
        network.nodes[0].tell_record(ending(record.OVER_SALT, seed_of(2), NEW), network.now)
        network.run(3000)
        for node in network.nodes[:2]:
            self.assertIsNone(node.database.get(thief.short + b"n"))
            self.assertEqual(node.find(b"alice2"), [])
            self.assertTrue(node.ending(thief.id).is_revoked)
            self.assertEqual(node.node_of(thief.key), toy_public_key(NEW))
            self.assertNotIn(thief.key, [row["node"] for row in node.routes()])
        thief.publish([Served(b"mallory", b"666", b"m", (), True)], network.now)
        network.run(8000)
        self.assertEqual(network.nodes[0].find(b"mallory"), [])

    def test_revocation_ends_the_heir_that_a_thief_has_named(self):
        network = ready(3)
        key = network.nodes[2].key
        network.nodes[1].tell_record(ending(record.NEXT_SALT, seed_of(2), OTHER), network.now)
        network.run(1000)
        self.assertEqual(network.nodes[0].node_of(key), toy_public_key(OTHER))
        network.nodes[0].tell_record(ending(record.OVER_SALT, seed_of(2), NEW), network.now)
        network.run(1000)
        for node in network.nodes[:2]:
            self.assertEqual(node.node_of(key), toy_public_key(NEW))
        network.nodes[1].tell_record(ending(record.NEXT_SALT, seed_of(2), OTHER), network.now)
        network.run(1000)
        self.assertEqual(network.nodes[0].node_of(key), toy_public_key(NEW))

    def test_key_that_is_over_calls_nobody(self):
        network = ready(3)
        network.nodes[0].tell_record(ending(record.OVER_SALT, seed_of(2), None), network.now)
        network.nodes[0].directory.refresh()
        network.silence(0, 1)  # The others have not heard of it.
        network.silence(0, 1, False)
        call, effects = network.nodes[2].call(network.nodes[0].id, b"hello", network.now)
        network.perform(2, effects)
        network.run(3000)
        self.assertEqual([one for _, at, one in network.said if at == 0], [])

    def test_what_was_followed_counts_whatever_comes_later(self):
        network = ready(2)
        node, old = network.nodes[0], network.nodes[1].id
        node.followed[old] = Ending(old, toy_public_key(NEW), False)
        node.tell_record(ending(record.NEXT_SALT, seed_of(1), OTHER), network.now)
        self.assertEqual(node.node_of(network.nodes[1].key), toy_public_key(NEW))
