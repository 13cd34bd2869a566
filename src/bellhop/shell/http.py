"""A small HTTP server (RFC 9112): the phone book for phones, and what the package of pages adds."""

import socket
from collections import namedtuple

from ..errors import BellhopError
from ..limits import MAX_PAGE_BYTES
from ..sip import uri
from ..sip.ip import is_number, network_of
from ..world.binding import bound
from ..world.connection import Connection, Listening
from ..world.system import sockets

REQUEST_BYTES = 4096
# A browser brings cookies and names of languages; what a page asks for is short.
HEAD_BYTES, BODY_BYTES = 8192, 65536
ANSWER_BYTES = 1 << 22
PATIENCE_MS = 5000
# Connections that may be open, those apart on which more follows: these have bounds of their own.
MAX_OPEN = 64
BACKLOG = 16
END = b"\r\n\r\n"

# A request. path, query: text, unescaped and not; fields: small name -> text; peer: address; host:
# the name and port by which the node was asked; is_secure: by TLS.
Request = namedtuple(
    "Request", ("method", "path", "query", "fields", "body", "peer", "host", "is_secure")
)
# An answer. kind: media type; body: octets; lines: further header fields, text; stream: called with
# the Client where more follows, else None.
Answer = namedtuple("Answer", ("status", "kind", "body", "lines", "stream"))


def text(status, words):
    """Return an Answer of one line for people."""
    return Answer(status, "text/plain; charset=utf-8", (words + "\n").encode(), (), None)


class HttpServer:
    """Serves neighbours on one port of the addresses that `listen` names.

    guard: an origins.Guard; sites: each has answer(request), an Answer or None: not mine; context:
    of TLS, as for tls.contexts.TlsConnection, or None. What comes by TLS may come from far.
    """

    def __init__(self, loop, settings, guard, sites, context=None):
        self.loop = loop
        self.context = context
        self.port, self.hosts = self.wanted(settings), settings.listen
        self.internet = settings.internet
        self.guard = guard
        self.sites = sites
        # Whether some address could not be had.
        self.is_partial = False
        # Those that ask or are told, and those that have not read yet what they were told last.
        self.clients, self.leaving = [], []
        self.listening = []
        self.counters = {"served": 0, "refused": 0}

    def wanted(self, settings):
        """Return the port that Settings want."""
        return settings.http_port if self.context is None else settings.https_port

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
        wanted = self.wanted(settings), settings.listen, settings.internet
        return (self.port, self.hosts, self.internet) == wanted

    def _listen(self, host):
        made = bound(socket.SOCK_STREAM, host, self.port, reuse=True)
        made.listen(BACKLOG)
        self.listening.append(Listening(self.loop, made, self._came))

    def close(self):
        """Stop listening."""
        for listening in self.listening:
            listening.close()
        for client in self.clients + self.leaving:
            client.connection.abort()

    def _came(self, made, address):
        self.leaving = [one for one in self.leaving if one.connection.socket is not None]
        waiting = self.leaving + [one for one in self.clients if one.stream is None]
        if len(waiting) >= MAX_OPEN:  # The oldest goes, of whoever has most.
            shares = [one.share for one in waiting]
            waiting[shares.index(max(shares, key=shares.count))].end()
        self.clients.append(Client(self, made, sockets.place(address)[0]))

    def connection(self, made, client):
        """Return the Connection of a client."""
        if self.context is None:
            return Connection(self.loop, made, client, ANSWER_BYTES)
        from .tls.contexts import TlsConnection  # Only where TLS is on.

        return TlsConnection(self.loop, made, client, ANSWER_BYTES, None, self.context, "")

    def answer(self, head, body, peer, here):
        """Return the Answer to a request.

        here: the host and port that the client has asked, where it does not say so itself.
        """
        is_secure = self.context is not None
        if not ((is_secure and self.internet) or self.guard.is_near(peer)):
            return text("403 Forbidden", "this is for the local network only")
        lines = head.split(b"\n")
        words = lines[0].split(b" ")
        if len(words) != 3 or words[2][:7] != b"HTTP/1.":
            return text("400 Bad Request", "this is no HTTP/1.1")
        if len([line for line in lines if line[:5].lower() == b"host:"]) > 1:
            return text("400 Bad Request", "it names two hosts")
        fields = fields_of(lines[1:])
        try:
            place, path, query = _target(words[1])
            host = place or fields.get("host", "")
            if host and not self.guard.is_named(host):
                return text("421 Misdirected Request", "this machine has another name")
            host = host or here
            method = words[0].decode("latin-1")
            request = Request(method, path, query, fields, body, peer, host, is_secure)
            for site in self.sites:
                answer = site.answer(request)
                if answer is not None:
                    return answer
        except ValueError:
            return text("400 Bad Request", "a malformed escape in the path")
        except BellhopError as error:
            return text("404 Not Found", str(error))
        if method not in ("GET", "HEAD"):
            return text("405 Method Not Allowed", "only GET and HEAD")
        return text("404 Not Found", "nothing is here")


