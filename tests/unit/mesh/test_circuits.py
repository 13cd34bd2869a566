"""Calls over relays: they arrive whole, once and in order, and outlive ways, loss and prekeys."""

import unittest

from bellhop.effects import SendMesh, SoundOpen
from bellhop.mesh import calls, cells, circuits, packets, record
from bellhop.mesh.effects import Ended, Said
from bellhop.mesh.settings import MeshSettings
from tests.unit.mesh.network import Network, line, ring


def ready(count, edges, **options):
    """Return a network whose nodes know each other."""
    network = Network(count, edges, **options)
    network.run(4000)
    return network


def begin(network, octets, here=0, there=None):
    """Call the last node from the first; return the caller's Call."""
    far = network.nodes[-1 if there is None else there]
    call, effects = network.nodes[here].call(far.id, octets, network.now)
    network.perform(here, effects)
    return call


def say(network, index, call, octets):
    network.perform(index, network.nodes[index].say(call, octets, network.now))


def said(network, index):
    """Return the octets that a node was told."""
    return [e.octets for _, at, e in network.said if at == index and isinstance(e, Said)]


def called(network, index):
    """Return the first Call that came to a node."""
    return [e.call for _, at, e in network.said if at == index and isinstance(e, Said)][0]


def ended(network, index):
    return [e.reason for _, at, e in network.said if at == index and isinstance(e, Ended)]


class Machine(unittest.TestCase):
    def test_every_pair_is_decided_once(self):
        for state in calls.STATES:
            for event in calls.EVENTS:
                self.assertNotEqual((state, event) in calls.TABLE, (state, event) in calls.IGNORED)
        total = len(calls.TABLE) + len(calls.IGNORED)
        self.assertEqual(total, len(calls.STATES) * len(calls.EVENTS))


class Calls(unittest.TestCase):
    def test_both_ends_hear_each_other_over_any_number_of_hops(self):
        for count in (2, 3, 7, 12, 15):
            network = ready(count, line(count))
            for size in (3, 600, cells.MAX_FIRST, cells.MAX_FIRST + 1, 20000):
                network.said = []
                call = begin(network, b"x" * size)
                network.run(1500)
                self.assertEqual(said(network, count - 1), [b"x" * size])
                other = called(network, count - 1)
                self.assertEqual((other.node, other.id), (network.nodes[0].id, call.id))
                say(network, count - 1, other, b"answer" * 500)
                say(network, 0, call, b"more")
                network.run(1500)
                self.assertEqual(said(network, 0), [b"answer" * 500])
                self.assertEqual(said(network, count - 1)[1:], [b"more"])
                self.assertEqual((call.out, other.out), ({}, {}))

    def test_what_is_said_before_the_answer_waits_for_it(self):
        network = ready(3, line(3))
        call = begin(network, b"first")
        for number in range(5):
            say(network, 0, call, b"%d" % number)
        network.run(1000)
        self.assertEqual(said(network, 2), [b"first", b"0", b"1", b"2", b"3", b"4"])

    def test_loss_delays_and_nothing_comes_twice(self):
        for seed in (1, 2, 3):
            network = ready(4, line(4), loss_percent=15, seed=seed)
            network.run(10000)
            call = begin(network, b"first")
            network.run(9000)
            other = called(network, 3)
            words = [b"%d" % number for number in range(40)]
            for word in words:
                say(network, 0, call, word)
                say(network, 3, other, word)
            network.run(20000)
            self.assertEqual(said(network, 3), [b"first"] + words)
            self.assertEqual(said(network, 0), words)

    def test_relays_learn_neither_ends_nor_words(self):
        network = ready(4, line(4))
        before = len(network.log)
        begin(network, b"the words")
        network.run(1000)
        self.assertEqual(said(network, 3), [b"the words"])
        for _, _, effect in network.log[before:]:
            self.assertNotIn(b"the words", effect.data)
        relay = network.nodes[1].circuits.table
        self.assertEqual({place[0] for place in relay}, {network.nodes[i].short for i in (0, 2)})

    def test_a_call_that_is_hung_up_leaves_nothing(self):
        network = ready(4, line(4))
        call = begin(network, b"first")
        network.run(1000)
        network.perform(3, network.nodes[3].hang_up(called(network, 3), network.now))
        network.perform(0, network.nodes[0].hang_up(call, network.now))
        network.run(1000)
        for node in network.nodes:
            self.assertEqual((node.circuits.table, node.calls.table), ({}, {}))


