"""One function for each kind of value: text -> value, or ValueError with what is accepted."""

from .. import hours
from ..errors import SipError
from ..sip import uri
from ..sip.ip import HEX, address_octets, is_number

LETTERS = "abcdefghijklmnopqrstuvwxyz"
NAME = LETTERS + LETTERS.upper() + "0123456789._-+"
CALLSIGN = LETTERS + LETTERS.upper() + "0123456789-/"


def flag(text):
    """Return whether a switch is on."""
    if text in ("1", "yes", "on", "true", "enabled"):
        return True
    if text in ("0", "no", "off", "false", "disabled"):
        return False
    raise ValueError("1 or 0")


def number(lowest, highest):
    """Return the check of a whole number within bounds."""

    def check(text):
        if not is_number(text) or not lowest <= int(text) <= highest:
            raise ValueError("a number from %d to %d" % (lowest, highest))
        return int(text)

    return check


def choice(*accepted):
    """Return the check of a word that is one of some."""

    def check(text):
        if text not in accepted:
            raise ValueError("one of " + ", ".join(accepted))
        return text

    return check


def word(text):
    """Return a name of letters, digits and few signs."""
    if not text or [c for c in text if c not in NAME]:
        raise ValueError("letters, digits and . _ - + only")
    return text


def dialled(text):
    """Return what a phone dials: a name, or a number as people write it."""
    if not text or [c for c in text if c not in NAME + "()/*# "]:
        raise ValueError("a name, or a number such as +49 30 1234")
    return text


def dialled_or_nothing(text):
    """Return what a phone dials, or ""."""
    return dialled(text) if text else text


def name_or_nothing(text):
    """Return a name, or ""."""
    return word(text) if text else text


def callsign_or_nothing(text):
    """Return the call sign of an amateur station in capitals, or ""."""
    if text and (not 3 <= len(text) <= 10 or [c for c in text if c not in CALLSIGN]):
        raise ValueError("a call sign of 3 to 10 letters and digits, such as DL1ABC")
    return text.upper()


def host(text):
    """Return a host name or an address, in lower case, without brackets."""
    if not text or [c for c in text if c not in NAME + ":[]"]:
        raise ValueError("a host name or an IP address")
    return text.strip("[]").lower()


def caller(text):
    """Return user@host, a host name or an address, in lower case."""
    user, at, place = text.rpartition("@")
    if (at and not user) or [c for c in user if c in " \t@"]:
        raise ValueError("user@host, a host name or an IP address")
    return user.lower() + at + host(place)


def host_port(text):
    """Return (host, port or 0) of HOST, HOST:PORT or [ADDRESS]:PORT."""
    name, colon, port = text, "", ""
    if text[:1] == "[":
        name, _, rest = text[1:].partition("]")
        colon, port = rest[:1], rest[1:]
    elif text.count(":") == 1:
        name, colon, port = text.partition(":")
    try:
        return host(name), PORT(port) if colon else 0
    except ValueError:
        raise ValueError(
            "a host name or an IP address, and a port if it is not the usual one"
        ) from None


def address(text):
    """Return the URI of somebody to call."""
    try:
        found = uri.parse(line(text).encode())
        if found.scheme in (b"sip", b"sips", b"tel"):
            return text
    except SipError:
        pass
    raise ValueError("an address such as sip:gran@far.test")


def url_or_nothing(text):
    """Return the URL of a web server, or ""."""
    if text and text[:7] != "http://" and text[:8] != "https://":
        raise ValueError("a URL such as http://192.168.1.5:8123/api/webhook/x")
    return line(text)


def forward(text):
    """Return a URI, or what a phone dials, or ""."""
    return address(text) if ":" in text else dialled_or_nothing(text)


def code(text):
    """Return a feature code such as *21, or *72/*73 where clearing has its own; off; or ""."""
    if text in ("", "off"):
        return text
    for one in text.split("/"):
        if one[:1] not in ("*", "#") or len(one) < 2 or one[1:].strip("0123456789"):
            raise ValueError("* or # and digits, as in *21, or off")
    return text


def prefix(text):
    """Return digits with * or # or + before them, or ""."""
    if text.strip("0123456789*#+"):
        raise ValueError("digits, as in 0900 or +49")
    return text


