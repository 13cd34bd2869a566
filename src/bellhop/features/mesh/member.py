"""Joins the mesh with the SIP side: whom the mesh reaches, what this node publishes, who relays."""

import binascii

from ...effects import Event, Flow, Note, SendMesh, Store
from ...errors import MeshError, SipError
from ...limits import MEMBER
from ...mesh.directory import PROVED
from ...mesh.effects import MeshChanged, SaveMesh
from ...mesh.identity import SHORT_BYTES, parse_key
from ...mesh.node import Mesh, MeshSettings
from ...mesh.phonebook import Served
from ...sip import address, scan, uri
from ...text import plain
from ...tu import dialplan, proxy
from .failover import route_values
from .siplink import Notifying

MESH, KEY = STEPS = ("mesh", "key domain")
KEY_LETTERS = 52
# A living node says 100 within 200 ms; two retransmissions fit into this.
HOP_PATIENCE = 2000
# Ways that are tried one after the other inside one ringing call.
WAYS = 3
MOST_CHOICES = 10
TWIN = (
    "another node uses the identity of this one, perhaps from a restored backup: calls go to "
    "either; stop one, or give it an identity of its own"
)
IDENTITY = b"p-asserted-identity"
# The signature of the caller's node, for each of so many called nodes at most.
PROOF, PROVED_CALL, MOST_PROOFS = (b"bellhop-identity", b"bellhop caller 1", 4)
# What a user's other node must not send back.
FORKED = b";fork=no"


