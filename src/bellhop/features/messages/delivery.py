"""What the node sends on its own account: pings through NAT, messages that have waited."""

import binascii

from ...effects import Store
from ...errors import SipError
from ...sip.message import Request, response_to
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
            if keepalive.needs_ping(binding):
                effects += self._ping(binding, keepalive.PATIENCE, now)
        return effects

    def probe(self, added, now):
        """Ask the bindings that may be earlier ones of new devices whether they still are there.

        A softphone that takes another port at each start leaves bindings that would ring in vain.
        """
        effects = []
        for binding in added:
            if binding.since == now:
                for other in self.node.location.akin(binding):
                    effects += self._ping(other, 1, now)
        return effects

    def _ping(self, binding, patience, now):
        via = None if binding.path else self._via(binding.flow)
        if via is None:
            return []
        ping = keepalive.request(binding, self.node.settings.domain, via, self._random())
        user = keepalive.Ping(binding, patience)
        return self.node.layer.send(ping, binding.flow, user, now)[1]

    def pinged(self, indication):
        """Any answer shows that the phone is there; return the bindings that silence ended."""
        binding = indication.user.binding
        if indication.kind == RESPONSE:
            binding.unanswered = 0
            return []
        binding.unanswered += 1
        current = self.node.location.users.get(binding.user, ())
        if binding.unanswered < indication.user.patience or binding not in current:
            return []
        self.node.location.remove(binding)
        return [binding]

    def keep(self, user, request, server, sender, now):
        """Let a MESSAGE wait for a user, and answer 202 once it is on flash; return the effects.

        sender: (kind, name), as budget.Shares has it.
        """
        try:
            letter = self.node.mailbox.put(user, request, sender, now)
        except SipError as error:
            return self._answer(request, server, error.status, error.reason, now)
        if letter is None:
            return self._answer(request, server, 202, None, now)
        if self.node.writings.wait(sender, now):
            return self._refuse(letter, request, server, "no more of yours waits today", now)
        self.node.writings.spend(sender, now)
        self.node.deadlines.watch(self.node.mailbox)
        return self.node.commits.ask(
            self._stored([letter], now),
            lambda problem, now: self._kept(letter, request, server, problem, now),
        )

    def _kept(self, letter, request, server, problem, now):
        if problem:
            return self._refuse(letter, request, server, "nothing can be kept here now", now)
        return self._answer(request, server, 202, None, now)

    def _refuse(self, letter, request, server, problem, now):
        self.node.mailbox.remove(letter)
        words = "no phone of %s is registered, and %s" % (letter.user, problem)
        return self._answer(request, server, 480, words, now)

    def _answer(self, request, server, status, words, now):
        tag = binascii.hexlify(self.node.token(6))
        return self.node.layer.respond(server, response_to(request, status, words, (), tag), now)

    def _stored(self, letters, now=None):
        """Return the effect that keeps letters as they are now, or forgets them."""
        changes = {letter.number: None if now is None else letter.record(now) for letter in letters}
        return Store("messages", self.node.mailbox.dump, changes)

    def expire(self, mailbox, now):
        """Forget the letters whose time is over; return the effects."""
        gone = mailbox.expire(now)
        self.node.deadlines.watch(mailbox)
        return [self._stored(gone)] if gone else []

    def flush(self, user):
        """Forget the letters of a user; return (how many, the effects)."""
        gone = self.node.mailbox.flush(user)
        return len(gone), [self._stored(gone)] if gone else []

    def deliver(self, user, now, key=None, after=0):
        """Send the oldest waiting message of a user to the newest phone; return the effects.

        key, after: a phone and the number of the letter that it was brought last; those before it
        have had their turn.
        """
        for binding in self.node.location.bindings(user, now):
            if key not in (None, binding.key()):
                continue
            letter = None if binding.path else self.node.mailbox.next(user, binding.key(), after)
            via = self._via(binding.flow)
            if letter is not None and via is not None:
                letter.under_way = binding.key()
                message = mailbox.request(letter, binding.contact, via, self._random())
                return self.node.layer.send(message, binding.flow, letter, now)[1]
            key, after = None, 0
        return []

    def delivered(self, indication, now):
        """The next letter follows once the phone has answered to this one; return the effects."""
        letter, status = indication.user, 0
        if indication.message is not None:
            status = indication.message.status
        if 100 <= status < 200:
            return []
        key, letter.under_way = letter.under_way, None
        if not status:
            return []
        box, effects = self.node.mailbox, []
        if 200 <= status < 300:
            box.delivered(letter)
            effects.append(self._stored([letter]))
            if letter.receipt is not None:
                effects += self._notify(letter, now)
        elif box.refused(letter, key, status):
            effects.append(self._stored([letter]))
        return effects + self.deliver(letter.user, now, key, letter.number)

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
            letter = self.node.mailbox.put(found.section.name, notice, letter.sender, now)
            return [self._stored([letter], now)]
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
