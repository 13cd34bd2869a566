"""The message with which a directory asks whether a name is somebody's, and what it says.

For people it is a sentence; the node of who has asked reads it too, where it comes by SIP.
"""

DIGITS, LETTERS = (8, 8)
# Who sends it: claims@ZONE.
SENDER = b"claims"
TEXT = (
    "%s: code %s for the key %s. Type it into your router. Not you? Ignore this, nothing happens."
)
MAX_BYTES = 1000


def write(zone, code, key):
    """Return the text; key: base64, of which people see the first letters."""
    return TEXT % (zone, code, key[:LETTERS])


def read(text):
    """Return (zone, code, first letters of the key) of such a text, or None."""
    zone, _, rest = text[:MAX_BYTES].partition(": code ")
    code, _, rest = rest.partition(" for the key ")
    letters = rest.partition(".")[0]
    if len(code) != DIGITS or len(letters) != LETTERS or not zone:
        return None
    for one in code:
        if one not in "0123456789":
            return None
    return zone, code, letters
