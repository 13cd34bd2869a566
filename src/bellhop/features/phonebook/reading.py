"""Phone books as people have them, back into entries: CSV of any spreadsheet, vCard 2.1 to 4.0.

RFC 4180 with what spreadsheets make of it (semicolons, tabs, `sep=`); RFC 6350 and its elders.
MicroPython has no csv: one reader serves both interpreters.
"""

import binascii

from ...errors import BellhopError
from ...text import is_formula, of_file, printable
from .formats import CSV_HEADER

DELIMITERS = ",;\t"
SCHEMES = ("sip:", "sips:", "tel:", "urn:service:")
WHAT_IT_NEEDS = "a name, and a number or an address such as sip:gran@far.test"
CARD = "begin:vcard"


def read(text):
    """Return (entries, how many cards were left out) of a file's text.

    An entry has display, number and address. Raises BellhopError with the line that is wrong.
    """
    lines = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if "\0" in text:
        raise BellhopError("this is no text; save it as CSV (UTF-8) or as vCard")
    for line in lines:
        if line.strip():
            if line.strip()[:1] == "<":
                raise BellhopError("this is XML or a page; export the book as CSV or as vCard")
            is_card = line.strip().lower() == CARD
            return _cards(lines) if is_card else (_table(lines), 0)
    raise BellhopError("the file is empty")


def _entry(name, number, address):
    return {
        "display": " ".join(printable(name.replace("\n", " ").replace("\xa0", " ")).split()),
        "number": printable(number.replace("\xa0", " ")).strip(),
        "address": printable(address).strip(),
    }


# CSV.


def _table(lines):
    """Return the entries of CSV; the first line names the columns."""
    index = 0
    while not lines[index].strip():
        index += 1
    delimiter = max(DELIMITERS, key=lines[index].count)
    if lines[index].lower().startswith("sep="):  # Excel's own way to say it.
        delimiter = lines[index][4:5] or delimiter
        index += 1
    columns, index = _row(lines, index, delimiter)
    columns = [name.lower() for name in columns]
    if "name" not in columns or not ("number" in columns or "address" in columns):
        raise BellhopError(
            "the first line must name the columns, for example %s; it says %s"
            % (CSV_HEADER, printable(", ".join(columns))[:100])
        )
    entries = []
    while index < len(lines):
        number = index + 1
        fields, index = _row(lines, index, delimiter)
        if not "".join(fields):
            continue
        row = dict(zip(columns, fields + [""] * (len(columns) - len(fields))))
        entry = _entry(row["name"], row.get("number", ""), row.get("address", ""))
        address = entry["address"]
        is_one = address.lower().startswith(SCHEMES) if address else entry["number"]
        if not entry["display"] or not is_one:
            raise BellhopError("line %d needs %s" % (number, WHAT_IT_NEEDS))
        if _is_rounded(entry["number"]):
            raise BellhopError(
                "line %d: the spreadsheet has rounded this number to %s; make its column one of"
                " text and write it again" % (number, entry["number"])
            )
        entries.append(entry)
    return entries


def _is_rounded(number):
    """Tell whether a spreadsheet took a long number for a value: 4.93E+11."""
    head, mark, tail = number.lower().partition("e+")
    return bool(mark) and head.replace(".", "").replace(",", "").isdigit() and tail.isdigit()


def _row(lines, index, delimiter):
    """Return the fields of the row that begins in a line, and the index of the line behind it."""
    fields = []
    at = 0
    while True:
        line = lines[index]
        while line[at : at + 1] == " ":
            at += 1
        field = ""
        if line[at : at + 1] == '"':
            field, index, at = _quoted(lines, index, at + 1)
            line = lines[index]
        end = line.find(delimiter, at)
        field = (field + line[at : end if end >= 0 else len(line)]).strip()
        if field[:1] == "=":  # ="+49 30": so a spreadsheet is kept from reckoning with it.
            field = field[1:].strip('"')
        fields.append(field[1:] if field[:1] == "'" and is_formula(field) else field)
        if end < 0:
            return fields, index + 1
        at = end + 1


def _quoted(lines, index, at):
    """Return (text, index of the line, place in it) behind a quoted field, however many lines."""
    first, text = index, ""
    while True:
        close = lines[index].find('"', at)
        if close < 0:
            text += lines[index][at:] + "\n"
            index, at = index + 1, 0
            if index == len(lines):
                raise BellhopError("line %d: a quote does not close" % (first + 1))
            continue
        text += lines[index][at:close]
        at = close + 1
        if lines[index][at : at + 1] != '"':
            return text, index, at
        text += '"'
        at += 1


