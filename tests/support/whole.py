"""Whole nodes under the bytes of strangers, for what no parser alone shows.

Runs under CPython and MicroPython.
"""

from bellhop.mesh import packets
from tests.unit.mesh.network import Network, line
from tests.vectors.home import Home, udp

ALICE, STRANGER = udp("198.51.100.1", 40001), udp("203.0.113.66", 5070)
# Longer than any transaction, and than a neighbour of the mesh is waited for.
A_WHILE = 65000
# What TOY puts behind what it seals.
TAG_BYTES = 16
# A node is made anew after so many inputs.
TURNS = 20


class Turns:
    """A node that is made anew now and then."""

    def __init__(self, make):
        self.make = make
        self.left = 0

    def next(self):
        """Return the node for the next input."""
        if not self.left:
            self.node, self.left = self.make(), TURNS
        self.left -= 1
        return self.node


def _home():
    home = Home()
    home.register(b"alice", b"<sip:alice@198.51.100.1:40001>", ALICE)
    return home


def _neighbours():
    network = Network(2, line(2))
    network.run(3000)
    return network


homes, networks = Turns(_home), Turns(_neighbours)


def tell_node(data):
    """Give a datagram to a node, from a stranger and from a phone; return what it does."""
    home = homes.next()
    done = [home.receive(data, STRANGER), home.receive(data, ALICE), home.wait(A_WHILE)]
    return [done, home.status()]


def tell_mesh(data):
    """Give the body of a packet to a node as one of its proved neighbour; return what it does.

    The order of records in a packet is that of a dict: the octets are told without their order,
    and without the tag of a seal, which covers the order.
    """
    kind, body = packets.parse(data)
    network = networks.next()
    victim, neighbour = network.nodes
    if kind == packets.SEALED:
        session = neighbour.exchange.peers[victim.short].best().session
        data = session.write(body[0] % (packets.DESTROY + 1), body[1:][: packets.MAX_BODY_BYTES])
    begun = len(network.log)
    network.perform(0, victim.receive(data, 0, network.address(1, 0), network.now))
    network.run(2000)
    sent = [(at, one, _unordered(effect.data)) for at, one, effect in network.log[begun:]]
    return [sent, victim.counters, victim.database.digest()]


def _unordered(data):
    is_sealed = packets.parse(data)[0] == packets.SEALED
    return bytes(sorted(data[:-TAG_BYTES] if is_sealed else data))
