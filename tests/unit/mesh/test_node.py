"""Whole nodes on a network in memory: discovery, records, names, paths, loss and return."""

import json
import unittest

from bellhop.effects import SendMesh
from bellhop.mesh import hello, own, packets
from bellhop.mesh.directory import FIRST_SEEN, PINNED
from bellhop.mesh.node import MeshSettings
from bellhop.mesh.phonebook import Served
from tests.unit.mesh.network import Network, line, real_or_toy, ring


def publish(network, names=("alice",)):
    """Every node serves the given names with its own number at the end."""
    for index, node in enumerate(network.nodes):
        users = [
            Served(b"%s%d" % (name.encode(), index), b"2%02d" % index, b"Shown", [b"all"], True)
            for name in names
        ]
        node.publish(users, network.now)


def ready(count, edges, **options):
    """Return a network that had 3 seconds."""
    network = Network(count, edges, **options)
    publish(network)
    network.run(3000)
    return network


class Together(unittest.TestCase):
    def test_two_nodes_find_each_other_with_real_signatures(self):
        network = ready(2, line(2), crypto=real_or_toy())
        one, other = network.nodes
        self.assertEqual([claim.node for claim in one.find(b"alice1")], [other.id])
        self.assertEqual(one.paths_to(other.id), [[other.id]])

    def test_a_line_of_eight_is_ready_within_a_second(self):
        network = Network(8, line(8))
        publish(network)
        network.run(1000)
        self.assertEqual(len(network.digests()), 1)
        path = network.nodes[0].paths_to(network.nodes[7].id)[0]
        self.assertEqual(path, [node.id for node in network.nodes[1:]])

    def test_loss_delays_but_does_not_prevent(self):
        network = ready(8, ring(8), loss_percent=20)
        network.run(20000)
        self.assertEqual(len(network.digests()), 1)
        self.assertEqual(len(network.nodes[0].routes()), 7)

    def test_a_ring_offers_two_ways(self):
        network = ready(5, ring(5))
        ways = network.nodes[0].paths_to(network.nodes[2].id)
        self.assertEqual([len(way) for way in ways], [2, 3])

    def test_everybody_is_in_the_phone_book(self):
        network = ready(4, line(4))
        rows = network.nodes[0].phonebook()
        self.assertEqual(sorted(row["name"] for row in rows), ["alice%d" % n for n in range(4)])
        far = [row for row in rows if row["name"] == "alice3"][0]
        self.assertEqual((far["hops"], far["registered"], far["node_name"]), (3, True, "n3"))
        claims = network.nodes[0].find(far["mesh_number"].encode())
        self.assertEqual([(c.node, c.name) for c in claims], [(network.nodes[3].id, b"203")])

    def test_a_change_reaches_everybody(self):
        network = ready(4, line(4))
        network.nodes[3].publish([Served(b"zoe", b"", b"", [], False)], network.now)
        network.run(600)
        self.assertEqual(len(network.nodes[0].find(b"ZOE")), 1)
        self.assertEqual(network.nodes[0].find(b"alice3"), [])
        row = [row for row in network.nodes[0].phonebook() if row["name"] == "zoe"][0]
        self.assertFalse(row["registered"])

    def test_the_lists_of_the_owner_are_json(self):
        network = ready(3, line(3))
        node = network.nodes[1]
        for shown in (node.peers(), node.routes(), node.graph(), node.phonebook(), node.counters):
            json.dumps(shown)
        self.assertEqual({row["state"] for row in node.peers()}, {"two-way"})
        self.assertEqual(len(node.graph()["edges"]), 2)

    def test_many_names_take_records_of_their_own(self):
        network = Network(2, line(2))
        users = [
            Served(b"user%d" % n, b"%d" % (100 + n), b"Long Name", [], True) for n in range(90)
        ]
        network.nodes[0].publish(users, 0)
        network.run(3000)
        for user in users:
            self.assertEqual(len(network.nodes[1].find(user.number)), 1)
        rows = network.nodes[1].phonebook()
        self.assertEqual(len(rows), 90)
        self.assertTrue(all(row["registered"] for row in rows))
        network.nodes[0].publish(users[:2], network.now)
        network.run(8000)
        self.assertEqual(len(network.nodes[1].phonebook()), 2)
        self.assertEqual(network.nodes[1].find(b"user80"), [])


