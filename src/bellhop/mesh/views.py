"""What is read from the mesh: paths, routes, graph, phone book, bodies for subscribers."""

import binascii
import hashlib

from ..errors import MeshError
from ..text import of_utf8
from . import packets, paths, record
from .database import NEWER
from .identity import number_prefix, short_id
from .own import name_hash


def _edges(mesh, has_plain=True, target=None):
    """Return the function from a node to its edges; this node's own are those alive now.

    has_plain: those of amateur radio too; target: a way ends there. Over a node that does not relay
    for others no way leads.
    """
    live = _live(mesh, has_plain)
    directory = mesh.directory

    def edges(short):
        if short == mesh.short:
            return live
        known = directory.node(short)
        if short != target and known is not None and not known.value.flags & record.RELAYS_CELLS:
            return {}
        return directory.edges_of(short, has_plain)

    return edges


def _id_of(mesh, short):
    """Return the full id behind a short one, or None."""
    peer = mesh.exchange.peers.get(short)
    if peer is not None:
        return peer.key
    known = mesh.directory.node(short)
    return known.node if known is not None else None


def paths_to(mesh, node, most, has_plain, level=0):
    """Return up to `most` paths to a node, each a list of ids, the next neighbour first.

    has_plain: such over amateur radio too; level: 1, by one relay at least; 2, by three.
    """
    mesh.directory.refresh()
    target = short_id(node)
    if node == mesh.id or _id_of(mesh, target) != node:
        return []
    edges = _edges(mesh, has_plain, target)
    if level > 1:
        friends = [short_id(one) for one in mesh.settings.contacts]
        found = paths.far_apart(mesh.short, target, edges, most, friends)
    else:
        find = paths.apart if level else paths.disjoint
        found = find(mesh.short, target, edges, most)
    return [[_id_of(mesh, short) for short in steps] for steps in found]


class Reach:
    """The nodes in reach, worked out again only when an edge may have changed."""

    def __init__(self, mesh):
        self.mesh = mesh
        self.version = None
        self.nodes = {}

    def get(self):
        """Return {short id: (cost, hops, first short id of the path)} of all nodes in reach."""
        self.mesh.directory.refresh()
        live = _live(self.mesh)
        version = (self.mesh.directory.version, sorted(live.items()))
        if version != self.version:
            self.version = version
            self.nodes = self._find()
        return self.nodes

    def _find(self):
        own = self.mesh.short
        costs, before = paths.tree(own, _edges(self.mesh))
        reach = {own: (0, 0, None)}
        for short in sorted(costs, key=lambda node: costs[node]):
            if short != own:
                _, hops, first = reach[before[short]]
                reach[short] = (costs[short], hops + 1, first or short)
        return reach


def _live(mesh, has_plain=True):
    """Return {short id: cost} of the peers at this moment whose keys are not over."""
    peers = [peer for peer in mesh.exchange.peers.values() if mesh.ending(peer.key) is None]
    ways = {peer.id: peer.best() for peer in peers}
    return {short: ways[short].cost for short in ways if has_plain or not ways[short].is_plain()}


def routes(mesh):
    """Return one row for each node in reach."""
    rows = []
    for short, (cost, hops, first) in mesh.reach.get().items():
        node = _id_of(mesh, short)
        if first is None or node is None:
            continue
        known = mesh.directory.node(short)
        rows.append(
            {
                "node": mesh.name_of(node),
                "name": of_utf8(known.value.name) if known is not None else "",
                "cost": cost,
                "hops": hops,
                "via": mesh.name_of(_id_of(mesh, first)),
            }
        )
    return rows


def flagged(mesh, flag):
    """Return [(id, hops)] of the nodes in reach whose record has a flag."""
    mesh.directory.refresh()
    found = []
    for short, (_, hops, first) in mesh.reach.get().items():
        known, node = mesh.directory.node(short), _id_of(mesh, short)
        if (
            first is not None
            and node is not None
            and known is not None
            and known.value.flags & flag
        ):
            found.append((node, hops))
    return found


