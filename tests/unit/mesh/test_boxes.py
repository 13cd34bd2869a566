"""Boxes among ten nodes: found by their key alone, revoked, repeated, flooded, by two at once."""

import unittest

from bellhop.mesh import boxes, cells, circuit, circuits, meetings, record
from bellhop.mesh.database import NEWER, Database
from bellhop.mesh.effects import Ended, Said
from bellhop.mesh.identity import short_id
from tests.unit.mesh.network import Network, ring

SEED = b"the box of node seven" + bytes(11)
OWNER = 7
# A ring of ten, and five streets across it.
EDGES = ring(10) + [(at, at + 5) for at in range(5)]
HOLDING = circuits.Circuits, circuit.Circuit, meetings.Meetings, meetings.Waiting, meetings.Joint


def said(network, index):
    """Return [(Call, octets)] of what a node was told."""
    return [(e.call, e.octets) for _, at, e in network.said if at == index and isinstance(e, Said)]


def ended(network, index):
    return [e.reason for _, at, e in network.said if at == index and isinstance(e, Ended)]


class BoxesTest(unittest.TestCase):
    def build(self, loss_percent=0, only=None, calls_an_hour=60):
        """Ten nodes, of which the eighth has a box; return its Box."""
        network = self.network = Network(10, EDGES, loss_percent=loss_percent)
        network.run(5000)
        self.owner = network.nodes[OWNER]
        self.box = boxes.Box(self.owner, SEED, only, calls_an_hour, network.now)
        self.keep([self.box])
        network.run(5000)
        return self.box

    def keep(self, found):
        self.network.perform(OWNER, self.owner.keep_boxes(found, self.network.now))

    def call(self, index, octets=b"ring", key=None):
        """Call the box from a node; return the caller's Call."""
        node = self.network.nodes[index]
        call, effects = node.call(key or self.box.key, octets, self.network.now)
        self.network.perform(index, effects)
        return call

    def say(self, index, call, octets):
        node = self.network.nodes[index]
        self.network.perform(index, node.say(call, octets, self.network.now))

    def meeting(self, number=0):
        """Return the index of a meeting node."""
        ids = [node.id for node in self.network.nodes]
        return ids.index(self.box.places[number].node)

    def strangers(self):
        """Return the indexes of nodes that are neither owner nor meeting nodes."""
        places = [place.node for place in self.box.places]
        nodes = enumerate(self.network.nodes)
        return [i for i, node in nodes if i != OWNER and node.id not in places]

    def test_both_talk_and_the_caller_learns_a_key_that_leads_to_no_node(self):
        box = self.build()
        self.assertEqual(box.listening(), 4)
        for index in self.strangers()[:3]:
            self.network.said = []
            call = self.call(index, b"x" * 3000)
            self.network.run(4000)
            ((other, octets),) = said(self.network, OWNER)
            self.assertEqual((octets, other.node), (b"x" * 3000, self.network.nodes[index].id))
            self.assertIs(other.box, box)
            self.say(OWNER, other, b"answer" * 500)
            self.say(index, call, b"more")
            self.network.run(3000)
            self.assertEqual([one for _, one in said(self.network, index)], [b"answer" * 500])
            self.assertEqual(said(self.network, OWNER)[1][1], b"more")
            self.assertEqual((call.out, other.out), ({}, {}))

    def test_the_ways_of_the_owner_have_three_relays(self):
        box = self.build()
        ways = [one.through for place in box.places for one in place.circuits]
        self.assertEqual([len(way) >= 4 for way in ways], [True] * 4)
        self.assertEqual(len({place.node for place in box.places}), 2)

    def held(self, thing, seen):
        """Return the octets and texts that hang on a thing, but for the mesh and its records."""
        if id(thing) in seen or thing in self.network.nodes:
            return []
        seen.add(id(thing))
        if isinstance(thing, (bytes, str)):
            return [thing]
        if isinstance(thing, dict):
            parts = list(thing) + list(thing.values())
        elif isinstance(thing, (list, tuple, set)):
            parts = list(thing)
        elif isinstance(thing, HOLDING):
            names = [one for one in dir(thing) if one[:1] != "_"]
            parts = [getattr(thing, name) for name in names]
        else:
            return []
        return [one for part in parts for one in self.held(part, seen)]

    def test_the_meeting_node_holds_neither_the_key_of_the_box_nor_the_id_of_its_owner(self):
        self.build()
        self.call(self.strangers()[0])
        self.network.run(3000)
        self.assertEqual(len(said(self.network, OWNER)), 1)
        for number in (0, 1):
            node = self.network.nodes[self.meeting(number)]
            held = self.held(node.circuits, set())
            self.assertTrue(held)
            near = [short_id(peer.key) for peer in node.exchange.peers.values()]
            for secret in (self.box.key, SEED, self.owner.id):
                self.assertFalse([one for one in held if isinstance(one, bytes) and secret in one])
            if self.owner.short not in near:
                self.assertNotIn(self.owner.short, held)
            # What it has of the box is a record under a key that nobody links with it.
            raws = [entry.raw for _, entry in node.database.items()]
            self.assertFalse([raw for raw in raws if self.box.key in raw])
            self.assertTrue([raw for raw in raws if record.parse(raw).salt == record.BOX_SALT])

    def test_two_records_of_one_box_have_nothing_in_common(self):
        box = self.build()
        first = record.parse(box.raw)
        box.until = self.network.now
        self.keep([box])
        second = record.parse(box.raw)
        self.assertNotEqual(first.key, second.key)
        one, two = boxes.read_mark(first.value), boxes.read_mark(second.value)
        self.assertFalse(set(one) & set(two))
        self.network.run(5000)
        found = self.network.nodes[0].boxes.find(box.key)
        self.assertEqual(len(found), 2)
        self.assertEqual(found[0].meetings, [(p.node, p.cookie) for p in box.places])
        self.call(self.strangers()[0])
        self.network.run(3000)
        self.assertEqual(len(said(self.network, OWNER)), 1)

    def test_nobody_finds_it_without_its_key(self):
        self.build()
        node = self.network.nodes[0]
        self.assertEqual(node.boxes.find(b"k" * 32), [])
        self.assertEqual(node.boxes.find(self.owner.id), [])
        call = self.call(0, key=b"k" * 32)
        self.network.run(20000)
        self.assertEqual((len(ended(self.network, 0)), call.state), (1, "closed"))

    def test_a_box_that_is_revoked_rings_no_more_and_the_others_do(self):
        box = self.build()
        other = boxes.Box(self.owner, b"s" * 32, None, 60, self.network.now)
        self.keep([box, other])
        self.network.run(5000)
        self.keep([other])
        caller = self.strangers()[0]
        self.call(caller)
        self.network.run(30000)
        self.assertEqual((said(self.network, OWNER), len(ended(self.network, caller))), ([], 1))
        self.call(caller, key=other.key)
        self.network.run(3000)
        self.assertEqual(len(said(self.network, OWNER)), 1)

    def test_two_callers_at_once_and_five_soon_after(self):
        self.build()
        callers = self.strangers()[:2]
        for index in callers:
            self.call(index)
        self.network.run(3000)
        self.assertEqual(len(said(self.network, OWNER)), 2)
        for index in self.strangers()[:5]:
            self.call(index)
        self.network.run(12000)
        self.assertEqual(len(said(self.network, OWNER)), 7)
        self.assertEqual(self.box.listening(), 4)

    def test_who_repeats_a_first_message_is_not_heard(self):
        self.build()
        meeting = self.network.nodes[self.meeting()]
        taken = []
        came = meeting.circuits.meetings.came

        def note(circuit, opened, now):
            if opened.command == cells.SPLICE:
                taken.append(opened)
            return came(circuit, opened, now)

        meeting.circuits.meetings.came = note
        for index in self.strangers():
            self.call(index)
            self.network.run(3000)
        heard = len(said(self.network, OWNER))
        self.assertTrue(taken)
        opened, waiting = taken[0], meeting.circuits.meetings.waiting
        for _ in range(3):
            self.assertTrue(waiting)
            (listening,) = [found[0] for found in waiting.values()][:1]
            effects = meeting.circuits.say(listening, opened.body, self.network.now, 1)
            self.network.perform(self.meeting(), effects)
            self.network.run(3000)
        self.assertEqual(len(said(self.network, OWNER)), heard)

    def test_a_flood_is_bounded_and_the_box_is_there_again_afterwards(self):
        self.build(calls_an_hour=5)
        callers = self.strangers()
        for turn in range(30):
            self.call(callers[turn % len(callers)])
            self.network.run(300)
        self.network.run(60000)
        self.assertEqual(len(said(self.network, OWNER)), 5)
        self.assertTrue(self.box.counts["refused"] > 0)
        self.assertEqual(self.box.listening(), 4)
        for _ in range(72):
            del self.network.log[:]  # A small heap has no room for all of it.
            self.network.run(10000)
        self.call(callers[0])
        self.network.run(3000)
        self.assertEqual(len(said(self.network, OWNER)), 6)

    def test_garbage_under_its_cookie_ends_with_the_circuit_that_heard_it(self):
        self.build()
        node = self.network.nodes[self.strangers()[0]]
        self.box.prekeys, kept = boxes.Prekeys(self.owner, 0, self.box.key), self.box.prekeys
        for _ in range(3):
            self.call(self.network.nodes.index(node))
        self.network.run(60000)
        self.box.prekeys = kept
        self.assertEqual(said(self.network, OWNER), [])
        self.call(self.network.nodes.index(node))
        self.network.run(3000)
        self.assertEqual(len(said(self.network, OWNER)), 1)

    def test_another_than_its_contact_finds_nobody(self):
        self.build(only=None)
        caller, other = self.strangers()[:2]
        self.box.only = self.network.nodes[caller].id
        self.call(other)
        self.network.run(20000)
        self.assertEqual(said(self.network, OWNER), [])
        self.call(caller)
        self.network.run(3000)
        self.assertEqual(len(said(self.network, OWNER)), 1)

    def test_a_lost_meeting_node_is_replaced_and_a_call_goes_on_by_the_other(self):
        self.build()
        caller = self.strangers()[0]
        call = self.call(caller)
        self.network.run(3000)
        ((other, _),) = said(self.network, OWNER)
        joined = [
            i for i, node in enumerate(self.network.nodes)
            if [c for c in node.circuits.table.values() if type(c.user).__name__ == "Joint"]
        ]  # fmt: skip
        (gone,) = joined
        for end in list(self.network.ends):
            if end[0] == gone:
                self.network.silence(gone, self.network.ends[end][0])
        self.network.run(15000)
        self.say(caller, call, b"still there")
        self.say(OWNER, other, b"me too")
        self.network.run(15000)
        self.assertEqual(said(self.network, OWNER)[-1][1], b"still there")
        self.assertEqual(said(self.network, caller)[-1][1], b"me too")
        self.network.run(60000)
        self.assertNotIn(self.network.nodes[gone].id, [place.node for place in self.box.places])
        self.assertEqual(self.box.listening(), 4)

    def test_it_stays_and_is_new_in_between(self):
        box = self.build()
        first, least = box.raw, self.network.now + boxes.LEAST_LIFE - 10000
        self.assertTrue(least <= box.until <= least + boxes.MOST_LIFE)
        box.until = least
        self.network.run(boxes.LEAST_LIFE + 60000)
        self.assertNotEqual(box.raw, first)
        self.assertEqual(box.listening(), 4)
        self.call(self.strangers()[0])
        self.network.run(3000)
        self.assertEqual(len(said(self.network, OWNER)), 1)

    def test_loss_delays_and_nothing_comes_twice(self):
        self.build(loss_percent=5)
        self.network.run(20000)
        caller = self.strangers()[0]
        call = self.call(caller, b"y" * 2000)
        self.network.run(15000)
        for number in range(20):
            self.say(caller, call, b"%d" % number)
        self.network.run(20000)
        words = [octets for _, octets in said(self.network, OWNER)]
        self.assertEqual(words, [b"y" * 2000] + [b"%d" % number for number in range(20)])


