"""Proxy core: validation, Route handling, forwarding (RFC 3261 sections 16.3 to 16.6)."""

import binascii

from ..errors import SipError
from ..limits import MAX_ROUTES
from ..sip import address, scan, uri
from ..sip.via import MAGIC_COOKIE

DIALOG_FORMING = (b"INVITE", b"SUBSCRIBE", b"REFER")
CROSSES = "the call crosses the mesh"
MAX_BREADTH = 60
TOKEN_OCTETS = 16


def validate(request):
    """Refuse what no proxy may forward (section 16.3)."""
    if len(request.uri) > 2048:
        raise SipError(414, "Request-URI Too Long")
    if request.uri[:4] != b"sip:":
        _check_scheme(request.uri)
    if request.parsed_uri.headers is not None:
        raise SipError(400, "a Request-URI must not hold header fields")
    if begins_dialog(request):
        request.contacts
    required = request.tokens(b"proxy-require")
    if required:
        raise SipError(420, "Bad Extension", (b"Unsupported: " + b", ".join(required),))


def _check_scheme(target):
    scheme, colon, _ = target.partition(b":")
    if scheme.lower() not in (b"sip", b"sips", b"tel", b"urn"):
        if not colon or not scan.is_made_of(scheme, uri.SCHEME):
            raise SipError(400, "the Request-URI has no scheme")
        raise SipError(416, "Unsupported URI Scheme")


def check_hops(request):
    """Refuse a request whose Max-Forwards is used up (section 16.3 step 3)."""
    if request.max_forwards == 0:
        raise SipError(483, "Too Many Hops")


def preprocess_route(request, is_ours, has_written):
    """Undo strict routing and take off the Route values that name this node (section 16.4).

    is_ours(uri) tells whether a Uri names this node; has_written(request, user) whether a user part
    is the token that this node put into its Record-Route, maybe with an address that has gone
    since. Returns the user parts of those values.
    """
    tokens = []
    routes = request.items(b"route")
    if not routes:
        return tokens
    if b"" in routes:
        raise SipError(400, "a Route is empty")
    if len(routes) > MAX_ROUTES:
        raise SipError(400, "a request has more than %d Route values" % MAX_ROUTES)
    target = request.parsed_uri
    if target.param(b"lr") is not None and target.user is not None and is_ours(target):
        tokens.append(target.user)
        request.unroute(address.parse(routes.pop()).uri_bytes)
        _remove_last_route(request)
    for route in routes:
        token, rest = _split_token(route)
        found = address.parse(rest).uri
        user = found.user if token is None else token
        if not is_ours(found) and not has_written(request, user):
            break
        tokens.append(user)
        request.remove_first(b"route")
    else:
        return tokens
    _check_returns(request.items(b"route"), is_ours)
    return tokens


def _check_returns(routes, is_ours):
    """Refuse a way that leads through this node again and again: each time it is sent once more.

    Once more is what a call has that the far end forwards back to this house.
    """
    ours = [is_ours(address.parse(_split_token(route)[1]).uri) for route in routes]
    if len([at for at in range(1, len(ours)) if ours[at] and not ours[at - 1]]) > 1:
        raise SipError(400, "the Route leads through this node more than twice")


def _split_token(route):
    """Return the token in a Route value and the value without it, or None and the value.

    Without its token every Route that this node wrote is the same, and has been parsed before.
    """
    start, at, end = route.partition(b"@")
    if not at or start[:5] != b"<sip:" or not scan.is_made_of(start[5:], scan.HEX):
        return None, route
    return start[5:], start[:5] + end


def _remove_last_route(request):
    routes = request.items(b"route")[:-1]
    request.remove(b"route")
    for route in reversed(routes):
        request.insert(b"route", b"Route: " + route)


def dialog_token(proof, call_id):
    """Return what the node writes into Record-Route: proof that it let this dialog begin."""
    return binascii.hexlify(proof.of(call_id))[:TOKEN_OCTETS]


def loop_key(request):
    """Return what two passes of a looping request have in common (RFC 5393 section 4.2.1)."""
    parts = [
        request.uri, request.call_id, str(request.cseq[0]).encode(),
        request.from_.tag or b"", request.to.tag or b"",
    ] + request.values(b"route")  # fmt: skip
    return str(binascii.crc32(b"\0".join(parts))).encode()


