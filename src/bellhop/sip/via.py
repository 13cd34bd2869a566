"""Via: sent-by, branch, received and rport (RFC 3261 sections 18.2 and 20.42, RFC 3581)."""

from ..effects import Flow
from ..errors import SipError
from . import scan
from .memo import remember
from .uri import host_key, host_port, parse_host_port

MAGIC_COOKIE = b"z9hG4bK"
_memo = {}


class Via:
    """One Via value. transport: upper case; host: as written; port: number or None.

    protocol: name and version with their slashes; a refusal with 505 goes back by such a Via.
    sent_by: host and port for matching (section 17.2.3). branch: the parameter, or None.
    """

    __slots__ = ("protocol", "transport", "host", "port", "sent_by", "params", "branch")

    def __init__(self, head, params):
        self.protocol, self.transport, self.host, self.port, self.sent_by = head
        self.params = params
        self.branch = scan.parameter(params, b"branch")

    def param(self, name):
        """Return a parameter's value: b"" where it has none, None where it is absent."""
        return scan.parameter(self.params, name)

    def has_cookie(self):
        """Tell whether the branch is that of an RFC 3261 element and says something."""
        branch = self.branch
        return branch is not None and branch[:7] == MAGIC_COOKIE and branch != MAGIC_COOKIE

    def write(self):
        """Return the value as bytes."""
        where = host_port(self.host, self.port)
        return self.protocol + self.transport + b" " + where + scan.write_parameters(self.params)


def branch_of(value):
    """Return the branch of the first Via of a header value, or None."""
    _, found, rest = value.partition(b";branch=")
    if not found or value.partition(b",")[1]:
        return parse(value).branch
    return rest.partition(b";")[0].rstrip(scan.BLANKS)


def parse(value):
    """Return the first Via of a header value, or refuse with 400."""
    if value.partition(b",")[1] or value.partition(b'"')[1]:
        comma = scan.find_outside(value, b",")
        value = value if comma < 0 else value[:comma]
    head, _, tail = value.partition(b";")
    known = _memo.get(head) or remember(_memo, head, _parse_head(head))
    return Via(known, scan.parameters(tail))


def _parse_head(head):
    """Return (protocol, transport, host, port, sent-by) of what stands before the parameters."""
    protocol, where = scan.first_word(head.strip(scan.BLANKS))
    if protocol[:8] == b"SIP/2.0/" and where:
        protocol, transport = protocol[:8], protocol[8:].upper()
    else:
        protocol, transport, where = _spaced(head)
    if not scan.is_token(transport):
        raise SipError(400, "a Via names no transport")
    if where.count(b" ") or where.count(b"\t"):  # They may stand around the colon before the port.
        where = where.replace(b" ", b"").replace(b"\t", b"")
    host, port = parse_host_port(where)
    return protocol, transport, host, port, host_port(host, port).lower()


def _spaced(head):
    """Read `SIP / 2.0 / UDP host`: blanks may stand around the slashes (sent-protocol)."""
    parts = [part.strip(scan.BLANKS) for part in head.split(b"/")]
    if len(parts) != 3 or parts[0].upper() != b"SIP" or not scan.is_token(parts[1]):
        raise SipError(400, "a Via is not of SIP")
    transport, where = scan.first_word(parts[2])
    if not where:
        raise SipError(400, "a Via names no host")
    return b"SIP/" + parts[1] + b"/", transport.upper(), where


def note_source(request, flow):
    """Write received and rport into the topmost Via (section 18.2.1, RFC 3581 section 4)."""
    via = request.via
    host = flow.host.partition("%")[0].encode()
    asked = via.param(b"rport") is not None
    if not asked and (via.host == host or host_key(via.host) == host_key(host)):
        return
    params = [pair for pair in via.params if pair[0] not in (b"received", b"rport")]
    params.append((b"received", host))
    if asked:
        params.append((b"rport", str(flow.port).encode()))
    via.params = params
    request.replace_via(via)


def reply_flow(request, flow):
    """Return the flow for responses (section 18.2.2): the source, or the port that Via names."""
    via = request.via
    port = via.port or 5060
    if port == flow.port or flow.transport != "udp" or via.param(b"rport") is not None:
        return flow
    return Flow(flow.transport, flow.local, flow.host, port, flow.connection, flow.name)
