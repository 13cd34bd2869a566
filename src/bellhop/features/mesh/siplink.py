"""The mesh over SIP: SUBSCRIBE and NOTIFY, `Event: bellhop-routes` (RFC 6665).

A peer that only SIP reaches is a link like any other: what the mesh would send as datagrams goes
as bodies `application/vnd.bellhop.packets`, packets each behind a length of two octets. Each side
subscribes to the other over one flow, and one NOTIFY is under way at a time.
"""

import binascii

from ...errors import SipError
from ...sip import uri
from ...sip.message import response_to
from ...subscription import notifier, subscriber
from ...subscription.notifier import Notifier
from ...subscription.package import Package, contact_of, is_of
from ...subscription.subscriber import Subscriber
from ...transaction.layer import is_same_flow
from ...transaction.transaction import RESPONSE

ROUTES = Package(b"bellhop-routes", b"application/vnd.bellhop.packets", 600, 50)
MAX_BODY = 16000
MAX_QUEUED_BYTES = 262144
MAX_ASSOCIATIONS = 32
FIRST_LINK = 1 << 20


class Ours(Subscriber):
    """Our subscription to a peer. association: whose it is."""

    def __init__(self, association, target, random, now):
        call_id, tag = binascii.hexlify(random(8)), binascii.hexlify(random(6))
        Subscriber.__init__(self, ROUTES, target, call_id, tag, now)
        self.association = association


class Theirs(Notifier):
    """The subscription of a peer to us. association: whose it is."""

    def __init__(self, association, random):
        Notifier.__init__(self, ROUTES, binascii.hexlify(random(6)))
        self.association = association


class Association:
    """One peer over SIP. flow: the way, once known; is_configured: named by the owner."""

    def __init__(self, number, target, flow, random, now):
        self.link = FIRST_LINK + number
        self.flow = flow
        self.is_configured = flow is None
        self.ours = Ours(self, target, random, now)
        self.theirs = Theirs(self, random)
        self.queue = []
        self.queued_bytes = 0

    def take_flow(self, flow):
        """The peer is on this stream now; None: nowhere."""
        self.flow = flow

    def is_open(self):
        """Tell whether both directions are subscribed."""
        return self.ours.is_open() and self.theirs.is_open()

    def put(self, data):
        """Queue one packet; return whether there was room."""
        if self.queued_bytes + len(data) > MAX_QUEUED_BYTES:
            return False
        self.queue.append(data)
        self.queued_bytes += len(data)
        return True

    def drop(self):
        """Forget what waits: the peer is no neighbour any more."""
        self.queue, self.queued_bytes = [], 0

    def body(self):
        """Take from the queue what fits into one notice."""
        body = b""
        while self.queue and len(body) + len(self.queue[0]) + 2 <= MAX_BODY:
            packet = self.queue.pop(0)
            self.queued_bytes -= len(packet)
            body += len(packet).to_bytes(2, "big") + packet
        return body


