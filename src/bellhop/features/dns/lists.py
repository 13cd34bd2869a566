"""The head of the signed list of directories and providers, passed from node to node.

A directory may hold a newer list back. The nodes of the mesh carry the head in a record (two of
three keepers have signed it), a few of them at most; who sees a newer one than its directory shows
fetches the list from where the head says that it lies.
"""

from ...errors import BellhopError
from ...names import keys, lists

# Of one sequence; and what fits a record.
COPIES, MOST_BYTES = (3, 800)


class Lists:
    """A feature. mesh: mesh.node.Mesh, or None without one; verify(key, data, signature)."""

    name = "lists"
    hooks, events = (), ()
    users, wakers = {}, {}

    def __init__(self, node, mesh, verify):
        self.node = node
        self.mesh = mesh
        self.verify = verify

    def newest(self, arguments, now):
        """Return the newest head that the mesh knows; pass `head` on where it is not known yet."""
        octets = keys.unbase64((arguments.get("head") or "").encode()) or b""
        if self.mesh is None:
            return {"head": ""}, []
        own, others = self._sequence(octets), []
        for value in self.mesh.lists():
            sequence = self._sequence(value)
            if sequence:
                others.append((sequence, value))
        count = len([one for one, _ in others if one >= own])
        mine = octets if own and count < COPIES and len(octets) <= MOST_BYTES else b""
        best, value = max(others) if others else (0, b"")
        told = keys.base64(value).decode() if best > own else ""
        return {"head": told}, self.mesh.carry_list(mine, now)

    def _sequence(self, octets):
        """Return the sequence of a head that the keepers have signed, 0 of any other."""
        try:
            keepers = lists.keepers_of(self.node.settings.dns.keeper)
            return lists.read_head(octets, keepers, self.verify).sequence
        except (ValueError, BellhopError):
            return 0
