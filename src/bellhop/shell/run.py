"""Runs a node: the first run, limits of the process, the loop until a signal ends it."""

import os
import signal
import sys

from ..errors import BellhopError
from . import places

# Sockets of all streams, a set for each address, and room.
FILES = 4096


def run(arguments):
    """Run a node until a signal ends it; return the exit status."""
    # An early HUP (an interface came up while Python starts) must not end the process.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        return _run(arguments)
    except BellhopError as error:
        for line in str(error).split("\n"):
            print("bellhop:", line, file=sys.stderr)
        return 1


def _run(arguments):
    _hash_without_openssl()  # Before anything is loaded that hashes.
    state = arguments.state or places.STATE
    run_folder = arguments.run or os.path.join(state, "run")
    media = _sound_before(state, run_folder)
    from ..world.cpython import log_text
    from ..world.log import Log
    from ..world.settings import KEPT
    from ..world.store import prepare
    from .service import Service, milliseconds

    path = places.config_path(arguments)
    passwords = None
    if not os.path.exists(path) and not os.path.exists(state + KEPT):
        if arguments.config or not arguments.state:
            words = "there is no %s; `--state DIR` alone makes a sample in DIR"
            raise BellhopError(words % path)
        prepare(state)
        passwords = _first_run().create(path)
    control = places.control_path(arguments.run or state)
    _allow_files()
    log = Log(log_text.to_syslog() if arguments.syslog else log_text.to_stderr, milliseconds)
    service = Service(log, path, (state, run_folder, control), media)
    if not service.settings.enabled:
        print("bellhop is switched off: `option enabled 0` in %s" % path)
        return 0
    try:
        service.start()
        if not arguments.syslog:
            found = service.endpoints.listeners
            _first_run().greet(service.settings, found, path, state, passwords)
        service.loop.run()
    finally:
        service.stop()
    return 0


def _sound_before(state, run_folder):
    """Go on with the sound of calls before all else; return the MediaRelays of it, or None."""
    if not os.path.exists(os.path.join(run_folder, "calls.json")):
        return None
    try:
        from .media.relays import taken_up  # Only a node that was started anew comes here.
    except ImportError:
        return None
    return taken_up(state, run_folder)


def _hash_without_openssl():
    """Let hashlib take Python's own MD5 and SHA: faster on short texts, and 3 MB less to load."""
    try:
        import _md5  # noqa: F401
    except ImportError:  # A Python that was built without them.
        return
    sys.modules.setdefault("_hashlib", None)


def _first_run():
    from . import first_run  # Only for people at a terminal: OpenWrt has LuCI.

    return first_run


def _allow_files():
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
