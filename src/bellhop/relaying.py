"""Joins calls with media: who stands on each side of a branch, and what waits for ports."""

from .config import address_octets
from .errors import BellhopError, SipError
from .media import trust
from .media.decision import NO, MediaSettings, Party
from .media.relay import Relays
from .sip import address, uri
from .tu import dialplan
from .tu.calls import name_of, readable

# The levels of trust by the words of the configuration.
LEVELS = {
    "encrypted": trust.ENCRYPTED,
    "known": trust.KNOWN,
    "compared": trust.COMPARED,
    "signed": trust.SIGNED,
}


class Relaying:
    """The calls whose sound passes this node. meshing: set when the node joins a mesh.

    go_on(ready, now): takes a media.relay.Ready, returns the effects.
    """

    def __init__(self, node, dh, identity, go_on):
        self.node = node
        self.meshing = None
        self.go_on = go_on
        section = node.settings.media
        self.relays = Relays(media_settings(section), dh, identity, node.token, node.deadlines)
        self.adopt(node.settings)

    def adopt(self, settings):
        """Put new settings in force; calls keep what was decided."""
        section = settings.media
        self.relays.settings = media_settings(section)
        policies = {}
        for contact in settings.contacts:
            if contact.address and (contact.encryption or contact.verification):
                policies[contact_of(contact.address.encode())] = (
                    contact.encryption or section.encryption,
                    LEVELS[contact.verification or section.verification],
                )
        general = section.encryption, LEVELS[section.verification]
        self.relays.keying.policies = trust.Policies(general, policies)

    # Branches of calls.

    def decide(self, branch, reached, now):
        """Return (why the media of a branch passes this node, effects); reached: its Target."""
        context = branch.context
        request = context.request
        if request.method != b"INVITE" or request.to.param(b"tag") is not None:
            return [], []
        near, far = self._caller(request, context.flow, now), self._called(reached)
        return self.relays.decide(branch, request, near, far, now)

    def _caller(self, request, flow, now):
        caller = request.from_.uri
        locals_ = self._locals(flow)
        if self._is_by_mesh(request, flow):
            return Party(contact_of(request.from_.uri_bytes), b"", None, locals_, False, NO)
        source = address_octets(flow.host)
        is_local = dialplan.is_ours(self.node.settings, self.node.listening, caller)
        section = dialplan.callee(self.node.settings, caller) if is_local else None
        if section is None or section.kind != "user":
            return Party(contact_of(request.from_.uri_bytes), None, source, locals_, False, NO)
        bindings = self.node.location.bindings(section.name, now)
        nat = [one for one in bindings if one.flow[:4] == flow[:4] and one.is_behind_nat()]
        return Party(None, None, source, locals_, bool(nat), section.srtp)

    def _called(self, target):
        locals_ = self._locals(target.flow)
        binding = target.binding
        if binding is not None:
            source = None if binding.path else address_octets(target.flow.host)
            srtp = self.node.settings.users[binding.user].srtp
            return Party(None, None, source, locals_, binding.is_behind_nat(), srtp)
        contact = contact_of(target.uri)
        found = uri.parse(target.uri)
        if self.meshing is None or not self.meshing.is_member(found):
            return Party(contact, None, address_octets(target.flow.host), locals_, False, NO)
        name, member = self.meshing.called(found)
        return Party(name, member, None, locals_, False, NO)

    def _is_by_mesh(self, request, flow):
        """Tell whether another node has sent a request, be it from its phones or for others."""
        if self.meshing is None or not self.meshing.mesh.is_member(flow.host):
            return False
        target = request.parsed_uri
        return self.meshing.is_mine(target) or self.meshing.is_member(target)

    def _locals(self, flow):
        """Return the octets of this node's addresses, the one that a flow uses first."""
        first = self.node.listening[flow.local].listener.host
        hosts = [first]
        for one in self.node.listening:
            if one is not None and one.listener.host not in hosts:
                hosts.append(one.listener.host)
        return tuple([address_octets(host) for host in hosts])

    def finished(self, branches):
        """Return the effects of branches that may have come to nothing."""
        effects = []
        for branch in branches:
            effects += self.relays.ended(branch)
        return effects

    # Messages.

    def request(self, branch, request, now):
        """Return (request as it goes on, or None while it waits, effects); may raise SipError."""
        if not self._is_known(request):
            return request, []
        request, effects = self.relays.request(branch, request, now)
        if branch is None:
            self._note(request)
        return request, effects

    def response(self, branch, response, now):
        """Return (response as it goes on, or None while it waits, effects); may raise SipError."""
        if not self._is_known(response):
            return response, []
        return self.relays.response(branch, response, now)

    def _is_known(self, message):
        return message.call_id in self.relays.sessions.by_call

    def _note(self, ack):
        """Write into the list of calls what an acknowledged call is worth."""
        call = None if ack is None else self.node.calls.live.get(ack.call_id)
        for session in self.relays.sessions.by_call.get(call.call_id, ()) if call else ():
            call.security = session.level or call.security

    # What the shell tells.

    def opened(self, number, ports, problem, now):
        """The shell has answered a RelayOpen; return the effects."""
        ready, effects = self.relays.opened(number, ports, problem, now)
        for one in ready:
            effects += self.go_on(one, now)
        return effects

    # What the owner sees and does.

    def seen(self, call):
        """Return what is known of the media of a Call: JSON-able dicts."""
        return self.relays.of_call(call.call_id)

    def compared(self, call):
        """The two people have read the same words to each other; return the effects."""
        effects = self.relays.mark(call.call_id, trust.COMPARED)
        if not effects:
            raise BellhopError("this call has no words that could be compared")
        call.security = trust.COMPARED
        return effects


def media_settings(section):
    """Return the MediaSettings of `config media`."""
    return MediaSettings(
        section.relay, section.hide_addresses, section.port_low, section.port_high,
        section.max_calls,
    )  # fmt: skip


def contact_of(octets):
    """Return the name under which keys of a person are kept: user@host of an address."""
    try:
        return name_of(address.parse(octets)).lower()
    except SipError:
        return readable(octets)