class Claims(unittest.TestCase):
    def test_two_of_one_name_are_both_told_and_the_contact_comes_first(self):
        network = Network(3, line(3))
        for index in (1, 2):
            network.nodes[index].publish([Served(b"bob", b"", b"", [], True)], 0)
        network.run(3000)
        node = network.nodes[0]
        self.assertEqual([claim.rank for claim in node.find(b"bob")], [FIRST_SEEN, FIRST_SEEN])
        node.adopt(MeshSettings("n0", contacts=[network.nodes[2].id]))
        best = node.find(b"bob")[0]
        self.assertEqual((best.node, best.rank), (network.nodes[2].id, PINNED))

    def test_a_prefix_is_kept_by_the_one_with_the_better_right(self):
        network = ready(2, line(2))
        directory = network.nodes[0].directory
        directory.refresh()
        self.assertFalse(directory.outranks(network.nodes[0].id, 0))
        prefix = next(
            p for p in directory.prefixes if network.nodes[1].short in directory.prefixes[p][0]
        )
        directory.prefixes[prefix] += (network.nodes[0].short + b"n",)
        self.assertNotEqual(
            directory.outranks(network.nodes[1].id, 0), network.nodes[1].id < network.nodes[0].id
        )


class Failures(unittest.TestCase):
    def test_a_lost_carrier_moves_the_path_at_once(self):
        network = ready(5, ring(5))
        node = network.nodes[0]
        network.perform(0, node.link_down(0, network.now))
        self.assertEqual(len(node.paths_to(network.nodes[1].id)[0]), 4)

    def test_a_node_with_another_address_is_reached_there_at_once(self):
        network = ready(2, line(2))
        one, other = network.nodes
        before = other.exchange.peers[one.short].best().address
        effects = one.set_endpoints([("10.7.7.7", 5060)], network.now)
        (said,) = [effect for effect in effects if effect.address is not None]
        moved = "10.7.7.7", before[1]
        answers = other.receive(said.data, 0, moved, network.now)
        self.assertEqual(other.exchange.peers[one.short].best().address, moved)
        self.assertIn(moved, [one.address for one in answers if isinstance(one, SendMesh)])
        self.assertEqual(one.set_endpoints([("10.7.7.7", 5060)], network.now), [])

    def test_a_silent_link_is_noticed_within_seven_seconds_and_a_half(self):
        network = ready(3, ring(3))
        network.silence(0, 1)
        network.run(7500)
        self.assertEqual(len(network.nodes[0].paths_to(network.nodes[1].id)[0]), 2)

    def test_a_relay_that_died_leaves_no_route(self):
        network = ready(4, line(4))
        network.silence(1, 2)
        network.run(8500)
        self.assertEqual(network.nodes[0].paths_to(network.nodes[3].id), [])
        self.assertEqual(
            [(row["name"], row["hops"]) for row in network.nodes[0].phonebook()],
            [("alice0", 0), ("alice1", 1), ("alice2", None), ("alice3", None)],
        )

    def test_a_far_break_and_its_mending_are_told_by_the_names_of_the_nodes(self):
        network = ready(4, line(4))
        network.run(3000)
        del network.told[:]
        network.silence(1, 2)
        network.run(10000)
        lost = [fields.get("lost") for index, what, fields in network.told if index == 0]
        self.assertEqual([names for names in lost if names], [["n2", "n3"]])
        network.silence(1, 2, False)
        network.run(10000)
        found = [fields.get("found") for index, what, fields in network.told if index == 0]
        self.assertEqual(sorted(sum([names for names in found if names], [])), ["n2", "n3"])

    def test_two_islands_merge_within_half_a_second(self):
        network = ready(8, line(4) + [(4, 5), (5, 6), (6, 7)])
        network.run(20000)
        network.join(3, 4)
        network.run(500)
        self.assertEqual(len(network.digests()), 1)
        self.assertEqual(len(network.nodes[0].paths_to(network.nodes[7].id)), 1)

    def test_changes_on_both_sides_of_a_cut_are_exchanged_after_it(self):
        network = ready(4, line(4))
        network.silence(1, 2)
        network.run(10000)
        network.nodes[0].publish([Served(b"new0", b"", b"", [], True)], network.now)
        network.nodes[3].publish([Served(b"new3", b"", b"", [], True)], network.now)
        network.run(8000)
        self.assertEqual(network.nodes[0].find(b"new3"), [])
        network.silence(1, 2, False)
        network.run(4000)
        self.assertEqual(len(network.digests()), 1)
        self.assertEqual(len(network.nodes[0].find(b"new3")), 1)

    def test_a_node_that_lost_its_boot_epoch_jumps_past_its_old_records(self):
        network = ready(3, line(3))
        network.nodes[0] = network.make(0, boot_epoch=0)
        network.nodes[0].publish([Served(b"again", b"", b"", [], True)], network.now)
        network.perform(0, network.nodes[0].link_up(0, "l0", True, network.now))
        network.run(10000)
        self.assertEqual(len(network.nodes[2].find(b"again")), 1)
        self.assertEqual(network.nodes[0].counters["twin"], 0)

    def test_a_twin_is_noticed_and_does_not_storm(self):
        network = Network(4, line(4))
        twin = network.make(0)
        network.nodes[3] = twin
        network.perform(3, twin.link_up(0, "l0", True, 0))
        publish(network)
        before = len(network.log)
        network.run(120000)
        self.assertGreater(network.nodes[0].counters["twin"] + twin.counters["twin"], 0)
        records = [e for _, _, e in network.log[before:] if e.data[2] == packets.RECORDS]
        self.assertLess(len(records), 120)

    def test_a_record_ends_when_its_node_is_silent_for_a_day(self):
        network = ready(2, line(2))
        network.silence(0, 1)
        node = network.nodes[0]
        node.fire(network.now)
        later = network.now + 86400000 + 1200000
        node.fire(later)
        self.assertEqual(node.find(b"alice1"), [])
        self.assertGreater(node.counters["expired"], 0)


