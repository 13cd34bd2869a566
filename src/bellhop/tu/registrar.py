"""REGISTER (RFC 3261 section 10.3) -> binding changes and an answer; all of it or nothing."""

from ..errors import SipError
from ..sip import scan, uri
from .location import Binding, Change, contact_value

# What is granted at most over a stream.
STREAM_SECONDS = 60
MAX_SECONDS = 2**32 - 1
# Push services that the node can ask: that of RFC 8030, under both of its names.
PARAMETER = b";pn-prid="
PUSHES, MOST_URL = (b"webpush", b"unifiedpush"), 512
# Parameters of a Contact that the registrar answers itself and does not keep.
NOT_KEPT = (b"expires", b"q", b"pub-gruu", b"temp-gruu")


def changes(request, limits):
    """Return the list of Changes that a REGISTER asks for, empty for a query, None for "*".

    limits: shortest, longest and default seconds. Refuses with 400 or 423.
    """
    shortest, longest, default = limits
    header = request.number(b"expires", MAX_SECONDS)
    items = request.items(b"contact")
    if b"*" in items:
        if len(items) > 1 or header != 0:
            raise SipError(400, "Contact: * goes alone and with Expires: 0")
        return None
    asked = []
    for contact in request.addresses(b"contact"):
        value = contact.param(b"expires")
        seconds = _seconds(value, default if header is None else header)
        if 0 < seconds < shortest:
            raise SipError(423, "Interval Too Brief", (b"Min-Expires: " + str(shortest).encode(),))
        asked.append(_change(contact, min(seconds, longest)))
    return asked


def _seconds(value, default):
    """A malformed expires parameter counts as the default (section 10.2.1.1: 3600)."""
    if value is None or not scan.is_made_of(value, scan.DIGITS) or len(value) > 10:
        return default
    return int(value)


def _change(contact, seconds):
    if contact.uri.scheme not in (b"sip", b"sips"):
        raise SipError(400, "only sip and sips contacts can be called")
    instance = contact.param(b"+sip.instance")
    reg_id = contact.param(b"reg-id")
    number = 0
    if reg_id is not None and instance is not None:
        number = scan.number(reg_id, 2**31 - 1, "reg-id")
    q = _q(contact.param(b"q"))
    return Change(contact, seconds, q, scan.unquote(instance) if instance else None, number)


def _q(value):
    """Return a q value in thousandths (qvalue of section 25.1); 1000 where there is none."""
    if value is None:
        return 1000
    whole, _, fraction = value.partition(b".")
    digits = whole + (fraction + b"000")[:3]
    if whole not in (b"0", b"1") or not scan.is_made_of(digits, scan.DIGITS) or len(fraction) > 3:
        raise SipError(400, "q is not a number between 0 and 1")
    return min(1000, int(digits))


def register(request, flow, user, location, limits, now):
    """Carry out a REGISTER of an authorized user; return (added, removed) bindings.

    Refuses with 400, 423, 439, 500 or 503 and has changed nothing then.
    """
    can_sleep = [one for one in request.items(b"contact") if PARAMETER in one]
    short = flow.connection and not can_sleep
    asked = changes(request, _for_streams(limits) if short else limits)
    call_id, cseq = request.call_id, request.cseq[0]
    if asked is None:
        doomed = location.bindings(user, now)
        _check_order(doomed, call_id, cseq)
        added = []
    else:
        _check_outbound(request, asked)
        found = [location.find(user, change) for change in asked]
        _check_order([binding for binding in found if binding is not None], call_id, cseq)
        doomed = []
        for old, new in zip(found, asked):
            if old is not None and new.seconds == 0 and old not in doomed:
                doomed.append(old)
        path = [address.write() for address in request.addresses(b"path")]
        added = [_binding(request, flow, user, c, path, now) for c in asked if c.seconds]
        if added and not location.has_room(user):
            location.counters["refused_full"] += 1
            raise SipError(503, "this node has no room for more registrations")
    for binding in doomed:
        location.remove(binding)
    for binding in added:
        doomed += location.add(binding)
    return added, doomed


