"""Feature codes: what a member of the house dials to set a wish or to take a call.

The form is that of European telephones: `*21*N#` or `*21N` sets, `*21` sets what was set last,
`#21` or `#21#` clears, `*#21#` tells. Phones eat a # or write it as %23. Codes of the US have
another code for clearing. No code is the beginning of another, but one that also stands alone,
which is told by what follows; the owner may change each code or take it away.
"""

from collections import namedtuple

from ..sip import uri

# Those of tu/wishes.py that have a code.
WISHES = FORWARD_ALWAYS, FORWARD_BUSY, FORWARD_NOANSWER, FORWARD_ABSENT, DND, PAUSE = (
    "forward_always", "forward_busy", "forward_noanswer", "forward_absent", "dnd", "pause",
)  # fmt: skip
ACTIONS = (
    PICKUP, INTERCOM, PARK, RING_BACK, BLOCK, LAST_CALLER, REDIAL, NETWORK, HIDE_NUMBER, NAMELESS,
) = (
    "pickup", "intercom", "park", "ring_back", "block", "last_caller", "redial", "network",
    "hide_number", "nameless",
)  # fmt: skip
FEATURES = WISHES + ACTIONS

VERBS = SET, CLEAR, TELL = ("set", "clear", "tell")

# What follows a code: nothing; a number, or nothing; an extension, or nothing; an extension; one
# digit, for a place. An extension never begins with 0.
NOTHING, NUMBER, MAYBE, EXTENSION, PLACE, DIALLED = FOLLOWING = (
    "", "[NUMBER]", "[EXTENSION]", "EXTENSION", "1-9", "NUMBER",
)  # fmt: skip

# feature: what follows it; help: one line for people.
Row = namedtuple("Row", ("follows", "help"))

ROWS = {
    FORWARD_ALWAYS: Row(NUMBER, "send every call to N"),
    FORWARD_BUSY: Row(NUMBER, "send calls to N while you talk, or do not want to be disturbed"),
    FORWARD_NOANSWER: Row(NUMBER, "send calls to N that you do not answer"),
    FORWARD_ABSENT: Row(NUMBER, "send calls to N while none of your phones is on"),
    DND: Row(NOTHING, "do not disturb"),
    PAUSE: Row(NOTHING, "calls to your groups ring without you"),
    PICKUP: Row(MAYBE, "take the call that rings at N, or one that rings in your pickup group"),
    INTERCOM: Row(EXTENSION, "speak at once to N, whose phone answers by itself"),
    PARK: Row(PLACE, "transfer a call here to park it; dial it to take the call back"),
    RING_BACK: Row(NOTHING, "ring me when the one I dialled last is free"),
    BLOCK: Row(NOTHING, "never let the last caller through again"),
    LAST_CALLER: Row(NOTHING, "call back who called last"),
    REDIAL: Row(NOTHING, "dial once more what I dialled last"),
    NETWORK: Row(DIALLED, "call N over the telephone network, not over the mesh"),
    HIDE_NUMBER: Row(DIALLED, "call N over the telephone network without showing my number"),
    NAMELESS: Row(DIALLED, "call N in another house without showing who I am"),
}

# style -> feature -> its code, and where clearing has a code of its own, that after a slash.
STYLES = {
    "etsi": {
        FORWARD_ALWAYS: "*21", FORWARD_BUSY: "*67", FORWARD_NOANSWER: "*61", FORWARD_ABSENT: "*62",
        DND: "*26", PAUSE: "*45", PICKUP: "*8", INTERCOM: "*80", PARK: "*5", RING_BACK: "*37",
        BLOCK: "*30", LAST_CALLER: "*69", REDIAL: "*68",
        NETWORK: "*1", HIDE_NUMBER: "*31", NAMELESS: "*32",
    },
    "us": {
        FORWARD_ALWAYS: "*72/*73", FORWARD_BUSY: "*90/*91", FORWARD_NOANSWER: "*92/*93",
        FORWARD_ABSENT: "*94/*95", DND: "*78/*79", PAUSE: "*45/*46", PICKUP: "*8",
        INTERCOM: "*80", PARK: "*6", RING_BACK: "*37/*38", BLOCK: "*30/*31",
        LAST_CALLER: "*69", REDIAL: "*68", NETWORK: "*1", HIDE_NUMBER: "*67", NAMELESS: "*32",
    },
    "off": {},
}  # fmt: skip

