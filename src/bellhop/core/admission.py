"""Who speaks, and who may go on: address rules, rates, digest, known dialogs."""

from collections import namedtuple

from ..errors import SipError
from ..limits import MEMBER, OWN, SENDERS, STRANGER
from ..sip import uri
from ..sip.ip import is_within, network_of
from ..tu import dialplan, proxy
from .authentication import Authentication
from .feature import any_says, first

HERE = (dialplan.LOCAL, dialplan.CONTACT)
# Methods that a broken phone may send in storms (baresip: 67,000 SUBSCRIBE in 12 s). They have a
# count of their own, so that the phone can still register and call.
STORMY = (b"SUBSCRIBE", b"PUBLISH")
# All that who is not of this house may ask of a phone outside of a dialog.
FROM_OUTSIDE = (b"INVITE", b"MESSAGE", b"OPTIONS", b"CANCEL", b"ACK")
# What other nodes may watch, where the owner lets them.
WATCHED = (b"presence", b"dialog")
# RFC 3323: the domain of who does not say his name.
NOBODY = b"anonymous.invalid"
LOOPBACK = (b"localhost", uri.host_key(b"::1"))
# How many times the requests of a stranger a neighbour may bring, who speaks for many.
MEMBER_RATE = 10
# And those of a whole IPv4 /24.
NETWORK_RATE = 4
# Who sent a request. kind: one of limits.SENDERS, OWN for phones of users here and for addresses
# that the owner trusts; user: the section of the user that has proved to speak, or None.
Caller = namedtuple("Caller", ("kind", "user"))
# Those who have proved nothing.
UNPROVED = {kind: Caller(kind, None) for kind in SENDERS}


