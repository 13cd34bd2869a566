"""UCI text -> its sections, read as libuci reads it, and what is no UCI, with its place.

A line is `config TYPE [NAME]`, `option NAME VALUE` or `list NAME VALUE`; `;` ends it too, and # in
a bare word begins a comment. Words are bare, in '...' or in "...", glued to each other, quotes may
go over lines. A section given twice is one, a later option replaces an earlier one, `list` adds to
it, an empty value takes it away. Where libuci gives up the file, this goes on at the next line.
"""

from ..sip.scan import BACKSLASH, QUOTE, SEMICOLON

COMMANDS = {"c": "config", "o": "option", "l": "list", "p": "package"}
LINE_END, HASH, APOSTROPHE = b"\n#'"
BLANKS = b" \t\r\v\f"
WORD_ENDS = BLANKS + b"\n;#"
BARE_ENDS = WORD_ENDS + b"'\"\\"
STARTS = ([b"config"], [b"option"], [b"list"])
EXPECTED = "expected is `config TYPE [NAME]`, `option NAME VALUE` or `list NAME VALUE`"


class Block:
    """A section as it stands. options: name -> [(text, offset)]; index: the how manieth it is."""

    __slots__ = ("kind", "title", "index", "at", "options")

    def __init__(self, kind, title, index, at):
        self.kind = kind
        self.title = title
        self.index = index
        self.at = at
        self.options = {}


def read(text):
    """Return ([Block], [(offset, what is wrong there)]) of a text in octets.

    Octets, because MicroPython looks for a letter of a text from its beginning.
    """
    blocks, faults, opened, at = [], [], None, 0
    while at < len(text):
        begin = at
        try:
            found, at = _statement(text, at)
            opened = _carried(found, blocks, opened)
        except ValueError as error:
            place, wrong = error.args
            faults.append((place, wrong))
            end = text.find(b"\n", place)
            at = len(text) if end < 0 else end + 1
            if text[begin:at].split()[:1] == [b"config"]:
                opened = Block("", "", -1, place)  # What follows belongs to no section.
    return blocks, faults


def place_of(text, at):
    """Return (line, column) of an offset, both counted from 1."""
    before = text[:at]
    return before.count(b"\n") + 1, len(before[before.rfind(b"\n") + 1 :].decode()) + 1


def _carried(found, blocks, opened):
    """Carry out a statement, [(word, offset)]; return the Block that is open after it."""
    if not found:
        return opened
    words = [word for word, _ in found]
    command, at = COMMANDS.get(words[0], words[0]), found[0][1]
    if command not in COMMANDS.values():
        raise ValueError(at, EXPECTED)
    if command == "package":
        return opened
    if len(words) == 1:
        raise ValueError(at, "something is missing: " + EXPECTED)
    if len(words) > 3:
        raise ValueError(found[3][1], "a word too many: a value with blanks stands in quotes")
    if command == "config":
        return _section(blocks, words[1], (words + [""])[2], at)
    if opened is None:
        raise ValueError(at, "an option stands before the first `config` line")
    name, value = words[1], (words + [""])[2]
    kept = opened.options.pop(name, [])
    if command == "option":
        kept = []
    if value:
        kept = kept + [(value, found[2][1])]
    if kept:
        opened.options[name] = kept
    return opened


def _section(blocks, kind, title, at):
    for block in blocks if title else ():
        if block.title == title:
            if block.kind != kind:
                wrong = "the name '%s' has a section `config %s` already" % (title, block.kind)
                raise ValueError(at, wrong)
            return block
    blocks.append(Block(kind, title, len(blocks), at))
    return blocks[-1]


def _statement(text, at):
    """Return ([(word, offset)], offset of what follows) of one statement."""
    found = []
    while at < len(text):
        octet = text[at]
        if octet in (LINE_END, SEMICOLON):
            return found, at + 1
        if octet == HASH:
            end = text.find(b"\n", at)
            return found, len(text) if end < 0 else end + 1
        if octet in BLANKS:
            at += 1
        elif octet == BACKSLASH and text[at + 1 : at + 2] in (b"", b"\n"):
            at += 2
        else:
            begin = at
            word, at = _word(text, at)
            found.append((word.decode(), begin))
    return found, at


def _word(text, at):
    """Return (word, offset of what follows); quotes are taken off."""
    word = b""
    while at < len(text) and text[at] not in WORD_ENDS:
        octet = text[at]
        if octet == APOSTROPHE:
            end = text.find(b"'", at + 1)
            _check_quoted(text, at, end)
            word += text[at + 1 : end]
            at = end + 1
        elif octet == QUOTE:
            end = _end_of_double(text, at)
            _check_quoted(text, at, end)
            word += _unescaped(text[at + 1 : end])
            at = end + 1
        elif octet == BACKSLASH:
            word += text[at + 1 : at + 2].replace(b"\n", b"")
            at += 2
        else:
            begin = at
            while at < len(text) and text[at] not in BARE_ENDS:
                at += 1
            word += text[begin:at]
    return word, at


def _end_of_double(text, at):
    """Return the offset of the quote that closes the one at `at`, or -1."""
    at += 1
    while at < len(text):
        if text[at] == QUOTE:
            return at
        at += 2 if text[at] == BACKSLASH else 1
    return -1


def _unescaped(text):
    parts = text.split(b"\\")
    word, index = parts[0], 1
    while index < len(parts):
        part = parts[index]
        if not part:  # Two of them: the second stands for itself.
            index += 1
            part = b"\\" + (parts + [b""])[index]
        word += part[1:] if part[:1] == b"\n" else part
        index += 1
    return word


def _check_quoted(text, at, end):
    """A quote that swallows the next option was forgotten, wherever another one closes it."""
    lines = text[at : len(text) if end < 0 else end].split(b"\n")
    if end < 0 or [line for line in lines[1:] if line.split()[:1] in STARTS]:
        raise ValueError(at, "a quote (%s) is opened and not closed" % chr(text[at]))
