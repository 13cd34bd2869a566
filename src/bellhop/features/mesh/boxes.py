"""The boxes of `config box`: for each contact an address that leads here, and tells nobody where.

A box has a key of its own, made when its section is first seen. It ends when its section goes, when
its hours are over, or when the owner asks for another address; what was known of it then leads
nowhere.
"""

import binascii

from ...effects import Store
from ...errors import BellhopError
from ...limits import MAX_BOXES
from ...mesh.boxes import Box
from ...sip import uri

NAME = "boxes"
OPEN, NO_WAY, OVER, UNKNOWN = STATES = (
    "open", "no way by three relays", "its hours are over", "its contact has no key",
)  # fmt: skip
SEED_BYTES = 32
HOUR = 3600000
# What is left of the hours of boxes is kept so often.
LOOK = HOUR
# No node has this id: a box for a contact without a key is for nobody.
NOBODY = b""
TOO_MANY = "there are more than %d boxes: the last ones are not open"


class Boxes:
    """A feature. dialling: of this package; carry_out: of the Member."""

    name = "boxes"
    hooks = ("restore", "started", "counters", "problems")
    events = ()
    users = {}

    def __init__(self, node, dialling, carry_out):
        self.node = node
        self.mesh = dialling.mesh
        self.dialling = dialling
        self.carry_out = carry_out
        # {name: row}, as they are kept; {name: ms at which it is over, None for never}.
        self.rows, self.until = {}, {}
        # {name: Box} of those that are open.
        self.open = {}
        self.wakers = {Boxes: self._wake}
        self.deadline = self.queued = None

    def whose(self, box):
        """Return the name of the user whose phones a Box rings, octets, or None: it is no more."""
        for section in self.node.settings.boxes:
            if self.open.get(section.name) is box:
                return section.user.encode()
        return None

    def title(self, box):
        """Return the name of a Box, text."""
        return ([name for name in self.open if self.open[name] is box] + [""])[0]

    def restore(self, name, records, now):
        """Take back the keys of the run before."""
        for row in records if name == NAME else ():
            left = row["seconds"]
            self.rows[row["id"]] = row
            self.until[row["id"]] = None if left is None else now + 1000 * left

    def started(self, now):
        """Open the boxes of the settings, end the others; return the effects."""
        sections, changes = self.node.settings.boxes[:MAX_BOXES], {}
        names = [one.name for one in sections]
        for name in [one for one in self.rows if one not in names]:
            self._end(name, changes)
        for section in sections:
            row = self.rows.get(section.name)
            if row is None or row["hours"] != section.hours:
                self._begin(section, row, changes, now)
            self._fit(section, now)
        self._plan(now)
        kept = [Store(NAME, self._dump, changes)] if changes else []
        wanted = [self.open[name] for name in names if name in self.open]
        if not wanted and not self.mesh.boxes.own:
            return kept
        return kept + self.carry_out(self.mesh.keep_boxes(wanted, now), now)

    def _begin(self, section, row, changes, now):
        """Make the key of a box, or give it other hours."""
        seed = self.node.random(SEED_BYTES)
        row = row or {"id": section.name, "seed": binascii.hexlify(seed).decode()}
        self.until[section.name] = now + section.hours * HOUR if section.hours else None
        self.rows[section.name] = dict(row, hours=section.hours)
        changes[section.name] = self._row(section.name, now)

    def _fit(self, section, now):
        """Open a box, or close it where its hours are over."""
        name, only = section.name, self._only(section)
        if self._is_over(name, now):
            self.open.pop(name, None)
            return
        box = self.open.get(name)
        if box is None:
            seed = binascii.unhexlify(self.rows[name]["seed"])
            box = self.open[name] = Box(self.mesh, seed, only, section.calls_per_hour, now)
        box.be_for(only, section.calls_per_hour)

    def _only(self, section):
        """Return the id of the one node that may call a box, None for all."""
        for contact in self.node.settings.contacts if section.contact else ():
            place = uri.parse(contact.address.encode()) if contact.address else None
            if contact.name == section.contact and place is not None:
                return self.dialling.node_of(place) or NOBODY
        return NOBODY if section.contact else None

    def _is_over(self, name, now):
        return self.until[name] is not None and now >= self.until[name]

    def _end(self, name, changes):
        """Forget the key of a box: nobody comes by it any more."""
        self.open.pop(name, None)
        del self.rows[name], self.until[name]
        changes[name] = None

    def _row(self, name, now):
        left = self.until[name]
        seconds = None if left is None else max(0, left - now) // 1000
        return dict(self.rows[name], seconds=seconds)

    def _dump(self, now):
        return [self._row(name, now) for name in self.rows]

    def _plan(self, now):
        times = [at for at in self.until.values() if at is not None and at > now]
        self.deadline = min(times + [now + LOOK]) if times else None
        self.node.deadlines.watch(self)

    def _wake(self, boxes, now):
        """End what is over; keep how long the others have left."""
        changes = {name: self._row(name, now) for name in self.rows if self.until[name] is not None}
        return self.started(now) + [Store(NAME, self._dump, changes)]

    # The owner.

    def counters(self):
        """Return how many calls came by boxes, and how many were not taken."""
        counts = {"calls": 0, "refused": 0}
        for box in self.open.values():
            counts = {name: counts[name] + box.counts[name] for name in counts}
        return {"boxes": counts}

    def problems(self):
        """Return sentences about boxes that are not open."""
        return [TOO_MANY % MAX_BOXES] if len(self.node.settings.boxes) > MAX_BOXES else []

    def show(self, arguments, now):
        """Return the boxes with their addresses and states."""
        rows = []
        for section in self.node.settings.boxes[:MAX_BOXES]:
            name = section.name
            if name not in self.rows:
                continue
            key = self.mesh.crypto.public_key(binascii.unhexlify(self.rows[name]["seed"]))
            left, box = self._row(name, now)["seconds"], self.open.get(name)
            counts = {} if box is None else box.counts
            rows.append(
                {"name": name, "user": section.user, "contact": section.contact,
                 "address": "sip:box@" + self.mesh.name_of(key), "state": self._state(box),
                 "hours_left": None if left is None else -(-left // 3600),
                 "calls": counts.get("calls", 0), "refused": counts.get("refused", 0)}
            )  # fmt: skip
        return {"boxes": rows}

    @staticmethod
    def _state(box):
        if box is None:
            return OVER
        if box.only == NOBODY:
            return UNKNOWN
        return OPEN if box.listening() else NO_WAY

    def renew(self, arguments, now):
        """`name`: of a box, which gets another address; who has the one before finds nobody."""
        name = arguments.get("name", "")
        if name not in self.rows:
            raise BellhopError("'%s' is no box; `bellhop boxes` shows all" % name)
        changes = {}
        self._end(name, changes)
        effects = self.started(now)
        return self.show({}, now), effects
