"""An event package: what is subscribed to (RFC 6665 section 5)."""

from collections import namedtuple

from ..errors import SipError
from ..sip import scan

# name: as in Event; body_type: of its notices; seconds: how long a subscription lasts at most, and
# where nobody says; gather: ms in which changes share one notice.
Package = namedtuple("Package", ("name", "body_type", "seconds", "gather"))


def is_of(package, request):
    """Tell whether a SUBSCRIBE or NOTIFY is of a package."""
    if request.method not in (b"SUBSCRIBE", b"NOTIFY"):
        return False
    return (request.value(b"event") or b"").partition(b";")[0].strip(scan.BLANKS) == package.name


def contact_of(request):
    """Return the Contact of a request that begins a dialog, as a URI, or refuse with 400."""
    contacts = request.addresses(b"contact")
    if not contacts or contacts[0].uri.host is None:
        raise SipError(400, "a subscription needs a Contact")
    return contacts[0].uri_bytes


def fields(request_lines, body):
    """Return (names, lines) of a request from its lines, with Content-Length behind them."""
    lines = list(request_lines) + [b"Content-Length: " + str(len(body)).encode()]
    return [line.partition(b":")[0].lower() for line in lines], lines
