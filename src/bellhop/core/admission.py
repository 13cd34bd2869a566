"""Who may go on: address rules, rates, digest, and the tokens of dialogs that were let in."""

from ..errors import SipError
from ..limits import MEMBER, OWN, STRANGER
from ..sip import uri
from ..sip.ip import address_octets, network_of
from ..tu import dialplan, proxy

HERE = (dialplan.LOCAL, dialplan.CONTACT)
# Methods that a broken phone may send in storms (baresip: 67,000 SUBSCRIBE in 12 s). They have a
# count of their own, so that the phone can still register and call.
STORMY = (b"SUBSCRIBE", b"PUBLISH")


class Admission:
    """The door of the node. meshing: set when the node joins a mesh."""

    def __init__(self, node):
        self.node = node
        self.meshing = None

    def may_knock(self, flow, now, what=""):
        """Take one of the requests that a source has each minute; `what` has a count of its own."""
        per_minute = self.node.settings.stranger_requests_per_minute
        if not per_minute or self.is_trusted(flow):
            return True
        if self.node.rates.allows(what + flow.host, per_minute, per_minute, now):
            return True
        self.node.counters["dropped"] += 1
        return False

    def limit(self, request, flow, now):
        """Refuse a source that asks too often; what is STORMY has been counted."""
        if request.method not in STORMY and not self.may_knock(flow, now):
            raise SipError(503, "too many requests from this address", (b"Retry-After: 30",))

    def is_trusted(self, flow):
        """Tell whether the owner lets this address call without a password."""
        networks = self.node.settings.trusted
        if not networks:
            return False
        octets = address_octets(flow.host)
        return octets is not None and _is_within(octets, networks)

    def authenticate(self, request, header, flow, now):
        """Return the user that a request proves to come from, or refuse with a challenge."""
        realm = self.node.settings.realm
        try:
            return self.node.access.check(request, header, realm, self._account, now).user
        except SipError:
            self.limit(request, flow, now)  # A challenge and a wrong password count alike.
            raise

    def _account(self, username):
        settings = self.node.settings
        name, at, host = username.partition(b"@")  # Some phones add the domain.
        if at and host.lower() not in settings.domains:
            return None
        section = settings.names.get(uri.key_of(name))
        return section if section is not None and section.kind == "user" else None

    def is_in_dialog(self, request, tokens, step, flow):
        """Tell whether a request belongs to a dialog that this node has let begin.

        The Route must hold our token for its Call-ID. Whoever was called once knows such a token:
        it opens the way to phones here, to a party of a live call, and for those whose phone or
        node is known here, but never from a stranger to a stranger.
        """
        if not tokens or request.to.tag is None:
            return False
        call = self.node.calls.live.get(request.call_id)
        token = None if call is None else call.token
        if (token or proxy.dialog_token(self.node.proof, request.call_id)) not in tokens:
            return False
        if step in HERE or self.is_trusted(flow) or self.node.location.has_host(flow.host):
            return True
        if call is not None and call.parties.meant(request) is not None:
            return True
        return self.meshing is not None and self.meshing.mesh.is_member(flow.host)

    def admit(self, request, flow, step, now):
        """Let in local users who prove it, and strangers who want a local user; no one else."""
        if self.is_trusted(flow) or self._is_registered_stream(request, flow, now):
            return
        if self.meshing is not None and self.meshing.admits(request, step, flow):
            return
        if step == dialplan.EMERGENCY:
            if not self.node.location.has_host(flow.host):
                self.limit(request, flow, now)
            return
        if step in HERE and request.to.tag is not None:
            self.limit(request, flow, now)
            return  # In a dialog that goes past us; the phone itself knows its dialogs.
        if self._claims_to_be_local(request.from_.uri):
            self._check_user(request, flow, now)
            return
        if step not in HERE:
            raise SipError(403, "this node does not relay for strangers")
        if self.node.settings.strangers == "refuse":
            raise SipError(403, "callers from elsewhere are not accepted here")
        self.limit(request, flow, now)

    def sender(self, request, flow):
        """Return who has sent a request that was let in, as (kind, name) of limits.SENDERS."""
        caller = request.from_.uri
        if self._claims_to_be_local(caller):
            section = dialplan.callee(self.node.settings, caller)
            if section is not None:
                return OWN, section.name
        if self.meshing is not None and self.meshing.is_by_mesh(request, flow):
            return MEMBER, flow.host
        return STRANGER, network_of(flow.host)

    def _claims_to_be_local(self, caller):
        if caller.host is None:
            return False
        return dialplan.is_ours(self.node.settings, self.node.listening, caller)

    def _check_user(self, request, flow, now):
        user = self.authenticate(request, b"proxy-authorization", flow, now)
        if dialplan.callee(self.node.settings, request.from_.uri) is not user:
            raise SipError(403, "%s may not call as another user" % user.name)
        request.remove(b"proxy-authorization")

    def _is_registered_stream(self, request, flow, now):
        """A stream over which the user's REGISTER was accepted speaks for the user."""
        if not flow.connection:
            return False
        caller = request.from_.uri
        if not self._claims_to_be_local(caller):
            return False
        section = dialplan.callee(self.node.settings, caller)
        if section is None:
            return False
        for binding in self.node.location.bindings(section.name, now):
            if binding.flow.connection == flow.connection:
                return True
        return False


def _is_within(octets, networks):
    for network, bits in networks:
        if len(network) == len(octets) and not _differ(octets, network, bits):
            return True
    return False


def _differ(one, other, bits):
    whole, rest = bits // 8, bits % 8
    if one[:whole] != other[:whole]:
        return True
    return rest and (one[whole] ^ other[whole]) >> (8 - rest)
