"""Starts a node: arguments, the first run, limits of the process."""

import os
import signal
import sys

from .. import __version__
from ..errors import BellhopError

CONFIG = "/etc/config/bellhop"
STATE = "/etc/bellhop"
# Sockets of all streams, a set for each address, and room.
FILES = 4096


def run(arguments):
    """Run a node until a signal ends it; return the exit status. arguments: of command.parse."""
    # An early HUP (an interface came up while Python starts) must not end the process.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        return _run(arguments)
    except BellhopError as error:
        for line in str(error).split("\n"):
            print("bellhop:", line, file=sys.stderr)
        return 1


def _run(arguments):
    # The command `bellhop` imports this module for every verb: what a node loads comes here.
    from . import first_run, log
    from .service import Service
    from .settings import read_settings

    state = arguments.state or STATE
    path = config_path(arguments)
    is_first = _prepare(state, path, may_create=arguments.config is None and arguments.state)
    passwords = first_run.create(path) if is_first else None
    settings = read_settings(path)
    if not settings.enabled:
        print("bellhop is switched off: `option enabled 0` in %s" % path)
        return 0
    run_folder = arguments.run or os.path.join(state, "run")
    os.makedirs(run_folder, mode=0o700, exist_ok=True)
    control = control_path(arguments.run or state)
    _allow_files()
    write_log = log.to_syslog() if arguments.syslog else log.to_stderr
    service = Service(path, settings, state, run_folder, control, write_log)
    try:
        service.start()
        first_run.greet(settings, service.endpoints.listeners, path, state, passwords)
        service.run()
    finally:
        service.stop()
    return 0


def config_path(arguments):
    """Return the path of the configuration that the arguments mean."""
    if arguments.config:
        return arguments.config
    return os.path.join(arguments.state, "bellhop.config") if arguments.state else CONFIG


def control_path(folder):
    """Return the path of the control socket in a folder."""
    return os.path.join(folder, "control")


def _prepare(state, path, may_create):
    """Make the state folder; tell whether this is the first run, with no configuration yet."""
    try:
        os.makedirs(state, mode=0o700, exist_ok=True)
    except OSError as error:
        raise BellhopError("cannot make the folder %s: %s" % (state, error.strerror)) from None
    if os.path.exists(path):
        return False
    if not may_create:
        raise BellhopError("there is no %s; `--state DIR` alone makes a sample in DIR" % path)
    return True


def _allow_files():
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def version():
    """Return the line that `--version` prints."""
    return "bellhop " + __version__
