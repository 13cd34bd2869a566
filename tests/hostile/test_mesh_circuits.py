"""Attacks on circuits by a neighbour that is one: replays, tagging, re-posts, masses, bad keys."""

import pytest

from bellhop.errors import MeshError
from bellhop.limits import MAX_CIRCUITS, MAX_HALF_MESSAGES
from bellhop.mesh import cells, noise, packets
from bellhop.mesh.effects import Said
from tests.unit.mesh.network import Network, line, real_or_toy


class Way:
    """Five nodes in a line; the second, a relay, is the attacker. crypto: real where it can be."""

    def __init__(self, crypto=None):
        self.network = Network(5, line(5), crypto=crypto or real_or_toy())
        self.network.run(4000)
        self.rogue = self.network.nodes[1]
        self.seen = []
        send = self.rogue.circuits.lanes.send

        def noted(short, cell, is_plain, now):
            self.seen.append((short, cell))
            return send(short, self.change(cell), is_plain, now)

        self.rogue.circuits.lanes.send = noted
        self.change = lambda cell: cell

    def call(self, octets=b"first"):
        node = self.network.nodes[0]
        call, effects = node.call(self.network.nodes[4].id, octets, self.network.now)
        self.network.perform(0, effects)
        return call

    def said(self, index=4):
        return [e.octets for _, at, e in self.network.said if at == index and isinstance(e, Said)]

    def push(self, short, cell):
        """Let the rogue send a cell to a neighbour, in the rogue's own lane."""
        peer = self.rogue.exchange.peers[short]
        lane = self.rogue.circuits.lanes._to(peer)
        body = lane.body(cell, False, self.network.now)
        if body is not None:
            self.network.perform(1, self.rogue.exchange.send(peer, packets.CELL, [body]))


@pytest.mark.parametrize("at", [4, 7, 8, 9, 40, 41, 60, 74, 75, 400, 1023])
def test_the_next_hop_refuses_a_set_up_in_which_any_octet_was_changed(at):
    way = Way()
    far = way.network.nodes[2]
    way.change = lambda cell: cell[:at] + bytes((cell[at] ^ 1,)) + cell[at + 1 :]
    way.call()
    way.network.run(1500)
    assert way.said() == []
    assert not [one for one in far.circuits.table.values() if one.role != "maker"]


def test_what_was_sent_is_not_taken_twice_on_any_circuit():
    way = Way()
    call = way.call()
    way.network.run(1000)
    way.network.perform(0, way.network.nodes[0].say(call, b"second", way.network.now))
    way.network.run(1000)
    assert way.said() == [b"first", b"second"]
    tables = [len(node.circuits.table) for node in way.network.nodes]
    for turn in range(3):
        for short, cell in list(way.seen):
            # As it was, and as the beginning of another circuit.
            for label in (cell[:4], turn.to_bytes(4, "big")):
                way.push(short, label + cell[4:])
                way.network.run(300)
    assert way.said() == [b"first", b"second"]
    assert [len(node.circuits.table) for node in way.network.nodes] == tables


def test_a_set_up_behind_a_block_of_the_rogues_own_arrives_nowhere():
    """Re-post: the rogue wraps what it has seen into a circuit that it makes itself."""
    way = Way()
    way.call()
    way.network.run(1000)
    said = len(way.said())
    (short, cell) = way.seen[0]
    known = way.rogue.directory.node(short)
    prekey = known.value.prekey
    hops = [cells.Hop(known.node, prekey[0], prekey[1:], way.rogue.random(32))]
    body, _ = cells.set_up(way.rogue.crypto, hops, 9, 0, cell[8 : 8 + 681], way.rogue.random)
    way.push(short, cells.write(b"\1abc", 9, body))
    way.network.run(3000)
    assert len(way.said()) == said
    assert way.said(2) == []


