"""A session as a row that outlives the process, and back: another one goes on with its sound.

A row holds the keys of the sound, and belongs into memory alone. What agreed on them is left out:
who reads the row reads this call and no other.
"""

from ..text import of_octets
from .agreement import Agreement, Opening, Proposal
from .crypto import BY_NUMBER, Crypto, Suite
from .decision import Party
from .negotiation import Negotiation, Offer, Slot
from .sdp import Description, parse
from .session import Session

# What is kept of each kind of thing, and what all others of its attributes begin with.
KINDS = {
    "session": (
        Session,
        (
            "call_id", "caller_tag", "parties", "contact", "zones", "reasons", "role", "phone_side",
            "agreement", "is_claimed", "group", "locals", "moves", "slots", "first", "dialogs",
            "chosen", "level",
        ),
        {"parked": (), "user": None, "problem": None, "signature": None, "deadline": None,
         "queued": None, "is_resumed": True, "guise": None},
    ),
    "slot": (Slot, ("number", "ports", "is_shown", "applied", "dialog"), {}),
    "offer": (Offer, ("side", "cseq", "raw", "description", "sent", "lines", "cryptos"), {}),
    "negotiation": (
        Negotiation,
        (
            "agreement", "described", "offers", "first", "answers", "accepted", "cryptos", "protos",
            "is_keyed", "is_late", "lines",
        ),
        {},
    ),
    "agreement": (
        Agreement,
        (
            "role", "call_id", "state", "opening", "answered", "transcript", "peer", "suite",
            "context", "secret", "epoch", "proposals", "last",
        ),
        {"shared": b""},
    ),
    "opening": (Opening, ("octets", "random", "confirmed_by"), {"secret": None}),
    "crypto": (Crypto, ("tag", "suite", "key", "salt"), {}),
}  # fmt: skip
NAMES = {KINDS[name][0]: name for name in KINDS}
TUPLES = {"party": Party, "proposal": Proposal}
TUPLE_NAMES = {Party: "party", Proposal: "proposal"}
# What a row that cannot be read raises.
UNREADABLE = (KeyError, TypeError, ValueError, IndexError, AttributeError)


def row_of(session):
    """Return a Session that is answered as a JSON-able row."""
    writer = _Writer()
    writer.write(session)
    return writer.things


def numbers_of(row):
    """Yield the numbers of the relays in a row."""
    for kind, values in row:
        if kind == "slot":
            yield values["number"]


def session_of(row, dh, identity):
    """Return the Session of a row; raises one of UNREADABLE."""
    reader = _Reader(row, dh, identity)
    return reader.thing(0)


def effects_of(calls):
    """Yield the effects by which the sound of kept calls goes on, as far as it can be read."""
    for call in calls:
        for row in call.get("sound") or ():
            try:
                yield from session_of(row, None, None).resume()
            except UNREADABLE:
                continue


class _Writer:
    """things: [kind, {attribute: value}] of each thing, which others name by its place."""

    def __init__(self):
        self.things = []
        self.places = {}

    def write(self, value):
        """Return a value as JSON, a list with a mark where JSON has none of its kind."""
        kind = type(value)
        if value is None or kind in (bool, int, str):
            return value
        if kind is bytes:
            return ["b", of_octets(value)]
        if kind in TUPLE_NAMES:
            return [TUPLE_NAMES[kind]] + [self.write(one) for one in value]
        if kind is Suite:
            return ["suite", value.number]
        if kind is Description:
            return ["sdp", of_octets(value.write())]
        if kind in (list, tuple):
            return ["l" if kind is list else "t"] + [self.write(one) for one in value]
        if kind is dict:
            return ["d"] + [[self.write(key), self.write(value[key])] for key in value]
        return ["@", self._place(value)]

    def _place(self, thing):
        place = self.places.get(id(thing))
        if place is None:
            name = NAMES[type(thing)]
            place = self.places[id(thing)] = len(self.things)
            values = {}
            self.things.append([name, values])
            for attribute in KINDS[name][1]:
                values[attribute] = self.write(getattr(thing, attribute))
        return place


class _Reader:
    def __init__(self, row, dh, identity):
        self.row = row
        self.ends = {"dh": dh, "identity": identity}
        self.things = {}

    def read(self, value):
        """Return what `_Writer.write` was given."""
        if not isinstance(value, list):
            return value
        mark, rest = value[0], value[1:]
        if mark == "b":
            return _octets(rest[0])
        if mark in TUPLES:
            return TUPLES[mark](*[self.read(one) for one in rest])
        if mark == "suite":
            return BY_NUMBER[rest[0]]
        if mark == "sdp":
            return parse(_octets(rest[0]))
        if mark == "d":
            return {self.read(key): self.read(one) for key, one in rest}
        if mark == "@":
            return self.thing(rest[0])
        found = [self.read(one) for one in rest]
        return tuple(found) if mark == "t" else found

    def thing(self, place):
        """Return the thing in a place of the row."""
        if place in self.things:
            return self.things[place]
        name, values = self.row[place]
        kind, attributes, begins = KINDS[name]
        made = self.things[place] = object.__new__(kind)
        if kind is Agreement:
            begins = dict(begins, **self.ends)
        for attribute in begins:
            value = begins[attribute]
            setattr(made, attribute, list(value) if value == () else value)
        for attribute in attributes:
            setattr(made, attribute, self.read(values[attribute]))
        return made


def _octets(text):
    return bytes([ord(letter) for letter in text])
