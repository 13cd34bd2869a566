"""Where the node listens, in the forms in which headers name it."""

from ..sip import uri

DEFAULT_PORTS = {"udp": 5060, "tcp": 5060, "tls": 5061, "ws": 80, "wss": 443}


class ListeningPoint:
    """One listener. key: host for comparison; via: sent-protocol and sent-by; uri: hostport and
    transport parameter, as they stand in Record-Route."""

    __slots__ = ("listener", "transport", "port", "key", "via", "uri")

    def __init__(self, listener):
        # A zone (RFC 4007) is the machine's own matter: no header names it.
        host = listener.host.partition("%")[0].encode()
        written = uri.host_port(host, listener.port)
        self.listener = listener
        self.transport = listener.transport
        self.port = listener.port
        self.key = uri.host_key(host)
        transport = listener.transport.encode()
        self.via = transport.upper() + b" " + written
        self.uri = written if transport == b"udp" else written + b";transport=" + transport
