"""The node as a member of the mesh: what it publishes, and what the mesh wants done."""

from ...effects import Event, Note, SendMesh, Store
from ...errors import BellhopError, MeshError
from ...mesh.effects import Ended, MeshChanged, Said, SaveMesh
from ...mesh.identity import parse_key
from ...mesh.link import ANYWHERE
from ...mesh.node import Mesh, MeshSettings
from ...mesh.phonebook import Served
from ...mesh.record import PSTN, RELAYS_CELLS
from ...sip import uri
from ...text import as_name
from ...tu import dialplan
from .boxes import Boxes
from .circuits import Circuits
from .dialling import Dialling
from .gateways import Gateways
from .heirs import Heirs
from .siplink import SipLink

# Who finds somebody of the house in its records.
ALL, CONTACTS = ("all", "contacts")
TWIN = (
    "another node uses the identity of this one, perhaps from a restored backup: calls go to "
    "either; stop one, or give it an identity of its own"
)


class Member:
    """A feature; `parts` are the others that come with it.

    seed: 32 octets, the node's identity; crypto: as for mesh.node.Mesh.
    """

    name = "mesh"
    hooks = ("adopt", "restore", "started", "registered", "listening", "counters", "problems")
    events = (
        "receive", "link", "find_peers", "met", "leave", "take_people", "carry_sound",
    )  # fmt: skip
    users = {}

    def __init__(self, node, uac, seed, boot_epoch, crypto, now):
        self.node = node
        settings = mesh_settings(node.settings)
        self.mesh = Mesh(seed, boot_epoch, node.random, crypto, settings, now)
        settings.name = settings.name or self._own_name()
        self.dialling = Dialling(node, self.mesh)
        self.boxes = Boxes(node, self.dialling, self.carry_out)
        self.circuits = Circuits(node, self.mesh, self.dialling, self.boxes, self.carry_out, now)
        self.siplink = SipLink(node, uac, self, now)
        gateways = Gateways(node, self.mesh, self.dialling)
        self.heirs = Heirs(node, self.dialling, self.started)
        self.parts = (
            self.dialling, self.circuits, self.boxes, self.siplink, gateways, self.heirs,
        )  # fmt: skip
        # First octet of what else comes to the mesh's port from anywhere -> what takes it.
        self.beside = {}
        # Whether the log tells of a twin already.
        self.is_told = False
        self.wakers = {Member: self._fire}
        self.deadline = self.queued = None

    def _own_name(self):
        """A name that many nodes have, such as that of the domain, would tell nobody who calls."""
        return "node-" + self.mesh.key[:6]

    # What the core tells.

    def adopt(self, settings):
        """Be reached under the keys of the node and of people who live here."""
        settings.be_also(self.domains())

    def restore(self, name, records, now):
        """Take back what was known of the mesh."""
        if name == "mesh":
            self.mesh.restore(records, now)

    def registered(self, added, removed, now):
        """Tell the mesh who can be called here now; return the effects."""
        return self.started(now)

    # What the shell tells.

    def receive(self, data, link, source, now):
        """Take one datagram of the mesh; source: (host, port). Return the effects."""
        if link == ANYWHERE and data[:1] in self.beside:
            return self.beside[data[:1]](data, source, now)
        return self.carry_out(self.mesh.receive(data, link, source, now), now)

    def link(self, link, name, now):
        """A link came up, (name, whether it is multicast), or went, None; return the effects."""
        if name is None:
            return self.carry_out(self.mesh.link_down(link, now), now)
        return self.carry_out(self.mesh.link_up(link, name[0], name[1], now), now)

    def find_peers(self, peers, now):
        """Greet these (host, port) from now on: what the owner's peers and domains resolve to."""
        return self.greet(self.mesh.take_peers(peers), now)

    def met(self, link, source, now):
        """The kernel has seen a neighbour on a link; ask whether it is a node."""
        return self.carry_out(self.mesh.neighbour_seen(link, source, now), now)

    def greet(self, places, now):
        """Say hello to who may be a node, [(host, port)] anywhere; return the effects."""
        effects = []
        for place in places:
            effects += self.mesh.neighbour_seen(ANYWHERE, place, now)
        return self.carry_out(effects, now)

    def leave(self, now):
        """Say goodbye, before the shell closes the sockets; return the effects."""
        return self.carry_out(self.mesh.leave(now), now)

    def take_people(self, keys, now):
        """Take whose keys speak for this node, as Mesh.set_people has it; return the effects."""
        users = self.node.settings.users
        self.mesh.set_people({name: keys[name] for name in keys if name in users})
        self.node.adopt(self.node.settings)
        return self.started(now)

    def carry_sound(self, port, now):
        """The shell carries sound by circuits, at this port; return the effects."""
        return self.carry_out(self.mesh.carry_sound(port, now), now)

    def _fire(self, member, now):
        return self.carry_out(self.mesh.fire(now), now)

    # Names.

    def domains(self):
        """Return what is a domain of this node: its name, its key, and those of people here."""
        keys = [one.key for one in self.mesh.own.people]
        own = self.dialling.former | {self.dialling.own_domain}
        own |= {self.mesh.settings.name.lower().encode()}
        return own | {self.mesh.name_of(key).encode() for key in keys}

    def address_of(self, name):
        """Return the address that a user keeps on every router (text), or None."""
        for one in self.mesh.own.people:
            if one.name == name.encode():
                return "sip:%s@%s" % (name, self.mesh.name_of(one.key))
        return None

    # Verbs.

    def identity(self, arguments, now):
        """Return the key of the node."""
        return {"key": self.mesh.key, "address_example": "sip:alice@" + self.mesh.key}

    def person(self, arguments, now):
        """`user`: who has a key of their own (`bellhop person-key` makes one)."""
        name = arguments.get("user", "")
        address = self.address_of(name)
        if address is None:
            raise BellhopError("'%s' is no user with a key" % name)
        return {"user": name, "address": address}

    def peers(self, arguments, now):
        """`hosts`: addresses that might be neighbours and are none, with the reason."""
        return {"peers": self.mesh.peers(), "hosts": self.mesh.hosts()}

    def routes(self, arguments, now):
        """Return the nodes in reach."""
        return {"routes": self.mesh.routes()}

    def graph(self, arguments, now):
        """Return the mesh as nodes and links."""
        return self.mesh.graph()

    def privacy(self, arguments, now):
        """Return the levels of privacy: what each hides, costs and does not hide."""
        return self.circuits.levels.rows()

    def problems(self):
        """Return what is wrong with the identity of this node."""
        return [TWIN] if self.mesh.has_twin() else []

    # Publishing.

    def counters(self):
        """Return the counters of all that has to do with the mesh, as one dict."""
        found = dict(self.mesh.counters, records=self.mesh.database.count)
        found["circuits"] = len(set(self.mesh.circuits.table.values()))
        for part in (self.siplink, self.circuits, self.circuits.levels):
            found.update(part.counts)
        return {"mesh": found}

    def started(self, now):
        """Tell the mesh who can be called here; return the effects."""
        settings = self.node.settings
        served, closed = [], []
        usual = ALL if settings.mesh.profile == "emergency" else CONTACTS
        for section in settings.called():
            listed = section.listed or usual
            one = _served(section, self.node.is_there(section, now))
            served += [one] if listed == ALL else []
            closed += [one] if listed == CONTACTS else []
        responders = dialplan.responders(settings)
        if responders is not None:
            there = self.node.is_there(responders, now)
            served.append(Served(dialplan.SOS, b"", b"emergency responders", (), there))
        mine = mesh_settings(settings)
        mine.name = mine.name or self._own_name()
        heirs = [self.mesh.heir(one) for one in mine.contacts]
        mine.contacts = tuple(dict.fromkeys(heirs + list(mine.contacts)))
        self.mesh.adopt(mine)
        effects = self.mesh.set_endpoints(self._places(), now)
        return self.carry_out(effects + self.mesh.publish(served, now, closed), now)

    def listening(self, now):
        """Tell the mesh under which addresses this node's SIP side is reached."""
        return self.carry_out(self.mesh.set_endpoints(self._places(), now), now)

    def _places(self):
        """Return [(host, port)] of the SIP side; none where calls go by relays: nobody is told."""
        if self.node.settings.privacy.level != "0":
            return []
        return [
            (one.listener.host, one.port)
            for one in self.node.listening
            if one is not None and one.transport == "udp" and _is_for_others(one.listener.host)
        ]

    def carry_out(self, effects, now):
        """Return what the shell shall do for the mesh."""
        self.deadline = self.mesh.next_deadline()
        self.node.deadlines.watch(self)
        done = []
        for effect in effects:
            if isinstance(effect, SaveMesh):
                done.append(Store("mesh", lambda now: self.mesh.dump(), None))
            elif isinstance(effect, MeshChanged):
                done.append(Event("peer", dict(effect.fields, what=effect.what)))
                done += self.heirs.look(now)
                if self.mesh.has_twin() and not self.is_told:
                    done.append(Note("error", TWIN))
                self.is_told = self.mesh.has_twin()
            elif isinstance(effect, Said):
                done += self.circuits.said(effect.call, effect.octets, now)
            elif isinstance(effect, Ended):
                done += self.circuits.ended(effect.call, effect.reason, now)
            elif not isinstance(effect, SendMesh) or not self.siplink.send(effect, now):
                done.append(effect)
        return done


