"""What outlives a restart: for each name a file with all of it, and a journal of what came since.

NAME.json is a line with the SHA-256 of the rest, then JSON. It is written beside its place and
renamed, so that it is whole or not there at all. NAME.journal begins with the first line of the
file that it goes on from; each further line is an entry: its checksum and JSON, `[id, row]`. A torn
entry was never acknowledged and is left out. The next writing of the file ends its journal.

What must survive a loss of power is synced, and not written where nothing changed.
"""

import binascii
import hashlib
import json
import os

from ..budget import DAY, Budget
from ..effects import Store as Keep
from ..errors import BellhopError
from .system import files, sockets

# Names of what may be lost with the power: kept in a folder that is a RAM disk on a router.
VOLATILE = ("bindings", "calls", "lines")
# name: ms until the first writing, and between two. The mesh changes all the time and is found
# again without its file: four writings a day are what flash shall bear. What follows from the
# secret has to be the same after the first loss of power too. A phone that is new is on flash at
# once, many of them in one writing.
PAUSES = {
    "bindings": (1000, 1000), "calls": (20, 20), "lines": (20, 20), "mesh": (300000, 21600000),
    "secret": (1, 10000), "phones": (20, 10000),
}  # fmt: skip
FLASH_PAUSES = (10000, 10000)
# Writings of one name in a day that nobody waits for. Strangers cause some of them, as by calls
# with new keys: past it what changes is collected for half an hour each.
AT_LEISURE_A_DAY = 96
# A journal may be as long as the file that it goes on from, and so long in any case.
JOURNAL_BYTES = 8192
# A long writing is done more rarely, so that it takes 2 % of the time at most.
PAUSE_PER_WRITING = 50
RETRY_MS = 60000
# The field that names a row, where it is not "id".
ROW_IDS = {"trust": "contact"}


