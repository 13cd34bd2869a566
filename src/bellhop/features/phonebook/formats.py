"""The phone book in the formats that phones and people read, and CSV back again.

An entry is a dict: display, number (what a desk phone dials), address (sip: URI), registered.
"""

from ...errors import BellhopError

# A Cisco phone reads at most 32 entries of one page.
CISCO_PAGE = 32
CSV_FIELDS = ("display", "number", "address")
CSV_HEADER = "name,number,address"

ESCAPES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"))


def printable(text):
    """Return text without control characters: names come from strangers and reach terminals."""
    return "".join([letter for letter in text if 32 <= ord(letter) < 127 or ord(letter) >= 160])


def xml_text(text):
    """Return text that may stand in XML content and attributes."""
    text = printable(text)
    for letter, escape in ESCAPES:
        text = text.replace(letter, escape)
    return text


def _xml(root, lines):
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<%s>\n' % root
    return head + "".join(lines) + "</%s>\n" % root.partition(" ")[0]


def _directory(root, entries, title):
    lines = ["<Title>%s</Title>\n<Prompt>bellhop</Prompt>\n" % xml_text(title)]
    for entry in entries:
        lines.append(
            "<DirectoryEntry><Name>%s</Name><Telephone>%s</Telephone></DirectoryEntry>\n"
            % (xml_text(entry["display"]), xml_text(entry["number"]))
        )
    return _xml(root, lines)


def yealink(entries, title):
    """Remote phone book of Yealink phones."""
    return _directory("YealinkIPPhoneDirectory", entries, title)


def cisco(entries, title):
    """Directory page of Cisco phones."""
    return _directory("CiscoIPPhoneDirectory", entries[:CISCO_PAGE], title)


def snom(entries, title):
    """XML minibrowser directory of Snom phones."""
    return _directory("SnomIPPhoneDirectory", entries, title)


def grandstream(entries, title):
    """phonebook.xml of Grandstream phones."""
    lines = []
    for index, entry in enumerate(entries):
        lines.append(
            "<Contact><id>%d</id><FirstName>%s</FirstName><Phone type='Work'><phonenumber>%s"
            "</phonenumber><accountindex>0</accountindex></Phone></Contact>\n"
            % (index + 1, xml_text(entry["display"]), xml_text(entry["number"]))
        )
    return _xml("AddressBook", lines)


def generic(entries, title):
    """One element for each entry, with the full address and who is there now."""
    lines = []
    for entry in entries:
        lines.append(
            '<entry name="%s" number="%s" address="%s" registered="%s"/>\n'
            % (
                xml_text(entry["display"]),
                xml_text(entry["number"]),
                xml_text(entry["address"]),
                "yes" if entry["registered"] else "no",
            )
        )
    return _xml('phonebook title="%s"' % xml_text(title), lines)


def vcard(entries, title):
    """vCard 4.0 (RFC 6350), one card for each entry."""
    cards = []
    for entry in entries:
        cards.append(
            "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:%s\r\nTEL:%s\r\nIMPP:%s\r\nEND:VCARD\r\n"
            % (
                _card_text(entry["display"]),
                _card_text(entry["number"]),
                printable(entry["address"]),
            )
        )
    return "".join(cards)


def _card_text(text):
    for letter in "\\,;":
        text = text.replace(letter, "\\" + letter)
    return printable(text)


def csv(entries, title):
    """Comma-separated values with a header line (RFC 4180)."""
    lines = [CSV_HEADER]
    for entry in entries:
        lines.append(",".join([_csv_field(entry[name]) for name in CSV_FIELDS]))
    return "\r\n".join(lines) + "\r\n"


def _csv_field(text):
    text = printable(text)
    # A spreadsheet would run what begins with one of these as a formula.
    if text[:1] in ("=", "+", "-", "@") and not text[1:].isdigit():
        text = "'" + text
    if "," in text or '"' in text:
        return '"' + text.replace('"', '""') + '"'
    return text


# name of the format -> (function, content type)
FORMATS = {
    "generic": (generic, "application/xml"),
    "yealink": (yealink, "application/xml"),
    "cisco": (cisco, "text/xml"),
    "snom": (snom, "text/xml"),
    "grandstream": (grandstream, "application/xml"),
    "vcard": (vcard, "text/vcard"),
    "csv": (csv, "text/csv"),
}


def write(form, entries, title):
    """Return (text, content type) of the entries in a format; raises BellhopError."""
    if form not in FORMATS:
        known = ", ".join(sorted(FORMATS))
        raise BellhopError("there is no phone book format '%s'; there are %s" % (form, known))
    function, content_type = FORMATS[form]
    return function(entries, title), content_type


def read_csv(text):
    """Return the entries of a CSV text; raises BellhopError with the line that is wrong.

    The first line names the columns; `name` is needed, and `number` or `address`.
    """
    rows = [line for line in text.replace("\r\n", "\n").split("\n") if line.strip()]
    columns = [name.strip().lower() for name in _csv_row(rows[0], 1)] if rows else []
    if "name" not in columns or not ("number" in columns or "address" in columns):
        raise BellhopError("line 1 must name the columns, for example: " + CSV_HEADER)
    entries = []
    for index, row in enumerate(rows[1:]):
        fields = _csv_row(row, index + 2)
        found = dict(zip(columns, fields + [""] * (len(columns) - len(fields))))
        number, address = found.get("number", ""), found.get("address", "")
        well_formed = not address or address.startswith(("sip:", "sips:", "tel:"))
        if not found["name"] or not (number or address) or not well_formed:
            raise BellhopError(
                "line %d needs a name, and a number or an address such as sip:gran@far.test"
                % (index + 2)
            )
        entries.append({"display": found["name"], "number": number, "address": address})
    return entries


def _csv_row(line, number):
    fields = []
    index = 0
    while True:
        if line[index : index + 1] == '"':
            field = ""
            while True:
                close = line.find('"', index + 1)
                if close < 0:
                    raise BellhopError("line %d: a quote does not close" % number)
                field += line[index + 1 : close]
                index = close + 1
                if line[index : index + 1] != '"':
                    break
                field += '"'
            comma = line.find(",", index)
        else:
            comma = line.find(",", index)
            field = line[index : comma if comma >= 0 else len(line)]
        fields.append(field.strip())
        if comma < 0:
            return fields
        index = comma + 1
