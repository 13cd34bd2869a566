"""Hostile neighbours of the mesh: forgeries, replays, masses, silence, twins, noise."""

import random
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from bellhop.effects import SendMesh
from bellhop.mesh import database, hello, packets, record
from bellhop.mesh.database import key_of
from bellhop.mesh.hello import MIN_UNPROVED_INTERVAL, QUIET_INTERVAL
from bellhop.mesh.phonebook import Served
from tests.unit.mesh.network import PORT, TOY, Network, line, ring

SALT = record.NODE_SALT


class Attack:
    """A line of honest nodes whose last one has a proved neighbour that says what a test wants."""

    def __init__(self, honest=3, loss_percent=0):
        self.network = Network(honest + 1, line(honest + 1), loss_percent)
        self.victim = self.network.nodes[honest - 1]
        self.attacker = self.network.nodes[honest]
        self.link = 1 if honest > 1 else 0
        for index, node in enumerate(self.network.nodes[:honest]):
            node.publish([Served(b"user%d" % index, b"", b"", [], True)], 0)
        self.network.run(3000)
        self.way = self.attacker.exchange.peers[self.victim.short].best()
        self.number = 0

    def send(self, kind, body):
        """Let the victim receive one packet of its proved neighbour; return the effects."""
        data = packets.write(kind, self.attacker.short, self.way.cookie, body)
        source = self.network.address(self.network.nodes.index(self.attacker), 0)
        return self.victim.receive(data, self.link, source, self.network.now)

    def push(self, raws):
        """Send records."""
        self.number += 1
        frames = b"".join([packets.frame(raw) for raw in raws])
        return self.send(packets.RECORDS, self.number.to_bytes(4, "big") + frames)


def identity(number, sequence=1 << 32, value=b"de", salt=SALT):
    """Return a validly signed record of identity `number`."""
    seed = number.to_bytes(32, "big")
    return record.write(
        TOY.public_key(seed), sequence, salt, value, lambda data: TOY.sign(seed, data)
    )


def test_ten_thousand_identities_push_out_no_honest_record_and_take_little_memory():
    attack = Attack()
    honest = set(dict(attack.victim.database.items()))
    padding = b"d1:x850:" + bytes(850) + b"e"
    flood = [identity(number, value=padding) for number in range(10000)]
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for raw in flood:
        attack.network.now += 51
        attack.push([bytes(bytearray(raw))])
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    kept = attack.victim.database
    assert honest <= set(dict(kept.items()))
    assert kept.count <= database.MAX_RECORDS
    assert grown < 4_000_000, grown
    assert attack.victim.counters["no_room"] > 0
    newcomer = attack.network.make(77)
    newcomer.publish([Served(b"late", b"", b"", [], True)], attack.network.now)
    raw = identity(99999)
    other = attack.victim.exchange.peers[attack.network.nodes[1].short]
    attack.victim.exchange.take(raw, other, attack.network.now)
    assert kept.get(key_of(raw)) is not None


def test_a_forged_record_changes_nothing_and_its_carrier_loses_its_budget():
    attack = Attack()
    digest = attack.victim.database.digest()
    good = identity(5)
    for number in range(500):
        forged = bytearray(identity(1000 + number))
        forged[40] ^= 1
        attack.push([bytes(forged)])
    assert attack.victim.database.digest() == digest
    assert attack.victim.counters["forged"] <= 20
    assert attack.victim.counters["over_budget"] > 400
    attack.push([good])
    assert attack.victim.database.digest() == digest


def test_a_forged_record_in_the_name_of_the_node_itself_costs_as_much():
    attack = Attack()
    for number in range(500):
        forged = record.write(
            attack.victim.id, (9 << 32) + number, SALT, b"de", lambda data: bytes(64)
        )
        attack.push([forged])
    assert attack.victim.counters["forged"] <= 20
    assert attack.victim.counters["over_budget"] > 400
    assert attack.victim.own.sequence.last < 9 << 32


def test_two_nodes_of_one_identity_are_noticed_although_they_share_their_neighbour():
    network = Network(3, line(3))
    twin = network.nodes[2] = network.make(0)
    network.perform(2, twin.link_up(0, "l0", True, 0))
    for index, node in enumerate(network.nodes):
        node.publish([Served(b"user%d" % index, b"", b"", [], True)], 0)
    network.run(60000)
    assert network.nodes[0].counters["twin"] + twin.counters["twin"] > 0


def test_an_older_record_never_replaces_a_newer_one():
    attack = Attack()
    attack.push([identity(5, 9)])
    digest = attack.victim.database.digest()
    for sequence in (1, 8, 9):
        attack.push([identity(5, sequence)])
    assert attack.victim.database.digest() == digest