class PhoneBook:
    """The site /phonebook/FORMAT."""

    def __init__(self, loop):
        self.loop = loop

    def answer(self, request):
        """Return the Answer with the phone book in a format; raises BellhopError."""
        form = request.path.removeprefix("/phonebook/").removesuffix(".xml")
        if form == request.path.removesuffix(".xml") or request.method not in ("GET", "HEAD"):
            return None
        pages = [pair[5:] for pair in request.query.split("&") if pair[:5] == "page="]
        page = uri.unescape((pages or ["1"])[0].encode("latin-1")).decode("latin-1")
        url = "http://%s/phonebook/%s.xml?page=" % (request.host, form)
        arguments = {"format": form, "page": page, "url": url}
        found, _ = self.loop.engine.answer("phonebook", arguments, self.loop.now())
        kind = found["content_type"] + "; charset=utf-8"
        return Answer("200 OK", kind, found["text"].encode(), (), None)


def _target(target):
    """Return (host or "", path, query) of a request target (RFC 9112 section 3.2), as text.

    A phone may write the absolute form, which proxies get; raises ValueError.
    """
    place = b""
    if target[:7].lower() == b"http://":
        place = target[7:].partition(b"/")[0].partition(b"?")[0]
        target = target[7 + len(place) :]
    path, _, query = target.partition(b"?")
    path = uri.unescape(path or b"/").decode("latin-1")
    return place.decode("latin-1"), path, query.decode("latin-1")


def fields_of(lines):
    """Return {small name: text} of header lines; of fields that come twice the first."""
    fields = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if colon:
            fields.setdefault(name.decode("latin-1").lower(), value.strip().decode("latin-1"))
    return fields


def _divided(octets):
    """Return (head, body) of a request, its lines ended by a bare LF, or None: it is not whole yet.

    Empty lines may stand before it, and lines may end so (RFC 9112 section 2.2).
    """
    octets = octets.lstrip(b"\r\n")
    ends = [(octets.find(end), end) for end in (END, b"\n\n") if end in octets]
    if not ends:
        return None
    at, end = min(ends)
    return octets[:at].replace(b"\r\n", b"\n"), octets[at + len(end) :]


class Client:
    """One client: a request, an answer, the end. stream: what goes on to be sent, or None.

    share: as one of whom it counts, a device here by itself, others by their network.
    """

    def __init__(self, server, made, peer):
        self.server = server
        self.peer = peer
        self.share = peer if server.guard.is_near(peer) else network_of(peer)
        host, port = sockets.place(made.getsockname())
        self.here = uri.host_port(host.encode(), port).decode()
        self.buffer = b""
        self.stream = None
        self.connection = server.connection(made, self)
        self.timer = server.loop.call_later(PATIENCE_MS, lambda: self._leave("refused"))

    def received(self, data):
        """Answer when the request is whole."""
        if self.stream is not None:
            return
        self.buffer += data
        found = _divided(self.buffer)
        if found is None:
            if len(self.buffer) > (HEAD_BYTES if self.server.sites[1:] else REQUEST_BYTES):
                is_line = b"\n" not in self.buffer.lstrip(b"\r\n")
                status = "414 URI Too Long" if is_line else "431 Request Header Fields Too Large"
                self._say(self.buffer, text(status, "too long"))
            return
        head, body = found
        length = fields_of(head.split(b"\n")[1:]).get("content-length", "0")
        if not is_number(length) or int(length) > BODY_BYTES:
            self._say(head, text("413 Content Too Large", "too long"))
        elif len(body) >= int(length):
            self._say(head, self.server.answer(head, body[: int(length)], self.peer, self.here))

    def _say(self, head, answer):
        lines = ["HTTP/1.1 " + answer.status, "Content-Type: " + answer.kind, *answer.lines]
        if answer.stream is None:
            lines.append("Connection: close")
        if answer.stream is None and answer.status[:3] != "304":  # RFC 9110 section 8.6.
            lines.append("Content-Length: %d" % len(answer.body))
        is_head = head[:5] == b"HEAD "  # RFC 9110 section 9.3.2: as for GET, but for the body.
        body = b"" if is_head else answer.body
        self.connection.send("\r\n".join(lines).encode() + END + body)
        if answer.stream is None or is_head:
            self._leave("served" if answer.status[:1] == "2" else "refused")
            return
        self.server.loop.cancel(self.timer)
        self.buffer, self.stream = b"", answer.stream
        self.connection.bound(MAX_PAGE_BYTES)
        self.stream.opened(self)

    def send(self, data):
        """Send more of a stream."""
        self.connection.send(data)

    def leave(self):
        """End a stream."""
        self._leave("served")

    def _leave(self, counter):
        self.connection.close()
        self._forget(counter)
        self.server.leaving.append(self)

    def end(self):
        """End it, whatever it still wants."""
        self.connection.abort()
        self._forget("refused")

    def ended(self, reason):
        """The client left."""
        self._forget("refused" if self.stream is None else "served")

    def _forget(self, counter):
        if self not in self.server.clients:
            return
        self.server.counters[counter] += 1
        self.server.clients.remove(self)
        self.server.loop.cancel(self.timer)
        if self.stream is not None:
            self.stream.closed(self)
