"""Texts by a SIM card: SMS as MESSAGE, both ways (RFC 3428). A modem's program does the radio.

To the core the SIM is a hop of the transport `trunk`, as a provider is.
"""

import binascii

from ...effects import TRUNK, Flow, Receive, SendText
from ...sip import numbers, uri
from ...sip.message import Request, response_to

NAME = "sim"
BRANCH = b"z9hG4bK"
HOST = b"sim.invalid"
# A text of ten parts, which is what phones send at most.
MOST_OCTETS = 1600


class Sim:
    """The texts. node: the Node."""

    def __init__(self, node):
        self.node = node
        self.counters = {"texts_out": 0, "texts_in": 0, "texts_refused": 0}

    def way(self):
        """Return the Flow by which the core reaches it, or None: there is none."""
        if not self.node.settings.sms.enabled:
            return None
        local = [at for at, one in enumerate(self.node.listening) if one is not None]
        return Flow(TRUNK, (local + [0])[0], NAME, 0, 0, NAME)

    def send(self, flow, request, now):
        """Take what the core sends; return the effects."""
        if not isinstance(request, Request) or request.method == b"ACK":
            return []
        status, effects = 202, []
        kind = (request.value(b"content-type") or b"text/plain").partition(b";")[0].strip().lower()
        number = numbers.e164(self.node.settings.plan, request.parsed_uri.name)
        if request.method != b"MESSAGE":
            status = 405
        elif kind != b"text/plain" or len(request.body) > MOST_OCTETS or number is None:
            status = 415
            self.counters["texts_refused"] += 1
        else:
            self.counters["texts_out"] += 1
            effects = [SendText(number, request.body)]
        answer = response_to(request, status, None, (), self.node.tag())
        return effects + [Receive(flow, answer)]

    def came(self, sender, body):
        """A text has come. sender: text, a number or a name; body: octets; return the effects."""
        settings, flow = self.node.settings, self.way()
        if flow is None or not settings.sms.ring:
            return []
        self.counters["texts_in"] += 1
        number = numbers.e164(settings.plan, sender.encode())
        user = number or uri.escape(sender.encode()[:40]) or b"unknown"
        place = b"sip:" + settings.sms.ring.encode() + b"@" + settings.domain
        mark = binascii.hexlify(self.node.random(12))
        lines = [
            b"Via: SIP/2.0/TRUNK " + HOST + b";branch=" + BRANCH + mark,
            b"Max-Forwards: 70",
            b"From: <sip:" + user + b"@" + HOST + b">;tag=" + mark[:8],
            b"To: <" + place + b">",
            b"Call-ID: " + mark,
            b"CSeq: 1 MESSAGE",
            b"Content-Type: text/plain;charset=utf-8",
        ]
        names = [b"via", b"max-forwards", b"from", b"to", b"call-id", b"cseq", b"content-type"]
        made = Request(b"MESSAGE", place, names, lines, body[:MOST_OCTETS])
        made.measure()
        return [Receive(flow, made)]
