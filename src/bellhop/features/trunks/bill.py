"""What calls by providers have cost, and how long they took: a row for each provider and month.

Prices are those of `config route`; minutes count as they begin, as most providers bill them.
"""

# Months that are kept; past it the oldest goes.
MOST_MONTHS = 24
NUMBERS = (
    "calls_out",
    "seconds_out",
    "calls_in",
    "seconds_in",
    "cost",
    "mesh_seconds",
    "mesh_cost",
)
NAME = "bill"
MINUTE = 60


class Bill:
    """rows: (month, provider) -> {NUMBERS: number}; month: as 2026-11, "" where nobody knows."""

    def __init__(self):
        self.month = ""
        self.rows = {}
        self.dirty = {}

    def date(self, month):
        """Count for this month from now on."""
        self.month = month

    def restore(self, records):
        """Take back the rows of an earlier run."""
        for row in records:
            month, _, provider = row["id"].partition(" ")
            self.rows[month, provider] = {name: int(row[name]) for name in NUMBERS}

    def of(self, provider):
        """Return the numbers of a provider in this month."""
        return self.rows.get((self.month, provider)) or dict.fromkeys(NUMBERS, 0)

    def add(self, leg, seconds):
        """Count a call that has ended. leg: leg.Leg; seconds: how long it was talked."""
        key = self.month, leg.provider.name
        row = self.rows[key] = self.of(leg.provider.name)
        self._drop_oldest()
        way = "out" if leg.is_out else "in"
        row["calls_" + way] += 1
        row["seconds_" + way] += seconds
        cost = cost_of(leg.price, seconds) if leg.is_out else 0
        row["cost"] += cost
        if leg.payer is not None:
            row["mesh_seconds"] += seconds
            row["mesh_cost"] += cost
        self.dirty["%s %s" % key] = row

    def _drop_oldest(self):
        months = sorted({month for month, _ in self.rows})
        for month in months[:-MOST_MONTHS]:
            for key in [key for key in self.rows if key[0] == month]:
                del self.rows[key]
                self.dirty["%s %s" % key] = None

    def dump(self, now):
        """Return all rows, for a Store effect."""
        return [dict(row, id="%s %s" % key) for key, row in self.rows.items()]

    def changes(self, now):
        """Return the rows that differ from what was kept last."""
        dirty, self.dirty = self.dirty, {}
        return {key: None if dirty[key] is None else dict(dirty[key], id=key) for key in dirty}

    def left(self, section, price):
        """Return how many seconds more the mesh may call this month, at a price.

        section: `config provider`; price: (minute, call) in thousandths, each None where unknown.
        """
        row = self.of(section.name)
        seconds = section.offer_minutes * MINUTE - row["mesh_seconds"]
        minute, call = (price or (None, None))[0] or 0, (price or (None, None))[1] or 0
        money = section.offer_money - row["mesh_cost"] - call
        if not minute:
            return 0 if call and money < 0 else max(seconds, 0)
        return max(min(seconds, money // minute * MINUTE), 0)


def cost_of(price, seconds):
    """Return what a call has cost in thousandths of the smallest unit; price: (minute, call)."""
    minute, call = price or (None, None)
    return (minute or 0) * ((seconds + MINUTE - 1) // MINUTE) + (call or 0)
