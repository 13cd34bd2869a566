"""What has been read once and is not read again: short values that come often, and attributes."""

from ..limits import MAX_REMEMBERED

# What repeats is short. A stranger's long values must not stay in memory.
MEMO_BYTES = 256


def remember(memo, written, read):
    """Keep `read` as what the bytes `written` mean; return it."""
    if len(written) <= MEMO_BYTES:
        if len(memo) >= MAX_REMEMBERED:  # A stranger's may push out all others.
            memo.clear()
        memo[written] = read
    return read


class Once:
    """An attribute that is read when somebody asks for the first time: read(owner) returns it."""

    def __init__(self, name, read):
        self.name = name
        self.read = read

    def __get__(self, owner, kind=None):
        found = self.read(owner)
        setattr(owner, self.name, found)  # From now on the owner's own, which comes first.
        return found