class Sound(unittest.TestCase):
    def setUp(self):
        try:
            import bellhop.mesh.probes  # noqa: F401
        except ImportError:
            self.skipTest("a lite node carries no sound by circuits")

    def test_it_is_opened_once_the_neighbours_have_said_where_they_take_it(self):
        for late in (0, 1):
            network = ready(3, line(3))
            for index, node in enumerate(network.nodes):
                network.perform(index, node.carry_sound(18431 + index, network.now))
            network.run(6000)
            for neighbour in network.nodes[late].neighbours.table.values():
                neighbour.sound_port = None  # As between the handshake and the first hello.
            opened = []
            perform = network.perform

            def watch(index, effects, opened=opened, perform=perform):
                opened += [index for one in effects if isinstance(one, SoundOpen)]
                perform(index, effects)

            network.perform = watch
            call, effects = network.nodes[0].call(
                network.nodes[2].id, b"first", network.now, (4000,) * calls.STREAMS
            )
            network.perform(0, effects)
            self.assertNotIn(late, opened)
            self.assertEqual(call.waits_for_sound(), True)
            network.run(1000)
            self.assertEqual(sorted(opened), [0, 1, 2])


class OwnUse(unittest.TestCase):
    """Nodes that carry nothing for others."""

    def build(self, count, edges, closed):
        def settings(index):
            made = MeshSettings("n%d" % index, "emergency")
            if index in closed:
                made.withdraw(record.RELAYS_CELLS)
            return made

        return ready(count, edges, settings=settings)

    def test_ways_go_around_them_and_end_there(self):
        network = self.build(5, ring(5), (1,))
        node, far = network.nodes[0], network.nodes[2]
        self.assertEqual([len(hops) for hops in node.calls.ways(far.id, 3)], [3])
        begin(network, b"around", there=2)
        begin(network, b"there", there=1)
        begin(network, b"from there", here=1, there=3)
        network.run(1500)
        heard = [said(network, index) for index in (1, 2, 3)]
        self.assertEqual(heard, [[b"there"], [b"around"], [b"from there"]])

    def test_where_they_alone_lie_between_there_is_no_way(self):
        network = self.build(3, line(3), (1,))
        self.assertIsNone(network.nodes[0].distance(network.nodes[2].id))
        self.assertEqual(set(network.nodes[0].reach.get()), {n.short for n in network.nodes[:2]})

    def test_who_asks_all_the_same_is_refused(self):
        network = self.build(3, line(3), (1,))
        network.nodes[0].calls.ways = lambda *asked: [
            [network.nodes[0].calls._hop(node.id) for node in network.nodes[1:]]
        ]
        begin(network, b"by force")
        network.run(3000)
        self.assertEqual(said(network, 2), [])
        self.assertEqual(network.nodes[1].circuits.table, {})


