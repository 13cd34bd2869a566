"""Whom the mesh reaches: people and nodes by name, number and key, and the ways to them."""

from ...effects import CELLS, Flow
from ...errors import SipError
from ...mesh.directory import PROVED
from ...mesh.identity import SHORT_BYTES
from ...sip import uri
from ...text import of_octets
from ...tu import dialplan, diverted

MESH, KEY = RULES = ("mesh", "key domain")
PERSON = "key of a person in the mesh"
KEY_LETTERS = 52
MOST_CHOICES = 10
# What a user's other node must not send back.
FORKED = b";fork=no"


class Dialling:
    """A feature: calls to others in the mesh, and for others through this node. mesh: the Mesh."""

    name = "mesh dialling"
    hooks = ("locate", "lead", "callee", "entries", "seen_user")
    events = ()
    users, wakers = {}, {}

    def __init__(self, node, mesh):
        self.node = node
        self.mesh = mesh
        self.own_domain = mesh.key.encode()
        # Of heirs.py: {nickname in the configuration: key, text}; ids that stand for others, of
        # which the owner has said nothing; earlier keys of this node, which still lead here.
        self.names = {}
        self.unseen = set()
        self.former = set()

    # Dialling.

    def locate(self, request, found, now):
        """Return what the dial plan found together with what the mesh knows."""
        target = request.parsed_uri
        if request.has(b"route") or request.to.param(b"tag") is not None:
            return found
        if found.rule == dialplan.EMERGENCY:
            mine = self.is_mine(target)
            return found if mine else _with(found, self._with_responders(found.stages))
        if found.callee is not None and found.callee.kind == "user":
            also = [] if target.param(b"fork") == b"no" else self.also_at(found.callee)
            return _with(found, _joined(found.stages, also))
        if found.rule in (dialplan.LOCAL, dialplan.ELSEWHERE) and found.callee is None:
            is_text = request.method == b"MESSAGE"
            return self._own(target, now) or self.find(target, is_text) or found
        return found

    def _own(self, target, now):
        """Return the Found of a mesh number of this node, or None."""
        prefix = self.mesh.own_prefix()
        if prefix is None or not target.key.startswith(prefix) or not self.node.is_ours(target):
            return None
        node, extension = self.node, target.key[len(prefix) :]
        if extension not in node.settings.names:
            return None
        here = uri.Uri(b"tel", extension, None)
        return dialplan.find(node.settings, node.listening, node.location, here, now)

    def lead(self, request, flow, found, now):
        """Return a Found whose addresses of elsewhere (speed dials, forwarding) the mesh knows.

        Where the mesh has no way to one of several, the others ring.
        """
        if found.rule != dialplan.PHONE_BOOK and found.callee is None:
            return found
        stages = []
        for stage in found.stages:
            targets = []
            for target in stage:
                targets += self._lead(target, len(found.stages) > 1, request)
            if targets:
                stages.append(targets)
        return _with(found, stages)

    def _lead(self, target, may_fail, request):
        if target.flow is not None or target.binding is not None or target.path:
            return [target]
        try:
            led = self.find(uri.parse(target.uri), request.method == b"MESSAGE")
        except SipError:
            if not may_fail:
                raise
            return []
        if led is None:
            return [target]
        return [diverted.as_led(one, target) for one in led.stages[0]]

    def node_of(self, named):
        """Return the id of the node whose key is the host of a Uri, or None."""
        return self.mesh.node_of(of_octets(named.host_key or b""))

    def flow_to(self, node):
        """Return the Flow to another node."""
        key = self.mesh.name_of(node)
        return Flow(CELLS, self._local(node), key, 0, 0, "")

    def _local(self, node):
        """Return the listener whose address is likest to that of the next node on the way."""
        near = self.mesh.next_address(node)
        best, found = -1, 0
        for index, listening in enumerate(self.node.listening):
            if listening is None or listening.transport != "udp":
                continue
            host = listening.listener.host
            same = 0
            while near and same < min(len(host), len(near)) and host[same] == near[same]:
                same += 1
            if same > best and not host.startswith("127.") and host != "::1":
                best, found = same, index
        return found

    def find(self, target, may_wait=False):
        """Return the Found for a Uri that no local rule knows, or None; may refuse.

        may_wait: so may what is sent there, and there need be no way now.
        """
        if target.user is None or target.host is None:
            return None
        if self.is_member(target):
            member = self.mesh.node_of(of_octets(uri.host_key(target.host)))
            is_heir = self.mesh.name_of(member).encode() != uri.host_key(target.host).lower()
            reason = "new key of a node in the mesh" if is_heir else "key of a node in the mesh"
            reason = reason if self.mesh.knows(member) else "a box"
            return self._to_nodes([member], target.user, KEY, reason, may_wait)
        places = self._places(target)
        if places:
            members = [member for member, _ in places]
            return self._to_nodes(members, places[0][1], KEY, PERSON, may_wait)
        unknown = self.mesh.node_of(of_octets(uri.host_key(target.host)))
        if unknown not in (None, self.mesh.id):  # Only a node has such a name, and it is not there.
            return self._to_nodes([unknown], target.user, KEY, "key of an unknown node", may_wait)
        claims = self.mesh.find(target.key)
        if not self.node.is_ours(target):
            named = self._meant(of_octets(uri.host_key(target.host)))
            claims = [claim for claim in claims if claim.node == named]
        if dialplan.is_short_number(self.node.settings, target.key):
            claims = [claim for claim in claims if claim.rank <= PROVED]
        if not claims:
            return None
        best = [claim for claim in claims if claim.rank == claims[0].rank]
        if len(best) > 1:
            raise self._choices(best)
        return self._to_nodes([best[0].node], best[0].name, MESH, best[0].reason, may_wait)

    def _places(self, target):
        """Return [(node's id, name)] of where the person is whose key a Uri names."""
        key = self.mesh.node_of(of_octets(uri.host_key(target.host)))
        places = [] if key is None else self.mesh.person(key)
        return [place for place in places if place[0] != self.mesh.id]

    def _meant(self, name):
        """Return the id of the node of a name: the one that the configuration means, if it does."""
        return self.mesh.node_of(self.names.get(name, "")) or self.node_named(name)

    def node_named(self, name):
        """Return the id of the node of that name in reach, where exactly one has it."""
        found = [row["node"] for row in self.mesh.routes() if row["name"].lower() == name]
        return self.mesh.node_of(found[0]) if len(found) == 1 else None

    def _choices(self, claims):
        """Return the refusal that tells people of one name apart: phones cope with no 300."""
        extensions = {(row["node"], row["name"]): row["number"] for row in self.mesh.phonebook()}
        told = []
        for claim in claims[:MOST_CHOICES]:
            key, name = self.mesh.name_of(claim.node), of_octets(claim.name)
            extension = extensions.get((key, name), name).encode()
            number = (
                self.mesh.number_of(claim.node, extension) or name.encode() + b"@" + key.encode()
            )
            told.append("%s for %s at %s" % (of_octets(number), name, self.place(claim.node)))
        return SipError(485, "several have this name, dial " + " or ".join(told))

    def _to_nodes(self, members, user, rule, reason, may_wait):
        ways = [self.way(member, user, reason) for member in members]
        targets = [way for way in ways if way is not None]
        if not targets and may_wait:
            targets = [self._towards(members[0], user, reason + ", not in reach now")]
        if not targets:
            raise SipError(480, "the mesh knows no way there now")
        return dialplan.Found(rule, [targets], None, None)

    def to_person(self, key, floor):
        """Return the Target that leads to the owner of a key, or None; floor: of Mesh.person."""
        for member, name in self.mesh.person(key, floor):
            way = None if member == self.mesh.id else self.way(member, name, PERSON)
            if way is not None:
                return way
        return None

    def way(self, member, user, reason, mark=b""):
        """Return the Target that leads to a user of another node, or None where no way does."""
        hops = self.mesh.distance(member)
        if hops is None:
            return None
        return self._towards(member, user, "%s, %s" % (reason, _hops(hops)), mark)

    def _towards(self, member, user, reason, mark=b""):
        target = b"sip:" + user + b"@" + self.mesh.name_of(member).encode() + mark
        return dialplan.towards(target, self.flow_to(member), reason)

    def also_at(self, section):
        """Return the Targets on other nodes where a local user's phones ring too."""
        found = []
        name = section.name.lower().encode()  # Extensions may differ between the nodes.
        for place in section.also_at:
            member = self.mesh.node_of(place) or self._meant(place.lower())
            way = None if member is None else self.way(member, name, "also at " + place, FORKED)
            if way is not None:
                found.append(way)
        return found

    def _with_responders(self, stages):
        """Return the lists of targets with those of the nodes that answer calls for help.

        Anybody may say that he does: those of pinned nodes ring with the first, others later.
        """
        pinned, unknown = [], []
        for claim in self.mesh.find(dialplan.SOS):
            is_known = claim.rank <= PROVED
            words = "responders of " + self.place(claim.node).replace(",", " ")
            words += "" if is_known else dialplan.UNKNOWN
            way = self.way(claim.node, b"sos", words)
            if way is not None:
                (pinned if is_known else unknown).append(way)
        stages = _joined(stages, pinned)
        return stages[:1] + _joined(stages[1:], unknown)

    def entries(self):
        """Return the entries of everybody else, as the phone book shows them.

        Those of a node out of reach stay, and say so. Who answers calls for help stands there once.
        """
        entries, helpers = [], []
        for row in self.mesh.phonebook():
            if row["node"] == self.mesh.key:
                continue
            place = row["node_name"] or row["node"][:8]
            there = "not in reach now" if row["hops"] is None else _hops(row["hops"])
            entry = {
                "display": row["display"],
                "number": row["mesh_number"] or row["name"],
                "address": "sip:%s@%s" % (row["name"], row["node"]),
                "place": "%s, %s" % (place, there),
                "registered": row["registered"],
                "in_reach": row["hops"] is not None,
            }
            is_help = row["name"].encode() == dialplan.SOS
            (helpers if is_help else entries).append(entry)
        if helpers:
            entries.append(self._help(helpers))
        return entries

    def _help(self, helpers):
        """Return the one entry of all who answer calls for help."""
        reached = [entry for entry in helpers if entry["in_reach"]]
        entry = dict((reached or helpers)[0], address="urn:service:sos")
        entry["number"] = self.node.settings.emergency_number[0]
        entry["registered"] = bool([one for one in helpers if one["registered"]])
        if len(reached) > 1:
            entry["place"] = "%d nodes" % len(reached)
        return entry

    def seen_user(self, name):
        """Return the number under which a user is called from everywhere in the mesh."""
        prefix = self.mesh.own_prefix()
        number = uri.key_of(self.node.settings.users[name].extension.encode())
        return {"mesh_number": of_octets(prefix + number) if prefix and number else ""}

    # Who is who.

    def callee(self, target):
        """Return (user@node name, the node's id) of a Uri of another node, or None."""
        return self.person(target) if self.is_member(target) else None

    def is_member(self, target):
        """Tell whether a Uri names another node of the mesh by its key."""
        host = b"" if target.host is None else uri.host_key(target.host)
        if len(host) != KEY_LETTERS or host == self.own_domain:
            return False
        member = self.mesh.node_of(of_octets(host))
        if member in (None, self.mesh.id):
            return False
        return self.mesh.knows(member) or bool(self.mesh.boxes.find(member))

    def person(self, target):
        """Return (user@node name, the node's id) of a Uri that `is_member`.

        The name is the same whether a person was dialled by name or by number.
        """
        member = self.mesh.node_of(of_octets(uri.host_key(target.host)))
        key = self.mesh.name_of(member)
        user = of_octets(target.key)
        for row in self.mesh.phonebook():
            if row["node"] == key and user in (row["name"], row["number"]):
                return "%s@%s" % (row["name"], row["node_name"] or key), member
        names = [row["name"] for row in self.mesh.routes() if row["node"] == key]
        return "%s@%s" % (user, names[0] if names and names[0] else key), member

    def place(self, node):
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

    def is_mine(self, target):
        """Tell whether a Uri names this node by its key."""
        return target.host is not None and uri.host_key(target.host) == self.own_domain


def _joined(stages, more):
    """Return the lists of targets with `more` ringing along with the first, each once."""
    more = [one for one in more if not stages or one not in stages[0]]
    if not more:
        return stages
    return [stages[0] + more] + stages[1:] if stages else [more]


def _with(found, stages):
    return dialplan.Found(found.rule, stages, found.callee, found.patience)


def _hops(count):
    return "1 hop" if count == 1 else "%d hops" % count
