"""Finding what two databases differ in, by a hash tree of 1, 16 and 256 parts.

Each answer depends on the packet and the database alone; a lost one is made good by the next
mismatch of digests in a hello.
"""

from . import packets
from .database import LEAVES

ROOT = 16
# Entries of a leaf that are listed as complete; a longer one is listed in parts that only ask.
MAX_COMPLETE = 50
# Wait between two attempts that the digests still differ after, doubled up to the second.
FIRST_WAIT, LAST_WAIT = (1000, 300000)
# Packets of a comparison that one peer may cause, one each 50 ms, 300 at once: two full tables.
TREE_INTERVAL, TREE_BURST = (50, 300)
# The first TREE is repeated until anything of the peer's tree comes.
OPEN_INTERVAL, OPEN_TRIES = (300, 3)
# Databases this small are sent whole to a new peer: no more octets than a comparison.
MAX_WHOLE = 12
# Mismatching hellos after which a repair begins.
PATIENCE = 2


def version(entry):
    """Return the number by which two records of one name are compared."""
    return entry.sequence << 32 | entry.digest >> 32


def opening(database):
    """Return the body of the TREE that begins a repair."""
    return packets.write_branch(ROOT, database.branch(ROOT))


def compare_branches(database, branches):
    """Return (TREE bodies, LIST bodies) that answer the branches of a peer."""
    deeper, leaves = [], []
    for number, digests in branches:
        if number > ROOT:
            continue
        own = database.branch(number)
        for part in range(16):
            if own[8 * part : 8 * part + 8] == digests[8 * part : 8 * part + 8]:
                continue
            if number == ROOT:
                deeper.append(part)
            else:
                leaves.append(16 * number + part)
    trees = [packets.write_branch(number, database.branch(number)) for number in deeper]
    return list(packets.packed(trees)), list_leaves(database, leaves)


def announcement(database, keys):
    """Return the bodies of the LISTs that tell of these records only."""
    pieces = []
    for key in keys:
        entry = database.get(key)
        if entry is not None:
            pieces.append(bytes((key[0], 1)) + packets.write_listed(key, version(entry)))
    return [b"\0" + body for body in packets.packed(pieces, packets.MAX_BODY_BYTES - 1)]


def list_leaves(database, numbers):
    """Return the bodies of the LISTs that name what is in these leaves."""
    complete, parts = [], []
    for number in numbers:
        leaf = database.leaves[number]
        listed = [packets.write_listed(key, version(leaf[key])) for key in leaf]
        chunks = [listed[at : at + MAX_COMPLETE] for at in range(0, len(listed), MAX_COMPLETE)]
        target = complete if len(chunks) < 2 else parts
        for chunk in chunks or [[]]:
            target.append(bytes((number, len(chunk))) + b"".join(chunk))
    most = packets.MAX_BODY_BYTES - 1
    bodies = [bytes((packets.COMPLETE,)) + body for body in packets.packed(complete, most)]
    return bodies + [b"\0" + body for body in packets.packed(parts, most)]


def compare_leaves(database, leaves):
    """Return (keys to send, keys to ask for, keys that are alike) after the lists of a peer."""
    send, want, same = [], [], []
    for leaf in leaves:
        if leaf.number >= LEAVES:
            continue
        listed = {}
        for key, theirs in leaf.items:
            listed[key] = theirs
            entry = database.get(key)
            buried = database.tombstones.get(key, -1)
            ours = buried + 1 << 32 if entry is None else version(entry)
            if ours < theirs:
                want.append(key)
            elif entry is not None and ours > theirs:
                send.append(key)
            elif entry is not None:
                same.append(key)
        if leaf.complete:
            send += [key for key in database.leaves[leaf.number] if key not in listed]
    return send, want, same


def write_want(keys):
    """Return the bodies of the WANTs for these keys."""
    return list(packets.packed([packets.write_wanted(key) for key in keys]))