class Kept(unittest.TestCase):
    def test_names_are_known_at_once_after_a_restart(self):
        network = ready(3, line(3))
        saved = json.loads(json.dumps(network.nodes[0].dump()))
        fresh = network.make(0, boot_epoch=2)
        fresh.restore(saved, 0)
        self.assertEqual([claim.node for claim in fresh.find(b"alice2")], [network.nodes[2].id])
        self.assertEqual(fresh.paths_to(network.nodes[2].id), [])

    def test_a_spoiled_file_is_left_out(self):
        network = ready(2, line(2))
        saved = network.nodes[0].dump()
        for name in saved:
            for wrong in (None, 5, "x", {}, []):
                spoiled = dict(saved)
                spoiled[name] = wrong
                fresh = network.make(0)
                fresh.restore(spoiled, 0)
        fresh = network.make(0)
        fresh.restore({}, 0)
        self.assertEqual(fresh.find(b"alice1"), [])

    def test_a_host_of_old_is_greeted_when_the_node_is_alone(self):
        network = ready(2, line(2))
        saved = network.nodes[0].dump()
        fresh = network.make(0, boot_epoch=2)
        fresh.restore(saved, 0)
        effects = fresh.link_up(7, "wan", False, 0)
        self.assertEqual([effect.address for effect in effects], [("10.0.0.2", 5062)])


class Unicast(unittest.TestCase):
    def test_a_named_peer_is_reached_without_multicast(self):
        first, second = MeshSettings("a", peers=[("192.0.2.2", 5062)]), MeshSettings("b")
        network = Network(2, [], settings=lambda index: (first, second)[index])
        addresses = (("192.0.2.1", 5062), ("192.0.2.2", 5062))
        waiting = [
            (index, e) for index in (0, 1) for e in network.nodes[index].link_up(9, "w", False, 0)
        ]
        for _ in range(12):
            waiting += [(i, e) for i in (0, 1) for e in network.nodes[i].fire(200)]
            passed, waiting = waiting, []
            for index, effect in passed:
                if isinstance(effect, SendMesh):
                    far = network.nodes[1 - index]
                    effects = far.receive(effect.data, 9, addresses[index], 200)
                    waiting += [(1 - index, e) for e in effects]
        self.assertEqual(
            network.nodes[0].exchange.peers[network.nodes[1].short].key, network.nodes[1].id
        )
        self.assertEqual(
            network.nodes[1].exchange.peers[network.nodes[0].short].key, network.nodes[0].id
        )

    def test_an_address_that_the_kernel_saw_is_greeted(self):
        network = Network(1, [])
        network.nodes[0].link_up(3, "wlan0", True, 0)
        effects = network.nodes[0].neighbour_seen(3, ("10.0.0.9", 5062), 5)
        self.assertEqual([effect.address for effect in effects], [("10.0.0.9", 5062)])


