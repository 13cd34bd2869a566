"""What of the bindings outlives a restart.

All of them, as they are, in a RAM disk; and on flash by which ways the phones are reached, without
their refreshes, so that they ring again when the power comes back.
"""

from ..effects import Flow, Store
from ..sip import scan, uri
from .location import Binding
from .registrar import push_of

# The names under which they are kept.
NOW, LASTING = NAMES = ("bindings", "phones")
# Fields of a binding that are kept: octets, and plain values.
OCTETS = ("contact", "call_id", "instance", "agent", "login")
PLAIN = ("user", "q", "cseq", "reg_id")
DEFAULT_PORTS = {"tcp": 5060, "tls": 5061}


class Kept:
    """Keeps a Location. listeners(): the Listener or None of each number in a Flow.

    elsewhere: rows of phones that were reached from an address which this machine does not have
    now: a router's addresses come one by one. refreshed: number -> Binding of which only the time
    is new: many of them are written at once, a moment later.
    """

    def __init__(self, location, listeners):
        self.location = location
        self.listeners = listeners
        self.is_warm = False
        self.refreshed = {}
        self.elsewhere, self.since = [], 0

    def stores(self, added, removed, now):
        """Return the effects that keep changed bindings."""
        news = [binding for binding in added if binding.is_news]
        for binding in news + removed:
            self.refreshed.pop(binding.number, None)
        effects = self._store(NOW, news, removed, now) + self._store(LASTING, news, removed, now)
        was_asked = bool(self.refreshed)
        self.refreshed.update({one.number: one for one in added if not one.is_news})
        if self.refreshed and not was_asked:
            effects.append(self._whole(NOW, self._refreshes))
        return effects

    def _refreshes(self, now):
        refreshed, self.refreshed = self.refreshed, {}
        return {number: self._row(refreshed[number], NOW, now) for number in refreshed}

    def _store(self, name, added, removed, now):
        changes = {binding.number: None for binding in removed}
        changes.update({binding.number: self._row(binding, name, now) for binding in added})
        return [self._whole(name, changes)] if changes else []

    def start(self):
        """Return the effects that keep again what `restore` has brought."""
        return [self._whole(name, None) for name in NAMES]

    def _whole(self, name, changes):
        return Store(name, lambda now: self._rows(name, now), changes)

    def _rows(self, name, now):
        if name == NOW:
            self.refreshed = {}
        rows = [self._row(binding, name, now) for binding in self.location.all(now)]
        rows = [row for row in rows if row is not None] + self.elsewhere
        rows.sort(key=lambda row: row.get("id", 0))  # What has not changed is not written.
        return rows

    def _row(self, binding, name, now):
        """Return a binding as a JSON-able row, or None where its address has gone.

        seconds: what remains. Nobody knows how old a row on flash will be when it is read, and the
        phone may have refreshed since: there they are what was granted.
        """
        listener = self.listeners()[binding.flow.local]
        if listener is None:
            return None
        row = {field: scan.to_text(getattr(binding, field)) for field in OCTETS}
        row.update({field: getattr(binding, field) for field in PLAIN})
        row["id"], row["granted"] = binding.number, binding.seconds
        row["params"] = [[scan.to_text(part) for part in pair] for pair in binding.params]
        row["path"] = [scan.to_text(route) for route in binding.path]
        row["flow"], row["listener"] = list(binding.flow), list(listener)
        row["seconds"], row["age"] = binding.seconds, 0
        if name == NOW:
            row["seconds"], row["age"] = (
                (binding.until - now) // 1000,
                (now - binding.since) // 1000,
            )
        return row

    def restore(self, name, rows, users, now):
        """Take back what an earlier run had kept, NOW before LASTING; users: those there are."""
        if name == NOW:
            self.is_warm = True
        elif self.is_warm:
            return  # The power was there all the time: NOW is newer.
        self.elsewhere, self.since = rows, now
        for row in rows:
            self.location.number = max(self.location.number, row.get("id", 0))
        self.look_again(users, now)

    def look_again(self, users, now):
        """Take back the phones whose address has come; return their bindings."""
        listeners, found = self.listeners(), []
        rows, self.elsewhere = self.elsewhere, []
        for row in rows:
            if now - self.since >= row["seconds"] * 1000 or row["user"] not in users:
                continue
            if tuple(row["listener"]) in listeners:
                binding = _binding(row, listeners, now)
                if self.location.put_back(binding):
                    found.append(binding)
            else:
                self.elsewhere.append(row)
        return found


def _binding(row, listeners, now):
    """Return the Binding in a row."""
    binding = Binding()
    for name in OCTETS:
        setattr(binding, name, scan.to_octets(row.get(name)))
    for name in PLAIN:
        setattr(binding, name, row[name])
    binding.params = [tuple([scan.to_octets(part) for part in pair]) for pair in row["params"]]
    binding.path = [scan.to_octets(route) for route in row["path"]]
    binding.flow = way_back(row["flow"], listeners.index(tuple(row["listener"])), binding.contact)
    binding.until = now + row["seconds"] * 1000
    binding.since = now - row["age"] * 1000
    binding.seconds = row.get("granted", row["seconds"])
    binding.number = row.get("id", 0)
    binding.unanswered, binding.answers, binding.streams = 0, False, None
    binding.push = push_of(binding.contact)
    binding.asleep = binding.push is not None and bool(binding.flow.connection)
    return binding


def way_back(fields, local, contact):
    """Return the Flow to a phone after a restart; fields: of the Flow that was.

    Its stream is gone: where the phone listens itself, one is opened.

    Behind NAT it does not; then the number of the stream that was stays, and a call is told at once
    that the phone is not there.
    """
    transport, _, host, port, connection, name = fields
    found = uri.parse(contact)
    here = Flow(transport, local, host, found.port or 5060, 0, name)
    if transport in DEFAULT_PORTS and found.host is not None and found.is_at(here):
        return Flow(transport, local, host, found.port or DEFAULT_PORTS[transport], 0, name)
    return Flow(transport, local, host, port, connection, name)