def number_range(text):
    """Return a number, a beginning of numbers with *, or FIRST..LAST, as it was written."""
    for one in text.split("..") if ".." in text else (text.rstrip("*"),):
        if not one or one.strip("0123456789+-/() "):
            raise ValueError("a number such as +49301234, a range +493012300..+493012399, +493012*")
    return text


def money(text):
    """Return thousandths of what is written as a decimal number, None for ""."""
    whole, _, part = text.replace(",", ".").partition(".")
    if not text:
        return None
    if not is_number(whole or "0") or (part and not part.isdigit()) or len(whole) > 7:
        raise ValueError("a number such as 1.9")
    return int(whole or "0") * 1000 + int((part + "000")[:3])


def hours_or_nothing(text):
    """Return hours as they were written, or ""."""
    if text:
        hours.read(text)
    return text


def numbers(text):
    """Return a range of numbers as it was written, as in 900-949."""
    first, dash, last = text.partition("-")
    if not (dash and first.isdigit() and last.isdigit() and len(first) == len(last) < 9):
        raise ValueError("two numbers of one length, as in 900-949")
    if not 0 <= int(last) - int(first) < 1000:
        raise ValueError("the first and the last of at most 1000 numbers, as in 900-949")
    return text


def mac_or_nothing(text):
    """Return the hardware address of a phone as 12 small hexadecimal digits, or ""."""
    digits = text.replace(":", "").replace("-", "").replace(".", "").lower()
    if text and (len(digits) != 12 or [c for c in digits if c not in HEX]):
        raise ValueError("twelve hexadecimal digits, as in 00:15:65:aa:bb:cc")
    return digits


def lamp_key(text):
    """Return what a key of a desk phone does, as it was written."""
    kind, _, value = text.partition(":")
    if kind not in ("blf", "speed", "park", "page") or not value:
        raise ValueError("blf:, speed:, park: or page: and a number")
    dialled(value)
    return text


def paging(text):
    """Return the multicast address and port on which phones listen for announcements, or ""."""
    host, _, port = text.rpartition(":")
    octets = address_octets(host)
    is_multicast = octets is not None and len(octets) == 4 and 224 <= octets[0] <= 239
    if text and not (is_multicast and is_number(port) and 0 < int(port) < 65536):
        raise ValueError("an IPv4 multicast address with a port, as in 224.0.2.60:5004")
    return text


def member(text):
    """Return the name of a user or group, or the URI of somebody elsewhere."""
    return address(text) if ":" in text else word(text)


def hexadecimal(digits):
    """Return the check of so many hexadecimal digits."""

    def check(text):
        if len(text) != digits or [c for c in text.lower() if c not in HEX]:
            raise ValueError(
                "%d hexadecimal digits, as `bellhop hash-password` prints them" % digits
            )
        return text.lower().encode()

    return check


def key(text):
    """Return a public key (Ed25519) as octets, b"" for nothing."""
    if text and (len(text) != 64 or [c for c in text.lower() if c not in HEX]):
        raise ValueError("64 hexadecimal digits, as `bellhop sign-spam-list` prints them")
    return bytes.fromhex(text)


def fingerprint(text):
    """Return the fingerprint of an OpenPGP key without blanks, in capitals."""
    digits = text.replace(" ", "").upper()
    if len(digits) not in (40, 64) or [c for c in digits.lower() if c not in HEX]:
        raise ValueError("40 hexadecimal digits, as `gpg --fingerprint` prints them")
    return digits


def network(text):
    """Return (address octets, prefix length) of ADDRESS or ADDRESS/LENGTH."""
    host, slash, length = text.partition("/")
    octets = address_octets(host)
    if octets is None or (slash and not is_number(length)):
        raise ValueError("an IP address, or a network such as 192.168.1.0/24")
    bits = int(length) if slash else 8 * len(octets)
    if bits > 8 * len(octets):
        raise ValueError("a network whose length is at most %d" % (8 * len(octets)))
    return octets, bits


def nation(text):
    """Return a country as ISO 3166 writes it, two capital letters; "" for none."""
    if text and (len(text) != 2 or [c for c in text if not "A" <= c <= "Z"]):
        raise ValueError("two capital letters, as in DE")
    return text


def line(text):
    """Return text without control characters."""
    if [c for c in text if ord(c) < 32 or ord(c) in (127, 0xFFFD)]:
        raise ValueError("text on one line, in UTF-8")
    return text


PORT = number(0, 65535)