def check_loop(request, instance, key):
    """Refuse a request that was here before in the same form (RFC 5393, mandatory for forking)."""
    mark = MAGIC_COOKIE + instance
    for value in request.values(b"via"):
        if value.count(mark) and value.count(b"." + key):
            raise SipError(482, "Loop Detected")


def share(breadth, branches):
    """Return the Max-Breadth of one of some Branches (RFC 5393 section 5.3.3), or None for none.

    breadth: of the whole request, None where it says nothing.
    """
    if breadth is None and len(branches) == 1:
        return None
    active = len([branch for branch in branches if branch.final is None])
    if breadth is None:
        return MAX_BREADTH // active if active > 1 else None
    return max(1, breadth // max(1, active))


def branch(instance, random, key):
    """Return a branch: magic cookie, this node, randomness, and the key for loop detection."""
    return MAGIC_COOKIE + instance + binascii.hexlify(random) + b"." + key


def via_line(listener, branch):
    """Return the Via line for a request sent from `listener`."""
    return b"Via: SIP/2.0/" + listener.via + b";branch=" + branch + b";rport"


def forwarded(request, target_uri, path, via, record_routes, breadth):
    """Return the request as it goes to one target (section 16.6 steps 1 to 8).

    path: Route values to put first; record_routes: lines, the topmost first; breadth: Max-Breadth
    for this branch or None.
    """
    copy = request.passed_on(target_uri)
    copy.set(b"max-forwards", b"Max-Forwards: " + str(request.max_forwards - 1).encode())
    if breadth is not None:
        copy.set(b"max-breadth", b"Max-Breadth: " + str(breadth).encode())
    for line in reversed(record_routes):
        copy.insert(b"record-route", line)
    _put_routes(copy, path)
    copy.insert(b"via", via)
    copy.measure()
    return copy


def routed(request, path):
    """Return a request of the node's own with these Route values, the first on top (12.2.1.1)."""
    copy = request.copy()
    _put_routes(copy, path)
    return copy


def _put_routes(request, path):
    for route in reversed(path):
        request.insert(b"route", b"Route: " + route)
    if request.has(b"route"):
        _apply_strict_route(request)


def _apply_strict_route(request):
    """Section 16.6 step 6: a next hop without lr wants its address in the Request-URI."""
    first = request.addresses(b"route")[0]
    if first.uri.param(b"lr") is not None:
        return
    request.remove_first(b"route")
    request.add(b"route", b"Route: <" + request.uri + b">")
    request.aim(first.uri_bytes)


def next_hop(request):
    """Return the Uri that decides where a forwarded request goes (section 16.6 step 7)."""
    if request.has(b"route"):
        return request.addresses(b"route")[0].uri
    return request.parsed_uri


def begins_dialog(request):
    """Tell whether a dialog may begin with this request."""
    return request.method in DIALOG_FORMING and request.to.tag is None


def record_route_reasons(settings, request, flow, target):
    """Return the reasons, in words, for staying in the path of what `request` begins."""
    if not begins_dialog(request):
        return []
    reasons = []
    if settings.record_route == "calls" and request.method == b"INVITE":
        reasons.append("the owner wants to see live calls")
    reached = target.flow
    if reached is None:
        return reasons
    if reached.transport != flow.transport:
        reasons.append("%s on one side, %s on the other" % (flow.transport, reached.transport))
    if reached.local != flow.local:
        reasons.append("the phones are on different networks")
    if target.binding is not None and target.binding.is_behind_nat():
        reasons.append("the called phone is behind NAT")
    if _contact_is_elsewhere(request, flow):
        reasons.append("the calling phone is behind NAT")
    return reasons


def _contact_is_elsewhere(request, flow):
    if flow.transport != "udp" or not request.contacts:
        return False
    found = request.contacts[0].uri
    return found.host is not None and not found.is_at(flow)


def record_routes(token, incoming, outgoing):
    """Return the Record-Route lines: one, or two where the listeners differ (RFC 5658)."""
    lines = [_record_route(token, outgoing)]
    if incoming is not outgoing:
        lines.append(_record_route(token, incoming))
    return lines


def _record_route(token, listener):
    return b"Record-Route: <sip:" + token + b"@" + listener.uri + b";lr>"