class ClosedBooks(unittest.TestCase):
    def setUp(self):
        crypto = real_or_toy()
        self.settings = [MeshSettings("n%d" % index) for index in range(3)]
        self.network = Network(
            3, line(3), settings=lambda index: self.settings[index], crypto=crypto
        )
        publish(self.network)
        self.network.run(3000)

    def allow(self, *readers):
        """Let node 0 have these nodes as contacts."""
        ids = [self.network.nodes[index].id for index in readers]
        self.network.nodes[0].adopt(MeshSettings("n0", contacts=ids))
        publish(self.network)
        self.network.run(8000)

    def names(self, index):
        return [row["name"] for row in self.network.nodes[index].phonebook()]

    def test_without_contacts_nobody_reads_it_and_who_knows_a_name_can_still_call(self):
        self.assertEqual([self.names(index) for index in (1, 2)], [[], []])
        self.assertEqual(len(self.network.nodes[1].find(b"alice0")), 1)

    def test_a_contact_reads_it_and_the_node_in_between_does_not(self):
        self.allow(2)
        self.assertEqual((self.names(1), self.names(2)), ([], ["alice0"]))
        for _, _, effect in self.network.log:
            self.assertNotIn(b"Shown", effect.data)

    def test_who_is_no_contact_any_more_reads_no_newer_one(self):
        self.allow(1, 2)
        self.assertEqual((self.names(1), self.names(2)), (["alice0"], ["alice0"]))
        self.allow(2)
        self.assertEqual((self.names(1), self.names(2)), ([], ["alice0"]))
        self.allow()
        self.assertEqual((self.names(1), self.names(2)), ([], []))

    def test_many_contacts_take_several_pages(self):
        strangers = [bytes([index]) * 32 for index in range(20, 40)]
        ids = strangers + [self.network.nodes[2].id]
        self.network.nodes[0].adopt(MeshSettings("n0", contacts=ids))
        publish(self.network)
        self.network.run(8000)
        self.assertEqual((self.names(1), self.names(2)), ([], ["alice0"]))


class TwoFamilies(unittest.TestCase):
    """Interfaces with IPv4 and IPv6: two links of one name."""

    def setUp(self):
        self.network = Network(3, [])
        for one, other in ((0, 1), (0, 1), (1, 2), (1, 2)):
            self.network.join(one, other)
        for node in self.network.nodes:
            for link in node.neighbours.links.values():
                link.name = "eth%d" % (link.number // 2)
        self.network.run(10000)

    def test_the_other_address_of_a_neighbour_is_kept_in_mind(self):
        for node in self.network.nodes:
            for neighbour in node.neighbours.table.values():
                self.assertIsNotNone(neighbour.beside)
        known = self.network.address(1, 1)
        self.assertEqual(self.network.nodes[0].neighbour_seen(1, known, self.network.now), [])

    def test_only_one_of_them_speaks(self):
        before = len(self.network.log)
        self.network.run(20000)
        links = {(index, effect.link) for _, index, effect in self.network.log[before:]}
        self.assertEqual(links, {(0, 0), (1, 0), (1, 2), (2, 0)})
        self.assertEqual(len(self.network.nodes[0].routes()), 2)

    def test_the_other_one_takes_over_where_the_first_falls_silent(self):
        self.network.cut.update(((0, 0), (1, 0)))
        self.network.run(12000)
        self.assertEqual(len(self.network.nodes[0].routes()), 2)
        self.assertEqual([row["link"] for row in self.network.nodes[0].peers()], ["eth0"])


class Quiet(unittest.TestCase):
    def test_with_the_same_neighbours_hellos_are_half_as_many_and_silence_is_seen_as_soon(self):
        network = ready(3, ring(3))
        network.run(20000)
        before = len(network.log)
        network.run(60000)
        self.assertLess((len(network.log) - before) // 3, 2 * 60000 // hello.QUIET_INTERVAL + 5)
        network.silence(0, 1)
        network.run(7500)
        self.assertEqual(len(network.nodes[0].paths_to(network.nodes[1].id)[0]), 2)

    def test_a_mesh_at_rest_sends_hellos_only(self):
        network = ready(5, ring(5))
        network.run(20000)
        before = len(network.log)
        network.run(60000)
        kinds = {effect.data[2] for _, _, effect in network.log[before:]}
        self.assertEqual(kinds, {packets.HELLO})
        each = (len(network.log) - before) // 5
        self.assertLess(each, 2 * 60000 // hello.HELLO_INTERVAL + 10)

    def test_a_node_that_changes_all_the_time_is_slowed_down(self):
        network = ready(2, line(2))
        network.run(20000)
        before = network.nodes[1].counters["received"]
        for turn in range(300):
            network.nodes[0].publish([Served(b"x%d" % turn, b"", b"", [], True)], network.now)
            network.run(100)
        received = network.nodes[1].counters["received"] - before
        self.assertLess(received, 30000 // 2000 + own.OWN_BURST * 2 + 30)
        network.run(6000)
        self.assertEqual(len(network.nodes[1].find(b"x299")), 1)


if __name__ == "__main__":
    unittest.main()
