"""Files as MicroPython has them; its `flush` of a file is fsync, of a folder too."""

import os


def exists(path):
    """Tell whether there is a file or folder."""
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def make_folder(path):
    """Make a folder and those above it; raises OSError."""
    if path and not exists(path):
        make_folder(path.rpartition("/")[0])
        os.mkdir(path)


def privately(work):
    """Call work(): whoever starts the node, or main.py, has set a mask for all that it makes."""
    work()


def replace(path, parts, is_synced=True):
    """Put a file in place, whole or not at all; parts: octets, or what yields octets."""
    fresh = path + ".new"
    try:
        with open(fresh, "wb") as file:
            for part in parts:
                for piece in (part,) if isinstance(part, bytes) else part:
                    file.write(piece)
            if is_synced:
                file.flush()
        os.rename(fresh, path)
    except OSError:
        if exists(fresh):  # Half a file only takes room.
            os.remove(fresh)
        raise
    if is_synced:
        _sync_folder(path)


def append(path, octets, is_new, is_synced=True):
    """Add octets to a file; is_new: they are all that it shall hold."""
    with open(path, "wb" if is_new else "ab") as file:
        file.write(octets)
        if is_synced:
            file.flush()
    if is_new and is_synced:
        _sync_folder(path)


def remove(path):
    """Take a file away, so that it does not come back with the power."""
    os.remove(path)
    _sync_folder(path)


def _sync_folder(path):
    with open(path.rpartition("/")[0] or ".", "rb") as folder:
        folder.flush()