def graph(mesh):
    """Return the nodes known and the edges that both ends list."""
    mesh.directory.refresh()
    nodes, edges = [], []
    for key, known in mesh.directory.known.items():
        if not key.endswith(record.NODE_SALT) or len(key) != 9:
            continue
        short = key[:8]
        nodes.append({"node": mesh.name_of(known.node), "name": of_utf8(known.value.name)})
        two_way = mesh.directory.edges_of(short)
        for other in two_way:
            if short < other:
                far = mesh.name_of(_id_of(mesh, other))
                edges.append([mesh.name_of(known.node), far, two_way[other]])
    return {"own": mesh.key, "has_twin": mesh.has_twin(), "nodes": nodes, "edges": edges}


def phonebook(mesh):
    """Return one dict for each entry of the books of all nodes; hops: None out of reach.

    registered: None where the house tells nobody.
    """
    reach = mesh.reach.get()
    directory = mesh.directory
    registered = directory.registered()
    rows = []
    for key, entries in directory.books.items():
        short = key[:8]
        known = directory.node(short)
        if known is None:
            continue
        hops = reach[short][1] if short in reach else None
        prefix, is_told = prefix_of(mesh, short), not directory.is_closed(key)
        for entry in entries:
            here = hops is not None and (short, name_hash(entry.name)) in registered
            rows.append(
                {
                    "name": of_utf8(entry.name),
                    "number": of_utf8(entry.number),
                    "display": of_utf8(entry.display),
                    "groups": [of_utf8(group) for group in entry.groups],
                    "node": mesh.name_of(known.node),
                    "node_name": of_utf8(known.value.name),
                    "registered": here if is_told else None,
                    "hops": hops,
                    "mesh_number": of_utf8(prefix + entry.number)
                    if entry.number and prefix
                    else "",
                }
            )
    return sorted(rows, key=lambda row: (row["name"], row["node"]))


def prefix_of(mesh, short):
    """Return the digits that begin the mesh numbers of a node, None where another node has them."""
    known = mesh.directory.node(short)
    if known is None:
        return None
    prefix = number_prefix(known.node, known.value.attempt)
    return prefix if mesh.directory.owner(prefix) == short else None


def dump(mesh):
    """Return the host cache and the records, JSON-able, with a check sum."""
    raws = [entry.raw for _, entry in mesh.database.items()]
    records = binascii.b2a_base64(b"".join([packets.frame(raw) for raw in raws])).decode()
    return {
        "hosts": binascii.b2a_base64(mesh.discovery.cache.write()).decode(),
        "records": records,
        "sum": _sum(records),
        "attempt": mesh.own.attempt,
        "settled": mesh.own.is_settled,
    }


def restore(mesh, saved, now):
    """Take a dump. Its check sum stands for the signatures, which were checked before."""
    try:
        mesh.discovery.cache.read(binascii.a2b_base64(saved["hosts"]), now)
        mesh.own.attempt = int(saved["attempt"])
        mesh.own.is_settled = bool(saved.get("settled"))
        raws = []
        if saved["sum"] == _sum(saved["records"]):
            raws = packets.read_frames(binascii.a2b_base64(saved["records"]), 0)
        for raw in raws:
            _restore_record(mesh, raw, now)
    except (KeyError, TypeError, ValueError, AttributeError, MeshError):
        mesh.counters["malformed"] += 1


def _restore_record(mesh, raw, now):
    item = record.parse(raw)
    if item.key == mesh.id:
        mesh.own.sequence.jump_past(item.sequence)
        return
    key = record.table_key(item.key, item.salt)
    if mesh.database.compare(raw, key) == NEWER and mesh.database.store(raw, b"", now):
        mesh.directory.note(key)


def _sum(text):
    return binascii.hexlify(hashlib.sha256(text.encode()).digest()).decode()
