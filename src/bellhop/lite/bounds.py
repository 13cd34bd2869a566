"""Lowers the bounds of limits.py to what a small heap holds; before the engine is loaded."""

import sys

from .. import limits
from ..deadlines import Deadlines

# What the program itself takes, and the garbage between two collections, in octets of a machine
# whose words have 64 bits; half of it where they have 32.
PROGRAM, GARBAGE = 660000, 524288
# What the modules of the mesh and of calls between houses take, where the node is in a mesh.
MESH = 400000
# What does not depend on the heap: the longest message, and what is kept for one user. A message
# with video and key offers was seen at 2.3 kB; reading a datagram takes its bound for a moment.
FIXED = {
    "MAX_DATAGRAM_BYTES": 8192,
    "MAX_HEADER_BYTES": 8192,
    "MAX_BODY_BYTES": 16384,
    "MAX_BINDINGS_PER_USER": 4,
    "MAX_BRANCHES": 20,
    "MAX_REMEMBERED": 16,
    "MAX_TRACE_MESSAGES": 24,
    "MAX_MAILBOX_BYTES": 8192,
    "MAX_OUTBOX_BYTES": 8192,
    "EMERGENCY_RESERVE": 8,
    "MAX_STREAMS": 32,
    "MAX_STREAMS_PER_SOURCE": 16,
    "MAX_STREAM_BYTES": 65536,
    "MAX_STREAMS_BYTES": 65536,
    "MAX_LISTENERS": 16,
    "MAX_KEPT_FLOWS": 128,
    "MAX_WAITING_DATAGRAMS": 4,
    "MAX_CONTROL_CLIENTS": 8,
    "MAX_CONTROL_BYTES": 131072,
}
# Of the rest: octets of one entry where words have 64 bits, and the share, in hundredths, of what
# the program leaves free that all of them may take together.
SHARED = {
    "MAX_TRANSACTIONS": (2400, 24),
    "MAX_BINDINGS": (1200, 8),
    "MAX_CALLS": (2600, 8),
    "MAX_HISTORY": (1400, 4),
    "MAX_TRACED_CALLS": (11000, 5),
    "MAX_NONCES": (200, 2),
    "MAX_DIALOGS": (300, 2),
    "MAX_STRANGERS": (700, 1),
    "MAX_SOURCES": (200, 2),
    "MAX_QUERIES": (1500, 2),
    "MAX_MAILBOXES_BYTES": (2, 5),
    "MAX_OUTBOXES_BYTES": (2, 3),
    "MAX_TAKEN": (300, 2),
    "MAX_IMPORTED": (300, 4),
    "MAX_RECORDS": (2200, 24),
    "MAX_RECORDS_BYTES": (2, 8),
    "MAX_TOMBSTONES": (150, 2),
}
# Deadlines of what is over are looked for after so many new ones: each holds what it was about.
MOST_STALE = 64
# The module that reads the configuration: 25 kB that a node needs once.
READER = "bellhop.settings.reader"


def lower(heap, in_mesh):
    """Lower the bounds for a heap of so many octets; return the octets at which to collect."""
    words = 2 if sys.maxsize > 1 << 32 else 1
    program = PROGRAM + (MESH if in_mesh else 0)
    room = max(heap - (program + GARBAGE) * words // 2, heap // 8)
    for name in FIXED:
        setattr(limits, name, FIXED[name])
    for name in SHARED:
        octets, share = SHARED[name]
        most = room // 100 * share // (octets * words // 2)
        setattr(limits, name, min(getattr(limits, name), most))
    Deadlines.GROWTH, Deadlines.SLACK = 1, MOST_STALE
    return max(GARBAGE * words // 2, room // 12)


def settle(settings):
    """Lower what a configuration asks for to what there is room for; forget what has read it."""
    settings.max_transactions = min(settings.max_transactions, limits.MAX_TRANSACTIONS)
    settings.max_bindings = min(settings.max_bindings, limits.MAX_BINDINGS)
    if sys.modules.pop(READER, None) is not None:
        package, _, name = READER.rpartition(".")
        delattr(sys.modules[package], name)
