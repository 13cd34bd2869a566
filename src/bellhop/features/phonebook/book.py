"""The phone book: everybody who can be called, here, by speed dial, imported, in the mesh."""

from ...effects import Store
from ...errors import BellhopError
from ...limits import MAX_IMPORTED, MAX_IMPORTED_BYTES
from ...sip.ip import is_number

# Where the phone book has an entry from, unless another node brought it.
HERE, SPEED_DIAL, IMPORTED = PLACES = ("here", "speed dial", "imported")


class Book:
    """A feature. imported: entries of a file, kept beside those of the configuration."""

    name = "phonebook"
    hooks, events = ("adopt", "restore"), ()
    users, wakers = {}, {}

    def __init__(self, node):
        self.node = node
        self.imported = []
        # What came of a phone book whose rest follows.
        self.unread = []

    def adopt(self, settings):
        """Let phones dial the imported entries too."""
        settings.dial_also(self.imported)

    def restore(self, name, records, now):
        """Take back what was imported."""
        if name == "phonebook":
            self.take(records)

    def take(self, entries):
        """Keep entries in place of those imported before; return the effects."""
        if len(entries) > MAX_IMPORTED:
            raise BellhopError("more than %d entries do not fit" % MAX_IMPORTED)
        self.imported = entries
        self.adopt(self.node.settings)
        return [Store("phonebook", lambda now: self.imported, None)]

    def entries(self, now):
        """Return all entries."""
        node = self.node
        domain = node.settings.domain.decode()
        entries = []
        for section in node.settings.called():
            shown, number = section.display_name or section.name, section.extension or section.name
            there = node.is_there(section, now)
            entries.append(_entry(shown, number, section.name, domain, HERE, there))
        for contact in node.settings.contacts:
            entry = _entry(contact.name, contact.number, "", "", SPEED_DIAL, False)
            entry["address"] = contact.address
            entries.append(entry)
        for imported in self.imported:
            entries.append(dict(imported, place=IMPORTED, registered=False))
        for more in node.hooks.entries:
            entries += more()
        return entries

    # Verbs.

    def show(self, arguments, now):
        """`format`: none for the entries themselves, or one of formats.FORMATS.

        `page`, `url`: of formats that phones read page by page, as formats.write takes them.
        """
        entries = self.entries(now)
        form, page = arguments.get("format"), arguments.get("page")
        if form is None:
            return {"phonebook": entries}
        if page is not None and (not is_number(str(page)) or not int(page)):
            raise BellhopError("pages have numbers, from 1")
        title, url = self.node.settings.domain.decode(), arguments.get("url", "")
        from . import formats  # Only where a phone or a person fetches the book.

        text, content_type = formats.write(form, entries, title, page and int(page), url)
        return {"text": text, "content_type": content_type}

    def bring(self, arguments, now):
        """`csv`: the text of a file, CSV or vCard; it takes the place of what was imported before.

        `more`: anything, where the rest of the text follows in further requests.
        """
        pieces, self.unread = self.unread + [arguments.get("csv", "")], []
        if sum([len(piece) for piece in pieces]) > MAX_IMPORTED * MAX_IMPORTED_BYTES:
            raise BellhopError("more than %d entries do not fit" % MAX_IMPORTED)
        if arguments.get("more"):
            self.unread = pieces
            return {"imported": 0}, []
        from . import reading  # Only an import pays for it in memory.

        entries, left_out = reading.read("".join(pieces))
        return {"imported": len(entries), "left_out": left_out}, self.take(entries)


def _entry(display, number, name, domain, place, registered):
    return {
        "display": display,
        "number": number,
        "address": "sip:%s@%s" % (name, domain),
        "place": place,
        "registered": registered,
    }
