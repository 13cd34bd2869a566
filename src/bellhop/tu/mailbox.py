"""Messages to the absent: a MESSAGE (RFC 3428) waits here until a phone of its user registers."""

from ..limits import MAX_MAILBOX_BYTES, MAX_MAILBOXES_BYTES
from ..sip import scan
from ..sip.message import Request
from . import imdn

# "Somebody is typing" is worth nothing later (RFC 3994).
NOT_KEPT = (b"application/im-iscomposing+xml",)
# Header fields that the addressee's phone must see.
KEPT = (b"from", b"to", b"content-type", b"content-encoding", b"date", b"subject", b"reply-to")


class Letter:
    """One waiting message: header lines as (name, line), and the body. Equal by identity.

    receipt: (URI of the sender, that of the addressee, message id, date) where the sender wants to
    hear of the delivery.
    """

    __slots__ = ("user", "fields", "body", "receipt", "under_way")

    def __init__(self, user, fields, body, receipt=None):
        self.user = user
        self.fields = fields
        self.body = body
        self.receipt = receipt
        self.under_way = False

    def size(self):
        """Return the octets that this letter takes from its user's share."""
        return sum([len(line) for _, line in self.fields]) + len(self.body)


class Mailbox:
    """All waiting letters, oldest first."""

    def __init__(self):
        self.letters = []
        self.counters = {"kept": 0, "delivered": 0, "refused_full": 0}

    def put(self, user, request):
        """Keep a MESSAGE for a user; return whether the sender may be told that it waits."""
        kind = (request.value(b"content-type") or b"").partition(b";")[0].strip().lower()
        if kind in NOT_KEPT:
            return True
        fields = [
            (name, request.lines[index]) for index, name in enumerate(request.names) if name in KEPT
        ]
        letter = Letter(user, fields, request.body, _receipt(request))
        total = sum([other.size() for other in self.letters])
        if self.waiting_bytes(user) + letter.size() > MAX_MAILBOX_BYTES or (
            total + letter.size() > MAX_MAILBOXES_BYTES
        ):
            self.counters["refused_full"] += 1
            return False
        self.letters.append(letter)
        self.counters["kept"] += 1
        return True

    def waiting(self, user):
        """Return the letters of a user."""
        return [letter for letter in self.letters if letter.user == user]

    def waiting_bytes(self, user):
        """Return how much of the user's share is taken."""
        return sum([letter.size() for letter in self.waiting(user)])

    def next(self, user):
        """Return the oldest letter of a user, or None while one is under way."""
        waiting = self.waiting(user)
        return waiting[0] if waiting and not waiting[0].under_way else None

    def delivered(self, letter):
        """The phone has taken the letter."""
        if letter in self.letters:
            self.letters.remove(letter)
            self.counters["delivered"] += 1

    def flush(self, user):
        """Throw the letters of a user away; return how many there were."""
        thrown = self.waiting(user)
        self.letters = [letter for letter in self.letters if letter.user != user]
        return len(thrown)

    def dump(self):
        """Return all letters as JSON-able records."""
        return [
            {
                "user": letter.user,
                "fields": [
                    [scan.to_text(name), scan.to_text(line)] for name, line in letter.fields
                ],
                "body": scan.to_text(letter.body),
                "receipt": [scan.to_text(part) for part in letter.receipt or ()],
            }
            for letter in self.letters
        ]

    def restore(self, records):
        """Take back what `dump` gave."""
        for record in records:
            fields = [
                (scan.to_octets(name), scan.to_octets(line)) for name, line in record["fields"]
            ]
            receipt = tuple([scan.to_octets(part) for part in record.get("receipt", ())])
            body = scan.to_octets(record["body"])
            self.letters.append(Letter(record["user"], fields, body, receipt or None))


def _receipt(request):
    wanted = imdn.asked(request)
    if wanted is None:
        return None
    # Where the sender's node says how to reach the sender, that counts (RFC 3325).
    known = request.addresses(b"p-asserted-identity")
    sender = known[0].uri_bytes if known else request.from_.uri_bytes
    return (sender, request.to.uri_bytes) + wanted


def request(letter, contact, via, random):
    """Return the MESSAGE that brings a letter to a contact; `random`: 16 hex digits."""
    names = [b"via", b"max-forwards", b"call-id", b"cseq"]
    lines = [via, b"Max-Forwards: 70", b"Call-ID: " + random, b"CSeq: 1 MESSAGE"]
    for name, line in letter.fields:
        names.append(name)
        lines.append(line)
    names.append(b"content-length")
    lines.append(b"Content-Length: " + str(len(letter.body)).encode())
    return Request(b"MESSAGE", contact, names, lines, letter.body)
