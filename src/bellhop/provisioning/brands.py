"""Which module makes the file of a phone, and by which words it says what it is."""

KINDS = ("linphone", "baresip", "yealink", "snom", "grandstream", "fanvil", "cisco", "gigaset")
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


def module_of(kind):
    """Return the module of one of KINDS; each is loaded when the first phone of its kind comes."""
    return __import__(__name__.rpartition(".")[0] + "." + kind, None, None, ("file",))
