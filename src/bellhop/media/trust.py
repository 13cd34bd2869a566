"""What is known of the keys of far ends: first seen, known, changed, named, words compared, signed.

A key belongs to a contact, the address that people know ("gran@far.test"): the same key under
another contact's name proves nothing, because a router may write any name.
"""

import binascii

from ..errors import BellhopError

DIFFERENT, CLEAR, CHANGED, ENCRYPTED, KNOWN, NAMED, COMPARED, SIGNED = LEVELS = (
    "words differ", "clear", "key changed", "encrypted", "known key", "named by DNSSEC",
    "words compared", "signed",
)  # fmt: skip
REQUIRE, PREFER, ALLOW = POLICIES = ("require", "prefer", "allow")
MARKS = (COMPARED, SIGNED)

# Contacts with a key. Past it the unmarked one that has not called for longest is forgotten; where
# all are marked, a new one is not kept and stays "encrypted".
MAX_CONTACTS = 1024
# A contact is user@host; the longest host name and a user part.
MAX_CONTACT_LETTERS = 320


class Contact:
    """key: octets; mark: "" or one of MARKS; calls: with this key; changed: with another."""

    __slots__ = ("key", "mark", "calls", "changed")

    def __init__(self, key, mark="", calls=1, changed=0):
        self.key = key
        self.mark = mark
        self.calls = calls
        self.changed = changed


class Trust:
    """The contacts, the one that called last at the end of `order`."""

    def __init__(self):
        self.contacts = {}
        self.order = []
        self.counters = {"contacts_forgotten": 0, "contacts_refused": 0, "keys_changed": 0}

    def look(self, name, key):
        """Return what a proved key of a contact is worth, without noting it."""
        known = self.contacts.get(name)
        if known is None:
            return ENCRYPTED
        if known.key != key:
            return CHANGED
        # A signature is one of a call: the next call with this key has to bring its own.
        return known.mark if known.mark == COMPARED else KNOWN

    def see(self, name, key):
        """Note a key that was proved in a call; return what it was worth before."""
        level = self.look(name, key)
        known = self.contacts.get(name)
        if known is None:
            self._add(name, key)
        elif level == CHANGED:
            self.counters["keys_changed"] += 1
            known.changed += 1
        else:
            known.calls += 1
            self.order.remove(name)
            self.order.append(name)
        return level

    def known_as(self, name, key):
        """Return the name under which the key of a far node is known for the user of `name`.

        A node may call itself otherwise than before; user and key are the same.
        """
        known = self.contacts.get(name)
        if known is not None and known.key == key:
            return name
        user = name.partition("@")[0]
        for other in self.order:
            if self.contacts[other].key == key and other.partition("@")[0] == user:
                return other
        return name

    def is_known(self, name):
        """Tell whether calls with a contact were encrypted before."""
        return name in self.contacts

    def mark(self, name, key, mark):
        """Words, signatures or DNSSEC show that the key is the contact's; return its level.

        DNSSEC does not overrule what people have seen themselves.
        """
        if name not in self.contacts and not self._add(name, key):
            return ENCRYPTED
        contact = self.contacts[name]
        if contact.key != key and contact.mark and mark == NAMED:
            return CHANGED
        if contact.key != key:
            self.contacts[name] = contact = Contact(key)
        if mark == NAMED:  # As with a signature, the next call has to be named anew.
            return COMPARED if contact.mark == COMPARED else NAMED
        if contact.mark != COMPARED:
            contact.mark = mark
        return mark

    def accept(self, name, key):
        """The owner takes a changed key for the contact's new one."""
        if name in self.contacts and self.contacts[name].key != key:
            self.contacts[name] = Contact(key)

    def follow(self, old, new):
        """One key stands for another from now on; tell whether any contact had it.

        What was said of the old one has to be said anew.
        """
        names = [name for name in self.contacts if self.contacts[name].key == old]
        for name in names:
            self.contacts[name] = Contact(new, "", self.contacts[name].calls)
        return bool(names)

    def forget(self, name):
        """Know nothing of a contact; tell whether something was known."""
        if self.contacts.pop(name, None) is None:
            return False
        self.order.remove(name)
        return True

    def _add(self, name, key):
        if len(name) > MAX_CONTACT_LETTERS or not self._make_room():
            self.counters["contacts_refused"] += 1
            return False
        self.contacts[name] = Contact(key)
        self.order.append(name)
        return True

    def _make_room(self):
        if len(self.order) < MAX_CONTACTS:
            return True
        for name in self.order:
            if not self.contacts[name].mark:
                self.counters["contacts_forgotten"] += 1
                return self.forget(name)
        return False

    def dump(self):
        """Return all contacts as JSON-able records, the one that called last at the end."""
        return [
            {
                "contact": name,
                "key": binascii.hexlify(self.contacts[name].key).decode(),
                "mark": self.contacts[name].mark,
                "calls": self.contacts[name].calls,
                "changed": self.contacts[name].changed,
            }
            for name in self.order
        ]

    def restore(self, records):
        """Take back what `dump` gave; raises BellhopError and changes nothing if it is damaged."""
        contacts, order = {}, []
        try:
            for record in records[-MAX_CONTACTS:]:
                name, key = record["contact"], binascii.unhexlify(record["key"])
                if record["mark"] not in ("",) + MARKS or name in contacts or len(key) != 32:
                    raise ValueError(name)
                calls, changed = int(record["calls"]), int(record["changed"])
                contacts[name] = Contact(key, record["mark"], calls, changed)
                order.append(name)
        except (KeyError, TypeError, ValueError):
            raise BellhopError("the kept keys are damaged: remove the file to begin anew") from None
        self.contacts, self.order = contacts, order


class Policies:
    """What the owner wants of calls: a policy and, where he asks for more, the lowest level.

    general: (policy, level); contacts: name -> (policy, level). With REQUIRE a call below the level
    is refused, with PREFER it is announced, with ALLOW it just goes on.
    """

    def __init__(self, general=(PREFER, ENCRYPTED), contacts=None):
        self.general = general
        self.contacts = contacts or {}

    def of(self, name):
        """Return the policy for calls with a contact."""
        return self.contacts.get(name, self.general)[0]

    def wants(self, name, level):
        """Tell whether the owner wants to see just this level for a contact."""
        return self.contacts.get(name, self.general)[1] == level

    def take(self, name, policy):
        """Judge a contact by the stricter of its policy and another: (policy, level)."""
        before = self.contacts.get(name)
        if before is not None:
            kind = min(before[0], policy[0], key=POLICIES.index)
            policy = kind, max(before[1], policy[1], key=LEVELS.index)
        self.contacts[name] = policy

    def is_enough(self, name, level):
        """Tell whether a level is what the owner wants to see for a contact."""
        return LEVELS.index(level) >= LEVELS.index(self.contacts.get(name, self.general)[1])

    def is_strict(self, name):
        """Tell whether the owner wants to see more than any key for a contact."""
        return not self.is_enough(name, ENCRYPTED)