def mesh_settings(settings):
    """Return what the mesh needs of the configuration."""
    section = settings.mesh
    made = MeshSettings(
        name=section.node_name,
        profile=section.profile,
        peers=[],
        contacts=_members(settings.contacts),
        hello_ms=section.hello_ms,
        radio=(tuple(section.amateur), section.callsign.encode()),
        port=section.port,
    )
    if not settings.privacy.relay_for_others:
        made.withdraw(RELAYS_CELLS)
    if [one for one in settings.providers if one.enabled and one.offer != "no"]:
        made.offer(PSTN)
    return made


def _members(contacts):
    """Return the ids of the nodes that the owner's contacts have in their addresses."""
    found = []
    for contact in contacts:
        host = uri.parse(contact.address.encode()).host if contact.address else None
        try:
            member = parse_key(uri.host_key(host or b""))
        except MeshError:
            continue
        if member not in found:
            found.append(member)
    return found


def _served(section, registered):
    shown = section.display_name or section.name
    name, number = section.name.lower().encode(), uri.key_of(section.extension.encode())
    return Served(name, number, as_name(shown.encode()), (), registered)


def _is_for_others(host):
    """Tell whether an address means something beyond this machine and its cables."""
    return host != "::1" and not host.startswith("127.") and "%" not in host
