"""What outlives a restart: one file for each name, whole or not there at all.

A file is a line with the SHA-256 of the rest, then JSON. It is written beside its place and
renamed; what must survive a loss of power is synced first, and not written where nothing changed.
"""

import binascii
import hashlib
import json
import os

from .system import files, sockets

# Names of what may be lost with the power: kept in a folder that is a RAM disk on a router.
VOLATILE = ("bindings",)
# name: ms until the first writing, and between two. The mesh changes all the time and is found
# again without its file: four writings a day are what flash shall bear.
PAUSES = {"bindings": (1000, 1000), "mesh": (300000, 21600000)}
FLASH_PAUSES = (10000, 10000)
# A long writing is done more rarely, so that it takes 2 % of the time at most.
PAUSE_PER_WRITING = 50
RETRY_MS = 60000


class Store:
    """The files of one node. folder: what stays; run: what may be lost."""

    def __init__(self, folder, run, loop, log):
        self.folders = {True: run, False: folder}
        self.loop = loop
        self.log = log
        self.waiting = {}
        self.timers = {}
        self.counters = {"written": 0, "failed": 0}

    def keep(self, effect):
        """Perform a Store: write soon, together with what changes until then."""
        name = effect.name
        self.waiting[name] = effect.read
        if name not in self.timers:
            self._plan(name, PAUSES.get(name, FLASH_PAUSES)[0])

    def _plan(self, name, pause):
        self.timers[name] = self.loop.call_later(pause, lambda: self._write(name))

    def write_all(self):
        """Write what waits, now; what there is no memory for stays as it was written last."""
        for name in list(self.waiting):
            try:
                self._write_now(name)
            except MemoryError:
                self.log.say("error", "no memory to write %s.json" % name)

    def _write(self, name):
        """Write `name`, and again after a pause if it changes meanwhile."""
        del self.timers[name]
        if name not in self.waiting:
            return
        began = self.loop.now()
        pause = RETRY_MS
        try:
            if self._write_now(name):
                taken = PAUSE_PER_WRITING * (self.loop.now() - began)
                pause = max(PAUSES.get(name, FLASH_PAUSES)[1], taken)
        finally:
            self._plan(name, pause)

    def _write_now(self, name):
        """Write one file; tell whether it succeeded."""
        read = self.waiting.pop(name)
        value = read(self.loop.now())
        path = self._path(name)
        try:
            checksum = _checksum(value)
            if checksum != _line(path):
                parts = [checksum + b"\n", pieces(value), b"\n"]
                files.replace(path, parts, is_synced=name not in VOLATILE)
                self.counters["written"] += 1
        except OSError as error:
            self.counters["failed"] += 1
            self.waiting[name] = read
            self.log.say("error", "cannot write %s: %s" % (path, sockets.reason(error)))
            return False
        except MemoryError:
            self.waiting[name] = read
            raise
        return True

    def load(self):
        """Yield (name, records) of every whole file; a damaged one is set aside."""
        for folder in self.folders.values():
            for file in sorted(os.listdir(folder)):
                name = file[:-5]
                if file == name + ".json":
                    records = self._records(name)
                    if records is not None:
                        yield name, records

    def _records(self, name):
        try:
            with open(self._path(name), "rb") as file:
                checksum = file.readline().strip()
                text = file.read().rstrip(b"\n")
            if binascii.hexlify(hashlib.sha256(text).digest()) == checksum:
                return json.loads(text)
        except (OSError, ValueError):
            pass
        self.set_aside(name)
        return None

    def set_aside(self, name):
        """Take a file that cannot be used out of the way, and say so."""
        path = self._path(name)
        try:
            os.rename(path, path + ".damaged")
            self.log.say("error", "%s is damaged: it is now %s.damaged" % (path, path))
        except OSError as error:  # The node is of use without it.
            self.log.say("error", "%s is damaged: %s" % (path, sockets.reason(error)))

    def _path(self, name):
        return "%s/%s.json" % (self.folders[name in VOLATILE], name)


def pieces(value):
    """Yield the JSON of a value in pieces: the whole may not fit between what the heap holds."""
    if isinstance(value, dict):
        mark = b"{"
        for name in value:
            yield mark + json.dumps(name).encode() + b":"
            yield from pieces(value[name])
            mark = b","
        yield b"{}" if mark == b"{" else b"}"
    elif isinstance(value, (list, tuple)) and value and isinstance(value[0], (dict, list, tuple)):
        mark = b"["
        for one in value:
            yield mark + json.dumps(one, separators=(",", ":")).encode()
            mark = b","
        yield b"]"
    else:
        yield json.dumps(value, separators=(",", ":")).encode()


def _checksum(value):
    found = hashlib.sha256()
    for piece in pieces(value):
        found.update(piece)
    return binascii.hexlify(found.digest())


def _line(path):
    """Return the first line of a file, b"" where there is none."""
    try:
        with open(path, "rb") as file:
            return file.readline().strip()
    except OSError:
        return b""
