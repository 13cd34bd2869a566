"""A small HTTP server for phones on the LAN: the phone book in their formats (RFC 9112)."""

import asyncio
import ipaddress

from ..errors import BellhopError
from .loop import milliseconds

REQUEST_BYTES = 4096
PATIENCE_SECONDS = 5
MAX_CLIENTS = 16
FAULTS = (
    asyncio.TimeoutError,
    asyncio.IncompleteReadError,
    asyncio.LimitOverrunError,
    OSError,
    ValueError,
)


class HttpServer:
    """Serves GET /phonebook/FORMAT to neighbours."""

    def __init__(self, loop):
        self.loop = loop
        self.clients = 0
        self.server = None
        self.counters = {"served": 0, "refused": 0}

    async def open(self, port):
        """Listen on all addresses; raises OSError."""
        self.server = await asyncio.start_server(self._client, None, port, limit=REQUEST_BYTES)

    def close(self):
        """Stop listening."""
        if self.server is not None:
            self.server.close()

    async def _client(self, reader, writer):
        self.clients += 1
        try:
            status, kind, body = await asyncio.wait_for(
                self._answer(reader, writer), PATIENCE_SECONDS
            )
            self.counters["served" if status == "200 OK" else "refused"] += 1
            head = "HTTP/1.1 %s\r\nContent-Type: %s; charset=utf-8\r\nContent-Length: %d\r\n"
            head = head % (status, kind, len(body)) + "Connection: close\r\n\r\n"
            writer.write(head.encode() + body)
            await asyncio.wait_for(writer.drain(), PATIENCE_SECONDS)
        except FAULTS:
            self.counters["refused"] += 1
        finally:
            self.clients -= 1
            writer.close()

    async def _answer(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        peer = writer.get_extra_info("peername")[0]
        if self.clients > MAX_CLIENTS:
            return "503 Service Unavailable", "text/plain", b"too many clients\n"
        if not is_near(peer):
            return "403 Forbidden", "text/plain", b"the phone book is for the local network only\n"
        words = head.split(b"\r\n")[0].split(b" ")
        if len(words) != 3 or words[0] != b"GET":
            return "405 Method Not Allowed", "text/plain", b"only GET\n"
        form = words[1].decode("latin-1").partition("?")[0].removeprefix("/phonebook/")
        try:
            arguments = {"format": form.removesuffix(".xml")}
            found, _ = self.loop.engine.answer("phonebook", arguments, milliseconds())
        except BellhopError as error:
            return "404 Not Found", "text/plain", ("%s\n" % error).encode()
        return "200 OK", found["content_type"], found["text"].encode()


def is_near(host):
    """Tell whether an address belongs to a local network (RFC 1918, 4193, 3927, 4291)."""
    address = ipaddress.ip_address(host.partition("%")[0])
    return address.is_private or address.is_link_local or address.is_loopback
