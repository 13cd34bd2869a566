"""The messages of the newest calls, without passwords and keys."""

import json
import unittest

from bellhop.effects import Send
from bellhop.limits import MAX_TRACE_MESSAGES, MAX_TRACED_CALLS
from bellhop.tu.trace import Trace, masked
from tests.support.messages import flow, request


class TraceTest(unittest.TestCase):
    def setUp(self):
        self.trace = Trace()

    def test_only_traced_calls_are_kept_in_order(self):
        self.trace.begin(b"c")
        self.trace.begin(b"c")
        self.trace.note(b"c", 1000, flow(), b"one", [])
        self.trace.note(b"c", 2000, None, None, [Send(flow("10.0.0.3"), b"two")])
        self.trace.note(b"other", 0, flow(), b"x", [])
        self.assertEqual(self.trace.read(b"other", 0), [])
        found = self.trace.read(b"c", 4000)
        self.assertEqual([entry["message"] for entry in found], ["one", "two"])
        self.assertEqual((found[0]["seconds_ago"], found[1]["peer"]), (3, "10.0.0.3 port 5060"))
        json.dumps(found)

    def test_calls_and_messages_are_bounded(self):
        for number in range(MAX_TRACED_CALLS + 1):
            self.trace.begin(b"c" + str(number).encode())
        self.assertEqual(len(self.trace.kept), MAX_TRACED_CALLS)
        self.assertNotIn(b"c0", self.trace.kept)
        for _ in range(MAX_TRACE_MESSAGES + 1):
            self.trace.note(b"c1", 0, flow(), b"x", [])
        self.assertEqual(len(self.trace.kept[b"c1"]), MAX_TRACE_MESSAGES)


class MaskedTest(unittest.TestCase):
    def test_no_credential_can_be_read(self):
        for line in (
            'Authorization: Digest username="bob", response="SECRET"',
            'authorization : Digest response="SECRET"',
            'Proxy-Authorization: Digest nonce="x",\r\n response="SECRET"',
        ):  # fmt: skip
            shown = masked(request("REGISTER", lines=[line]))
            self.assertNotIn("SECRET", shown)
            self.assertIn("uthorization", shown)

    def test_no_media_key_can_be_read(self):
        body = "v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:SECRET\r\nk=base64:SECRET\r\n"
        body += "a=key-mgmt:mikey SECRET\na=crypto:2 x inline:SECRET\nm=audio 1 RTP/AVP 0\n"
        shown = masked(request("INVITE", body=body))
        self.assertNotIn("SECRET", shown)
        self.assertIn("m=audio", shown)

    def test_other_lines_stay(self):
        shown = masked(request("INVITE", lines=["X-Own: 1"]))
        self.assertIn("X-Own: 1\n", shown)
