"""Neighbours on a link: who is heard, who proved a key, who hears this node too.

A neighbour is an address on a link. An edge to it is published in TWO_WAY only.
"""

from . import packets

# Three hellos and a half without a sign of life end a neighbour; before that it is asked.
HELLO_INTERVAL = 2000
# Where nothing has changed for ten minutes hellos are rarer. Silence is noticed as soon as before:
# the question for a sign of life needs no hello.
QUIET_INTERVAL, QUIET_AFTER = (4000, 600000)
DEAD_PERCENT = 350
PROBE_PERCENT = 270
PROBE_INTERVAL = 300
# A peer that names a longer interval is not waited for in full.
MIN_INTERVAL, MAX_INTERVAL = (100, 60000)
# What anybody on the link may say in the name of a neighbour.
MIN_UNPROVED_INTERVAL = 1000
ASK_INTERVAL = 300
ASK_TRIES = 5
# Strangers and neighbours on all links together; each costs half a kilobyte.
MAX_NEIGHBOURS = 128
# Hellos of which the share that came decides the cost; classes are coarse so that ordinary loss
# publishes nothing.
QUALITY_WINDOW = 32
GOOD_COST, FAIR_COST, BAD_COST = (1, 3, 8)

HEARD, MUTUAL, PROVED, TWO_WAY, GONE = STATES = (
    "heard", "mutual", "proved", "two-way", "gone",
)  # fmt: skip
HELLO, HELLO_BACK, PROOF, SILENCE, LEAVE = EVENTS = (
    "hello", "hello-back", "proof", "silence", "leave",
)  # fmt: skip


# Hellos that a new neighbour gets in the other address family as well: where nothing else does, SIP
# uses the address from which they come.
TOLD_BESIDE = 3


class Neighbour:
    """One address from which a node is heard."""

    __slots__ = (
        "address", "alive_at", "beside", "came", "changed", "cookie", "cost", "deadline",
        "expected", "given", "hears_all", "id", "interval", "key", "last_number", "link", "nonce",
        "proven_address", "queued", "reason", "state", "told", "tries", "via_all_at",
    )  # fmt: skip

    def __init__(self, link, address, short, given, nonce, now):
        self.link = link
        self.address = address
        # Its address in the other family of the same interface, where it was heard there too.
        self.beside = None
        self.told = 0
        self.id = short
        self.key = None
        self.state = HEARD
        self.reason = "asked for its key"
        self.changed = now
        self.alive_at = now
        self.interval = HELLO_INTERVAL
        self.given = given
        self.cookie = packets.NO_COOKIE
        self.nonce = nonce
        self.proven_address = False
        self.tries = 0
        self.hears_all = False
        self.via_all_at = None
        self.last_number = None
        self.expected = self.came = 0
        self.cost = GOOD_COST
        self.deadline = None
        self.queued = None

    def handle(self, event, now):
        """Take one event; return (state before, state after)."""
        before = self.state
        step = TABLE.get((before, event))
        if step is not None:
            self.state, action = step
            if self.state != before:
                self.changed = now
            action(self, now)
        return before, self.state

    def arm(self, now):
        """Set the next time at which this neighbour needs attention."""
        at = self.dead_at()
        if self.state in (PROVED, TWO_WAY):
            at = min(at, max(self.probe_at(), now + PROBE_INTERVAL))
        if self.asks():
            at = min(at, now + ASK_INTERVAL)
        self.deadline = at if self.state != GONE else None

    def asks(self):
        """True while the question for the key should be repeated on our own account."""
        return self.state in (HEARD, MUTUAL) and self.proven_address and self.tries < ASK_TRIES

    def probe_at(self):
        """Return the time from which on a silent neighbour is asked for a sign of life."""
        return self.alive_at + self._expected() * PROBE_PERCENT // 100

    def dead_at(self):
        """Return the time at which silence ends this neighbour."""
        return self.alive_at + self._expected() * DEAD_PERCENT // 100

    def _expected(self):
        is_quiet = HELLO_INTERVAL < self.interval <= QUIET_INTERVAL
        return HELLO_INTERVAL if is_quiet else self.interval

    def promise(self, interval, is_proved):
        """Note how soon the neighbour will speak again (ms); is_proved: it sent the cookie."""
        least, most = MIN_INTERVAL, MAX_INTERVAL
        if not is_proved:
            least, most = MIN_UNPROVED_INTERVAL, QUIET_INTERVAL
        self.interval = min(max(interval, least), most)

    def note_heard(self, heard, own_short):
        """Note what the neighbour's hello says about ours; return True when it lists this node."""
        quality = heard.get(own_short[:4])
        self.hears_all = quality is not None and bool(quality & packets.HEARS_MULTICAST)
        return quality is not None

    def count_hello(self, number):
        """Keep the share of hellos that came; return True when the cost has changed."""
        gap = 1 if self.last_number is None else (number - self.last_number) & 65535
        self.last_number = number
        if not 0 < gap < QUALITY_WINDOW:
            self.expected = self.came = 0
            return False
        self.expected += gap
        self.came += 1
        if self.expected < QUALITY_WINDOW:
            return False
        percent = 100 * self.came // self.expected
        self.expected = self.came = 0
        cost = self.cost
        self.cost = _cost(percent, cost)
        return cost != self.cost

    def has_heard_beside(self):
        """Tell whether it has been told this node's address in the other family often enough."""
        self.told += 1
        return self.told > TOLD_BESIDE