class Store:
    """The files of one node. folder: what stays; run: what may be lost.

    heads: name -> (first line of its file, octets of the file); journals: name -> octets;
    writings: name -> how many went to flash today; refused: name -> why it could not be written;
    changed(): called when that is another reason than before, or over.
    """

    def __init__(self, folder, run, loop, log, changed):
        self.folders = {True: run, False: folder}
        self.loop = loop
        self.log = log
        self.waiting = {}
        self.timers = {}
        self.heads = {}
        self.journals = {}
        self.budgets = {}
        self.refused = {}
        self.changed = changed
        self.day = 0
        self.writings = {}
        self.counters = {"written": 0, "failed": 0}

    def keep(self, effect):
        """Perform a Store: write soon, together with what changes until then."""
        name = effect.name
        self._wait(effect)
        if isinstance(effect.changes, dict) and name in VOLATILE:
            self._write_now(name)
        elif name not in self.timers:
            self._plan(name, PAUSES.get(name, FLASH_PAUSES)[0])

    def commit(self, effect):
        """Perform a Commit: write now, and tell the engine whether it is on flash."""
        self._wait(effect.store)
        try:
            problem = self._write_at_once(effect.store.name)
        except MemoryError:
            problem = "there is no memory for it"
        self.loop.later(self.loop.engine.kept, effect.number, problem)

    def settle(self, effects):
        """Write now what Stores among these have asked for; raises BellhopError for the owner."""
        for effect in effects:
            name = effect.name if isinstance(effect, Keep) else ""
            if name in self.waiting and name not in PAUSES:
                problem = self._write_at_once(name)
                if problem:
                    raise BellhopError("in force until the next start, but not kept: " + problem)

    def _write_at_once(self, name):
        """Write what waits under `name`, or later if that fails; return why it does, or ""."""
        problem = self._write_now(name)
        if problem and name not in self.timers:
            self._plan(name, RETRY_MS)
        return problem

    def _wait(self, effect):
        """Let changes wait for the next writing, beside those that wait already."""
        earlier = self.waiting.get(effect.name, (None, {}))[1]
        changes = effect.changes
        if earlier is None or changes is None:
            changes = None
        elif earlier not in ({}, changes):
            now = self.loop.now()
            changes = dict(_told(earlier, now))
            changes.update(_told(effect.changes, now))
        self.waiting[effect.name] = effect.read, changes

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
            if not self._write_now(name):
                pause = self._pause(name, began)
        finally:
            self._plan(name, pause)

    def _pause(self, name, began):
        """Return how long `name` shall rest after a writing at leisure."""
        now = self.loop.now()
        pause = max(PAUSES.get(name, FLASH_PAUSES)[1], PAUSE_PER_WRITING * (now - began))
        if name in VOLATILE:
            return pause
        budget = self.budgets.setdefault(name, Budget(AT_LEISURE_A_DAY))
        budget.spend(now)
        return max(pause, budget.wait(now))

    def _write_now(self, name):
        """Write what waits under `name`; return why it failed, or ""."""
        read, changes = self.waiting.pop(name)
        now = self.loop.now()
        try:
            if changes is not None and self._fits(name):
                self._append(name, _told(changes, now))
            else:
                self._replace(name, read(now))
        except OSError as error:
            self.counters["failed"] += 1
            self.waiting[name] = read, None
            return self._note(name, sockets.reason(error))
        except MemoryError:
            self.waiting[name] = read, None
            raise
        return self._note(name, "")

    def _note(self, name, reason):
        """Note why a file could not be written, "" where it was; return the reason."""
        if self.refused.get(name, "") != reason:
            self.refused[name] = reason
            self.changed()
        return reason

    def problems(self):
        """Return what is not kept and why, in sentences."""
        reasons = sorted({reason for reason in self.refused.values() if reason})
        return [
            "cannot write in %s: %s; what changes there is lost at the next start: %s"
            % (self.folders[False], reason, ", ".join(self._refused_by(reason)))
            for reason in reasons
        ]

    def _refused_by(self, reason):
        return sorted([name for name in self.refused if self.refused[name] == reason])

    def _fits(self, name):
        return name in self.heads and self.journals.get(name, 0) < max(
            JOURNAL_BYTES, self.heads[name][1]
        )

    def _append(self, name, changes):
        """Add entries to the journal. Each begins its line, for the one before may be torn."""
        size = self.journals.get(name, 0)
        octets = b"" if size else self.heads[name][0]
        for identifier in changes:
            text = json.dumps([identifier, changes[identifier]], separators=(",", ":")).encode()
            octets += b"\n" + _mark(text) + text
        if not changes:
            return
        path = self._path(name, "journal")
        files.append(path, octets, is_new=not size, is_synced=name not in VOLATILE)
        self.journals[name] = size + len(octets)
        self._count(name)

    def _replace(self, name, value):
        """Write the whole file, where it differs from what is there; no file is for nothing."""
        checksum, size = measured(value)
        has_journal = bool(self.journals.get(name))
        head = self.heads.get(name, (b"", 0))[0]
        if not has_journal and (checksum == head or not (value or head)):
            return
        path = self._path(name)
        parts = [checksum + b"\n", pieces(value), b"\n"]
        files.replace(path, parts, is_synced=name not in VOLATILE)
        self.heads[name], self.journals[name] = (checksum, size), 0
        self._count(name)
        if has_journal:
            files.remove(self._path(name, "journal"))

    def _count(self, name):
        self.counters["written"] += 1
        if name not in VOLATILE:
            today = self.today()
            today[name] = today.get(name, 0) + 1

    def today(self):
        """Return name -> writings to flash on this day of the machine's uptime."""
        day = self.loop.now() // DAY
        if day != self.day:
            self.day, self.writings = day, {}
        return self.writings

    def has(self, name):
        """Tell whether an earlier run has kept something under a name."""
        return files.exists(self._path(name))

    def load(self):
        """Yield (name, records) of every whole file, newer ones first; a damaged one is set aside.

        What lies in the RAM disk is newer than what went to flash.
        """
        for is_volatile in (True, False):
            folder = self.folders[is_volatile]
            for file in sorted(os.listdir(folder)) if files.exists(folder) else ():
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
                self.heads[name] = checksum, len(text)
                records = json.loads(text)
                changes = self._entries(name)
                return merged(records, changes, ROW_IDS.get(name, "id")) if changes else records
        except (OSError, ValueError):
            pass
        self.set_aside(name)
        return None

    def _entries(self, name):
        """Return the changes in the journal that goes on from the file: [(id, row)]."""
        try:
            with open(self._path(name, "journal"), "rb") as file:
                lines = file.read().split(b"\n")
        except OSError:
            return []
        if lines.pop(0) != self.heads[name][0]:
            return []  # The file was written anew, and then the power went.
        self.journals[name] = len(self.heads[name][0]) + sum([len(line) + 1 for line in lines])
        entries = [json.loads(line[16:]) for line in lines if _mark(line[16:]) == line[:16]]
        if len(entries) < len(lines):
            words = "%s: %d entries were not written to their end, and are left out"
            torn = len(lines) - len(entries)
            self.log.say("warning", words % (self._path(name, "journal"), torn))
        return entries

    def kept(self, name):
        """Return what is kept under a name, None where that is nothing."""
        if name in self.waiting:
            self._write_at_once(name)
        return self._records(name) if files.exists(self._path(name)) else None

    def put(self, name, records):
        """Keep records in place of what there is; raises BellhopError."""
        self.waiting[name] = (lambda now: records), None
        problem = self._write_at_once(name)
        if problem:
            raise BellhopError("in force until the next start, but not kept: " + problem)

    def set_aside(self, name):
        """Take a file that cannot be used out of the way, and say so."""
        path = self._path(name)
        self.heads.pop(name, None)
        try:
            os.rename(path, path + ".damaged")
            self.log.say("error", "%s is damaged: it is now %s.damaged" % (path, path))
        except OSError as error:  # The node is of use without it.
            self.log.say("error", "%s is damaged: %s" % (path, sockets.reason(error)))

    def _path(self, name, ending="json"):
        return "%s/%s.%s" % (self.folders[name in VOLATILE], name, ending)


