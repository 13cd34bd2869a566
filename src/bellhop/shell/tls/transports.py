"""Which streams the full node can make: SIP over TCP and TLS, and over WebSocket."""

from ...world.streams import Plain
from .contexts import SECURE, TlsConnection
from .websocket import Session


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
        is_web = transport in ("ws", "wss")
        return Session(self.allows) if is_web else super().codec(transport)

    def connection(self, loop, made, stream, most, target):
        """Return the Connection of a stream; target: where it is to be connected to, or None."""
        transport, name = stream.flow.transport, stream.flow.name
        if transport not in SECURE:
            return super().connection(loop, made, stream, most, target)
        context = self.contexts.server if target is None else self.contexts.client_for(name)
        return TlsConnection(loop, made, stream, most, target, context, name or stream.flow.host)
