"""Hours of the day as people write them, such as 22:00-07:00, over midnight too."""

DAY_MINUTES = 24 * 60
MINUTE_MS = 60000
DAY_MS = DAY_MINUTES * MINUTE_MS
ACCEPTED = "from and to, as in 22:00-07:00"


def read(text):
    """Return (first, last) minute of the day; raises ValueError with what is accepted."""
    found = []
    for part in text.split("-"):
        hour, _, minute = part.strip().partition(":")
        if not (hour.isdigit() and minute.isdigit() and len(minute) == 2 and int(minute) < 60):
            raise ValueError(ACCEPTED)
        found.append(int(hour) * 60 + int(minute))
    if len(found) != 2 or max(found) > DAY_MINUTES or found[0] == found[1]:
        raise ValueError(ACCEPTED)
    return found[0], found[1]


def is_within(text, minute):
    """Tell whether a minute of the day lies in hours; False where one of them is not known."""
    if not text or minute is None:
        return False
    first, last = read(text)
    if first < last:
        return first <= minute < last
    return minute >= first or minute < last


def until_turn(text, day_ms):
    """Return in how many ms hours begin or end, more than 0. day_ms: the time of day."""
    return min([(edge * MINUTE_MS - day_ms - 1) % DAY_MS + 1 for edge in read(text)])
