"""What a phone must know to be of this house, whatever its brand calls it."""

from collections import namedtuple

# All text but the numbers. user: whose phone it is; login, password, ha1 (of MD5): as whom it logs
# in; name: shown to others; number: what others dial; domain; host, port: the node as the phone
# reaches it; pages: URL of the node's HTTP server, as http://192.168.1.1:8086; srtp: one of "no",
# "offer", "must"; keys: [Key]; pickup: the code in front of a number, or ""; voicemail: a number,
# or ""; groups: [Group]. A phone takes the time from the host, too.
Description = namedtuple(
    "Description",
    (
        "user", "login", "password", "ha1", "name", "number", "domain", "host", "port", "pages",
        "srtp", "keys", "pickup", "voicemail", "groups",
    ),
)  # fmt: skip

# Phones that hear announcements together. number: what is dialled for it on the phones that know
# such, or ""; address: multicast, as 224.0.2.60:5004.
Group = namedtuple("Group", ("name", "number", "address"))

# A lamp key. kind: BLF watches a number, PAGE speaks to the Group of its label, the others dial;
# label: for people.
BLF, SPEED, PARK, PAGE = ("blf", "speed", "park", "page")
Key = namedtuple("Key", ("kind", "number", "label"))

SRTP = {"no": "0", "offer": "1", "must": "2"}


def flat(text):
    """Return text that may stand on a line of a file of `name = value`: nothing ends it."""
    return "".join([letter for letter in text if ord(letter) >= 32 and letter not in '"\\<>'])


def book(description, form):
    """Return the URL of the phone book in one of its forms."""
    return "%s/phonebook/%s.xml" % (description.pages, form)
