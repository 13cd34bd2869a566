"""Messages to the absent: a MESSAGE (RFC 3428) waits here until a phone of its user registers."""

from ...errors import SipError
from ...limits import (
    MAILBOX_PARTS,
    MAX_BINDINGS_PER_USER,
    MAX_MAILBOX_BYTES,
    MAX_MAILBOXES_BYTES,
    MAX_TAKEN,
    SENDERS,
    STRANGER,
)
from ...sip import scan
from ...sip.message import Request
from . import imdn

# "Somebody is typing" is worth nothing later (RFC 3994).
NOT_KEPT = (b"application/im-iscomposing+xml",)
# Header fields that the addressee's phone must see.
KEPT = (b"from", b"to", b"content-type", b"content-encoding", b"date", b"subject", b"reply-to")
# Final responses by which a phone does not refuse the message itself: it may take it another time.
NOT_NOW = (408, 429, 480, 486, 500, 503, 504)
# After so many of them from one phone the message is brought to it no more.
MAX_TRIES = 8
MAX_SECONDS = 2**32 - 1
# A phone that is registered and did not answer is tried again after so long, ms.
TRY_AGAIN = 60000
# A node that was told nothing says a text again for so long, ms.
SAID_AGAIN = 7 * 86400000


class StoredMessage:
    """One waiting message: header lines as (name, line), and the body. Equal by identity.

    sender: (one of SENDERS, name); until: ms, or None for ever; receipt: (URI of the sender, that
    of the addressee, message id, date) where the sender wants to hear of the delivery.
    under_way: key of the phone (Binding.key) to which it is brought now, or None; tries: key of a
    phone -> how often it did not take it. origin: of what another node has said, (its key, the
    Call-ID), else None; asker: (request, server transaction) of a sender who was promised nothing.
    """

    __slots__ = ("asker", "body", "fields", "number", "origin", "receipt", "sender", "tries",
                 "under_way", "until", "user")  # fmt: skip

    def is_for(self, address):
        """One of several has it: a notice of its delivery names this address (octets)."""
        if self.receipt is not None:
            self.receipt = self.receipt[:1] + (address,) + self.receipt[2:]

    def size(self):
        """Return the octets that this message takes from its user's share."""
        return sum([len(line) for _, line in self.fields]) + len(self.body)

    def record(self, now):
        """Return the message as a JSON-able row."""
        fields = [[scan.to_text(name), scan.to_text(line)] for name, line in self.fields]
        return {
            "id": self.number,
            "user": self.user,
            "sender": list(self.sender),
            "fields": fields,
            "body": scan.to_text(self.body),
            "receipt": [scan.to_text(part) for part in self.receipt or ()],
            "seconds": None if self.until is None else max(0, self.until - now) // 1000,
            "origin": list(self.origin or ()),
        }


