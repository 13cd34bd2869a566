"""Texts to users of other nodes: one whose node is off is kept here for a week, and brought then.

What was promised (202) is on flash before. A text goes out under one Call-ID as often as it takes,
and the other node takes each Call-ID once (messages/delivery.py).
"""

import binascii

from ...effects import CELLS, Note, Store
from ...errors import SipError
from ...limits import MAX_OUTBOX_BYTES, MAX_OUTBOXES_BYTES, OWN
from ...mesh.identity import short_id
from ...sip import scan, uri
from ...sip.message import Request, response_to
from ...text import of_octets
from ...tu.rounds import GROUP

NAME = "outbox"
# A text is kept for so long; its phone is told after so long that it will be brought later.
LIFE, DIRECT_WAIT = (7 * 86400000, 4000)
# Whether a node is back is looked at this often. One that takes none is asked after the first pause
# and then after twice the last one.
LOOK, FIRST_PAUSE, LAST_PAUSE = (2000, 5000, 600000)
# Final responses that say nothing against the text itself.
NOT_NOW = (408, 429, 480, 486, 487, 500, 502, 503, 504)
# "Somebody is typing" is worth nothing later (RFC 3994).
TYPING = b"application/im-iscomposing+xml"
KEPT = (b"from", b"content-type", b"content-encoding", b"date", b"subject", b"reply-to",
        b"privacy", GROUP)  # fmt: skip
MAX_SECONDS = 2**32 - 1
SHOWN = 40


class Text:
    """One text. id: its Call-ID, text; user: who sent it; to: a URI, octets; until: ms.

    server: the transaction of a phone that has no answer yet, else None; at: when it is to be
    promised, else None: then it is kept.
    """

    __slots__ = ("at", "body", "fields", "id", "server", "to", "tries", "under_way", "until",
                 "user")  # fmt: skip

    def __init__(self, identifier, user, to, until):
        self.id, self.user, self.to, self.until = identifier, user, to, until
        self.fields, self.body = [], b""
        self.server = self.at = None
        self.tries = 0
        self.under_way = False

    def size(self):
        """Return the octets that it takes of its user's share."""
        return len(self.to) + len(self.body) + sum([len(line) for _, line in self.fields])

    def row(self, now):
        """Return the text as a JSON-able row."""
        fields = [[scan.to_text(name), scan.to_text(line)] for name, line in self.fields]
        return {
            "id": self.id, "user": self.user, "to": scan.to_text(self.to), "fields": fields,
            "body": scan.to_text(self.body), "seconds": max(0, self.until - now) // 1000,
        }  # fmt: skip


