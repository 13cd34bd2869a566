"""Texts to groups: a MESSAGE to a group is brought to each of its members, here and elsewhere.

Each member has a copy that waits as any text does; who sent it gets none.
"""

import binascii

from ...core.feature import first
from ...effects import CELLS
from ...errors import SipError
from ...sip import uri
from ...sip.message import Request
from ...tu import barring, dialplan
from ...tu.rounds import GROUP, Rounds

# What of a text goes on to a member elsewhere.
KEPT = (
    b"from",
    b"to",
    b"content-type",
    b"content-encoding",
    b"date",
    b"subject",
    b"expires",
    GROUP,
)


class Spread:
    """A feature. delivery: of this folder; find: of Routing."""

    name = "group texts"
    hooks, events = ("take",), ()
    users, wakers = {}, {}

    def __init__(self, node, uac, admission, delivery, find):
        self.node = node
        self.uac = uac
        self.admission = admission
        self.delivery = delivery
        self.find = find
        self.post = None
        self.rounds = Rounds(node.random)

    def post_by(self, post):
        """Let texts to nodes that are off wait: post(request, user, address, now) -> effects."""
        self.post = post

    def take(self, request, server, flow, caller, now):
        """Take a text to a group, and one that has come already; None for all else."""
        if request.method != b"MESSAGE" or request.to.tag is not None:
            return None
        target = request.parsed_uri
        group = dialplan.callee(self.node.settings, target)
        if group is None or not self.node.is_ours(target):
            return None
        sender = self.admission.sender(request, flow)
        if not self.rounds.takes(request, group.name):
            return self.delivery.spread((), request, server, sender, now)
        if group.kind != "group":
            return None
        users = self.node.settings.users
        if [member for member in group.rings if member not in users]:
            self.rounds.begin(request)
            self.rounds.takes(request, group.name)
        own = None if caller.user is None else caller.user.name
        here = [one for one in group.rings if one in users and one != own]
        here = [one for one in here if self.rounds.takes(request, one)]
        beyond, effects = first(self.node.hooks.caller, request, flow), []
        for member in group.rings:
            if member not in users and not self._is(member, beyond):
                effects += self._send(member, request, caller.user, now)
        return effects + self.delivery.spread(here, request, server, sender, now)

    def _is(self, member, beyond):
        """Tell whether a member elsewhere is who has sent it from another house."""
        meant = uri.parse(member.encode())
        return beyond is not None and beyond == first(self.node.hooks.callee, meant)

    def _send(self, member, request, sender, now):
        """Bring a copy of somebody (a user section, or None) to a member elsewhere; return the
        effects."""
        try:
            led = self.find(request, member, now)
        except SipError:
            return []  # No way leads there now.
        if not led.stages or not barring.reaches(sender, led, self.node.settings.plan):
            return []
        target = led.stages[0][0]
        is_beyond = target.flow is not None and target.flow.transport == CELLS
        if self.post is not None and is_beyond and sender is not None:
            return self.post(request, sender.name, target.uri, now)
        names, lines = [b"max-forwards"], [b"Max-Forwards: %d" % (request.max_forwards - 1)]
        for name, line in zip(request.names, request.lines):
            if name in KEPT:
                names.append(name)
                lines.append(line)
        random = binascii.hexlify(self.node.random(8))
        names += [b"call-id", b"cseq", b"content-length"]
        lines += [b"Call-ID: " + random, b"CSeq: 1 MESSAGE"]
        lines.append(b"Content-Length: %d" % len(request.body))
        made = Request(b"MESSAGE", target.uri, names, lines, request.body)
        if target.flow is not None:
            return self.uac.send(made, target.flow, None, now, target.path)[1]
        return self.uac.seek(made, None, now, target.path)
