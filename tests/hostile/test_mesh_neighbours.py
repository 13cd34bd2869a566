"""Hostile neighbours of the mesh: forgeries, replays, masses, silence, twins, noise."""

import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellhop.effects import SendMesh
from bellhop.limits import MAX_HALF_LINKS_OF_SITE, MAX_NEIGHBOURS
from bellhop.mesh import database, packets, people, record
from bellhop.mesh.database import key_of
from bellhop.mesh.hello import RENEW_AFTER
from bellhop.mesh.own import name_hash
from bellhop.mesh.phonebook import Served
from bellhop.mesh.settings import MeshSettings
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
        self.number = 0

    def send(self, kind, body):
        """Let the victim receive one packet of its proved neighbour; return the effects."""
        way = self.attacker.exchange.peers[self.victim.short].best()
        data = way.session.write(kind, body)
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
    attack.push([identity(5) + bytes(1000)])
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


def stranger_says(attack, data, source=("203.0.113.9", 4444)):
    """Let the victim receive something of a stranger; return the octets that it sends there."""
    effects = attack.victim.receive(data, attack.link, source, attack.network.now)
    return sum(
        len(one.data) for one in effects if isinstance(one, SendMesh) and one.address == source
    )


def to_all(number, link=b"stranger", tags=b"", interval=2000):
    """Return a hello of a stranger to everybody."""
    greeting = packets.Greeting(link, packets.TO_ALL, b"", number, interval, bytes(8), (), b"", b"")
    return packets.write_to_all(greeting)[1] + tags


