"""Calls whose sound would have to pass this node: refused with the reason, for it carries none.

Stands in a lite node where the full one has its relays; every other call goes its way untouched.
"""

from ..core.feature import first
from ..errors import SipError
from ..mesh.address import is_near
from ..sip import uri
from ..sip.ip import address_octets
from ..tu import dialplan

NEEDS_FULL_NODE = ": the sound of this call needs a full node"
IPV4, IPV6 = b"c=IN IP4 ", b"c=IN IP6 "
# What shows that a phone encrypts its sound itself.
SECURE = (b"a=crypto:", b"a=fingerprint:", b"a=zrtp-hash:")
# RFC 6598, of providers and of private networks laid over the Internet.
SHARED = b"\x64", 0x40
NO_PATH = "no way leads from phone to phone: one is in a private network that the other is not in"


class Unrelayed:
    """A feature that stands where the full node has its relays. node: a Node.

    source_towards(host): the address from which the kernel reaches another, or None.
    """

    name = "unrelayed"
    hooks, events = ("branch",), ()
    users, wakers = {}, {}

    def __init__(self, node, source_towards):
        self.node = node
        self.source_towards = source_towards

    def branch(self, branch, reached, now):
        """Return (no reasons, no effects); refuses with 488 what cannot be done here."""
        request = branch.context.request
        if request.method == b"INVITE" and request.to.param(b"tag") is None:
            problem = self._problem(request.body, reached) or self._no_path(branch, reached)
            if problem:
                raise SipError(488, problem + NEEDS_FULL_NODE)
        return [], []

    def problem(self):
        """Return what the owner is told of settings that this node cannot follow, or ""."""
        problem = _wants_all(self.node.settings)
        return "calls are refused, %s%s" % (problem, NEEDS_FULL_NODE) if problem else ""

    def _problem(self, body, reached):
        settings = self.node.settings
        is_secure = bool([mark for mark in SECURE if mark in body])
        if reached.binding is not None:
            if settings.users[reached.binding.user].srtp == "must" and not is_secure:
                return "the called phone takes encrypted calls only"
            spoken = IPV4 if ":" in reached.flow.host else IPV6
            if spoken in body and (IPV4 in body) != (IPV6 in body):
                return "IPv4 on one side, IPv6 on the other"
        elif "require" in (self._wish(reached.uri), settings.media.encryption) and not is_secure:
            return "calls to other nodes shall be encrypted"
        return _wants_all(settings)

    def _no_path(self, branch, reached):
        """Return that sound goes astray between the two phones where that is certain, or ""."""
        node, context = self.node, branch.context
        request = context.request
        offered = _private_host(request.body)
        if dialplan.is_emergency(node.settings, node.listening, request.parsed_uri):
            return ""
        is_far = first(node.hooks.callee, uri.parse(reached.uri)) is not None
        if reached.binding is None and not is_far:
            return ""  # What answers there may well send to where it hears from.
        if context.flow.host == reached.flow.host:
            return ""  # Behind one NAT.
        if is_far and offered is not None and _is_public(reached.flow.host):
            return NO_PATH
        if offered is not None and self._is_astray(offered, context.flow):
            return NO_PATH
        return NO_PATH if _is_behind_nat(reached) else ""

    def _is_astray(self, host, flow):
        """Tell whether packets to a private address of a phone beyond `flow` go nowhere."""
        if flow.host == host or _is_own(flow.host):
            return False  # What stands before it on this machine may know a way.
        source = self.source_towards(host)
        return _is_public(flow.host) or source is None or _is_public(source)

    def _wish(self, address):
        for contact in self.node.settings.contacts:
            if contact.address.encode() == address:
                return contact.encryption
        return ""


def _wants_all(settings):
    """Return why the settings want all sound through this node, or ""."""
    if settings.media.enabled and settings.media.hide_addresses:
        return "`option hide_addresses` is set"
    if settings.media.enabled and settings.media.relay == "always":
        return "`option relay 'always'` is set"
    return ""


def _private_host(body):
    """Return the private IPv4 address that a description offers, or None.

    None too for a phone with candidates (RFC 8839): it finds its way itself.
    """
    if IPV4 not in body or b"\na=candidate:" in body:
        return None
    found = body.split(IPV4, 1)[1].split(b"\n", 1)[0].strip().partition(b"/")[0]
    host = _text_of(found)
    return host if host is not None and _is_private(host) else None


def _is_behind_nat(reached):
    """Tell whether a called phone comes out of a private network elsewhere on the Internet."""
    binding = reached.binding
    if binding is None or binding.path or not _is_public(reached.flow.host):
        return False
    host = _text_of(uri.parse(binding.contact).host)
    return host is not None and _is_private(host)


def _text_of(host):
    """Return a host of the wire as text, None where it is no IPv4 address."""
    octets = None if host is None or b":" in host else address_octets("".join(map(chr, host)))
    return None if octets is None else ".".join([str(octet) for octet in octets])


def _is_private(host):
    octets = address_octets(host)
    shared = octets[:1] == SHARED[0] and octets[1] & 0xC0 == SHARED[1]
    return not _is_own(host) and (shared or is_near(octets))


def _is_public(host):
    """Tell whether an address is one of the Internet's IPv4; keys of nodes in the mesh are none."""
    octets = address_octets(host)
    return octets is not None and len(octets) == 4 and not _is_own(host) and not _is_private(host)


def _is_own(host):
    """Tell whether an address is one of this machine for itself."""
    octets = address_octets(host)
    if octets is None:
        return False
    return octets[0] == 127 if len(octets) == 4 else octets == bytes(15) + b"\x01"
