"""What has been read of short values that come again and again, so that each is read once."""

# Values of one kind; what a stranger invents pushes out the others, which are read again.
MEMO_SIZE = 512
# What repeats is short. A stranger's long values must not stay in memory.
MEMO_BYTES = 256


def remember(memo, written, read):
    """Keep `read` as what the bytes `written` mean; return it."""
    if len(written) <= MEMO_BYTES:
        if len(memo) >= MEMO_SIZE:
            memo.clear()
        memo[written] = read
    return read
