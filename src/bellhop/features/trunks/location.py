"""Where a house is, told with a call for help (RFC 6442, RFC 4119, RFC 5139)."""

from ...text import xml

BOUNDARY = b"bellhop-location"
PIDF = (
    '<?xml version="1.0" encoding="UTF-8"?>\r\n'
    '<presence xmlns="urn:ietf:params:xml:ns:pidf" '
    'xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" '
    'xmlns:cl="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr" entity="pres:here@invalid">'
    '<tuple id="house"><status><gp:geopriv><gp:location-info>'
    "<cl:civicAddress>%s</cl:civicAddress>"
    "</gp:location-info><gp:usage-rules/></gp:geopriv></status></tuple></presence>\r\n"
)
# Element -> option of `config telephone`, in the order of RFC 5139 section 4.
CIVIC = (
    ("country", "nation"), ("A3", "city"), ("RD", "street"), ("HNO", "house_number"),
    ("LOC", "address"), ("PC", "postcode"),
)  # fmt: skip


def civic(place):
    """Return the elements of a civic address that `config telephone` knows, as text."""
    known = [(name, getattr(place, option)) for name, option in CIVIC]
    return "".join(["<cl:%s>%s</cl:%s>" % (name, xml(text), name) for name, text in known if text])


def tell(request, place, mark):
    """Put where a house is into an INVITE, beside what it describes; nothing where nobody said.

    place: `config telephone`; mark: octets that name the part.
    """
    address = civic(place)
    if not address:
        return
    kind = request.value(b"content-type")
    parts = [] if kind is None else [b"Content-Type: " + kind + b"\r\n\r\n" + request.body]
    name = mark + b"@location.invalid"
    head = b"Content-Type: application/pidf+xml\r\nContent-ID: <" + name + b">\r\n\r\n"
    parts.append(head + (PIDF % address).encode())
    edge = b"--" + BOUNDARY
    request.body = b"".join([edge + b"\r\n" + part + b"\r\n" for part in parts]) + edge + b"--\r\n"
    request.set(b"content-type", b"Content-Type: multipart/mixed;boundary=" + BOUNDARY)
    request.set(b"content-length", b"Content-Length: %d" % len(request.body))
    request.set(b"geolocation", b"Geolocation: <cid:" + name + b">")
    request.set(b"geolocation-routing", b"Geolocation-Routing: no")
