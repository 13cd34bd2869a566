"""The texts of members, for their pages: those that came by here since the start, and that wait."""

import binascii

from ...effects import Event
from ...errors import Refusal, SipError
from ...limits import MAX_TEXTS, MAX_TEXTS_BYTES, OWN
from ...sip import address, scan, uri
from ...sip.message import Request
from ...text import of_utf8, readable
from ...transaction.transaction import RESPONSE
from ...tu import dialplan

# What becomes of a text: it waits for a phone, is on its way, was taken, or came to nothing.
WAITS, SENT, TAKEN, FAILED = STATES = ("waits", "sent", "taken", "not taken")
PLAIN, CPIM = (b"text/plain", b"message/cpim")
MOST_LETTERS = 1000
TOO_LONG = "a text has at most %d letters: send it in parts"
NOBODY = "texts go to people of this house, of its phone book and of the mesh; '%s' is none"


class Text:
    """One text of one member. number: of its own; at: ms; peer: Uri of the other one; state: one of
    STATES. Of one that goes out: members: names of those here whom it is for; left: phones that
    have not answered; request: while it may have to wait, or None."""

    __slots__ = ("number", "user", "peer", "body", "incoming", "at", "state", "left", "request",
                 "members")  # fmt: skip

    def __init__(self, number, user, peer, body, incoming, at):
        self.number, self.user, self.peer, self.body = number, user, peer, body
        self.incoming, self.at, self.state = incoming, at, TAKEN
        self.left, self.request, self.members = 0, None, ()

    def size(self):
        """Return the octets that it takes."""
        return len(self.body) + 200

    def sends(self, request, members, phones):
        """It goes to so many phones, of these members of the house, in a request."""
        self.state, self.request, self.members, self.left = SENT, request, members, phones

    def is_refused(self):
        """A phone has not taken it; tell whether it was the last one."""
        self.left -= 1
        return self.left == 0 and self.state == SENT

    def ends(self, state):
        """It is over, or waits."""
        self.state, self.request = state, None


