"""What of a message passes between this house and a provider: a list of what may, both ways.

All that is not listed is dropped; who speaks, where and through what is written anew by calls.py.
"""

from ...sip import description, scan
from ...sip.fields import line_value

# In both directions. RFC 3262, 3264, 3311, 4028, 5009 (P-Early-Media), 6086, 6665.
KEPT = frozenset(
    b"rseq accept session-expires min-se info-package recv-info p-early-media event content-type "
    b"content-disposition content-encoding content-language content-id mime-version".split()
)
# What helps those who come to help (RFC 6442), to the provider only.
OUT_ONLY = frozenset((b"geolocation", b"geolocation-routing"))
TAGGED = (b"supported", b"require", b"unsupported")
# All that is looked at; RAck (RFC 3262) is written anew.
PASSING = KEPT | OUT_ONLY | frozenset(TAGGED + (b"reason", b"rack"))
TAGS = frozenset((b"timer", b"100rel", b"early-session", b"geolocation"))
ALLOW = b"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, MESSAGE"
# The house may transfer its end of a call: the provider is not told.
ALLOW_HOUSE = ALLOW + b", REFER"
# What a provider is told of the sound: no names of streams, no keys but SDES, no addresses of ICE.
ATTRIBUTES = frozenset(
    b"rtpmap fmtp ptime maxptime sendrecv sendonly recvonly inactive rtcp rtcp-mux crypto".split()
)


def lines(message, is_out):
    """Yield (name, line) of the fields that pass; is_out: to the provider."""
    for name, line in zip(message.names, message.lines):
        if name in KEPT or (is_out and name in OUT_ONLY):
            yield name, line
        elif name in TAGGED:
            tags = [tag for tag in line_value(line).split(b",") if tag.strip().lower() in TAGS]
            if tags:
                yield name, line.partition(b":")[0] + b": " + b",".join(tags).strip(scan.BLANKS)
        elif name == b"reason":
            yield name, b"Reason: " + _reason(line_value(line))


def _reason(value):
    """Return why (RFC 3326), without the words."""
    parts = [part for part in value.split(b";") if not part.strip().startswith(b"text")]
    return b";".join(parts)


def body(message, session, version):
    """Return the body as it passes."""
    return description.cleaned(message, session, version, None, ATTRIBUTES)
