"""Files as CPython has them: the same words as in `lite.files`."""

import os

exists = os.path.exists


def make_folder(path):
    """Make a folder of mode 0700 and those above it; raises OSError."""
    os.makedirs(path, mode=0o700, exist_ok=True)


def privately(work):
    """Call work() so that what it makes is the owner's alone."""
    mask = os.umask(0o177)
    try:
        work()
    finally:
        os.umask(mask)


def replace(path, parts, is_synced=True):
    """Put a file of mode 0600 in place, whole or not at all; parts: octets, or what yields them."""
    fresh = path + ".new"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        for part in parts:
            file.writelines((part,) if isinstance(part, bytes) else part)
        file.flush()
        if is_synced:
            os.fsync(descriptor)
    os.replace(fresh, path)
    if is_synced:
        folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
