"""The control socket: one JSON object a line, each way (DESIGN.md section 8).

Request: {"verb": TEXT, "arguments": {...}}. Answer: {"result": ...} or {"error": {"message": ...}}.
After the verb `events` the node sends {"event": KIND, ...} for each Event until the client leaves.
"""

import asyncio
import json
import os
import socket

from ..errors import BellhopError
from .loop import milliseconds
from .settings import read_settings

# Clients at once: the pages, a few terminals, ubus.
MAX_CLIENTS = 32
MAX_REQUEST_BYTES = 65536
# What a client that does not read may leave in our memory; then it is cut off.
MAX_WRITE_BYTES = 1048576


class Control:
    """The server side of the control socket. service: the Service whose verbs it offers."""

    def __init__(self, service, path):
        self.service = service
        self.path = path
        self.clients = set()
        self.listeners = set()
        self.server = None
        self.own_verbs = {
            "reload": (self._reload, ()),
            "status": (self._status, ()),
            "check-config": (self._check_config, ()),
            "identity-export": (self._identity_export, ("passphrase",)),
        }

    def open(self):
        """Listen; raises BellhopError where another node uses the same folder."""
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            if is_answered(self.path):
                raise BellhopError("another node runs already: it answers at %s" % self.path)
            if os.path.exists(self.path):
                os.unlink(self.path)
            mask = os.umask(0o177)
            try:
                made.bind(self.path)
            finally:
                os.umask(mask)
        except OSError as error:
            made.close()
            problem = "cannot make the control socket %s: %s" % (self.path, error)
            raise BellhopError(problem) from None
        aio = self.service.aio
        self.server = aio.run_until_complete(
            aio.create_unix_server(lambda: Client(self), sock=made)
        )

    def close(self):
        """Stop listening and take the socket away."""
        if self.server is None:
            return
        self.server.close()
        for client in list(self.clients):
            client.transport.close()
        os.unlink(self.path)

    def publish(self, effect):
        """Perform an Event: tell those who asked for events."""
        if not self.listeners:
            return
        line = _line(dict(effect.fields, event=effect.kind))
        for client in list(self.listeners):
            client.transport.write(line)

    def answer(self, client, request):
        """Return the line that answers one request."""
        try:
            verb, arguments = _understood(request)
            if verb == "events":
                self.listeners.add(client)
                return _line({"result": {}})
            return _line({"result": self.ask(verb, arguments)})
        except BellhopError as error:
            return _line({"error": {"message": str(error)}})

    def verbs(self):
        """Return the verbs that `ask` answers: verb -> names of its arguments."""
        found = self.service.engine.verbs()
        found.update({verb: accepted for verb, (_, accepted) in self.own_verbs.items()})
        return found

    def ask(self, verb, arguments):
        """Return the answer to a verb, a dict; raises BellhopError with words for the owner."""
        if verb in self.own_verbs:
            return self.own_verbs[verb][0](arguments)
        result, effects = self.service.engine.answer(verb, arguments, milliseconds())
        self.service.loop.perform(effects)
        if verb == "calls" and self.service.media is not None:
            for call in result["calls"]:
                call["sound"] = [self.service.media.sound(number) for number in call["relays"]]
        return result

    def _reload(self, arguments):
        self.service.reload()
        return {"configuration": self.service.settings_file, "problems": self.service.problems()}

    def _status(self, arguments):
        result = self.service.engine.status(milliseconds())
        added = self.service.status()
        counters = dict(result["counters"], **added["counters"])
        return dict(result, **dict(added, counters=counters))

    def _identity_export(self, arguments):
        """`passphrase`: what opens the copy again; making it takes a second on a small router."""
        from . import identity  # Only who asks for it pays for it in memory.

        passphrase = str(arguments.get("passphrase", ""))
        return {"sealed": identity.sealed(self.service.state, passphrase)}

    def _check_config(self, arguments):
        read_settings(self.service.settings_file)
        return {"configuration": self.service.settings_file}


class Client(asyncio.Protocol):
    """One client of the control socket."""

    def __init__(self, control):
        self.control = control
        self.transport = None
        self.buffer = b""

    def connection_made(self, transport):
        """Take the client in, or turn it away where there are too many."""
        self.transport = transport
        transport.set_write_buffer_limits(MAX_WRITE_BYTES)
        if len(self.control.clients) >= MAX_CLIENTS:
            transport.write(_line({"error": {"message": "too many control clients"}}))
            transport.close()
        else:
            self.control.clients.add(self)

    def data_received(self, data):
        """Answer every whole line."""
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        for line in lines:
            self.transport.write(self.control.answer(self, line))
        if len(self.buffer) > MAX_REQUEST_BYTES:
            self.transport.write(_line({"error": {"message": "a request that is too long"}}))
            self.transport.close()

    def pause_writing(self):
        """The bound of the write buffer is reached (called by asyncio)."""
        self.transport.abort()

    def connection_lost(self, error):
        """Forget the client (called by asyncio)."""
        self.control.clients.discard(self)
        self.control.listeners.discard(self)


def _understood(line):
    """Return (verb, arguments) of a request."""
    try:
        request = json.loads(line)
        verb, arguments = request["verb"], request.get("arguments") or {}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise BellhopError('a request is a line {"verb": TEXT, "arguments": {...}}') from None
    if not isinstance(verb, str) or not isinstance(arguments, dict):
        raise BellhopError("the verb of a request is a text, its arguments are an object")
    return verb, arguments


def _line(value):
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def is_answered(path):
    """Tell whether a process listens on a unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
    return True
