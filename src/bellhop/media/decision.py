"""Whether media must pass this node, and why, in words that the status shows."""

from collections import namedtuple

from ..errors import SipError
from . import address

# One side of a call. contact: the far person's address as text ("gran@far.test"), None for a phone
# of this node, or a provider's line (which has b"" for its node); node: the key of the node that
# serves it, b"" for a node whose key is not known,
# None where it may be none; source: octets of the address that its own signalling comes from or
# goes to, None where others stand between; locals: this node's addresses on that side, the one in
# use first; behind_nat: known to announce an address that only its own network understands; srtp:
# whether a phone is asked for SRTP, one of WISHES.
Party = namedtuple("Party", ("contact", "node", "source", "locals", "behind_nat", "srtp"))
NO, OFFER, MUST = WISHES = ("no", "offer", "must")

# relay: one of RELAYING; hide: phones never learn the other side's addresses; port_low, port_high:
# UDP ports of relays; most: calls with relays at once, past it a call is treated as one without the
# media library.
MediaSettings = namedtuple("MediaSettings", ("relay", "hide", "port_low", "port_high", "most"))
NEVER, NEEDED, ALWAYS = RELAYING = ("never", "needed", "always")

LOOPBACK = bytes((127, 0, 0, 1))
SEALED = "to encrypt the sound to the provider"
ENCRYPTED = "to encrypt the sound between the two nodes"
WATCHED = "the phones encrypt, as they must, and this node sees that they go on"
HIDDEN = "addresses are hidden"


def path_reasons(settings, description, hides, near, far):
    """Return why media must pass this node apart from encryption; [] where it may go directly.

    description: the caller's, or None where the callee will offer; hides: the caller wants it so.
    """
    # Sound by circuits begins and ends at this node.
    by_circuits = near.locals[0] != far.locals[0] and LOOPBACK in (near.locals[0], far.locals[0])
    reasons = [HIDDEN] if settings.hide or hides or by_circuits else []
    if settings.relay == NEVER:
        return reasons
    if settings.relay == ALWAYS:
        reasons.append("the owner wants all sound to pass the router")
    offered = addresses_of(description)
    if [octets for octets in offered + [near.locals[0]] if len(octets) != len(far.locals[0])]:
        reasons.append("IPv4 on one side, IPv6 on the other")
    elif near.locals[0] != far.locals[0]:
        reasons.append("no direct path: the phones are on different networks")
    if near.behind_nat or [octets for octets in offered if is_behind_nat(octets, near)]:
        reasons.append("no direct path: the calling phone is behind NAT")
    if far.behind_nat:
        reasons.append("no direct path: the called phone is behind NAT")
    return reasons


def provider_side(request, near, far):
    """Return the side, 0 or 1, of a provider to which the sound is encrypted, or None.

    A phone that encrypts by itself (RFC 4568) does so with the provider, without this node.
    """
    sealed = b"/SAVP" in request.body
    for side, party in enumerate((near, far)):
        if party.contact is None and party.node is not None and party.srtp != NO:
            return side if side == 0 or not sealed else None
    return None


def addresses_of(description):
    """Return the addresses of the streams in use; those that nobody can read are left out."""
    found = []
    for stream in description.streams if description is not None else ():
        try:
            octets = description.address(stream)
        except SipError:
            continue
        if stream.port and octets not in address.NOWHERE:
            found.append(octets)
    return found


def is_behind_nat(octets, party):
    """Tell whether a party announces an address that means nothing where its signalling is from."""
    return address.is_private(octets) and party.source is not None and octets != party.source
