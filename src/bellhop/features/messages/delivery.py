"""Messages to the absent wait here, and are delivered when a phone of theirs registers."""

import binascii

from ...effects import CELLS, Store
from ...errors import SipError
from ...limits import OWN
from ...sip.message import Request, response_to
from ...text import of_octets, readable
from . import imdn, mailbox
from .mailbox import MAX_TRIES, NOT_NOW, Letter, Mailbox


class Copy:
    """A letter on its way to one of the phones that are there when it comes."""

    def __init__(self, letter, key):
        self.letter = letter
        self.key = key


class Delivery:
    """A feature. whom(request, now): whom a request means, a dialplan.Found.

    admission: knows who has sent a request.
    """

    name = "messages"
    hooks = ("take", "absent", "started", "registered", "restore", "counters", "seen_user")
    events = ()

    def __init__(self, node, uac, admission, whom):
        self.node = node
        self.uac = uac
        self.admission = admission
        self.whom = whom
        self.mailbox = Mailbox()
        self.users = {Letter: self._delivered, Copy: self._copied}
        self.wakers = {Mailbox: self._expire}

    def take(self, request, server, flow, caller, now):
        """Keep a MESSAGE of another node before a phone has it, so that it comes once.

        Its Call-ID names it: a node that was told nothing says it again with the same.
        """
        if request.method != b"MESSAGE" or flow.transport != CELLS or request.to.tag is not None:
            return None
        found = self.whom(request, now)
        targets = [target for stage in found.stages for target in stage]
        if found.callee is None or found.callee.kind != "user":
            return None
        if [one for one in targets if one.binding is None or one.binding.path]:
            return None
        origin = flow.host, of_octets(request.call_id)
        letter = self.mailbox.said(origin)
        if letter is not None and letter.asker is not None:
            letter.asker = server
            return []
        if letter is not None or origin in self.mailbox.taken:
            return self._answer(request, server, 202, None, now)
        return self._take(found.callee.name, request, server, (flow, origin, targets), now)

    def _take(self, user, request, server, where, now):
        flow, origin, targets = where
        sender, commits = self.admission.sender(request, flow), self.node.commits
        is_kept = not commits.shares.wait(sender, now)
        if not is_kept and not targets:
            return None
        try:
            letter = self.mailbox.put(user, request, sender, now, origin)
        except SipError:
            letter = None
        if letter is None:
            return None
        self.node.deadlines.watch(self.mailbox)
        if not is_kept:  # It goes on as it came: the sender hears what the phone says.
            letter.asker = server
            return self._copy(letter, now)
        return commits.ask(
            sender,
            self._stored([letter], now),
            lambda problem, now: self._kept(letter, request, server, problem, now),
            now,
        )

    def _copy(self, letter, now):
        """Bring a letter to all phones of its user that are there; return the effects."""
        effects = []
        for binding in self.node.location.bindings(letter.user, now):
            if not binding.path and self.node.listening[binding.flow.local] is not None:
                letter.under_way = binding.key()
                letter.tries[binding.key()] = 0
                effects += self._send_to(letter, binding, Copy(letter, binding.key()), now)
        return effects

    def _copied(self, indication, now):
        """A phone has said what it makes of its copy; return the effects."""
        letter, key = indication.user.letter, indication.user.key
        status = 0 if indication.message is None else indication.message.status
        if 100 <= status < 200 or letter not in self.mailbox.letters:
            return []
        if 200 <= status < 300:
            return self._taken(letter, now)
        letter.tries[key] = MAX_TRIES if status and status not in NOT_NOW else 1
        if [one for one in letter.tries if not letter.tries[one]]:
            return []  # Another phone may take it.
        letter.under_way = None
        if letter.asker is not None:
            server, letter.asker = letter.asker, None
            self._drop(letter, now)
            return self._answer(server.request, server, status or 480, None, now)
        self.mailbox.try_again(now)
        self.node.deadlines.watch(self.mailbox)
        return []

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
            answer = self._answer(request, server, 202, None, now)
            return answer if letter.origin is None else self._copy(letter, now) + answer
        self._drop(letter, now)
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
                self._drop(letter, now)
            else:
                effects += self.deliver(letter.user, now)
        return effects

    def _answer(self, request, server, status, words, now):
        response = response_to(request, status, words, (), self.node.tag())
        return self.node.layer.respond(server, response, now)

    def tell(self, user, about, words, now):
        """Tell a user something (octets) about `about`, an address; return the effects.

        Refuses with 480 where the mailbox is full.
        """
        lines = [b"From: <" + about + b">;tag=" + self._random(), b"To: <" + about + b">",
                 b"Content-Type: text/plain;charset=utf-8"]  # fmt: skip
        names = [line.partition(b":")[0].lower() for line in lines]
        request = Request(b"MESSAGE", about, names, lines, words)
        letter = self.mailbox.put(user, request, (OWN, user), now)
        return [self._stored([letter], now)] + self.deliver(user, now)

    def _stored(self, letters, now):
        """Return the effect that keeps letters as they are now."""
        changes = {letter.number: letter.record(now) for letter in letters}
        self._tell_count(letters, now)
        return Store("messages", self.mailbox.dump, changes)

    def _gone(self, letters, now):
        """Return the effects that keep no more of letters than that they were here."""
        if not letters:
            return []
        self._tell_count(letters, now)
        return [Store("messages", self.mailbox.dump, self.mailbox.gone(letters, now))]

    def _drop(self, letter, now):
        """Throw a letter away that nothing was promised for."""
        self.mailbox.remove(letter)
        self._tell_count([letter], now)

    def _tell_count(self, letters, now):
        for user in sorted({letter.user for letter in letters}):
            for posted in self.node.hooks.posted:
                posted(user, now)

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
        """Forget the letters whose time is over, bring the others once more; return the effects."""
        gone = mailbox.expire(now)
        self.node.deadlines.watch(mailbox)
        return self._gone(gone, now) + self.started(now)

    def started(self, now):
        """Bring what waits to the phones that are there; return the effects."""
        effects = []
        for user in sorted({letter.user for letter in self.mailbox.letters}):
            effects += self.deliver(user, now)
        return effects

    def wait(self, user, request, sender, now):
        """Let a MESSAGE of a member (a sender as of limits.SENDERS) wait; return the effects.

        Refuses with 480 what there is no room for.
        """
        letter = self.mailbox.put(user, request, sender, now)
        self.node.deadlines.watch(self.mailbox)
        return [self._stored([letter], now)]

    def forget(self, letter, now):
        """Throw a letter away that waits; return the effects."""
        return self._gone([letter], now) if self.mailbox.remove(letter) else []

    def flush(self, arguments, now):
        """The verb flush-mailbox. `user`: whose messages are forgotten."""
        gone = self.mailbox.flush(self.node.user_named(arguments.get("user")))
        return {"removed": len(gone)}, self._gone(gone, now)

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
                return self._send_to(letter, binding, letter, now)
            key, after = None, 0
        return []

    def _send_to(self, letter, binding, user, now):
        """Send a letter to a phone, after a restart with the same names: a phone shows it once."""
        key = binding.key()
        what = "%d %d %s %r" % (letter.number, letter.tries.get(key, 0), letter.user, key)
        call_id = binascii.hexlify(self.node.proof.of(what.encode())[:12])
        message = mailbox.request(letter, binding.contact, call_id)
        return self.uac.send(message, binding.flow, user, now)[1]

    def _taken(self, letter, now):
        """A phone has a letter; return the effects."""
        effects = []
        if letter.asker is not None:
            effects = self._answer(letter.asker.request, letter.asker, 200, None, now)
        self.mailbox.delivered(letter)
        # At once, so that it is not brought again after a loss of power; or later, if need be.
        (store,) = self._gone([letter], now)
        effects += self.node.commits.ask(
            letter.sender, store, lambda problem, now: [store] if problem else [], now
        )
        return effects if letter.receipt is None else effects + self._notify(letter, now)

    def _delivered(self, indication, now):
        """The next letter follows once the phone has answered to this one; return the effects."""
        letter, status = indication.user, 0
        if indication.message is not None:
            status = indication.message.status
        if 100 <= status < 200:
            return []
        key, letter.under_way = letter.under_way, None
        if not status:  # The phone is not there, for the other letters neither.
            self.mailbox.try_again(now)
            self.node.deadlines.watch(self.mailbox)
            return self.deliver(letter.user, now, key, self.mailbox.number)
        effects = []
        if 200 <= status < 300:
            effects = self._taken(letter, now)
        elif self.mailbox.refused(letter, key, status):
            effects = self._gone([letter], now)
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
