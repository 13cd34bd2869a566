"""Nodes behind NAT that a third one tells of each other."""

import heapq
import unittest

from bellhop.effects import SendMesh
from bellhop.mesh import calls, packets, punching
from bellhop.mesh.address import pack
from bellhop.mesh.link import ANYWHERE
from bellhop.mesh.node import Mesh
from bellhop.mesh.settings import MeshSettings
from tests.unit.mesh.network import TOY, Dice

PORT = 5066
PLACES = [("5.9.77.1%d" % index, PORT) for index in range(3)]
PEERS = (4000,) * calls.STREAMS


class Internet:
    """Nodes 0 and 2, which know node 1 by its address, and a NAT before each of `behind`.

    changes: whether it gives out another port for each host that is spoken to, or each but node 1.
    """

    def __init__(self, behind=(0, 2), changes=False, shown=(0, 1, 2), seed=5):
        self.now, self.serial, self.queue = 0, 0, []
        self.behind, self.changes = behind, changes
        self.spoken, self.sent = set(), []
        dice = Dice(seed)
        self.nodes = []
        for index in range(3):
            peers = [PLACES[1]] if index != 1 else []
            settings = MeshSettings("n%d" % index, "emergency", peers, port=PORT)
            node = Mesh(bytes((index + 1,)) * 32, 1, dice.random, TOY, settings, 0)
            self.nodes.append(node)
            if index in shown:
                node.set_endpoints([("10.0.%d.1" % index, 5060)], 0)
            self.perform(index, node.link_up(ANYWHERE, "internet", False, 0))
            self.perform(index, node.carry_sound(18431, 0))

    def _outside(self, index, far):
        host, port = PLACES[index]
        is_other = self.changes is True or (self.changes == "but one" and far != 1)
        return host, port + 1000 + far if is_other and index in self.behind else port

    def perform(self, index, effects):
        """Carry the datagrams."""
        for effect in effects:
            if not isinstance(effect, SendMesh) or effect.link != ANYWHERE:
                continue
            self.sent.append((index, effect))
            for far in range(3):
                source, there = self._outside(index, far), self._outside(far, index)
                if effect.address == there:
                    self.spoken.add((index, source, there))
                    entry = self.now + 10, self.serial, far, source, there, effect.data
                    heapq.heappush(self.queue, entry)
                    self.serial += 1

    def run(self, duration):
        """Let time pass."""
        until = self.now + duration
        while True:
            at, index = min([(one.next_deadline(), n) for n, one in enumerate(self.nodes)])
            if self.queue and self.queue[0][0] <= at:
                self.now, _, far, source, there, data = heapq.heappop(self.queue)
                if far not in self.behind or (far, there, source) in self.spoken:
                    node = self.nodes[far]
                    self.perform(far, node.receive(data, ANYWHERE, source, self.now))
            elif at > until:
                break
            else:
                self.now = max(self.now, at)
                self.perform(index, self.nodes[index].fire(self.now))
        self.now = until

    def call(self):
        """Let node 0 call node 2 with sound; return the Call."""
        self.run(6000)
        call, effects = self.nodes[0].call(self.nodes[2].id, b"first", self.now, PEERS)
        self.perform(0, effects)
        self.run(2000)
        (other,) = self.nodes[2].calls.table.values()
        self.perform(2, self.nodes[2].say(other, b"second", self.now))
        self.run(2000)
        return call

    def count(self, name):
        """Return a counter of all nodes."""
        return [node.counters[name] for node in self.nodes]