def test_one_neighbour_cannot_fill_the_tables():
    way = Way()
    victim = way.network.nodes[2]
    known = way.rogue.directory.node(victim.short)
    prekey = known.value.prekey
    for number in range(2 * MAX_CIRCUITS):
        hops = [cells.Hop(known.node, prekey[0], prekey[1:], way.rogue.random(32))]
        payload = cells.write_payload(cells.SIP, prekey[0], bytes(3000))[:681]
        body, _ = cells.set_up(way.rogue.crypto, hops, 9, 0, payload, way.rogue.random)
        way.push(victim.short, cells.write(number.to_bytes(4, "big"), 9, body))
        way.network.run(251)
    assert len(victim.circuits.table) <= 2 * MAX_CIRCUITS
    assert len(victim.calls.half) <= MAX_HALF_MESSAGES
    assert victim.calls.table == {}
    way.network.run(120000)
    assert victim.circuits.table == {}


def test_keys_that_are_none_open_nothing():
    crypto = real_or_toy()
    way = Way(crypto)
    victim = way.network.nodes[2]
    hop = victim.circuits.prekeys.hop(victim.circuits.prekeys.told()[0])[0]
    top = bytearray(crypto.base(b"x" * 32))
    top[31] |= 128
    below = noise.PRIME.to_bytes(32, "little")
    for fresh in (bytes(32), (1).to_bytes(32, "little"), bytes(top), below):
        body = bytes((hop.id,)) + fresh + bytes(cells.BODY_BYTES - 33)
        with pytest.raises(MeshError):
            cells.opened(crypto, hop, 1, body)


def destroy(way, place, reason, octets=b"", size=None):
    """Let the rogue say DESTROY to one of its two neighbours on the way."""
    peer = way.rogue.exchange.peers[place[0]]
    size = len(octets) if size is None else size
    body = place[1] + bytes((reason,)) + size.to_bytes(2, "big") + octets
    way.network.perform(1, way.rogue.exchange.send(peer, packets.DESTROY, [body]))


@pytest.mark.parametrize("reason", [*range(8), 255])
@pytest.mark.parametrize("is_near", [True, False])
def test_an_end_that_is_told_by_a_relay_is_the_circuits_and_not_the_calls(reason, is_near):
    """A relay may cut its way; the call takes another or ends, and nothing is made up."""
    way = Way()
    call = way.call()
    way.network.run(1000)
    (circuit,) = set(way.rogue.circuits.table.values())
    destroy(way, circuit.near if is_near else circuit.far, reason)
    way.network.run(100)
    way.network.perform(0, way.network.nodes[0].say(call, b"second", way.network.now))
    way.network.run(20000)
    assert way.said() == [b"first", b"second"]
    assert call.state == "open"


@pytest.mark.parametrize("reason", range(8))
def test_a_notice_of_a_relay_ends_its_way_and_not_the_call(reason):
    way = Way()
    call = way.call()
    way.network.run(1000)
    (circuit,) = set(way.rogue.circuits.table.values())
    way.network.perform(1, way.rogue.circuits._notice(circuit, reason, b"", way.network.now))
    way.network.run(100)
    way.network.perform(0, way.network.nodes[0].say(call, b"second", way.network.now))
    way.network.run(20000)
    assert way.said() == [b"first", b"second"]
    assert call.state == "open"


def test_a_record_in_an_end_counts_for_what_its_key_has_signed_alone():
    way = Way()
    way.call()
    way.network.run(1000)
    before = [node.database.digest() for node in way.network.nodes]
    own = way.rogue.database.get(way.rogue.short + b"n").raw
    forged = way.network.nodes[4].id + own[32:]
    for octets, size in ((forged, None), (b"x" * 900, None), (b"", 65535), (own[:50], 9)):
        (circuit, *_) = set(way.rogue.circuits.table.values())
        for place in (circuit.near, circuit.far):
            destroy(way, place, cells.NO_PREKEY, octets, size)
        way.network.run(3000)
    assert [node.database.digest() for node in way.network.nodes] == before
    assert len(way.network.nodes[0].calls.table) == 1