class Admission:
    """The door of the node."""

    def __init__(self, node):
        self.node = node
        self.passwords = Authentication(node, self.limit)

    def is_within_rate(self, flow, now, what="", times=1):
        """Take one of the requests that a source has each minute; `what` has a count of its own.

        A network has a count too: who has many addresses has no more than some neighbours.
        """
        per_minute = self.node.settings.stranger_requests_per_minute * times
        if not per_minute or self.is_trusted(flow):
            return True
        allows, source = self.node.rates.allows, self._source(flow)
        network, most = network_of(flow.host), per_minute * NETWORK_RATE
        if allows(what + source, per_minute, per_minute, now):
            if source != flow.host or self.node.location.has_host(flow.host):
                return True
            if allows(what + network, most, most, now):
                return True
        self.node.counters["dropped"] += 1
        return False

    def _source(self, flow):
        """Return what counts as one source: a known phone, an IPv4 address, an IPv6 household."""
        is_alone = ":" not in flow.host or self.node.location.has_host(flow.host)
        return flow.host if is_alone else network_of(flow.host)

    def limit(self, request, flow, now, what="", times=1):
        """Refuse a source that asks too often; what is STORMY has been counted."""
        if request.method not in STORMY and not self.is_within_rate(flow, now, what, times):
            raise SipError(503, "too many requests from this address", (b"Retry-After: 30",))

    def is_trusted(self, flow):
        """Tell whether the owner lets this address call without a password."""
        networks = self.node.settings.trusted
        return bool(networks) and is_within(flow.host, networks)

    def is_member(self, flow):
        """Tell whether a flow is that of another node of the mesh."""
        return any_says(self.node.hooks.knows, flow)

    def _admits(self, request, found, flow):
        """Tell whether the word of another node is enough for a request."""
        return self.is_member(flow) and any_says(self.node.hooks.admits, request, found, flow)

    def _leads_beyond(self, call):
        return first(self.node.hooks.callee, uri.parse(call.uri)) is not None

    # Dialogs.

    def is_in_dialog(self, request, tokens, found, flow):
        """Tell whether a request belongs to a dialog that this node has let begin.

        Both tags are known, or the node was started anew meanwhile: then the Route holds our token
        for its Call-ID, and the sender does not say to be of this house. It opens the way to phones
        here and to the parties of the dialog.
        """
        if request.to.tag is None:
            return False
        if not self.node.dialogs.has(request) and not self._is_of_before(request, tokens):
            return False
        if found.rule in HERE or self.is_trusted(flow) or self.node.location.has_host(flow.host):
            return True
        call = self.node.calls.live.get(request.call_id)
        is_between = self.is_member(flow) and call is not None and self._leads_beyond(call)
        if call is None or is_between:
            return False  # A node on the way passes on to neighbours only, whatever a dialog says.
        return _leads_to_a_party(request, call)

    def _is_of_before(self, request, tokens):
        if not tokens or request.call_id in self.node.calls.live:
            return False
        token = proxy.dialog_token(self.node.proof, request.call_id)
        return token in tokens and not self._is_of_house(request.from_.uri)

    def may_acknowledge(self, request, tokens, found, flow):
        """Tell whether an ACK, which cannot be refused, may go on."""
        if self.is_trusted(flow) or (found.rule in HERE and self.kind(flow) == OWN):
            return True
        if self.is_in_dialog(request, tokens, found, flow):
            return True
        return self._admits(request, found, flow)

    # Requests.

    def admit(self, request, tokens, found, flow, now):
        """Return the Caller of a request that may go where it leads, or refuse."""
        if self.is_in_dialog(request, tokens, found, flow):
            return UNPROVED[self.kind(flow)]
        if self._admits(request, found, flow):
            if not self.node.location.has_host(flow.host):
                self.limit(request, flow, now, "member ", MEMBER_RATE)
            return UNPROVED[MEMBER]
        section = self._named(request.from_.uri)
        if self.is_trusted(flow) or self._is_registered_stream(section, flow, now):
            return Caller(OWN, section)
        if found.rule == dialplan.EMERGENCY and self._has_phone(section, flow, now):
            return Caller(OWN, section)
        if self._is_of_house(request.from_.uri):
            return Caller(OWN, self._proved(request, flow, now))
        return self._admit_stranger(request, found, flow, now)

    def _admit_stranger(self, request, found, flow, now):
        settings = self.node.settings
        is_help = found.rule == dialplan.EMERGENCY
        is_open = settings.help_for_strangers if is_help else settings.strangers == "allow"
        if not is_open or not (is_help or found.rule in HERE):
            if request.from_.uri.host_key == NOBODY:
                return Caller(
                    OWN, self.passwords.user_of(request, b"proxy-authorization", flow, now)
                )
            self.limit(request, flow, now)
            if is_help:
                raise SipError(403, "only phones of this house and its neighbours ring for help")
            if found.rule not in HERE:
                raise SipError(403, "this node does not relay for strangers")
            raise SipError(403, "callers from elsewhere are not accepted here")
        self.limit(request, flow, now)
        _check_method(request)
        return UNPROVED[STRANGER]

    def sender(self, request, flow):
        """Return who has sent a request that was let in, as (kind, name) of limits.SENDERS."""
        section = self._named(request.from_.uri)
        if section is not None:
            return OWN, section.name
        if first(self.node.hooks.caller, request, flow) is not None:
            return MEMBER, flow.host
        return STRANGER, network_of(flow.host)

    def kind(self, flow):
        """Return whose an address is, one of limits.SENDERS, whatever is sent from it."""
        if self.is_member(flow):
            return MEMBER
        if self.is_trusted(flow) or self.node.location.has_host(flow.host):
            return OWN
        return STRANGER

    def _named(self, caller):
        """Return the section of the local user that a From names, or None."""
        return dialplan.callee(self.node.settings, caller) if self._is_of_house(caller) else None

    def _is_of_house(self, caller):
        """Tell whether a From says to be of this house; a bare number may look like one's own.

        So do this machine's other names, whatever they mean to the phone that shows them.
        """
        if caller.host is None:
            return dialplan.callee(self.node.settings, caller) is not None
        host = caller.host_key
        if host in LOOPBACK or (host[:4] == b"127." and host[-1:].isdigit()):
            return True
        return self.node.is_ours(caller)

    def _proved(self, request, flow, now):
        user = self.passwords.user_of(request, b"proxy-authorization", flow, now)
        if dialplan.callee(self.node.settings, request.from_.uri) is not user:
            raise SipError(403, "%s may not call as another user" % user.name)
        return user

    def _is_registered_stream(self, section, flow, now):
        """A stream over which the user's REGISTER was accepted speaks for the user."""
        return bool(flow.connection) and self._has_phone(section, flow, now)

    def _has_phone(self, section, flow, now):
        """Tell whether a phone of a user is registered from a flow: for help no password is asked.

        It is asked where somebody else speaks from there: who rings for help is to be known.
        """
        if section is None:
            return False
        for binding in self.node.location.bindings(section.name, now):
            if binding.flow[:5] == flow[:5]:
                return True
        return False


def watches(request):
    """Tell whether a request begins to watch who is there and talks (RFC 3856, RFC 4235)."""
    package = (request.value(b"event") or b"").partition(b";")[0].strip().lower()
    return request.method == b"SUBSCRIBE" and package in WATCHED and request.to.tag is None


def _check_method(request):
    """Refuse what a phone here is not to be told from outside."""
    if request.method in FROM_OUTSIDE and request.to.tag is None:
        return
    if request.to.tag is not None:
        raise SipError(481, "Call/Transaction Does Not Exist")
    raise SipError(403, "phones here take no %s from outside" % request.method.decode())


def _leads_to_a_party(request, call):
    """Tell whether a request goes by the way that its own dialog has, to the other end."""
    routes = request.items(b"route")
    if not routes:
        return call.parties.meant(request) is not None
    return bool([leg for leg in call.legs or () if leg is not None and leg.routes == routes])
