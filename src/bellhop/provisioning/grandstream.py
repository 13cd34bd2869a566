"""Grandstream desk phones: cfgMAC.xml with P values (their numbers from its documents)."""

from ..text import xml
from .description import BLF, PARK, SRTP

KIND = "application/xml"
# Of the keys that the older models have: mode, account, label, number; the next key's follow.
MODE, FIRST, OF_A_KEY, MOST_KEYS = 323, 301, 3, 7
MODES = {BLF: 1, PARK: 9}


def file(description, name):
    """Return the text of the file `name`, or None: the binary form is asked for first."""
    if not name.endswith(".xml") or not name.startswith("cfg"):
        return None
    one = description
    server = "%s:%d" % (one.host, one.port)
    values = [
        (271, 1), (270, one.name), (47, server), (48, server), (35, one.user), (36, one.login),
        (34, one.password), (3, one.name), (130, 0), (31, 1), (32, 60), (33, one.voicemail),
        (183, SRTP[one.srtp]), (30, one.host), (298, 1), (1347, one.pickup), (330, 1),
        (331, one.pages.partition("://")[2] + "/phonebook/grandstream"),
    ]  # fmt: skip
    for number, key in enumerate(one.keys[:MOST_KEYS]):
        first = FIRST + OF_A_KEY * number
        values += [
            (MODE + number, MODES.get(key.kind, 0)), (first, 0), (first + 1, key.label),
            (first + 2, key.number),
        ]  # fmt: skip
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<gs_provision version="1">\n<config version="1">\n'
    )
    text += "".join(["<P%d>%s</P%d>\n" % (key, xml(str(value)), key) for key, value in values])
    return text + "</config>\n</gs_provision>\n"