class RecordTest(unittest.TestCase):
    def raw(self, number):
        network = RecordTest.network
        node = network.nodes[0]
        found = boxes.Found([(node.id, bytes(16))], node.circuits.prekeys.told())
        return boxes.write(node.crypto, b"%032d" % number, bytes(8), found)

    def setUp(self):
        RecordTest.network = Network(1, [])

    def test_it_says_what_was_written_to_who_knows_its_key_alone(self):
        node = RecordTest.network.nodes[0]
        item = record.parse(self.raw(1))
        self.assertTrue(record.is_signed(item, node.verify))
        key = node.crypto.public_key(b"%032d" % 1)
        self.assertEqual(boxes.read(node.crypto, key, item).meetings, [(node.id, bytes(16))])
        with self.assertRaises(boxes.MeshError):
            boxes.read(node.crypto, node.id, item)

    def test_boxes_take_a_quarter_and_a_flood_takes_not_those_of_others(self):
        table = Database(most=40)
        for number in range(4):
            self.assertTrue(table.store(self.raw(number), b"honest", 0))
        for number in range(100, 140):
            raw = self.raw(number)
            if table.compare(raw, record.table_key(raw, record.BOX_SALT)) == NEWER:
                table.store(raw, b"flood", 0)
        self.assertEqual(sum(table.boxes.values()), 10)
        self.assertEqual(table.boxes[b"honest"], 4)
        self.assertTrue(table.store(self.raw(50), b"honest", 0))
        self.assertEqual(table.boxes, {b"honest": 5, b"flood": 5})


if __name__ == "__main__":
    unittest.main()