class SipLink:
    """A feature: all peers over SIP. member: joins the mesh."""

    name = "mesh over SIP"
    hooks, events = ("serve", "failed"), ()

    def __init__(self, node, uac, member, now):
        self.node = node
        self.uac = uac
        self.member = member
        self.associations = []
        self.number = 0
        self.counts = {"notifies": 0, "refused": 0, "overflow": 0}
        self.users = {Ours: self._subscribed, Theirs: self._told}
        self.wakers = {
            Ours: lambda ours, now: self._tell(ours, subscriber.DUE, now),
            Theirs: lambda theirs, now: self._tell(theirs, notifier.DUE, now),
        }
        for target in node.settings.mesh.sip_peer:
            self._add(target.encode(), None, now)

    def _add(self, target, flow, now):
        self.number += 1
        one = Association(self.number, target, flow, self.node.random, now)
        self.associations.append(one)
        self.node.deadlines.watch(one.ours)
        return one

    def send(self, effect, now):
        """Queue one packet of the mesh for its peer; tell whether the link is one of SIP."""
        for one in self.associations:
            if one.link == effect.link:
                if one.put(effect.data):
                    one.theirs.handle(notifier.CHANGED, now)
                    self.node.deadlines.watch(one.theirs)
                else:
                    self.counts["overflow"] += 1
                return True
        return False

    # What comes from peers.

    def serve(self, request, server, flow, now):
        """Answer a SUBSCRIBE or NOTIFY of the package; return the effects, None for all else."""
        if not is_of(ROUTES, request):
            return None
        if request.method == b"NOTIFY":
            return self._notified(request, server, flow, now)
        if not flow.connection:
            raise SipError(403, "records are exchanged over TCP or TLS only")
        one = self._of_flow(flow)
        if one is None and len(self.associations) >= MAX_ASSOCIATIONS:
            self.counts["refused"] += 1
            raise SipError(503, "this node has peers enough", (b"Retry-After: 300",))
        if one is None:
            one = self._add(contact_of(request), flow, now)
        was_open = one.is_open()
        seconds, _ = one.theirs.subscribe(request, now)
        self.node.deadlines.watch(one.theirs)
        lines = [b"Expires: " + str(seconds).encode(), self._contact_line(flow)]
        response = response_to(request, 200, None, lines, one.theirs.tag)
        effects = self.node.layer.respond(server, response, now)
        return effects + self._changed(one, was_open, now)

    def _notified(self, request, server, flow, now):
        for one in self.associations:
            if one.ours.takes(request):
                break
        else:
            raise SipError(481, "Call/Transaction Does Not Exist")
        effects = self.node.layer.respond(server, response_to(request, 200), now)
        for packet in packets(request.body):
            source = (flow.host, flow.port)
            said = self.member.mesh.receive(packet, one.link, source, now)
            effects += self.member.carry_out(said, now)
        return effects + self._tell(one.ours, subscriber.NOTIFIED, now)

    def _of_flow(self, flow):
        """Return the association on a stream; one that was about to open it takes it over."""
        for one in self.associations:
            if one.flow is not None and (one.flow[:4] == flow[:4] or is_same_flow(one.flow, flow)):
                one.take_flow(flow)
                return one
        return None

    def failed(self, flow, now):
        """A stream is gone: the peers on it are no neighbours until they are back."""
        effects = []
        for one in self.associations[:]:
            if one.flow is None or not flow.connection or one.flow.connection != flow.connection:
                continue
            was_open = one.is_open()
            one.take_flow(None)
            one.ours.handle(subscriber.LOST, now)
            one.theirs.handle(notifier.LOST, now)
            if not one.is_configured:
                one.ours.forget()
                self.associations.remove(one)
            self.node.deadlines.watch(one.ours)
            effects += self._changed(one, was_open, now)
        return effects

    # The two subscriptions.

    def _tell(self, side, event, now):
        """Let a side of an association take an event, and do what it wants; return the effects."""
        one = side.association
        was_open = one.is_open()
        effects = []
        for what in side.handle(event, now):
            if what == subscriber.SUBSCRIBE:
                effects += self._subscribe(one, now)
            elif what == notifier.NOTIFY:
                effects += self._notify(one, now)
        self.node.deadlines.watch(side)
        return effects + self._changed(one, was_open, now)

    def _subscribe(self, one, now):
        if one.flow is None:
            return self.uac.lookups.ask(
                uri.parse(one.ours.target),
                lambda hops, problem, now: self._found(one, hops, now),
            )
        if self.node.listening[one.flow.local] is None:
            return self._tell(one.ours, subscriber.REFUSED, now)
        own = b"sip:" + self.member.dialling.own_domain
        request = one.ours.request(own, self._contact_line(one.flow))
        return self.uac.send(request, one.flow, one.ours, now)[1]

    def _found(self, one, hops, now):
        if not hops:
            return self._tell(one.ours, subscriber.REFUSED, now)
        one.take_flow(hops[0])
        return self._subscribe(one, now)

    def _subscribed(self, indication, now):
        """Take the answer to a SUBSCRIBE of ours."""
        status = indication.message.status if indication.kind == RESPONSE else 408
        if status < 200:
            return []
        event = subscriber.ACCEPTED if status < 300 else subscriber.REFUSED
        return self._tell(indication.user, event, now)

    def _notify(self, one, now):
        if self.node.listening[one.flow.local] is None:
            return self._tell(one.theirs, notifier.REFUSED, now)
        self.counts["notifies"] += 1
        request = one.theirs.request(one.body(), self._contact_line(one.flow))
        if one.queue:
            one.theirs.handle(notifier.CHANGED, now)
        return self.uac.send(request, one.flow, one.theirs, now, one.theirs.routes)[1]

    def _told(self, indication, now):
        """Take the answer to a NOTIFY of ours."""
        status = indication.message.status if indication.kind == RESPONSE else 408
        if status < 200:
            return []
        event = notifier.TAKEN if status < 300 else notifier.REFUSED
        return self._tell(indication.user, event, now)

    def _changed(self, one, was_open, now):
        mesh = self.member.mesh
        if one.is_open() and not was_open:
            name = "sip:" + one.flow.host
            effects = mesh.link_up(one.link, name, False, now)
            effects += mesh.neighbour_seen(one.link, (one.flow.host, one.flow.port), now)
            return self.member.carry_out(effects, now)
        if was_open and not one.is_open():
            one.drop()
            return self.member.carry_out(mesh.link_down(one.link, now), now)
        return []

    def _contact_line(self, flow):
        return b"Contact: <sip:" + self.node.listening[flow.local].uri + b">"


def packets(body):
    """Return the packets in a body; what is cut off at its end is left out."""
    found = []
    at = 0
    while at + 2 <= len(body):
        size = int.from_bytes(body[at : at + 2], "big")
        packet = body[at + 2 : at + 2 + size]
        if len(packet) == size:
            found.append(packet)
        at += 2 + size
    return found
