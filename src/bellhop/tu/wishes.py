"""What the members of the house wish for their calls: forwarding, rest, who may not call.

A wish stands in the node's state and wins over the owner's option of the same name; feature codes
and pages change the same values. Calls for help are never asked for a wish.
"""

from .. import hours
from ..sip import uri

FORWARDS = FORWARD_ALWAYS, FORWARD_BUSY, FORWARD_NOANSWER, FORWARD_ABSENT = (
    "forward_always", "forward_busy", "forward_noanswer", "forward_absent",
)  # fmt: skip
DND, PAUSE, QUIET, ANONYMOUS, UNKNOWN, BLOCKED = (
    "dnd", "pause", "quiet", "anonymous", "unknown", "block",
)  # fmt: skip
# name -> its kind: text that names a place, switch, hours, word, list of texts.
NAMES = dict.fromkeys(FORWARDS, "place")
NAMES.update(
    {
        DND: "switch",
        PAUSE: "switch",
        QUIET: "hours",
        ANONYMOUS: "word",
        UNKNOWN: "word",
        BLOCKED: "list",
    }
)

# Kept beside them: what a forward was set to last, for a code without a number.
LAST = "last"
KEPT = tuple(NAMES) + (LAST,)

RING, REFUSE = TAKEN_WORDS = ("ring", "refuse")
# What else becomes of calls of who hides: no phone rings, or they go where unanswered ones go.
SILENT, VOICE = ("quiet", "voice")
WAYS = RING, SILENT, VOICE, REFUSE
WORDS_OF = {ANONYMOUS: WAYS, UNKNOWN: TAKEN_WORDS}
# Who calls again so soon has a reason.
AGAIN_MS = 180000
MOST_BLOCKED = 100
# What may stand before an address in a list.
SCHEMES = (b"sip", b"sips", b"tel")


def value(user, wishes, name):
    """Return what is in force: the wish of a user (a dict, or None), else the owner's option.

    Where the owner keeps strangers from somebody, a wish does not let them in.
    """
    option = getattr(user, name)
    if wishes is None or name not in wishes or (name, option) == (UNKNOWN, REFUSE):
        return option
    return wishes[name]


def is_nobody(address):
    """Tell whether an Address hides who calls (RFC 3323 section 4.1, RFC 3261 section 8.1.1.3)."""
    host = address.uri.host_key if address.uri.host is not None else b""
    user = (address.uri.user or b"").lower()
    return host in (b"anonymous.invalid", b"anonymous") or user == b"anonymous"


def is_listed(listed, names, key):
    """Tell whether a list names a caller.

    listed: texts: a number, a beginning of numbers with * behind it, an address, a domain or a
    node's key; names: octets, the caller's names and numbers; key: user@host, octets.
    """
    names, key = [uri.key_of(name) for name in names], key.lower()
    for text in listed:
        one = text.encode().lower()
        scheme, _, rest = one.partition(b":")
        one = rest if scheme in SCHEMES else one
        if one[-1:] == b"*":
            if [name for name in names if name.startswith(uri.key_of(one[:-1]))]:
                return True
        elif one == key or key.endswith(b"@" + one) or uri.key_of(one) in names:
            return True
    return False


def rests(user, wishes, minute):
    """Tell whether a user wants no calls now but those of friends; minute: of the day, or None."""
    return value(user, wishes, DND) or hours.is_within(value(user, wishes, QUIET), minute)


def why_not(user, wishes, minute, is_hidden, is_blocked, calls_again):
    """Return which wish keeps a caller from ringing a user: one of NAMES, or None.

    minute: of the day, or None; is_hidden: the caller hides; calls_again: the second call within
    AGAIN_MS, or a friend, whom rest does not hold off.
    """
    if is_blocked:
        return BLOCKED
    if is_hidden and value(user, wishes, ANONYMOUS) == REFUSE:
        return ANONYMOUS
    if calls_again:
        return None
    if value(user, wishes, DND):
        return DND
    return QUIET if hours.is_within(value(user, wishes, QUIET), minute) else None


def key_of(place):
    """Return the form of a number or name (text) in which settings find it."""
    return uri.key_of(place.encode())


def read(name, text):
    """Return the value that a text means, as a person or a program writes it."""
    kind = NAMES[name]
    if kind == "switch":
        return text in ("1", "on", "yes", "true")
    if kind == "list":
        return [_dialled(one) for one in text.split(",") if one.strip()]
    return _dialled(text) if kind == "place" else text


def _dialled(text):
    return uri.plain(text.strip().encode()).decode()


def checked(name, wish):
    """Return the value of a wish as it is kept; raises ValueError with what is accepted."""
    kind = NAMES.get(name)
    if name == LAST and isinstance(wish, dict):
        return wish
    if kind == "switch" and isinstance(wish, bool):
        return wish
    if kind == "list" and isinstance(wish, list) and len(wish) <= MOST_BLOCKED:
        return [_line(one) for one in wish]
    if wish in WORDS_OF.get(name, ()):
        return wish
    if kind == "hours" and isinstance(wish, str):
        if wish:
            hours.read(wish)
        return wish
    if kind == "place" and isinstance(wish, str):
        return _line(wish)
    raise ValueError("%s is no wish, or cannot be %r" % (name, wish))


def _line(text):
    if not isinstance(text, str) or len(text) > 128 or [c for c in text if not 32 < ord(c) < 127]:
        raise ValueError("a number, a name or an address")
    return text
