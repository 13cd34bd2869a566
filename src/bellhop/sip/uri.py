"""SIP, SIPS and tel URI: parse, write, equivalence (RFC 3261 section 19.1, RFC 3966)."""

from ..errors import SipError
from . import scan
from .memo import remember

# RFC 3261 has no # in a user part; phones write the one that sends a number off all the same.
USER = scan.ALPHANUM + b"-_.!~*'()&=+$,;?/%#"
PARAMETER = scan.ALPHANUM + b"-_.!~*'()[]/:&+$%"
PERCENT = 0x25
UNESCAPED = PARAMETER[:-1]
# RFC 3966 section 3: visual-separator, and what people write for one; what a number is made of.
SEPARATORS = b"-.()/ "
NUMBER = scan.DIGITS + b"*#"
SCHEME = scan.ALPHANUM + b"+-."

MAPPED = [b"0"] * 5 + [b"ffff"]

# These must be equal in both URIs or absent from both (section 19.1.4).
ALWAYS_COMPARED = (b"user", b"ttl", b"method", b"maddr", b"transport")

_memo = {}


class Uri:
    """One URI; `user`, `host` and parameter values are the bytes as written.

    scheme: lower case. name: the user without escapes, b"" where there is none.
    key: the name by which it is found (`key_of`).
    host: IPv6 with its brackets, None for tel and unknown schemes.
    host_key: the host as it is compared.
    port: number or None. params: list of (lower-case name, value or None).
    headers: what follows "?", or None. rest: everything after the colon, for schemes that
    are not understood here.
    """

    __slots__ = (
        "scheme", "user", "name", "key", "password", "host", "host_key", "port", "params",
        "headers", "rest", "written",
    )  # fmt: skip

    def __init__(self, scheme, user, host, port=None, params=(), headers=None, password=None):
        self.scheme = scheme
        self.user = user
        self.name = unescape(user) if user else b""
        self.key = key_of(self.name)
        self.password = password
        self.host = host
        self.host_key = None if host is None else host_key(host)
        self.port = port
        self.params = params
        self.headers = headers
        self.rest = self.written = None

    def param(self, name):
        """Return a parameter's value: b"" where it has none, None where it is absent."""
        return scan.parameter(self.params, name) if self.params else None

    def is_at(self, flow):
        """Tell whether host and port are those of a flow's peer."""
        if (self.port or 5060) != flow.port:
            return False
        host = flow.host.encode()
        return self.host_key == host or self.host_key == host_key(host)

    def write(self):
        """Return the URI as bytes; one that was read as its writer wrote it."""
        if self.written is not None:
            return self.written
        if self.rest is not None:
            return self.scheme + b":" + self.rest
        out = self.scheme + b":"
        if self.user is not None:
            out += self.user
            if self.password is not None:
                out += b":" + self.password
            if self.host is not None:
                out += b"@"
        if self.host is not None:
            out += host_port(self.host, self.port)
        out += scan.write_parameters(self.params)
        return out if self.headers is None else out + b"?" + self.headers


def host_port(host, port):
    """Write host and optional port; an IPv6 address gets its brackets."""
    if host.count(b":") and host[:1] != b"[":
        host = b"[" + host + b"]"
    return host if port is None else host + b":" + str(port).encode()


def parse(value):
    """Return the Uri in `value`, or refuse with 400. The result is shared: do not change it."""
    return _memo.get(value) or remember(_memo, value, _as_written(value))


def without_secrets(value):
    """Return a URI without its password, and without headers, which may hold another one."""
    try:
        found = parse(value)
    except SipError:
        return value  # Nobody is called by it.
    if found.password is None and found.headers is None:
        return value
    return Uri(found.scheme, found.user, found.host, found.port, found.params).write()


def _as_written(value):
    found = _parse(value)
    found.written = value
    return found