class Repair(unittest.TestCase):
    def test_a_lost_relay_is_gone_around_with_nothing_lost_or_twice(self):
        network = ready(5, ring(5))
        call = begin(network, b"first", there=2)
        network.run(1000)
        other = called(network, 2)
        for number in range(60):
            if number == 20:
                network.silence(0, 1)
                network.silence(1, 2)
            say(network, 0, call, b"%d" % number)
            say(network, 2, other, b"-%d" % number)
            network.run(200)
        network.run(12000)
        self.assertEqual(said(network, 2), [b"first"] + [b"%d" % n for n in range(60)])
        self.assertEqual(said(network, 0), [b"-%d" % n for n in range(60)])
        self.assertEqual((ended(network, 0), ended(network, 2)), ([], []))

    def test_a_first_way_that_is_silent_is_given_up_for_another(self):
        network = ready(5, ring(5))
        network.silence(1, 2)
        begin(network, b"first", there=2)
        network.run(3500)
        self.assertEqual(said(network, 2), [b"first"])

    def test_who_is_not_there_is_told_within_seconds(self):
        network = ready(3, line(3))
        network.silence(1, 2)
        call = begin(network, b"first")
        network.run(12000)
        self.assertEqual((len(ended(network, 0)), call.state), (1, calls.CLOSED))

    def test_relay_that_does_not_know_its_neighbour_yet_is_asked_again(self):
        network = ready(3, line(3))
        peers, far = network.nodes[1].exchange.peers, network.nodes[2].short
        peer = peers.pop(far)
        begin(network, b"first")
        network.run(1500)
        self.assertEqual((said(network, 2), ended(network, 0)), ([], []))
        peers[far] = peer
        network.run(2500)
        self.assertEqual(said(network, 2), [b"first"])

    def test_a_silent_far_end_ends_the_call_at_both(self):
        network = ready(3, line(3))
        call = begin(network, b"first")
        network.run(1000)
        network.silence(1, 2)
        say(network, 0, call, b"more")
        network.run(60000)
        self.assertEqual((len(ended(network, 0)), len(ended(network, 2))), (1, 1))

    def test_a_call_outlives_an_hour_of_silence_and_prekeys_that_change(self):
        network = ready(3, line(3))
        call = begin(network, b"first")
        network.run(1000)
        for node in network.nodes:
            node.circuits.prekeys.renew(network.now)
            node.own_changed(network.now)
        for _ in range(60):
            network.run(60000)
            del network.log[:]  # An hour of hellos is more than a router's heap.
        say(network, 0, call, b"still there")
        network.run(1000)
        self.assertEqual(said(network, 2), [b"first", b"still there"])

    def test_prekeys_that_a_record_does_not_tell_yet_cost_one_more_try(self):
        network = ready(4, line(4))
        for index in (2, 3):
            for _ in (0, 1):
                network.nodes[index].circuits.prekeys.renew(network.now)
            node = network.nodes[index]
            node.own.change(network.now)
            for raw in node.own.write(node.sign, network.now):
                node.database.store(raw, None, network.now)
        begin(network, b"first")
        network.run(1900)
        self.assertEqual(said(network, 3), [b"first"])


class Reboots(unittest.TestCase):
    """Either end is started anew in each state of a call: nobody waits for ever, the next works."""

    def reboot(self, network, index):
        """Start a node anew, as after a loss of power."""
        old = network.nodes[index]
        for link in list(old.neighbours.links):
            network.cut.discard((index, link))
        network.nodes[index] = network.make(index, 2)
        for link in range(network.links[index]):
            effects = network.nodes[index].link_up(link, "l%d" % link, True, network.now)
            network.perform(index, effects)

    def bring(self, network, state):
        """Call the last node; return the caller's Call in a state."""
        if state == calls.OPENING:
            network.silence(1, 2)
        call = begin(network, b"first")
        if state == calls.OPENING:
            network.run(500)
            self.assertEqual(call.state, state)
            network.silence(1, 2, False)
            return call
        network.run(1000)
        if state == calls.LOST:
            network.silence(1, 2)
            say(network, 0, call, b"lost")
            network.run(4000)
            self.assertEqual(call.state, state)
            network.silence(1, 2, False)
        if state == calls.CLOSED:
            network.perform(0, network.nodes[0].hang_up(call, network.now))
        self.assertEqual(call.state, state)
        return call

    def test_either_end_may_start_anew_in_each_state(self):
        for state in calls.STATES:
            for index in (0, 3):
                network = ready(4, line(4))
                call = self.bring(network, state)
                self.reboot(network, index)
                if index == 3 and call.state == calls.OPEN:
                    say(network, 0, call, b"are you there")
                network.run(110000)
                for node in network.nodes:
                    self.assertEqual((state, index, node.calls.half), (state, index, []))
                    left = [one for one in node.calls.table.values() if one is not call]
                    self.assertEqual((state, index, left), (state, index, left[:1]))
                if index == 3 and state == calls.OPEN:
                    self.assertEqual(len(ended(network, 0)), 1)
                network.said = []
                begin(network, b"again")
                network.run(6000)
                self.assertEqual((state, index, said(network, 3)), (state, index, [b"again"]))

    def test_relay_that_starts_anew_is_a_lost_way(self):
        network = ready(5, ring(5))
        call = begin(network, b"first", there=2)
        network.run(1000)
        self.reboot(network, 1)
        for number in range(10):
            say(network, 0, call, b"%d" % number)
            network.run(300)
        network.run(15000)
        self.assertEqual(said(network, 2), [b"first"] + [b"%d" % n for n in range(10)])


