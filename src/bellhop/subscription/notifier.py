"""One subscription of somebody else to state of this node (RFC 6665 section 4.2)."""

from ..sip import address
from ..sip.message import Request
from .package import contact_of, fields

NONE, ACTIVE, GATHERING, NOTIFYING, BEHIND = STATES = (
    "none", "active", "gathering", "notifying", "behind",
)  # fmt: skip
SUBSCRIBED, ENDED, CHANGED, DUE, TAKEN, REFUSED, LOST = EVENTS = (
    "subscribed", "ended", "changed", "due", "taken", "refused", "lost",
)  # fmt: skip
# What the user of a subscription is asked to do.
NOTIFY, OPENED, CLOSED = ("notify", "opened", "closed")


class Notifier:
    """What is known of the subscription; a thing to wake with `DUE`.

    tag: this node's in the dialog, hexadecimal octets. until: ms, when the subscription is over.
    """

    def __init__(self, package, tag):
        self.package = package
        self.tag = tag
        self.state = NONE
        self.call_id = self.local = self.remote = self.target = None
        self.event = package.name
        self.routes = []
        self.cseq = 0
        self.until = self.notify_at = None
        self.deadline = self.queued = None

    def handle(self, event, now):
        """Return what to do, in order; an unlisted pair changes nothing."""
        if event == DUE and self.state != NONE and self.until <= now:
            event = ENDED
        step = TABLE.get((self.state, event))
        if step is None:
            return []
        self.state, action = step
        done = action(self, now)
        times = [time for time in (self.until, self.notify_at) if time is not None]
        self.deadline = min(times) if times else None
        return done

    def is_open(self):
        """Tell whether there is a subscription."""
        return self.state != NONE

    def subscribe(self, request, now):
        """Take a SUBSCRIBE; return (seconds granted, what to do). Refuses one without Contact."""
        most = self.package.seconds
        seconds = min(request.number(b"expires", 2**32 - 1, most), most)
        self.target = contact_of(request)
        self.call_id, self.remote = request.call_id, request.value(b"from")
        self.event = request.value(b"event")
        to = request.value(b"to")
        tagged = address.parse(to).param(b"tag") is not None
        self.local = to if tagged else to + b";tag=" + self.tag
        self.routes = request.items(b"record-route")
        self.until = now + seconds * 1000
        return seconds, self.handle(SUBSCRIBED if seconds else ENDED, now)

    def request(self, body, contact_line, state=b"active"):
        """Return the next NOTIFY. state: of the subscription, as in Subscription-State."""
        self.cseq += 1
        lines = (
            b"Max-Forwards: 70",
            b"From: " + self.local,
            b"To: " + self.remote,
            b"Call-ID: " + self.call_id,
            b"CSeq: " + str(self.cseq).encode() + b" NOTIFY",
            b"Event: " + self.event,
            b"Subscription-State: " + state,
            b"Content-Type: " + self.package.body_type,
            contact_line,
        )
        names, lines = fields(lines, body)
        return Request(b"NOTIFY", self.target, names, lines, body)


def _open(one, now):
    return [OPENED]


def _extend(one, now):
    return []


def _gather(one, now):
    one.notify_at = now + one.package.gather
    return []


def _notify(one, now):
    one.notify_at = None
    return [NOTIFY]


def _go_on(one, now):
    return []


def _close(one, now):
    one.until = one.notify_at = None
    return [CLOSED]


TABLE = {
    (NONE, SUBSCRIBED): (ACTIVE, _open),
    (ACTIVE, SUBSCRIBED): (ACTIVE, _extend),
    (ACTIVE, CHANGED): (GATHERING, _gather),
    (GATHERING, SUBSCRIBED): (GATHERING, _extend),
    (GATHERING, DUE): (NOTIFYING, _notify),
    (NOTIFYING, SUBSCRIBED): (NOTIFYING, _extend),
    (NOTIFYING, CHANGED): (BEHIND, _go_on),
    (NOTIFYING, TAKEN): (ACTIVE, _go_on),
    (BEHIND, SUBSCRIBED): (BEHIND, _extend),
    (BEHIND, TAKEN): (GATHERING, _gather),
    (NOTIFYING, REFUSED): (NONE, _close),
    (BEHIND, REFUSED): (NONE, _close),
}
TABLE.update({(state, ENDED): (NONE, _close) for state in STATES[1:]})
TABLE.update({(state, LOST): (NONE, _close) for state in STATES[1:]})
IGNORED = {
    (NONE, ENDED): "nobody is subscribed",
    (NONE, CHANGED): "nobody is subscribed",
    (NONE, DUE): "nobody is subscribed",
    (NONE, TAKEN): "the answer to a NOTIFY of what is over",
    (NONE, REFUSED): "the answer to a NOTIFY of what is over",
    (NONE, LOST): "nobody is subscribed",
    (ACTIVE, DUE): "nothing has changed",
    (ACTIVE, TAKEN): "no NOTIFY is under way",
    (ACTIVE, REFUSED): "no NOTIFY is under way",
    (GATHERING, CHANGED): "it goes with the NOTIFY to come",
    (GATHERING, TAKEN): "no NOTIFY is under way",
    (GATHERING, REFUSED): "no NOTIFY is under way",
    (NOTIFYING, DUE): "one NOTIFY at a time",
    (BEHIND, CHANGED): "it goes with the NOTIFY to come",
    (BEHIND, DUE): "one NOTIFY at a time",
}
