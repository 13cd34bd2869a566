"""Engines that form a mesh in memory: SIP and mesh packets between them, on a fake clock."""

from bellhop.effects import (
    CELLS,
    TRUNK,
    Commit,
    Event,
    Flow,
    Listener,
    Receive,
    Resolve,
    Send,
    SendMesh,
)
from bellhop.features import catalogue
from bellhop.settings import reader
from bellhop.sip import message
from tests.unit.mesh.network import TOY, Dice

SETTINGS = """
config node
	option domain home.test
	list trusted 10.0.0.0/8
	option responders '%s'
config mesh
	option node_name %s
	option profile emergency
%s
"""
USER = """
config user
	option name %s
	option extension %s
	option password x
"""
STREAM = 1000
BEYOND = {CELLS: "mesh circuits", TRUNK: "trunks"}


class House:
    """One node, its address, and what left it for phones: (Flow, message) pairs."""

    def __init__(self, town, host, name, users, mesh="", responders="", text=SETTINGS):
        text = text % (responders, name, mesh)
        text += "".join([USER % (user, number) for user, number in users])
        self.town = town
        self.host = host
        self.phones = []
        self.events = []
        dice = Dice(len(town.houses) + 1)
        self.engine = catalogue.node(reader.parse(text, name), dice.random, town.now)
        catalogue.join_mesh(self.engine, bytes([len(town.houses) + 1]) * 32, 1, TOY, town.now)
        listeners = [Listener("udp", host, 5060), Listener("tcp", host, 5060)]
        town.houses[host] = self
        self.perform(self.engine.listen(listeners, town.now))
        self.perform(self.engine.start(town.now))

    def key(self):
        """Return the node's key as it stands in addresses."""
        return self.engine.features["mesh"].mesh.key

    def hear(self, feature, event, *details):
        """Tell a feature of the engine something, and do what it wants done."""
        self.perform(self.engine.hear(feature, event, *details, self.town.now))

    def perform(self, effects):
        """Do what the engine wants done; packets to nobody are lost."""
        came = []
        for effect in effects:
            if isinstance(effect, SendMesh):
                self.town.spread(self, effect)
            elif isinstance(effect, Receive):
                came.append(effect)
            elif isinstance(effect, Send) and effect.flow.transport in BEYOND:
                self.hear(BEYOND[effect.flow.transport], "send", effect.flow, effect.data)
            elif isinstance(effect, Send):
                self.town.send(self, effect)
            elif isinstance(effect, Resolve):
                transport = effect.transport or "udp"
                host = effect.host.decode()
                hop = Flow(transport, 0 if transport == "udp" else 1, host, 5060, 0, "")
                self.perform(self.engine.resolved(effect.query, [hop], "", self.town.now))
            elif isinstance(effect, Event):
                self.events.append(effect)
            elif isinstance(effect, Commit):
                self.perform(self.engine.kept(effect.number, "", self.town.now))
        for effect in came:
            self.perform(self.engine.take(effect.message, effect.flow, self.town.now))

    def receive(self, data, host, port=5060):
        """Take one datagram from a phone."""
        flow = Flow("udp", 0, host, port, 0, "")
        self.perform(self.engine.receive(data, flow, self.town.now))

    def to_phone(self, host):
        """Return the messages that left for a phone's address."""
        return [message.parse(data) for flow, data in self.phones if flow.host == host]


class Town:
    """All houses. cables: pairs of addresses between which mesh packets travel."""

    def __init__(self):
        self.now = 1000
        self.houses = {}
        self.cables = {}

    def cable(self, one, other):
        """Join two houses by a link of the mesh."""
        number = 2 * (len(self.cables) + 2)  # 0 and 2 are no cables: mesh/node.py.
        self.cables[number] = (one.host, other.host)
        for house in (one, other):
            house.hear("mesh", "link", number, ("cable%d" % number, True))

    def spread(self, house, effect):
        """Carry a mesh packet over its cable."""
        for host in self.cables.get(effect.link, ()):
            other = self.houses.get(host)
            if other not in (house, None) and effect.address in (None, (host, 5066)):
                source = (house.host, 5066)
                other.hear("mesh", "receive", effect.data, effect.link, source)

    def send(self, house, effect):
        """Carry a SIP message to another house, or note it as sent to a phone."""
        flow = effect.flow
        other = self.houses.get(flow.host)
        if other is None:
            house.phones.append((flow, effect.data))
            return
        connection = 0 if flow.transport == "udp" else STREAM
        arrived = Flow(flow.transport, flow.local, house.host, 5060, connection, "")
        other.perform(other.engine.receive(effect.data, arrived, self.now))

    def advance(self, ms):
        """Let time pass in steps of 20 ms."""
        end = self.now + ms
        while self.now < end:
            self.now += 20
            for house in list(self.houses.values()):
                deadline = house.engine.next_deadline()
                if deadline is not None and deadline <= self.now:
                    house.perform(house.engine.fire(self.now))
