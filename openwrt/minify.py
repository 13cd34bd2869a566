"""Takes comments and needless blanks out of a script, as LuCI's build does it with jsmin.

A line break goes where the letters around it cannot end and begin a statement; strings, templates
and regular expressions stay as they are.
"""

QUOTES = "'\"`"
# What stands in front of a regular expression, and not of a division.
BEFORE_PATTERN = "(,=:[!&|?+-~*/{};"
ENDS, BEGINS = "}])+-" + QUOTES, "{[(+-!~/" + QUOTES


def minified(text):
    """Return the script without what only people read."""
    out, gap, at = [""], "", 0
    while at < len(text):
        if text[at].isspace():
            gap, at = gap + text[at], at + 1
        elif text.startswith("/*", at):
            gap, at = gap + " ", text.index("*/", at) + 2
        elif text.startswith("//", at):
            at = text.index("\n", at)
        else:
            end = _end(text, at, out[-1][-1:])
            out += [_kept(gap, out[-1][-1:], text[at]), text[at:end]]
            gap, at = "", end
    return "".join(out) + "\n"


def _is_word(letter):
    return letter.isalnum() or letter in "_$\\" or letter > "~"


def _kept(gap, before, after):
    """Return what must stay of the blanks between two letters."""
    if not gap or not before:
        return ""
    if "\n" in gap:
        ends, begins = _is_word(before) or before in ENDS, _is_word(after) or after in BEGINS
        return "\n" if ends and begins else ""
    needed = _is_word(before) and _is_word(after) or before == after and before in "+-"
    return " " if needed else ""


def _end(text, at, before):
    """Return where the piece that begins at a place ends."""
    first = text[at]
    is_pattern = first == "/" and (before in BEFORE_PATTERN or not before)
    if first not in QUOTES and not is_pattern:
        return at + 1
    is_class = False
    end = at + 1
    while is_class or text[end] != first:
        is_class = is_pattern and (is_class or text[end] == "[") and text[end] != "]"
        end += 2 if text[end] == "\\" else 1
    return end + 1