class Texts:
    """A feature. rows: all texts, the oldest first.

    delivery: features.messages.Delivery; whom(request, now): a dialplan.Found; who(user's name,
    Uri): as Pilot.who. At `deadline` the pages of `news` are told.
    """

    name = "texts"
    hooks, events = ("take", "started", "wipes"), ()
    queued = None

    def __init__(self, node, uac, delivery, whom, who):
        self.node = node
        self.uac = uac
        self.delivery = delivery
        self.whom = whom
        self.who = who
        self.rows = []
        self.number = self.bytes = 0
        self.news, self.deadline = [], None
        self.users = {Text: self._answered}
        self.wakers = {Texts: self._tell}

    def take(self, request, server, flow, caller, now):
        """Keep a copy of a text of or for a member; it goes on."""
        if request.method != b"MESSAGE" or request.to.tag is not None:
            return
        body = _plain(request)
        if body is None:
            return
        sender, callee = caller.user, self.whom(request, now).callee
        if sender is not None and sender.kind == "user":
            self._keep(sender.name, request.parsed_uri, body, False, now)
        for name in _members(callee):
            self._keep(name, request.from_.uri, body, True, now)

    def started(self, now):
        """Forget the texts of who lives here no more; return no effects."""
        for text in [one for one in self.rows if self.node.settings.is_nobody(one.user)]:
            self._drop(text)
        return []

    def wipes(self, what, now):
        """Forget all texts; return no effects."""
        if what in ("texts", "all"):
            for user in sorted({text.user for text in self.rows}):
                self._changed(user, now)
            self.rows, self.bytes = [], 0
        return []

    def _keep(self, user, peer, body, incoming, now):
        """Keep a text of a user (a name); the oldest go where there is no room. Return it."""
        self.number += 1
        text = Text(self.number, user, peer, body, incoming, now)
        self.rows.append(text)
        self.bytes += text.size()
        mine = [one for one in self.rows if one.user == user]
        if len(mine) > MAX_TEXTS:
            self._drop(mine[0])
        while self.bytes > MAX_TEXTS_BYTES:
            self._drop(self.rows[0])
        self._changed(user, now)
        return text

    def _drop(self, text):
        self.rows.remove(text)
        self.bytes -= text.size()

    def _changed(self, user, now):
        if user not in self.news:
            self.news.append(user)
        self.deadline = now
        self.node.deadlines.watch(self)

    def _tell(self, texts, now):
        news, self.news, self.deadline = self.news, [], None
        return [Event("text", {"user": user}) for user in news] if self.node.is_watched else []

    # Verbs.

    def show(self, arguments, now):
        """Return the texts of `user`, the newest last."""
        user = self.node.user_named(arguments.get("user"))
        messages, rows = self.delivery.mailbox.waiting(user), []
        for text in [one for one in self.rows if one.user == user]:
            row = dict(self.who(user, text.peer), id="t%d" % text.number, text=of_utf8(text.body),
                       incoming=text.incoming, state=text.state,
                       seconds_ago=(now - text.at) // 1000)  # fmt: skip
            for stored in messages if text.incoming else ():
                if stored.body.endswith(text.body):
                    row["state"] = WAITS
                    messages = [one for one in messages if one is not stored]
                    break
            rows.append(row)
        return {"messages": [self._waiting(user, one) for one in messages] + rows}

    def _waiting(self, user, stored):
        """Return the row of a message that waits since before the start."""
        lines = dict(stored.fields)
        sender = address.parse(lines[b"from"].partition(b":")[2].strip()).uri
        body = stored.body.rpartition(b"\r\n\r\n")[2]
        return dict(self.who(user, sender), id="w%d" % stored.number, text=of_utf8(body),
                    incoming=True, state=WAITS, seconds_ago=None)  # fmt: skip

    def delete(self, arguments, now):
        """Forget the text `id` of `user`; one that waits is not delivered any more."""
        user, wanted = self.node.user_named(arguments.get("user")), arguments.get("id")
        effects = []
        for stored in self.delivery.mailbox.waiting(user):
            if wanted == "w%d" % stored.number:
                effects += self.delivery.forget(stored, now)
        for text in [one for one in self.rows if one.user == user]:
            if wanted == "t%d" % text.number:
                self._drop(text)
        self._changed(user, now)
        return {"id": wanted}, effects

    def send(self, arguments, now):
        """Send `text` of `user` `to` a number, name or address."""
        user, body = self.node.user_named(arguments.get("user")), arguments.get("text") or ""
        if len(body) > MOST_LETTERS:
            raise Refusal("text too long", TOO_LONG, MOST_LETTERS)
        request = self._request(user, arguments.get("to") or "", body.encode())
        target = request.parsed_uri
        try:
            found = self.whom(request, now)
            callee, stages = found.callee, found.stages
            is_far = callee is None and not (stages and stages[0][0].flow)
            if is_far and found.rule not in (dialplan.PHONE_BOOK,):
                raise Refusal("no reader", NOBODY, self.who(user, target)["address"])
        except SipError as error:
            raise Refusal("text refused", "the text was refused: %s", error.reason) from None
        text = self._keep(user, target, request.body, False, now)
        for name in _members(callee):
            self._keep(name, uri.parse(self._sender(user)), request.body, True, now)
        effects = self._deliver(text, request, stages, _members(callee), now)
        return {"id": "t%d" % text.number, "state": text.state}, effects

    def _sender(self, user):
        return b"sip:" + user.encode() + b"@" + self.node.settings.domain

    def _request(self, user, to, body):
        """Return the MESSAGE of a member to what he dials; raises Refusal."""
        section, domain = self.node.settings.users[user], self.node.settings.domain
        target = uri.typed(to, domain)
        if target is None:
            raise Refusal("no reader", NOBODY, readable(to.encode()))
        target = target.write()
        shown = scan.shown((section.display_name or user).encode())
        lines = (
            b"Max-Forwards: 70",
            b"From: " + shown + b" <" + self._sender(user) + b">;tag=" + self._random(),
            b"To: <" + target + b">",
            b"Call-ID: " + self._random() + b"@" + domain, b"CSeq: 1 MESSAGE",
            b"Content-Type: text/plain;charset=UTF-8",
            b"Content-Length: " + str(len(body)).encode(),
        )  # fmt: skip
        names = [line.partition(b":")[0].lower() for line in lines]
        return Request(b"MESSAGE", target, names, list(lines), body)

    def _deliver(self, text, request, stages, members, now):
        """Send a text to every phone of those it is for, or let it wait; return the effects."""
        effects, phones = [], stages[0] if stages else []
        text.sends(request, members, len(phones))
        for target in phones:
            made = Request(b"MESSAGE", target.uri, request.names, request.lines, request.body)
            if target.flow is None:
                effects += self.uac.seek(made, text, now, target.path)
                continue
            transaction, sent = self.uac.send(made, target.flow, text, now, target.path)
            effects += sent
            if transaction is None and text.is_refused():
                return effects + self._keep_waiting(text, now)
        return effects if phones else self._keep_waiting(text, now)

    def _keep_waiting(self, text, now):
        """No phone took it: it waits for those who live here; return the effects."""
        effects = []
        for name in text.members:
            try:
                effects += self.delivery.wait(name, text.request, (OWN, text.user), now)
            except SipError:
                text.ends(FAILED)
        if text.state == SENT:
            text.ends(WAITS if text.members else FAILED)
        self._changed(text.user, now)
        return effects

    def _answered(self, indication, now):
        """Take what a phone, or the node of a far one, says; return the effects."""
        text, response = indication.user, indication.message
        if indication.kind == RESPONSE and response.status < 200:
            return []
        if indication.kind == RESPONSE and response.status < 300:
            text.ends(TAKEN)
            self._changed(text.user, now)
        elif text.is_refused():
            return self._keep_waiting(text, now)
        return []

    def _random(self):
        return binascii.hexlify(self.node.random(8))


def _members(callee):
    """Return the names of the users whom a section means; none where it is None."""
    if callee is None:
        return ()
    return (
        (callee.name,) if callee.kind == "user" else [one for one in callee.rings if ":" not in one]
    )


def _plain(request):
    """Return what people read of a MESSAGE, octets, or None: it is no text."""
    kind = (request.value(b"content-type") or PLAIN).partition(b";")[0].strip().lower()
    if kind == PLAIN:
        return request.body
    # RFC 3862: header of the message, header of the part, the part.
    parts = request.body.split(b"\r\n\r\n", 2)
    return parts[2] if kind == CPIM and len(parts) == 3 and PLAIN in parts[1].lower() else None
