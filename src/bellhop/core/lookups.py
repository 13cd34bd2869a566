"""Questions to the resolver that are in the air, and who waits for them (RFC 3263)."""

from ..effects import Resolve
from ..errors import SipError
from ..limits import MAX_QUERIES


class Lookups:
    """waiting: number of the question -> (who waits, the Uri)."""

    def __init__(self, node):
        self.node = node
        self.waiting = {}
        self.number = 0
        self.counters = {"queries_refused": 0}

    def ask(self, hop, go_on):
        """Ask for the hops of a Uri; go_on(hops, problem, now) returns the effects then."""
        if len(self.waiting) >= MAX_QUERIES:
            self.counters["queries_refused"] += 1
            raise SipError(503, "too many names are being looked up", (b"Retry-After: 10",))
        if hop.host is None:
            raise SipError(416, "Unsupported URI Scheme")
        self.number += 1
        self.waiting[self.number] = go_on, hop
        transport = hop.param(b"transport")
        transport = None if transport is None else transport.lower().decode()
        host = hop.param(b"maddr") or hop.host
        return [Resolve(self.number, host, hop.port, transport, hop.scheme == b"sips")]

    def resolved(self, number, hops, problem, now):
        """Go on with what waited for the hops of a name; return the effects."""
        go_on, hop = self.waiting.pop(number, (None, None))
        if go_on is None:
            return []
        return go_on(hops, problem, now)
