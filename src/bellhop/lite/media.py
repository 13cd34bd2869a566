"""Calls whose sound would have to pass this node: refused with the reason, for it carries none.

Stands where the full node has its relays, and lets every other call go its way untouched.
"""

from ..errors import SipError

NEEDS_FULL_NODE = ": the sound of this call needs a full node"
IPV4, IPV6 = b"c=IN IP4 ", b"c=IN IP6 "
# What shows that a phone encrypts its sound itself.
SECURE = (b"a=crypto:", b"a=fingerprint:", b"a=zrtp-hash:")


class Unrelayed:
    """A feature that stands where the full node has its relays. node: a Node."""

    name = "unrelayed"
    hooks, events = ("branch",), ()
    users, wakers = {}, {}

    def __init__(self, node):
        self.node = node

    def branch(self, branch, reached, now):
        """Return (no reasons, no effects); refuses with 488 what cannot be done here."""
        request = branch.context.request
        if request.method == b"INVITE" and request.to.param(b"tag") is None:
            problem = self._problem(request.body, reached)
            if problem:
                raise SipError(488, problem + NEEDS_FULL_NODE)
        return [], []

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
        return problem_of(settings)

    def _wish(self, address):
        for contact in self.node.settings.contacts:
            if contact.address.encode() == address:
                return contact.encryption
        return ""


def problem_of(settings):
    """Return why the settings want all sound through this node, or ""."""
    if settings.media.enabled and settings.media.hide_addresses:
        return "`option hide_addresses` is set"
    if settings.media.enabled and settings.media.relay == "always":
        return "`option relay 'always'` is set"
    return ""