class Meshing:
    """The node as a member of the mesh."""

    def __init__(self, node, seed, boot_epoch, crypto, look_up, now):
        self.node = node
        settings = mesh_settings(node.settings)
        self.mesh = Mesh(seed, boot_epoch, node.token, crypto, settings, now)
        settings.name = settings.name or self._own_name()
        self.own_domain = self.mesh.key.encode()
        self.notifying = Notifying(node, self, look_up, now)
        self.rerouting = None
        self.deadline = self.queued = None

    def _own_name(self):
        """A name that many nodes have, such as that of the domain, would tell nobody who calls."""
        return "node-" + self.mesh.key[:6]

    # Dialling.

    def extend(self, found, request):
        """Return what the dial plan found together with what the mesh knows."""
        target = request.parsed_uri
        if b"route" in request.names or request.to.param(b"tag") is not None:
            return found
        if found.step == dialplan.EMERGENCY:
            groups = found.groups if self.is_mine(target) else self._with_responders(found.groups)
            return dialplan.Found(found.step, groups, found.section)
        if found.section is not None and found.section.kind == "user":
            also = [] if target.param(b"fork") == b"no" else self.also_at(found.section)
            return dialplan.Found(found.step, _joined(found.groups, also), found.section)
        if found.step in (dialplan.LOCAL, dialplan.ELSEWHERE) and found.section is None:
            return self.find(target) or found
        return found

    def lead(self, found):
        """Return a Found whose addresses of elsewhere (speed dials, forwarding) the mesh knows.

        Where the mesh has no way to one of several, the others ring.
        """
        groups = []
        for group in found.groups:
            targets = []
            for target in group:
                targets += self._lead(target, len(found.groups) > 1)
            if targets:
                groups.append(targets)
        return dialplan.Found(found.step, groups, found.section)

    def _lead(self, target, may_fail):
        if target.flow is not None or target.binding is not None or target.path:
            return [target]
        try:
            led = self.find(uri.parse(target.uri))
        except SipError:
            if not may_fail:
                raise
            return []
        return [target] if led is None else led.groups[0]

    def onward(self, target, request):
        """Return the Target of a request that the caller's node, or its dialog, gave its way.

        A way whose next node is no neighbour any more is refused at once: the caller's node knows
        others.
        """
        if request.to.param(b"tag") is not None:
            return self.rerouting.around(target, request)
        if not self.is_member(request.parsed_uri):
            return target
        following = self.node_of(request.addresses(b"route")[0].uri)
        if following is not None and not self.mesh.is_peer(following):
            raise SipError(503, "the next node on the way is gone")
        fields = list(target)
        fields[5], fields[7] = "next node on the way", HOP_PATIENCE
        return dialplan.Target(*fields)

    def node_of(self, named):
        """Return the id of the node at the host of a Uri, or None."""
        host = text((named.host or b"").lower().strip(b"[]"))
        if len(host) == KEY_LETTERS:
            return self.mesh.node_of(host)
        return self.mesh.node_at(host) if host else None

    def flows_beside(self, hop):
        """Return the Flows to a neighbour at the host of a Uri that need nothing but the cable.

        Two routers on a bare cable may have no addresses in common but those of IPv6's links.
        """
        node = self.node_of(hop)
        transport = (hop.param(b"transport") or b"udp").lower().decode()
        flows = []
        for host in self.mesh.link_addresses(node) if node is not None else ():
            zone = "%" + host.partition("%")[2]
            for index, listening in enumerate(self.node.listening):
                fits = listening is not None and listening.transport == transport
                if fits and listening.listener.host.endswith(zone):
                    flows.append(Flow(transport, index, host, hop.port or 5060, 0, ""))
        return flows

    def path_reasons(self, request):
        """Return why a dialog that crosses the mesh must keep this node in its path."""
        begins = proxy.begins_dialog(request)
        return [proxy.CROSSES] if begins and self.is_mine(request.parsed_uri) else []

    def find(self, target):
        """Return the Found for a Uri that no local rule knows, or None; refuses with 300."""
        if target.user is None or target.host is None:
            return None
        if self.is_member(target):
            member = self.mesh.node_of(text(uri.host_key(target.host)))
            return self._to_nodes([member], target.user, KEY, "key of a node in the mesh")
        places = self._places(target)
        if places:
            members = [member for member, _ in places]
            return self._to_nodes(members, places[0][1], KEY, "key of a person in the mesh")
        claims = self.mesh.find(target.key)
        if not dialplan.is_ours(self.node.settings, self.node.listening, target):
            named = self._node_named(text(uri.host_key(target.host)))
            claims = [claim for claim in claims if claim.node == named]
        if dialplan.is_short_number(self.node.settings, target.key):
            claims = [claim for claim in claims if claim.rank <= PROVED]
        if not claims:
            return None
        best = [claim for claim in claims if claim.rank == claims[0].rank]
        if len(best) > 1:
            raise self._choices(best)
        return self._to_nodes([best[0].node], best[0].name, MESH, best[0].reason)

    def _places(self, target):
        """Return [(node's id, name)] of where the person is whose key a Uri names."""
        key = self.mesh.node_of(text(uri.host_key(target.host)))
        places = [] if key is None else self.mesh.person(key)
        return [place for place in places if place[0] != self.mesh.id]

    def domains(self):
        """Return the keys that are domains of this node: its own, and those of people here."""
        keys = [one.key for one in self.mesh.own.people]
        return {self.own_domain} | {self.mesh.name_of(key).encode() for key in keys}

    def address_of(self, name):
        """Return the address that a user keeps on every router (text), or None."""
        for one in self.mesh.own.people:
            if one.name == name.encode():
                return "sip:%s@%s" % (name, self.mesh.name_of(one.key))
        return None

    def take_people(self, seeds):
        """Take the keys of people: {name: seed}. They are told with the next `publish`."""
        users = self.node.settings.users
        self.mesh.set_people({name: seeds[name] for name in seeds if name in users})

    def _node_named(self, name):
        """Return the id of the node of that name in reach, where exactly one has it."""
        found = [row["node"] for row in self.mesh.routes() if row["name"].lower() == name]
        return self.mesh.node_of(found[0]) if len(found) == 1 else None

    def _choices(self, claims):
        """Return the 300 that lets the caller choose among people of the same name."""
        names = {row["node"]: row["name"] for row in self.mesh.routes()}
        contacts = []
        for claim in claims[:MOST_CHOICES]:
            key = self.mesh.name_of(claim.node)
            shown = text(claim.name) + " at " + (names.get(key) or key[:8])
            address = b" <sip:" + claim.name + b"@" + key.encode() + b">"
            contacts.append(b"Contact: " + scan.quote(shown.encode()) + address)
        return SipError(300, "several people have this name: choose one", contacts)

    def _to_nodes(self, members, user, step, reason):
        targets = []
        for member in members:
            found = self._ways(member, user, reason)
            if found is not None:
                targets.append(found)
        if not targets:
            raise SipError(480, "the mesh knows no way there now")
        return dialplan.Found(step, [targets], None)

    def _ways(self, member, user, reason, mark=b""):
        """Return the Target over the best path, the others as its spares."""
        address = b"sip:" + user + b"@" + self.mesh.name_of(member).encode() + mark
        ways = []
        for path in self.mesh.paths_to(member, WAYS):
            routes = route_values(path)
            words = "%s, %s" % (reason, _hops(len(path)))
            spare = ()
            ways.append(
                dialplan.Target(address, None, routes, None, 1000, words, spare, HOP_PATIENCE)
            )
        if not ways:
            return None
        first = list(ways[0])
        first[6] = tuple(ways[1:])
        return dialplan.Target(*first)

    def other_way(self, target):
        """Return the Target of the best way where that of a ringing Target is gone, or None."""
        named = uri.parse(target.uri)
        if target.patience is None or not target.path or named.host is None:
            return None
        member = self.mesh.node_of(text(uri.host_key(named.host)))
        mark = b"" if named.param(b"fork") is None else FORKED
        way = None if member is None else self._ways(member, named.user, "another way", mark)
        if way is None or target.path in [one.path for one in (way,) + way.spare]:
            return None
        return way

    def also_at(self, section):
        """Return the Targets on other nodes where a local user's phones ring too."""
        found = []
        name = section.name.lower().encode()  # Extensions may differ between the nodes.
        for place in section.also_at:
            member = self.mesh.node_of(place) or self._node_named(place.lower())
            way = None if member is None else self._ways(member, name, "also at " + place, FORKED)
            if way is not None:
                found.append(way)
        return found

    def _with_responders(self, groups):
        """Return the lists of targets with those of the nodes that answer calls for help.

        Anybody may say that he does: those of pinned nodes ring with the first, others later.
        """
        pinned, unknown = [], []
        for claim in self.mesh.find(dialplan.SOS):
            is_known = claim.rank <= PROVED
            words = "responders of %s" if is_known else "responders of %s (unknown)"
            way = self._ways(claim.node, b"sos", words % self._place(claim.node))
            if way is not None:
                (pinned if is_known else unknown).append(way)
        groups = _joined(groups, pinned)
        return groups[:1] + _joined(groups[1:], unknown)

    def phonebook(self):
        """Return the entries of everybody else in reach, as the phone book shows them."""
        entries = []
        for row in self.mesh.phonebook():
            if row["node"] == self.mesh.key:
                continue
            place = "%s, %s" % (row["node_name"] or row["node"][:8], _hops(row["hops"]))
            number, address = row["mesh_number"] or row["name"], "sip:%s@%s"
            address %= row["name"], row["node"]
            if row["name"].encode() == dialplan.SOS:
                number, address = self.node.settings.emergency_number[0], "urn:service:sos"
            entries.append(
                {
                    "display": row["display"],
                    "number": number,
                    "address": address,
                    "place": place,
                    "registered": row["registered"],
                }
            )
        return entries

    # Relaying for others.

    def admits(self, request, found, flow):
        """Tell whether a neighbour's word is enough: to call here, or to pass on along the mesh."""
        if found.step in (dialplan.LOCAL, dialplan.CONTACT, dialplan.EMERGENCY):
            settings, caller = self.node.settings, request.from_.uri
            says_who = not dialplan.is_ours(settings, self.node.listening, caller)
            says_who = says_who or self.asserted(request) is not None
            return says_who and self.is_mine(request.parsed_uri)
        if request.to.tag is None and not self.is_member(request.parsed_uri):
            return False
        ways = [one for targets in found.groups for one in targets]
        return bool(ways) and not [one for one in ways if not self._leads_on(one, request, flow)]

    def _leads_on(self, target, request, flow):
        """Tell whether the next hop of a Target is another neighbour, by loose routing."""
        routes = list(target.path) or request.items(b"route")
        hop = address.parse(routes[0]).uri if routes else None
        if hop is None or hop.param(b"lr") is None:
            return False
        following = self.node_of(hop)
        if following is None or not self.mesh.is_peer(following):
            return False
        return following != self._sender(flow)

    def _sender(self, flow):
        """Return the id of the node that is heard from a flow's address, or None."""
        return self.mesh.node_at(flow.host.partition("%")[0])

    def is_member(self, target):
        """Tell whether a Uri names another node of the mesh by its key."""
        host = b"" if target.host is None else uri.host_key(target.host)
        if len(host) != KEY_LETTERS or host == self.own_domain:
            return False
        member = self.mesh.node_of(text(host))
        return member is not None and self.mesh.knows(member)

    def person(self, target):
        """Return (user@node name, the node's id) of a Uri that `is_member`.

        The name is the same whether a person was dialled by name or by number.
        """
        member = self.mesh.node_of(text(uri.host_key(target.host)))
        key = self.mesh.name_of(member)
        user = text(target.key)
        for row in self.mesh.phonebook():
            if row["node"] == key and user in (row["name"], row["number"]):
                return "%s@%s" % (row["name"], row["node_name"] or key), member
        names = [row["name"] for row in self.mesh.routes() if row["node"] == key]
        return "%s@%s" % (user, names[0] if names and names[0] else key), member

    def assert_identity(self, request, flow, found, caller):
        """Say in a request that crosses the mesh how its caller is called back (RFC 3325)."""
        if request.to.tag is not None:
            return
        if caller.kind == MEMBER:
            if self.is_mine(request.parsed_uri):
                self._introduce(request, self._sender(flow))
            elif request.asserted is not None:
                _vouch(request, request.asserted.uri_bytes)
            return
        request.remove(PROOF)
        user = dialplan.callee(self.node.settings, request.from_.uri)
        crosses = [one for group in found.groups for one in group if one.patience is not None]
        if user is not None and crosses:
            address_bytes = b"sip:" + user.name.encode() + b"@" + self.own_domain
            _vouch(request, address_bytes)
            for target in crosses[:MOST_PROOFS]:
                self._prove(request, address_bytes, self.node_of(uri.parse(target.uri)))

    def _prove(self, request, address_bytes, node):
        """Sign who calls, for the node that is called: those on the way are not believed.

        Bellhop-Identity: hexadecimal short id of the called node, base64 of the Ed25519 signature.
        """
        if node is None:
            return
        signature = self.mesh.sign(_said(request, address_bytes, node))
        value = binascii.hexlify(node[:SHORT_BYTES]) + b" " + binascii.b2a_base64(signature).strip()
        request.names.append(PROOF)
        request.lines.append(b"Bellhop-Identity: " + value)

    def _is_proved(self, request, named, node):
        """Tell whether a node has signed that a request is of its user, and for this node."""
        prefix = binascii.hexlify(self.mesh.id[:SHORT_BYTES]) + b" "
        for value in request.values(PROOF):
            if value[: len(prefix)] != prefix:
                continue
            try:
                signature = binascii.a2b_base64(value[len(prefix) :])
            except ValueError:
                return False
            return self.mesh.verify(node, _said(request, named.uri_bytes, self.mesh.id), signature)
        return False

    def _introduce(self, request, sender):
        """Show on the called phone of which node its caller is: half of all houses have an Alice.

        A node is believed about its own users, by its address or its signature; whom it brings
        besides is shown as brought. The address leads back there and never into this house.
        """
        caller, named = request.from_, request.asserted
        node = None if named is None else self.mesh.node_of(text(named.uri.host_key))
        is_own = node is not None and (node == sender or self._is_proved(request, named, node))
        request.remove(PROOF)
        place = "" if node is None else self._place(node)
        if not is_own:
            place = (place + " via " + self._place(sender)).strip()
        address_bytes = caller.uri_bytes if named is None else named.uri_bytes
        shown = self._shown(caller, node if is_own else None)
        shown = scan.quote(shown + b" (" + place.encode() + b")")
        same = address.Address(shown, address_bytes, caller.params)
        request.set(b"from", b"From: " + same.write())
        if is_own:
            same = address.Address(shown, address_bytes, ())
            request.set(IDENTITY, b"P-Asserted-Identity: " + same.write())

    def _place(self, node):
        """Return what a node is called on phones: its name, or letters of its key where that lies.

        Names are no proof: one that another node has too, or that is this house's, tells nothing.
        """
        if node is None:
            return "a neighbour"
        key, name = self.mesh.name_of(node), self.mesh.nickname(node[:SHORT_BYTES])
        same = [row for row in self.mesh.routes() if row["name"].lower() == name.lower()]
        domains, own = self.node.settings.domains, self.mesh.settings.name.lower()
        if len(same) > 1 or name.lower() == own or name.lower().encode() in domains:
            name = ""
        return name or key[:8]

    def _shown(self, caller, node):
        """Return the name of a caller from the mesh, but not one of the owner's contacts.

        node: the id of the node that is believed about it, or None.
        """
        taken = []
        for contact in self.node.settings.contacts:
            place = uri.parse(contact.address.encode()) if contact.address else None
            if node is None or place is None or self.node_of(place) != node:
                taken += [contact.name, text(place.name) if place is not None else ""]
        taken = [one.lower().split() for one in taken]
        for name in (scan.unquote(caller.display or b""), caller.uri.name):
            name = plain(name).strip()
            if name and text(name).lower().split() not in taken:
                return name
        return b"?"

    def asserted(self, request):
        """Return the Address of whom another node says that a request is from, or None."""
        value = request.value(IDENTITY)
        try:
            named = None if value is None else address.parse(value)
            return named if named is not None and self.is_member(named.uri) else None
        except SipError:
            return None  # What cannot be read asserts nothing.

    def is_by_mesh(self, request, flow):
        """Tell whether another node has sent a request, be it from its phones or for others."""
        target = request.parsed_uri
        is_for_mesh = self.is_mine(target) or self.is_member(target)
        return is_for_mesh and self.mesh.is_member(flow.host)

    def is_mine(self, target):
        """Tell whether a Uri names this node by its key."""
        return target.host is not None and uri.host_key(target.host) == self.own_domain

    def counters(self):
        """Return the counters of all that has to do with the mesh, as one dict."""
        found = dict(self.mesh.counters, records=self.mesh.database.count)
        for part in (self.notifying.counters, self.rerouting.counters):
            found.update(part)
        return found

    # Publishing.

    def publish(self, now):
        """Tell the mesh who can be called here; return the effects."""
        settings = self.node.settings
        served = []
        for section in settings.called():
            served.append(_served(section, self.node.is_there(section, now)))
        responders = dialplan.responders(settings)
        if responders is not None:
            there = self.node.is_there(responders, now)
            served.append(Served(dialplan.SOS, b"", b"emergency responders", (), there))
        mine = mesh_settings(settings)
        mine.name = mine.name or self._own_name()
        self.mesh.adopt(mine)
        return self.carry_out(self.mesh.publish(served, now), now)

    def listen(self, now):
        """Tell the mesh under which addresses this node's SIP side is reached."""
        places = [
            (one.listener.host, one.port)
            for one in self.node.listening
            if one is not None and one.transport == "udp" and _is_for_others(one.listener.host)
        ]
        return self.carry_out(self.mesh.set_endpoints(places, now), now)

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
                if "twin" in effect.fields:
                    done.append(Note("error", TWIN))
                done += self.rerouting.look(now)
            elif not isinstance(effect, SendMesh) or not self.notifying.send(effect, now):
                done.append(effect)
        return done