# vCard.


def _cards(lines):
    """Return (entries, how many cards were left out) of vCards: who has no number is no entry."""
    entries = []
    left_out = 0
    card, inside = None, 0
    for number, line in _unfolded(lines):
        name, params, value = _property(line, number)
        if card is not None and (name == "begin" or inside):
            # Another's card within one (AGENT of vCard 2.1), which is passed over.
            inside += (name == "begin") - (name == "end")
        elif name == "begin" and value.strip().lower() == "vcard":
            card, first = {"numbers": [], "address": ""}, number
        elif card is None:
            raise BellhopError("line %d stands outside of any card" % number)
        elif name == "end":
            made = _of_card(card)
            entries += made
            left_out += not made
            card = None
        else:
            _take(card, name, params, value)
    if card is not None:
        raise BellhopError("the card of line %d does not end: END:VCARD is missing" % first)
    return entries, left_out


def _unfolded(lines):
    """Return (number, text) of each property; a folded one is one (RFC 6350 section 3.2)."""
    found = []
    soft = False  # vCard 2.1 folds quoted-printable values by a = at the end.
    for index, line in enumerate(lines):
        if soft:
            found[-1][1] = found[-1][1][:-1] + line
        elif line[:1] in (" ", "\t") and found:
            found[-1][1] += line[1:]
        elif line.strip():
            found.append([index + 1, line])
        else:
            continue
        soft = line[-1:] == "=" and "quoted-printable" in found[-1][1].lower()
    return found


def _property(line, number):
    """Return (lower-case name, parameters, value) of `group.NAME;PARAMETER=x:value`."""
    at = 0
    while line[at : at + 1] not in (":", ""):
        at = line.find('"', at + 1) + 1 if line[at] == '"' else at + 1
        if not at:
            break  # A quote that does not close.
    if line[at : at + 1] != ":":
        raise BellhopError("line %d is no line of a vCard" % number)
    parts = line[:at].lower().split(";")
    return parts[0].rpartition(".")[2], parts[1:], _decoded(line[at + 1 :], parts[1:])


def _decoded(value, params):
    """Undo quoted-printable (vCard 2.1), whose charset is UTF-8 or that of the file's time."""
    if "quoted-printable" not in " ".join(params):
        return value
    octets = []
    parts = value.split("=")
    octets.append(parts[0].encode())
    for part in parts[1:]:
        try:
            octets.append(binascii.unhexlify(part[:2]))
        except ValueError:
            octets.append(b"=" + part[:2].encode())
        octets.append(part[2:].encode())
    return of_file(b"".join(octets))


def _texts(value):
    """Return the parts between semicolons of a value, its escapes undone (section 3.4)."""
    parts = [""]
    escaped = False
    for letter in value:
        if escaped:
            parts[-1] += "\n" if letter in "nN" else letter
            escaped = False
        elif letter == "\\":
            escaped = True
        elif letter == ";":
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _take(card, name, params, value):
    if name in ("fn", "n", "org"):
        card.setdefault(name, _texts(value))
    elif name == "tel" or name.startswith("x-sip"):
        value = ";".join(_texts(value)).strip()
        if value.lower().startswith("tel:"):
            value = value[4:].partition(";")[0]
        if name != "tel" and ":" not in value:
            value = "sip:" + value
        if value.lower().startswith(("sip:", "sips:")):
            card["address"] = card["address"] or value
        elif value:
            card["numbers"].append((value, _kind(params)))
    elif name == "impp" and value.strip().lower().startswith(SCHEMES):
        card["address"] = card["address"] or "".join(_texts(value)).strip()


def _kind(params):
    """Return what kind of number TYPE calls it, or nothing."""
    for param in params:
        for kind in param.partition("type=")[2].strip('"').split(",") + [param]:
            if kind in ("cell", "home", "work", "fax"):
                return kind
    return ""


def _of_card(card):
    """Return the entries of a card: one for each number; the address goes with the first."""
    given = card.get("n", [""])
    name = "".join(card.get("fn", ())) or " ".join(given[1:2] + given[:1])
    name = name.strip() or " ".join(card.get("org", ()))
    numbers, address = card["numbers"], card["address"]
    if not name.strip() or not (numbers or address):
        return []
    entries = []
    for number, kind in numbers or [("", "")]:
        shown = "%s (%s)" % (name, kind) if kind and len(numbers) > 1 else name
        entries.append(_entry(shown, number, "" if entries else address))
    return entries
