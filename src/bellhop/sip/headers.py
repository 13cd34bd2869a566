"""Names of header fields: full and compact forms, which may be joined by commas (section 7.3)."""

from ..errors import SipError
from . import scan

# Compact forms: RFC 3261, 3265, 3515, 3841, 3892, 3903, 4028, 4474, 4538, 6794.
COMPACT = {
    b"a": b"accept-contact",
    b"b": b"referred-by",
    b"c": b"content-type",
    b"d": b"request-disposition",
    b"e": b"content-encoding",
    b"f": b"from",
    b"i": b"call-id",
    b"j": b"reject-contact",
    b"k": b"supported",
    b"l": b"content-length",
    b"m": b"contact",
    b"n": b"identity-info",
    b"o": b"event",
    b"r": b"refer-to",
    b"s": b"subject",
    b"t": b"to",
    b"u": b"allow-events",
    b"v": b"via",
    b"x": b"session-expires",
    b"y": b"identity",
}

LETTERS = {COMPACT[letter]: letter for letter in COMPACT}

# Fields whose value a node here reads as a list.
LISTS = frozenset(
    (
        b"accept",
        b"allow",
        b"allow-events",
        b"contact",
        b"path",
        b"proxy-require",
        b"record-route",
        b"require",
        b"route",
        b"service-route",
        b"supported",
        b"unsupported",
        b"via",
    )
)

# Fields that may stand only once where the node relies on them (section 20).
SINGLE = frozenset((b"call-id", b"content-length", b"cseq", b"from", b"max-forwards", b"to"))

SPELLINGS = (
    b"Accept Accept-Contact Alert-Info Allow Allow-Events Authorization Call-ID Contact "
    b"Content-Disposition Content-Encoding Content-Length Content-Type CSeq Date Event Expires "
    b"Flow-Timer From Max-Breadth Max-Forwards Min-Expires Min-SE P-Asserted-Identity "
    b"P-Preferred-Identity Path Priority Privacy Proxy-Authenticate Proxy-Authorization "
    b"Proxy-Require RAck Reason Record-Route Refer-To Referred-By Replaces Request-Disposition "
    b"Require Resource-Priority Retry-After Route RSeq Server Service-Route Session-Expires "
    b"SIP-ETag SIP-If-Match Subject Subscription-State Supported Timestamp To Unsupported "
    b"User-Agent Via Warning WWW-Authenticate"
).split()


def _spellings():
    table = {}
    for name in SPELLINGS:
        table[name] = table[name.lower()] = name.lower()
    for letter in COMPACT:
        table[letter] = table[letter.upper()] = COMPACT[letter]
    return table


# What a peer writes before the colon -> the name used everywhere inside.
NAMES = _spellings()


def canonical(written):
    """Return the lower-case full name for the bytes before a colon, or refuse with 400."""
    name = written.rstrip(b" \t")
    known = NAMES.get(name)
    if known is not None:
        return known
    if not scan.is_token(name):
        raise SipError(400, "a header line has no proper name")
    name = name.lower()
    return COMPACT.get(name, name)