class Outbox:
    """A feature. dialling: knows the ways; whom(request, now): a dialplan.Found of a request.

    tell(user, address, words, now): tells a user something about whom a text was for.
    """

    name = "mesh outbox"
    hooks = ("take", "restore", "counters", "wipes")
    events = ()

    def __init__(self, node, uac, dialling, whom, tell):
        self.node = node
        self.uac = uac
        self.dialling = dialling
        self.whom = whom
        self.tell = tell
        self.texts = {}
        self.pauses = {}
        self.counts = {"kept": 0, "delivered": 0, "refused_full": 0, "refused": 0, "expired": 0}
        self.users = {Text: self._answered}
        self.wakers = {Outbox: self._wake}
        self.deadline = self.queued = None

    def take(self, request, server, flow, caller, now):
        """Take a text of a user here for somebody of another node; return the effects, or None."""
        if request.method != b"MESSAGE" or request.to.tag is not None or caller.user is None:
            return None
        to = self._addressee(request, now) if caller.kind == OWN else None
        seconds = request.number(b"expires", MAX_SECONDS)
        kind = (request.value(b"content-type") or b"").partition(b";")[0].strip().lower()
        if to is None or seconds == 0 or kind == TYPING:
            return None
        text = self._text(request, caller.user.name, to)
        known = self.texts.get(text.id)
        if known is not None:
            return self._again(known, server, now)
        text.until = now + min(LIFE, LIFE if seconds is None else 1000 * seconds)
        text.server = server
        return self._begin(text, now)  # Or it goes on as any request, without a promise.

    def post(self, request, user, to, now):
        """Bring a text of a user to an address at another node, now or later; return the effects.

        Nobody waits for an answer.
        """
        text = self._text(request, user, to)
        text.until = now + LIFE
        return [] if text.id in self.texts else self._begin(text, now) or []

    def _begin(self, text, now):
        """Bring a text, or promise to; return the effects, None where there is no room for it."""
        if not self._has_room(text):
            self.counts["refused_full"] += 1
            return None
        text.at = now + DIRECT_WAIT
        self.texts[text.id] = text
        node = self._node(text)
        if self._is_there(node) and not self._waiting(node):
            return self._send(text, now) + self._watch(now)
        return self._promise(text, now)

    def _addressee(self, request, now):
        """Return the address at another node that a text is for, and for nobody else, or None."""
        targets = [one for stage in self.whom(request, now).stages for one in stage]
        if len(targets) != 1 or targets[0].flow is None or targets[0].flow.transport != CELLS:
            return None
        return targets[0].uri

    def _text(self, request, user, to):
        """Return the Text of a request: of the same one after a restart it is the same."""
        parts = (request.call_id, request.from_.tag or b"", b"%d" % request.cseq[0], to)
        identifier = binascii.hexlify(self.node.proof.of(b"\n".join(parts))[:12])
        text = Text(of_octets(identifier), user, to, None)
        text.body = request.body
        for name, line in zip(request.names, request.lines):
            if name in KEPT:
                text.fields.append((name, line))
        return text

    def _again(self, text, server, now):
        if text.server is None:
            return self._answer(server, 202, None, now)
        text.server = server
        return []

    def _has_room(self, text):
        mine = sum([one.size() for one in self.texts.values() if one.user == text.user])
        whole = sum([one.size() for one in self.texts.values()])
        size = text.size()
        return mine + size <= MAX_OUTBOX_BYTES and whole + size <= MAX_OUTBOXES_BYTES

    def _node(self, text):
        return self.dialling.node_of(uri.parse(text.to))

    def _is_there(self, node):
        mesh = self.dialling.mesh
        return short_id(node) in mesh.reach.get() or bool(mesh.boxes.find(node))

    def _waiting(self, node):
        """Return the texts that are kept for a node, the oldest first."""
        kept = [one for one in self.texts.values() if one.at is None and self._node(one) == node]
        return sorted(kept, key=lambda one: one.until)

    # Promises.

    def _promise(self, text, now):
        """Keep a text, then tell its phone that it will be brought; return the effects."""
        text.at = None
        store = Store(NAME, self._rows, {text.id: text.row(now)})
        return self.node.commits.ask(
            (OWN, text.user), store, lambda problem, now: self._kept(text, problem, now), now
        )

    def _kept(self, text, problem, now):
        server, text.server = text.server, None
        if problem:
            self.texts.pop(text.id, None)
        else:
            self.counts["kept"] += 1
            self._watch(now)
        if server is None:
            return []  # Nobody waits for an answer, or it was brought meanwhile.
        words = "the other house is not in reach now, and " + problem
        return self._answer(server, 480 if problem else 202, words if problem else None, now)

    def _answer(self, server, status, words, now):
        response = response_to(server.request, status, words, (), self.node.tag())
        return self.node.layer.respond(server, response, now)

    def _rows(self, now):
        return [one.row(now) for one in self.texts.values() if one.at is None]

    def restore(self, name, records, now):
        """Take back what was promised."""
        for row in records if name == NAME else ():
            until = now + 1000 * row["seconds"]
            text = Text(row["id"], row["user"], scan.to_octets(row["to"]), until)
            text.body = scan.to_octets(row["body"])
            text.fields = [
                (scan.to_octets(name), scan.to_octets(line)) for name, line in row["fields"]
            ]
            self.texts[text.id] = text
        self._watch(now)

    # Bringing.

    def _send(self, text, now):
        lines = [
            b"Max-Forwards: 70", b"To: <" + text.to + b">", b"Call-ID: " + text.id.encode(),
            b"CSeq: %d MESSAGE" % (text.tries + 1),
        ]  # fmt: skip
        names = [line.partition(b":")[0].lower() for line in lines]
        for name, line in text.fields:
            names.append(name)
            lines.append(line)
        names.append(b"content-length")
        lines.append(b"Content-Length: %d" % len(text.body))
        text.under_way = True
        text.tries += 1
        request = Request(b"MESSAGE", text.to, names, lines, text.body)
        return self.uac.send(request, self.dialling.flow_to(self._node(text)), text, now)[1]

    def _answered(self, indication, now):
        """The other node has answered, or there is no way to it; return the effects."""
        text, message = indication.user, indication.message
        status = 408 if message is None else message.status
        if status < 200 or text.id not in self.texts:
            return []
        text.under_way = False
        node = self._node(text)
        if status in NOT_NOW:
            pause, _ = self.pauses.get(node, (FIRST_PAUSE // 2, 0))
            pause = min(2 * pause, LAST_PAUSE)
            self.pauses[node] = pause, now + pause
            return self._promise(text, now) if text.at is not None else self._watch(now)
        self.pauses.pop(node, None)
        words = None if message is None else of_octets(message.reason)
        self.counts["delivered" if status < 300 else "refused"] += 1
        if text.server is not None:
            effects = self._answer(text.server, status, words, now)
        elif status >= 300:
            effects = self._tell(text, "his or her router says: " + words, now)
        else:
            effects = []
        return effects + self._forget(text) + self._wake(self, now)

    def _forget(self, text):
        is_kept, text.server, text.at = text.at is None, None, None
        del self.texts[text.id]
        return [Store(NAME, self._rows, {text.id: None})] if is_kept else []

    def _tell(self, text, why, now):
        """Tell who sent a text that it is not delivered; return the effects."""
        shown = text.body[:SHOWN] if text.body[:1] != b"<" else b""
        words = "(not delivered) %s. The text began: %s" % (why, of_octets(shown))
        try:
            return self.tell(text.user, text.to, words.encode(), now)
        except SipError as error:
            return [Note("warning", "a text of %s: %s: %s" % (text.user, why, error.reason))]

    def _wake(self, outbox, now):
        """Promise what takes too long, bring what can be brought, give up what is too old."""
        effects = []
        for text in list(self.texts.values()):
            if text.at is not None and now >= text.at:
                effects += self._promise(text, now)
            elif text.at is None and now >= text.until and not text.under_way:
                self.counts["expired"] += 1
                effects += self._forget(text)
                effects += self._tell(text, "the other router was off all the time", now)
        for node in {self._node(text) for text in self.texts.values()}:
            effects += self._bring(node, now)
        return effects + self._watch(now)

    def _bring(self, node, now):
        """Send the oldest text that waits for a node, if it is there; return the effects."""
        if not self._is_there(node):
            self.pauses.pop(node, None)
            return []
        waiting = self._waiting(node)
        is_asked = [one for one in waiting if one.under_way]
        rests = now < self.pauses.get(node, (0, now))[1]
        return [] if is_asked or rests or not waiting else self._send(waiting[0], now)

    def _watch(self, now):
        """Set the next time to look; return no effects."""
        times = [text.at for text in self.texts.values() if text.at is not None]
        if len(times) < len(self.texts):
            times.append(now + LOOK)
        self.deadline = min(times) if times else None
        self.node.deadlines.watch(self)
        return []

    # The owner.

    def counters(self):
        """Return what became of texts to other nodes."""
        return {"outbox": dict(self.counts, waiting=len(self._rows(0)))}

    def show(self, arguments, now):
        """Return the texts that wait for nodes that are off."""
        rows = []
        for text in self.texts.values():
            if text.at is None:
                hours = max(0, text.until - now) // 3600000
                rows.append(
                    {"user": text.user, "to": of_octets(text.to), "octets": len(text.body),
                     "tries": text.tries, "hours_left": hours}
                )  # fmt: skip
        return {"outbox": rows}

    def wipes(self, what, now):
        """Bring no text later that waits now; return the effects."""
        effects = []
        for text in list(self.texts.values()) if what in ("texts", "all") else ():
            effects += self._forget(text) if text.at is None else []
        return effects

    def drop(self, arguments, now):
        """`user`: whose texts are not to be brought any more."""
        user = self.node.user_named(arguments.get("user"))
        gone = [one for one in self.texts.values() if one.user == user and one.at is None]
        effects = []
        for text in gone:
            effects += self._forget(text)
        return {"removed": len(gone)}, effects