# Four ways from the first node to the last, of two and three hops.
WAYS = [(0, 1), (0, 2), (0, 3), (0, 4), (1, 6), (2, 6), (3, 5), (5, 6), (4, 6)]


def call_help(network, octets):
    """Call the last node from the first for help; return the caller's Call."""
    call, effects = network.nodes[0].call(network.nodes[-1].id, octets, network.now, None, True)
    network.perform(0, effects)
    return call


class Help(unittest.TestCase):
    def test_one_way_that_works_is_enough_and_costs_no_time(self):
        for works in (1, 2, 3, 4):
            network = ready(7, WAYS)
            for relay in (1, 2, 3, 4):
                if relay != works:
                    network.silence(relay, 5 if relay == 3 else 6)
            call = call_help(network, b"help")
            network.run(200)
            self.assertEqual(said(network, 6), [b"help"])
            say(network, 6, called(network, 6), b"we come")
            say(network, 0, call, b"hurry")
            network.run(200)
            self.assertEqual((said(network, 0), said(network, 6)[1:]), ([b"we come"], [b"hurry"]))

    def test_all_ways_are_one_call_and_one_is_left(self):
        network = ready(7, WAYS)
        call = call_help(network, b"help")
        say(network, 0, call, b"at once")
        network.run(1500)
        other = called(network, 6)
        self.assertEqual(said(network, 6), [b"help", b"at once"])
        self.assertEqual((call.offers, call.asked, other.offers, other.asked), ({}, {}, {}, {}))
        ways = [len(network.nodes[index].circuits.table) for index in (0, 6)]
        self.assertEqual(ways, [1, 1])
        say(network, 6, other, b"answer" * 500)
        network.run(1500)
        self.assertEqual(said(network, 0), [b"answer" * 500])

    def test_relay_that_keeps_the_answers_to_itself_delays_nothing(self):
        network = ready(7, WAYS)
        for relay in (1, 2, 3):
            network.cut.update([end for end in network.ends if end[0] == relay])
            network.cut.difference_update(
                [end for end in network.ends if end[0] == relay and network.ends[end][0] != 0]
            )
        call = call_help(network, b"help")
        network.run(200)
        say(network, 6, called(network, 6), b"we come")
        network.run(200)
        self.assertEqual((said(network, 6), said(network, 0)), ([b"help"], [b"we come"]))
        self.assertEqual(call.state, calls.OPEN)

    def test_chosen_way_that_dies_gives_way_to_another(self):
        network = ready(7, WAYS)
        call = call_help(network, b"help")
        network.run(200)
        relay = [index for index in (1, 2, 3, 4) if network.nodes[index].circuits.table][0]
        network.silence(0, relay)
        for number in range(8):
            say(network, 0, call, b"%d" % number)
        network.run(9000)
        self.assertEqual(said(network, 6), [b"help"] + [b"%d" % number for number in range(8)])

    def test_all_is_asked_again_after_a_second(self):
        network = ready(7, WAYS)
        far = [(relay, 5 if relay == 3 else 6) for relay in (1, 2, 3, 4)]
        for one, other in far:
            network.silence(one, other)
        call_help(network, b"help")
        network.run(1900)
        self.assertEqual(said(network, 6), [])
        for one, other in far:
            network.silence(one, other, False)
        network.run(1900)
        self.assertEqual(said(network, 6), [b"help"])

    def test_loss_on_every_way_changes_nothing(self):
        network = ready(7, WAYS, loss_percent=15)
        network.run(10000)
        call = call_help(network, b"help")
        network.run(6000)
        for number in range(10):
            say(network, 0, call, b"%d" % number)
            say(network, 6, called(network, 6), b"-%d" % number)
        network.run(20000)
        self.assertEqual(said(network, 6), [b"help"] + [b"%d" % number for number in range(10)])
        self.assertEqual(said(network, 0), [b"-%d" % number for number in range(10)])


