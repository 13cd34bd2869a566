"""Statements of directories: names are known by them where no directory can be asked.

The statement key of each `list directory` is kept once DNSSEC has proved it. A user's own statement
goes with each call beside the proof of the key.
"""

import binascii

from ...effects import Store
from ...errors import BellhopError
from ...names import keys, statement, tree
from ...names.answer import SECURE, TXT

DIRECTORIES, STATEMENTS = ("directories", "statements")
# Heads and names of others that are looked for in a log.
MOST = 16


class Directories:
    """A feature. known: zone -> its statement key; own: user's name -> octets of a statement;
    about: zone -> statement.Directory, since the last look-up; heads: zone -> [tree.Head] that
    others have shown; named: zone -> {name: keys.Published} by which somebody was named.

    today: days since 1970, None while the clock is not set.
    """

    name = "directories"
    hooks, events = ("restore",), ("clock",)
    users, wakers = {}, {}

    def __init__(self, node, questions, crypto):
        self.node = node
        self.questions = questions
        self.crypto = crypto
        self.known, self.own, self.about = {}, {}, {}
        self.heads, self.named = {}, {}
        self.today = None

    def clock(self, today, now):
        """Take the day."""
        self.today = today
        return []

    def restore(self, name, records, now):
        """Take back what was kept."""
        if name in (DIRECTORIES, STATEMENTS):
            found = {key: binascii.unhexlify(records[key]) for key in records}
            if name == DIRECTORIES:
                self.known = {zone.encode(): found[zone] for zone in found}
            else:
                self.own = found

    def look(self, now):
        """Ask for the statement keys of the directories; return the effects."""
        effects = []
        for zone in self.node.settings.dns.directory:
            effects += self._ask(zone.encode(), now)
        return effects

    def _ask(self, zone, now):
        def told(answers, now):
            found = statement.directory(answers[0].records)
            is_proved = answers[0].outcome == SECURE and not answers[0].why
            if found is None or not is_proved:
                return []
            self.about[zone] = found
            if self.known.get(zone) == found.key:
                return []
            self.known[zone] = found.key
            return [Store(DIRECTORIES, lambda now: _hex(self.known), None)]

        return self.questions.ask([(statement.LABEL + zone, zone)], TXT, told, now)

    def read(self, octets):
        """Return the Statement in octets of a stranger, None where it is not valid, or not now."""
        zone = statement.directory_of(octets)
        if zone is None or zone not in self.known or not self._is_wanted(zone):
            return None
        found = statement.read(octets, self.known[zone], self.crypto.verify)
        if found is None or (self.today is not None and found.until < self.today):
            return None
        head, heads = tree.read_head(found.head), self.heads.setdefault(zone, [])
        if head is not None and head not in heads:
            heads.append(head)
            del heads[:-MOST]
        return found

    def remember(self, name, found):
        """Note by which keys.Published a name (octets) was named, to look for it in the log."""
        for zone in self.node.settings.dns.directory[:1]:
            names = self.named.setdefault(zone.encode(), {})
            names.pop(name, None)
            names[name] = found
            while len(names) > MOST:
                del names[min(names)]

    def _is_wanted(self, zone):
        return zone in [one.encode() for one in self.node.settings.dns.directory]

    def keep(self, arguments, now):
        """Keep what a directory says of a user. `statement`: base64, as the directory gave it."""
        name, text = arguments.get("user", ""), arguments.get("statement", "")
        if name not in self.node.settings.users:
            raise BellhopError("there is no user '%s'; `bellhop users` shows them" % name)
        octets = keys.unbase64(text.encode())
        found = None if octets is None else self.read(octets)
        if found is None:
            raise BellhopError(
                "this is no valid statement of a directory in `list directory`, or its key was not "
                "found in the DNS yet: `bellhop names` shows what was found"
            )
        self.own[name] = octets
        told = {"user": name, "name": found.name.decode(), "until": found.until}
        return told, [Store(STATEMENTS, lambda now: _hex(self.own), None)]


def _hex(table):
    """Return a table of octets, JSON-able."""
    return {
        key if isinstance(key, str) else key.decode(): binascii.hexlify(table[key]).decode()
        for key in table
    }
