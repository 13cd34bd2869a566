"""Neighbours on a link: a handshake with whom is under way, and who has proved its key.

A neighbour is an address on a link. An edge to it is published in TWO_WAY only.
"""

from .plain import Plain

# Three hellos and a half without a sign of life end a neighbour; before that it is asked.
HELLO_INTERVAL = 2000
# Where the neighbours have stayed the same for a while hellos are rarer. Silence is noticed as soon
# as before: the question for a sign of life needs no hello, and comes when a rare one is late.
QUIET_INTERVAL, QUIET_AFTER = (4000, 10000)
DEAD_PERCENT = 350
PROBE_PERCENT = 230
PROBE_INTERVAL = 300
# A peer that names a longer interval is not waited for in full.
MIN_INTERVAL, MAX_INTERVAL = (100, 60000)
# A step of a handshake is repeated so often, and one that is not completed is given up.
STEP_INTERVAL, STEP_TRIES = (300, 6)
HALF_LIFE = 5000
# Keys are made anew after an hour; what is still under way may come under the old ones.
RENEW_AFTER, OLD_KEYS = (3600000, 10000)
# Somebody who says to have lost the keys gets new ones this often: anybody can say so.
AGAIN_AFTER = 5000
# Hellos of which the share that came decides the cost; classes are coarse so that ordinary loss
# publishes nothing.
QUALITY_WINDOW = 32
GOOD_COST, FAIR_COST, BAD_COST = (1, 3, 8)

HEARD, MUTUAL, TWO_WAY, GONE = STATES = ("heard", "mutual", "two-way", "gone")
PROOF, SIGN, SILENCE, LEAVE = EVENTS = ("proof", "sign", "silence", "leave")


# Hellos that a new neighbour gets in the other address family as well, so that it is found there
# too when the first falls silent.
TOLD_BESIDE = 3


# Links by which one start of a node may speak from one address: its cable, a peer that is named.
MAX_LINKS = 4


class Neighbour:
    """One address from which a node is heard. far: its link's id; handshake: while there is one.

    links: ids of its links that have spoken from this address, the last ones; each start of the
    node makes others.
    """

    __slots__ = (
        "address", "alive_at", "callsign", "beside", "came", "changed", "cost", "deadline",
        "expected", "far", "handshake", "hears_all", "id", "interval", "key", "last_number",
        "link", "links", "old", "other_session", "own_session", "queued", "reason", "renewed_at",
        "session", "sound_port", "state", "step", "told", "tries", "via_all_at",
    )  # fmt: skip

    def __init__(self, link, address, far, handshake, own_session, now):
        self.link = link
        self.address = address
        self.far = far
        self.links = [far]
        # Its link's id and address in the other family of the interface, where it is there too.
        self.beside = None
        self.told = 0
        self.handshake = handshake
        self.callsign = b""
        self.own_session = own_session
        self.other_session = b""
        self.session = self.old = None
        self.sound_port = None  # Until it has said hello with its keys.
        self.step = b""
        self.tries = 0
        self.id = self.key = None
        self.state = HEARD if handshake.is_initiator else MUTUAL
        self.reason = "asked for its key" if handshake.is_initiator else "has not proved its key"
        self.changed = self.alive_at = self.renewed_at = now
        self.interval = HELLO_INTERVAL
        self.hears_all = False
        self.via_all_at = None
        self.last_number = None
        self.expected = self.came = 0
        self.cost = GOOD_COST
        self.deadline = None
        self.queued = None

    def follow(self, before):
        """Take the place of a Neighbour; tell whether it is the same node, not started anew."""
        is_same = self.far in before.links
        self.links = (before.links + [self.far])[-MAX_LINKS:]
        return is_same

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
        if self.state == TWO_WAY:
            at = min(at, max(self.probe_at(), now + PROBE_INTERVAL))
            if self.old is not None:
                at = min(at, max(self.renewed_at + OLD_KEYS, now))
        elif self.state == HEARD:
            at = min(at, now + STEP_INTERVAL)
        self.deadline = at if self.state != GONE else None

    def renew(self, other, now):
        """Take the keys of a second handshake with the same node."""
        self.old, self.session = self.session, other.session
        self.far, self.step, self.tries = other.far, other.step, 0
        self.renewed_at = now
        self.last_number = None

    def probe_at(self):
        """Return the time from which on a silent neighbour is asked for a sign of life."""
        return self.alive_at + self._expected() * PROBE_PERCENT // 100

    def dead_at(self):
        """Return the time at which silence ends this neighbour."""
        if self.state != TWO_WAY:
            return self.changed + HALF_LIFE
        return self.alive_at + self._expected() * DEAD_PERCENT // 100

    def _expected(self):
        is_quiet = HELLO_INTERVAL < self.interval <= QUIET_INTERVAL
        return HELLO_INTERVAL if is_quiet else self.interval

    def promise(self, interval):
        """Note how soon the neighbour will speak again (ms)."""
        self.interval = min(max(interval, MIN_INTERVAL), MAX_INTERVAL)

    def count_hello(self, number):
        """Keep the share of hellos that came; return True when the cost has changed."""
        gap = 1 if self.last_number is None else number - self.last_number
        self.last_number = number
        if gap >= QUALITY_WINDOW:
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

    def is_later(self, number):
        """True for the number of a hello to all that is no repetition of an earlier one."""
        return self.last_number is None or number > self.last_number

    def is_plain(self):
        """Tell whether it is on amateur radio, where nothing may be hidden from anybody."""
        return isinstance(self.session.crypto, Plain)

    def is_near(self):
        """Tell whether it is on the same cable or radio: hellos to everybody there come from it."""
        return self.via_all_at is not None

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


def _join(neighbour, now):
    neighbour.alive_at = neighbour.renewed_at = now
    neighbour.handshake = None
    neighbour.tries = 0
    neighbour.reason = "two-way"


def _silent(neighbour, now):
    neighbour.reason = "silent"


def _left(neighbour, now):
    neighbour.reason = "it or its link went down"


TABLE = {
    (HEARD, PROOF): (TWO_WAY, _join),
    (HEARD, SILENCE): (GONE, _silent),
    (HEARD, LEAVE): (GONE, _left),
    (MUTUAL, PROOF): (TWO_WAY, _join),
    (MUTUAL, SILENCE): (GONE, _silent),
    (MUTUAL, LEAVE): (GONE, _left),
    (TWO_WAY, SIGN): (TWO_WAY, _refresh),
    (TWO_WAY, SILENCE): (GONE, _silent),
    (TWO_WAY, LEAVE): (GONE, _left),
}
IGNORED = {
    (HEARD, SIGN): "without keys nothing is a sign of life",
    (MUTUAL, SIGN): "without keys nothing is a sign of life",
    (TWO_WAY, PROOF): "a second handshake has an object of its own",
    (GONE, PROOF): "over: a new neighbour begins",
    (GONE, SIGN): "over",
    (GONE, SILENCE): "over",
    (GONE, LEAVE): "over",
}