class Bounds(unittest.TestCase):
    def test_a_replayed_cell_changes_nothing(self):
        network = ready(4, line(4))
        begin(network, b"first")
        network.run(1000)
        node, peer = network.nodes[1], network.nodes[1].exchange.peers[network.nodes[0].short]
        before = dict(node.circuits.table), node.counters["cells_refused"]
        hop, _ = node.circuits.prekeys.hop(node.circuits.prekeys.told()[0])
        way = [cells.Hop(hop.node, hop.id, hop.prekey, b"s" * 32)]
        body = cells.set_up(node.crypto, way, 7, 0, b"x" * 681, node.random)[0]
        cell = cells.write(b"\x01abc", 7, body)
        said_before = len(network.said)
        for number in range(10):
            octets = number.to_bytes(4, "big") + cells.write(b"\x01ab%c" % number, 7, body)
            try:
                node.circuits.cell(peer, octets, network.now)
            except Exception as error:
                self.assertIn("payload", str(error))
        self.assertEqual(node.counters["cells_refused"], before[1] + 9)
        self.assertEqual(len(network.said), said_before)
        self.assertEqual(len(cell), cells.CELL_BYTES)

    def test_set_ups_of_one_neighbour_are_limited(self):
        network = ready(2, line(2))
        node = network.nodes[1]
        peer = node.exchange.peers[network.nodes[0].short]
        for number in range(100):
            cell = cells.write(number.to_bytes(4, "big"), 1, bytes(cells.BODY_BYTES))
            node.circuits.cell(peer, number.to_bytes(4, "big") + cell, network.now)
        self.assertEqual(node.counters["set_ups_over"], 100 - circuits.SET_UP_BURST)

    def test_who_sets_up_too_much_is_told_so(self):
        for count in (2, 4):
            network = ready(count, line(count))
            marks = network.nodes[1].circuits.marks
            marks[network.nodes[0].short] = network.now + 600000  # As if it had set up a thousand.
            begin(network, b"first")
            network.run(60000)
            marks.clear()
            self.assertEqual(ended(network, 0), [calls.CROWDED])
            self.assertTrue(network.nodes[1].counters["set_ups_over"] >= calls.ATTEMPTS)
        call = begin(network, b"second")
        network.run(3000)
        self.assertEqual(said(network, count - 1), [b"second"])
        self.assertEqual(call.state, calls.OPEN)

    def test_counts_go_on_past_two_to_the_32(self):
        network = ready(3, line(3))
        random = network.nodes[0].random
        network.nodes[0].random = lambda n: b"\xff" * 3 + b"\xfe" if n == 4 else random(n)
        call = begin(network, b"first")
        network.nodes[0].random = random
        network.run(500)
        for number in range(6):
            say(network, 0, call, b"%d" % number)
        network.run(1000)
        self.assertEqual(said(network, 2)[1:], [b"%d" % number for number in range(6)])

    def test_noise_is_survived(self):
        network = ready(3, line(3))
        begin(network, b"first")
        network.run(500)
        node, dice = network.nodes[1], network.dice
        peer = node.exchange.peers[network.nodes[0].short]
        for _ in range(300):
            octets = (
                dice.random(dice.below(40)) if dice.below(2) else dice.random(1028 + dice.below(9))
            )
            for kind in (packets.CELL, packets.DESTROY):
                data = peer.best().session.write(kind, octets)
                node.receive(data, 0, network.address(0, 0), network.now)
                way = network.nodes[0].exchange.peers[node.short].best()
                data = way.session.write(kind, octets)
                node.receive(data, 0, network.address(0, 0), network.now)


class OneWay(unittest.TestCase):
    """A neighbour that is heard and does not hear."""

    def test_another_way_is_taken_in_a_second(self):
        for deaf in ((1, 0), (2, 0)):
            network = ready(6, ring(6))
            network.run(5000)
            network.deaf = deaf
            begin(network, b"first", 0, 3)
            network.run(1200)
            self.assertEqual(said(network, 3), [b"first"])

    def test_both_ends_give_the_link_up_as_soon_as_in_silence(self):
        network = ready(4, ring(4))
        network.run(20000)
        network.deaf = (1, 0)
        network.run(8000)
        there = [row["node"] for row in network.nodes[0].peers()]
        self.assertNotIn(network.nodes[0].name_of(network.nodes[1].id), there)