def test_one_identity_cannot_change_all_the_time():
    attack = Attack()
    taken = 0
    for sequence in range(1, 2000):
        attack.network.now += 50
        attack.push([identity(5, sequence)])
    taken = attack.victim.database.get(key_of(identity(5))).sequence
    accepted = attack.victim.counters["over_budget"]
    assert taken > 0
    assert accepted > 1900


def test_sizes_and_salts_out_of_bounds_are_refused():
    attack = Attack()
    digest = attack.victim.database.digest()
    seed = bytes(32)
    key = TOY.public_key(seed)
    for salt, value in ((b"zz", b"de"), (b"", b"de"), (SALT, b""), (b"n77", b"de")):
        attack.push([record.write(key, 5, salt, value, lambda data: TOY.sign(seed, data))])
    attack.push([identity(5) + bytes(1200 - 130)])
    assert attack.victim.database.digest() == digest


def test_signed_nonsense_is_stored_but_never_read_and_never_raises():
    attack = Attack()
    for number, value in enumerate((b"le", b"i1e", b"d1:n3:abce", b"\xff" * 9, b"d1:ui9ee", b"")):
        attack.push([identity(number, value=value or b"de")])
    attack.victim.routes()
    attack.victim.graph()
    attack.victim.phonebook()
    attack.victim.find(b"user0")
    assert attack.victim.counters["unreadable"] >= 4


def test_without_the_cookie_a_stranger_gets_little_and_changes_nothing():
    attack = Attack()
    digest = attack.victim.database.digest()
    for kind in packets.TYPES[1:]:
        for size in (0, 4, 19, 300, 1100):
            data = packets.write(kind, b"stranger", packets.NO_COOKIE, bytes(size))
            source = ("203.0.113.9", 1000 + size)
            effects = attack.victim.receive(data, attack.link, source, attack.network.now)
            sent = sum(len(effect.data) for effect in effects if isinstance(effect, SendMesh))
            assert sent <= 3 * len(data)
    assert attack.victim.database.digest() == digest


def test_an_unproven_address_is_never_sent_more_than_three_times_what_came():
    attack = Attack()
    source = ("203.0.113.9", 4444)
    came = sent = 0
    for turn in range(50):
        body = packets.write_hello(packets.Hello(turn, 2000, packets.ANSWER, bytes(8), {}))
        data = packets.write(packets.HELLO, b"stranger", packets.NO_COOKIE, body)
        came += len(data)
        now = attack.network.now = attack.network.now + 200
        effects = attack.victim.receive(data, attack.link, source, now) + attack.victim.fire(now)
        for effect in effects:
            if isinstance(effect, SendMesh) and effect.address == source:
                sent += len(effect.data)
    assert 0 < sent <= 3 * came


def test_a_flood_of_hellos_from_invented_addresses_keeps_the_table_bounded():
    attack = Attack()
    members = set(attack.victim.exchange.peers)
    for number in range(5000):
        body = packets.write_hello(packets.Hello(1, 2000, packets.TO_ALL, bytes(8), {}))
        short = number.to_bytes(8, "big")
        data = packets.write(packets.HELLO, short, packets.NO_COOKIE, body)
        source = ("10.77.%d.%d" % divmod(number, 256), PORT)
        attack.victim.receive(data, attack.link, source, attack.network.now)
        assert len(attack.victim.neighbours.table) <= hello.MAX_NEIGHBOURS
    assert set(attack.victim.exchange.peers) == members
    assert attack.victim.counters["full"] > 4000
    assert len(attack.victim.deadlines.heap) < 2000


def test_a_replayed_proof_is_worthless():
    network = Network(2, line(2))
    network.run(3000)
    proofs = [e for _, index, e in network.log if index == 1 and e.data[2] == packets.PROVE]
    fresh = network.make(0)
    fresh.link_up(0, "l0", True, network.now)
    source = network.address(1, 0)
    body = packets.write_hello(packets.Hello(1, 2000, packets.TO_ALL, bytes(8), {}))
    greeting = packets.write(packets.HELLO, network.nodes[1].short, packets.NO_COOKIE, body)
    fresh.receive(greeting, 0, source, network.now)
    for proof in proofs:
        fresh.receive(proof.data, 0, source, network.now)
    assert not fresh.exchange.peers
    assert fresh.counters["stale_proof"] == len(proofs) > 0


