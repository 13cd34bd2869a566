"""Three neighbouring nodes that trust nobody's address: a victim, an honest one, a rogue.

The rogue is a member like the others: its engine has shaken hands. What it says a test writes by
hand: in cells of the rogue, or as SIP that comes from its address.
"""

from bellhop.effects import Flow, Resolve
from bellhop.sip import message
from tests.support.town import House, Town
from tests.unit.features.mesh.test_member import register

VICTIM, HONEST, ROGUE = "10.0.1.1", "10.0.2.1", "10.0.3.1"
ALICE, BOB, GRAN, MAL = "192.168.1.11", "192.168.1.12", "192.168.2.11", "192.168.3.11"
STRANGER, OUTSIDE = "203.0.113.66", "203.0.113.99"
SETTINGS = """
config node
	option domain home.test
	option responders '%s'
config mesh
	option node_name %s
	option profile emergency
%s
"""


class Asked(House):
    """A House that notes which hosts it wanted to reach. asked: list of hosts."""

    def __init__(self, *args, **more):
        self.asked = []
        super().__init__(*args, **more)

    def perform(self, effects):
        self.asked += [one.host.decode() for one in effects if isinstance(one, Resolve)]
        super().perform(effects)


class Yard:
    """victim (alice, bob), honest (gran), rogue (mal), all joined by cables; phones registered."""

    kind = Asked

    def __init__(self, node="", more="", responders=("", "", ""), house=None, **options):
        self.town = Town()
        self.town.publics = {}
        self.kind = house or self.kind
        text = SETTINGS.replace("config mesh", node + "\nconfig mesh") + more
        users = [("alice", "201"), ("bob", "202")]
        self.victim = self.kind(
            self.town, VICTIM, "victim", users, responders=responders[0], text=text, **options
        )
        self.honest = self.kind(
            self.town, HONEST, "far", [("gran", "301")], responders=responders[1], text=SETTINGS
        )
        self.rogue = self.kind(
            self.town, ROGUE, "mallory", [("mal", "666")], responders=responders[2], text=SETTINGS
        )
        self.town.cable(self.victim, self.honest)
        self.town.cable(self.victim, self.rogue)
        for house, user, host in (
            (self.victim, "alice", ALICE), (self.victim, "bob", BOB),
            (self.honest, "gran", GRAN), (self.rogue, "mal", MAL),
        ):  # fmt: skip
            register(house, user, host)
        self.town.advance(6000)
        self.forget()

    def forget(self):
        """Forget what was sent so far."""
        for house in self.town.houses.values():
            house.phones, house.asked = [], []

    def attack(self, data, host=ROGUE, port=5060, transport="udp", connection=0):
        """Hand octets to the victim as coming from an address."""
        flow = Flow(transport, 0 if transport == "udp" else 1, host, port, connection, "")
        self.victim.perform(self.victim.engine.receive(data, flow, self.town.now))

    def say(self, data, house=None):
        """Let the rogue's node, or another's, say octets to the victim's in cells of its own."""
        house, now = house or self.rogue, self.town.now
        member = house.engine.features["mesh"]
        node = self.victim.engine.features["mesh"].mesh.id
        effects = member.mesh.call(node, data, now)[1]
        house.perform(member.carry_out(effects, now))

    def overhear(self, house=None):
        """Return a list that grows with what a node, the victim, says to other nodes."""
        mesh, said = (house or self.victim).engine.features["mesh"].mesh, []

        def noted(method):
            def note(first, octets, *more):
                said.append(octets)
                return method(first, octets, *more)

            return note

        mesh.call, mesh.say = noted(mesh.call), noted(mesh.say)
        return said

    def outside(self, tag, house=None):
        """Return the name that a tag of a phone of a node, the victim, has for other nodes."""
        lines = (house or self.victim).engine.features["mesh circuits"].lines
        (name,) = [line.own[tag] for line in lines if tag in line.own]
        return name.decode()

    def heard(self, host, house=None):
        """Return the messages that left the victim for an address."""
        return (house or self.victim).to_phone(host)

    def asked(self, host, method=None, house=None):
        """Return the requests that left the victim for an address."""
        found = [one for one in self.heard(host, house) if hasattr(one, "method")]
        return [one for one in found if method is None or one.method == method]

    def statuses(self, host):
        """Return the final status codes that left the victim for an address."""
        return [one.status for one in self.heard(host) if getattr(one, "status", 0) >= 200]


COUNT = [0]


def sip(method, uri, sender, lines=(), body="", to=None, call_id=None, source=ROGUE, cseq=1):
    """Return a request by hand; sender: From without its tag, unless it has one."""
    COUNT[0] += 1
    number = COUNT[0]
    fields = [
        "%s %s SIP/2.0" % (method, uri),
        "Via: SIP/2.0/UDP %s;branch=z9hG4bKrogue%d;rport" % (source, number),
        "Max-Forwards: 70",
        "From: " + (sender if ";tag=" in sender else sender + ";tag=m%d" % number),
        "To: " + (to or "<%s>" % uri),
        "Call-ID: " + (call_id or "rogue-%d" % number),
        "CSeq: %d %s" % (cseq, method),
        "Contact: <sip:mal@%s>" % source,
    ]
    fields += list(lines) + ["Content-Length: %d" % len(body.encode())]
    return ("\r\n".join(fields) + "\r\n\r\n" + body).encode()


def reply(asked, status, lines=(), body=b"", tag=b"t1"):
    """Return the octets of a phone's answer to a parsed request."""
    made = message.response_to(asked, status, None, [line.encode() for line in lines], tag)
    for route in asked.values(b"record-route"):
        made.insert(b"record-route", b"Record-Route: " + route)
    if body:
        made.body = body
        made.set(b"content-length", b"Content-Length: %d" % len(body))
    return made.write()
