"""Guests of field mode: users who are there while it is on, each with a number of a pool.

They may call inside the mesh and for help. When field mode ends they are gone, with their phones.
"""

from ...effects import Event, Store
from ...settings import reader
from ...sip import uri
from ...text import printable


class Guests:
    """A feature. rows: name -> {"id", "number", "shown"}."""

    name = "guests"
    hooks, events = ("adopt", "restore", "started"), ()
    users, wakers = {}, {}

    def __init__(self, node):
        self.node = node
        self.rows = {}

    def is_on(self):
        """Tell whether unknown phones are taken in."""
        return self.node.settings.field_mode

    def adopt(self, settings):
        """Let the guests be users, while the owner wants them."""
        rows = [self.rows[name] for name in sorted(self.rows)] if settings.field_mode else []
        settings.take_in([_section(row, settings) for row in rows])

    def started(self, now):
        """Forget the guests when the owner wants none any more; return the effects."""
        if self.is_on() or not self.rows:
            return []
        gone, self.rows = dict.fromkeys(self.rows), {}
        return [self._kept(gone)]

    def _kept(self, changes):
        return Store("guests", lambda now: list(self.rows.values()), changes)

    def restore(self, name, records, now):
        """Take back the guests."""
        if name == "guests":
            self.rows = {record["id"]: record for record in records}
            self.adopt(self.node.settings)

    def add(self, shown, now):
        """Make a guest with the first free number; return (section or None, effects)."""
        settings = self.node.settings
        number = self._free()
        if number is None:
            return None, []
        row = {"id": "guest" + number, "number": number, "shown": printable(shown)[:40]}
        self.rows[row["id"]] = row
        settings.take_in([_section(row, settings)])
        told = [Event("phone", {"user": row["id"]})] if self.node.is_watched else []
        return settings.users[row["id"]], [self._kept({row["id"]: row})] + told

    def _free(self):
        settings = self.node.settings
        first, _, last = settings.field_numbers.partition("-")
        for number in range(int(first), int(last) + 1):
            text = "%0*d" % (len(first), number)
            key = uri.key_of(text.encode())
            taken = (settings.names, settings.emergency, settings.speed_dial)
            if not [one for one in taken if key in one] and "guest" + text not in settings.users:
                return text
        return None


def _section(row, settings):
    shown = ("%s %s" % (row["number"], row["shown"])).strip()
    values = {"name": row["id"], "display_name": shown, "extension": row["number"],
              "may_call": "mesh", "pilot": "no"}  # fmt: skip
    user = reader.section_of("user", values)
    user.prepare(settings.realm)
    return user