# What can be cleared and told.
CLEARED = WISHES + (RING_BACK, BLOCK)

# What was dialled: feature and verb; number: octets, b"" where none was dialled.
Dialled = namedtuple("Dialled", ("feature", "verb", "number"))

DIGITS = b"0123456789"
KEYS = DIGITS + b"*#+"
SEPARATORS = b"-.() "


def table(style, changes):
    """Return {feature: code} of a style with the owner's changes, {feature: code, or "off"}.

    Raises ValueError with a sentence where two codes cannot be told apart.
    """
    codes = dict(STYLES[style])
    codes.update(changes)
    codes = {feature: code for feature, code in codes.items() if code != "off"}
    for feature in FEATURES:
        for other in FEATURES:
            if feature != other and feature in codes and other in codes:
                _tell_apart(feature, codes[feature], other, codes[other])
    return codes


def _tell_apart(feature, code, other, longer):
    for first in code.split("/"):
        for second in longer.split("/"):
            if second.startswith(first) and _may_follow(feature, second[len(first) :]):
                problem = "the code %s (%s) cannot be told from %s (%s)"
                raise ValueError(problem % (first, feature, second, other))


def _may_follow(feature, rest):
    """Tell whether the rest of a longer code could be meant as what follows that of a feature."""
    follows = ROWS[feature].follows
    if not rest or follows in (NUMBER, DIALLED):
        return True
    # A place gives way to a code: `read` takes the longest.
    return follows in (MAYBE, EXTENSION) and rest[0] != "0"


def read(codes, user):
    """Return the Dialled of the user part of a Uri (octets), or None: it is no code.

    codes: of `table`.
    """
    if not user.strip(DIGITS):
        return None
    text = _keys(user)
    if text[:1] not in (b"*", b"#"):
        return None
    best, longest = None, 0
    for feature in codes:
        sets, _, clears = codes[feature].encode().partition(b"/")
        found = _as(feature, sets, clears or b"#" + sets[1:], text)
        if found is not None and len(sets) > longest:
            best, longest = found, len(sets)
    return best


def _as(feature, sets, clears, text):
    """Return what `text` says of one feature, or None."""
    bare = text[:-1] if text[-1:] == b"#" else text
    if feature in CLEARED and bare == clears:
        return Dialled(feature, CLEAR, b"")
    if feature in CLEARED and bare == b"*#" + sets[1:]:
        return Dialled(feature, TELL, b"")
    if not bare.startswith(sets):
        return None
    number = bare[len(sets) :]
    number = number[1:] if number[:1] == b"*" else number
    return Dialled(feature, SET, number) if _fits(ROWS[feature].follows, number) else None


def _fits(follows, number):
    if not number:
        return follows in (NOTHING, NUMBER, MAYBE)
    is_number = follows in (NUMBER, DIALLED)
    digits = number[1:] if is_number and number[:1] == b"+" else number
    if follows == NOTHING or not digits or digits.strip(DIGITS):
        return False
    if is_number:
        return True
    return digits[:1] != b"0" and (follows != PLACE or len(digits) == 1)


def _keys(user):
    """Return what the keys of a telephone have written, without separators; b"" if they did not."""
    text = uri.unescape(user).partition(b";")[0]
    if text.strip(KEYS + SEPARATORS):
        return b""
    for separator in SEPARATORS if text.strip(KEYS) else ():
        text = text.replace(bytes([separator]), b"")
    return b"" if text.strip(KEYS) else text
