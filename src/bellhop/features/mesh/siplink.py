"""The mesh over SIP: SUBSCRIBE and NOTIFY, `Event: bellhop-routes` (RFC 6665).

A peer that only SIP reaches is a link like any other: what the mesh would send as datagrams goes
as bodies `application/vnd.bellhop.packets`, packets each behind a length of two octets. Each side
subscribes to the other over one flow, and one NOTIFY is under way at a time.
"""

import binascii

from ...errors import SipError
from ...sip import address, scan, uri
from ...sip.message import Request, response_to
from ...transaction.layer import is_same_flow
from ...transaction.transaction import RESPONSE

PACKAGE = b"bellhop-routes"
BODY_TYPE = b"application/vnd.bellhop.packets"
EXPIRES_SECONDS = 600
RENEW_AFTER = 400000
# A peer that cannot be had is asked again soon, then twice as late each time: both may just have
# been switched on.
FIRST_WAIT, LAST_WAIT = (1000, 32000)
# Packets that arrive within this time share one NOTIFY.
GATHER = 50
MAX_BODY = 16000
MAX_QUEUED_BYTES = 262144
MAX_ASSOCIATIONS = 32
FIRST_LINK = 1 << 20


class Association:
    """One peer over SIP. A thing to wake: to subscribe, to renew, to notify.

    target: where to subscribe; flow: the way, once known; is_configured: named by the owner.
    """

    def __init__(self, number, target, flow, token, is_configured):
        self.link = FIRST_LINK + number
        self.target = target
        self.flow = flow
        self.is_configured = is_configured
        self.call_id = binascii.hexlify(token(8))
        self.tag = binascii.hexlify(token(6))
        self.their = None  # (Call-ID, From, To, Contact) of their subscription to us
        self.cseq = 0
        self.queue = []
        self.queued_bytes = 0
        self.under_way = False
        self.is_subscribed = False
        self.renew_at = None
        self.wait = FIRST_WAIT
        self.notify_at = None
        self.deadline = self.queued = None

    def arm(self):
        """Set the deadline from what is due."""
        times = [time for time in (self.renew_at, self.notify_at) if time is not None]
        self.deadline = min(times) if times else None

    def try_again(self, now):
        """Set when to subscribe anew after a failure."""
        self.renew_at = now + self.wait
        self.wait = min(2 * self.wait, LAST_WAIT)

    def is_open(self):
        """Tell whether both directions are subscribed."""
        return self.is_subscribed and self.their is not None


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
        self.users = {Association: self._indicated}
        self.wakers = {Association: self._wake}
        for target in node.settings.mesh.sip_peer:
            self._add(target.encode(), None, now)

    def _add(self, target, flow, now):
        self.number += 1
        one = Association(self.number, target, flow, self.node.token, flow is None)
        one.renew_at = now
        one.arm()
        self.associations.append(one)
        self.node.deadlines.watch(one)
        return one

    # Their subscription to us.

    def serve(self, request, server, flow, now):
        """Answer a SUBSCRIBE or NOTIFY of the package; return the effects, None for all else."""
        if not _is_ours(request):
            return None
        if request.method == b"NOTIFY":
            return self._notified(request, server, flow, now)
        if not flow.connection:
            raise SipError(403, "records are exchanged over TCP or TLS only")
        expires = request.number(b"expires", 2**32 - 1, EXPIRES_SECONDS)
        one = self._of_flow(flow)
        if one is None and len(self.associations) >= MAX_ASSOCIATIONS:
            self.counts["refused"] += 1
            raise SipError(503, "this node has peers enough", (b"Retry-After: 300",))
        if one is None:
            one = self._add(_contact(request), flow, now)
        was_open = one.is_open()
        tag = one.tag
        to = request.value(b"to")
        from_, contact = request.value(b"from"), _contact(request)
        theirs = request.call_id, from_, _tagged(to, tag), contact
        one.their = None if expires == 0 else theirs
        lines = [
            b"Expires: " + str(min(expires, EXPIRES_SECONDS)).encode(),
            self._contact_line(flow),
        ]
        response = response_to(request, 200, None, lines, tag)
        effects = self.node.layer.respond(server, response, now)
        return effects + self._changed(one, was_open, now)

    def _notified(self, request, server, flow, now):
        one = None
        for known in self.associations:
            if known.call_id == request.call_id:
                one = known
        if one is None:
            raise SipError(481, "Call/Transaction Does Not Exist")
        effects = self.node.layer.respond(server, response_to(request, 200), now)
        for packet in packets(request.body):
            source = (flow.host, flow.port)
            said = self.member.mesh.receive(packet, one.link, source, now)
            effects += self.member.carry_out(said, now)
        return effects

    def _of_flow(self, flow):
        """Return the association on a stream; one that was about to open it takes it over."""
        for one in self.associations:
            if one.flow is not None and (one.flow[:4] == flow[:4] or is_same_flow(one.flow, flow)):
                one.flow = flow
                return one
        return None

    # Our subscription to them, and what we notify.

    def _wake(self, one, now):
        """Subscribe anew, or send what has gathered; return the effects."""
        effects = []
        if one.renew_at is not None and one.renew_at <= now:
            one.try_again(now)
            effects += self._subscribe(one, now)
        if one.notify_at is not None and one.notify_at <= now:
            one.notify_at = None
            effects += self._notify(one, now)
        one.arm()
        self.node.deadlines.watch(one)
        return effects

    def send(self, effect, now):
        """Queue one packet of the mesh for its peer; tell whether the link is one of SIP."""
        for one in self.associations:
            if one.link != effect.link:
                continue
            if one.queued_bytes + len(effect.data) > MAX_QUEUED_BYTES:
                self.counts["overflow"] += 1
                return True
            one.queue.append(effect.data)
            one.queued_bytes += len(effect.data)
            if one.notify_at is None and not one.under_way:
                one.notify_at = now + GATHER
                one.arm()
                self.node.deadlines.watch(one)
            return True
        return False

    def _subscribe(self, one, now):
        if one.flow is None:
            return self.uac.lookups.ask(
                uri.parse(one.target),
                lambda hops, problem, now: self._found(one, hops, now),
            )
        if self.node.listening[one.flow.local] is None:
            return []
        to = b"To: <" + one.target + b">"
        lines = [
            (b"event", b"Event: " + PACKAGE),
            (b"accept", b"Accept: " + BODY_TYPE),
            (b"expires", b"Expires: " + str(EXPIRES_SECONDS).encode()),
            (b"contact", self._contact_line(one.flow)),
        ]
        from_line = b"From: <sip:" + self.member.dialling.own_domain + b">;tag=" + one.tag
        return self._send(
            one, b"SUBSCRIBE", one.target, one.call_id, from_line, to, lines, b"", now
        )

    def _found(self, one, hops, now):
        if not hops:
            return []
        one.flow = hops[0]
        return self._subscribe(one, now)

    def _notify(self, one, now):
        if one.their is None or not one.queue or self.node.listening[one.flow.local] is None:
            return []
        body = b""
        while one.queue and len(body) + len(one.queue[0]) + 2 <= MAX_BODY:
            packet = one.queue.pop(0)
            one.queued_bytes -= len(packet)
            body += len(packet).to_bytes(2, "big") + packet
        one.under_way = True
        self.counts["notifies"] += 1
        call_id, theirs, ours, target = one.their
        lines = [
            (b"event", b"Event: " + PACKAGE),
            (b"subscription-state", b"Subscription-State: active"),
            (b"content-type", b"Content-Type: " + BODY_TYPE),
            (b"contact", self._contact_line(one.flow)),
        ]
        return self._send(
            one, b"NOTIFY", target, call_id, b"From: " + ours, b"To: " + theirs, lines, body, now
        )

    def _send(self, one, method, target, call_id, from_line, to_line, fields, body, now):
        one.cseq += 1
        names = [b"max-forwards", b"from", b"to", b"call-id", b"cseq"]
        lines = [
            b"Max-Forwards: 70", from_line, to_line, b"Call-ID: " + call_id,
            b"CSeq: " + str(one.cseq).encode() + b" " + method,
        ]  # fmt: skip
        for name, line in fields:
            names.append(name)
            lines.append(line)
        names.append(b"content-length")
        lines.append(b"Content-Length: " + str(len(body)).encode())
        return self.uac.send(Request(method, target, names, lines, body), one.flow, one, now)[1]

    def _indicated(self, indication, now):
        """Take the answer to a SUBSCRIBE or NOTIFY of ours."""
        one = indication.user
        response = indication.message
        status = response.status if indication.kind == RESPONSE else 408
        if status < 200:
            return []
        was_open = one.is_open()
        is_notify = response is not None and response.cseq[1] == b"NOTIFY"
        if is_notify or (one.under_way and response is None):
            one.under_way = False
            if status >= 300:
                one.their = None
            elif one.queue:
                one.notify_at = now + GATHER
        elif status < 300:
            one.is_subscribed = True
            one.renew_at = now + RENEW_AFTER
            one.wait = FIRST_WAIT
        else:
            one.is_subscribed = False
        one.arm()
        self.node.deadlines.watch(one)
        return self._changed(one, was_open, now)

    def failed(self, flow, now):
        """A stream is gone: the peers on it are no neighbours until they are back."""
        effects = []
        for one in self.associations[:]:
            if one.flow is None or not flow.connection or one.flow.connection != flow.connection:
                continue
            was_open = one.is_open()
            one.flow = one.their = None
            one.is_subscribed = one.under_way = False
            one.try_again(now)
            if not one.is_configured:
                one.renew_at = None
                self.associations.remove(one)
            one.arm()
            self.node.deadlines.watch(one)
            effects += self._changed(one, was_open, now)
        return effects

    def _changed(self, one, was_open, now):
        mesh = self.member.mesh
        if one.is_open() and not was_open:
            name = "sip:" + one.flow.host
            effects = mesh.link_up(one.link, name, False, now)
            effects += mesh.neighbour_seen(one.link, (one.flow.host, one.flow.port), now)
            return self.member.carry_out(effects, now)
        if was_open and not one.is_open():
            return self.member.carry_out(mesh.link_down(one.link, now), now)
        return []

    def _contact_line(self, flow):
        return b"Contact: <sip:" + self.node.listening[flow.local].uri + b">"


def _is_ours(request):
    """Tell whether a request belongs to this package."""
    event = (request.value(b"event") or b"").partition(b";")[0].strip(scan.BLANKS)
    return request.method in (b"SUBSCRIBE", b"NOTIFY") and event == PACKAGE


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


def _contact(request):
    contacts = request.addresses(b"contact")
    if not contacts or contacts[0].uri.host is None:
        raise SipError(400, "a subscription needs a Contact")
    return contacts[0].uri_bytes


def _tagged(to, tag):
    return to if address.parse(to).param(b"tag") is not None else to + b";tag=" + tag