def test_a_hello_in_the_name_of_a_neighbour_does_not_end_the_edge():
    attack = Attack()
    source = attack.network.address(1, 1)
    short = attack.network.nodes[1].short
    sent = 0
    for turn in range(20):
        body = packets.write_hello(packets.Hello(turn, 2000, packets.TO_ALL, bytes(8), {}))
        data = packets.write(packets.HELLO, short, packets.NO_COOKIE, body)
        effects = attack.victim.receive(data, 0, source, attack.network.now)
        sent += sum(len(effect.data) for effect in effects if isinstance(effect, SendMesh))
    assert sent <= 3 * 20 * len(data)
    assert short in attack.victim.exchange.peers


def test_a_hello_in_the_name_of_a_neighbour_makes_it_no_less_alive():
    attack = Attack()
    source = attack.network.address(1, 1)
    short, own = attack.network.nodes[1].short, attack.victim.short
    for interval in (10, 650000):
        hello = packets.Hello(7, interval, packets.TO_ALL, bytes(8), {own[:4]: 1})
        data = packets.write(packets.HELLO, short, packets.NO_COOKIE, packets.write_hello(hello))
        attack.victim.receive(data, 0, source, attack.network.now)
        told = attack.victim.neighbours.table[0, source].interval
        assert MIN_UNPROVED_INTERVAL <= told <= QUIET_INTERVAL
    attack.network.run(1500)
    assert short in attack.victim.exchange.peers


def test_a_cookie_that_repeats_nothing_is_not_used():
    attack = Attack()
    source = attack.network.address(1, 1)
    short = attack.network.nodes[1].short
    before = attack.victim.neighbours.table[0, source].cookie
    for kind, size in ((packets.COOKIE, 0), (packets.ASK, 48)):
        data = packets.write(kind, short, b"guessed.", b"poisoned" + bytes(size))
        attack.victim.receive(data, 0, source, attack.network.now)
    assert attack.victim.neighbours.table[0, source].cookie == before


def test_an_edge_needs_both_ends():
    attack = Attack()
    far = attack.network.nodes[0]
    edges = far.short + b"\1" + attack.victim.short + b"\1"
    value = record.write_node(record.NodeValue(b"liar", [], 0, 0, edges, b"", record.LIFETIME, b""))
    attack.network.perform(2, attack.push([identity(5, value=value)]))
    attack.network.run(1000)
    liar = TOY.public_key((5).to_bytes(32, "big"))
    for node in attack.network.nodes[:3]:
        assert node.paths_to(liar) == []


def test_a_neighbour_that_acknowledges_and_forwards_nothing_stops_nobody():
    network = Network(5, ring(5))
    network.nodes[1].exchange.spread = lambda *ignored: None
    network.nodes[1].exchange.compare = lambda *ignored: []
    network.nodes[0].publish([Served(b"alice", b"", b"", [], True)], 0)
    network.run(12000)
    for index in (2, 3, 4):
        assert len(network.nodes[index].find(b"alice")) == 1


def test_wrong_digests_cause_ever_fewer_repairs():
    attack = Attack()
    before = attack.victim.counters["repairs"]
    for turn in range(600):
        attack.network.now += 1000
        body = packets.write_hello(
            packets.Hello(turn, 2000, 0, bytes(8), {attack.victim.short[:4]: 1})
        )
        attack.send(packets.HELLO, body)
        attack.victim.fire(attack.network.now)
    assert attack.victim.counters["repairs"] - before < 15


def test_questions_for_the_whole_table_are_limited():
    attack = Attack()
    body = b"".join([packets.write_branch(number, bytes(128)) for number in range(8)])
    sent = 0
    for _ in range(2000):
        sent += len(attack.send(packets.TREE, body))
    assert sent <= 300 * 10
    assert attack.victim.counters["over_budget"] >= 1700


def test_noise_never_raises():
    attack = Attack()
    dice = random.Random(3)
    samples = [effect.data for _, _, effect in attack.network.log]
    for _ in range(20000):
        data = bytearray(dice.choice(samples))
        for _ in range(dice.randrange(4)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        data = bytes(data[: dice.randrange(len(data) + 1)] if dice.random() < 0.3 else data)
        source = attack.network.address(dice.randrange(4), dice.randrange(2))
        attack.victim.receive(data, attack.link, source, attack.network.now)
        attack.network.now += dice.randrange(3)
        attack.victim.fire(attack.network.now)


@given(st.sampled_from(packets.TYPES), st.binary(max_size=400))
def test_any_body_of_a_proved_neighbour_is_survived(kind, body):
    SHARED.send(kind, body)


SHARED = Attack()
