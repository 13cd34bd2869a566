"""Desk phones that ask the network for their configuration: SUBSCRIBE ua-profile to 224.0.1.75.

Draft-ietf-sipping-config-framework as phones speak it, which is not as RFC 6080 writes it: some
have no tag in From, some write MAC=0030.., or MAC%3a0015.., or no address at all. So there is a
parser here that takes what it finds, and that answers by copying.
"""

from collections import namedtuple

from ..text import readable
from .brands import brand_of

GROUP, PORT = "224.0.1.75", 5060
MOST_OCTETS, MOST_LETTERS = 4000, 64
HEX = b"0123456789abcdef"

# What a phone says of itself. mac: 12 small hex digits, or ""; brand: of brands.DESK, or "";
# model, version: text; contact: its URI, octets; fields: name -> value, for the answer; event: it.
Asked = namedtuple("Asked", ("mac", "brand", "model", "version", "contact", "fields", "event"))


def read(data):
    """Return what a datagram asks, or None: it is no such SUBSCRIBE."""
    if data[:10] != b"SUBSCRIBE " or len(data) > MOST_OCTETS:
        return None
    lines = (
        data.split(b"\r\n\r\n", 1)[0]
        .replace(b"\r\n ", b" ")
        .replace(b"\r\n\t", b" ")
        .split(b"\r\n")
    )
    fields = {}
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        name = LONG.get(name.strip().lower(), name.strip().lower())
        if colon and name not in fields:
            fields[name] = value.strip()
    event = fields.get(b"event", b"")
    if event[:10].lower() != b"ua-profile" or [name for name in NEEDED if name not in fields]:
        return None
    params = _params(event)
    contact = fields.get(b"contact", b"")
    contact = contact.partition(b"<")[2].partition(b">")[0] or contact.partition(b";")[0].strip()
    target = lines[0].split(b" ")[1] if len(lines[0].split(b" ")) == 3 else b""
    agent = fields.get(b"user-agent", b"")
    mac = ""
    for place in (fields[b"from"], fields[b"to"], target, event, agent):
        mac = mac or _mac(place)
    told = [params.get(name, b"") for name in (b"vendor", b"model", b"version")]
    words = [readable(one)[:MOST_LETTERS] for one in told]
    brand = brand_of(words[0] + " " + readable(agent))
    return Asked(
        mac, brand, words[1] or readable(agent)[:MOST_LETTERS], words[2], contact, fields, event
    )


NEEDED = (b"via", b"from", b"to", b"call-id", b"cseq")
LONG = {
    b"v": b"via",
    b"f": b"from",
    b"t": b"to",
    b"i": b"call-id",
    b"m": b"contact",
    b"o": b"event",
}


def _params(value):
    found = {}
    for part in value.split(b";")[1:]:
        name, _, text = part.partition(b"=")
        found[name.strip().lower()] = text.strip().strip(b'"')
    return found


def _mac(octets):
    """Return the hardware address that stands in octets, or ""."""
    octets = octets.lower().replace(b"%3a", b":")
    at = octets.find(b"mac")
    if at < 0:
        return ""
    digits = b""
    for octet in octets[at + 3 :]:
        one = bytes([octet])
        if HEX.count(one):
            digits += one
        elif digits and not b":-".count(one):
            break
        elif not digits and not b":=_".count(one):
            return ""
        if len(digits) == 12:
            return digits.decode()
    return ""


def answer(asked):
    """Return the 200 to a SUBSCRIBE."""
    to = asked.fields[b"to"]
    to += b"" if b";tag=" in to.lower() else b";tag=bellhop"
    lines = [b"SIP/2.0 200 OK", b"Via: " + asked.fields[b"via"], b"From: " + asked.fields[b"from"],
             b"To: " + to, b"Call-ID: " + asked.fields[b"call-id"],
             b"CSeq: " + asked.fields[b"cseq"], b"Contact: <sip:224.0.1.75:5060>",
             b"Expires: 0", b"Content-Length: 0"]  # fmt: skip
    return b"\r\n".join(lines) + b"\r\n\r\n"


def notify(asked, url, here, mark):
    """Return the NOTIFY that brings the URL of its file to a phone.

    here: octets, host:port that sends it; mark: random octets for the branch.
    """
    to = asked.fields[b"to"]
    to += b"" if b";tag=" in to.lower() else b";tag=bellhop"
    body = url.encode()
    lines = [b"NOTIFY " + asked.contact + b" SIP/2.0",
             b"Via: SIP/2.0/UDP " + here + b";branch=z9hG4bK" + mark + b";rport",
             b"Max-Forwards: 20", b"From: " + to, b"To: " + asked.fields[b"from"],
             b"Call-ID: " + asked.fields[b"call-id"], b"CSeq: 1 NOTIFY",
             b"Contact: <sip:" + here + b">", b"Event: " + asked.event,
             b"Subscription-State: terminated;reason=timeout", b"Content-Type: application/url",
             b"Content-Length: " + str(len(body)).encode()]  # fmt: skip
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
