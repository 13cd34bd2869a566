"""The phone book as a CardDAV collection, read only (RFC 6352), for address books of telephones.

A device logs in with its own login (RFC 7617). It asks for properties (PROPFIND) and for cards
(REPORT), and gets all there are: what it asked is looked at for two words only.
"""

import binascii
import hashlib

from ...errors import BellhopError
from ...text import printable, xml
from ..http import Answer, text

PLACE, HOME, BOOK = "/dav/", "/dav/book/", "/.well-known/carddav"
HEAD = '<?xml version="1.0" encoding="utf-8"?>\n<d:multistatus xmlns:d="DAV:" '
HEAD += 'xmlns:c="urn:ietf:params:xml:ns:carddav" xmlns:s="http://calendarserver.org/ns/">'
RESPONSE = "<d:response><d:href>%s</d:href><d:propstat><d:prop>%s</d:prop>"
RESPONSE += "<d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
COLLECTION = "<d:resourcetype><d:collection/>%s</d:resourcetype><d:displayname>%s</d:displayname>"
OWN = "<d:current-user-principal><d:href>/dav/</d:href></d:current-user-principal>"
OWN += "<c:addressbook-home-set><d:href>/dav/</d:href></c:addressbook-home-set>"
MAY = "<d:current-user-privilege-set><d:privilege><d:read/></d:privilege>"
MAY += "</d:current-user-privilege-set><s:getctag>%s</s:getctag>"
CARD = "<d:getetag>%s</d:getetag><d:getcontenttype>text/vcard</d:getcontenttype>"
DATA = "<c:address-data>%s</c:address-data>"
WHO = 'WWW-Authenticate: Basic realm="%s", charset="UTF-8"'
KIND = "application/xml; charset=utf-8"
REFUSED = "this phone book is read only"


class CardDav:
    """The site /dav/. ask(verb, arguments): the node's answer; realm(): of logins, text."""

    def __init__(self, ask, realm):
        self.ask = ask
        self.realm = realm

    def answer(self, request):
        """Return the Answer to a request for the book, None for all else."""
        if request.path == BOOK:
            return Answer("301 Moved Permanently", KIND, b"", ("Location: " + PLACE,), None)
        if request.path[:5] != PLACE:
            return None
        if request.method == "OPTIONS":
            lines = ("DAV: 1, 3, addressbook", "Allow: OPTIONS, GET, HEAD, PROPFIND, REPORT")
            return Answer("200 OK", KIND, b"", lines, None)
        if request.method not in ("GET", "HEAD", "PROPFIND", "REPORT"):
            return text("403 Forbidden", REFUSED)
        user = self._user(request)
        if user is None:
            words = text("401 Unauthorized", "log in as a phone does")
            return words._replace(lines=(WHO % self.realm(),))
        cards = self._cards(user)
        if request.method in ("GET", "HEAD"):
            found = {place: card for place, _, card in cards}.get(request.path)
            if found is None:
                return text("404 Not Found", "no such card")
            return Answer("200 OK", "text/vcard; charset=utf-8", found.encode(), (), None)
        return Answer("207 Multi-Status", KIND, self._found(request, cards).encode(), (), None)

    def _user(self, request):
        """Return who logs in, or None."""
        scheme, _, value = request.fields.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            login, _, password = binascii.a2b_base64(value).decode().partition(":")
            given = {"login": login, "password": password, "host": request.peer}
            return self.ask("device-enter", given)["user"]
        except (ValueError, BellhopError):
            return None

    def _cards(self, user):
        """Return [(path, ETag, vCard)] of a member's book."""
        cards = []
        for row in self.ask("book", {"user": user})["book"]:
            name, number = printable(row["name"]), row["number"]
            number = number if ":" in number else "tel:" + number.replace(" ", "")
            mark = hashlib.sha256(("%s %s" % (name, number)).encode()).hexdigest()[:16]
            name = name.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")
            card = (
                "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:%s\r\nFN:%s\r\nN:%s;;;;\r\nTEL;TYPE=VOICE:%s\r\n"
            )
            card = card % (mark, name, name, number.removeprefix("tel:")) + "END:VCARD\r\n"
            cards.append(("%s%s.vcf" % (HOME, mark), '"%s"' % mark, card))
        return cards

    def _found(self, request, cards):
        """Return the XML that answers PROPFIND or REPORT."""
        asked = request.body.decode("utf-8", "replace")
        tag = hashlib.sha256(repr([mark for _, mark, _ in cards]).encode()).hexdigest()[:16]
        home = RESPONSE % (PLACE, COLLECTION % ("", xml(self.realm())) + OWN)
        kind = COLLECTION % ("<c:addressbook/>", xml(self.realm()))
        book = RESPONSE % (HOME, kind + MAY % tag)
        is_deep = request.fields.get("depth", "0") != "0" or request.method == "REPORT"
        if request.path == PLACE:
            return HEAD + home + (book if is_deep else "") + "</d:multistatus>"
        wanted = [one for one in cards if "multiget" not in asked or one[0] in asked]
        rows = [
            RESPONSE % (place, CARD % xml(mark) + (_data(card) if "address-data" in asked else ""))
            for place, mark, card in (wanted if is_deep else ())
        ]
        if request.method == "PROPFIND":
            rows = [book, *rows]
        return HEAD + "".join(rows) + "</d:multistatus>"


def _data(card):
    """Return a card in XML; a reader of XML takes a bare CR for a line's end (section 2.11)."""
    return DATA % "&#13;\n".join([xml(line) for line in card.split("\r\n")])
