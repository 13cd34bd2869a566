"""SIP over WebSocket, server side (RFC 7118 over RFC 6455): octets in, messages out; no I/O."""

import hashlib
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64

from ...limits import MAX_BODY_BYTES, MAX_HEADER_BYTES
from ...sip.framing import PING, PONG
from ...world.streams import Fed

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
# Browsers send a few hundred octets, cookies of the page included a few thousand.
MAX_HANDSHAKE_BYTES = 8192
MAX_MESSAGE_BYTES = MAX_HEADER_BYTES + MAX_BODY_BYTES
# Browsers send one; each takes fifty octets besides its own.
MAX_PARTS = 256

CONTINUATION, TEXT, BINARY, CLOSE, PING_FRAME, PONG_FRAME = 0, 1, 2, 8, 9, 10
NORMAL, PROTOCOL_ERROR, BAD_TEXT, TOO_BIG = 1000, 1002, 1007, 1009


class Refused(Exception):
    """The peer broke the protocol. args: octets to answer with, the reason for the log."""


class Session:
    """One WebSocket: the opening handshake, then frames.

    allows(origin): whether a page of that Origin (text) may open one; None: any may.
    """

    def __init__(self, allows=None):
        self.allows = allows
        self.buffer = b""
        self.is_open = False
        self.kind = None
        self.parts = []
        self.size = 0

    def feed(self, data):
        """Return a Fed."""
        self.buffer += data
        messages, replies = [], []
        try:
            if not self.is_open and not self._handshake(replies):
                return Fed(messages, b"", "")
            while self._frame(messages, replies):
                pass
        except Refused as refused:
            replies.append(refused.args[0])
            return Fed(messages, b"".join(replies), refused.args[1])
        return Fed(messages, b"".join(replies), "")

    def wrap(self, message):
        """Return the frame that carries a message: text where it is UTF-8 (RFC 7118 section 5)."""
        return frame(TEXT if _is_utf8(message) else BINARY, message)

    def is_partial(self):
        """Tell whether the handshake, a frame or a message has begun and not ended."""
        return bool(self.buffer or self.parts or not self.is_open)

    def held(self):
        """Return how many octets wait here for the rest of their message."""
        return len(self.buffer) + self.size

    def _handshake(self, replies):
        head, end, rest = self.buffer.partition(b"\r\n\r\n")
        if not end:
            if len(head) > MAX_HANDSHAKE_BYTES:
                raise Refused(_http(b"431 Request Header Fields Too Large"), "a long handshake")
            return False
        replies.append(accepted(head, self.allows))
        self.buffer = rest
        self.is_open = True
        return True

    def _frame(self, messages, replies):
        """Take one frame off the buffer; tell whether there was a whole one."""
        buffer = self.buffer
        if len(buffer) < 2:
            return False
        kind, size = buffer[0] & 15, buffer[1] & 127
        if buffer[0] & 0x70 or not buffer[1] & 0x80:
            raise _fault(PROTOCOL_ERROR, "a frame with reserved bits, or without mask")
        start = 2 + {126: 2, 127: 8}.get(size, 0)
        if kind >= CLOSE and (size > 125 or not buffer[0] & 0x80):
            raise _fault(PROTOCOL_ERROR, "a control frame that is long or in fragments")
        if size > 125:
            if len(buffer) < start:
                return False
            size = int.from_bytes(buffer[2:start], "big")
        if self.size + size > MAX_MESSAGE_BYTES:
            raise _fault(TOO_BIG, "a message that is too large")
        end = start + 4 + size
        if len(buffer) < end:
            return False
        self.buffer = buffer[end:]
        payload = _unmask(buffer[start + 4 : end], buffer[start : start + 4])
        if kind >= CLOSE:
            self._control(kind, payload, replies)
        else:
            self._data(kind, payload, buffer[0] & 0x80, messages, replies)
        return True

    def _control(self, kind, payload, replies):
        if kind == CLOSE:
            raise Refused(frame(CLOSE, payload[:2]), "closed by the peer")
        if kind == PING_FRAME:
            replies.append(frame(PONG_FRAME, payload))
        elif kind != PONG_FRAME:
            raise _fault(PROTOCOL_ERROR, "an unknown kind of frame")

    def _data(self, kind, payload, is_last, messages, replies):
        if kind > BINARY or (kind == CONTINUATION) == (self.kind is None):
            raise _fault(PROTOCOL_ERROR, "fragments out of order, or an unknown kind of frame")
        self.kind = self.kind or kind
        if payload:
            if len(self.parts) >= MAX_PARTS:
                raise _fault(TOO_BIG, "a message in too many fragments")
            self.parts.append(payload)
            self.size += len(payload)
        if not is_last:
            return
        message, kind = b"".join(self.parts), self.kind
        self.parts, self.size, self.kind = [], 0, None
        if kind == TEXT and not _is_utf8(message):
            raise _fault(BAD_TEXT, "text that is not UTF-8")
        if message == PING:
            replies.append(self.wrap(PONG))
        elif message:
            messages.append(message)