def _cost(percent, before):
    """Return the cost for a share of hellos; a better class must be earned with a margin."""
    if percent >= (75 if before > GOOD_COST else 60):
        return GOOD_COST
    if percent >= (50 if before > FAIR_COST else 35):
        return FAIR_COST
    return BAD_COST


def _refresh(neighbour, now):
    neighbour.alive_at = now


def _mutual(neighbour, now):
    neighbour.alive_at = now
    neighbour.reason = "hears this node, has not proved its key"


def _proved(neighbour, now):
    neighbour.alive_at = now
    neighbour.reason = "proved its key, does not list this node"


def _join(neighbour, now):
    neighbour.alive_at = now
    neighbour.reason = "two-way"


def _silent(neighbour, now):
    neighbour.reason = "silent"


def _left(neighbour, now):
    neighbour.reason = "it or its link went down"


TABLE = {
    (HEARD, HELLO): (HEARD, _refresh),
    (HEARD, HELLO_BACK): (MUTUAL, _mutual),
    (HEARD, PROOF): (PROVED, _proved),
    (HEARD, SILENCE): (GONE, _silent),
    (HEARD, LEAVE): (GONE, _left),
    (MUTUAL, HELLO): (HEARD, _refresh),
    (MUTUAL, HELLO_BACK): (MUTUAL, _refresh),
    (MUTUAL, PROOF): (TWO_WAY, _join),
    (MUTUAL, SILENCE): (GONE, _silent),
    (MUTUAL, LEAVE): (GONE, _left),
    (PROVED, HELLO): (PROVED, _refresh),
    (PROVED, HELLO_BACK): (TWO_WAY, _join),
    (PROVED, SILENCE): (GONE, _silent),
    (PROVED, LEAVE): (GONE, _left),
    (TWO_WAY, HELLO): (PROVED, _proved),
    (TWO_WAY, HELLO_BACK): (TWO_WAY, _refresh),
    (TWO_WAY, SILENCE): (GONE, _silent),
    (TWO_WAY, LEAVE): (GONE, _left),
}
IGNORED = {
    (PROVED, PROOF): "a repeated proof",
    (TWO_WAY, PROOF): "a repeated proof",
    (GONE, HELLO): "over: a new neighbour begins",
    (GONE, HELLO_BACK): "over",
    (GONE, PROOF): "over",
    (GONE, SILENCE): "over",
    (GONE, LEAVE): "over",
}
