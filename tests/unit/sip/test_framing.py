"""Message boundaries on a stream."""

import unittest

from bellhop.errors import SipError
from bellhop.limits import MAX_BODY_BYTES, MAX_HEADER_BYTES, MAX_PASSED_BYTES
from bellhop.sip.framing import PING, Framer
from tests.support.messages import request

ONE = request("MESSAGE", body="hello")
TWO = request("OPTIONS", cseq=2)


def fed(*parts):
    """Return all items of a stream that comes in parts."""
    framer = Framer()
    items = []
    for part in parts:
        items.extend(framer.feed(part))
    return items


class FramerTest(unittest.TestCase):
    def test_messages_that_come_together_are_parted(self):
        self.assertEqual(fed(ONE + TWO + ONE), [ONE, TWO, ONE])

    def test_a_message_may_be_split_at_every_octet(self):
        stream = ONE + PING + TWO
        for at in range(len(stream) + 1):
            self.assertEqual(fed(stream[:at], stream[at:]), [ONE, PING, TWO], at)

    def test_a_message_may_come_octet_by_octet(self):
        stream = PING + ONE + TWO
        self.assertEqual(fed(*[stream[i : i + 1] for i in range(len(stream))]), [PING, ONE, TWO])

    def test_a_keep_alive_is_given_back(self):
        self.assertEqual(fed(PING, PING + ONE), [PING, PING, ONE])

    def test_a_lone_line_end_before_a_message_is_passed_over(self):
        self.assertEqual(fed(b"\r\n" + ONE), [ONE])

    def test_a_pong_is_passed_over(self):
        self.assertEqual(fed(b"\r\n", ONE), [ONE])

    def test_content_length_may_be_compact_and_in_any_case(self):
        for name in (b"l", b"L", b"content-length", b"CONTENT-LENGTH ", b"l\t"):
            data = ONE.replace(b"Content-Length", name)
            self.assertEqual(fed(data + TWO), [data, TWO])

    def test_a_folded_content_length_is_read(self):
        data = ONE.replace(b"Content-Length: 5", b"Content-Length:\r\n 5")
        self.assertEqual(fed(data + TWO), [data, TWO])

    def test_a_stream_that_cannot_be_understood_is_refused(self):
        for data in (
            ONE.replace(b"Content-Length: 5\r\n", b""),
            ONE.replace(b"Content-Length", b"l: 5\r\nContent-Length"),
            ONE.replace(b"Length: 5", b"Length: x"),
            ONE.replace(b"Length: 5", b"Length: " + str(MAX_PASSED_BYTES + 1).encode()),
            b"\rX" + ONE,
            b"\r\n\rX",
        ):
            with self.assertRaises(SipError):
                fed(data)

    def test_a_header_without_end_is_refused(self):
        framer = Framer()
        with self.assertRaises(SipError) as refused:
            for _ in range(MAX_HEADER_BYTES // 1000 + 2):
                framer.feed(b"X" * 1000)
        self.assertEqual(refused.exception.status, 513)
        self.assertEqual(len(refused.exception.items), 1)

    def test_what_came_before_a_fault_is_not_lost(self):
        with self.assertRaises(SipError) as refused:
            fed(ONE + b"\rX")
        self.assertEqual(refused.exception.items, [ONE])

    def test_a_body_that_is_too_large_is_passed_over(self):
        body = b"x" * (MAX_BODY_BYTES + 1)
        large = ONE.replace(b"Length: 5", b"Length: " + str(len(body)).encode())[:-5]
        stream = large + body + TWO
        for step in (len(stream), 1000, len(large) + 1):
            parts = [stream[at : at + step] for at in range(0, len(stream), step)]
            self.assertEqual(fed(*parts), [large, TWO], step)
