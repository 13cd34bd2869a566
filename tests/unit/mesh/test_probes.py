"""Probes: who answers at the addresses of a record, and who only seems to."""

import unittest

from bellhop.mesh import packets, probes, record
from tests.unit.mesh.network import Network, line

PORT = 18430


class Yard:
    """A line of three nodes, whose first asks whether the last answers."""

    def __init__(self):
        self.network = Network(3, line(3))
        self.nodes = self.network.nodes
        for index, node in enumerate(self.nodes):
            self.perform(index, node.carry_sound(PORT + 1, 0))
        self.network.run(5000)
        self.is_firewalled = False
        self.longest = {}

    def host(self, index):
        return self.nodes[index].own.endpoints[0].host

    def perform(self, index, effects):
        self.network.perform(index, effects)

    def ask(self):
        """Ask, and carry datagrams until all is still; return what is known after it."""
        now = self.network.now
        first = self.nodes[0].probes[0].answers(self.nodes[2].id, now)
        for at in range(now, now + 2000, 50):
            self.nodes[0].now = at
            self.carry(0, self.nodes[0].fire(at), at)
        return first, self.nodes[0].probes[0].answers(self.nodes[2].id, now + 2000)

    def carry(self, index, effects, now):
        for effect in effects:
            if getattr(effect, "link", None) != probes.LINK:
                continue
            self.longest[effect.data[2]] = len(effect.data)
            far = [one for one in range(3) if self.host(one) == effect.address[0]]
            for one in far if not (self.is_firewalled and index == 2) else ():
                source = self.seen(index), PORT
                self.carry(one, self.nodes[one].receive(effect.data, 2, source, now), now)

    def seen(self, index):
        return self.host(index)


class Probes(unittest.TestCase):
    def test_who_answers_is_known_for_the_next_call(self):
        yard = Yard()
        self.assertEqual(yard.ask(), (None, True))
        self.assertGreaterEqual(yard.longest[packets.OPEN], packets.STEP_1_BYTES)

    def test_no_answer_is_longer_than_its_question(self):
        yard = Yard()
        yard.ask()
        self.assertLessEqual(yard.longest[packets.COOKIE], yard.longest[packets.HELLO])
        self.assertLessEqual(yard.longest[packets.OPEN], probes.STEP_1_BYTES)

    def test_who_is_behind_a_firewall_does_not(self):
        yard = Yard()
        yard.is_firewalled = True
        self.assertEqual(yard.ask(), (None, False))

    def test_a_twin_is_not_asked(self):
        yard = Yard()
        yard.nodes[0].own.endpoints = [record.Endpoint(0, yard.host(2), 5060)]
        self.assertEqual(yard.ask(), (None, False))
        self.assertEqual(yard.longest, {})

    def test_an_own_address_that_nobody_sees_does_not_count(self):
        yard = Yard()
        yard.seen = lambda index: "192.0.2.7" if index == 0 else yard.host(index)
        true_host = yard.host
        yard.host = lambda index: "192.0.2.7" if index == 0 else true_host(index)
        self.assertEqual(yard.ask(), (None, False))

    def test_somebody_else_at_the_address_does_not(self):
        yard = Yard()
        one, other = yard.host(1), yard.host(2)
        yard.host = lambda index: {0: "10.9.0.1", 1: other, 2: one}[index]
        self.assertEqual(yard.ask(), (None, False))

    def test_nobody_is_answered_without_a_cookie(self):
        yard = Yard()
        node = yard.nodes[2]
        far = node.probes[0].own
        opening = packets.Open(1, probes.ASKING, far, bytes(8), b"sess", bytes(32))
        data = packets.write_open(opening) + bytes(16)
        self.assertEqual(node.receive(data, 2, ("10.9.0.1", PORT), 0), [])

    def test_what_was_found_is_believed_for_a_while(self):
        yard = Yard()
        yard.ask()
        asking, now = yard.nodes[0].probes[0], yard.network.now
        self.assertIs(asking.answers(yard.nodes[2].id, now + probes.BELIEVED - 1), True)
        self.assertIs(asking.answers(yard.nodes[2].id, now + 3 * probes.BELIEVED), None)

    def test_those_asked_are_bounded(self):
        asking = Yard().nodes[0].probes[0]
        for number in range(2 * probes.MAX_PROBED):
            asking.answers(number.to_bytes(32, "big"), number)
        self.assertEqual(len(asking.asked), probes.MAX_PROBED)


if __name__ == "__main__":
    unittest.main()
