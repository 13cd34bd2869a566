"""name-addr with header parameters: From, To, Contact, Route, Record-Route (section 20.10)."""

from ..errors import SipError
from . import scan, uri
from .memo import remember

DISPLAY = scan.TOKEN + scan.BLANKS + bytes(range(0x80, 0x100))
TAG = b";tag="
_memo = {}


class Address:
    """display: bytes as written, quotes included, or None; uri: Uri; params: list of pairs.

    tag: the parameter of that name, or None.
    """

    __slots__ = ("display", "uri", "uri_bytes", "params", "tag")

    def __init__(self, display, uri_bytes, params):
        self.display = display
        self.uri_bytes = uri_bytes
        self.uri = uri.parse(uri_bytes)
        self.params = params
        self.tag = scan.parameter(params, b"tag") if params else None

    def param(self, name):
        """Return a header parameter's value: b"" where it has none, None where absent."""
        return scan.parameter(self.params, name) if self.params else None

    def worded(self, before, after, user=b"?"):
        """Return an Address with words around its display name, or around `user` without one."""
        name = scan.unquote(self.display or b"") or user
        return Address(scan.shown(before + name + after), self.uri_bytes, self.params)

    def write(self):
        """Return the address as bytes, always with angle brackets."""
        display = b"" if self.display is None else self.display + b" "
        return display + b"<" + self.uri_bytes + b">" + scan.write_parameters(self.params)


def parse(value):
    """Return the one Address in `value`, or refuse with 400. The result is shared."""
    return _memo.get(value) or remember(_memo, value, _parse(value))


def parse_list(value):
    """Return the Addresses of a comma-separated header value."""
    if not value.partition(b",")[1]:
        return [parse(value)] if value else []
    return [parse(part) for part in scan.split_outside(value, b",", angles=True) if part]


def _parse(value):
    bare, found, tag = value.rpartition(TAG)
    if found and bare[-1:] == b">" and scan.is_token(tag):
        # The tag is new with each dialog, the person before it is not.
        known = parse(bare)
        if not known.params:
            return Address(known.display, known.uri_bytes, [(b"tag", tag)])
    return _parse_whole(value)


def _parse_whole(value):
    value = value.strip(scan.BLANKS)
    less = 0 if value[:1] == b"<" else scan.find_outside(value, b"<")
    if less < 0:
        return _parse_bare(value)
    greater = value.find(b">", less)
    if greater < 0:
        raise SipError(400, "an angle bracket does not close")
    tail = value[greater + 1 :].strip(scan.BLANKS)
    if tail and tail[:1] != b";":
        raise SipError(400, "an address is followed by something that is no parameter")
    return Address(
        _display(value[:less].strip(scan.BLANKS)),
        value[less + 1 : greater],
        scan.parameters(tail) if tail else [],
    )


def _parse_bare(value):
    """addr-spec without angle brackets: the parameters belong to the header (section 20.10)."""
    spec, semicolon, tail = value.partition(b";")
    spec = spec.strip(scan.BLANKS)
    if b"?" in spec or b"," in spec:
        raise SipError(400, "a URI with a comma or question mark needs angle brackets")
    return Address(None, spec, scan.parameters(tail) if semicolon else [])


def _display(value):
    if not value:
        return None
    if value[:1] == b'"':
        if scan.quoted_end(value, 0) != len(value):
            raise SipError(400, "a display name has text after its quotes")
    elif not scan.is_made_of(value, DISPLAY):
        raise SipError(400, "a display name with such characters needs quotes")
    return value