class Mailbox:
    """All waiting messages, oldest first. deadline: when the first ends, or all are tried again.

    taken: {origin: (number, until)} of those of other nodes that wait no more.
    """

    def __init__(self):
        self.messages = []
        self.taken = {}
        self.number = 0
        self.again = None
        self.deadline = self.queued = None
        self.counters = {"kept": 0, "delivered": 0, "refused_full": 0, "refused": 0, "expired": 0}

    def put(self, user, request, sender, now, origin=None):
        """Keep a MESSAGE for a user; return it as a StoredMessage, or None: of no worth later.

        origin: of StoredMessage. Refuses with 480 and the reason what does not fit or may not wait.
        """
        kind = (request.value(b"content-type") or b"").partition(b";")[0].strip().lower()
        if kind in NOT_KEPT:
            return None
        seconds = request.number(b"expires", MAX_SECONDS)
        if seconds == 0:
            raise SipError(
                480, "no phone of %s is registered, and this message may not wait" % user
            )
        fields = [
            (name, request.lines[index]) for index, name in enumerate(request.names) if name in KEPT
        ]
        until = None if seconds is None else now + seconds * 1000
        stored = self._stored(user, sender, fields, request.body, until)
        stored.receipt, stored.origin = _receipt(request), origin
        self._check_room(stored)
        self.counters["kept"] += 1
        self._add(stored)
        return stored

    def _stored(self, user, sender, fields, body, until):
        stored = StoredMessage()
        self.number += 1
        stored.number, stored.user, stored.sender = self.number, user, sender
        stored.fields, stored.body, stored.until = fields, body, until
        stored.receipt, stored.under_way, stored.tries = None, None, {}
        stored.origin = stored.asker = None
        return stored

    def _add(self, stored):
        self.messages.append(stored)
        self._plan()

    def try_again(self, now):
        """A phone did not answer: all that waits is to be brought once more, in a while."""
        self.again = now + TRY_AGAIN
        self._plan()

    def _plan(self):
        times = [one.until for one in self.messages if one.until is not None]
        times += [] if self.again is None else [self.again]
        self.deadline = min(times) if times else None

    def _check_room(self, stored):
        """Refuse what one sender, those of a kind, or all together may not fill (MAILBOX_PARTS)."""
        kind, mine = stored.sender[0], self.waiting(stored.user)
        of_kind, share = MAILBOX_PARTS[kind][0], MAX_MAILBOX_BYTES // MAILBOX_PARTS[kind][1]
        like = [one for one in self.messages if one.sender[0] == kind]
        bounds = (
            ([], share, "a message that waits may have %d octets" % share),
            (
                [one for one in mine if one.sender == stored.sender],
                share,
                "enough of yours waits already",
            ),
            (
                [one for one in mine if one in like],
                MAX_MAILBOX_BYTES // of_kind,
                "enough waits already",
            ),
            (mine, MAX_MAILBOX_BYTES, "enough waits already"),
            (like, MAX_MAILBOXES_BYTES // of_kind, "this node holds no more messages"),
            (self.messages, MAX_MAILBOXES_BYTES, "this node holds no more messages"),
        )
        for others, most, problem in bounds:
            if stored.size() + sum([one.size() for one in others]) > most:
                self.counters["refused_full"] += 1
                raise _absent(stored.user, problem)

    def waiting(self, user):
        """Return the messages of a user."""
        return [stored for stored in self.messages if stored.user == user]

    def next(self, user, key, after=0):
        """Return the oldest message that a phone may yet take; None while one is brought to any.

        key: of the phone (Binding.key); after: the number of the message that it was brought last.
        """
        waiting = self.waiting(user)
        if [stored for stored in waiting if stored.under_way is not None]:
            return None
        for stored in waiting:
            if stored.number > after and stored.tries.get(key, 0) < MAX_TRIES:
                return stored
        return None

    def said(self, origin):
        """Return the waiting message of an origin, or None."""
        for stored in self.messages:
            if stored.origin == origin:
                return stored
        return None

    def gone(self, messages, now):
        """Return {number: row or None} of messages that wait no more, and of what makes room.

        Those of other nodes leave a row, so that they are known when they come again.
        """
        rows = {stored.number: None for stored in messages}
        for stored in messages:
            if stored.origin is not None:
                self.taken[stored.origin] = stored.number, now + SAID_AGAIN
                rows[stored.number] = _taken(stored.origin, stored.number, SAID_AGAIN)
        by_age = sorted(self.taken, key=lambda origin: self.taken[origin][1])
        for place, origin in enumerate(by_age):
            if self.taken[origin][1] > now and len(by_age) - place <= MAX_TAKEN:
                break
            rows[self.taken.pop(origin)[0]] = None
        return rows

    def remove(self, stored):
        """Take a message out; tell whether it was there."""
        if stored not in self.messages:
            return False
        self.messages.remove(stored)
        return True

    def delivered(self, stored):
        """The phone has taken the message."""
        if self.remove(stored):
            self.counters["delivered"] += 1

    def refused(self, stored, key, status):
        """A phone has not taken a message; tell whether it is thrown away: too many have not."""
        stored.tries[key] = stored.tries.get(key, 0) + 1 if status in NOT_NOW else MAX_TRIES
        given_up = [one for one in stored.tries if stored.tries[one] >= MAX_TRIES]
        if len(given_up) < MAX_BINDINGS_PER_USER or not self.remove(stored):
            return False
        self.counters["refused"] += 1
        return True

    def expire(self, now):
        """Throw away and return the messages whose time is over; set the next deadline."""
        gone = [one for one in self.messages if one.until is not None and one.until <= now]
        for stored in gone:
            self.remove(stored)
        self.counters["expired"] += len(gone)
        self.again = None
        self._plan()
        return gone

    def flush(self, user):
        """Throw the messages of a user away; return them."""
        thrown = self.waiting(user)
        self.messages = [stored for stored in self.messages if stored.user != user]
        return thrown

    def dump(self, now):
        """Return all messages, and which were brought, as JSON-able rows."""
        rows = [stored.record(now) for stored in self.messages]
        for origin in self.taken:
            number, until = self.taken[origin]
            rows.append(_taken(origin, number, until - now))
        return rows

    def restore(self, records, now):
        """Take back what `dump` gave; what has a time of its own has all of what was left then."""
        for record in records:
            if "body" not in record:
                until = now + 1000 * record["seconds"]
                self.taken[tuple(record["origin"])] = record["id"], until
                self.number = max(self.number, record["id"])
                continue
            fields = [
                (scan.to_octets(name), scan.to_octets(line)) for name, line in record["fields"]
            ]
            kind, name = record.get("sender") or (STRANGER, "")
            if kind not in SENDERS:
                raise ValueError(kind)
            seconds = record.get("seconds")
            until = None if seconds is None else now + seconds * 1000
            body = scan.to_octets(record["body"])
            stored = self._stored(record["user"], (kind, name), fields, body, until)
            receipt = [scan.to_octets(part) for part in record.get("receipt", ())]
            stored.receipt = tuple(receipt) or None
            stored.origin = tuple(record.get("origin", ())) or None
            stored.number = record.get("id", stored.number)
            self.number = max(self.number, stored.number)
            self._add(stored)
        self.messages.sort(key=lambda stored: stored.number)


def _taken(origin, number, milliseconds):
    return {"id": number, "origin": list(origin), "seconds": milliseconds // 1000}


def _absent(user, problem):
    return SipError(480, "no phone of %s is registered, and %s" % (user, problem))


def _receipt(request):
    wanted = imdn.asked(request)
    if wanted is None:
        return None
    # Where the sender's node says how to reach the sender, that counts (RFC 3325).
    known = request.addresses(b"p-asserted-identity")
    sender = known[0].uri_bytes if known else request.from_.uri_bytes
    return (sender, request.to.uri_bytes) + wanted


def request(stored, contact, call_id):
    """Return the MESSAGE that brings a message to a contact."""
    names = [b"max-forwards", b"call-id", b"cseq"]
    lines = [b"Max-Forwards: 70", b"Call-ID: " + call_id, b"CSeq: 1 MESSAGE"]
    for name, line in stored.fields:
        names.append(name)
        lines.append(line)
    names.append(b"content-length")
    lines.append(b"Content-Length: " + str(len(stored.body)).encode())
    return Request(b"MESSAGE", contact, names, lines, stored.body)
