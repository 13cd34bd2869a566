"""What has been read of short values that come again and again, so that each is read once."""

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
