"""How many codes may be sent: each costs money, and somebody pays a carrier for them (pumping)."""

from sqlalchemy import func, insert, select, update

from ..web import Problem
from .database import SENT

DAY, HOUR = 86400, 3600
OF_A_NUMBER, OF_A_NETWORK, IN_ALL = 3, 10, 5000
# A prefix of the number (country and network) is paused when few of its last codes are typed.
PREFIX_DIGITS, LOOKED_AT, LEAST_PROVED = 6, 50, 0.2
# Country codes, or what follows them, whose calls and texts cost the sender extra.
PREMIUM = ("+878", "+881", "+882", "+883", "+979", "+1900", "+44870", "+44871", "+49900", "+33899")


def check(db, name, network, now):
    """Refuse a code that is one too many; raises Problem 429 or 403."""
    if name.startswith(PREMIUM):
        raise Problem(403, "no code is sent to numbers that cost extra")
    for column, value, seconds, most, words in (
        (SENT.c.name, name, DAY, OF_A_NUMBER, "this number has had its codes of the day"),
        (SENT.c.network, network, HOUR, OF_A_NETWORK, "too many codes were asked for from here"),
    ):
        asked = select(func.count()).where(column == value, SENT.c.at > now - seconds)
        if db.execute(asked).scalar() >= most:
            raise Problem(429, words + ": try again later")
    if db.execute(select(func.count()).where(SENT.c.at > now - DAY)).scalar() >= IN_ALL:
        raise Problem(429, "this directory has sent its codes of the day: try again tomorrow")
    prefix = name[: 1 + PREFIX_DIGITS]
    last = select(SENT.c.is_proved).where(SENT.c.prefix == prefix).order_by(SENT.c.id.desc())
    found = db.execute(last.limit(LOOKED_AT)).scalars().all()
    if len(found) == LOOKED_AT and sum(found) < LEAST_PROVED * LOOKED_AT:
        raise Problem(429, "few of the codes to numbers like this were used: they pause for now")


def note(db, name, network, now):
    """Count a code that is sent."""
    prefix = name[: 1 + PREFIX_DIGITS]
    db.execute(insert(SENT).values(at=now, name=name, network=network, prefix=prefix))


def proved(db, name):
    """The last code to a name was typed."""
    last = select(func.max(SENT.c.id)).where(SENT.c.name == name).scalar_subquery()
    db.execute(update(SENT).where(SENT.c.id == last).values(is_proved=True))