def accepted(head, allows=None):
    """Return the answer to an opening handshake (RFC 6455 section 4.2); refuses what is none.

    allows: as for Session. Only browsers send Origin, and no page can leave it out (section 10.2).
    """
    lines = head.split(b"\r\n")
    fields = {}
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        name = name.strip().lower()
        fields[name] = fields[name] + b"," + value if name in fields else value
    request = lines[0].split(b" ")
    if len(request) != 3 or request[0] != b"GET" or request[2] != b"HTTP/1.1":
        raise Refused(_http(b"400 Bad Request"), "no WebSocket handshake")
    is_upgrade = b"websocket" in _tokens(fields, b"upgrade")
    is_upgrade = is_upgrade and b"upgrade" in _tokens(fields, b"connection")
    if not is_upgrade or fields.get(b"sec-websocket-version", b"").strip() != b"13":
        version = (b"Sec-WebSocket-Version: 13", b"Upgrade: websocket")
        raise Refused(_http(b"426 Upgrade Required", version), "no WebSocket of version 13")
    origin = fields.get(b"origin", b"").strip().decode("latin-1")
    if origin and allows is not None and not allows(origin):
        raise Refused(_http(b"403 Forbidden"), "a page of %s" % origin)
    if b"sip" not in _tokens(fields, b"sec-websocket-protocol"):
        raise Refused(_http(b"400 Bad Request"), "the sub-protocol sip was not offered")
    key = fields.get(b"sec-websocket-key", b"").strip()
    if not _is_key(key):
        raise Refused(_http(b"400 Bad Request"), "a key that is not 16 octets")
    proof = b2a_base64(hashlib.sha1(key + GUID).digest(), newline=False)
    return _http(
        b"101 Switching Protocols",
        (
            b"Upgrade: websocket",
            b"Connection: Upgrade",
            b"Sec-WebSocket-Accept: " + proof,
            b"Sec-WebSocket-Protocol: sip",
        ),
    )


def _tokens(fields, name):
    return [token.strip().lower() for token in fields.get(name, b"").split(b",")]


def _is_key(key):
    try:
        return len(a2b_base64(key)) == 16
    except Base64Error:
        return False


def _http(status, lines=(b"Content-Length: 0", b"Connection: close")):
    return b"\r\n".join((b"HTTP/1.1 " + status, *lines, b"", b""))


def frame(kind, payload):
    """Return one unmasked frame, as a server sends it (RFC 6455 section 5.2)."""
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | kind, size))
    elif size < 65536:
        head = bytes((0x80 | kind, 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | kind, 127)) + size.to_bytes(8, "big")
    return head + payload


def _fault(code, reason):
    return Refused(frame(CLOSE, code.to_bytes(2, "big")), reason)


def _unmask(payload, key):
    """Apply the mask to all octets at once: as one large number (section 5.3)."""
    size = len(payload)
    mask = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")).to_bytes(size, "big")


def _is_utf8(octets):
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True
