"""The node on OpenWrt's bus: the object `bellhop` with every verb, and an event for each Event.

This speaks ubusd's own protocol (ubusmsg.h, blob.h, blobmsg.h) because python3-ubus 0.1.3 cannot
serve a daemon: arguments must equal the signature exactly while uhttpd adds `ubus_rpc_session` to
every call of LuCI, a call holds the interpreter's lock, and it takes SIGTERM and SIGINT over.
Without it there is also no C library whose ABI must fit.

A verb that fails answers {"error": {"message": ...}} with status 0, as the control socket does:
LuCI gets no words with any other status.
"""

import os
import socket
import struct

from ..errors import BellhopError
from ..world.connection import Connection

SOCKET = "ubus.sock"
OBJECT = "bellhop"
# uhttpd adds this to what the caller gives.
SESSION = "ubus_rpc_session"
EVENTS_OBJECT = 1

HELLO, STATUS, DATA, INVOKE, ADD_OBJECT = 0, 1, 2, 5, 6
ATTRIBUTES = 12
A_STATUS, A_PATH, A_ID, A_METHOD, A_SIGNATURE, A_DATA, A_NO_REPLY = 1, 2, 3, 4, 6, 7, 10
OK, INVALID_ARGUMENT, METHOD_NOT_FOUND = 0, 2, 3
ARRAY, TABLE, STRING, INT64, INT32, INT16, INT8, DOUBLE = 1, 2, 3, 4, 5, 6, 7, 8
NUMBERS = {INT64: ">q", INT32: ">i", INT16: ">h", INT8: ">b", DOUBLE: ">d"}

HEADER = struct.Struct(">BBHI")  # version, type, sequence, peer
WORD = struct.Struct(">I")
EXTENDED, LENGTH = 0x80000000, 0xFFFFFF
# ubusd drops a client that sends more; a message is shorter than its JSON.
MAX_MESSAGE = 1048576
FIRST_PAUSE, LONGEST_PAUSE = 1000, 30000  # ms
MALFORMED = (ValueError, IndexError, KeyError, struct.error, RecursionError)


def attribute(kind, body, flag=0):
    """Return one blob attribute: its kind and length in a word, the body, padding to words."""
    return WORD.pack(flag | kind << 24 | len(body) + 4) + body + b"\0" * (-len(body) % 4)


def attributes(data):
    """Yield (kind, is_named, body) of each attribute in a blob; raises ValueError."""
    at = 0
    while at < len(data):
        word = WORD.unpack_from(data, at)[0]
        length = word & LENGTH
        if length < 4 or at + length > len(data):
            raise ValueError("an attribute that is too long")
        yield word >> 24 & 0x7F, bool(word & EXTENDED), data[at + 4 : at + length]
        at += length + (-length % 4)


def field(name, value):
    """Return the blobmsg field of a JSON-able value; name: text, "" in an array."""
    title = name.encode()
    head = struct.pack(">H", len(title)) + title + b"\0"
    kind, body = _encoded(value)
    return attribute(kind, head + b"\0" * (-len(head) % 4) + body, EXTENDED)


def table(fields):
    """Return the blobmsg of a dict."""
    return b"".join([field(name, fields[name]) for name in fields])


def _encoded(value):
    """Return (kind, body) of a JSON-able value; kind 0 is null."""
    if value is None:
        return 0, b""
    if isinstance(value, bool):
        return INT8, bytes([value])
    if isinstance(value, int):
        kind = INT32 if -(1 << 31) <= value < 1 << 31 else INT64
        return kind, struct.pack(NUMBERS[kind], value)
    if isinstance(value, float):
        return DOUBLE, struct.pack(NUMBERS[DOUBLE], value)
    if isinstance(value, str):
        return STRING, value.encode("utf-8", "replace") + b"\0"
    if isinstance(value, dict):
        return TABLE, table(value)
    return ARRAY, b"".join([field("", one) for one in value])


def fields(data):
    """Return the dict in a blobmsg; raises one of MALFORMED."""
    return dict(_named(data))


def _named(data):
    for kind, is_named, body in attributes(data):
        if not is_named:
            raise ValueError("a field without a name")
        length = struct.unpack_from(">H", body)[0]
        start = length + 3 + (-(length + 3) % 4)
        yield body[2 : 2 + length].decode(), _decoded(kind, body[start:])


def _decoded(kind, body):
    if kind == TABLE:
        return fields(body)
    if kind == ARRAY:
        return [value for _, value in _named(body)]
    if kind == STRING:
        return body.rstrip(b"\0").decode()
    return struct.unpack(NUMBERS[kind], body)[0] if kind else None


