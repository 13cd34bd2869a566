"""Performs what the engine asks of the media library: relays opened, changed, closed, reported."""

import errno
import mmap
import os
import socket
import struct

from ...effects import RelayClose, RelayUpdate
from ...errors import BellhopError

# The best first; what a library lacks is left out. GCM is slow where the processor does not help.
SUITES = (4, 3, 5, 1, 6, 2, 7)
SUITES_WITHOUT_HELP = (1, 2, 5, 6, 3, 4, 7)
SILENT_MS = 5000
# What people read where ports do not open.
PROBLEMS = {
    errno.EADDRINUSE: "all UDP ports for sound are in use",
    errno.ENFILE: "too many calls pass this node",
}
COALESCE_US = 2000
# The file of what the library keeps; each part of it begins with the library's number of the relay,
# 0 where there is none, and ends with ours.
KEPT = "sound"
HANDLE, NUMBER = struct.Struct("=I"), struct.Struct("=I")
# Behind all of them: how many there are, and after how many ms one is dead.
SIZES = struct.Struct("=II")
# Under which calls are kept; a call may wait so long for an address of the node to come.
CALLS, EARLY_MS = "calls", 90000


class MediaRelays:
    """The relays of a node, by the numbers that the engine gave them.

    kept: what the library keeps of each relay over a restart, None where it cannot; at the end of
    each stands our number of it. early: number -> ports of the relays that were taken up before the
    node was there.
    """

    def __init__(self):
        self.loop = self.log = None
        self.media = self.kept = self.sizes = None
        self.step = 0
        self.early = {}
        self.suites = ()
        self.handles = {}
        self.numbers = {}
        # (number, side) of what the phones encrypt themselves.
        self.sealed = set()
        self.counters = {"opened": 0, "resumed": 0, "not_opened": 0, "refused": 0}

    def open(self, section, folder):
        """Load the library and start its thread (`config media`); raises BellhopError.

        folder: where the packets' state is kept for the next process.
        """
        sizes = section.max_calls, section.dead_seconds * 1000
        if self.media is not None and self.sizes != sizes:
            self.media.close()
            self.media, self.early, self.handles, self.numbers = None, {}, {}, {}
        if self.media is None:
            self._load(sizes, folder)
        able = self.media.status()["suites"]
        wanted = SUITES_WITHOUT_HELP if os.uname().machine.startswith("mips") else SUITES
        self.suites = tuple([number for number in wanted if able >> number & 1])
        self.loop.watch(self.media.events_fd(), self._events)

    def take_up(self, sizes, effects, folder):
        """Go on with the sound of the process before, ahead of all else; raises BellhopError.

        sizes: most relays, and after how many ms one is dead; effects: of media.kept.
        """
        self._load(sizes, folder)
        for effect in effects:
            if isinstance(effect, RelayUpdate):
                self.perform_update(effect)
            else:
                ports, problem = self._resume(effect)
                if problem is None:
                    self.early[effect.relay] = ports

    def join(self, loop, log):
        """The node is there."""
        self.loop, self.log = loop, log
        self.loop.call_later(EARLY_MS, self._close_early)

    def _close_early(self):
        """Nobody has asked for these: what was kept of their calls was of no use."""
        for number in list(self.early):
            self.perform_close(RelayClose(number))

    def _load(self, sizes, folder):
        try:
            from . import library  # Needs cffi, and the binding that `make native` generates.

            media = library.Media()
            self.step = media.lib.BM_KEPT_BYTES
            self.kept = _kept(folder, sizes, self.step)
            media.open(sizes[0], COALESCE_US, SILENT_MS, sizes[1], kept=self.kept)
        except (ImportError, OSError) as error:
            reason = getattr(error, "strerror", None) or error
            raise BellhopError(
                "the package bellhop-media is not installed or does not fit (%s; from the sources: "
                "make native): sound is neither encrypted between nodes nor relayed" % reason
            ) from None
        self.media, self.sizes = media, sizes

    def close(self):
        """End the packet thread with all relays."""
        if self.handles and self.log is not None:
            words = "the sound of calls waits for the next process (streams: %d)"
            self.log.say("notice", words % len(self.handles))
        if self.media is not None:
            if self.loop is not None:
                self.loop.forget(self.media.events_fd())
            self.media.close()

    def perform_open(self, effect):
        """Bind the ports of a relay; the answer comes when the effects in hand are performed."""
        ports, problem = None, None
        try:
            sides = [(*side[:3], _scope(side[3])) for side in effect.sides]
            handle, ports = self.media.relay_open(*sides)
        except OSError as error:
            problem = PROBLEMS.get(error.errno) or os.strerror(error.errno)
            self.counters["not_opened"] += 1
            self.log.say("warning", "the sound of a call cannot pass this node: %s" % problem)
        else:
            self.counters["opened"] += 1
            self._note(effect.relay, handle)
        self.loop.later(self.loop.engine.hear, "media", "opened", effect.relay, ports, problem)

    def _note(self, number, handle):
        self.handles[number], self.numbers[handle] = handle, number
        if self.kept is not None:
            end = ((handle & 0xFFFF) + 1) * self.step
            NUMBER.pack_into(self.kept, end - NUMBER.size, number)

    def perform_resume(self, effect):
        """Go on with a relay of the process before; the answer comes as that to a RelayOpen."""
        problem, ports = None, self.early.pop(effect.relay, None)
        if ports is None:
            ports, problem = self._resume(effect)
        if problem is not None:
            self.log.say("warning", "the sound of a call cannot go on: %s" % problem)
        self.loop.later(self.loop.engine.hear, "lasting", "opened", effect.relay, ports, problem)

    def _resume(self, effect):
        """Return (ports, None), or (None, why a relay cannot go on)."""
        try:
            sides = [(*side[:3], _scope(side[3])) for side in effect.sides]
            handle = self._handle_before(effect.relay)
            ports = self.media.relay_resume(handle, *sides)
        except OSError as error:
            return None, PROBLEMS.get(error.errno) or os.strerror(error.errno)
        self.counters["resumed"] += 1
        self._note(effect.relay, handle)
        return ports, None

    def _handle_before(self, number):
        """Return the handle that a relay had in the process before; raises OSError."""
        found = []
        for end in range(self.step, len(self.kept or b"") - SIZES.size + 1, self.step):
            handle = HANDLE.unpack_from(self.kept, end - self.step)[0]
            if handle and NUMBER.unpack_from(self.kept, end - NUMBER.size) == (number,):
                found.append(handle)
        if len(found) != 1:  # Two are of two runs, of which one lost its calls.
            raise OSError(errno.ENOENT, "it is not known how far its packets went")
        return found[0]

    def perform_update(self, effect):
        """Change one side; the changes may hold keys, which nothing here shows."""
        handle = self.handles.get(effect.relay)
        if handle is None:
            return
        changes = dict(effect.changes)
        if "kind" in changes:
            place, is_sealed = (
                (effect.relay, effect.side),
                changes["kind"] == self.media.lib.BM_UNTOUCHED,
            )
            (self.sealed.add if is_sealed else self.sealed.discard)(place)
        zone = changes.pop("zone", None)
        try:
            if "remote" in changes:
                scope = _scope(zone)
                changes["remote"] = tuple([(*one, scope) for one in changes["remote"]])
            if "local" in changes:
                octets, zone = changes["local"]
                changes["local"] = octets, 0, _scope(zone)
            self.media.relay_update(handle, effect.side, **changes)
        except OSError as error:
            self.counters["refused"] += 1
            problem = os.strerror(error.errno)
            if self.loop is None:
                return  # The node will ask for the same.
            self.loop.later(self.loop.engine.hear, "media", "failed", effect.relay, problem)

    def perform_close(self, effect):
        """Close the ports of a relay and wipe its keys."""
        handle = self.handles.pop(effect.relay, None)
        self.sealed.difference_update({(effect.relay, 0), (effect.relay, 1)})
        if handle is not None:
            del self.numbers[handle]
            self.media.relay_close(handle)

    def _events(self, events):
        for event in self.media.events():
            number = self.numbers.get(event["relay"])
            if number is not None and not event["component"]:  # Of RTP only, not of RTCP.
                kind, side = event["kind"], event["side"]
                hear, now = self.loop.engine.hear, self.loop.now()
                self.loop.perform(hear("media", "reported", number, kind, side, now))

    def sound(self, number):
        """Return how the sound of a relay is, a dict for the caller's side and one for the other.

        lost: packets; jitter_ms; idle_ms: since the last packet, None before the first. Of what the
        phones encrypt themselves lost and jitter_ms are None: a node cannot read their numbers.
        """
        handle = self.handles.get(number)
        if handle is None:
            return []
        shown = [_shown(side) for side in self.media.relay_stats(handle)[:2]]
        for side in (0, 1):
            if (number, side) in self.sealed:
                shown[side]["lost"] = shown[side]["jitter_ms"] = None
        return shown


