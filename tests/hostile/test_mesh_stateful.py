"""Any order of changes, cuts, merges, loss, replay and forgery ends in one database everywhere."""

import random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bellhop.mesh.phonebook import Served
from tests.unit.mesh.network import Network, ring

COUNT = 5
NODES = st.integers(0, COUNT - 1)


class Islands(RuleBasedStateMachine):
    """Five nodes in a ring, of which links go silent and come back."""

    def __init__(self):
        super().__init__()
        self.network = Network(COUNT, ring(COUNT))
        self.newest = {}
        self.names = {}
        self.serial = 0

    @rule(node=NODES)
    def publish(self, node):
        self.serial += 1
        self.names[node] = b"name%d" % self.serial
        served = [Served(self.names[node], b"", b"", [], True)]
        self.network.nodes[node].publish(served, self.network.now)

    @rule(node=NODES)
    def cut(self, node):
        self.network.silence(node, (node + 1) % COUNT)

    @rule(node=NODES)
    def mend(self, node):
        self.network.silence(node, (node + 1) % COUNT, False)

    @rule(percent=st.sampled_from((0, 10, 40)))
    def lose(self, percent):
        self.network.loss_percent = percent

    @rule(duration=st.sampled_from((5, 100, 1000, 8000)))
    def wait(self, duration):
        self.network.run(duration)

    @rule(seed=st.integers(0, 1000))
    def replay_and_forge(self, seed):
        """Repeat old packets from where they came, whole or with one octet changed."""
        dice = random.Random(seed)
        for _ in range(20):
            _, index, effect = dice.choice(self.network.log)
            far = self.network.ends[index, effect.link]
            data = bytearray(effect.data)
            if dice.random() < 0.7:
                data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
            source = self.network.address(index, effect.link)
            node = self.network.nodes[far[0]]
            self.network.perform(
                far[0], node.receive(bytes(data), far[1], source, self.network.now)
            )

    @invariant()
    def sequences_never_go_back(self):
        for index, node in enumerate(self.network.nodes):
            for key, entry in node.database.items():
                assert self.newest.get((index, key), 0) <= entry.sequence
                self.newest[index, key] = entry.sequence

    @invariant()
    def all_records_are_genuine(self):
        keys = {node.id for node in self.network.nodes}
        for node in self.network.nodes:
            assert all(entry.raw[:32] in keys for _, entry in node.database.items())

    def teardown(self):
        """Mend everything: all must become alike, know the newest names, and reach each other."""
        self.network.loss_percent = 0
        self.network.cut.clear()
        self.network.run(60000)
        assert len(self.network.digests()) == 1
        for node in self.network.nodes:
            assert len(node.routes()) == COUNT - 1
            for owner, name in self.names.items():
                expected = (
                    [] if node is self.network.nodes[owner] else [self.network.nodes[owner].id]
                )
                assert [claim.node for claim in node.find(name)] == expected
        self.network.perform(0, self.network.nodes[0].link_down(0, self.network.now))
        self.network.silence(4, 0)
        self.network.silence(0, 1)
        self.network.run(9000)
        for node in self.network.nodes[1:]:
            assert node.paths_to(self.network.nodes[0].id) == []


Islands.TestCase.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
TestIslands = Islands.TestCase
