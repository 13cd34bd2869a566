"""What the hostile tests ask of a whole node after each blow."""

import json

from bellhop import limits
from tests.vectors.home import CONFIG, Home, tcp, udp

GUARDED = CONFIG.replace("minute 0", "minute 60")
ALICE = udp("198.51.100.1", 40001)
BOB = udp("198.51.100.2", 40002)
STRANGER = udp("203.0.113.66", 5070)
STREAM = tcp("203.0.113.67", 50001, 3)


def guarded(text=GUARDED, name=b"home"):
    """Return a node with rate limits on which Alice and Bob have a phone."""
    node = Home(text, name)
    node.register(b"alice", b"<sip:alice@198.51.100.1:40001>", ALICE)
    node.register(b"bob", b"<sip:bob-0x5640@198.51.100.2:40002>", BOB)
    return node


def check_bounds(node):
    """Fail when a table is larger than its limit, or the status cannot be told."""
    inner = node.engine.node
    # The branches of the last request that found room may go past the limit.
    assert len(inner.layer) <= inner.layer.most + limits.MAX_BRANCHES
    assert len(inner.layer.lingering) <= inner.layer.most
    assert inner.location.size == sum(map(len, inner.location.users.values()))
    assert inner.location.size <= inner.settings.max_bindings + limits.MAX_BINDINGS_PER_USER
    assert len(inner.location.contacts) <= inner.location.size
    assert max(map(len, inner.location.users.values()), default=0) <= limits.MAX_BINDINGS_PER_USER
    assert len(inner.access.counts) <= limits.MAX_NONCES
    assert len(inner.rates.buckets) <= limits.MAX_SOURCES
    assert len(inner.calls.live) <= limits.MAX_CALLS
    assert len(inner.calls.history) <= limits.MAX_HISTORY
    assert len(inner.trace.kept) <= limits.MAX_TRACED_CALLS
    assert len(node.engine.lookups.waiting) <= limits.MAX_QUERIES
    assert len(inner.deadlines.heap) <= inner.deadlines.compact_at
    json.dumps(node.status())
