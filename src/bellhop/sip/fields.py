"""The header lines of a message: found by name, changed in place (RFC 3261 section 7.3).

Lines stay the octets that their writer wrote. What of them is looked for is found in a dict: that
takes a fifth of the time of a list.
"""

from ..errors import SipError
from . import address, scan
from .headers import LETTERS
from .memo import remember

MAX_CSEQ = 2**31 - 1
MAX_NUMBER = 2**32 - 1

# What CSeq values and values that are one number say.
_cseqs = {}
_numbers = {}


class Fields:
    """Header lines in order, with their canonical names beside them.

    names[i] is the lower-case full name of lines[i]; a folded line of a peer keeps its line ends
    inside, one that is set or put in has none. first: name -> what stands behind the colon of the
    first line so called, unfolded; None as long as nobody has asked. twice: names that may stand
    more than once.
    """

    twice = ()
    # What the topmost Via has been read as.
    _via = None

    def __init__(self, names, lines, first=None):
        self.names = names
        self.lines = lines
        self.first = first

    def index(self):
        """Return `first`, read from the lines where that has not been done."""
        if self.first is None:
            first = self.first = {}
            # Most messages have no folded line; to ask each of them costs more than the rest.
            is_folded = b"".join(self.lines).partition(b"\n")[1]
            for name, line in zip(self.names, self.lines):
                if name in first:
                    self.twice += (name,)
                else:
                    first[name] = line_value(line) if is_folded else line.partition(b":")[2]
        return self.first

    def has(self, name):
        """Tell whether there is a field `name`."""
        return name in (self.first or self.names)

    def value(self, name):
        """Return the value of the first field `name` (bytes, unfolded), or None."""
        value = (self.first or self.index()).get(name)
        return None if value is None else value.strip(scan.BLANKS)

    def values(self, name):
        """Return the values of all fields `name`, one for each line, unfolded."""
        first = self.first or self.index()
        if name not in first:
            return []
        if name not in self.twice:
            return [first[name].strip(scan.BLANKS)]
        return [line_value(self.lines[i]) for i, one in enumerate(self.names) if one == name]

    def items(self, name):
        """Return all comma-separated elements of field `name`, in order."""
        first = self.first or self.index()
        if name not in first:
            return []
        if name not in self.twice:
            return scan.split_outside(first[name], b",", angles=True)
        found = []
        for value in self.values(name):
            found.extend(scan.split_outside(value, b",", angles=True))
        return found

    def tokens(self, name):
        """Return the lower-case elements of an option-tag list such as Supported."""
        if name not in (self.first or self.index()):
            return []
        return [item.lower() for item in self.items(name) if item]

    def addresses(self, name):
        """Return the Address values of field `name` (Contact, Route, ...)."""
        first = self.first or self.index()
        if name not in first:
            return []
        if name not in self.twice:
            return address.parse_list(first[name].strip(scan.BLANKS))
        found = []
        for value in self.values(name):
            found += address.parse_list(value)
        return found

    def number(self, name, highest, default=None):
        """Return a field that holds one number, or `default` where it is absent."""
        value = (self.first or self.index()).get(name)
        return default if value is None else number_in(value, highest, name)

    def set(self, name, line):
        """Replace the first field `name` by `line`, or add it at the end."""
        first = self.first or self.index()
        if name in first:
            self.lines[self.names.index(name)] = line
            first[name] = line.partition(b":")[2]
        else:
            self.add(name, line)

    def add(self, name, line):
        """Add a line, which may be folded, at the end."""
        self.names.append(name)
        self.lines.append(line)
        if self.first is None:
            return
        if name in self.first:
            self.twice += (name,)
        else:
            value = line.partition(b":")[2]
            self.first[name] = line_value(line) if value.partition(b"\n")[1] else value

    def insert(self, name, line):
        """Put `line` before the first field `name`, or behind the Vias where there is none."""
        names, first = self.names, self.first
        if name in (first or names):
            at = names.index(name)
            self.twice += (name,) if first else ()
        else:
            at = names.index(b"via") + names.count(b"via") if b"via" in (first or names) else 0
        self._via = None
        names.insert(at, name)
        self.lines.insert(at, line)
        if first is not None:
            first[name] = line.partition(b":")[2]

    def compact(self):
        """Write the names of fields in their compact forms (section 7.3.3)."""
        for index, name in enumerate(self.names):
            letter = LETTERS.get(name)
            if letter is not None:
                self.lines[index] = letter + b":" + self.lines[index].partition(b":")[2].lstrip()

    def remove(self, name):
        """Remove every field `name`."""
        if self.has(name):
            self.keep([at for at, one in enumerate(self.names) if one != name])

    def keep(self, places):
        """Remove all lines but those at these indexes."""
        self.names = [self.names[at] for at in places]
        self.lines = [self.lines[at] for at in places]
        self.first, self.twice = None, ()

    def remove_first(self, name):
        """Remove the first comma-separated element of the first field `name`."""
        names, lines, first = self.names, self.lines, self.first or self.index()
        at = names.index(name)
        rest = behind_comma(lines[at])
        if rest:
            self._rewrite(name, at, rest)
            return
        self._via = None
        del names[at]
        del lines[at]
        if name in self.twice and name in names:
            first[name] = line_value(lines[names.index(name)])
        else:
            del first[name]

    def replace_first(self, name, element):
        """Put `element` in place of the first comma-separated element of the first field `name`."""
        at = self.names.index(name)
        rest = behind_comma(self.lines[at])
        self._rewrite(name, at, element + b", " + rest if rest else element)

    def _rewrite(self, name, at, value):
        self.lines[at] = self.lines[at].partition(b":")[0] + b": " + value
        self.index()[name] = value
        self._via = None


def line_value(line):
    """Return the value of a header line: after the colon, unfolded, without outer blanks."""
    value = line.partition(b":")[2].strip(scan.BLANKS)
    if not value.partition(b"\n")[1]:
        return value
    return b" ".join([part.strip(b" \t") for part in value.split(b"\r\n")])


def behind_comma(line):
    """Return the elements of a header line that follow the first one; b"" where there are none."""
    if not line.partition(b",")[1]:
        return b""
    value = line_value(line)
    comma = scan.find_outside(value, b",", 0, True)
    return b"" if comma < 0 else value[comma + 1 :].strip(scan.BLANKS)


def number_in(value, highest, name):
    """Return the number that a value of the field `name` is; refuses with 400."""
    number = _numbers.get(value)
    if number is None:
        number = scan.number(value.strip(scan.BLANKS), MAX_NUMBER, name.decode())
        remember(_numbers, value, number)
    if number > highest:
        raise SipError(400, "%s is larger than %d" % (name.decode(), highest))
    return number


def cseq_in(value):
    """Return the pair (number, method) that a value of CSeq is; refuses with 400."""
    return _cseqs.get(value) or remember(_cseqs, value, _cseq(value.strip(scan.BLANKS)))


def _cseq(value):
    digits, method = scan.first_word(value)
    return scan.number(digits, MAX_CSEQ, "CSeq"), method
