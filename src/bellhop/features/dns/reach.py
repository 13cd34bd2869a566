"""Who in the phone book can be called over the Internet: numbers looked up one by one, if wanted.

Whoever serves the DNS below a suffix sees the questions, so the owner has to want it, and they are
asked seldom: never the whole book at once.
"""

from ...names import enum
from ...names.answer import NAPTR, SECURE
from ...sip import uri

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
        return [self.rows[number][1] for number in sorted(self.rows) if self.rows[number][1]]

    def _look(self, feature, now):
        self.deadline = now + PACE_MS
        self.node.deadlines.watch(self)
        names = {}
        for entry in self.entries(now)[:MOST]:
            digits = enum.digits_of(uri.key_of(entry["number"].encode()))
            if digits is not None:
                names[digits] = entry["display"]
        self.rows = {number: self.rows[number] for number in self.rows if number in names}
        due = [one for one in names if one not in self.rows or now - self.rows[one][0] > AGAIN_MS]
        if not due or not self.numbers.suffixes():
            return []
        digits = due[0]
        self.rows[digits] = now, None
        places = [(enum.owner(digits, suffix), suffix) for suffix in self.numbers.suffixes()]

        def told(answers, now):
            for answer in answers:
                addresses = enum.addresses(answer.records, digits)
                if addresses:
                    self.rows[digits] = now, _row(digits, names[digits], addresses[0], answer)
                    break
            return []

        return self.questions.ask(places, NAPTR, told, now)


def _row(digits, shown, address, answer):
    is_proved = answer.outcome == SECURE and not answer.why
    number = "+" + digits.decode()
    return {"number": number, "name": shown, "address": address.decode(), "proved": is_proved}
