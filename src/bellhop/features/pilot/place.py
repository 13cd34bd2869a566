"""Where this node's pages are, as a person in the house types it."""

from ...sip import uri
from ...sip.ip import address_octets, is_within

# RFC 1918 section 3: a router has one of these in the house, and another address outside.
OF_HOUSES = tuple(
    [(bytes(one), bits) for one, bits in (([10, 0, 0, 0], 8), ([172, 16, 0, 0], 12),
                                          ([192, 168, 0, 0], 16))]
)  # fmt: skip
LOOPBACK = ((bytes([127, 0, 0, 0]), 8),)


def host(node):
    """Return the address by which phones of the house reach a node; "" while it has none."""
    hosts = [one.host for one in node.listeners() if one is not None and "%" not in one.host]
    return min(hosts, key=_distance) if hosts else ""


def url(node, path):
    """Return the URL of a path of a node's pages; "" where it serves none or has no address."""
    settings, found = node.settings, host(node)
    port = settings.http_port or settings.https_port
    if not (port and found):
        return ""
    scheme = "http" if settings.http_port else "https"
    return "%s://%s%s" % (scheme, uri.host_port(found.encode(), port).decode(), path)


def _distance(found):
    """Return how far an address is from being typed: of the house, IPv4, any, this machine's."""
    if is_within(found, OF_HOUSES):
        return 0
    if is_within(found, LOOPBACK) or found == "::1":
        return 3
    return 1 if len(address_octets(found) or b"") == 4 else 2
