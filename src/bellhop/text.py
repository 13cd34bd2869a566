"""Octets and texts of strangers as text for people: one function for each purpose."""

# Windows-1252 where it is not Latin-1: 0x80 to 0x9F (the five that it leaves open as they are).
WINDOWS = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ"
# What turns the direction of writing, joins letters, or ends a line or paragraph: with it a name
# can look like another one (Unicode Standard Annex 9).
HIDDEN = (
    (0x61C, 0x61C), (0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F), (0xFEFF, 0xFEFF),
    (0xFFF9, 0xFFFB),
)  # fmt: skip
ASCII = bytes(range(32, 127))
# z-base-32: the alphabet whose letters are hard to mistake for one another.
KEY_LETTERS = b"ybndrfg8ejkmcpqxot1uwisza345h769"
# What would end a quoted string, or begin an address.
STRUCTURE = b'"<>\\'
# No letter that looks like another one: people type it into a phone. 32 of them: five bits each.
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
ESCAPES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"))


def readable(octets):
    """Return octets from the network as text for people and JSON: letters of UTF-8, else "?"."""
    if not octets.strip(ASCII):
        return octets.decode()
    try:
        letters = octets.decode()
    except (UnicodeError, ValueError):
        return "".join([chr(octet) if 32 <= octet < 127 else "?" for octet in octets])
    return "".join([one if _is_seen(ord(one)) else "?" for one in letters])


def _is_seen(code):
    return _is_printable(code) and not _is_hidden(code)


def of_utf8(octets):
    """Return octets as text; those that are no UTF-8 as `readable` shows them."""
    try:
        return octets.decode()
    except (UnicodeError, ValueError):
        return readable(octets)


def of_octets(octets):
    """Return each octet as the letter of its number: what is no text at all stays what it was."""
    return "".join([chr(octet) for octet in octets])


def printable(text):
    """Return text without control characters and what is no character at all.

    Names come from strangers and reach terminals, and phones whose XML has neither.
    """
    return "".join([letter for letter in text if _is_printable(ord(letter))])


def _is_printable(code):
    """XML 1.0 section 2.2 (Char) but for control characters."""
    if code < 0xD800:
        return 32 <= code < 127 or code >= 160
    return 0xE000 <= code < 0xFFFE or code > 0xFFFF


def csv_line(fields):
    """Return texts as a line of comma-separated values (RFC 4180)."""
    return ",".join([_csv_field(printable(one)) for one in fields]) + "\r\n"


def _csv_field(text):
    # A spreadsheet would run what begins with such a sign as a formula.
    if is_formula(text) and not text[1:].isdigit():
        text = "'" + text
    if "," in text or '"' in text:
        return '"' + text.replace('"', '""') + '"'
    return text


def is_formula(text):
    """Tell whether a field begins with a sign of formulas, behind the quotes that disarm it."""
    return text.lstrip("'")[:1] in ("=", "+", "-", "@")


def plain(octets):
    """Return octets as UTF-8 without control characters and letters that are not seen."""
    if not octets.strip(ASCII):
        return octets
    try:
        letters = octets.decode()
    except (UnicodeError, ValueError):
        return bytes([octet if 32 <= octet < 127 else 0x3F for octet in octets])
    return "".join([letter for letter in letters if _is_seen(ord(letter))]).encode()


def _is_hidden(code):
    for first, last in HIDDEN:
        if first <= code <= last:
            return True
    return False


def spelled(octets):
    """Return random octets as a password or token: a letter for each."""
    return "".join([LETTERS[octet % len(LETTERS)] for octet in octets])


def is_name(octets):
    """Tell whether octets are UTF-8 that may stand for a person or a node wherever one is shown."""
    return plain(octets) == octets and not [one for one in octets if one in STRUCTURE]


def as_name(octets):
    """Return octets as what `is_name` takes for one."""
    return bytes([octet for octet in plain(octets) if octet not in STRUCTURE])


def xml(text):
    """Return text that may stand in XML content and attributes."""
    text = printable(text)
    for letter, escape in ESCAPES:
        text = text.replace(letter, escape)
    return text


def of_file(octets):
    """Return a file that a program of today wrote as text: UTF-8, UTF-16 by its mark, else Latin-1.

    What is Latin-1 to a spreadsheet is Windows-1252.
    """
    if octets[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _of_utf16(octets[2:], octets[:1] == b"\xff")
    try:
        text = octets.decode()
    except UnicodeError:
        return "".join([WINDOWS[o - 128] if 128 <= o < 160 else chr(o) for o in octets])
    return text[1:] if text[:1] == "\ufeff" else text


def _of_utf16(octets, is_little):
    letters = []
    high = 0
    for at in range(0, len(octets) - 1, 2):
        one, two = octets[at], octets[at + 1]
        code = two << 8 | one if is_little else one << 8 | two
        if 0xD800 <= code < 0xDC00:
            high = code - 0xD800 + 0x40  # The rest of the letter follows.
            continue
        if 0xDC00 <= code < 0xE000:
            code = (high << 10 | code - 0xDC00) if high else 0xFFFD
        letters.append(chr(code))
        high = 0
    return "".join(letters)


def key_text(key):
    """Return a key as people see it everywhere: octets in z-base-32."""
    letters = (8 * len(key) + 4) // 5
    number = int.from_bytes(key, "big") << (5 * letters - 8 * len(key))
    return "".join([chr(KEY_LETTERS[number >> 5 * at & 31]) for at in range(letters - 1, -1, -1)])
