"""The control socket: one JSON object a line, each way, as that of the full node.

Request: {"verb": TEXT, "arguments": {...}}. Answer: {"result": ...} or {"error": {"message": ...}}.
After the verb `events` the node sends {"event": KIND, ...} for each Event until the client leaves.
"""

import gc
import json
import os
import select
import socket

from ..errors import BellhopError
from . import sockets, store

# Clients at once: the pages, a terminal or two.
MAX_CLIENTS = 8
READ_BYTES = 2048
MAX_REQUEST_BYTES = 65536
# What a client that does not read may leave in our memory; then it is cut off.
MAX_WAITING_BYTES = 131072


class Control:
    """The server side of the control socket. service: the Service whose verbs it offers."""

    def __init__(self, service, path):
        self.service = service
        self.loop = service.loop
        self.path = path
        self.clients = []
        self.socket = None
        self.own_verbs = {
            "reload": service.reload,
            "status": service.status,
            "check-config": service.check_config,
        }

    def open(self):
        """Listen; raises BellhopError where another node uses the same folder."""
        if _is_answered(self.path):
            raise BellhopError("another node runs already: it answers at %s" % self.path)
        if store.exists(self.path):
            os.remove(self.path)
        self.socket = socket.socket(sockets.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.socket.bind(sockets.packed_path(self.path))
        except OSError as error:
            problem = "cannot make the control socket %s: %s" % (self.path, sockets.words(error))
            raise BellhopError(problem) from None
        self.socket.listen(MAX_CLIENTS)
        self.socket.setblocking(False)
        self.loop.watch(self.socket.fileno(), self._readable)

    def _readable(self, events):
        made, _ = self.socket.accept()
        made.setblocking(False)
        client = Client(self, made)
        self.clients.append(client)
        if len(self.clients) > MAX_CLIENTS:
            client.send(_line({"error": {"message": "too many control clients"}}))
            client.close()

    def close(self):
        """Stop listening and take the socket away."""
        if self.socket is None:
            return
        self.loop.forget(self.socket.fileno())
        self.socket.close()
        for client in list(self.clients):
            client.close()
        os.remove(self.path)

    def publish(self, effect):
        """Perform an Event: tell those who asked for events."""
        listening = [client for client in self.clients if client.listens]
        if not listening:
            return
        told = dict(effect.fields)
        told["event"] = effect.kind
        for client in listening:
            client.send(_line(told))

    def answer(self, client, request):
        """Return the line that answers one request."""
        try:
            verb, arguments = _understood(request)
            if verb == "events":
                client.listens = True
                return _line({"result": {}})
            own = self.own_verbs.get(verb)
            if own is not None:
                return _line({"result": own()})
            engine = self.service.engine
            result, effects = engine.answer(verb, arguments, self.loop.now())
            self.loop.perform(effects)
            return _line({"result": result})
        except BellhopError as error:
            return _line({"error": {"message": str(error)}})
        except MemoryError:
            self.loop.counters["out_of_memory"] += 1
            gc.collect()
            return _line({"error": {"message": "the node has no memory for this answer"}})


class Client:
    """One client of the control socket."""

    def __init__(self, control, made):
        self.control = control
        self.socket = made
        self.buffer = self.waiting = b""
        self.listens = False
        control.loop.watch(made.fileno(), self._ready)

    def _ready(self, events):
        try:
            if events & select.POLLOUT:
                self._write()
            if events & ~select.POLLOUT:
                self._read()
        except OSError:
            self.close()

    def _read(self):
        data = self.socket.recv(READ_BYTES)
        if not data:
            self.close()
            return
        self.buffer += data
        line, end, rest = self.buffer.partition(b"\n")
        while end:
            self.buffer = rest
            self.send(self.control.answer(self, line))
            line, end, rest = self.buffer.partition(b"\n")
        if len(self.buffer) > MAX_REQUEST_BYTES:
            self.close()

    def send(self, data):
        """Send a line; what does not fit waits."""
        if self not in self.control.clients:
            return
        self.waiting += data
        if len(self.waiting) > MAX_WAITING_BYTES:
            self.close()
            return
        try:
            self._write()
        except OSError:
            self.close()

    def _write(self):
        try:
            while self.waiting:
                self.waiting = self.waiting[self.socket.send(self.waiting) :]
        except OSError as error:
            if error.errno != sockets.EAGAIN:
                raise
        events = select.POLLIN | select.POLLOUT if self.waiting else select.POLLIN
        self.control.loop.watch(self.socket.fileno(), self._ready, events)

    def close(self):
        """Forget the client."""
        if self in self.control.clients:
            self.control.clients.remove(self)
            self.control.loop.forget(self.socket.fileno())
            self.socket.close()


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


def _line(value):
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _is_answered(path):
    probe = socket.socket(sockets.AF_UNIX, socket.SOCK_STREAM)
    try:
        probe.connect(sockets.packed_path(path))
    except OSError:
        return False
    finally:
        probe.close()
    return True
