"""Performs what the engine asks of the media library: relays opened, changed, closed, reported."""

import errno
import os
import socket

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


class MediaRelays:
    """The relays of a node, by the numbers that the engine gave them."""

    def __init__(self, loop, log):
        self.loop = loop
        self.log = log
        self.media = None
        self.suites = ()
        self.handles = {}
        self.numbers = {}
        # (number, side) of what the phones encrypt themselves.
        self.sealed = set()
        self.counters = {"opened": 0, "not_opened": 0, "refused": 0}

    def open(self, section):
        """Load the library and start its thread (`config media`); raises BellhopError."""
        try:
            from . import library  # Needs cffi, and the binding that `make native` generates.

            media = library.Media()
            media.open(section.max_calls, COALESCE_US, SILENT_MS, section.dead_seconds * 1000)
        except (ImportError, OSError) as error:
            reason = getattr(error, "strerror", None) or error
            raise BellhopError(
                "the package bellhop-media is not installed or does not fit (%s; from the sources: "
                "make native): sound is neither encrypted between nodes nor relayed" % reason
            ) from None
        self.media = media
        able = media.status()["suites"]
        wanted = SUITES_WITHOUT_HELP if os.uname().machine.startswith("mips") else SUITES
        self.suites = tuple([number for number in wanted if able >> number & 1])
        self.loop.watch(media.events_fd(), self._events)

    def close(self):
        """End the packet thread with all relays."""
        if self.handles:
            words = "the sound of calls ends with this process (streams: %d)"
            self.log.say("warning", words % len(self.handles))
        if self.media is not None:
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
            self.handles[effect.relay], self.numbers[handle] = handle, effect.relay
        self.loop.later(self.loop.engine.hear, "media", "opened", effect.relay, ports, problem)

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
