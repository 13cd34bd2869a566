"""OPTIONS pings that keep the way to phones behind NAT open, and tell when one has gone."""

from ..sip.message import Request

# A phone that leaves so many pings in a row unanswered is taken off the register.
PATIENCE = 3


class Ping:
    """One OPTIONS that is under way to a binding, which may leave `patience` of them unanswered."""

    __slots__ = ("binding", "patience")

    def __init__(self, binding, patience):
        self.binding = binding
        self.patience = patience


class Keepalive:
    """The plan of the pings: all bindings that need one, every `interval` ms."""

    def __init__(self):
        self.deadline = self.queued = None

    def plan(self, seconds, bindings, now):
        """Set the next deadline where some binding needs pings."""
        if self.deadline is None and seconds and [b for b in bindings if needs_ping(b)]:
            self.deadline = now + seconds * 1000


def needs_ping(binding):
    """Tell whether only our own packets keep the way to a phone open."""
    return binding.flow.transport == "udp" and not binding.path and binding.is_behind_nat()


def request(binding, domain, via, random):
    """Return the OPTIONS for a binding; `random`: 16 hex digits for tag and Call-ID."""
    lines = [
        via,
        b"Max-Forwards: 70",
        b"From: <sip:" + domain + b">;tag=" + random[:8],
        b"To: <" + binding.contact + b">",
        b"Call-ID: " + random + b"@" + domain,
        b"CSeq: 1 OPTIONS",
        b"Content-Length: 0",
    ]
    names = [b"via", b"max-forwards", b"from", b"to", b"call-id", b"cseq", b"content-length"]
    return Request(b"OPTIONS", binding.contact, names, lines)
