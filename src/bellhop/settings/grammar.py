"""UCI text -> its sections, read as libuci reads it, and what is no UCI, with its place.

A line is `config TYPE [NAME]`, `option NAME VALUE` or `list NAME VALUE`; `;` ends it too, and # in
a bare word begins a comment. Words are bare, in '...' or in "...", glued to each other, quotes may
go over lines. A section given twice is one, a later option replaces an earlier one, `list` adds to
it, an empty value takes it away. Where libuci gives up the file, this goes on at the next line.
"""

COMMANDS = {"c": "config", "o": "option", "l": "list", "p": "package"}
BLANKS = " \t\r\v\f"
BARE_ENDS = BLANKS + "\n;#'\"\\"
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
    """Return ([Block], [(offset, what is wrong there)]) of a text."""
    blocks, faults, opened, at = [], [], None, 0
    while at < len(text):
        begin = at
        try:
            found, at = _statement(text, at)
            opened = _carried(found, blocks, opened)
        except ValueError as error:
            place, wrong = error.args
            faults.append((place, wrong))
            end = text.find("\n", place)
            at = len(text) if end < 0 else end + 1
            if text[begin:at].split()[:1] == ["config"]:
                opened = Block("", "", -1, place)  # What follows belongs to no section.
    return blocks, faults


def place_of(text, at):
    """Return (line, column) of an offset, both counted from 1."""
    return text[:at].count("\n") + 1, at - text.rfind("\n", 0, at)


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
    for block in blocks:
        if title and block.title == title:
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
        letter = text[at]
        if letter in "\n;":
            return found, at + 1
        if letter == "#":
            end = text.find("\n", at)
            return found, len(text) if end < 0 else end + 1
        if letter in BLANKS:
            at += 1
        elif letter == "\\" and text[at + 1 : at + 2] in ("", "\n"):
            at += 2
        else:
            begin = at
            word, at = _word(text, at)
            found.append((word, begin))
    return found, at


def _word(text, at):
    """Return (word, offset of what follows); quotes are taken off."""
    word = ""
    while at < len(text) and text[at] not in BLANKS + "\n;#":
        letter = text[at]
        if letter == "'":
            end = text.find("'", at + 1)
            _check_quoted(text, at, end)
            word += text[at + 1 : end]
            at = end + 1
        elif letter == '"':
            end = _end_of_double(text, at)
            _check_quoted(text, at, end)
            word += _unescaped(text[at + 1 : end])
            at = end + 1
        elif letter == "\\":
            word += text[at + 1 : at + 2].replace("\n", "")
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
        if text[at] == '"':
            return at
        at += 2 if text[at] == "\\" else 1
    return -1


def _unescaped(text):
    parts = text.split("\\")
    word, index = parts[0], 1
    while index < len(parts):
        part = parts[index]
        if not part:  # Two of them: the second stands for itself.
            index += 1
            part = "\\" + (parts + [""])[index]
        word += part[1:] if part[:1] == "\n" else part
        index += 1
    return word


def _check_quoted(text, at, end):
    """A quote that swallows the next option was forgotten, wherever another one closes it."""
    lines = text[at : len(text) if end < 0 else end].split("\n")
    if end < 0 or [line for line in lines[1:] if line.split()[:1] in _STARTS]:
        raise ValueError(at, "a quote (%s) is opened and not closed" % text[at])


_STARTS = (["config"], ["option"], ["list"])
