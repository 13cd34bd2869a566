"""Telephone numbers in the DNS: NAPTR rules of a number to addresses (RFC 6116).

A stranger wrote the rules, so no regular expression of theirs is ever run: of patterns only the two
that are in use are understood, "the whole number" and "what follows these digits".
"""

from ..errors import SipError
from ..sip import uri
from . import answer

# E.164: country code and number.
MIN_DIGITS, MAX_DIGITS = (7, 15)
DIGITS = b"0123456789"
# NAPTR records of one number that are looked at.
MAX_RULES = 8
MAX_ADDRESS_BYTES = 255
SERVICE, PLAIN = (b"e2u", b"sip")
WHOLE = b"^.*$"
HEAD, TAIL = (b"^\\+", b"(.*)$")
REST = b"\\1"


def digits_of(number):
    """Return the digits of a full international number, as `sip.uri.key_of` has it, or None."""
    digits = number[1:]
    if number[:1] != b"+" or digits.strip(DIGITS) or digits[:1] == b"0":
        return None
    return digits if MIN_DIGITS <= len(digits) <= MAX_DIGITS else None


def reversed_labels(digits):
    """Return the digits, the last first, with dots between (RFC 6116 section 3.2)."""
    return b".".join([bytes([digits[at]]) for at in range(len(digits) - 1, -1, -1)])


def owner(digits, suffix):
    """Return the name at which a number stands below a suffix such as b"e164.arpa"."""
    return reversed_labels(digits) + b"." + suffix


def addresses(records, digits):
    """Return the SIP addresses (octets) that RDATA of NAPTR give a number, the best first.

    What is no rule for SIP, or has a pattern that is not understood, is left out.
    """
    rules = []
    for octets in records[:MAX_RULES]:
        try:
            rule = answer.naptr(octets)
        except ValueError:
            continue
        if rule.flags.lower() == b"u" and _is_sip(rule.service.lower()):
            rules.append(rule)
    found = []
    for rule in sorted(rules, key=lambda rule: rule[:2]):
        address = _address(rule.regexp, digits)
        if address is not None and address not in found:
            found.append(address)
    return found


def _is_sip(services):
    """Tell whether a service field names SIP: "E2U+sip", with other types beside it, or before."""
    parts = services.split(b"+")
    kinds = [part.partition(b":")[0] for part in parts]
    return SERVICE in kinds and PLAIN in kinds


def _address(regexp, digits):
    """Return the address that a rule makes of a number, or None."""
    mark = regexp[:1]
    parts = regexp.split(mark) if mark else ()
    if len(parts) != 4 or parts[3] not in (b"", b"i"):
        return None
    pattern, text = parts[1], parts[2]
    rest = None
    if pattern != WHOLE:
        known = pattern[len(HEAD) : -len(TAIL)]
        if pattern != HEAD + known + TAIL or known.strip(DIGITS):
            return None
        if digits[: len(known)] != known:
            return None
        rest = digits[len(known) :]
    if text.count(b"\\"):
        if rest is None or text.replace(REST, b"").count(b"\\"):
            return None
        text = text.replace(REST, rest)
    return text if _is_address(text) else None


def _is_address(text):
    """Tell whether what a rule gives is the address of somebody, without headers."""
    if len(text) > MAX_ADDRESS_BYTES:
        return False
    try:
        found = uri.parse(text)
    except SipError:
        return False
    if found.scheme not in (b"sip", b"sips"):
        return False
    return found.user is not None and found.headers is None and found.password is None
