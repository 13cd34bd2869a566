"""Messages to the absent wait here, and are delivered when a phone of theirs registers."""

import binascii

from ...effects import CELLS, Store
from ...errors import SipError
from ...sip.message import Request, response_to
from ...text import readable
from . import imdn, mailbox
from .mailbox import Letter, Mailbox


class Delivery:
    """A feature. whom(request, now): whom a request means, a dialplan.Found.

    admission: knows who has sent a request.
    """

    name = "messages"
    hooks = ("absent", "registered", "restore", "counters", "seen_user")
    events = ()

    def __init__(self, node, uac, admission, whom):
        self.node = node
        self.uac = uac
        self.admission = admission
        self.whom = whom
        self.mailbox = Mailbox()
        self.users = {Letter: self._delivered}
        self.wakers = {Mailbox: self._expire}

    def absent(self, user, request, server, flow, now):
        """Let a MESSAGE wait that no phone of a user takes; return the effects, None for all else.

        It is answered with 202 once it is on flash.
        """
        if request.method != b"MESSAGE":
            return None
        sender = self.admission.sender(request, flow)
        try:
            letter = self.mailbox.put(user, request, sender, now)
        except SipError as error:
            return self._answer(request, server, error.status, error.reason, now)
        if letter is None:
            return self._answer(request, server, 202, None, now)
        self.node.deadlines.watch(self.mailbox)
        return self.node.commits.ask(
            sender,
            self._stored([letter], now),
            lambda problem, now: self._kept(letter, request, server, problem, now),
            now,
        )

    def _kept(self, letter, request, server, problem, now):
        if not problem:
            return self._answer(request, server, 202, None, now)
        self.mailbox.remove(letter)
        words = "no phone of %s is registered, and %s" % (letter.user, problem)
        return self._answer(request, server, 480, words, now)

    def spread(self, users, request, server, sender, now):
        """Bring a text to users, once it is on flash for all of them; return the effects."""
        letters, problem = [], "nobody of %s can get it" % readable(request.to.uri.name)
        for user in users:
            try:
                letter = self.mailbox.put(user, request, sender, now)
            except SipError as error:
                problem = error.reason
                continue
            if letter is not None:
                letter.is_for(b"sip:" + user.encode() + b"@" + self.node.settings.domain)
                letters.append(letter)
        if not letters:
            return self._answer(request, server, 480 if users else 202, problem, now)
        self.node.deadlines.watch(self.mailbox)
        return self.node.commits.ask(
            sender,
            self._stored(letters, now),
            lambda problem, now: self._spread(letters, request, server, problem, now),
            now,
        )

    def _spread(self, letters, request, server, problem, now):
        effects = self._answer(request, server, 480 if problem else 202, problem or None, now)
        for letter in letters:
            if problem:
                self.mailbox.remove(letter)
            else:
                effects += self.deliver(letter.user, now)
        return effects

    def _answer(self, request, server, status, words, now):
        response = response_to(request, status, words, (), self.node.tag())
        return self.node.layer.respond(server, response, now)

    def _stored(self, letters, now=None):
        """Return the effect that keeps letters as they are now, or forgets them."""
        changes = {letter.number: None if now is None else letter.record(now) for letter in letters}
        return Store("messages", self.mailbox.dump, changes)

    def restore(self, name, records, now):
        """Take back what has waited."""
        if name == "messages":
            self.mailbox.restore(records, now)
            self.node.deadlines.watch(self.mailbox)

    def counters(self):
        """Return what became of messages."""
        return {"mailbox": self.mailbox.counters}

    def seen_user(self, user):
        """Return how many messages of a user wait."""
        return {"messages": len(self.mailbox.waiting(user))}

    def _expire(self, mailbox, now):
        """Forget the letters whose time is over; return the effects."""
        gone = mailbox.expire(now)
        self.node.deadlines.watch(mailbox)
        return [self._stored(gone)] if gone else []

    def wait(self, user, request, sender, now):
        """Let a MESSAGE of a member (a sender as of limits.SENDERS) wait; return the effects.

        Refuses with 480 what there is no room for.
        """
        letter = self.mailbox.put(user, request, sender, now)
        self.node.deadlines.watch(self.mailbox)
        return [self._stored([letter], now)]

    def forget(self, letter):
        """Throw a letter away that waits; return the effects."""
        return [self._stored([letter])] if self.mailbox.remove(letter) else []

    def flush(self, arguments, now):
        """The verb flush-mailbox. `user`: whose messages are forgotten."""
        gone = self.mailbox.flush(self.node.user_named(arguments.get("user")))
        return {"removed": len(gone)}, [self._stored(gone)] if gone else []

    def registered(self, added, removed, now):
        """Bring the users of new bindings what waits for them; return the effects."""
        effects = []
        for user in sorted({binding.user for binding in added}):
            effects += self.deliver(user, now)
        return effects

    def deliver(self, user, now, key=None, after=0):
        """Send the oldest waiting message of a user to the newest phone; return the effects.

        key, after: a phone and the number of the letter that it was brought last; those before it
        have had their turn.
        """
        for binding in self.node.location.bindings(user, now):
            if key not in (None, binding.key()):
                continue
            letter = None if binding.path else self.mailbox.next(user, binding.key(), after)
            if letter is not None and self.node.listening[binding.flow.local] is not None:
                letter.under_way = binding.key()
                message = mailbox.request(letter, binding.contact, self._random())
                return self.uac.send(message, binding.flow, letter, now)[1]
            key, after = None, 0
        return []

    def _delivered(self, indication, now):
        """The next letter follows once the phone has answered to this one; return the effects."""
        letter, status = indication.user, 0
        if indication.message is not None:
            status = indication.message.status
        if 100 <= status < 200:
            return []
        key, letter.under_way = letter.under_way, None
        if not status:
            return []
        box, effects = self.mailbox, []
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
            found = self.whom(notice, now)
            targets = found.stages[0] if found.stages else ()
            flow = targets[0].flow if targets else None
            if found.callee is None and (flow is None or flow.transport != CELLS):
                return []
            if targets:
                return self._send(notice, targets[0], now)
            letter = self.mailbox.put(found.callee.name, notice, letter.sender, now)
            return [self._stored([letter], now)]
        except SipError:
            return []  # There is no such person, or several.

    def _send(self, notice, target, now):
        made = Request(b"MESSAGE", target.uri, notice.names, notice.lines, notice.body)
        if target.flow is not None:
            return self.uac.send(made, target.flow, None, now, target.path)[1]
        return self.uac.seek(made, None, now, target.path)

    def _random(self):
        return binascii.hexlify(self.node.token(8))
