"""Which pages and phones this node talks to as HTTP server: its own names, its own networks.

A browser brings requests of any page that its user looks at. Host tells by which name it was led
here, which a page can have pointed at this machine (DNS rebinding); Origin, whose page it is.
"""

import socket

from ..sip.ip import address_octets
from ..world import endpoints, netlink

# What a home network may add to the name of the machine; nobody can register these in the DNS.
HOME = ("", "lan", "local", "home", "home.arpa", "internal", "localdomain")
# A link of a provider may look as if half the world were on it: prefix lengths by octets.
MIN_BITS = {4: 16, 16: 48}
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Guard:
    """Knows the machine's names and networks."""

    def __init__(self):
        self.settings = None

    def adopt(self, settings):
        """Take the Settings that are in force."""
        self.settings = settings

    def is_named(self, host):
        """Tell whether the value of Host (text) names this machine; an address always does."""
        name = _bare(host)
        return address_octets(name) is not None or self._is_own(name)

    def allows(self, origin):
        """Tell whether pages of an Origin (text) may speak SIP here."""
        _, _, host = origin.partition("://")
        name = _bare(host)
        if origin in self.settings.web_origin or name in self.settings.web_origin:
            return bool(name)
        if name in LOOPBACK or self._is_own(name):
            return True
        return name in [address for address, _, _ in netlink.networks()]

    def is_own_host(self, place):
        """Tell whether a host, with its port, is this machine by a name or address of its own."""
        name = _bare(place)
        return self._is_own(name) or name in [host for host, _, _ in netlink.networks()]

    def _is_own(self, name):
        if name in LOOPBACK or name.encode() in self.settings.domains:
            return bool(name)
        own, dot, rest = name.partition(".")
        machine = socket.gethostname().partition(".")[0].lower()
        return name == socket.gethostname().lower() or (own == machine and rest in HOME)

    def is_near(self, peer):
        """Tell whether an address (text) is in a network that this machine listens in."""
        octets = address_octets(peer)
        if octets is None:
            return False
        if endpoints.is_loopback(peer) or octets[:2] == b"\xfe\x80":
            return True
        for host, network, bits in netlink.networks():
            if endpoints.is_chosen(self.settings, host) and _is_in(octets, network, bits):
                return True
        return False


def _bare(host):
    """Return a host without port, brackets and the root's dot, in small letters."""
    host = host.strip().lower()
    if host[:1] == "[":
        return host[1:].partition("]")[0]
    return host.partition(":")[0].rstrip(".")


def _is_in(octets, network, bits):
    if len(octets) != len(network) or bits < MIN_BITS[len(octets)]:
        return False
    rest = 8 * len(octets) - bits
    one, other = int.from_bytes(octets, "big"), int.from_bytes(network, "big")
    return one >> rest == other >> rest
