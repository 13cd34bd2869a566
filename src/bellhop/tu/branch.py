"""A branch of a forwarded request: the way to one target (RFC 3261 section 16.6).

Tested with the response context.
"""


class Branch:
    """One client transaction after another (fail-over of hops) for one target.

    final: the status of the final response, or None; is_declined: its user wants it no more.
    """

    __slots__ = (
        "context", "target", "spare", "hops", "transaction", "request", "shift", "final", "rang",
        "cancel", "streamed", "is_declined", "deadline", "queued",
    )  # fmt: skip

    def __init__(self, context, target):
        self.context = context
        self.target = target
        self.spare = list(target.spare)
        self.hops = []
        self.deadline = self.queued = None
        self.transaction = None
        self.request = None
        # How much higher the number of its request is than that of the one that came.
        self.shift = 0
        self.final = None
        self.rang = self.streamed = self.is_declined = False
        self.cancel = None

    def aim(self, target):
        """Begin again with another Target."""
        self.target, self.spare = target, list(target.spare)
        self.streamed = False

    def take_hops(self, hops):
        """Take the Flows to try, one after the other."""
        self.hops = list(hops)

    def stream_first(self, flow):
        """Try this datagram Flow only where a stream fails, which is tried first."""
        self.streamed = True
        self.hops.insert(0, flow)

    def next_way(self):
        """Take the next of the spare Targets."""
        self.target = self.spare.pop(0)

    def begin(self):
        """Another request of this branch is about to be sent."""
        self.rang = False

    def sent(self, request, transaction, patience, now):
        """Take what was sent. patience: ms until the next hop, where its Target has none."""
        self.request, self.transaction = request, transaction
        patience = self.target.patience or patience
        if patience is not None:
            self.deadline = now + patience

    def renumber(self, shift):
        """Its answers have higher numbers than those that the other end knows."""
        self.shift = shift

    def settle(self):
        """No more patience is needed: something was heard, or nothing in time."""
        self.deadline = None

    def refuse(self, status):
        """Take the status that the node itself gives to what its target answered."""
        self.final = status
