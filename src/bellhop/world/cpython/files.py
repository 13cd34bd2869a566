"""Files as CPython has them: the same words as in `lite.files`."""

import os

exists = os.path.exists


def make_folder(path):
    """Make a folder of mode 0700 and those above it; raises OSError."""
    if path and not os.path.isdir(path):
        make_folder(os.path.dirname(path))
        os.mkdir(path, mode=0o700)
        _give(path, path)


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
    try:
        with _opened(fresh, os.O_TRUNC) as file:
            for part in parts:
                file.writelines((part,) if isinstance(part, bytes) else part)
            _finish(file, is_synced)
        os.replace(fresh, path)
    except OSError:
        if exists(fresh):  # Half a file only takes room.
            os.remove(fresh)
        raise
    if is_synced:
        _sync_folder(path)


def append(path, octets, is_new, is_synced=True):
    """Add octets to a file of mode 0600; is_new: they are all that it shall hold."""
    with _opened(path, os.O_TRUNC if is_new else os.O_APPEND) as file:
        file.write(octets)
        _finish(file, is_synced)
    if is_new and is_synced:
        _sync_folder(path)


def remove(path):
    """Take a file away, so that it does not come back with the power."""
    os.remove(path)
    _sync_folder(path)


def _opened(path, flags):
    """Open for writing; what others have linked there is not followed."""
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | flags, 0o600)
    if os.stat(number).st_nlink == 1:  # Else it is somewhere else too.
        _give(number, path)
    return open(number, "wb")


def _give(made, path):
    """What root makes among the files of a node that is another user is for that user."""
    if os.geteuid() == 0:
        folder = os.stat(os.path.dirname(path) or ".")
        if folder.st_uid and os.stat(made).st_uid == 0:
            os.chown(made, folder.st_uid, folder.st_gid)


def _finish(file, is_synced):
    file.flush()
    if is_synced:
        os.fsync(file.fileno())


def _sync_folder(path):
    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