def test_only_the_neighbour_on_the_way_ends_a_circuit():
    """Another neighbour of a relay knows its labels, and a stranger what passes the cable."""
    way = Way()
    call = way.call()
    way.network.run(1000)
    relay = way.network.nodes[2]
    held = dict(relay.circuits.table)
    rogue = Network(4, [(0, 1), (1, 2), (1, 3)], crypto=real_or_toy())
    rogue.run(4000)
    caller, middle, other = rogue.nodes[0], rogue.nodes[1], rogue.nodes[3]
    made, effects = caller.call(rogue.nodes[2].id, b"first", rogue.now)
    rogue.perform(0, effects)
    rogue.run(1000)
    places = list(middle.circuits.table)
    assert len(places) == 2
    for place in places:
        for reason in range(8):
            body = place[1] + bytes((reason,)) + b"\0\0"
            effects = other.exchange.send(
                other.exchange.peers[middle.short], packets.DESTROY, [body]
            )
            rogue.perform(3, effects)
    rogue.run(1000)
    assert list(middle.circuits.table) == places
    assert made.state == "open"
    # In clear, and under what was sealed for another.
    sealed = [one.data for _, at, one in way.network.log if at == 1 and one.data[2] == 4][-8:]
    for place in held:
        for kind in (packets.DESTROY, packets.CELL, packets.SEALED):
            body = place[1] + bytes((cells.GONE,)) + b"\0\0"
            source = way.network.address(1, 1)
            for data in [packets.write(kind, body)] + [one[:13] + body for one in sealed] + sealed:
                way.network.perform(2, relay.receive(data, 0, source, way.network.now))
    assert relay.circuits.table == held
    way.network.perform(0, way.network.nodes[0].say(call, b"second", way.network.now))
    way.network.run(1000)
    assert way.said() == [b"first", b"second"]


@pytest.mark.parametrize("octets", [b"", b"\1", b"\1" * 12, bytes(681), b"\1\0" + b"\xff" * 600])
def test_a_set_up_that_brings_nothing_is_told_so_and_what_follows_it_is_survived(octets):
    way = Way()
    victim = way.network.nodes[2]
    known = way.rogue.directory.node(victim.short)
    prekey = known.value.prekey
    hops = [cells.Hop(known.node, prekey[0], prekey[1:], way.rogue.random(32))]
    body, keys = cells.set_up(way.rogue.crypto, hops, 9, 0, octets.ljust(681, b"\xff"), bytes)
    way.push(victim.short, cells.write(b"\1abc", 9, body))
    for count in range(10, 14):
        data = cells.layered(way.rogue.crypto, keys, count, bytes(cells.BODY_BYTES))
        way.push(victim.short, cells.write(b"\1abc", count, data))
        way.network.run(300)
    destroy(way, (victim.short, b"\1abc"), cells.GONE)
    way.network.run(10000)
    assert victim.circuits.table == {} and victim.calls.half == []


@pytest.mark.parametrize("size", [0, 1, 31, 32, 40])
def test_a_first_message_cut_short_is_no_call(size):
    """Of a node that has its key, and says less than who it is, which call and its flags."""
    way = Way()
    rogue, victim = way.rogue, way.network.nodes[2]
    inside = (rogue.id + bytes(9))[:size]
    rogue.calls._message_1 = message_1(rogue, inside)
    call, effects = rogue.call(victim.id, b"first", way.network.now)
    way.network.perform(1, effects)
    way.network.run(20000)
    assert victim.calls.table == {} and victim.circuits.table == {}
    assert call.state == "closed"


def message_1(node, inside):
    """Return what makes first messages with something else inside."""

    def made(call, end, crypto):
        prologue = cells.prologue(crypto, call.node, end.id, cells.SIP)
        _, secret, public = (node.id,) + node.static
        handshake = noise.Handshake(crypto, noise.IK, prologue, True, secret, public, end.prekey)
        return handshake, handshake.write(inside, node.random(32))

    return made