def test_a_stranger_gets_no_more_octets_than_it_sent_and_changes_nothing():
    attack = Attack()
    digest = attack.victim.database.digest()
    table = dict(attack.victim.neighbours.table)
    own = attack.victim.neighbours.links[attack.link].id
    for kind in packets.TYPES:
        for size in (1, 4, 24, 29, 125, 157, 300, 1100):
            for body in (bytes(size), own * (size // 8 + 1), b"\1" + bytes(8) + own + bytes(size)):
                data = packets.write(kind, body[: max(size, 1)])
                # The least that anybody says is a hello to all, of 26 octets.
                assert stranger_says(attack, data) <= max(len(data), 40)
    assert attack.victim.database.digest() == digest
    assert attack.victim.neighbours.table == table
    assert not attack.victim.neighbours.openings.half


def test_without_a_good_cookie_no_handshake_begins():
    attack = Attack()
    own = attack.victim.neighbours.links[attack.link].id
    for cookie in (bytes(8), b"guessed."):
        opening = packets.Open(1, bytes(8), own, cookie, b"sess", bytes(range(32)))
        stranger_says(attack, packets.write_open(opening))
    assert not attack.victim.neighbours.openings.half


class Stranger:
    """Somebody with a key of its own at any address: it says what a node would say."""

    def __init__(self, attack, number, source, link=None):
        self.attack = attack
        self.link = attack.link if link is None else link
        self.source = source
        self.node = attack.network.make(number)
        self.node.link_up(0, "l0", True, attack.network.now)
        self.far = ("10.99.0.1", PORT)

    def knock(self, rounds=5):
        """Exchange what both say until one of them is silent; return whether it is a neighbour."""
        now = self.attack.network.now
        waiting = [self.node.neighbours.openings.greeting(0, self.far, now)]
        for _ in range(rounds):
            answers = []
            for effect in waiting:
                answers += self.attack.victim.receive(effect.data, self.link, self.source, now)
            waiting = []
            for effect in answers:
                if isinstance(effect, SendMesh) and effect.address == self.source:
                    waiting += self.node.receive(effect.data, 0, self.far, now)
            waiting = [effect for effect in waiting if isinstance(effect, SendMesh)]
        return (self.link, self.source) in self.attack.victim.neighbours.table


def test_one_host_with_many_ports_takes_few_places():
    attack = Attack()
    there = set(attack.victim.neighbours.table)
    for number in range(127):
        Stranger(attack, 1000 + number, ("203.0.113.9", 1000 + number)).knock()
        attack.network.now += 100
    table = attack.victim.neighbours.table
    assert there <= set(table)
    assert len(table) <= len(there) + 4


def test_a_table_full_of_strangers_has_places_for_near_ones_peers_and_contacts():
    attack = Attack()
    near = set(attack.victim.neighbours.table)
    for number in range(300):
        source = ("203.%d.%d.9" % divmod(number, 256), PORT)
        Stranger(attack, 1000 + number, source).knock()
        attack.network.now += 110
        assert len(attack.victim.neighbours.table) <= MAX_NEIGHBOURS
    assert len(attack.victim.neighbours.table) == MAX_NEIGHBOURS
    assert near <= set(attack.victim.neighbours.table)
    assert Stranger(attack, 2000, ("10.77.0.5", PORT)).knock()
    attack.victim.settings.peers = [("198.51.100.5", PORT)]
    assert Stranger(attack, 2001, ("198.51.100.5", PORT)).knock()
    contact = Stranger(attack, 2002, ("198.51.100.6", PORT))
    attack.victim.settings.contacts = (contact.node.id,)
    assert contact.knock()
    assert not Stranger(attack, 2003, ("198.51.100.7", PORT)).knock()


def test_a_flood_of_hellos_from_invented_addresses_leaves_nothing():
    attack = Attack()
    members = set(attack.victim.exchange.peers)
    for number in range(5000):
        source = ("10.77.%d.%d" % divmod(number, 256), PORT)
        stranger_says(attack, to_all(1, number.to_bytes(8, "big")), source)
    assert set(attack.victim.exchange.peers) == members
    assert len(attack.victim.neighbours.table) == len(members)
    assert not attack.victim.neighbours.openings.half
    assert len(attack.victim.deadlines.heap) < 2000


def test_handshakes_under_way_are_bounded_and_one_net_leaves_room_for_others():
    attack = Attack()
    for number in range(400):
        source = ("203.0.113.%d" % (number % 200), 1000 + number)
        Stranger(attack, 1000 + number, source).knock(3)
        attack.network.now += 60
        half = attack.victim.neighbours.openings.half
        assert len(half) <= MAX_HALF_LINKS_OF_SITE
    assert Stranger(attack, 2000, ("198.51.100.5", PORT)).knock()
    assert attack.victim.counters["full"] > 300


def test_a_recorded_handshake_is_worthless():
    network = Network(2, line(2))
    network.run(3000)
    said = [e for _, index, e in network.log if index == 1]
    fresh = network.make(0)
    fresh.link_up(0, "l0", True, network.now)
    for effect in said:
        fresh.receive(effect.data, 0, network.address(1, 0), network.now)
    assert not fresh.exchange.peers


def test_what_was_sealed_counts_once():
    attack = Attack()
    said = [e for _, index, e in attack.network.log if index == 3 and e.data[2] == packets.SEALED]
    malformed, digest = attack.victim.counters["malformed"], attack.victim.database.digest()
    source = attack.network.address(3, 0)
    for effect in said:
        assert attack.victim.receive(effect.data, attack.link, source, attack.network.now) == []
    assert attack.victim.counters["malformed"] == malformed + len(said) > malformed
    assert attack.victim.database.digest() == digest


def test_hellos_cookies_and_steps_in_the_name_of_a_neighbour_do_not_end_the_edge():
    attack = Attack()
    neighbour = attack.victim.exchange.peers[attack.network.nodes[1].short].best()
    own = attack.victim.neighbours.links[neighbour.link].id
    ends = neighbour.dead_at()
    for turn in range(200):
        attack.network.now += 10
        for data in (
            to_all(turn, neighbour.far),
            to_all(1 << 31, neighbour.far, b"forged" * 5, 10),
            packets.write_greeting(neighbour.far, b"the mark", b""),
            packets.write_greeting(b"another.", b"the mark", b""),
            packets.write_cookie(neighbour.far, own, b"poisoned", b"the mark"),
            packets.write_open(packets.Open(1, neighbour.far, own, bytes(8), b"sess", bytes(32))),
            packets.write_open(packets.Open(2, neighbour.far, own, bytes(8), b"sess", bytes(128))),
            packets.write_open(packets.Open(3, neighbour.far, own, bytes(8), b"sess", bytes(96))),
            packets.write(packets.SEALED, neighbour.session.id + bytes(6) + bytes(80)),
        ):
            stranger_says(attack, data, neighbour.address)
        assert neighbour.dead_at() == ends
    attack.network.run(8000)
    assert attack.network.nodes[1].short in attack.victim.exchange.peers


def test_an_address_of_a_neighbour_is_not_taken_over_while_it_is_there():
    attack = Attack()
    neighbour = attack.victim.exchange.peers[attack.network.nodes[1].short].best()
    thief = Stranger(attack, 1000, neighbour.address, neighbour.link)
    thief.knock()
    assert attack.victim.neighbours.table[neighbour.link, neighbour.address] is neighbour
    assert attack.victim.counters["foreign_id"] > 0


def test_keys_are_made_anew_each_hour_and_nobody_notices():
    attack = Attack()
    way = attack.victim.exchange.peers[attack.network.nodes[1].short].best()
    before = way.session
    attack.network.run(RENEW_AFTER + 20000)
    assert attack.victim.exchange.peers[attack.network.nodes[1].short].best() is way
    assert way.session is not before and way.old is None
    assert attack.victim.counters["strangers"] == 0
    assert way.changed < 3000


def test_claims_of_strangers_do_not_hide_a_contact_and_junk_does_not_hide_a_person():
    attack = Attack()
    contact, seed = (5).to_bytes(32, "big"), (6).to_bytes(32, "big")
    bob = record.write_node(
        record.NodeValue(b"", [], 0, 0, b"", b"", record.LIFETIME, name_hash(b"bob"), b"", b"")
    )
    raws = [identity(number, value=bob) for number in range(1000, 1040)]
    raws.append(identity(5, value=bob))
    proved = people.person(b"ann", seed, TOY.public_key(contact), 0, TOY)
    page = people.write([proved])[0]
    raws += [identity(number, value=page, salt=b"key0") for number in range(1000, 1040)]
    raws.append(identity(5, value=page, salt=b"key0"))
    attack.victim.adopt(MeshSettings("v", contacts=[TOY.public_key(contact)]))
    for raw in raws:
        attack.network.now += 51
        attack.push([raw])
    assert attack.victim.find(b"bob")[0].node == TOY.public_key(contact)
    assert attack.victim.person(proved.key) == [(TOY.public_key(contact), b"ann")]


@pytest.mark.parametrize("place", ("203.0.113.9 port %d", "203.%d.0.9"), ids=("host", "nets"))
def test_ten_thousand_identities_through_128_introducers_leave_the_honest_records(place):
    """On one host, and each in a net of its own: who is known stays, and most of the others."""
    attack = Attack()
    victim = attack.victim
    honest = victim.exchange.peers[attack.network.nodes[1].short]
    contact = identity(100000)
    victim.settings.contacts = (contact[:32],)
    # A `list peer` of the owner, far away, and the neighbours on the cable: all of them are peers.
    named = Stranger(attack, 999, ("198.51.100.7", PORT))
    victim.take_peers([named.source])
    assert named.knock()
    kept = [key for key, _ in victim.database.items()]
    kept.append(named.node.short + SALT)
    raw = identity_of(named.node)
    victim.exchange.take(raw, victim.exchange.peers[named.node.short], attack.network.now)
    for number in range(400):
        attack.network.now += 51
        victim.exchange.take(identity(number + 1), honest, attack.network.now)
    strangers = []
    for number in range(128):
        host, _, port = (place % (1000 + number if "port" in place else number)).partition(" port ")
        one = Stranger(attack, 1000 + number, (host, int(port or PORT)))
        attack.network.now += 110
        if one.knock():
            strangers.append(victim.exchange.peers[one.node.short])
    assert len(strangers) > 100 if "port" not in place else 1 <= len(strangers) <= 4
    victim.exchange.take(contact, strangers[0], attack.network.now)
    for number in range(10000):
        attack.network.now += 11
        raw = identity(200000 + number)
        victim.exchange.take(raw, strangers[number % len(strangers)], attack.network.now)
    left = [number for number in range(400) if victim.database.get(key_of(identity(number + 1)))]
    assert len(left) >= 300, len(left)
    assert [key for key in [*kept, key_of(contact)] if victim.database.get(key) is None] == []
    assert victim.database.count <= database.MAX_RECORDS


def identity_of(node):
    """Return the own record of a node of the tests."""
    seed = next(
        bytes((index % 256, index // 256)) * 16
        for index in range(2000)
        if TOY.public_key(bytes((index % 256, index // 256)) * 16) == node.id
    )
    return record.write(node.id, 1 << 32, SALT, b"de", lambda data: TOY.sign(seed, data))


def test_an_edge_needs_both_ends():
    attack = Attack()
    far = attack.network.nodes[0]
    edges = far.short + b"\1" + attack.victim.short + b"\1"
    value = record.write_node(
        record.NodeValue(b"liar", [], 0, 0, edges, b"", record.LIFETIME, b"", b"", b"")
    )
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
    for _ in range(600):
        attack.network.now += 1000
        hello = packets.Hello(2000, 0, bytes(8), 0)
        attack.send(packets.HELLO, packets.write_hello(hello))
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


@given(st.sampled_from(packets.KINDS), st.binary(max_size=400))
def test_any_body_of_a_proved_neighbour_is_survived(kind, body):
    SHARED.send(kind, body)


SHARED = Attack()
