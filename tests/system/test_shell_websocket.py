"""WebSocket octets (RFC 6455, RFC 7118): handshake, frames, faults."""

import pytest

from bellhop.shell.tls.websocket import (  # fmt: skip
    BINARY,
    CLOSE,
    CONTINUATION,
    MAX_MESSAGE_BYTES,
    PING_FRAME,
    TEXT,
    Session,
    frame,
)

HANDSHAKE = (
    b"GET /sip HTTP/1.1\r\nHost: node.test\r\nUpgrade: WebSocket\r\n"
    b"Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Protocol: chat, sip\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
KEY = b"\x12\x34\x56\x78"


def masked(kind, payload, last=True):
    """Return a frame as a client sends it."""
    head = bytearray(frame(kind, payload)[: -len(payload) or None])
    head[0] = (0x80 if last else 0) | kind
    head[1] |= 0x80
    return bytes(head) + KEY + bytes(octet ^ KEY[i % 4] for i, octet in enumerate(payload))


@pytest.fixture
def session():
    made = Session()
    assert made.feed(HANDSHAKE).reply.startswith(b"HTTP/1.1 101 ")
    return made


def test_handshake_of_the_rfc_is_accepted():
    fed = Session().feed(HANDSHAKE)
    assert b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in fed.reply
    assert b"\r\nSec-WebSocket-Protocol: sip\r\n" in fed.reply
    assert not fed.fault


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        (b"GET", b"POST", b"400"),
        (b"HTTP/1.1", b"SIP/2.0", b"400"),
        (b"Version: 13", b"Version: 8", b"426"),
        (b"Upgrade: WebSocket\r\n", b"", b"426"),
        (b"chat, sip", b"chat", b"400"),
        (b"dGhlIHNhbXBsZSBub25jZQ==", b"short", b"400"),
        (b"dGhlIHNhbXBsZSBub25jZQ==", b"\xff\xfe", b"400"),
        (b"Host", b"X" * 9000, b"101"),
    ],
)
def test_other_handshakes_are_answered_by_their_fault(old, new, status):
    fed = Session().feed(HANDSHAKE.replace(old, new, 1))
    assert fed.reply.split(b" ")[1] == status
    assert bool(fed.fault) == (status != b"101")


def test_endless_handshake_is_refused():
    fed = Session().feed(b"A" * 9000)
    assert fed.reply.startswith(b"HTTP/1.1 431") and fed.fault


@pytest.mark.parametrize("size", [1, 125, 126, 65535, 65536, 90000])
@pytest.mark.parametrize("kind", [TEXT, BINARY])
def test_message_of_every_size_arrives(session, kind, size):
    assert session.feed(masked(kind, b"a" * size)).messages == [b"a" * size]
    assert not session.is_partial()


def test_octets_one_by_one_and_fragments_around_a_ping(session):
    stream = masked(TEXT, b"one ", last=False) + masked(PING_FRAME, b"?")
    stream += masked(CONTINUATION, b"two ", last=False) + masked(CONTINUATION, b"three")
    messages, reply = [], b""
    for octet in stream:
        fed = session.feed(bytes((octet,)))
        messages += fed.messages
        reply += fed.reply
    assert messages == [b"one two three"]
    assert reply == b"\x8a\x01?"


def test_crlf_keepalive_is_answered(session):
    fed = session.feed(masked(TEXT, b"\r\n\r\n"))
    assert (fed.messages, fed.reply) == ([], frame(TEXT, b"\r\n"))


def test_close_is_echoed(session):
    fed = session.feed(masked(CLOSE, b"\x03\xe8bye"))
    assert fed.reply == b"\x88\x02\x03\xe8" and fed.fault


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (frame(TEXT, b"not masked"), 1002),
        (b"\xc1\x80" + KEY, 1002),
        (masked(3, b"reserved kind"), 1002),
        (masked(11, b"reserved control"), 1002),
        (masked(PING_FRAME, b"x" * 126), 1002),
        (masked(PING_FRAME, b"x", last=False), 1002),
        (masked(CONTINUATION, b"of nothing"), 1002),
        (masked(TEXT, b"a", last=False) + masked(TEXT, b"b"), 1002),
        (masked(TEXT, b"\xff"), 1007),
        (b"\x82\xff" + (MAX_MESSAGE_BYTES + 1).to_bytes(8, "big") + KEY, 1009),
        (b"\x82\xff" + b"\xff" * 8 + KEY, 1009),
    ],
)
def test_fault_ends_with_its_code(session, octets, code):
    fed = session.feed(octets)
    assert fed.reply == b"\x88\x02" + code.to_bytes(2, "big") and fed.fault


def test_fragments_together_are_bounded(session):
    part = b"x" * 60000
    assert not session.feed(masked(BINARY, part, last=False)).fault
    assert session.feed(masked(CONTINUATION, part)).fault


def test_the_number_of_fragments_is_bounded(session):
    feed = masked(BINARY, b"x", last=False) + 300 * masked(CONTINUATION, b"x", last=False)
    assert session.feed(feed).reply == b"\x88\x02" + (1009).to_bytes(2, "big")


def test_octets_that_are_no_text_leave_as_binary(session):
    assert session.wrap(b"plain")[0] == 0x81
    assert session.wrap(b"\xff")[0] == 0x82
