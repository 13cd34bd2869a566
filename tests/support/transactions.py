"""A transaction layer on a fake clock."""

from bellhop.effects import Send
from bellhop.sip import message
from bellhop.transaction.layer import NEW, Layer
from bellhop.transaction.transaction import Indication

from .messages import answer, flow, parsed


class Clocked:
    """A Layer whose time is `now` (ms); what it gave back is in `sent` and `told` with its time.

    sent: list of (ms, first word and code or method); told: list of (ms, kind, status or None).
    """

    def __init__(self, most=100):
        self.layer = Layer(most)
        self.now = 0
        self.sent = []
        self.told = []
        self.octets = []

    def take(self, effects):
        """Note effects; return them."""
        for effect in effects:
            if isinstance(effect, Send):
                self.octets.append(effect.data)
                self.sent.append((self.now, summary(effect.data)))
            elif isinstance(effect, Indication):
                status = None if effect.message is None else effect.message.status
                self.told.append((self.now, effect.kind, status))
        return effects

    def advance(self, to):
        """Let the time come to `to`; every deadline is served at its own time."""
        deadlines = self.layer.deadlines
        while deadlines.next() is not None and deadlines.next() <= to:
            self.now = max(self.now, deadlines.next())
            thing = deadlines.due(self.now)
            if thing is not None:
                self.take(self.layer.wake(thing, self.now))
        self.now = to

    def ask(self, method, transport="udp", **fields):
        """Start a client transaction; return it."""
        where = flow(transport=transport, connection=0 if transport == "udp" else 1)
        tx, effects = self.layer.send(parsed(method, **fields), where, "user", self.now)
        self.take(effects)
        return tx

    def reply(self, tx, status):
        """The peer answers the request of a client transaction."""
        asked = parsed(tx.key[1].decode(), branch=tx.key[0].decode())
        self.take(self.layer.response(answer(asked, status), self.now))

    def come(self, method, transport="udp", **fields):
        """A request comes in; return its new server transaction, or what else the layer says."""
        where = flow(transport=transport, connection=0 if transport == "udp" else 1)
        request = parsed(method, **fields)
        what, tx, effects = self.layer.request(request, where, self.now)
        self.take(effects)
        return self.layer.new_server(request, where, self.now) if what == NEW else what

    def respond(self, tx, status):
        """The user answers a server transaction."""
        asked = parsed(tx.key[2].decode(), branch=tx.key[0].decode())
        self.take(self.layer.respond(tx, answer(asked, status), self.now))

    def times(self, what):
        """Return when something was sent."""
        return [at for at, sent in self.sent if sent == what]


def summary(data):
    """Return the method of a request or the code of a response."""
    found = message.parse(data)
    return found.method.decode() if isinstance(found, message.Request) else found.status
