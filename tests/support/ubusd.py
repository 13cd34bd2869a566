"""A stand-in for OpenWrt's ubusd, for tests: one program that answers the node on a unix socket.

It speaks the wire protocol of ubusmsg.h, blob.h and blobmsg.h with a codec of its own, so that a
mistake of the node's codec shows. It is not ubusd: it has no access rules but `refuses`, forwards
nothing between programs, and `call` plays the program that calls the node.

    async with Ubusd(path) as ubusd:
        await ubusd.object("bellhop")
        status, answer = await ubusd.call("bellhop", "status", {"ubus_rpc_session": "0"})
"""

import asyncio
import os
import struct

HELLO, STATUS, DATA, INVOKE, ADD_OBJECT = 0, 1, 2, 5, 6
FIRST_ID = 0xF0000001  # ubusd's numbers are random 32-bit values; these show who takes them signed
CALLER = 0x9ABCDEF0


def blob(kind, payload):
    """Return an attribute without a name."""
    size = 4 + len(payload)
    return struct.pack(">I", kind << 24 | size) + payload + bytes(-size % 4)


def blobmsg(values):
    """Return a table of texts, numbers and tables."""
    out = b""
    for name, value in values.items():
        label = struct.pack(">H", len(name)) + name.encode() + b"\0"
        label += bytes(-len(label) % 4)
        if isinstance(value, dict):
            kind, content = 2, blobmsg(value)
        elif isinstance(value, str):
            kind, content = 3, value.encode() + b"\0"
        else:
            kind, content = 5, struct.pack(">i", value)
        size = 4 + len(label) + len(content)
        out += struct.pack(">I", 1 << 31 | kind << 24 | size) + label + content + bytes(-size % 4)
    return out


def read_blob(data):
    """Return [(kind, content)] of a run of attributes."""
    found = []
    while data:
        (word,) = struct.unpack(">I", data[:4])
        size = word & 0xFFFFFF
        found.append((word >> 24 & 0x7F, data[4:size]))
        data = data[size + -size % 4 :]
    return found


def read_blobmsg(data):
    """Return [(name, value)] of a run of fields."""
    found = []
    for kind, content in read_blob(data):
        (length,) = struct.unpack(">H", content[:2])
        name = content[2 : 2 + length].decode()
        found.append((name, _value(kind, content[(length + 6) // 4 * 4 :])))
    return found


def _value(kind, content):
    if kind == 1:
        return [value for _, value in read_blobmsg(content)]
    if kind == 2:
        return dict(read_blobmsg(content))
    if kind == 3:
        return content[:-1].decode()
    if kind == 0:
        return None
    if kind == 7:
        return content != b"\0"
    return struct.unpack({4: ">q", 5: ">i", 6: ">h", 8: ">d"}[kind], content)[0]


class Ubusd:
    """The stand-in. events: [(name, dict)]; objects: name -> (writer, number, methods)."""

    def __init__(self, path, refuses=()):
        self.path = path
        self.refuses = refuses
        self.objects = {}
        self.events = []
        self.waiting = {}
        self.answers = {}
        self.changed = asyncio.Condition()
        self.sequence = 0

    async def __aenter__(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.server = await asyncio.start_unix_server(self._client, self.path)
        return self

    async def __aexit__(self, *_):
        self.server.close()
        for writer, _, _ in self.objects.values():
            writer.close()

    async def object(self, name):
        """Wait for an object; return {method: {argument: type}}."""
        await self._until(lambda: name in self.objects)
        return self.objects[name][2]

    async def event(self, count=1):
        """Wait until `count` events have come; return all."""
        await self._until(lambda: len(self.events) >= count)
        return self.events

    async def call(self, name, method, arguments=None, raw=None, flags=b""):
        """Call a method as another program would; return (status, dict or None)."""
        writer, number, _ = self.objects[name]
        self.sequence += 1
        data = blobmsg(arguments or {}) if raw is None else raw
        self.waiting[self.sequence] = asyncio.get_running_loop().create_future()
        body = blob(3, struct.pack(">I", number)) + blob(4, method.encode() + b"\0")
        body += blob(7, data) + flags
        self._write(writer, INVOKE, self.sequence, CALLER, body)
        return await self.waiting[self.sequence]

    def send_raw(self, name, octets):
        """Send octets that need not be a message."""
        self.objects[name][0].write(octets)

    async def _until(self, is_so):
        async with self.changed:
            await asyncio.wait_for(self.changed.wait_for(is_so), 20)

    async def _client(self, reader, writer):
        self._write(writer, HELLO, 0, 0x81234567, b"")
        try:
            while True:
                head = await reader.readexactly(12)
                _, kind, sequence, peer, word = struct.unpack(">BBHII", head)
                body = dict(read_blob(await reader.readexactly((word & 0xFFFFFF) - 4)))
                self._take(writer, kind, sequence, peer, body)
                async with self.changed:
                    self.changed.notify_all()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            writer.close()

    def _take(self, writer, kind, sequence, peer, body):
        if kind == ADD_OBJECT:
            self._add(writer, sequence, body)
        elif kind == INVOKE and body[3] == struct.pack(">I", 1) and body[4] == b"send\0":
            event = dict(read_blobmsg(body[7]))
            self.events.append((event["id"], event["data"]))
            self._write(writer, STATUS, sequence, 1, blob(1, bytes(4)))
        elif kind == DATA and peer == CALLER:
            self.answers[sequence] = dict(read_blobmsg(body[7]))
        elif kind == STATUS and peer == CALLER:
            status = struct.unpack(">I", body[1])[0]
            self.waiting.pop(sequence).set_result((status, self.answers.pop(sequence, None)))

    def _add(self, writer, sequence, body):
        name = body[2][:-1].decode()
        status = 2 if name in self.refuses else 0
        if not status:
            number = FIRST_ID + len(self.objects)
            self.objects[name] = (writer, number, dict(read_blobmsg(body[6])))
            self._write(writer, DATA, sequence, 0, blob(3, struct.pack(">I", number)))
        self._write(writer, STATUS, sequence, 0, blob(1, struct.pack(">I", status)))

    def _write(self, writer, kind, sequence, peer, body):
        writer.write(struct.pack(">BBHI", 0, kind, sequence, peer) + blob(0, body))
