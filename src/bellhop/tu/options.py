"""What the node answers as a user agent: OPTIONS (RFC 3261 section 11)."""

from ..errors import SipError

METHODS = (
    b"INVITE ACK CANCEL BYE OPTIONS REGISTER MESSAGE SUBSCRIBE NOTIFY PUBLISH REFER INFO UPDATE "
    b"PRACK"
).split()
ALLOW = b"Allow: " + b", ".join(METHODS)
OPTION_TAGS = (b"path", b"outbound", b"gruu")
SUPPORTED = b"Supported: " + b", ".join(OPTION_TAGS)


def check_require(request):
    """Refuse extensions that a request to the node itself requires and nobody here knows."""
    unknown = [tag for tag in request.tokens(b"require") if tag not in OPTION_TAGS]
    if unknown:
        raise SipError(420, "Bad Extension", (b"Unsupported: " + b", ".join(unknown),))


def answer_lines(request):
    """Return the header lines of a 200 to OPTIONS (RFC 3261 section 11.2); refuse all else."""
    if request.method == b"OPTIONS":
        return [ALLOW, SUPPORTED, b"Accept: application/sdp"]
    if request.method in METHODS:
        raise SipError(405, "Method Not Allowed", (b"Allow: OPTIONS, REGISTER",))
    raise SipError(501, "Not Implemented", (ALLOW,))
