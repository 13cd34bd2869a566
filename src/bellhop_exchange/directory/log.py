"""The public log of published keys on the database: append, heads, proofs (RFC 9162 section 2.1).

Whole subtrees are kept, two rows a leaf, so that a proof reads as many rows as the tree is high.
"""

from sqlalchemy import insert, select, update

from bellhop.names import tree

from ..web import Problem
from .database import LEAVES, LOGS, NODES

MOST_LEAVES = 2048


def create(db):
    """Make an empty log where there is none."""
    if db.execute(select(LOGS.c.size)).first() is None:
        db.execute(insert(LOGS).values(id=1, size=0))


def size_of(db):
    """Return how many leaves there are."""
    return db.execute(select(LOGS.c.size)).scalar()


def append(db, leaf):
    """Add a leaf; return its index."""
    db.execute(update(LOGS).values(size=LOGS.c.size + 1))  # Others wait from here on.
    index = at = size_of(db) - 1
    db.execute(insert(LEAVES).values(id=index, leaf=leaf, tag=leaf[: tree.HASH_BYTES]))
    found, level = tree.hash_leaf(leaf), 0
    db.execute(insert(NODES).values(level=level, at=at, hash=found))
    while at & 1:
        found = tree.hash_pair(_node(db, level, at - 1), found)
        at, level = at >> 1, level + 1
        db.execute(insert(NODES).values(level=level, at=at, hash=found))
    return index


def _node(db, level, at):
    asked = select(NODES.c.hash).where(NODES.c.level == level, NODES.c.at == at)
    return db.execute(asked).scalar()


def _root(db, first, end):
    """Return the hash over the leaves from `first` to before `end`."""
    count = end - first
    level = max(count - 1, 0).bit_length()
    if count == 1 << level:
        return _node(db, level, first >> level)
    middle = first + (1 << (level - 1))
    return tree.hash_pair(_root(db, first, middle), _root(db, middle, end))


def root(db, size):
    """Return the root over the first `size` leaves."""
    return _root(db, 0, size) if size else tree.root_of([])


def peaks(db, size):
    """Return the hashes of the whole subtrees of the first `size` leaves, the largest first."""
    found, first = [], 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            found.append(_node(db, level, first >> level))
            first += 1 << level
    return found


def inclusion(db, index, size):
    """Return the hashes that prove a leaf (section 2.1.3.1); raises Problem."""
    if not 0 <= index < size <= size_of(db):
        raise Problem(400, "the log has no such leaf")
    return _path(db, index, 0, size)


def _path(db, index, first, end):
    if end - first == 1:
        return []
    middle = first + (1 << ((end - first - 1).bit_length() - 1))
    if index < middle:
        return [*_path(db, index, first, middle), _root(db, middle, end)]
    return [*_path(db, index, middle, end), _root(db, first, middle)]


def consistency(db, old, size):
    """Return the hashes that prove that a log has only grown (section 2.1.4.1); raises Problem."""
    if not 0 < old <= size <= size_of(db):
        raise Problem(400, "the log was never so long")
    return _subproof(db, old, 0, size, True)


def _subproof(db, old, first, end, is_whole):
    if old == end:
        return [] if is_whole else [_root(db, first, end)]
    middle = first + (1 << ((end - first - 1).bit_length() - 1))
    if old <= middle:
        return [*_subproof(db, old, first, middle, is_whole), _root(db, middle, end)]
    return [*_subproof(db, old, middle, end, False), _root(db, first, middle)]


def leaves(db, first, end):
    """Return [leaf] from `first` on, at most MOST_LEAVES of them."""
    end = min(end, first + MOST_LEAVES)
    asked = select(LEAVES.c.leaf).where(LEAVES.c.id >= first, LEAVES.c.id < end)
    return list(db.execute(asked.order_by(LEAVES.c.id)).scalars())


def of_tag(db, tag):
    """Return [(index, leaf)] of one name, the last 64."""
    asked = select(LEAVES.c.id, LEAVES.c.leaf).where(LEAVES.c.tag == tag)
    return [tuple(row) for row in db.execute(asked.order_by(LEAVES.c.id.desc()).limit(64))]
