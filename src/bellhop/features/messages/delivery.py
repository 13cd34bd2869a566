"""Messages to the absent wait here, and are delivered when a phone of theirs registers."""

import binascii

from ...core.feature import any_says
from ...effects import CELLS, Store
from ...errors import SipError
from ...limits import MAX_NOTICES, OWN
from ...sip.message import Request, response_to
from ...text import of_octets, readable
from . import imdn, mailbox
from .mailbox import MAX_TRIES, NOT_NOW, Mailbox, StoredMessage

# A notice to another house waits so long, by chance; ms.
NOTICE_AFTER = (5000, 120000)


class Copy:
    """A message on its way to one of the phones that are there when it comes."""

    def __init__(self, stored, key):
        self.stored = stored
        self.key = key


class Notice:
    """A notice for a contact at another node: it goes when its moment has come."""

    def __init__(self, request, target, at):
        self.request = request
        self.target = target
        self.deadline, self.queued = at, None


class Delivery:
    """A feature. whom(request, now): whom a request means, a dialplan.Found.

    admission: knows who has sent a request.
    """

    name = "messages"
    hooks = (
        "take", "absent", "started", "registered", "restore", "counters", "seen_user", "wipes",
    )  # fmt: skip
    events = ()

    def __init__(self, node, uac, admission, whom):
        self.node = node
        self.uac = uac
        self.admission = admission
        self.whom = whom
        self.mailbox = Mailbox()
        self.users = {StoredMessage: self._delivered, Copy: self._copied}
        self.wakers = {Mailbox: self._expire, Notice: self._due}
        self.notices = 0

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
        stored = self.mailbox.said(origin)
        if stored is not None and stored.asker is not None:
            stored.asker = request, server
            return []
        if stored is not None or origin in self.mailbox.taken:
            return self._answer(request, server, 202, None, now)
        return self._take(found.callee.name, request, server, (flow, origin, targets), now)

    def _take(self, user, request, server, where, now):
        flow, origin, targets = where
        sender, commits = self.admission.sender(request, flow), self.node.commits
        is_kept = not commits.shares.wait(sender, now)
        if not is_kept and not targets:
            return None
        try:
            stored = self.mailbox.put(user, request, sender, now, origin)
        except SipError:
            stored = None
        if stored is None:
            return None
        self.node.deadlines.watch(self.mailbox)
        if not is_kept:  # It goes on as it came: the sender hears what the phone says.
            stored.asker = request, server
            return self._copy(stored, now)
        return commits.ask(
            sender,
            self._stored([stored], now),
            lambda problem, now: self._kept(stored, request, server, problem, now),
            now,
            server,
        )

    def _copy(self, stored, now):
        """Bring a message to all phones of its user that are there; return the effects."""
        effects = []
        for binding in self.node.location.bindings(stored.user, now):
            if not binding.path and self.node.listening[binding.flow.local] is not None:
                stored.under_way = binding.key()
                stored.tries[binding.key()] = 0
                effects += self._send_to(stored, binding, Copy(stored, binding.key()), now)
        return effects

    def _copied(self, indication, now):
        """A phone has said what it makes of its copy; return the effects."""
        stored, key = indication.user.stored, indication.user.key
        status = 0 if indication.message is None else indication.message.status
        if 100 <= status < 200 or stored not in self.mailbox.messages:
            return []
        if 200 <= status < 300:
            return self._taken(stored, now)
        stored.tries[key] = MAX_TRIES if status and status not in NOT_NOW else 1
        if [one for one in stored.tries if not stored.tries[one]]:
            return []  # Another phone may take it.
        stored.under_way = None
        if stored.asker is not None:
            (request, server), stored.asker = stored.asker, None
            self._drop(stored, now)
            return self._answer(request, server, status or 480, None, now)
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
            stored = self.mailbox.put(user, request, sender, now)
        except SipError as error:
            return self._answer(request, server, error.status, error.reason, now)
        if stored is None:
            return self._answer(request, server, 202, None, now)
        self.node.deadlines.watch(self.mailbox)
        return self.node.commits.ask(
            sender,
            self._stored([stored], now),
            lambda problem, now: self._kept(stored, request, server, problem, now),
            now,
            server,
        )

    def _kept(self, stored, request, server, problem, now):
        if not problem:
            answer = self._answer(request, server, 202, None, now)
            return answer if stored.origin is None else self._copy(stored, now) + answer
        self._drop(stored, now)
        words = "no phone of %s is registered, and %s" % (stored.user, problem)
        return self._answer(request, server, 480, words, now)

    def spread(self, users, request, server, sender, now):
        """Bring a text to users, once it is on flash for all of them; return the effects."""
        messages, problem = [], "nobody of %s can get it" % readable(request.to.uri.name)
        for user in users:
            try:
                stored = self.mailbox.put(user, request, sender, now)
            except SipError as error:
                problem = error.reason
                continue
            if stored is not None:
                stored.is_for(b"sip:" + user.encode() + b"@" + self.node.settings.domain)
                messages.append(stored)
        if not messages:
            return self._answer(request, server, 480 if users else 202, problem, now)
        self.node.deadlines.watch(self.mailbox)
        return self.node.commits.ask(
            sender,
            self._stored(messages, now),
            lambda problem, now: self._spread(messages, request, server, problem, now),
            now,
            server,
        )

    def _spread(self, messages, request, server, problem, now):
        effects = self._answer(request, server, 480 if problem else 202, problem or None, now)
        for stored in messages:
            if problem:
                self._drop(stored, now)
            else:
                effects += self.deliver(stored.user, now)
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
        stored = self.mailbox.put(user, request, (OWN, user), now)
        return [self._stored([stored], now)] + self.deliver(user, now)

    def _stored(self, messages, now):
        """Return the effect that keeps messages as they are now."""
        changes = {stored.number: stored.record(now) for stored in messages}
        self._tell_count(messages, now)
        return Store("messages", self.mailbox.dump, changes)

    def _gone(self, messages, now):
        """Return the effects that keep no more of messages than that they were here."""
        if not messages:
            return []
        self._tell_count(messages, now)
        return [Store("messages", self.mailbox.dump, self.mailbox.gone(messages, now))]

    def _drop(self, stored, now):
        """Throw a message away that nothing was promised for."""
        self.mailbox.remove(stored)
        self._tell_count([stored], now)

    def _tell_count(self, messages, now):
        for user in sorted({stored.user for stored in messages}):
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
        """Forget messages whose time is over, bring the others once more; return the effects."""
        gone = mailbox.expire(now)
        self.node.deadlines.watch(mailbox)
        return self._gone(gone, now) + self.started(now)

    def started(self, now):
        """Bring what waits to the phones that are there; return the effects.

        What waits for who lives here no more is thrown away.
        """
        effects = []
        for stored in self.mailbox.messages[:]:
            if self.node.settings.is_nobody(stored.user):
                effects += self.forget(stored, now)
        for user in sorted({stored.user for stored in self.mailbox.messages}):
            effects += self.deliver(user, now)
        return effects

    def wait(self, user, request, sender, now):
        """Let a MESSAGE of a member (a sender as of limits.SENDERS) wait; return the effects.

        Refuses with 480 what there is no room for.
        """
        stored = self.mailbox.put(user, request, sender, now)
        self.node.deadlines.watch(self.mailbox)
        return [self._stored([stored], now)]

    def forget(self, stored, now):
        """Throw a message away that waits; return the effects."""
        return self._gone([stored], now) if self.mailbox.remove(stored) else []

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

        key, after: a phone and the number of the message that it was brought last; those before it
        have had their turn.
        """
        for binding in self.node.location.bindings(user, now):
            if key not in (None, binding.key()):
                continue
            stored = None if binding.path else self.mailbox.next(user, binding.key(), after)
            if stored is not None and self.node.listening[binding.flow.local] is not None:
                stored.under_way = binding.key()
                return self._send_to(stored, binding, stored, now)
            key, after = None, 0
        return []

    def _send_to(self, stored, binding, user, now):
        """Send a message to a phone, after a restart with the same names: a phone shows it once."""
        key = binding.key()
        what = "%d %d %s %r" % (stored.number, stored.tries.get(key, 0), stored.user, key)
        call_id = binascii.hexlify(self.node.proof.of(what.encode())[:12])
        message = mailbox.request(stored, binding.contact, call_id)
        return self.uac.send(message, binding.flow, user, now)[1]

    def _taken(self, stored, now):
        """A phone has a message; return the effects."""
        effects = []
        if stored.asker is not None:
            effects = self._answer(*stored.asker, 200, None, now)
        self.mailbox.delivered(stored)
        # At once, so that it is not brought again after a loss of power; or later, if need be.
        (store,) = self._gone([stored], now)
        effects += self.node.commits.ask(
            stored.sender, store, lambda problem, now: [store] if problem else [], now
        )
        return effects if stored.receipt is None else effects + self._notify(stored, now)

    def _delivered(self, indication, now):
        """The next message follows once the phone has answered to this one; return the effects."""
        stored, status = indication.user, 0
        if indication.message is not None:
            status = indication.message.status
        if 100 <= status < 200:
            return []
        key, stored.under_way = stored.under_way, None
        if not status:  # The phone is not there, for the other messages neither.
            self.mailbox.try_again(now)
            self.node.deadlines.watch(self.mailbox)
            return self.deliver(stored.user, now, key, self.mailbox.number)
        effects = []
        if 200 <= status < 300:
            effects = self._taken(stored, now)
        elif self.mailbox.refused(stored, key, status):
            effects = self._gone([stored], now)
        return effects + self.deliver(stored.user, now, key, stored.number)

    def _notify(self, stored, now):
        """Tell the sender of a message that it was delivered (RFC 5438); return the effects.

        Only people here and in the mesh are told: who else sent it is not known for sure, and a
        node that writes to addresses which anybody can name would be a weapon.
        """
        sender, addressee, message_id, date = stored.receipt
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
            if flow is not None and flow.transport == CELLS:
                return self._tell_contact(notice, targets[0], now)
            if targets:
                return self._send(notice, targets[0], now)
            stored = self.mailbox.put(found.callee.name, notice, stored.sender, now)
            return [self._stored([stored], now)]
        except SipError:
            return []  # There is no such person, or several.

    def _tell_contact(self, notice, target, now):
        """Tell another house later, at a moment that tells nobody when a phone came home."""
        settings = self.node.settings
        is_open = settings.mesh.profile == "emergency" or not settings.privacy.uniform
        if settings.privacy.receipts == "off":
            return []
        if is_open:
            return self._send(notice, target, now)
        if not any_says(self.node.hooks.confides, target.flow) or self.notices >= MAX_NOTICES:
            return []
        chance = int.from_bytes(self.node.random(2), "big")
        first, last = NOTICE_AFTER
        self.notices += 1
        made = Notice(notice, target, now + first + (last - first) * chance // 65536)
        self.node.deadlines.watch(made)
        return []

    def _due(self, notice, now):
        self.notices -= 1
        notice.deadline = None
        return self._send(notice.request, notice.target, now)

    def wipes(self, what, now):
        """Throw away all texts that wait; return the effects."""
        if what not in ("texts", "all"):
            return []
        gone = []
        for user in sorted({stored.user for stored in self.mailbox.messages}):
            gone += self.mailbox.flush(user)
        return self._gone(gone, now)

    def _send(self, notice, target, now):
        made = Request(b"MESSAGE", target.uri, notice.names, notice.lines, notice.body)
        if target.flow is not None:
            return self.uac.send(made, target.flow, None, now, target.path)[1]
        return self.uac.seek(made, None, now, target.path)

    def _random(self):
        return binascii.hexlify(self.node.random(8))
