"""How a request goes to its next hop (RFC 3261 sections 16.6, 18.1.1 and 26.2.2)."""

from ..effects import Flow
from ..sip import uri
from ..tu import dialplan, proxy

# Section 18.1.1: a request larger than 1300 bytes goes by TCP where the peer's transport is open;
# what this node adds to it (Via, Record-Route) counts.
DATAGRAM_BYTES = 1100
# Transports that a sips address may take.
SECURE = ("tls", "wss")
# The fourth letter of such an address: a sip, tel or urn one has its colon there.
SIPS = (b"s", b"S")


def may_carry(flow, one, other):
    """Tell whether a flow is secure, or neither of two addresses asks for TLS on every hop."""
    return flow.transport in SECURE or not (one[3:4] in SIPS or other[3:4] in SIPS)


def reached(target, flow):
    """Return a Target as it is reached by a flow."""
    if target.flow is flow:
        return target
    fields = list(target)
    fields[1] = flow
    return dialplan.Target(*fields)


def forwarded(node, request, target, listening, key=b"", routes=(), share=None):
    """Return (branch parameter, a request as it goes on to a Target from a Listener of ours).

    key: what tells a loop (proxy.loop_key); routes, share: as for proxy.forwarded.
    """
    mark = proxy.branch(node.instance, node.random(8), key)
    via = proxy.via_line(listening, mark)
    return mark, proxy.forwarded(request, target.uri, target.path, via, routes, share)


def preferred(node, branch, flow):
    """Return the Flow of a branch: what no datagram holds goes by TCP first, then by UDP."""
    if flow.transport != "udp" or branch.streamed:
        return flow
    request = branch.context.request
    if request.size() <= DATAGRAM_BYTES or not _may_stream(branch, request):
        return flow
    local = _stream_listener(node, flow)
    if local is None:
        return flow
    branch.stream_first(flow)
    return Flow("tcp", local, flow.host, flow.port, 0, flow.name)


def _stream_listener(node, flow):
    here = node.listening[flow.local]
    for index, listening in enumerate(node.listening):
        if listening and listening.transport == "tcp" and listening.key == here.key:
            return index
    return None


def _may_stream(branch, request):
    """Tell whether the next hop may have TCP: its URI names no transport, no NAT is between."""
    binding = branch.target.binding
    if binding is None:
        return proxy.next_hop(request).param(b"transport") is None
    if request.method != b"INVITE" or binding.streams is False or binding.path:
        return False
    is_silent = uri.parse(binding.contact).param(b"transport") is None
    return is_silent and not binding.is_behind_nat()