def _for_streams(limits):
    """A phone learns only by its next REGISTER that its stream was lost with the node's power."""
    shortest, longest, default = limits
    most = max(shortest, STREAM_SECONDS)
    return shortest, min(longest, most), min(default, most)


def _check_order(bindings, call_id, cseq):
    """Section 10.3 step 7: within one Call-ID only a higher CSeq may change a binding."""
    for binding in bindings:
        if binding.call_id == call_id and cseq <= binding.cseq:
            raise SipError(500, "this REGISTER is older than one that was carried out")


def _check_outbound(request, asked):
    """RFC 5626 section 6: reg-id through a further proxy needs that proxy's support."""
    if not [change for change in asked if change.reg_id]:
        return
    path = request.addresses(b"path")
    if len(request.items(b"via")) > 1 and (not path or path[0].uri.param(b"ob") is None):
        raise SipError(439, "First Hop Lacks Outbound Support")


def _binding(request, flow, user, change, path, now):
    binding = Binding()
    binding.user = user
    binding.contact = change.address.uri_bytes
    binding.params = [pair for pair in change.address.params if pair[0] not in NOT_KEPT]
    binding.q = change.q
    binding.seconds = change.seconds
    binding.until = now + change.seconds * 1000
    binding.call_id, binding.cseq = request.call_id, request.cseq[0]
    binding.path = path
    binding.flow = flow
    binding.instance, binding.reg_id = change.instance, change.reg_id
    binding.agent, binding.login = request.value(b"user-agent"), request.login
    binding.push = push_of(binding.contact)
    binding.since = now
    binding.unanswered, binding.answers, binding.streams = 0, False, None
    return binding


def push_of(contact):
    """Return the URL by which the phone of a contact is woken, text, or None (RFC 8599)."""
    found = uri.parse(contact)
    provider, url = found.param(b"pn-provider"), found.param(b"pn-prid")
    if provider is None or url is None or provider.lower() not in PUSHES:
        return None
    url = uri.unescape(url)
    is_plain = not [octet for octet in url if not 32 < octet < 127]
    return url.decode() if is_plain and url[:4] == b"http" and len(url) <= MOST_URL else None


def answer_lines(request, user, domain, location, now):
    """Return the header lines of the 200 to a REGISTER."""
    lines = []
    supported = request.tokens(b"supported") + request.tokens(b"require")
    for binding in location.bindings(user, now):
        value = contact_value(binding, now)
        if binding.q != 1000:
            value += b";q=0." + ("%03d" % binding.q).encode()
        if b"gruu" in supported and binding.instance is not None:
            value += b';pub-gruu="' + public_gruu(user, domain, binding.instance) + b'"'
        lines.append(b"Contact: " + value)
    for path in request.values(b"path"):
        lines.append(b"Path: " + path)
    lines.append(b"Supported: path, outbound, gruu")
    if [one for one in location.bindings(user, now) if one.push is not None]:
        lines.append(b'Feature-Caps: *;+sip.pns="webpush"')
    if b"outbound" in supported and [b for b in location.bindings(user, now) if b.reg_id]:
        lines.append(b"Require: outbound")
        # RFC 5626 section 4.4: a NAT may forget a datagram after 30 s, a stream lasts longer.
        lines.append(b"Flow-Timer: " + (b"25" if request.via.transport == b"UDP" else b"120"))
    return lines


def public_gruu(user, domain, instance):
    """Return the URI that reaches one device of a user for ever (RFC 5627 section 3.1.1)."""
    return b"sip:" + user.encode() + b"@" + domain + b";gr=" + uri.escape(instance.strip(b"<>"))


def gruu_instance(target):
    """Return the instance (with <>) that a GRUU names, or None."""
    value = target.param(b"gr")
    return b"<" + uri.unescape(value) + b">" if value else None