class Bus:
    """Keeps the object on the bus, over every restart of ubusd.

    methods: verb -> names of its arguments, all texts and all optional.
    ask(verb, arguments): returns a dict; raises BellhopError.
    """

    def __init__(self, loop, path, methods, ask, log):
        self.loop = loop
        self.path = path
        self.methods = methods
        self.ask = ask
        self.log = log
        self.client = None
        self.timer = None
        self.pause = FIRST_PAUSE
        self.problem = ""

    def open(self):
        """Connect, now or when ubusd is there."""
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            made.setblocking(False)
            made.connect(self.path)
        except OSError as error:
            made.close()
            self.retry("%s: %s" % (self.path, os.strerror(error.errno)))
        else:
            self.client = Client(self, made)

    def close(self):
        """Leave the bus."""
        self.loop.cancel(self.timer)
        if self.client is not None:
            self.client.connection.abort()

    def publish(self, kind, values):
        """Send the event bellhop.KIND to whoever listens."""
        if self.client is not None and self.client.object is not None:
            self.client.send_event(OBJECT + "." + kind, values)

    def joined(self):
        """The object is on the bus."""
        self.problem, self.pause = "", FIRST_PAUSE

    def retry(self, problem):
        """Try again after a pause that grows; tell the owner once."""
        self.client = None
        if problem != self.problem:
            self.log.say("warning", "not on ubus: " + problem)
        self.problem = problem
        self.timer = self.loop.call_later(self.pause, self.open)
        self.pause = min(2 * self.pause, LONGEST_PAUSE)


class Client:
    """One connection to ubusd. object: the number that ubusd gave to our object, or None."""

    def __init__(self, bus, made):
        self.bus = bus
        self.buffer = b""
        self.object = None
        self.sequence = 0
        # Two answers may wait for a ubusd that does not read; more must not fill the memory.
        self.connection = Connection(bus.loop, made, self, 2 * MAX_MESSAGE)

    def ended(self, reason):
        """Come back later."""
        self.bus.retry("ubusd has gone" if self.object is not None else reason)

    def received(self, data):
        """Take every whole message; ubusd speaks first."""
        self.buffer += data
        while self.bus.client is self and len(self.buffer) >= HEADER.size + WORD.size:
            length = WORD.unpack_from(self.buffer, HEADER.size)[0] & LENGTH
            end = HEADER.size + length
            if not WORD.size <= length <= MAX_MESSAGE:
                self._leave("ubusd speaks another protocol")
                return
            if len(self.buffer) < end:
                return
            message, self.buffer = self.buffer[:end], self.buffer[end:]
            self._take(message)

    def _take(self, message):
        _, kind, sequence, peer = HEADER.unpack_from(message)
        found = [None] * ATTRIBUTES
        try:
            for name, _, body in attributes(message[HEADER.size + WORD.size :]):
                if name < ATTRIBUTES:
                    found[name] = body
            if kind == HELLO:
                self._send(ADD_OBJECT, 0, _description(self.bus.methods))
            elif kind == INVOKE:
                self._invoked(found, sequence, peer)
            elif self.object is None:
                self._answered(kind, found)
        except MALFORMED:
            self._leave("ubusd sent a malformed message")

    def _answered(self, kind, found):
        """Take the answer to ADD_OBJECT, the only request whose answer matters."""
        if kind == DATA:
            self.object = found[A_ID]
            self.bus.joined()
        elif kind == STATUS and WORD.unpack(found[A_STATUS])[0] != OK:
            self._leave(
                "ubusd refuses the object '%s': another node has it, or ubusd has not read "
                "/usr/share/acl.d/bellhop.json (`killall -HUP ubusd`)" % OBJECT
            )

    def _invoked(self, found, sequence, peer):
        verb = found[A_METHOD].rstrip(b"\0").decode()
        status, result = self._result(verb, found[A_DATA] or b"")
        if found[A_NO_REPLY] is None:
            self._reply(status, result, sequence, peer)

    def _result(self, verb, data):
        """Return (status, dict or None)."""
        if verb not in self.bus.methods:
            return METHOD_NOT_FOUND, None
        try:
            arguments = fields(data)
        except MALFORMED:
            return INVALID_ARGUMENT, None
        arguments.pop(SESSION, None)
        try:
            return OK, self.bus.ask(verb, arguments)
        except BellhopError as error:
            return OK, _error(error)

    def _reply(self, status, result, sequence, peer):
        own = attribute(A_ID, self.object)
        if result is not None:
            body = table(result)
            if len(body) > MAX_MESSAGE - 64:
                body = table(_error("the answer is too long for ubus: ask the command `bellhop`"))
            self._write(DATA, sequence, peer, own + attribute(A_DATA, body))
        self._write(STATUS, sequence, peer, attribute(A_STATUS, WORD.pack(status)) + own)

    def send_event(self, name, values):
        """Send one event."""
        data = field("id", name) + field("data", values)
        request = attribute(A_ID, WORD.pack(EVENTS_OBJECT)) + attribute(A_METHOD, b"send\0")
        self._send(INVOKE, EVENTS_OBJECT, request + attribute(A_DATA, data))

    def _send(self, kind, peer, body):
        self.sequence = self.sequence + 1 & 0xFFFF
        self._write(kind, self.sequence, peer, body)

    def _write(self, kind, sequence, peer, body):
        self.connection.send(HEADER.pack(0, kind, sequence, peer) + attribute(0, body))

    def _leave(self, problem):
        self.connection.abort()
        self.bus.retry(problem)


def _description(methods):
    """Return the body that adds the object: its name, and each method with its arguments."""
    signature = table({verb: dict.fromkeys(methods[verb], STRING) for verb in methods})
    return attribute(A_PATH, OBJECT.encode() + b"\0") + attribute(A_SIGNATURE, signature)


def _error(words):
    return {"error": {"message": str(words)}}
