"""Amateur radio: links and circuits that everybody may read, and that what is hidden keeps off."""

import unittest

from bellhop.mesh import packets
from bellhop.mesh.node import MeshSettings
from bellhop.mesh.phonebook import Served
from tests.unit.mesh.network import TOY, Network, line, real_or_toy, ring
from tests.unit.mesh.test_circuits import begin, called, said, say

CALLSIGN = b"DL1ABC"
WORDS = b"MESSAGE sip:bob the words of a text"


def radios(names):
    """Return the settings of nodes; names: {index: interfaces that are amateur radio}."""
    return lambda index: MeshSettings(
        "n%d" % index, "emergency", radio=(names.get(index, ()), CALLSIGN)
    )


def ready(count, edges, names, crypto=TOY):
    """Return a Network whose nodes know each other."""
    network = Network(count, edges, crypto=crypto, settings=radios(names))
    network.run(6000)
    return network


class Plain(unittest.TestCase):
    def sent(self, network, index, link):
        return [e.data for _, at, e in network.log if (at, e.link) == (index, link)]

    def test_all_can_be_read_and_names_its_station(self):
        network = ready(3, line(3), {1: ("l1",), 2: ("l0",)}, real_or_toy())
        self.assertEqual(len(network.nodes[0].routes()), 2)
        del network.log[:]
        call = begin(network, WORDS)
        network.run(6000)
        self.assertEqual(said(network, 2), [WORDS])
        self.assertTrue(call.is_plain and called(network, 2).is_plain)
        radio, cable = self.sent(network, 1, 1), self.sent(network, 0, 0)
        self.assertTrue([one for one in radio if WORDS in one])
        self.assertFalse([one for one in cable if WORDS in one or CALLSIGN in one])
        hellos = [one for one in radio if one[2] == packets.HELLO]
        self.assertTrue(hellos)
        self.assertFalse([one for one in hellos if CALLSIGN not in one])
        self.assertEqual(network.nodes[2].peers()[0]["callsign"], "DL1ABC")
        say(network, 2, called(network, 2), b"and back")
        network.run(1000)
        self.assertEqual(said(network, 0), [b"and back"])

    def test_what_is_hidden_goes_around_it(self):
        network = ready(4, ring(4), {0: ("l0",), 1: ("l0",)})
        nodes = network.nodes
        self.assertFalse(nodes[0].is_plain(nodes[1].id))
        del network.log[:]
        call, effects = nodes[0].call(nodes[1].id, WORDS, network.now)
        network.perform(0, effects)
        network.run(1000)
        self.assertEqual(said(network, 1), [WORDS])
        self.assertFalse(call.is_plain)
        self.assertFalse([d for d in self.sent(network, 0, 0) if len(d) > 1000])

    def test_calls_for_help_take_it_too(self):
        network = ready(4, ring(4), {0: ("l0",), 1: ("l0",)})
        nodes = network.nodes
        del network.log[:]
        _, effects = nodes[0].call(nodes[1].id, WORDS, network.now, None, True)
        network.perform(0, effects)
        network.run(1000)
        self.assertEqual(said(network, 1), [WORDS])
        self.assertTrue([d for d in self.sent(network, 0, 0) if WORDS in d])

    def test_a_relay_sends_nothing_hidden_there(self):
        network = ready(3, line(3), {1: ("l1",), 2: ("l0",)})
        nodes = network.nodes
        nodes[0].is_plain = lambda node: False
        nodes[0].paths_to = lambda node, k=2, plain=False, level=0: [[nodes[1].id, nodes[2].id]]
        del network.log[:]
        _, effects = nodes[0].call(nodes[2].id, WORDS, network.now)
        network.perform(0, effects)
        network.run(12000)
        self.assertEqual(said(network, 2), [])
        self.assertFalse([one for one in self.sent(network, 1, 1) if len(one) > 1000])

    def test_a_phone_book_that_is_closed_keeps_off_it(self):
        network = Network(
            3, line(3), crypto=real_or_toy(), settings=radios({1: ("l1",), 2: ("l0",)})
        )
        reader = network.nodes[2].id
        settings = MeshSettings("n0", "home", contacts=[reader], radio=((), CALLSIGN))
        network.nodes[0].adopt(settings)
        users = [Served(b"alice", b"201", b"Alice", (), True)]
        network.nodes[0].publish(users, network.now)
        network.run(9000)
        salts = [
            {key[8:] for key, entry in node.database.items() if key[:8] == network.nodes[0].short}
            for node in network.nodes
        ]
        self.assertEqual(salts, [{b"n", b"book"}, {b"n", b"book"}, {b"n"}])

    def test_ends_that_are_not_of_one_mind_are_no_neighbours(self):
        network = ready(2, line(2), {0: ("l0",)})
        self.assertEqual([node.routes() for node in network.nodes], [[], []])
        self.assertTrue(network.nodes[1].counters["not_amateur"])

    def test_a_changed_octet_is_no_word_of_the_neighbour(self):
        network = ready(2, line(2), {0: ("l0",), 1: ("l0",)})
        neighbour = list(network.nodes[0].neighbours.table.values())[0]
        data = neighbour.session.write(packets.ACK, bytes(5))
        changed = data[:20] + bytes((data[20] ^ 1,)) + data[21:]
        before = network.nodes[1].counters["malformed"]
        network.nodes[1].receive(changed, 0, network.address(0, 0), network.now)
        self.assertEqual(network.nodes[1].counters["malformed"], before + 1)


if __name__ == "__main__":
    unittest.main()
