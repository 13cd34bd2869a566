"""Rings the phones of a user to see whether they ring: the verbs `ring` and `rung`."""

import binascii

from ..effects import Send
from ..errors import BellhopError
from ..sip.message import Request
from ..transaction.invite_client import cancellation
from ..transaction.transaction import RESPONSE, TIMEOUT
from ..tu import dialog, proxy
from ..tu.calls import readable

# Long enough to reach the phone and hear it.
RING_MS = 8000
# What a phone did, in words.
ASKED, RINGS, TAKEN, SILENT, LOST = STATES = (
    "asked", "rings", "was taken", "does not answer", "cannot be reached",
)  # fmt: skip
# A usual offer, because some phones stumble over an inactive one: what is said until the BYE comes
# goes to the discard port.
SDP = (
    "v=0\r\no=- 0 0 IN %(kind)s %(host)s\r\ns=-\r\nc=IN %(kind)s %(host)s\r\nt=0 0\r\n"
    "m=audio 9 RTP/AVP 0 8\r\n"
)


class Alert:
    """The INVITE to one phone. state: one of the words above, or how it refused."""

    __slots__ = ("binding", "request", "transaction", "state", "leg")

    def __init__(self, binding):
        self.binding = binding
        self.request = self.transaction = self.leg = None
        self.state = ASKED

    def is_open(self):
        """Tell whether the phone has given no final answer."""
        return self.state in (ASKED, RINGS) and self.transaction is not None


class Ringing:
    """All phones of one user, until `deadline` (ms), None when it is over."""

    def __init__(self, alerts, now):
        self.alerts = alerts
        self.deadline = now + RING_MS
        self.queued = None


class Ringer:
    """Keeps the last ringing of every user of the configuration."""

    def __init__(self, node):
        self.node = node
        self.users = {}

    def ring(self, user, now):
        """Begin, unless it rings already; return the effects."""
        last = self.users.get(user)
        if last is not None and last.deadline is not None:
            return []
        bindings = self.node.location.bindings(user, now)
        if not bindings:
            raise BellhopError("no phone of '%s' is registered" % user)
        ringing = self.users[user] = Ringing([Alert(binding) for binding in bindings], now)
        self.node.deadlines.watch(ringing)
        effects = []
        for alert in ringing.alerts:
            effects += self._invite(alert, now)
        return effects

    def told(self, user):
        """Return how the last ringing of a user went: a JSON-able dict."""
        ringing = self.users.get(user)
        return {
            "is_over": ringing is None or ringing.deadline is None,
            "phones": [
                {
                    "contact": readable(alert.binding.contact),
                    "phone": readable(alert.binding.agent or b""),
                    "state": alert.state,
                }
                for alert in (ringing.alerts if ringing is not None else ())
            ],
        }

    def _invite(self, alert, now):
        binding = alert.binding
        via = self._via(binding.flow)
        if via is None:
            alert.state = LOST
            return []
        listening = self.node.listening[binding.flow.local]
        invite = _invitation(binding, self.node.settings.domain, listening, self._random())
        alert.request = proxy.forwarded(invite, binding.contact, binding.path, via, (), None)
        alert.transaction, effects = self.node.layer.send(alert.request, binding.flow, alert, now)
        return effects

    def answered(self, indication, now):
        """A phone said something, or nothing in time; return the effects."""
        alert, response = indication.user, indication.message
        if indication.kind != RESPONSE:
            alert.transaction = None
            if alert.state == ASKED:
                alert.state = SILENT if indication.kind == TIMEOUT else LOST
        elif response.status < 200:
            alert.state = RINGS if response.status > 100 else alert.state
        elif response.status < 300:
            return self._hang_up(alert, response, now)
        else:
            alert.transaction = None
            if response.status != 487:
                refusal = "refuses: %d %s" % (response.status, readable(response.reason))
                alert.state = refusal
        return []

    def _hang_up(self, alert, response, now):
        """Acknowledge every 2xx (section 13.2.2.4), and end the call after the first."""
        leg = dialog.towards_called(alert.request, response, None)
        if leg is None:
            return []
        effects = [Send(alert.binding.flow, self._within(leg, b"ACK", leg.cseq, alert).write())]
        if alert.state != TAKEN:
            alert.state, alert.transaction = TAKEN, None
            bye = self._within(leg, b"BYE", leg.cseq + 1, alert)
            effects += self.node.layer.send(bye, alert.binding.flow, None, now)[1]
        return effects

    def _within(self, leg, method, cseq, alert):
        asked = dialog.request(leg, method, cseq)
        via = self._via(alert.binding.flow) or b"Via: " + alert.request.value(b"via")
        return proxy.forwarded(asked, leg.target, leg.routes, via, (), None)

    def finish(self, ringing, now):
        """The time is over; return the effects."""
        ringing.deadline = None
        effects = []
        for alert in ringing.alerts:
            if not alert.is_open():
                continue
            if alert.state == RINGS:
                effects += self.node.layer.cancel(
                    alert.transaction, cancellation(alert.request), now
                )
            else:
                self.node.layer.abandon(alert.transaction)
                alert.state = SILENT
        return effects

    def _via(self, flow):
        listening = self.node.listening[flow.local]
        if listening is None:
            return None
        return proxy.via_line(listening, proxy.branch(self.node.instance, self.node.token(8), b""))

    def _random(self):
        return binascii.hexlify(self.node.token(8))


def _invitation(binding, domain, listening, random):
    host = listening.listener.host
    kind = "IP6" if ":" in host else "IP4"
    body = (SDP % {"kind": kind, "host": host}).encode()
    node = b"<sip:" + domain + b">"
    fields = (
        (b"max-forwards", b"Max-Forwards: 70"),
        (b"from", b'From: "bellhop" ' + node + b";tag=" + random[:8]),
        (b"to", b"To: <sip:" + binding.user.encode() + b"@" + domain + b">"),
        (b"call-id", b"Call-ID: " + random + b"@" + domain),
        (b"cseq", b"CSeq: 1 INVITE"),
        (b"contact", b"Contact: <sip:" + listening.uri + b">"),
        (b"content-type", b"Content-Type: application/sdp"),
        (b"content-length", b"Content-Length: " + str(len(body)).encode()),
    )
    names, lines = [name for name, _ in fields], [line for _, line in fields]
    return Request(b"INVITE", binding.contact, names, lines, body)
