"""Telephone numbers: as people dial them, as E.164 and providers write them (RFC 3966)."""

from collections import namedtuple

# How numbers are dialled in a place, octets of digits: the country code, the area code without what
# stands before it, and what is dialled before an international and a national number.
Plan = namedtuple("Plan", ("country", "area", "international", "national"))

DIGITS = b"0123456789"
# ITU-T E.164 section 6.2.1: at most 15 digits; fewer than 7 are no subscriber's anywhere.
LONGEST, SHORTEST = (15, 7)
# What is dialled without any prefix and is longer is a number of the same area.
SHORT = 5
# How a provider wants numbers: +49301234, 49301234, 0049301234, 0301234 in the own country.
FORMS = E164, PLAIN, INTERNATIONAL, NATIONAL = ("e164", "plain", "international", "national")

# Country code -> beginnings of national numbers that cost more than a call in the country. From the
# numbering plans of the countries: Germany (BNetzA), Austria (KEM-V), Switzerland (BAKOM), United
# Kingdom (Ofcom), France (ARCEP), North America (NANPA), Netherlands (ACM), Spain, Italy, Poland.
DEAR = {
    b"49": (b"900", b"137", b"118", b"180", b"190", b"12"),
    b"43": (b"900", b"901", b"930", b"931", b"939", b"118"),
    b"41": (b"900", b"901", b"906", b"1600", b"18"),
    b"44": (b"9", b"84", b"87", b"118", b"70"),
    b"33": (b"81", b"82", b"89"),
    b"1": (b"900", b"976"),
    b"31": (b"900", b"906", b"909", b"18"),
    b"34": (b"80", b"90"),
    b"39": (b"89", b"199", b"178"),
    b"48": (b"70", b"300", b"400"),
}


def digits_of(dialled):
    """Return a number without what people write between its digits, or b"" where it is none."""
    text = dialled
    for separator in b"-.()/ " if text.strip(DIGITS) else ():
        text = text.replace(bytes([separator]), b"")
    plus, digits = text[:1] == b"+", text[1:] if text[:1] == b"+" else text
    if not digits or digits.strip(DIGITS):
        return b""
    return b"+" + digits if plus else digits


def e164(plan, dialled):
    """Return a number as +49301234, or None: it is none, or a short one of the country."""
    text = digits_of(dialled)
    if text[:1] == b"+":
        return _whole(text[1:])
    if plan.international and text.startswith(plan.international):
        return _whole(text[len(plan.international) :])
    if not plan.country or not text:
        return None
    if plan.national and text.startswith(plan.national):
        return _whole(plan.country + text[len(plan.national) :])
    if len(text) <= SHORT:
        return None
    if not plan.national or len(text) > LONGEST - len(plan.country + plan.area):
        return _whole(plan.country + text)
    # Ten digits in North America are a whole number; elsewhere the area is one's own.
    is_whole = plan.country == b"1" and len(text) == 10
    if not plan.area and not is_whole:
        return None
    return _whole(plan.country + (b"" if is_whole else plan.area) + text)


def _whole(digits):
    is_one = SHORTEST <= len(digits) <= LONGEST and digits[:1] != b"0"
    return b"+" + digits if is_one and not digits.strip(DIGITS) else None


def is_national(plan, number):
    """Tell whether a number (as of `e164`, or a short one) costs what calls in the country cost."""
    if number[:1] != b"+":
        return True
    national = number[1 + len(plan.country) :]
    if not plan.country or not number[1:].startswith(plan.country):
        return False
    return not [one for one in DEAR.get(plan.country, ()) if national.startswith(one)]


def written(plan, number, form):
    """Return a number as a provider wants it: one of FORMS. A short one stays as it is."""
    if number[:1] != b"+" or form == E164:
        return number
    if form == PLAIN:
        return number[1:]
    if form == NATIONAL and plan.country and number[1:].startswith(plan.country):
        return plan.national + number[1 + len(plan.country) :]
    return (plan.international or b"00") + number[1:]


def matches(plan, pattern, number):
    """Tell whether a number is one of a pattern: a number, FIRST..LAST, or a beginning with *.

    pattern: octets, numbers in it as people write them; number: as of `e164`.
    """
    first, dots, last = pattern.partition(b"..")
    if dots:
        low, high = e164(plan, first), e164(plan, last)
        return None not in (low, high) and len(low) == len(number) and low <= number <= high
    if pattern[-1:] == b"*":
        return number.startswith(beginning(plan, pattern[:-1]))
    return e164(plan, pattern) == number


def beginning(plan, text):
    """Return the beginning of numbers in the form of E.164."""
    text = digits_of(text)
    if text[:1] == b"+" or not text:
        return text or b"+"
    if plan.international and text.startswith(plan.international):
        return b"+" + text[len(plan.international) :]
    if plan.national and text.startswith(plan.national):
        text = text[len(plan.national) :]
    return b"+" + plan.country + text