def _said(request, address_bytes, node):
    """Return the octets that are signed: no other call, and no other called node, fits them."""
    parts = (PROVED_CALL, request.method, address_bytes, request.call_id, request.from_.tag or b"")
    return b"\n".join(parts) + b"\n" + node


def _vouch(request, address_bytes):
    request.set(IDENTITY, b"P-Asserted-Identity: <" + address_bytes + b">")


def mesh_settings(settings):
    """Return what the mesh needs of the configuration."""
    section = settings.mesh
    return MeshSettings(
        name=section.node_name,
        profile=section.profile,
        peers=[],
        sip_port=settings.sip_port,
        contacts=_members(settings.contacts),
        hello_ms=section.hello_ms,
    )


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
    return Served(name, number, shown.encode(), (), registered)


def text(value):
    """Return octets of a name as text."""
    return "".join([chr(octet) for octet in value])


def _joined(groups, more):
    """Return the lists of targets with `more` ringing along with the first."""
    if not more:
        return groups
    return [groups[0] + more] + groups[1:] if groups else [more]


def _hops(count):
    return "1 hop" if count == 1 else "%d hops" % count


def _is_for_others(host):
    """Tell whether an address means something beyond this machine and its cables."""
    return host != "::1" and not host.startswith("127.") and "%" not in host
