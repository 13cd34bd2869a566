"""Push of records to one peer: batched, acknowledged hop by hop, repeated, given up for repair."""

from . import packets

ACK_TIMEOUT = 300
ACK_TRIES = 5
# Records wait this long, so that several share a packet and what comes from both sides is not sent.
MIN_BATCH, BATCH_SPREAD = (10, 31)
# Packets in the air to one peer: what one packet each round trip would be too slow for.
WINDOW = 16
# Unsolicited records of one peer: one each 10 ms; the signatures take a slow router a tenth of its
# time, and a whole table at once, for those that have one neighbour while all others start.
RECORD_INTERVAL, RECORD_BURST = (10, 4096)
# A peer that had all of so many packets before they came gets announcements in place of records,
# until it asks for one; they go out later than the records that go round by other peers.
LAZY_AFTER = 3
MIN_LAZY, LAZY_SPREAD = (100, 101)
# What a forged record costs its carrier of that budget.
FORGERY_COST = 400
# New identities of one introducer: as many as the table holds at once (two islands merge), after
# that 64 a minute.
IDENTITY_INTERVAL, IDENTITY_BURST = (60000 // 64, 4096)
# Records that this node asked for; forgotten when the peer does not send them.
MAX_ASKED = 4096


class Batch:
    """One packet of records in the air. keys: {table key: sequence}."""

    __slots__ = ("keys", "at", "tries")

    def __init__(self, keys, at, tries):
        self.keys = keys
        self.at = at
        self.tries = tries


class Peer:
    """One node that is a two-way neighbour, over one link or several."""

    __slots__ = (
        "announce_at", "announced", "batches", "deadline", "flush_at", "gave_up", "id",
        "identity_mark", "key", "late_at", "mismatches", "needless", "neighbours", "number",
        "open_at", "open_tries", "pending", "queued", "record_mark", "repair_at", "repair_wait",
        "since", "tree_mark",
    )  # fmt: skip

    def __init__(self, key, short, now):
        self.key = key
        self.id = short
        self.neighbours = []
        self.since = now
        self.pending = {}
        self.batches = {}
        self.number = 0
        self.flush_at = None
        self.late_at = None
        self.announced = {}
        self.announce_at = None
        self.needless = 0
        self.record_mark = self.identity_mark = self.tree_mark = 0
        self.mismatches = 0
        self.repair_at = 0
        self.repair_wait = 0
        self.gave_up = 0
        self.open_at = None
        self.open_tries = 0
        self.deadline = None
        self.queued = None

    def best(self):
        """Return the neighbour by which this peer is reached at the least cost."""
        return self.ways()[0]

    def ways(self):
        """Return the neighbours by which this peer is reached: private ones first, then cheap."""
        return sorted(self.neighbours, key=lambda one: (one.is_plain(), one.cost, one.link))

    def offer(self, key, sequence, at):
        """Plan to send a record at `at` or earlier."""
        self.pending[key] = sequence
        if self.flush_at is None or at < self.flush_at:
            self.flush_at = at
            self.arm()

    def is_lazy(self):
        """True while this peer is better told of records than sent them."""
        return self.needless >= LAZY_AFTER

    def announce(self, key, sequence, at):
        """Plan to tell of a record at `at`."""
        self.announced[key] = sequence
        if self.announce_at is None:
            self.announce_at = at
            self.arm()

    def announcements(self, now):
        """Return the keys to tell of now."""
        if self.announce_at is None or self.announce_at > now:
            return []
        keys = list(self.announced)
        self.announced = {}
        self.announce_at = None
        return keys

    def has(self, key, sequence):
        """The peer showed that it has this record: it need not be sent."""
        for waiting in (self.pending, self.announced):
            if waiting.get(key, sequence + 1) <= sequence:
                del waiting[key]

    def acknowledged(self, number, was_needed, now):
        """The peer has a packet; go on at once if more waits."""
        self.needless = 0 if was_needed else self.needless + 1
        if self.batches.pop(number, None) is not None and self.pending:
            self.flush_at = now if self.flush_at is None else self.flush_at
        if not self.batches:
            self.late_at = None
        self.arm()

    def is_idle(self):
        """True when nothing waits and nothing is in the air."""
        return not self.pending and not self.batches

    def expire(self, now):
        """Take back the batches that were not acknowledged in time; return them."""
        if self.late_at is None or now < self.late_at:
            return []
        late = [n for n in self.batches if self.batches[n].at + ACK_TIMEOUT <= now]
        batches = [self.batches.pop(number) for number in late]
        times = [self.batches[number].at for number in self.batches]
        self.late_at = min(times) + ACK_TIMEOUT if times else None
        return batches

    def arm(self):
        """Set the next time at which this peer needs attention."""
        flush_at = self.flush_at if len(self.batches) < WINDOW else None
        times = (self.late_at, flush_at, self.open_at, self.announce_at)
        times = [at for at in times if at is not None]
        self.deadline = min(times) if times else None

    def flush(self, database, now):
        """Return the bodies of the RECORDS packets to send now."""
        bodies = []
        for batch in self.expire(now):
            if batch.tries >= ACK_TRIES:
                self.gave_up += len(batch.keys)
                continue
            keys = dict(batch.keys)
            while keys:
                bodies += self._fill(database, keys, batch.tries + 1, now)
        if self.flush_at is not None and self.flush_at <= now:
            while self.pending and len(self.batches) < WINDOW:
                bodies += self._fill(database, self.pending, 1, now)
            self.flush_at = now if self.pending else None
        self.arm()
        return bodies

    def _fill(self, database, keys, tries, now):
        """Take keys away until a packet is full; return a list with its body, or an empty one."""
        body = b""
        sent = {}
        for key in list(keys):
            entry = database.get(key)
            if entry is not None:
                if body and len(body) + len(entry.raw) + 6 > packets.MAX_BODY_BYTES:
                    break
                body += packets.frame(entry.raw)
                sent[key] = entry.sequence
            del keys[key]
        if not sent:
            return []
        self.number = (self.number + 1) & 0xFFFFFFFF
        self.batches[self.number] = Batch(sent, now, tries)
        if self.late_at is None:
            self.late_at = now + ACK_TIMEOUT
        return [self.number.to_bytes(4, "big") + body]
