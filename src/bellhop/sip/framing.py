"""Message boundaries on a stream (RFC 3261 section 18.3) and CRLF keep-alive (RFC 5626 4.4.1)."""

from ..errors import SipError
from ..limits import MAX_BODY_BYTES, MAX_HEADER_BYTES, MAX_PASSED_BYTES
from . import scan
from .fields import line_value
from .headers import canonical
from .message import END

PING = b"\r\n\r\n"
PONG = b"\r\n"


class Framer:
    """Collects the octets of one stream and gives back whole messages."""

    def __init__(self):
        self.buffer = b""
        self.needed = self.passed_over = 0

    def feed(self, data):
        """Return the list of complete items: messages, and PING where a keep-alive came.

        Refuses with SipError when the stream can no longer be understood; it must be closed then,
        and the exception's `items` are the last ones. Of a message that is too large only the
        header is given, so that it can be refused; its body is passed over.
        """
        if self.passed_over:
            kept = data[self.passed_over :]
            self.passed_over -= len(data) - len(kept)
            data = kept
        self.buffer += data
        items = []
        try:
            while len(self.buffer) >= self.needed:
                item = self._next()
                if item is None:
                    break
                if item:
                    items.append(item)
        except SipError as error:
            error.follow(items)
            if error.status == 513:
                items.append(self.buffer)
            raise
        return items

    def _next(self):
        """Return one item, b"" for a lone CRLF, or None where more octets are needed."""
        buffer = self.buffer
        if buffer[:1] == b"\r":
            return self._blank(buffer)
        end = buffer.find(END)
        if end < 0:
            if len(buffer) > MAX_HEADER_BYTES:
                raise SipError(513, "the header on a stream has no end")
            self.needed = len(buffer) + 1
            return None
        body = content_length(buffer[:end])
        if body > MAX_BODY_BYTES:
            return self._pass_over(end + len(END), body)
        size = end + len(END) + body
        if len(buffer) < size:
            self.needed = size
            return None
        self.needed = 0
        self.buffer = buffer[size:]
        return buffer[:size]

    def _pass_over(self, end, body):
        """Return the header of a message whose body is too large, and drop the body as it comes."""
        header, rest = self.buffer[:end], self.buffer[end:]
        self.buffer = rest[body:]
        self.passed_over = body - (len(rest) - len(self.buffer))
        self.needed = 0
        return header

    def _blank(self, buffer):
        if buffer[:4] == PING:
            self.buffer = buffer[4:]
            return PING
        if buffer[:2] == PONG and (len(buffer) > 3 or buffer[2:3] not in (b"", b"\r")):
            self.buffer = buffer[2:]
            return b""
        if buffer not in (b"\r", b"\r\n", b"\r\n\r"):
            raise SipError(400, "a stream holds a lone carriage return")
        self.needed = len(buffer) + 1
        return None


def content_length(header):
    """Return the one Content-Length that a header on a stream must have; refuses with 400."""
    found = None
    unfolded = header.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    for line in unfolded.split(b"\r\n")[1:]:
        if line[:1] in b"CcLl" and canonical(line[: line.find(b":")]) == b"content-length":
            if found is not None:
                raise SipError(400, "a message on a stream has Content-Length twice")
            found = scan.number(line_value(line), MAX_PASSED_BYTES, "Content-Length")
    if found is None:
        raise SipError(400, "a message on a stream needs Content-Length")
    return found
