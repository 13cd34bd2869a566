"""One answer as text: a table of rows, named values, words on as many lines as they need."""

from collections import namedtuple

WIDTH = 80
GAP = 2
# A column is never made narrower than this.
NARROW = 6

# field: of the row; show(value) -> text.
Column = namedtuple("Column", ("title", "field", "show"))
# Which list of the answer, its columns, and what to say where it is empty.
Table = namedtuple("Table", ("field", "columns", "empty"))


def plain(value):
    """Return a value as a cell; nothing is empty."""
    return "" if value is None else str(value)


def yes(value):
    """Return a truth as a cell; what is not known is empty."""
    return "" if value is None else "yes" if value else "no"


def duration(seconds):
    """Return a time span as people say it: 42s, 12m, 3h05, 4d02h."""
    if seconds is None:
        return ""
    if seconds < 60:
        return "%ds" % seconds
    if seconds < 3600:
        return "%dm%02d" % divmod(seconds, 60)
    hours, rest = divmod(seconds, 3600)
    if hours < 48:
        return "%dh%02d" % (hours, rest // 60)
    return "%dd%02dh" % divmod(hours, 24)


def table(rows, columns):
    """Return the lines of a table: a head, and one line a row; [] where there are no rows."""
    if not rows:
        return []
    cells = [[column.show(row.get(column.field)) for column in columns] for row in rows]
    head = [column.title for column in columns]
    widths = fitted([max(map(len, column)) for column in zip(head, *cells)])
    return [_row(row, widths) for row in [head, *cells]]


def fitted(widths):
    """Return the widths, the widest made narrower until the line fits."""
    widths = list(widths)
    while sum(widths) + GAP * (len(widths) - 1) > WIDTH and max(widths) > NARROW:
        widths[widths.index(max(widths))] -= 1
    return widths


def _row(cells, widths):
    parts = [cut(cell, width).ljust(width + GAP) for cell, width in zip(cells, widths)]
    return "".join(parts).rstrip()


def cut(text, width):
    """Return a text shortened to a width."""
    return text if len(text) <= width else text[: width - 1] + "…"


def with_more(rows, columns, more):
    """Return the lines of a table, each followed by the lines more(row); [] without rows."""
    found = table(rows, columns)
    for index in range(len(rows) - 1, -1, -1):
        found[index + 2 : index + 2] = more(rows[index])
    return found


def wrapped(head, words, between=","):
    """Return words after a head, on as many lines as they need."""
    lines, line = [], head
    for index, word in enumerate(words):
        part = word + (between if index + 1 < len(words) else "")
        if line.strip() and len(line) + len(part) > WIDTH and line != head:
            lines.append(line.rstrip())
            line = " " * len(head)
        line += part + " "
    return [*lines, line.rstrip()]


def anything(value, depth=0):
    """Return the lines of an answer for which there is no table."""
    pad = "  " * depth
    if isinstance(value, dict):
        lines = []
        for name, one in value.items():
            title = name.replace("_", " ")
            if isinstance(one, (dict, list)) and one:
                lines += [pad + title + ":", *anything(one, depth + 1)]
            else:
                lines.append(cut("%s%s: %s" % (pad, title, scalar(one)), WIDTH))
        return lines
    if isinstance(value, list):
        if value and all(isinstance(one, dict) for one in value):
            titles = [Column(name.upper(), name, scalar) for name in value[0]]
            return [pad + line for line in table(value, titles)]
        return [cut(pad + scalar(one), WIDTH) for one in value]
    return [pad + scalar(value)]


def scalar(value):
    """Return a value on one line."""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(scalar, value))
    return yes(value) if isinstance(value, bool) else plain(value)
