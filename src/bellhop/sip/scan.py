"""Cursor over bytes: token, quoted string, white space, delimiters (RFC 3261 section 25.1).

All functions take a byte string and an index and return indexes; none copies what it skips.
Whether one octet is in others is asked by `partition`, or by `count` where it does not matter: to
`in` CPython tries octets as a number first, four times as slow, and a number is nothing that
MicroPython looks for.
"""

from ..errors import SipError
from ..text import of_octets, plain

ALPHANUM = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
TOKEN = ALPHANUM + b"-.!%*_+`'~"
HOST = ALPHANUM + b"-._"
DIGITS = b"0123456789"
HEX = b"0123456789abcdefABCDEF"

QUOTE, BACKSLASH, COMMA, SEMICOLON, LESS, GREATER = b'"\\,;<>'
BLANKS = b" \t\r\n"

# Names of parameters as nearly all peers write them.
PARAMETERS = {
    name: name for name in b"branch expires lr q received reg-id rport tag transport ttl".split()
}


def is_made_of(value, allowed):
    """Tell whether `value` is not empty and every octet stands in `allowed`."""
    # strip() stops at the first octet that is not allowed, and reads them in C.
    return value != b"" and not value.strip(allowed)


def is_token(value):
    """Tell whether `value` is one token."""
    return is_made_of(value, TOKEN)


def first_word(value):
    """Return what stands before the first blank or tab, and what follows all of them (LWS)."""
    word, _, rest = value.partition(b" ")
    if b"\t" in word:
        word, _, rest = value.partition(b"\t")
    return word, rest.lstrip(BLANKS)


def number(value, highest, what):
    """Return a decimal number of 1*DIGIT between 0 and `highest`, or refuse with 400."""
    if not value.isdigit() or len(value) > 12:
        raise SipError(400, "%s is not a number" % what)
    result = int(value)
    if result > highest:
        raise SipError(400, "%s is larger than %d" % (what, highest))
    return result


def quoted_end(value, start):
    """Return the index after the quoted string that opens at `start` (quoted-string)."""
    index = start + 1
    while True:
        close = value.find(b'"', index)
        if close < 0:
            raise SipError(400, "a quoted string does not end")
        escape = value.find(b"\\", index, close)
        if escape < 0:
            return close + 1
        index = escape + 2


def find_outside(value, delimiter, start=0, angles=False):
    """Return the index of the octet `delimiter` outside quotes (and <> if `angles`), or -1."""
    index = start
    while True:
        found = value.find(delimiter, index)
        end = len(value) if found < 0 else found
        quote = value.find(b'"', index, end)
        less = value.find(b"<", index, end if quote < 0 else quote) if angles else -1
        if less >= 0:
            index = value.find(b">", less)
            if index < 0:
                raise SipError(400, "an angle bracket does not close")
        elif quote >= 0:
            index = quoted_end(value, quote)
        else:
            return found


def split_outside(value, delimiter, angles=False):
    """Split at the octet `delimiter` outside quotes (and <>); blanks are stripped."""
    if not value.partition(delimiter)[1]:
        return [value.strip(BLANKS)]
    if not (angles and value.count(b"<")) and not value.count(b"\\"):
        parts = value.split(delimiter)
        # Where every part closes its quotes, no delimiter stands within any.
        if not value.count(b'"') or not [part for part in parts if part.count(b'"') % 2]:
            return [part.strip(BLANKS) for part in parts]
    return _split_slowly(value, delimiter, angles)


def _split_slowly(value, delimiter, angles):
    parts = []
    start = 0
    while True:
        end = find_outside(value, delimiter, start, angles)
        if end < 0:
            parts.append(value[start:].strip(BLANKS))
            return parts
        parts.append(value[start:end].strip(BLANKS))
        start = end + 1


def parameters(value):
    """Return `;name=value` parameters as a list of (lower-case name, value or None).

    `value` starts at the first semicolon or behind it; quoted values keep their quotes
    (generic-param).
    """
    is_quoted = value.partition(b'"')[1]
    parts = split_outside(value, b";") if is_quoted else value.split(b";")
    if not parts[0].strip(BLANKS):
        del parts[0]
    pairs = []
    for part in parts:
        name, equals, text = part.partition(b"=")
        name = PARAMETERS.get(name) or _parameter_name(name)
        pairs.append((name, text.strip(BLANKS) if equals else None))
    return pairs


def _parameter_name(written):
    name = written.strip(BLANKS)
    if not is_token(name):
        raise SipError(400, "a parameter has no proper name")
    return name.lower()


def parameter(pairs, name):
    """Return the value of parameter `name`: bytes, b"" where it has none, None where absent."""
    for found, value in pairs:
        if found == name:
            return b"" if value is None else value
    return None


def write_parameters(pairs):
    """Write what `parameters` returned."""
    out = []
    for name, value in pairs:
        out.append(b";" + name if value is None else b";" + name + b"=" + value)
    return b"".join(out)


def unquote(value):
    """Return the text of a quoted string, or `value` itself when it is not quoted."""
    if value[:1] != b'"':
        return value
    inner = value[1:-1]
    if b"\\" not in inner:
        return inner
    out = bytearray()
    escaped = False
    for octet in inner:
        escaped = octet == BACKSLASH and not escaped
        if not escaped:
            out.append(octet)
    return bytes(out)


def shown(value):
    """Return a name that anybody gave as a quoted string without letters that are not seen."""
    return quote(plain(value))


def quote(value):
    """Return `value` as a quoted string."""
    return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def to_text(value):
    """Return octets as text, one letter for each octet (None stays None); for JSON."""
    return None if value is None else of_octets(value)


def to_octets(text):
    """Return the octets that `to_text` was given."""
    return None if text is None else bytes([ord(letter) for letter in text])
