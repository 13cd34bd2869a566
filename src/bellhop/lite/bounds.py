"""Lowers the bounds of limits.py to what a small heap holds; before the engine is loaded."""

from .. import limits

# What does not depend on the heap: the longest message, and what is kept for one user.
FIXED = {
    "MAX_HEADER_BYTES": 8192,
    "MAX_BODY_BYTES": 16384,
    "MAX_BINDINGS_PER_USER": 4,
    "MAX_BRANCHES": 20,
    "MAX_TRACE_MESSAGES": 24,
    "MAX_MAILBOX_BYTES": 8192,
    "EMERGENCY_RESERVE": 8,
}
# Of the rest: octets of one entry on a 64-bit machine, and the share of the heap, in hundredths,
# that all may take.
SHARED = {
    "MAX_TRANSACTIONS": (2400, 24),
    "MAX_BINDINGS": (1200, 8),
    "MAX_CALLS": (1600, 6),
    "MAX_HISTORY": (1300, 5),
    "MAX_TRACED_CALLS": (16000, 8),
    "MAX_NONCES": (200, 2),
    "MAX_SOURCES": (200, 2),
    "MAX_QUERIES": (1500, 2),
    "MAX_MAILBOXES_BYTES": (1, 4),
    "MAX_IMPORTED": (300, 4),
    "MAX_RECORDS": (1500, 20),
    "MAX_RECORDS_BYTES": (1, 8),
    "MAX_TOMBSTONES": (150, 3),
}


def lower(heap):
    """Lower the bounds for a heap of so many octets."""
    for name in FIXED:
        setattr(limits, name, FIXED[name])
    for name in SHARED:
        octets, share = SHARED[name]
        setattr(limits, name, min(getattr(limits, name), heap * share // 100 // octets))


def settle(settings):
    """Lower what a configuration asks for to what there is room for."""
    settings.max_transactions = min(settings.max_transactions, limits.MAX_TRANSACTIONS)
    settings.max_bindings = min(settings.max_bindings, limits.MAX_BINDINGS)
