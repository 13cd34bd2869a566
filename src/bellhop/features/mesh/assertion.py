"""Whom a neighbour is believed: each node speaks for its own users (RFC 3325)."""

import binascii

from ...errors import SipError
from ...limits import MEMBER
from ...mesh.identity import SHORT_BYTES
from ...sip import address, scan, uri
from ...text import of_octets, plain
from ...tu import dialplan

IDENTITY = b"p-asserted-identity"
# The signature of the caller's node, for each of so many called nodes at most.
PROOF, PROVED_CALL, MOST_PROOFS = (b"bellhop-identity", b"bellhop caller 1", 4)


class Assertion:
    """A feature. mesh: the Mesh; dialling: knows whom a Uri names."""

    name = "mesh assertion"
    hooks, events = ("admits", "admitted", "screen", "caller"), ()
    users, wakers = {}, {}

    def __init__(self, node, mesh, dialling):
        self.node = node
        self.mesh = mesh
        self.dialling = dialling

    def admits(self, request, found, flow):
        """Tell whether a neighbour's word is enough: to call here, or to pass on along the mesh."""
        if found.rule in (dialplan.LOCAL, dialplan.CONTACT, dialplan.EMERGENCY):
            says_who = not self.node.is_ours(request.from_.uri)
            says_who = says_who or self._asserted(request) is not None
            return says_who and self.dialling.is_mine(request.parsed_uri)
        if request.to.tag is None and not self.dialling.is_member(request.parsed_uri):
            return False
        ways = [one for stage in found.stages for one in stage]
        return bool(ways) and not [one for one in ways if not self._leads_on(one, request, flow)]

    def _leads_on(self, target, request, flow):
        """Tell whether the next hop of a Target is another neighbour, by loose routing."""
        routes = list(target.path) or request.items(b"route")
        hop = address.parse(routes[0]).uri if routes else None
        if hop is None or hop.param(b"lr") is None:
            return False
        following = self.dialling.node_of(hop)
        if following is None or not self.mesh.is_peer(following):
            return False
        return following != self._sender(flow)

    def _sender(self, flow):
        """Return the id of the node that is heard from a flow's address, or None."""
        return self.mesh.node_at(flow.host.partition("%")[0])

    def admitted(self, request, caller):
        """Note whom another node says that a request is from."""
        if caller.kind == MEMBER:
            request.be_asserted(self._asserted(request))

    def caller(self, request, flow):
        """Return (user@node name, the node's id) of whom another node says that a request is from.

        (None, b"") where it does not say; None where no other node has sent it.
        """
        if not self._is_by_mesh(request, flow):
            return None
        named = request.asserted
        return (None, b"") if named is None else self.dialling.person(named.uri)

    def screen(self, request, flow, found, caller):
        """Say in a request that crosses the mesh how its caller is called back (RFC 3325)."""
        if request.to.tag is not None:
            return
        if caller.kind == MEMBER:
            if self.dialling.is_mine(request.parsed_uri):
                self._introduce(request, self._sender(flow))
            elif request.asserted is not None:
                _vouch(request, request.asserted.uri_bytes)
            return
        request.remove(PROOF)
        user = dialplan.callee(self.node.settings, request.from_.uri)
        crosses = [one for stage in found.stages for one in stage if one.patience is not None]
        if user is not None and crosses:
            address_bytes = b"sip:" + user.name.encode() + b"@" + self.dialling.own_domain
            _vouch(request, address_bytes)
            # A neighbour knows this node by its address.
            far = [one for one in crosses if max(map(len, _ways(one))) > 1]
            for target in far[:MOST_PROOFS]:
                self._prove(request, address_bytes, self.dialling.node_of(uri.parse(target.uri)))

    def _prove(self, request, address_bytes, node):
        """Sign who calls, for the node that is called: those on the way are not believed.

        Bellhop-Identity: hexadecimal short id of the called node, base64 of the Ed25519 signature.
        """
        if node is None:
            return
        signature = self.mesh.sign(_said(request, address_bytes, node))
        value = binascii.hexlify(node[:SHORT_BYTES]) + b" " + binascii.b2a_base64(signature).strip()
        request.names.append(PROOF)
        request.lines.append(b"Bellhop-Identity: " + value)

    def _is_proved(self, request, named, node):
        """Tell whether a node has signed that a request is of its user, and for this node."""
        prefix = binascii.hexlify(self.mesh.id[:SHORT_BYTES]) + b" "
        for value in request.values(PROOF):
            if value[: len(prefix)] != prefix:
                continue
            try:
                signature = binascii.a2b_base64(value[len(prefix) :])
            except ValueError:
                return False
            return self.mesh.verify(node, _said(request, named.uri_bytes, self.mesh.id), signature)
        return False

    def _introduce(self, request, sender):
        """Show on the called phone of which node its caller is: half of all houses have an Alice.

        A node is believed about its own users, by its address or its signature; whom it brings
        besides is shown as brought. The address leads back there and never into this house.
        """
        caller, named = request.from_, request.asserted
        node = None if named is None else self.mesh.node_of(of_octets(named.uri.host_key))
        is_own = node is not None and (node == sender or self._is_proved(request, named, node))
        request.remove(PROOF)
        place = "" if node is None else self.dialling.place(node)
        if not is_own:
            place = (place + " via " + self.dialling.place(sender)).strip()
        address_bytes = caller.uri_bytes if named is None else named.uri_bytes
        shown = self._shown(caller, node if is_own else None)
        shown = scan.shown(shown + b" (" + place.encode() + b")")
        same = address.Address(shown, address_bytes, caller.params)
        request.show_from(b"From: " + same.write())

    def _shown(self, caller, node):
        """Return the name of a caller from the mesh, but not one of the owner's contacts.

        node: the id of the node that is believed about it, or None.
        """
        taken = []
        for contact in self.node.settings.contacts:
            place = uri.parse(contact.address.encode()) if contact.address else None
            if node is None or place is None or self.dialling.node_of(place) != node:
                taken += [contact.name, of_octets(place.name) if place is not None else ""]
        taken = [one.lower().split() for one in taken]
        for name in (scan.unquote(caller.display or b""), caller.uri.name):
            name = plain(name).strip()
            if name and of_octets(name).lower().split() not in taken:
                return name
        return b"?"

    def _asserted(self, request):
        """Return the Address of whom another node says that a request is from, or None."""
        value = request.value(IDENTITY)
        try:
            named = None if value is None else address.parse(value)
            return named if named is not None and self.dialling.is_member(named.uri) else None
        except SipError:
            return None  # What cannot be read asserts nothing.

    def _is_by_mesh(self, request, flow):
        """Tell whether another node has sent a request, be it from its phones or for others."""
        target = request.parsed_uri
        is_for_mesh = self.dialling.is_mine(target) or self.dialling.is_member(target)
        return is_for_mesh and self.mesh.is_member(flow.host)


def _ways(target):
    return [target.path] + [one.path for one in target.spare]


def _said(request, address_bytes, node):
    """Return the octets that are signed: no other call, and no other called node, fits them."""
    parts = (PROVED_CALL, request.method, address_bytes, request.call_id, request.from_.tag or b"")
    return b"\n".join(parts) + b"\n" + node


def _vouch(request, address_bytes):
    request.set(IDENTITY, b"P-Asserted-Identity: <" + address_bytes + b">")
