"""The two ends of an answered call, as the node needs them to speak there (RFC 3261 section 12)."""

from ..sip.message import Request


class Leg:
    """One end. target: its Contact; routes: Route values on the way to it; local, remote: values of
    From and To; cseq: the highest number that was used towards it."""

    __slots__ = ("call_id", "target", "routes", "local", "remote", "cseq")


def towards_called(invite, response, token):
    """Return the Leg to where a 2xx came from, or None where it names no Contact.

    token: what the node wrote into its own Record-Route, or None; what stands before that line was
    added by those between this node and the called phone, the nearest of them last.
    """
    routes = []
    for value in response.items(b"record-route"):
        if token is not None and token in value:
            break
        routes.insert(0, value)
    ends = response.value(b"to"), response.contacts
    return _leg(invite, routes, invite.value(b"from"), *ends)


def towards_caller(invite, response):
    """Return the Leg to where an INVITE came from, or None where it names no Contact."""
    routes = invite.items(b"record-route")
    return _leg(invite, routes, response.value(b"to"), invite.value(b"from"), invite.contacts)


def _leg(invite, routes, local, remote, contacts):
    if not contacts:
        return None
    leg = Leg()
    leg.call_id = invite.call_id
    leg.target, leg.routes = contacts[0].uri_bytes, routes
    leg.local, leg.remote = local, remote
    leg.cseq = invite.cseq[0]
    return leg


def request(leg, method, cseq, more=()):
    """Return a request inside the dialog, without Via and Route; more: further (name, line)."""
    fields = [
        (b"max-forwards", b"Max-Forwards: 70"),
        (b"from", b"From: " + leg.local),
        (b"to", b"To: " + leg.remote),
        (b"call-id", b"Call-ID: " + leg.call_id),
        (b"cseq", b"CSeq: " + str(cseq).encode() + b" " + method),
    ]
    fields.extend(more)
    fields.append((b"content-length", b"Content-Length: 0"))
    return Request(method, leg.target, [name for name, _ in fields], [line for _, line in fields])
