"""The phone book in the formats that phones and people read.

An entry is a dict: display, number (what a desk phone dials), address (sip: URI), registered.
"""

from ...errors import BellhopError
from ...text import csv_line, printable, xml

# A Cisco phone reads at most 32 entries of one page, and asks for the next with a key.
CISCO_PAGE = 32
CISCO_KEYS = (("Dial", "SoftKey:Dial"), ("Edit", "SoftKey:EditDial"), ("Exit", "SoftKey:Exit"))
CSV_FIELDS = ("display", "number", "address")
CSV_HEADER = "name,number,address"


def shown(entry):
    """Return the name that a desk phone shows: its book has no other place for what matters."""
    return entry["display"] if entry.get("in_reach", True) else entry["display"] + " (not in reach)"


def _xml(root, lines):
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<%s>\n' % root
    return head + "".join(lines) + "</%s>\n" % root.partition(" ")[0]


def _directory(root, entries, title, keys=()):
    lines = ["<Title>%s</Title>\n<Prompt>bellhop</Prompt>\n" % xml(title)]
    for entry in entries:
        lines.append(
            "<DirectoryEntry><Name>%s</Name><Telephone>%s</Telephone></DirectoryEntry>\n"
            % (xml(shown(entry)), xml(entry["number"]))
        )
    for index, (name, url) in enumerate(keys):
        lines.append(
            "<SoftKeyItem><Name>%s</Name><URL>%s</URL><Position>%d</Position></SoftKeyItem>\n"
            % (name, xml(url), index + 1)
        )
    return _xml(root, lines)


def yealink(entries, title, more):
    """Remote phone book of Yealink phones."""
    return _directory("YealinkIPPhoneDirectory", entries, title)


def cisco(entries, title, more):
    """Directory page of Cisco phones."""
    keys = CISCO_KEYS + (("Next", more),) if more else ()
    return _directory("CiscoIPPhoneDirectory", entries, title, keys)


def snom(entries, title, more):
    """XML minibrowser directory of Snom phones."""
    return _directory("SnomIPPhoneDirectory", entries, title)


def grandstream(entries, title, more):
    """phonebook.xml of Grandstream phones."""
    lines = []
    for index, entry in enumerate(entries):
        lines.append(
            "<Contact><id>%d</id><FirstName>%s</FirstName><Phone type='Work'><phonenumber>%s"
            "</phonenumber><accountindex>0</accountindex></Phone></Contact>\n"
            % (index + 1, xml(shown(entry)), xml(entry["number"]))
        )
    return _xml("AddressBook", lines)


def generic(entries, title, more):
    """One element for each entry, with the full address and who is there now."""
    lines = []
    for entry in entries:
        lines.append(
            '<entry name="%s" number="%s" address="%s" registered="%s"/>\n'
            % (
                xml(entry["display"]),
                xml(entry["number"]),
                xml(entry["address"]),
                "yes" if entry["registered"] else "no",
            )
        )
    return _xml('phonebook title="%s"' % xml(title), lines)


def vcard(entries, title, more):
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


def csv(entries, title, more):
    """Comma-separated values with a header line (RFC 4180)."""
    lines = [csv_line([entry[name] for name in CSV_FIELDS]) for entry in entries]
    return CSV_HEADER + "\r\n" + "".join(lines)


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


def write(form, entries, title, page=None, url=""):
    """Return (text, content type) of the entries in a format; raises BellhopError.

    page: number of the page for formats that phones read page by page, None for all; url: where
    the pages are, up to that number.
    """
    if form not in FORMATS:
        known = ", ".join(sorted(FORMATS))
        raise BellhopError("there is no phone book format '%s'; there are %s" % (form, known))
    function, content_type = FORMATS[form]
    more = ""
    if page is not None and form == "cisco":
        end = page * CISCO_PAGE
        more = url + str(page + 1) if len(entries) > end else ""
        entries = entries[end - CISCO_PAGE : end]
    return function(entries, title, more), content_type
