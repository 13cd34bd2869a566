"""Starts a node: arguments, the end of the run before, limits of the heap."""

import gc
import sys
import time

from .. import __version__
from ..errors import BellhopError
from ..world.log import Log
from ..world.loop import Exhausted, Loop
from ..world.micropython import files
from ..world.micropython.log_text import to_stderr, to_syslog
from ..world.micropython.sockets import reason
from . import bounds, sodium
from .clock import Clock

CONFIG, STATE = "/etc/config/bellhop", "/etc/bellhop"
SIGHUP, SIG_IGN = 1, 1
# How the run before ended; a file that says that it still runs is that of one that was killed.
LAST_RUN = "/last_run"
RUNNING, STOPPED, EXHAUSTED = b"running", b"stopped", b"heap exhausted"
ENDINGS = {
    RUNNING: "the run before did not end by itself (killed, crashed, or without power)",
    EXHAUSTED: "the run before ended because its heap was too small for what went on",
}
OPTIONS = {"--config": CONFIG, "--state": None, "--run": None}


def main(arguments):
    """Carry out a command line; return the exit status."""
    sodium.mend_hashlib()  # Before anything is loaded that hashes.
    given = dict(OPTIONS)
    flags = []
    rest = list(arguments)
    while rest and rest[0][:2] == "--":
        word = rest.pop(0)
        if word in OPTIONS and rest:
            given[word] = rest.pop(0)
        else:
            flags.append(word)
    if rest[:1] == ["firewall"]:
        from ..world import firewall  # Only for the init script, which asks before each start.

        return firewall.tell(given["--config"], ("mesh",), "--close" in rest)
    if rest or "--help" in flags:
        from . import command  # Only for people: a node need not hold it.

        return command.main(arguments)
    if "--version" in flags:
        print("bellhop " + __version__)
        return 0
    try:
        state = given["--state"] or STATE
        return _run(given["--config"], state, given["--run"], "--syslog" in flags)
    except (BellhopError, OSError) as error:
        for line in str(error).split("\n"):
            sys.stderr.write("bellhop: %s\n" % line)
        return 1


def _run(settings_file, state, run, has_syslog):
    heap = gc.mem_free() + gc.mem_alloc()
    gc.threshold(bounds.lower(heap, _names_mesh(settings_file)))
    _keep_private()
    places = state, run or state + "/run", (run or state) + "/control"
    clock = Clock(time.ticks_ms, time.ticks_diff)
    log = Log(to_syslog() if has_syslog else to_stderr, clock.now)
    ending = EXHAUSTED
    try:
        ending = _serve(Loop(clock.now, log), settings_file, places, heap)
    except (Exhausted, MemoryError):
        gc.collect()
        log.say("error", "the heap of %d kB is too small: starting anew" % (heap // 1024))
    _note(state + LAST_RUN, ending, log)
    return 1 if ending is EXHAUSTED else 0


def _names_mesh(path):
    """Tell whether the configuration has a section of the mesh; before its reader is loaded."""
    try:
        with open(path) as file:
            for line in file:
                words = line.split()
                if words[:1] == ["config"] and words[1:2] and words[1].strip("'\"") == "mesh":
                    return True
    except OSError:
        pass  # The reader says what is wrong with it.
    return False


def _serve(loop, settings_file, places, heap):
    """Run the node until a signal ends it; return how it ended."""
    # Only now: they take the bounds as they are when they are loaded. The engine first, for the
    # stack of a 32-bit MicroPython does not hold a deeper nest of imports.
    from ..core import engine  # noqa: F401
    from .service import Service

    service = Service(loop, settings_file, places, heap)
    if not service.settings.enabled:
        print("bellhop is switched off: `option enabled 0` in %s" % settings_file)
        return STOPPED
    try:
        service.start()
        _begin(places[0] + LAST_RUN, loop.log)
        loop.run()
    finally:
        service.stop()
    return STOPPED


def _begin(path, log):
    """Say how the run before ended, and note that this one runs."""
    try:
        with open(path, "rb") as file:
            ending = file.read()
    except OSError:
        ending = STOPPED
    if ending in ENDINGS:
        log.say("warning", ENDINGS[ending] + "; what was committed before is in force")
    _note(path, RUNNING, log)
    log.say("notice", "bellhop %s runs" % __version__)


def _note(path, ending, log):
    """Write how this run ends, for the next one."""
    try:
        files.replace(path, [ending])
    except OSError as error:
        log.say("error", "cannot write %s: %s" % (path, reason(error)))


def _keep_private():
    """Let nobody else read what this process writes; without ffi the one who starts it must."""
    try:
        import ffi  # Not in every build of MicroPython.

        library = ffi.open(None)
        library.func("i", "umask", "i")(0o077)
        # Until signals.py reads it, a HUP (an interface came up) must not end the process.
        library.func("p", "signal", "ip")(SIGHUP, SIG_IGN)
    except (ImportError, OSError):
        pass
