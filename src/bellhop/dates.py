"""A moment as people and spreadsheets write it (ISO 8601)."""

DAY = 86400


def iso(seconds, offset_minutes):
    """Return seconds since 1970 (UTC) as date and time at a place so many minutes before UTC."""
    days, rest = divmod(seconds + offset_minutes * 60, DAY)
    year, month, day = _civil(days)
    sign, minutes = ("+", offset_minutes) if offset_minutes >= 0 else ("-", -offset_minutes)
    return "%04d-%02d-%02dT%02d:%02d:%02d%s%02d:%02d" % (
        year, month, day, rest // 3600, rest // 60 % 60, rest % 60,
        sign, minutes // 60, minutes % 60,
    )  # fmt: skip


def _civil(days):
    """Return (year, month, day) of days since 1970: years that begin in March end with the leap."""
    days += 719468
    era, day = divmod(days, 146097)
    year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5
    month += 3 if month < 10 else -9
    return year + 400 * era + (month <= 2), month, day + 1


def offset_minutes(local, utc):
    """Return how many minutes a place is before UTC: both as time.localtime and gmtime give it."""
    minutes = (local[3] - utc[3]) * 60 + local[4] - utc[4]
    days = local[7] - utc[7]
    if days in (1, -364, -365):
        return minutes + 1440
    return minutes - 1440 if days in (-1, 364, 365) else minutes