def _parse(value):
    colon = value.find(b":")
    scheme = value[:colon].lower()
    if colon < 1 or not scan.is_made_of(scheme, SCHEME):
        raise SipError(400, "a URI has no scheme")
    rest = value[colon + 1 :]
    if scheme == b"sip" or scheme == b"sips":
        return _parse_sip(scheme, rest)
    for octet in rest:
        if octet <= 0x20 or octet >= 0x7F or octet == scan.LESS or octet == scan.GREATER:
            raise SipError(400, "a URI holds an octet that must be escaped")
    if scheme == b"tel":
        return _parse_tel(rest)
    uri = Uri(scheme, None, None)
    uri.rest = rest
    return uri


def _parse_tel(rest):
    number, semicolon, params = rest.partition(b";")
    if not scan.is_made_of(number, USER) or not _is_escaped_well(rest):
        raise SipError(400, "a telephone number is malformed")
    return Uri(b"tel", number, None, params=scan.parameters(params) if semicolon else [])


def _parse_sip(scheme, rest):
    user = password = None
    at = rest.find(b"@")
    if at >= 0:
        user, colon, secret = rest[:at].partition(b":")
        password = secret if colon else None
        good = scan.is_made_of(user, USER) and _is_escaped_well(user)
        if not good or (secret and not _is_text(secret)):
            raise SipError(400, "the user part of a URI is malformed")
        rest = rest[at + 1 :]
    rest, question, headers = rest.partition(b"?")
    where, semicolon, params = rest.partition(b";")
    host, port = parse_host_port(where)
    pairs = _uri_parameters(params) if semicolon else []
    if question and not _is_text(headers):
        raise SipError(400, "the headers of a URI hold an octet that must be escaped")
    return Uri(scheme, user, host, port, pairs, headers if question else None, password)


def _is_text(value):
    for octet in value:
        if octet <= 0x20 or octet >= 0x7F or octet in b'"<>':
            return False
    return True


def _uri_parameters(value):
    pairs = []
    for part in value.split(b";"):
        name, equals, text = part.partition(b"=")
        good = scan.is_made_of(name, PARAMETER) and (not text or scan.is_made_of(text, PARAMETER))
        if not good or not _is_escaped_well(part):
            raise SipError(400, "a URI parameter is malformed")
        pairs.append((name.lower(), text if equals else None))
    return pairs


def _is_escaped_well(value):
    index = value.find(b"%")
    while index >= 0:
        if not scan.is_made_of(value[index + 1 : index + 3], scan.HEX) or index + 3 > len(value):
            return False
        index = value.find(b"%", index + 3)
    return True


def parse_host_port(value):
    """Return (host, port or None) of `hostport`; IPv6 keeps its brackets. Refuses with 400."""
    if value[:1] == b"[":
        close = value.find(b"]")
        host, tail = value[: close + 1], value[close + 1 :]
        good = close > 2 and _ipv6_groups(host[1:-1].lower()) is not None
    else:
        colon = value.find(b":")
        host, tail = (value, b"") if colon < 0 else (value[:colon], value[colon:])
        good = scan.is_made_of(host, scan.HOST)
    if not good:
        raise SipError(400, "a host name or address is malformed")
    if not tail:
        return host, None
    if tail[:1] != b":":
        raise SipError(400, "a host is followed by something that is no port")
    return host, scan.number(tail[1:], 65535, "a port")


def escape(value):
    """Return `value` as it may stand in a URI parameter (pvalue)."""
    if not value.strip(UNESCAPED):
        return value
    out = []
    for octet in value:
        plain = octet in PARAMETER and octet != PERCENT
        out.append(bytes([octet]) if plain else b"%" + ("%02X" % octet).encode())
    return b"".join(out)


def key_of(name):
    """Return the form in which names and telephone numbers are equal (RFC 3966 section 5).

    A number loses its visual separators and parameters such as phone-context, and the # with
    which a phone sends it off; all else is compared without regard to case.
    """
    number = plain(name.partition(b";")[0])
    digits = number[1:] if number[:1] == b"+" else number
    if not scan.is_made_of(digits, NUMBER):
        return name.lower()
    return number.rstrip(b"#") or number


def plain(name):
    """Return a number as it is dialled, without its visual separators; any other name as it is."""
    if name.strip(NUMBER + SEPARATORS + b"+"):
        return name
    for separator in SEPARATORS:
        name = name.replace(bytes([separator]), b"")
    return name


