"""Looks up, now and again, what the DNS says of the names of this house: the verb `names`."""

from ...effects import Event, Note
from ...names import enum, keys, selfcheck
from ...names.answer import NAPTR, TXT
from ...sip import uri

# How often, ms; a fifth more or less, so that nobody can tell a router by the hour.
EVERY_MS, SPREAD_MS = (6 * 3600 * 1000, 72 * 60 * 1000)
# After the node's start the network may need a moment.
FIRST_MS = 20000
# For the answers of the DNS.
WATCH_MS = 15000
ALARMS = (selfcheck.FOREIGN, selfcheck.BESIDE, selfcheck.OUTDATED, selfcheck.REFUTED)
# Other numbers that are asked for among one's own: who answers cannot tell whom it is that looks.
OTHERS, OTHER_DIGITS = (3, 4)


class Selfcheck:
    """A feature. rows: name in the DNS -> what was found there, a dict; named: features.Named;
    watch: features.dns.watch.Watch.
    """

    name = "selfcheck"
    hooks, events = ("started",), ()
    users = {}

    def __init__(self, node, questions, named, watch, reach, random):
        self.node = node
        self.questions = questions
        self.named = named
        self.watch, self.directories = watch, named.directories
        self.reach = reach
        self.random = random
        self.rows = {}
        self.wakers, self.is_watching = {Selfcheck: self._wake}, False
        self.deadline = self.queued = None

    def started(self, now):
        """Look soon: something may have changed."""
        self.deadline = now + FIRST_MS
        self.node.deadlines.watch(self)
        return []

    def _wake(self, feature, now):
        """Ask the DNS, and look at the directories' logs when it has answered."""
        self.is_watching = not self.is_watching
        spread = int.from_bytes(self.random(4), "big") % (2 * SPREAD_MS) - SPREAD_MS
        self.deadline = now + (WATCH_MS if self.is_watching else EVERY_MS + spread)
        self.node.deadlines.watch(self)
        return self._check(now) if self.is_watching else self.watch.look(now)

    def _check(self, now):
        self.rows = {}
        looks = []
        for user, proof in sorted(self.named.people.items()):
            for shown, name, zone in self._names(user):
                looks.append(
                    (self.random(8), shown, name, zone, self._row(user, shown, name, proof))
                )
                for other in self._others(shown):
                    for name, zone in self.named.places(other):
                        looks.append((self.random(8), other, name, zone, {}))
        looks.sort(key=lambda look: look[0])
        effects = self.directories.look(now)
        for _, shown, name, zone, row in looks:
            effects += self._look(row, name, zone, now)
            digits = enum.digits_of(uri.key_of(shown.encode()))
            if digits is not None:
                effects += self._look_where(row, digits, zone, now)
        return effects

    def _others(self, shown):
        """Return numbers like one's own (text)."""
        digits = enum.digits_of(uri.key_of(shown.encode()))
        if digits is None:
            return []
        random = [int.from_bytes(self.random(4), "big") for _ in range(OTHERS)]
        head = digits[:-OTHER_DIGITS].decode()
        return ["+%s%04d" % (head, number % 10**OTHER_DIGITS) for number in random]

    def _row(self, user, shown, name, proof):
        line = keys.text(keys.Published(proof.key, proof.sequence)).decode()
        row = {"user": user, "name": shown, "owner": name.decode(), "record": line, "found": ""}
        self.rows[name] = row
        return row

    def _look(self, row, name, zone, now):
        """Look up which keys a name has; row: without a user where it is not of this house."""

        def told(answers, now):
            proof = self.named.people.get(row.get("user"))
            if proof is None:
                return []
            row["found"] = selfcheck.verdict(answers[0], proof.key, proof.sequence)
            row["why"] = answers[0].why
            return self._alarm(row) if row["found"] in ALARMS else []

        return self.questions.ask([(name, zone)], TXT, told, now)

    def _look_where(self, row, digits, zone, now):
        """Look up where a number leads."""

        def told(answers, now):
            found = enum.addresses(answers[0].records, digits)
            row["leads"] = " ".join([address.decode() for address in found])
            return []

        return self.questions.ask([(enum.owner(digits, zone), zone)], NAPTR, told, now)

    def _alarm(self, row):
        words = "the DNS says of %s: %s; `bellhop names` shows what should stand there"
        told = Note("error", words % (row["name"], row["found"]))
        return [Event("name", {"name": row["name"], "found": row["found"]}), told]

    def _names(self, user):
        """Return [(as people write it, name in the DNS, zone)] of the names of a user."""
        settings, found = self.node.settings, []
        section = settings.users.get(user)
        if section is None:
            return []
        address = user.encode() + b"@" + settings.domain
        for name, zone in self.named.places(address.decode(), True)[:1]:
            found.append(("sip:" + address.decode(), name, zone))
        for number in section.alias:
            digits = enum.digits_of(uri.key_of(number.encode()))
            for name, zone in self.named.places("+" + digits.decode(), True) if digits else ():
                found.append((number, name, zone))
        return found

    def show(self, arguments, now):
        """Return the names of this house with what the DNS says of their keys.

        directories: those whose statements are believed, and their APIs, what is wrong with their
        public logs, and how long those are; reached: entries of the phone book that can be called.
        """
        known = [self._directory(zone) for zone in sorted(self.directories.known)]
        rows = [self.rows[name] for name in sorted(self.rows)]
        return {"names": rows, "directories": known, "reached": self.reach.found()}

    def _directory(self, zone):
        about = self.directories.about.get(zone)
        api, watch = "" if about is None else about.api.decode(), self.watch
        problems, size = watch.problems.get(zone, []), watch.sizes.get(zone, 0)
        return {"zone": zone.decode(), "api": api, "problems": problems, "leaves": size}
