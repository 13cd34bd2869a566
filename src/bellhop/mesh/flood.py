"""Push of records to one peer: batched, acknowledged hop by hop, repeated, given up for repair."""

from . import carrier

ACK_TIMEOUT = 300
ACK_TRIES = 5
# Records wait this long, so that several share a packet and what comes from both sides is not sent.
MIN_BATCH, BATCH_SPREAD = (10, 31)
# Packets in the air to one peer: what one packet each round trip would be too slow for.
WINDOW = 16
# Unsolicited records of one peer, one each 50 ms, 200 at once: what is above waits for its repeat.
RECORD_INTERVAL, RECORD_BURST = (50, 200)
# What a forged record costs its carrier of that budget.
FORGERY_COST = 20
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
        "batches", "deadline", "flush_at", "gave_up", "id", "identity_mark", "key", "mismatches",
        "neighbours", "number", "open_at", "open_tries", "pending", "queued", "record_mark",
        "repair_at", "repair_wait", "since", "tree_mark",
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
        return min(self.neighbours, key=lambda neighbour: (neighbour.cost, neighbour.link))

    def offer(self, key, sequence, at):
        """Plan to send a record at `at` or earlier."""
        self.pending[key] = sequence
        if self.flush_at is None or at < self.flush_at:
            self.flush_at = at
        self.arm()

    def has(self, key, sequence):
        """The peer showed that it has this record: it need not be sent."""
        if self.pending.get(key, sequence + 1) <= sequence:
            del self.pending[key]

    def acknowledged(self, number, now):
        """The peer has a packet; go on at once if more waits."""
        if self.batches.pop(number, None) is not None and self.pending:
            self.flush_at = now if self.flush_at is None else self.flush_at
        self.arm()

    def is_idle(self):
        """True when nothing waits and nothing is in the air."""
        return not self.pending and not self.batches

    def expire(self, now):
        """Take back the batches that were not acknowledged in time; return them."""
        late = [n for n in self.batches if self.batches[n].at + ACK_TIMEOUT <= now]
        return [self.batches.pop(number) for number in late]

    def arm(self):
        """Set the next time at which this peer needs attention."""
        times = [self.batches[number].at + ACK_TIMEOUT for number in self.batches]
        if self.flush_at is not None and len(self.batches) < WINDOW:
            times.append(self.flush_at)
        if self.open_at is not None:
            times.append(self.open_at)
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
                if body and len(body) + len(entry.raw) + 6 > carrier.MAX_BODY_BYTES:
                    break
                body += carrier.frame(entry.raw)
                sent[key] = entry.sequence
            del keys[key]
        if not sent:
            return []
        self.number = (self.number + 1) & 0xFFFFFFFF
        self.batches[self.number] = Batch(sent, now, tries)
        return [self.number.to_bytes(4, "big") + body]