def typed(text, domain):
    """Return the Uri of a number, name or address (text) that a person typed, None for none.

    domain: octets, of what has none.
    """
    text = text.strip().encode()
    if text.partition(b":")[0].lower() not in (b"sip", b"sips", b"tel"):
        text = b"sip:" + plain(text) + (b"" if b"@" in text else b"@" + domain)
    try:
        found = parse(text)
    except SipError:
        return None
    return found if found.user or found.scheme == b"tel" else None


def unescape(value):
    """Return `value` with its %HH escapes resolved."""
    if not value.count(b"%"):
        return value
    parts = value.split(b"%")
    out = [parts[0]]
    for part in parts[1:]:
        out.append(bytes([int(part[:2], 16)]) + part[2:])
    return b"".join(out)


def host_key(host):
    """Return the host in the form in which two names of one host are equal.

    Lower case, without the root's dot; an IPv6 address, with brackets or without, is expanded, and
    one that stands for an IPv4 address (RFC 4291 section 2.5.5.2) is written as that.
    """
    host = host.lower()
    if b":" in host:
        groups = _ipv6_groups(host.strip(b"[]"))
        if groups is not None and groups[:6] == MAPPED:
            high, low = int(groups[6], 16), int(groups[7], 16)
            return b"%d.%d.%d.%d" % (high >> 8, high & 255, low >> 8, low & 255)
        return b":".join(groups or [host])
    return host[:-1] if host[-1:] == b"." else host


def _ipv6_groups(text):
    """Return the eight groups of a lower-case IPv6address without leading zeros, or None.

    The grammar is that of RFC 3986: RFC 3261 has it wrong (RFC 5118 section 4.10).
    """
    head, gap, tail = text.partition(b"::")
    left = head.split(b":") if head else []
    right = tail.split(b":") if tail else []
    last = right or left
    if last and b"." in last[-1] and (right or not gap):
        last[-1:] = _ipv4_groups(last[-1])
    missing = 8 - len(left) - len(right)
    if missing < 0 or (missing == 0) == bool(gap):
        return None
    groups = left + [b"0"] * missing + right
    for group in groups:
        if len(group) > 4 or not scan.is_made_of(group, scan.HEX):
            return None
    return [group.lstrip(b"0") or b"0" for group in groups]


def _ipv4_groups(text):
    """Return the two IPv6 groups that IPv4 octets stand for; [b""] where there are none."""
    octets = text.split(b".")
    for octet in octets:
        if len(octet) > 3 or not scan.is_made_of(octet, scan.DIGITS) or int(octet) > 255:
            return [b""]
    if len(octets) != 4:
        return [b""]
    one, two, three, four = [int(octet) for octet in octets]
    return [hex(one << 8 | two)[2:].encode(), hex(three << 8 | four)[2:].encode()]


def equivalent(one, other):
    """Compare two Uri values by the rules of section 19.1.4."""
    if one is other:
        return True
    if one.scheme != other.scheme or one.rest != other.rest:
        return False
    if one.host is None or other.host is None:
        return one.user == other.user and one.host == other.host
    if one.port != other.port or one.host_key != other.host_key:
        return False
    if (one.user is None) != (other.user is None):
        return False
    if one.user is not None and unescape(one.user) != unescape(other.user):
        return False
    return one.password == other.password and _same_params(one, other) and _same_headers(one, other)


def _same_params(one, other):
    for name in ALWAYS_COMPARED:
        if _folded(one.param(name)) != _folded(other.param(name)):
            return False
    for name, value in one.params:
        found = other.param(name)
        if found is not None and _folded(found) != _folded(value or b""):
            return False
    return True


def _same_headers(one, other):
    if one.headers == other.headers:
        return True
    if one.headers is None or other.headers is None:
        return False
    return sorted(one.headers.lower().split(b"&")) == sorted(other.headers.lower().split(b"&"))


def _folded(value):
    return None if value is None else unescape(value).lower()
