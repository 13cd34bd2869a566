"""Which streams the full node can make: SIP over TCP and TLS, and over WebSocket."""

from ...world.streams import Plain
from .contexts import SECURE, TlsConnection


class Kinds(Plain):
    """How streams are made.

    contexts: the tls.Contexts, or None where TLS is not installed; allows(origin): whether a page
    may speak SIP here, or None for any.
    """

    # Nobody can open a WebSocket towards a browser.
    opened = ("tcp", "tls")

    def __init__(self, contexts, allows=None):
        self.contexts = contexts
        self.allows = allows

    @property
    def accepted(self):
        """The transports that one can listen on now."""
        return ("tcp", "ws") if self.contexts.server is None else ("tcp", "tls", "ws", "wss")

    def codec(self, transport):
        """Return a new codec."""
        if transport not in ("ws", "wss"):
            return super().codec(transport)
        from .websocket import Session  # Only a node that browsers call by pays for it in memory.

        return Session(self.allows)

    def connection(self, loop, made, stream, most, target):
        """Return the Connection of a stream; target: where it is to be connected to, or None."""
        transport, name = stream.flow.transport, stream.flow.name
        if transport not in SECURE:
            return super().connection(loop, made, stream, most, target)
        context = self.contexts.server if target is None else self.contexts.client_for(name)
        return TlsConnection(loop, made, stream, most, target, context, name or stream.flow.host)
