"""By whose wish a Target is called in whose place: its reason says it, for people and for rules."""

from . import dialplan
from .wishes import FORWARD_ABSENT, FORWARD_ALWAYS, FORWARD_BUSY, FORWARD_NOANSWER

WORDS = {
    FORWARD_ALWAYS: "always", FORWARD_BUSY: "busy", FORWARD_NOANSWER: "no answer",
    FORWARD_ABSENT: "phone off",
}  # fmt: skip
BY_WORDS = {words: why for why, words in WORDS.items()}
# What a Target says that is reached by forwarding, with the users and why.
FORWARDED = "forwarding of "


def steps(target):
    """Return [(name, why)] of those by whose wish a Target is called, the first caller's first."""
    if not target.reason.startswith(FORWARDED):
        return []
    pairs = [one.split(" (") for one in target.reason[len(FORWARDED) :].split(", ")]
    return [(name, BY_WORDS[words[:-1]]) for name, words in pairs]


def marked(target, user, why):
    """Return a Target that says by whose wish it is called first of all."""
    return behind(target, [(user.name, why)])


def as_led(target, before):
    """Return a Target that another one leads to, which goes on saying by whose wish."""
    return behind(target, steps(before)) if steps(before) else target


def behind(target, before):
    """Return a Target to which these have led before those that it names."""
    words = ["%s (%s)" % (name, WORDS[why]) for name, why in before]
    if steps(target):
        words.append(target.reason[len(FORWARDED) :])
    fields = list(target)
    fields[5] = FORWARDED + ", ".join(words)
    return dialplan.Target(*fields)
