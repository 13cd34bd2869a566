"""What becomes of the claim of a key to a number or an address: one table, pure.

Nobody holds a number for ever, and nobody loses one while he proves that it is his: a second key
that proves it waits seven days, in which the first one can prove it again.
"""

# CHALLENGED: a code is on its way; PUBLISHED: stands in the DNS; CONTESTED: another key stands
# there; REFUSED: its owner has defended it; STALE: not proved for a year; the rest is over.
CHALLENGED, PUBLISHED, CONTESTED, REFUSED, STALE, LAPSED, REVOKED, EXPIRED = STATES = (
    "challenged", "published", "contested", "refused", "stale", "lapsed", "revoked", "expired",
)  # fmt: skip
OVER = (REFUSED, LAPSED, REVOKED, EXPIRED)
# FREE, TAKEN: the right code, and nobody else or another key is published; RENEWED: the same key
# has proved it anew; WRONG, LATE: a code; DEFENDED: the published key has proved it against this
# claim; WAITED: seven days are over; LOST: another key has waited them; AGED: a year, or its thirty
# days more; DELETED: by its key; SUCCEEDED: a new key, signed by this one, is published.
FREE, TAKEN, RENEWED, WRONG, LATE, DEFENDED, WAITED, LOST, AGED, DELETED, SUCCEEDED = EVENTS = (
    "free", "taken", "renewed", "wrong", "late", "defended", "waited", "lost", "aged", "deleted",
    "succeeded",
)  # fmt: skip
# What is to be done, beside the change of state.
PUBLISH, WITHDRAW, TELL_OWNER, REMIND = EFFECTS = ("publish", "withdraw", "tell owner", "remind")

CODE_TRIES, CODE_SECONDS = 5, 600
DAY = 86400
CONTEST_SECONDS, REFUSED_SECONDS = 7 * DAY, 30 * DAY
YEAR_SECONDS, STALE_SECONDS, REMIND_SECONDS = 365 * DAY, 30 * DAY, 335 * DAY

TABLE = {
    (CHALLENGED, FREE): (PUBLISHED, (PUBLISH,)),
    (CHALLENGED, TAKEN): (CONTESTED, (TELL_OWNER,)),
    (CHALLENGED, WRONG): (CHALLENGED, ()),
    (CHALLENGED, LATE): (EXPIRED, ()),
    (CHALLENGED, DELETED): (REVOKED, ()),
    (CONTESTED, DEFENDED): (REFUSED, ()),
    (CONTESTED, WAITED): (PUBLISHED, (PUBLISH,)),
    # The key that stood there is gone meanwhile.
    (CONTESTED, FREE): (PUBLISHED, (PUBLISH,)),
    (CONTESTED, DELETED): (REVOKED, ()),
    (PUBLISHED, RENEWED): (PUBLISHED, ()),
    (PUBLISHED, LOST): (REVOKED, (WITHDRAW,)),
    (PUBLISHED, AGED): (STALE, (REMIND,)),
    (PUBLISHED, DELETED): (REVOKED, (WITHDRAW,)),
    (PUBLISHED, SUCCEEDED): (REVOKED, ()),
    (STALE, RENEWED): (PUBLISHED, ()),
    (STALE, LOST): (REVOKED, (WITHDRAW,)),
    (STALE, AGED): (LAPSED, (WITHDRAW,)),
    (STALE, DELETED): (REVOKED, (WITHDRAW,)),
    (STALE, SUCCEEDED): (REVOKED, ()),
}
IGNORED = {
    (CHALLENGED, RENEWED): "it was never proved",
    (CHALLENGED, DEFENDED): "it stands against nobody yet",
    (CHALLENGED, WAITED): "it does not wait",
    (CHALLENGED, LOST): "it has nothing to lose",
    (CHALLENGED, AGED): "it ends after ten minutes",
    (CHALLENGED, SUCCEEDED): "it was never proved",
    (CONTESTED, TAKEN): "it is known to be taken",
    (CONTESTED, RENEWED): "it is not published",
    (CONTESTED, WRONG): "its code was right",
    (CONTESTED, LATE): "its code was right",
    (CONTESTED, LOST): "it has nothing to lose",
    (CONTESTED, AGED): "it waits seven days",
    (CONTESTED, SUCCEEDED): "it is not published",
    (PUBLISHED, FREE): "it is published",
    (PUBLISHED, TAKEN): "it is the one that is published",
    (PUBLISHED, WRONG): "its code was right",
    (PUBLISHED, LATE): "its code was right",
    (PUBLISHED, DEFENDED): "it is the one that defends",
    (PUBLISHED, WAITED): "it waits for nothing",
    (STALE, FREE): "it is published, and renewed by its own key",
    (STALE, TAKEN): "it is the one that is published",
    (STALE, WRONG): "its code was right",
    (STALE, LATE): "its code was right",
    (STALE, DEFENDED): "it is the one that defends",
    (STALE, WAITED): "it waits for nothing",
}
IGNORED.update({(state, event): "it is over" for state in OVER for event in EVENTS})


def step(state, event):
    """Return (next state, effects); what is ignored changes nothing."""
    return TABLE.get((state, event), (state, ()))


def until(state, now):
    """Return when a state ends by itself (seconds), None where it does not."""
    seconds = {
        CHALLENGED: CODE_SECONDS, CONTESTED: CONTEST_SECONDS, REFUSED: REFUSED_SECONDS,
        PUBLISHED: YEAR_SECONDS, STALE: STALE_SECONDS,
    }.get(state)  # fmt: skip
    return None if seconds is None else now + seconds


# What the end of a state is as an event.
ENDS = {CHALLENGED: LATE, CONTESTED: WAITED, PUBLISHED: AGED, STALE: AGED}
