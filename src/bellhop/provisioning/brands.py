"""Which module makes the file of a phone, and by which words it says what it is."""

from . import baresip, cisco, fanvil, gigaset, grandstream, linphone, snom, yealink

MODULES = {
    "linphone": linphone, "baresip": baresip, "yealink": yealink, "snom": snom,
    "grandstream": grandstream, "fanvil": fanvil, "cisco": cisco, "gigaset": gigaset,
}  # fmt: skip
DESK = ("yealink", "snom", "grandstream", "fanvil", "cisco", "gigaset")
# Other names under which phones of a brand go.
ALSO = {
    "linksys": "cisco",
    "spa": "cisco",
    "planet": "fanvil",
    "siemens": "gigaset",
    "htek": "yealink",
}


def brand_of(words):
    """Return the brand that a vendor's name or a User-Agent means, or ""."""
    words = words.lower()
    for name in DESK:
        if name in words:
            return name
    return "".join([ALSO[name] for name in ALSO if name in words][:1])
