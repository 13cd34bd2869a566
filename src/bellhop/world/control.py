"""The control socket: one JSON object a line, each way (DESIGN.md section 8).

Request: {"verb": TEXT, "arguments": {...}}. Answer: {"result": ...} or {"error": {"message": ...}}.
After the verb `events` the node sends {"event": KIND, ...} for each Event until the client leaves.
"""

import json
import os
import socket

from .. import limits
from ..core.rows import check
from ..errors import BellhopError
from .connection import Connection, Listening
from .rows import SERVICE
from .system import files, sockets

# What a request holds besides a phone book.
REQUEST_BYTES = 65536
# Whose verbs are answered here, and not by the engine.
OWNERS = ("service", "copies")
FAULT = "a fault of the node: its log says where"


class Control:
    """The server side of the control socket. service: the Service whose verbs it offers."""

    def __init__(self, service, path):
        self.service = service
        self.loop = service.loop
        self.path = path
        self.clients = []
        self.listening = None
        self.own_rows = {row.verb: row for row in SERVICE if row.owner in OWNERS}

    def open(self):
        """Listen; raises BellhopError where another node uses the same folder."""
        if is_answered(self.path):
            raise BellhopError("another node runs already: it answers at %s" % self.path)
        made = socket.socket(sockets.AF_UNIX, socket.SOCK_STREAM)
        try:
            if files.exists(self.path):
                os.remove(self.path)
            files.privately(lambda: made.bind(sockets.path(self.path)))
            made.listen(limits.MAX_CONTROL_CLIENTS)
            made.setblocking(False)
        except OSError as error:
            made.close()
            problem = "cannot make the control socket %s: %s" % (self.path, sockets.reason(error))
            raise BellhopError(problem) from None
        self.listening = Listening(self.loop, made, self._came)

    def _came(self, made, address):
        client = Client(self, made)
        self.clients.append(client)
        if len(self.clients) > limits.MAX_CONTROL_CLIENTS:
            client.leave("too many control clients")

    def close(self):
        """Stop listening and take the socket away."""
        if self.listening is None:
            return
        self.listening.close()
        for client in list(self.clients):
            client.connection.abort()
        try:
            os.remove(self.path)
        except OSError:
            pass  # Somebody has taken it away; what waits must be written all the same.

    def publish(self, effect):
        """Perform an Event: tell those who asked for events."""
        if self.is_heard():
            line = _line(dict(effect.fields, event=effect.kind))
            for client in self.clients[:]:
                if client.listens:
                    client.connection.send(line)

    def is_heard(self):
        """Tell whether somebody has asked for events."""
        return bool([client for client in self.clients if client.listens])

    def answer(self, client, request):
        """Return the line that answers one request."""
        try:
            verb, arguments = _understood(request)
            if verb == "events":
                client.listens = True
                self.service.heed()
                return _line({"result": {}})
            return _line({"result": self.ask(verb, arguments)})
        except BellhopError as error:
            return _line({"error": {"message": str(error)}})
        except MemoryError:
            self.loop.counters["out_of_memory"] += 1
            return _line({"error": {"message": "the node has no memory for this answer"}})

    def ask(self, verb, arguments):
        """Return the answer to a verb, a dict; raises BellhopError with words for the owner."""
        try:
            return self._asked(verb, _texts(arguments))
        except (BellhopError, MemoryError):
            raise
        except Exception as error:  # A bug, or a disk: nobody shall wait for an answer for ever.
            self.loop.fault(error)
            raise BellhopError(FAULT) from None

    def _asked(self, verb, arguments):
        row = self.own_rows.get(verb)
        if row is not None:
            check(row, arguments)
            owner = self.service if row.owner == OWNERS[0] else self.service.copies()
            return getattr(owner, row.method)(arguments)
        result, effects = self.service.engine.answer(verb, arguments, self.loop.now())
        self.loop.perform(effects)
        self.service.store.settle(effects)
        return self.service.completed(verb, result)


class Client:
    """One client of the control socket."""

    def __init__(self, control, made):
        self.control = control
        self.buffer = b""
        self.listens = False
        self.connection = Connection(control.loop, made, self, limits.MAX_CONTROL_BYTES)

    def received(self, data):
        """Answer every whole line."""
        self.buffer += data
        line, end, rest = self.buffer.partition(b"\n")
        while end:
            self.buffer = rest
            self.connection.send(self.control.answer(self, line))
            line, end, rest = self.buffer.partition(b"\n")
        most = REQUEST_BYTES + limits.MAX_IMPORTED * limits.MAX_IMPORTED_BYTES
        if len(self.buffer) > most:
            self.leave("a request has at most %d octets: bring a long one in parts" % most)

    def leave(self, problem):
        """Tell the client why it is sent away."""
        self.connection.send(_line({"error": {"message": problem}}))
        self.connection.close()
        self.ended(problem)

    def ended(self, reason):
        """Forget the client."""
        if self in self.control.clients:
            self.control.clients.remove(self)
            self.control.service.heed()


def _understood(line):
    """Return (verb, arguments) of a request."""
    try:
        request = json.loads(line)
        verb, arguments = request["verb"], request.get("arguments") or {}
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError):
        raise BellhopError('a request is a line {"verb": TEXT, "arguments": {...}}') from None
    if not isinstance(verb, str) or not isinstance(arguments, dict):
        raise BellhopError("the verb of a request is a text, its arguments are an object")
    return verb, arguments


def _texts(arguments):
    """Return the arguments of a verb as texts, without those that are null; refuses lists."""
    texts = {}
    for name in arguments:
        value = arguments[name]
        if isinstance(value, (list, tuple, dict)) or not _is_text(str(value)):
            raise BellhopError("the argument '%s' is not a text" % name)
        if value is not None:
            texts[name] = str(value)
    return texts


def _is_text(value):
    """Tell whether a str has no half of a surrogate pair, as JSON can (RFC 8259 section 8.2)."""
    try:
        value.encode()
    except ValueError:
        return False
    return True


def _line(value):
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def is_answered(path):
    """Tell whether a process listens on a unix socket."""
    probe = socket.socket(sockets.AF_UNIX, socket.SOCK_STREAM)
    try:
        probe.connect(sockets.path(path))
    except OSError:
        return False
    finally:
        probe.close()
    return True
