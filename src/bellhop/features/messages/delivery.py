"""What the node sends on its own account: pings through NAT, messages that have waited."""

import binascii

from ...effects import Store
from ...errors import SipError
from ...sip.message import Request
from ...transaction.transaction import RESPONSE
from ...tu import imdn, keepalive, mailbox, proxy


class Agent:
    """The node as a user agent client.

    find(request, now): return the dial plan's Found; look_up(uri, go_on): as the forwarder's.
    """

    def __init__(self, node, find, look_up):
        self.node = node
        self.find = find
        self.look_up = look_up
        self.keepalive = keepalive.Keepalive()

    def plan_pings(self, bindings, now):
        """See to it that phones behind NAT are pinged, where there are any among the bindings."""
        self.keepalive.plan(self.node.settings.keepalive_seconds, bindings, now)
        self.node.deadlines.watch(self.keepalive)

    def send_pings(self, plan, now):
        """Ping every binding that needs it; return the effects."""
        plan.deadline = None
        bindings = self.node.location.all(now)
        self.plan_pings(bindings, now)
        effects = []
        for binding in bindings:
            via = self._via(binding.flow)
            if via is not None and keepalive.needs_ping(binding):
                ping = keepalive.request(binding, self.node.settings.domain, via, self._random())
                effects += self.node.layer.send(ping, binding.flow, keepalive.Ping(binding), now)[1]
        return effects

    def pinged(self, indication):
        """Any answer shows that the phone is there; return the bindings that silence ended."""
        binding = indication.user.binding
        if indication.kind == RESPONSE:
            binding.unanswered = 0
            return []
        binding.unanswered += 1
        current = self.node.location.users.get(binding.user, ())
        if binding.unanswered < keepalive.PATIENCE or binding not in current:
            return []
        self.node.location.remove(binding)
        return [binding]

    def store_messages(self):
        """Return the effect that keeps the waiting messages."""
        return Store("messages", lambda now: self.node.mailbox.dump(), None)

    def deliver(self, user, now):
        """Send the oldest waiting message of a user to the newest phone; return the effects."""
        letter = self.node.mailbox.next(user)
        bindings = [b for b in self.node.location.bindings(user, now) if not b.path]
        via = self._via(bindings[0].flow) if bindings else None
        if letter is None or via is None:
            return []
        letter.under_way = True
        message = mailbox.request(letter, bindings[0].contact, via, self._random())
        return self.node.layer.send(message, bindings[0].flow, letter, now)[1]

    def delivered(self, indication, now):
        """The next letter follows once the phone has taken this one; return the effects."""
        letter = indication.user
        status = 0 if indication.message is None else indication.message.status
        if 100 <= status < 200:
            return []
        letter.under_way = False
        if not 200 <= status < 300:
            return []
        self.node.mailbox.delivered(letter)
        effects = [self.store_messages()] + self.deliver(letter.user, now)
        return effects if letter.receipt is None else effects + self._notify(letter, now)

    def _notify(self, letter, now):
        """Tell the sender of a letter that it was delivered (RFC 5438); return the effects.

        Only people here and in the mesh are told: who else sent it is not known for sure, and a
        node that writes to addresses which anybody can name would be a weapon.
        """
        sender, addressee, message_id, date = letter.receipt
        body = imdn.notice(sender, addressee, message_id, date, self._random())
        lines = (
            b"Max-Forwards: 70", b"From: <" + addressee + b">;tag=" + self._random(),
            b"To: <" + sender + b">", b"Call-ID: " + self._random(), b"CSeq: 1 MESSAGE",
            b"Content-Type: " + imdn.CPIM, b"Content-Length: " + str(len(body)).encode(),
        )  # fmt: skip
        names = [line.partition(b":")[0].lower() for line in lines]
        notice = Request(b"MESSAGE", sender, names, list(lines), body)
        try:
            found = self.find(notice, now)
            targets = found.groups[0] if found.groups else ()
            if found.section is None and not (targets and targets[0].patience is not None):
                return []
            if targets:
                return self._send(notice, targets[0], now)
            self.node.mailbox.put(found.section.name, notice)
            return [self.store_messages()]
        except SipError:
            return []  # There is no such person, or several.

    def _send(self, request, target, now):
        if target.flow is not None:
            return self._send_to([target.flow], request, target, now)
        probe = proxy.forwarded(request, target.uri, target.path, b"Via: ", (), None)
        return self.look_up(
            proxy.next_hop(probe),
            lambda hops, problem, now: self._send_to(hops, request, target, now),
        )

    def _send_to(self, hops, request, target, now):
        via = self._via(hops[0]) if hops else None
        if via is None:
            return []
        request = proxy.forwarded(request, target.uri, target.path, via, (), None)
        return self.node.layer.send(request, hops[0], None, now)[1]

    def _via(self, flow):
        listening = self.node.listening[flow.local]
        if listening is None:
            return None
        mark = proxy.branch(self.node.instance, self.node.token(8), b"")
        return proxy.via_line(listening, mark)

    def _random(self):
        return binascii.hexlify(self.node.token(8))
