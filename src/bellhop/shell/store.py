"""What outlives a restart: one file for each name, whole or not there at all.

A file is a line with the SHA-256 of the rest, then JSON. It is written beside its place and
renamed; what must survive a loss of power is synced first, and not written where nothing changed.
"""

import hashlib
import json
import os
import time

from .loop import milliseconds

# Names of what may be lost with the power: kept in a folder that is a RAM disk on a router.
VOLATILE = ("bindings",)
# name: seconds until the first writing, and between two. The mesh changes all the time and is
# found again without its file: four writings a day are what flash shall bear.
SECONDS = {"bindings": (1, 1), "mesh": (300, 21600)}
FLASH_SECONDS = (10, 10)
# A long writing is done more rarely, so that it takes 2 % of the time at most.
PAUSE_PER_WRITING = 50
RETRY_SECONDS = 60


class Store:
    """The files of one node. folder: what stays; run: what may be lost."""

    def __init__(self, folder, run, aio, log):
        self.folders = {True: run, False: folder}
        self.aio = aio
        self.log = log
        self.waiting = {}
        self.timers = {}
        self.counters = {"written": 0, "failed": 0}

    def keep(self, effect):
        """Perform a Store: write soon, together with what changes until then."""
        self.waiting[effect.name] = effect.read
        if effect.name not in self.timers:
            seconds = SECONDS.get(effect.name, FLASH_SECONDS)[0]
            self.timers[effect.name] = self.aio.call_later(seconds, self._write, effect.name)

    def write_all(self):
        """Write what waits, now."""
        for name in list(self.waiting):
            self.timers.pop(name).cancel()
            self._write_now(name)

    def _write(self, name):
        """Write `name`, and again after a pause if it changes meanwhile."""
        del self.timers[name]
        if name not in self.waiting:
            return
        began = time.monotonic()
        pause = RETRY_SECONDS
        if self._write_now(name):
            least = SECONDS.get(name, FLASH_SECONDS)[1]
            pause = max(least, PAUSE_PER_WRITING * (time.monotonic() - began))
        self.timers[name] = self.aio.call_later(pause, self._write, name)

    def _write_now(self, name):
        """Write one file; tell whether it succeeded."""
        read = self.waiting.pop(name)
        text = json.dumps(read(milliseconds()), separators=(",", ":")).encode()
        octets = hashlib.sha256(text).hexdigest().encode() + b"\n" + text + b"\n"
        try:
            if octets != self._octets(name):
                replace(self._path(name), octets, is_synced=name not in VOLATILE)
                self.counters["written"] += 1
        except OSError as error:
            self.counters["failed"] += 1
            self.waiting[name] = read
            self.log.say("error", "cannot write %s: %s" % (self._path(name), error.strerror))
            return False
        return True

    def load(self):
        """Yield (name, records) of every whole file; a damaged one is set aside."""
        for folder in self.folders.values():
            for file in sorted(os.listdir(folder)):
                name, ending = os.path.splitext(file)
                records = self._records(name) if ending == ".json" else None
                if records is not None:
                    yield name, records

    def _records(self, name):
        try:
            checksum, _, text = self._octets(name).partition(b"\n")
            if hashlib.sha256(text.rstrip(b"\n")).hexdigest().encode() == checksum:
                return json.loads(text)
        except (OSError, ValueError):
            pass
        self.set_aside(name)
        return None

    def set_aside(self, name):
        """Take a file that cannot be used out of the way, and say so."""
        path = self._path(name)
        os.replace(path, path + ".damaged")
        self.log.say("error", "%s is damaged: it is now %s.damaged" % (path, path))

    def _octets(self, name):
        try:
            with open(self._path(name), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return b""

    def _path(self, name):
        return os.path.join(self.folders[name in VOLATILE], name + ".json")


def replace(path, octets, is_synced=True):
    """Put a file of mode 0600 in place, whole or not at all."""
    fresh = path + ".new"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(octets)
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
