"""One subscription of this node to the state of somebody else (RFC 6665 section 4.1)."""

from ..sip.message import Request
from .package import fields

IDLE, ASKED, ACTIVE, RENEWING = STATES = ("idle", "asked", "active", "renewing")
DUE, ACCEPTED, REFUSED, NOTIFIED, ENDED, LOST = EVENTS = (
    "due", "accepted", "refused", "notified", "ended", "lost",
)  # fmt: skip
# What the user of a subscription is asked to do.
SUBSCRIBE, OPENED, CLOSED = ("subscribe", "opened", "closed")

# One that cannot be had is asked for again soon, then twice as late each time: both sides may just
# have been switched on.
FIRST_WAIT, LAST_WAIT = (1000, 32000)
# It is renewed when two thirds of its time are over.
RENEW_AFTER = (2, 3)


class Subscriber:
    """What is known of the subscription; a thing to wake with `DUE`.

    target: whom to ask, a URI; call_id, tag: this node's, hexadecimal octets.
    """

    def __init__(self, package, target, call_id, tag, now):
        self.package = package
        self.target = target
        self.call_id = call_id
        self.tag = tag
        self.state = IDLE
        self.cseq = 0
        self.wait = FIRST_WAIT
        self.deadline, self.queued = now, None

    def handle(self, event, now):
        """Return what to do, in order; an unlisted pair changes nothing."""
        step = TABLE.get((self.state, event))
        if step is None:
            return []
        self.state, action = step
        return action(self, now)

    def is_open(self):
        """Tell whether there is a subscription."""
        return self.state in (ACTIVE, RENEWING)

    def takes(self, request):
        """Tell whether a NOTIFY is of this subscription; it may overtake the answer."""
        return request.call_id == self.call_id and self.state != IDLE

    def forget(self):
        """Ask no more."""
        self.deadline = None

    def request(self, from_uri, contact_line):
        """Return the next SUBSCRIBE."""
        lines = (
            b"Max-Forwards: 70",
            b"From: <" + from_uri + b">;tag=" + self.tag,
            b"To: <" + self.target + b">",
            b"Call-ID: " + self.call_id,
            b"CSeq: " + str(self.cseq).encode() + b" SUBSCRIBE",
            b"Event: " + self.package.name,
            b"Accept: " + self.package.body_type,
            b"Expires: " + str(self.package.seconds).encode(),
            contact_line,
        )
        names, lines = fields(lines, b"")
        return Request(b"SUBSCRIBE", self.target, names, lines)


def _ask(one, now):
    one.deadline = None
    one.cseq += 1
    return [SUBSCRIBE]


def _renew_later(one, now):
    one.wait = FIRST_WAIT
    parts, whole = RENEW_AFTER
    one.deadline = now + one.package.seconds * 1000 * parts // whole
    return []


def _open(one, now):
    _renew_later(one, now)
    return [OPENED]


def _try_again(one, now):
    one.deadline = now + one.wait
    one.wait = min(2 * one.wait, LAST_WAIT)
    return []


def _close(one, now):
    _try_again(one, now)
    return [CLOSED]


TABLE = {
    (IDLE, DUE): (ASKED, _ask),
    (ASKED, ACCEPTED): (ACTIVE, _open),
    (ASKED, REFUSED): (IDLE, _try_again),
    (ASKED, ENDED): (IDLE, _try_again),
    (ASKED, LOST): (IDLE, _try_again),
    (ACTIVE, DUE): (RENEWING, _ask),
    (ACTIVE, ENDED): (IDLE, _close),
    (ACTIVE, LOST): (IDLE, _close),
    (RENEWING, ACCEPTED): (ACTIVE, _renew_later),
    (RENEWING, REFUSED): (IDLE, _close),
    (RENEWING, ENDED): (IDLE, _close),
    (RENEWING, LOST): (IDLE, _close),
}
IGNORED = {
    (IDLE, ACCEPTED): "the answer to what was given up",
    (IDLE, REFUSED): "the answer to what was given up",
    (IDLE, NOTIFIED): "nothing is subscribed to",
    (IDLE, ENDED): "nothing is subscribed to",
    (IDLE, LOST): "it is waiting to try again",
    (ASKED, DUE): "one SUBSCRIBE at a time",
    (ASKED, NOTIFIED): "section 4.1.2.4: a NOTIFY may overtake the answer to the SUBSCRIBE",
    (ACTIVE, ACCEPTED): "no SUBSCRIBE is under way",
    (ACTIVE, REFUSED): "no SUBSCRIBE is under way",
    (ACTIVE, NOTIFIED): "it stands",
    (RENEWING, DUE): "one SUBSCRIBE at a time",
    (RENEWING, NOTIFIED): "it stands",
}