def _kept(folder, sizes, step):
    """Return memory for relays that outlives the process, None where a file cannot be had."""
    size = sizes[0] * step
    try:
        handle = os.open(os.path.join(folder, KEPT), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(handle, size + SIZES.size)
            found = mmap.mmap(handle, size + SIZES.size)
        finally:
            os.close(handle)
    except OSError:
        return None  # Calls end with the process then.
    SIZES.pack_into(found, size, *sizes)
    return found


def taken_up(state, run):
    """Return the MediaRelays that go on with the sound of the process before, None where none do.

    What it takes is read here already: the node itself needs a second to load.
    """
    from ...media import kept  # Only a node that was started anew comes here.
    from ...world.store import Store

    try:
        with open(os.path.join(run, KEPT), "rb") as file:
            file.seek(-SIZES.size, os.SEEK_END)
            sizes = SIZES.unpack(file.read())
        calls = Store(state, run, None, None, None).kept(CALLS) or ()
        effects = list(kept.effects_of(calls))
        relays = MediaRelays()
        if effects:
            relays.take_up(sizes, effects, run)
            return relays
    except (OSError, BellhopError, AttributeError, TypeError, struct.error):
        pass  # The node tells what is missing, and what is damaged.
    return None


def is_in_memory(folder):
    """Tell whether what is written in a folder reaches no flash and no disk."""
    path = os.path.join(os.path.realpath(folder), "")
    nearest = ("", "")
    with open("/proc/mounts") as file:
        for line in file:
            place, kind = line.split()[1:3]
            # The last of several at one place lies on top.
            if path.startswith(os.path.join(place, "")) and len(place) >= len(nearest[0]):
                nearest = place, kind
    return nearest[1] in ("tmpfs", "ramfs")


def _scope(zone):
    """Return the index of the interface that a zone names, 0 for None; raises OSError."""
    return 0 if zone is None else socket.if_nametoindex(zone)


SHOWN = (
    "received_packets", "received_bytes", "sent_packets", "rtcp_packets", "lost", "auth_failed",
    "replayed", "strangers", "invalid", "oversize", "held", "sources_refused",
    "unsent",
)  # fmt: skip


def _shown(side):
    shown = {name: side[name] for name in SHOWN}
    shown["jitter_ms"] = side["jitter_us"] / 1000
    shown["idle_ms"] = None if side["idle_ms"] == 0xFFFFFFFF else side["idle_ms"]
    return shown
