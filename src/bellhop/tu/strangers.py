"""Whom the node has sent away: addresses from elsewhere, how often they came, what they wanted."""

from ..limits import MAX_STRANGERS


class Stranger:
    """One address. Times are ms; dialled, status, why: of what it asked for last."""

    __slots__ = (
        "address", "count", "wrong_passwords", "since", "last", "dialled", "status", "why",
    )  # fmt: skip

    def __init__(self, address, now):
        self.address = address
        self.count = self.wrong_passwords = 0
        self.since = now

    def record(self, now):
        """Return it as a JSON-able dict; times are seconds ago."""
        return {
            "address": self.address,
            "count": self.count,
            "wrong_passwords": self.wrong_passwords,
            "seconds_since_first": (now - self.since) // 1000,
            "seconds_since_last": (now - self.last) // 1000,
            "dialled": self.dialled,
            "status": self.status,
            "why": self.why,
        }


class Strangers:
    """The addresses that were refused, the one that came last at the end."""

    def __init__(self):
        self.known = {}
        self.order = []
        self.counters = {"strangers_refused": 0, "strangers_forgotten": 0}

    def note(self, address, refusal, is_password, now):
        """An address was refused; refusal: (what it dialled, status, why), all for people."""
        self.counters["strangers_refused"] += 1
        one = self.known.get(address)
        if one is None:
            if len(self.order) >= MAX_STRANGERS:
                self.counters["strangers_forgotten"] += 1
                del self.known[self.order.pop(0)]
            one = self.known[address] = Stranger(address, now)
        else:
            self.order.remove(address)
        self.order.append(address)
        one.count += 1
        one.wrong_passwords += is_password
        one.last = now
        one.dialled, one.status, one.why = refusal

    def forget(self):
        """Know nobody any more."""
        self.known, self.order = {}, []

    def rows(self, now):
        """Return all as JSON-able dicts, the one that came last first."""
        return [self.known[address].record(now) for address in reversed(self.order)]