class Anew(unittest.TestCase):
    def test_a_call_to_a_node_that_started_anew_ends_though_two_cables_lead_there(self):
        network = ready(3, [(0, 1), (1, 2), (1, 2)])
        network.run(5000)
        call = begin(network, b"first")
        network.run(1000)
        network.nodes[2] = network.make(2, 2)
        for link in (0, 1):
            effects = network.nodes[2].link_up(link, "l%d" % link, True, network.now)
            network.perform(2, effects)
        network.run(1500)
        self.assertEqual(call.state, calls.CLOSED)


class Disorder(unittest.TestCase):
    """Cells that overtake each other between two neighbours."""

    def test_a_long_first_message_comes_in_any_order(self):
        for order in ((1, 0, 2), (2, 1, 0), (0, 2, 1)):
            network = ready(2, line(2))
            call, effects = network.nodes[0].call(network.nodes[1].id, b"x" * 2500, network.now)
            sent = [one for one in effects if isinstance(one, SendMesh)]
            self.assertEqual(len(sent), 3)
            network.perform(0, [sent[index] for index in order])
            network.run(1500)
            self.assertEqual(said(network, 1), [b"x" * 2500])
            self.assertEqual(call.state, calls.OPEN)

    def test_what_overtakes_the_answer_is_not_lost(self):
        network = ready(2, line(2))
        network.cut.update(((1, 0),))
        call = begin(network, b"first")
        network.run(10)
        before = len(network.log)
        say(network, 1, called(network, 1), b"ringing")
        say(network, 1, called(network, 1), b"answered")
        answer, later = [one for _, index, one in network.log[before:] if index == 1]
        network.cut.clear()
        network.perform(1, [later, answer])
        network.run(50)
        self.assertEqual(said(network, 0), [b"ringing", b"answered"])
        self.assertEqual(call.state, calls.OPEN)


