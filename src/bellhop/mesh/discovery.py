"""Whom to greet: peers that the owner names, hosts that were seen before, hosts that peers know."""

from ..errors import MeshError
from . import address, packets
from .identity import KEY_BYTES

# One host of NEW is tried each 2 minutes.
FEELER_INTERVAL = 120000
# Hosts greeted at a time when nobody is a neighbour, and hosts in one answer to a proven peer.
MAX_GREETED = 8
MAX_TOLD = 16


class Discovery:
    """The host cache at work. A thing to wake for its feelers."""

    def __init__(self, mesh, cache, now):
        self.mesh = mesh
        self.cache = cache
        self.feeling = None
        self.deadline = now + FEELER_INTERVAL
        self.queued = None

    def greeted(self):
        """Return the addresses to greet: the owner's peers, and old acquaintances when alone."""
        found = list(self.mesh.settings.peers)
        if not self.mesh.exchange.peers:
            found += [(one.host, one.port) for one in self.cache.best(MAX_GREETED)]
        return found

    def met(self, neighbour, now):
        """A neighbour proved its key at its address; one that moves with its link is not kept."""
        host, port = neighbour.address
        if host.startswith("fe80:"):
            return
        try:
            if neighbour.key in self.mesh.settings.contacts:
                self.cache.reserve(host, port, neighbour.key, now)
            else:
                self.cache.add(host, port, neighbour.key, "", neighbour.link, now)
        except MeshError:
            return
        self.cache.succeeded(host, port, neighbour.key, None, now)
        if self.feeling == neighbour.address:
            self.feeling = None

    def owner_list(self, now):
        """Return what `bellhop peers` shows of those that are no neighbours, JSON-able."""
        there = [neighbour.address for neighbour in self.mesh.neighbours.table.values()]
        rows = []
        for peer in self.mesh.settings.peers:
            if peer not in there:
                rows.append(
                    _row(peer[0], peer[1], "named by the owner", 0, None, "has not answered")
                )
        for one in self.cache.hosts.values():
            if (one.host, one.port) not in there:
                rows.append(_cached(one, now))
        return rows

    def wake(self, now):
        """Greet one host that was only heard of; return the effects."""
        self.deadline = now + FEELER_INTERVAL
        if self.feeling is not None:
            self.cache.failed(self.feeling[0], self.feeling[1])
        one = self.cache.feeler(int.from_bytes(self.mesh.random(2), "big"))
        self.feeling = (one.host, one.port) if one is not None else None
        if one is None:
            return []
        links = sorted(self.mesh.neighbours.links.values(), key=lambda link: link.multicast)
        return self.mesh.neighbours.greet(links[0].number, self.feeling, now) if links else []

    def tell(self):
        """Return the body of HOSTS for a peer that asked."""
        number = int.from_bytes(self.mesh.random(2), "big")
        told = []
        for one in self.cache.sample(MAX_TOLD, number):
            packed = address.pack(one.host)
            told.append(bytes((len(packed),)) + packed + one.port.to_bytes(2, "big") + one.key)
        return b"".join(told)

    def told(self, body, teller, now):
        """Take the body of HOSTS; raise MeshError."""
        at = 0
        for _ in range(MAX_TOLD):
            if at == len(body):
                return
            port_at = at + 1 + body[at]
            end = port_at + 2 + KEY_BYTES
            if body[at] not in (4, 16) or end > len(body):
                break
            host = address.unpack(body[at + 1 : port_at])
            port = int.from_bytes(body[port_at : port_at + 2], "big")
            self.cache.add(host, port, body[port_at + 2 : end], teller.split("%")[0], None, now)
            at = end
        if at != len(body):
            raise MeshError("not a list of hosts")

    def ask(self, peer, send):
        """Ask a new peer of the Internet for the hosts that it knows."""
        way = peer.best()
        link = self.mesh.neighbours.links.get(way.link)
        if link is None or link.multicast:
            return []
        return send(peer, packets.HOSTS_WANTED, [b""])


def _cached(one, now):
    source, reason = "told of by another", "not tried yet"
    if one.success is not None:
        source, reason = "a neighbour once", "greeted when no neighbour is left"
    if one.failures:
        reason = "did not answer"
    ago = None if one.success is None else now - one.success
    return _row(one.host, one.port, source, one.failures, ago, reason)


def _row(host, port, source, failures, success_ms, reason):
    return {
        "host": host, "port": port, "source": source, "failures": failures,
        "success_ms": success_ms, "reason": reason,
    }  # fmt: skip
