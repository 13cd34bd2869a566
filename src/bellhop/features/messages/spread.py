"""Texts to groups: a MESSAGE to a group is brought to each of its members, here and elsewhere.

Each member has a copy that waits as any text does; who sent it gets none.
"""

import binascii

from ...effects import CELLS
from ...errors import SipError
from ...sip.message import Request
from ...tu import dialplan

# What of a text goes on to a member elsewhere.
KEPT = (b"from", b"to", b"content-type", b"content-encoding", b"date", b"subject", b"expires")


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

    def post_by(self, post):
        """Let texts to nodes that are off wait: post(request, user, address, now) -> effects."""
        self.post = post

    def take(self, request, server, flow, caller, now):
        """Take a text to a group; None for all else."""
        if request.method != b"MESSAGE" or request.to.tag is not None:
            return None
        target = request.parsed_uri
        group = dialplan.callee(self.node.settings, target)
        if group is None or group.kind != "group" or not self.node.is_ours(target):
            return None
        users = self.node.settings.users
        own = None if caller.user is None else caller.user.name
        here = [one for one in group.rings if one in users and one != own]
        effects = []
        for member in group.rings:
            if member not in users:
                effects += self._send(member, request, own, now)
        sender = self.admission.sender(request, flow)
        return effects + self.delivery.spread(here, request, server, sender, now)

    def _send(self, member, request, own, now):
        """Bring a copy to a member elsewhere; return the effects."""
        try:
            stages = self.find(request, member, now).stages
        except SipError:
            return []  # No way leads there now.
        if not stages:
            return []
        target = stages[0][0]
        is_beyond = target.flow is not None and target.flow.transport == CELLS
        if self.post is not None and is_beyond and own is not None:
            return self.post(request, own, target.uri, now)
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
