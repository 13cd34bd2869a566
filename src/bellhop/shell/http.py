"""A small HTTP server for phones on the LAN: the phone book in their formats (RFC 9112)."""

import socket

from ..errors import BellhopError
from ..sip import uri
from ..world.binding import bound
from ..world.connection import Connection, Listening
from ..world.system import sockets

REQUEST_BYTES = 4096
ANSWER_BYTES = 1 << 22
PATIENCE_MS = 5000
# Clients that are served at once, and connections that may be open for it.
MAX_CLIENTS, MAX_OPEN = (16, 64)
BACKLOG = 16
END = b"\r\n\r\n"


class HttpServer:
    """Serves /phonebook/FORMAT to neighbours, on one port of the addresses that `listen` names.

    guard: an origins.Guard.
    """

    def __init__(self, loop, settings, guard):
        self.loop = loop
        self.port, self.hosts = settings.http_port, settings.listen
        self.guard = guard
        # Whether some address could not be had.
        self.is_partial = False
        self.clients = set()
        self.listening = []
        self.counters = {"served": 0, "refused": 0}

    def open(self):
        """Listen; raises OSError where no address can be had."""
        problem = None
        for host in self.hosts or ("0.0.0.0", "::"):
            try:
                self._listen(host)
            except OSError as error:  # It may have no IPv6, or not have the address yet.
                problem, self.is_partial = error, True
        if problem is not None and not self.listening:
            raise problem

    def fits(self, settings):
        """Tell whether it listens where these Settings want it."""
        return (self.port, self.hosts) == (settings.http_port, settings.listen)

    def _listen(self, host):
        made = bound(socket.SOCK_STREAM, host, self.port, reuse=True)
        made.listen(BACKLOG)
        self.listening.append(Listening(self.loop, made, self._came))

    def close(self):
        """Stop listening."""
        for listening in self.listening:
            listening.close()
        for client in list(self.clients):
            client.connection.abort()

    def _came(self, made, address):
        if len(self.clients) >= MAX_OPEN:
            self.counters["refused"] += 1
            made.close()
            return
        self.clients.add(Client(self, made, sockets.place(address)[0]))

    def answer(self, head, peer, here):
        """Return (status, content type, body) for a request.

        here: the host and port that the client has asked, where it does not say so itself.
        """
        if len(self.clients) > MAX_CLIENTS:
            return "503 Service Unavailable", "text/plain", b"too many clients\n"
        if not self.guard.is_near(peer):
            return "403 Forbidden", "text/plain", b"the phone book is for the local network only\n"
        lines = head.split(b"\r\n")
        words = lines[0].split(b" ")
        if len(words) != 3 or words[2][:7] != b"HTTP/1.":
            return "400 Bad Request", "text/plain", b"this is no HTTP/1.1\n"
        if words[0] not in (b"GET", b"HEAD"):
            return "405 Method Not Allowed", "text/plain", b"only GET and HEAD\n"
        try:
            place, form, page = _target(words[1])
            asked = [one for one in (place, _host(lines)) if one]
            if [one for one in asked if not self.guard.is_named(one)]:
                return "421 Misdirected Request", "text/plain", b"this machine has another name\n"
            url = "http://%s/phonebook/%s.xml?page=" % ((asked or [here])[0], form)
            arguments = {"format": form, "page": page, "url": url}
            found, _ = self.loop.engine.answer("phonebook", arguments, self.loop.now())
        except ValueError:
            return "400 Bad Request", "text/plain", b"a malformed escape in the path\n"
        except BellhopError as error:
            return "404 Not Found", "text/plain", ("%s\n" % error).encode()
        return "200 OK", found["content_type"], found["text"].encode()


def _target(target):
    """Return (host or "", format, page) of a request target (RFC 9112 section 3.2), as text.

    A phone may write the absolute form, which proxies get; raises ValueError.
    """
    place = b""
    if target[:7].lower() == b"http://":
        place, slash, path = target[7:].partition(b"/")
        target = slash + path
    path, _, query = target.partition(b"?")
    form = uri.unescape(path).decode("latin-1").removeprefix("/phonebook/").removesuffix(".xml")
    pages = [pair[5:] for pair in query.split(b"&") if pair[:5] == b"page="]
    return place.decode("latin-1"), form, uri.unescape((pages or [b"1"])[0]).decode("latin-1")


def _host(lines):
    """Return the value of the field Host, or ""."""
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"host":
            return value.strip().decode("latin-1")
    return ""


class Client:
    """One client: a request, an answer, the end."""

    def __init__(self, server, made, peer):
        self.server = server
        self.peer = peer
        host, port = sockets.place(made.getsockname())
        self.here = uri.host_port(host.encode(), port).decode()
        self.buffer = b""
        self.connection = Connection(server.loop, made, self, ANSWER_BYTES)
        self.timer = server.loop.call_later(PATIENCE_MS, lambda: self._leave("refused"))

    def received(self, data):
        """Answer when the head of the request is whole; GET and HEAD have no more."""
        self.buffer += data
        head, end, _ = self.buffer.partition(END)
        if not end:
            if len(head) > REQUEST_BYTES:
                self._leave("refused")
            return
        status, kind, body = self.server.answer(head, self.peer, self.here)
        lines = "HTTP/1.1 %s\r\nContent-Type: %s; charset=utf-8\r\nContent-Length: %d\r\n"
        lines = lines % (status, kind, len(body)) + "Connection: close\r\n\r\n"
        is_head = head[:5] == b"HEAD "  # RFC 9110 section 9.3.2: as for GET, but for the body.
        self.connection.send(lines.encode() + (b"" if is_head else body))
        self._leave("served" if status == "200 OK" else "refused")

    def _leave(self, counter):
        self.connection.close()
        self._forget(counter)

    def ended(self, reason):
        """The client left without an answer."""
        self._forget("refused")

    def _forget(self, counter):
        self.server.counters[counter] += 1
        self.server.clients.discard(self)
        self.server.loop.cancel(self.timer)
