"""One interface or socket of the shell, as the mesh sees it."""

# The number of the link to hosts anywhere.
ANYWHERE = 0
# On link-up three hellos at once, so that a lost one costs a tenth of a second.
BURST, BURST_INTERVAL = (3, 100)


class Link:
    """A thing to wake for its next hello. multicast: one hello reaches everybody on it.

    id: 8 octets by which others know this end of the link, new each time; callsign: octets, of
    amateur radio, where nothing is hidden, else b"".
    """

    __slots__ = (
        "burst", "callsign", "changed", "deadline", "greeted_at", "id", "interval", "multicast",
        "name", "number", "queued", "sent",
    )  # fmt: skip

    def __init__(self, number, name, multicast, own_id, now, callsign=b""):
        self.id = own_id
        self.callsign = callsign
        self.number = number
        self.name = name
        self.multicast = multicast
        self.burst = BURST
        self.sent = 0
        self.changed = now
        self.interval = 0
        self.greeted_at = None
        self.deadline = now
        self.queued = None