class PunchingTest(unittest.TestCase):
    def test_both_meet_and_their_call_goes_straight_on(self):
        for behind, seed in (((0, 2), 1), ((0, 2), 2), ((0, 2), 3), ((0,), 4), ((2,), 5)):
            internet = Internet(behind, seed=seed)
            call = internet.call()
            self.assertEqual((call.state, call.circuit.through), (calls.OPEN, ()))
            self.assertEqual(internet.count("introduced"), [0, 1, 0])

    def test_where_ports_are_changed_the_call_stays_with_the_node_between(self):
        internet = Internet(changes=True)
        call = internet.call()
        self.assertEqual((call.state, call.circuit.through), (calls.OPEN, (internet.nodes[1].id,)))
        self.assertEqual(internet.count("not_met"), [1, 0, 1])

    def test_where_a_port_is_changed_after_all_the_sound_stays_with_the_node_between(self):
        for behind in ((0,), (2,)):
            internet = Internet(behind, changes="but one")
            call = internet.call()
            first, between, last = internet.nodes
            self.assertIn(last.short, first.exchange.peers)
            self.assertEqual(call.circuit.through, (between.id,))
            for here, there in ((first, last), (last, first)):
                hops = here.calls.ways(there.id, 3, True)
                self.assertEqual([len(one) for one in hops], [2])
                (way,) = here.exchange.peers[there.short].ways()
                self.assertEqual(way.sound_port, 0)

    def test_who_tells_no_address_is_told_of_to_nobody(self):
        for shown in ((0, 1), (1, 2)):
            internet = Internet(shown=shown)
            call = internet.call()
            self.assertEqual(call.circuit.through, (internet.nodes[1].id,))
            self.assertEqual(internet.count("introduced"), [0, 0, 0])

    def test_a_private_call_and_a_text_ask_for_no_meeting(self):
        for peers, level in ((PEERS, 1), (None, 0)):
            internet = Internet()
            internet.run(6000)
            discreet = calls.Discreet(level, None)
            _, effects = internet.nodes[0].call(
                internet.nodes[2].id, b"x", internet.now, peers, False, discreet
            )
            internet.perform(0, effects)
            internet.run(4000)
            self.assertEqual(internet.count("introduced"), [0, 0, 0])

    def test_one_neighbour_causes_few_greetings_whatever_it_says(self):
        internet = Internet()
        internet.run(6000)
        node, witness = internet.nodes[0], internet.nodes[1]
        peer = node.exchange.peers[witness.short]
        here = bytes((4,)) + pack(PLACES[0][0]) + PORT.to_bytes(2, "big")
        before = len(internet.sent)
        for number in range(200):
            there = bytes((4, 9, 9, 9, number)) + PORT.to_bytes(2, "big")
            body = internet.nodes[2].id + there + here
            internet.perform(0, node.punching.heard(peer, body, internet.now))
        internet.run(5000)
        greeted = [e for index, e in internet.sent[before:] if e.address[0][:6] == "9.9.9."]
        self.assertEqual(len(greeted), punching.BURST * len(punching.GREETED))
        self.assertEqual(max(len(one.data) for one in greeted), 40)

    def test_one_neighbour_is_introduced_so_often_and_not_more(self):
        internet = Internet()
        internet.run(6000)
        witness = internet.nodes[1]
        peer = witness.exchange.peers[internet.nodes[0].short]
        sent = [witness.punching.heard(peer, internet.nodes[2].id, internet.now) for _ in range(50)]
        self.assertEqual([len(one) for one in sent], [2] * punching.BURST + [0] * 42)

    def test_what_is_no_meeting_greets_nobody(self):
        internet = Internet()
        internet.run(6000)
        node, witness = internet.nodes[0], internet.nodes[1]
        peer = node.exchange.peers[witness.short]
        key, place = internet.nodes[2].id, bytes((4, 9, 9, 9, 9, 19, 202))
        near = bytes((4, 192, 168, 1, 1, 19, 202))
        for body in (
            b"",
            key[:31],
            key + b"x",
            key + place,
            key + near + place,
            key + place + near,
            key + place * 3,
            key + bytes((5,)) + place * 2,
        ):
            session = peer.best().session
            sealed = witness.exchange.peers[node.short].best().session.write(packets.MEET, body)
            before = node.counters["malformed"]
            found = node.receive(sealed, ANYWHERE, PLACES[1], internet.now)
            self.assertEqual([one for one in found if one.address[0] == "9.9.9.9"], [], session)
            if body:
                self.assertEqual(node.counters["malformed"], before + 1, body)
        self.assertEqual(node.punching.due, [])
        stranger = bytes(32) + place + bytes((4,)) + pack(PLACES[0][0]) + PORT.to_bytes(2, "big")
        self.assertEqual(node.punching.heard(peer, stranger, internet.now), [])
