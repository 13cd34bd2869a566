"""Who in the phone book can be called over the Internet: numbers looked up one by one, if wanted.

A directory that can is asked blindly. Whoever else serves the DNS below a suffix sees the
questions, so the owner has to want it, and they are asked seldom: never the whole book at once.
"""

from ...names import enum
from ...names.answer import NAPTR, SECURE
from ...sip import uri
from . import blindly

# Between two numbers, ms; each is asked for again a day later.
PACE_MS, AGAIN_MS = (60000, 86400000)
MOST = 512


class Reach:
    """A feature. rows: number -> (when it was looked up, what was found, a dict or None).

    entries(now): those of the phone book; numbers: features.dns.numbers.Numbers.
    """

    name = "reach"
    hooks, events = ("started",), ()
    users = {}

    def __init__(self, node, questions, numbers, entries):
        self.node = node
        self.names = {}
        self.questions = questions
        self.numbers = numbers
        self.entries = entries
        self.rows = {}
        self.wakers = {Reach: self._look}
        self.deadline = self.queued = None

    def started(self, now):
        """Begin where the owner wants it."""
        self.deadline = now + PACE_MS if self.node.settings.dns.book else None
        self.node.deadlines.watch(self)
        return []

    def found(self):
        """Return what was found, a list of dicts."""
        found = {number: row[1] for number, row in self.rows.items() if row[1]}
        for one in self.numbers.blindly:
            for digits in self.names:
                said = one.found("+" + digits.decode())
                if said is not None and said.address:
                    found[digits] = _row(digits, self.names[digits], said.address, True)
        return [found[number] for number in sorted(found)]

    def _look(self, feature, now):
        self.deadline = now + PACE_MS
        self.node.deadlines.watch(self)
        names = {}
        for entry in self.entries(now)[:MOST]:
            digits = enum.digits_of(uri.key_of(entry["number"].encode()))
            if digits is not None:
                names[digits] = entry["display"]
        self.names = names
        self.rows = {number: self.rows[number] for number in self.rows if number in names}
        for one in self.numbers.blindly:
            numbers = ["+" + digits.decode() for digits in sorted(names)]
            if one.place() is not None and [number for number in numbers if one.is_due(number)]:
                self.deadline = now + blindly.PACE_MS
                self.node.deadlines.watch(self)
                return one.look(numbers, lambda now: [], now)
        due = [one for one in names if one not in self.rows or now - self.rows[one][0] > AGAIN_MS]
        if not due or not self.numbers.suffixes():
            return []
        return self._ask(due[0], now)

    def _ask(self, digits, now):
        shown = self.names[digits]
        self.rows[digits] = now, None
        places = [(enum.owner(digits, suffix), suffix) for suffix in self.numbers.suffixes()]

        def told(answers, now):
            for answer in answers:
                addresses = enum.addresses(answer.records, digits)
                if addresses:
                    is_proved = answer.outcome == SECURE and not answer.why
                    self.rows[digits] = now, _row(digits, shown, addresses[0], is_proved)
                    break
            return []

        return self.questions.ask(places, NAPTR, told, now)


def _row(digits, shown, address, is_proved):
    number = "+" + digits.decode()
    return {"number": number, "name": shown, "address": address.decode(), "proved": is_proved}
