"""What the node sends on its own account: pings through NAT, messages that have waited."""

import binascii

from .effects import Store
from .transaction.transaction import RESPONSE
from .tu import keepalive, mailbox, proxy


class Agent:
    """The node as a user agent client."""

    def __init__(self, node):
        self.node = node
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
            via = self._via(binding)
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
        return Store("messages", lambda now: self.node.mailbox.dump())

    def deliver(self, user, now):
        """Send the oldest waiting message of a user to the newest phone; return the effects."""
        letter = self.node.mailbox.next(user)
        bindings = [b for b in self.node.location.bindings(user, now) if not b.path]
        via = self._via(bindings[0]) if bindings else None
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
        return [self.store_messages()] + self.deliver(letter.user, now)

    def _via(self, binding):
        listening = self.node.listening[binding.flow.local]
        if listening is None:
            return None
        mark = proxy.branch(self.node.instance, self.node.token(8), b"")
        return proxy.via_line(listening, mark)

    def _random(self):
        return binascii.hexlify(self.node.token(8))