def _told(changes, now):
    """Return the changes of a Store that are not None, as a dict."""
    return changes if isinstance(changes, dict) else changes(now)


def merged(rows, changes, field):
    """Return rows after changes, [(id, row or None)]; field: the one that names a row."""
    rows = list(rows)
    places = {row.get(field): place for place, row in enumerate(rows)}
    for identifier, row in changes:
        if identifier in places:
            rows[places.pop(identifier)] = None
        if row is not None:
            places[identifier] = len(rows)
            rows.append(row)
    return [row for row in rows if row is not None]


def prepare(folder):
    """Make a folder of the node's own where there is none; raises BellhopError."""
    try:
        files.make_folder(folder)
    except OSError as error:
        problem = "cannot make the folder %s: %s" % (folder, sockets.reason(error))
        raise BellhopError(problem) from None
    check_own(folder)


def check_own(folder):
    """Raise BellhopError where others could put files of their own into a folder of the node."""
    own, found = os.stat("/proc/self"), os.stat(folder)
    if found[4] != own[4]:
        words = "the folder %s belongs to another user (number %d), who could read and change what "
        words += "the node keeps there: name another folder, or give it to user number %d by chown"
        raise BellhopError(words % (folder, found[4], own[4]))
    if found[0] & 0o022:
        words = "others can write in the folder %s, so they could change what the node keeps there:"
        raise BellhopError((words + " `chmod go-w %s`") % (folder, folder))


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


def measured(value):
    """Return the checksum of a value's JSON, and its octets."""
    found, size = hashlib.sha256(), 0
    for piece in pieces(value):
        found.update(piece)
        size += len(piece)
    return binascii.hexlify(found.digest()), size


def _mark(text):
    """Return the checksum that stands before an entry."""
    return binascii.hexlify(hashlib.sha256(text).digest()[:8])