class Sparing(unittest.TestCase):
    """As few cells as what is said needs: each is a thousand octets on every link."""

    def cells(self, network, index=None):
        """Return who has sent a cell, in order."""
        sent = [(at, one.data) for _, at, one in network.log if isinstance(one, SendMesh)]
        whole = [at for at, data in sent if len(data) > cells.CELL_BYTES]
        return whole if index is None else [at for at in whole if at == index]

    def talk(self, network, pause):
        """Ring, answer and hang up from node 0 to the last, with pauses; return both Calls."""
        del network.log[:]
        last = len(network.nodes) - 1
        call = begin(network, b"INVITE")
        network.run(pause)
        other = called(network, last)
        say(network, last, other, b"180")
        network.run(10 * pause)
        say(network, last, other, b"200")
        network.run(pause)
        effects = network.nodes[0].say(call, b"ACK", network.now, True)
        network.perform(0, effects)
        network.run(100 * pause)
        say(network, 0, call, b"BYE")
        network.run(pause)
        say(network, last, other, b"200 of BYE")
        network.nodes[last].calls.rest(other)
        network.run(pause)
        network.perform(0, network.nodes[0].hang_up(call, network.now))
        network.run(1000)
        return call, other

    def test_a_whole_call_is_six_cells_and_leaves_nothing(self):
        for pause in (20, 150):
            network = ready(4, line(4))
            self.talk(network, pause)
            self.assertEqual(said(network, 3), [b"INVITE", b"ACK", b"BYE"])
            self.assertEqual(said(network, 0), [b"180", b"200", b"200 of BYE"])
            self.assertEqual(self.cells(network, 0), [0] * 3)
            self.assertEqual(self.cells(network, 3), [3] * 3)
            self.assertEqual(len(self.cells(network)), 3 * 6)
            network.run(13000)
            self.assertEqual(len(self.cells(network)), 3 * 6)
            for node in network.nodes:
                self.assertEqual((node.circuits.table, node.calls.table), ({}, {}))

    def test_who_rings_late_has_answered_before(self):
        network = ready(2, line(2))
        call = begin(network, b"INVITE")
        network.run(150)
        self.assertEqual(call.state, calls.OPENING)
        network.run(100)
        self.assertEqual((call.state, said(network, 0)), (calls.OPEN, []))
        say(network, 1, called(network, 1), b"180")
        network.run(100)
        self.assertEqual(said(network, 0), [b"180"])

    def test_what_does_not_go_along_with_the_answer_follows_it(self):
        for size in (cells.MAX_ANSWER, cells.MAX_ANSWER + 1, 5000):
            network = ready(3, line(3))
            begin(network, b"INVITE")
            network.run(50)
            say(network, 2, called(network, 2), b"x" * size)
            network.run(500)
            self.assertEqual(said(network, 0), [b"x" * size])

    def test_an_answer_that_is_lost_is_said_once_by_another_way(self):
        network = ready(5, ring(5))
        network.run(10000)
        call = begin(network, b"INVITE", there=2)
        network.run(20)
        network.silence(0, 1)
        say(network, 2, called(network, 2), b"180")
        network.run(4000)
        self.assertEqual(said(network, 0), [b"180"])
        self.assertEqual(said(network, 2), [b"INVITE"])
        say(network, 0, call, b"ACK")
        say(network, 2, called(network, 2), b"200")
        network.run(1000)
        self.assertEqual(said(network, 0), [b"180", b"200"])
        self.assertEqual(said(network, 2), [b"INVITE", b"ACK"])

    def test_cells_before_the_answer_change_nothing(self):
        network = ready(2, line(2))
        call = begin(network, b"INVITE")
        network.run(20)
        circuit = call.circuit
        for octets in (b"\xff" * cells.BODY_BYTES, bytes(cells.BODY_BYTES)):
            body = octets
            network.perform(0, network.nodes[0].circuits.say(circuit, body, network.now))
        network.run(20)
        self.assertEqual(called(network, 1).state, calls.OPENING)
        say(network, 1, called(network, 1), b"180")
        network.run(100)
        self.assertEqual(said(network, 0), [b"180"])

    def test_what_may_wait_is_there_before_what_comes_after_it(self):
        network = ready(2, line(2), seed=3)
        network.run(10000)
        call = begin(network, b"INVITE")
        network.run(20)
        say(network, 1, called(network, 1), b"200")
        network.run(100)
        network.silence(0, 1)  # Longer than neighbours say it again, too short to miss them.
        network.perform(0, network.nodes[0].say(call, b"ACK", network.now, True))
        network.run(3000)
        network.silence(0, 1, False)
        network.run(1000)
        say(network, 0, call, b"BYE")
        network.run(5000)
        self.assertEqual(said(network, 1), [b"INVITE", b"ACK", b"BYE"])

    def test_the_last_word_is_not_lost_where_the_way_is(self):
        network = ready(5, ring(5))
        network.run(10000)
        call = begin(network, b"INVITE", there=2)
        network.run(20)
        other = called(network, 2)
        network.silence(1, 2)
        say(network, 2, other, b"486")
        network.nodes[2].calls.rest(other)
        network.run(12000)
        self.assertEqual(said(network, 0), [b"486"])
        network.perform(0, network.nodes[0].hang_up(call, network.now))
        network.run(30000)
        for node in network.nodes:
            self.assertEqual((node.circuits.table, node.calls.table), ({}, {}))

    def test_what_rests_is_not_filled_and_goes_on_when_asked(self):
        network = ready(2, line(2))
        call = begin(network, b"text")
        network.run(20)
        other = called(network, 1)
        say(network, 1, other, b"202")
        network.nodes[1].calls.rest(other)
        network.run(20)
        network.nodes[0].calls.rest(call)
        del network.log[:]
        network.run(60000)
        self.assertEqual(self.cells(network), [])
        say(network, 0, call, b"another")
        network.run(100)
        say(network, 1, other, b"202 too")
        network.run(100)
        self.assertEqual(said(network, 1), [b"text", b"another"])
        self.assertEqual(said(network, 0), [b"202", b"202 too"])


if __name__ == "__main__":
    unittest.main()
