"""A rate with a burst in one integer (the generic cell rate algorithm)."""


def spend(mark, now, interval, burst):
    """Return the new mark of a bucket after one more event, or None where it is over its rate.

    mark: ms, 0 for a fresh bucket; one event each `interval` ms, `burst` of them at once.
    """
    mark = max(mark, now) + interval
    return mark if mark - now <= burst * interval else None
