"""What a caller wants hidden: Privacy (RFC 3323, RFC 3325, RFC 7044), and a From without a name."""

from .wishes import is_nobody

# The values of Privacy; the first takes back all others.
NONE, ID, USER, HEADER, SESSION, HISTORY, CRITICAL = WORDS = (
    b"none", b"id", b"user", b"header", b"session", b"history", b"critical",
)  # fmt: skip
NAMING = frozenset((ID, USER, HEADER))


def wanted(request):
    """Return the values of Privacy that a request has, as a set."""
    value = (request.value(b"privacy") or b"").lower().replace(b",", b";")
    words = {one.strip() for one in value.split(b";")}.intersection(WORDS)
    return set() if NONE in words else words


def hides(request):
    """Tell whether a caller wants not to be named."""
    return is_nobody(request.from_) or bool(wanted(request) & NAMING)
