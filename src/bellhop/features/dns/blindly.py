"""Numbers that a directory is asked for without seeing which (RFC 9497): unlisted ones too.

Only who is published in a directory may ask so. An answer is kept for the life of a statement, and
so long the number is not asked for again: two days' buckets together would tell which it is.
"""

from ...effects import Store
from ...names import keys, statement

BLINDLY = "blindly"
# Days: the life of a statement (bellhop_exchange/directory). At once: as many as the bounds of a
# directory allow every three minutes.
KEPT_DAYS, AT_ONCE, PACE_MS = (30, 8, 180000)
MOST = 512


class Blindly:
    """A feature. rows: number, text -> (day of the answer, octets of a statement or b"").

    directories: features.dns.directories.Directories; errands: features.dns.errands.Errands.
    """

    name = "blindly"
    hooks, events = ("restore",), ()
    users, wakers = {}, {}

    def __init__(self, node, directories, errands):
        self.node = node
        self.directories = directories
        self.errands = errands
        self.rows, self.asking = {}, set()
        self.plain = []
        self.problem = ""

    def restore(self, name, records, now):
        """Take back what was kept."""
        if name == BLINDLY:
            found = {number: (day, keys.unbase64(text.encode())) for number, day, text in records}
            self.rows = {number: row for number, row in found.items() if row[1] is not None}

    def place(self):
        """Return (user, zone) of who may ask here, or None."""
        for user, octets in sorted(self.directories.own.items()):
            zone = statement.directory_of(octets)
            about = self.directories.about.get(zone)
            if about is not None and about.api and zone not in self.plain:
                return user, zone
        return None

    def is_alone(self):
        """Tell whether the owner wants that no directory sees a number."""
        return self.node.settings.dns.lookup == "private"

    def found(self, number):
        """Return the Statement that is known of a number, or None."""
        return self.directories.read(self.rows.get(number, (0, b""))[1])

    def is_due(self, number):
        """Tell whether a number may be asked for, again or at all."""
        today = self.directories.today
        if today is None or number in self.asking:
            return False
        return number not in self.rows or today >= self.rows[number][0] + KEPT_DAYS

    def look(self, numbers, go_on, now):
        """Ask for what is due of some numbers; return effects; go_on(now) returns those then."""
        place = self.place()
        wanted = [number for number in numbers if self.is_due(number)][:AT_ONCE]
        if place is None or not wanted:
            return go_on(now)
        user, zone = place
        fields = {"user": user, "api": self.directories.about[zone].api.decode(), "names": wanted}

        def told(answer, now):
            self.problem = answer.get("problem", "")
            self.asking.difference_update(wanted)
            if answer.get("is_plain"):
                self.plain.append(zone)
            self._keep(answer.get("found", {}), wanted)
            return [Store(BLINDLY, lambda now: self._kept(), None)] + go_on(now)

        self.asking.update(wanted)
        return self.errands.send("find", fields, told, now)

    def _keep(self, found, wanted):
        day = self.directories.today
        for number in wanted:
            octets = keys.unbase64(found.get(number, "-").encode())
            if octets is not None:
                self.rows[number] = day, octets
        while len(self.rows) > MOST:
            del self.rows[min(self.rows, key=lambda one: self.rows[one][0])]

    def _kept(self):
        rows = self.rows
        return [[one, rows[one][0], keys.base64(rows[one][1]).decode()] for one in sorted(rows)]
