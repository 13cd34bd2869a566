"""The list of past calls: over a restart where the owner wants it, and as CSV (RFC 4180)."""

from .. import dates
from ..effects import Store
from ..errors import BellhopError
from ..limits import MAX_HISTORY
from ..text import csv_line
from ..tu.calls import ENDED, Members, still_here

NAME = "history"
CSV = "csv"
# What `wipe` forgets.
CALLS, TEXTS, KEYS, ALL = WHAT = ("calls", "texts", "keys", "all")
# Old calls are looked for this often.
LOOK, DAY = (3600000, 86400000)
# Column -> field of the call's record; the first is the moment at which it began.
COLUMNS = (
    "began", "caller", "callee", "dialled", "seconds_talked", "status", "ending", "answered_by",
    "security", "ended_by",
)  # fmt: skip


class Records:
    """A feature. kept: Call-ID (text) -> row of a past call, oldest first; `at`: seconds since 1970
    when it ended, None while this machine does not know the time."""

    name = "call records"
    hooks, events = ("changed", "restore", "started", "wipes"), ("clock",)
    users = {}

    def __init__(self, node):
        self.node = node
        self.wakers = {Records: self._age}
        self.deadline = self.queued = None
        self.kept, self.order = {}, []
        # Call-ID -> ms at which a call ended that has no date yet.
        self.undated = {}
        self.restored = []
        # What to add to `now` for ms since 1970; minutes that this place is before UTC.
        self.offset, self.minutes = None, 0

    def clock(self, seconds, minutes, now):
        """Take the seconds since 1970 and the minutes before UTC, None where they are not known."""
        if seconds is None:
            return []
        self.offset, self.minutes = seconds * 1000 - now, minutes
        for key, ended_at in self.undated.items():
            if key in self.kept:
                self.kept[key]["at"] = self._seconds(ended_at)
        restored, self.restored, self.undated = self.restored, [], {}
        self.node.calls.bring_back(
            [(row, row["at"] * 1000 - self.offset) for row in restored if row["at"] is not None]
        )
        return []

    def _seconds(self, ms):
        return None if self.offset is None else (ms + self.offset) // 1000

    def _is_on(self):
        return self.node.settings.keep_history

    def _age(self, records, now):
        """Forget what is older than the owner wants; return the effects."""
        self.deadline = now + LOOK if self.node.calls.history else None
        self.node.deadlines.watch(self)
        return self._forget(now - self.node.settings.privacy.history_days * DAY)

    def _forget(self, before):
        """Forget calls that had ended by a moment, with their traces; return the effects."""
        changes = {}
        for call in self.node.calls.forget(before):
            self.node.trace.forget(call.call_id)
            key = call.past()["id"]
            if self.kept.pop(key, None) is not None:
                self.order.remove(key)
                self.undated.pop(key, None)
                changes[key] = None
        return [Store(NAME, self._dump, changes)] if changes else []

    def wipes(self, what, now):
        """Forget all past calls, their messages, and who was sent away; return the effects."""
        if what not in (CALLS, ALL):
            return []
        self.node.strangers.forget()
        effects = self._forget(now)
        # Also those of earlier runs that have no date yet.
        self.kept, self.order, self.undated, self.restored = {}, [], {}, []
        return effects + [Store(NAME, self._dump, None)]

    def wipe(self, arguments, now):
        """The verb. `what`: calls (with their messages, and strangers), texts, keys, or all."""
        what = arguments.get("what") or ALL
        if what not in WHAT:
            raise BellhopError("wipe one of: " + ", ".join(WHAT))
        effects = []
        for wipes in self.node.hooks.wipes:
            effects += wipes(what, now)
        return {"wiped": what}, effects

    def changed(self, call, now):
        """Keep a call that has ended; return the effects."""
        if call.state != ENDED:
            return []
        if not self.node.settings.privacy.history_days:
            return self._forget(now)
        if self.deadline is None:
            self.deadline = now + LOOK
            self.node.deadlines.watch(self)
        if not self._is_on():
            return []
        row = dict(call.past(), at=self._seconds(now))
        key, changes = row["id"], {}
        if row["at"] is None:
            self.undated[key] = now
        if key not in self.kept:
            self.order.append(key)
        self.kept[key] = changes[key] = row
        if len(self.order) > MAX_HISTORY:
            oldest = self.order.pop(0)
            self.undated.pop(oldest, None)
            del self.kept[oldest]
            changes[oldest] = None
        return [Store(NAME, self._dump, changes)]

    def _dump(self, now):
        return [self.kept[key] for key in self.order]

    def started(self, now):
        """Forget on flash what the owner does not want there any more; return the effects.

        A member who lives here no more is taken out: another of that name sees no such call.
        """
        is_nobody, changes = self.node.settings.is_nobody, {}
        self.node.calls.leave_out(is_nobody)
        if not self.kept:
            return []
        if self._is_on():
            for key, row in self.kept.items():
                members = still_here(row.get("members") or Members().row(), is_nobody)
                if members != row.get("members"):
                    row["members"], changes[key] = members, row
            return [Store(NAME, self._dump, changes)] if changes else []
        self.kept, self.order, self.undated, self.restored = {}, [], {}, []
        return [Store(NAME, self._dump, None)]

    def restore(self, name, records, now):
        """Take the calls of earlier runs; they are shown once this machine knows the time."""
        if name != NAME:
            return
        for row in records[-MAX_HISTORY:]:
            self.kept[row["id"]] = row
            self.order.append(row["id"])
            self.node.calls.number_from(row["number"])
        self.restored = records[-MAX_HISTORY:]

    # The verb.

    def show(self, arguments, now):
        """`format`: none for the records themselves, or csv."""
        form = arguments.get("format")
        rows = [call.record(now) for call in reversed(self.node.calls.history)]
        if form is None:
            return {"history": rows}
        if form != CSV:
            raise BellhopError("the list of calls is written as csv, not as '%s'" % form)
        lines = [csv_line(COLUMNS)] + [csv_line(self._line(row, now)) for row in rows]
        return {"text": "".join(lines), "content_type": "text/csv; charset=utf-8"}

    def _line(self, row, now):
        at = self._seconds(now - row["seconds_since_start"] * 1000)
        began = "" if at is None else dates.iso(at, self.minutes)
        values = [row[name] for name in COLUMNS[1:]]
        return [began] + ["" if value is None else str(value) for value in values]
