"""The node as a registering client: one registration, as a table (RFC 3261 section 10.2, RFC 5626).

Times are ms. What is asked of its user: REGISTER now; take the NEXT of the hosts; it is UP, or DOWN
from now on; REGISTER with the lifetime zero (UNREGISTER).
"""

OUT, ASKING, IN, RENEWING, BARRED, LEAVING = STATES = (
    "not registered", "registering", "registered", "registering again", "refused", "leaving",
)  # fmt: skip
DUE, CHALLENGED, ACCEPTED, BRIEF, BUSY, FORBIDDEN, LOST, MOVED, LEAVE = EVENTS = (
    "due", "challenged", "accepted", "brief", "busy", "forbidden", "lost", "moved", "leave",
)  # fmt: skip
REGISTER, UNREGISTER, NEXT, UP, DOWN = ("register", "unregister", "next", "up", "down")

# One that cannot be had is tried again after the first, then twice as late each time.
FIRST_WAIT, LAST_WAIT = (2000, 128000)
# A provider that says no says it again: some lock an account that asks too often.
FIRST_BAR, LAST_BAR = (60000, 3600000)
# What Min-Expires and Retry-After may ask for, seconds.
MOST_SECONDS = 86400
# It is renewed when five sixths of its time are over, and not more often than this.
RENEW_AFTER, LEAST_RENEWAL = ((5, 6), 10000)


class Registration:
    """A thing to wake with `DUE`. seconds: the lifetime that is asked for."""

    def __init__(self, seconds, now):
        self.state = OUT
        self.seconds = seconds
        self.wait, self.bar = FIRST_WAIT, FIRST_BAR
        self.deadline, self.queued = now, None
        self.until = None

    def handle(self, event, now, seconds=None):
        """Return what to do, in order; an unlisted pair changes nothing.

        seconds: of ACCEPTED the lifetime given, of BRIEF Min-Expires, of BUSY Retry-After.
        """
        step = TABLE.get((self.state, event))
        if step is None:
            return []
        self.state, action = step
        return action(self, now, seconds)

    def is_up(self):
        """Tell whether the provider knows where to call this node."""
        return self.state in (IN, RENEWING)

    def hurry(self, now):
        """Try again at once: another host is there."""
        self.deadline = now


def _ask(one, now, seconds):
    one.deadline = None
    return [REGISTER]


def _ask_longer(one, now, seconds):
    one.seconds = min(max(one.seconds, seconds or 0), MOST_SECONDS)
    return [REGISTER]


def _arrive(one, now, seconds):
    one.wait, one.bar = FIRST_WAIT, FIRST_BAR
    given = max(min(seconds or one.seconds, MOST_SECONDS), 1) * 1000
    parts, whole = RENEW_AFTER
    one.until = now + given
    one.deadline = now + max(given * parts // whole, min(LEAST_RENEWAL, given))
    return [UP]


def _retry(one, now, seconds):
    """Nobody is there, or all are busy: later, and longer each time."""
    wait = one.wait if seconds is None else max(one.wait, min(seconds, MOST_SECONDS) * 1000)
    one.wait = min(2 * one.wait, LAST_WAIT)
    one.deadline = now + wait
    return [NEXT]


def _lose(one, now, seconds):
    one.until = None
    return [DOWN] + _retry(one, now, seconds)


def _fall(one, now, seconds):
    """It was there until now: the next host is asked at once."""
    one.until, one.deadline = None, now
    return [DOWN, NEXT]


def _renew_later(one, now, seconds):
    """A busy provider still knows this node; it is asked again before that ends."""
    rest = max((one.until or now) - now, 0) // 2
    one.deadline = now + max(LEAST_RENEWAL, min(rest, min(seconds or 30, MOST_SECONDS) * 1000))
    return []


def _bar(one, now, seconds):
    one.until = None
    one.deadline = now + one.bar
    one.bar = min(2 * one.bar, LAST_BAR)
    return [DOWN]


def _leave(one, now, seconds):
    one.deadline = one.until = None
    return [UNREGISTER]


def _leave_again(one, now, seconds):
    return [UNREGISTER]


def _rest(one, now, seconds):
    one.deadline = None
    return []


TABLE = {
    (OUT, DUE): (ASKING, _ask),
    (OUT, MOVED): (ASKING, _ask),
    (OUT, LEAVE): (OUT, _rest),
    (ASKING, CHALLENGED): (ASKING, _ask),
    (ASKING, ACCEPTED): (IN, _arrive),
    (ASKING, BRIEF): (ASKING, _ask_longer),
    (ASKING, BUSY): (OUT, _retry),
    (ASKING, FORBIDDEN): (BARRED, _bar),
    (ASKING, LOST): (OUT, _retry),
    (ASKING, MOVED): (ASKING, _ask),
    (ASKING, LEAVE): (LEAVING, _leave),
    (IN, DUE): (RENEWING, _ask),
    (IN, LOST): (OUT, _fall),
    (IN, MOVED): (RENEWING, _ask),
    (IN, LEAVE): (LEAVING, _leave),
    (RENEWING, CHALLENGED): (RENEWING, _ask),
    (RENEWING, ACCEPTED): (IN, _arrive),
    (RENEWING, BRIEF): (RENEWING, _ask_longer),
    (RENEWING, BUSY): (IN, _renew_later),
    (RENEWING, FORBIDDEN): (BARRED, _bar),
    (RENEWING, LOST): (OUT, _fall),
    (RENEWING, MOVED): (RENEWING, _ask),
    (RENEWING, LEAVE): (LEAVING, _leave),
    (BARRED, DUE): (ASKING, _ask),
    (BARRED, MOVED): (ASKING, _ask),
    (BARRED, LEAVE): (OUT, _rest),
    (LEAVING, CHALLENGED): (LEAVING, _leave_again),
    (LEAVING, ACCEPTED): (OUT, _rest),
    (LEAVING, BUSY): (OUT, _rest),
    (LEAVING, FORBIDDEN): (OUT, _rest),
    (LEAVING, LOST): (OUT, _rest),
}
IGNORED = {
    (OUT, CHALLENGED): "the answer to what was given up",
    (OUT, ACCEPTED): "the answer to what was given up",
    (OUT, BRIEF): "the answer to what was given up",
    (OUT, BUSY): "the answer to what was given up",
    (OUT, FORBIDDEN): "the answer to what was given up",
    (OUT, LOST): "it is waiting to try again",
    (ASKING, DUE): "one REGISTER at a time (section 10.2)",
    (IN, CHALLENGED): "no REGISTER is under way",
    (IN, ACCEPTED): "no REGISTER is under way",
    (IN, BRIEF): "no REGISTER is under way",
    (IN, BUSY): "no REGISTER is under way",
    (IN, FORBIDDEN): "no REGISTER is under way",
    (RENEWING, DUE): "one REGISTER at a time (section 10.2)",
    (BARRED, CHALLENGED): "the answer to what was given up",
    (BARRED, ACCEPTED): "the answer to what was given up",
    (BARRED, BRIEF): "the answer to what was given up",
    (BARRED, BUSY): "the answer to what was given up",
    (BARRED, FORBIDDEN): "it is said already",
    (BARRED, LOST): "it is waiting to try again",
    (LEAVING, DUE): "it ends",
    (LEAVING, BRIEF): "a lifetime of zero is never too brief",
    (LEAVING, MOVED): "it ends",
    (LEAVING, LEAVE): "it ends already",
}
