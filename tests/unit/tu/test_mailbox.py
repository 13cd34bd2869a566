"""Messages to the absent."""

import json
import unittest

from bellhop.limits import MAX_MAILBOX_BYTES, MAX_MAILBOXES_BYTES
from bellhop.sip import message
from bellhop.tu import mailbox
from bellhop.tu.mailbox import Mailbox
from tests.support.messages import parsed

CPIM = (
    "From: <sip:alice@home.test>\r\nTo: <sip:bob@home.test>\r\nDateTime: 2026-11-21T12:16:49Z\r\n"
    "NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: 34jk324j\r\n"
    "imdn.Disposition-Notification: positive-delivery, negative-delivery\r\n\r\n"
    "Content-Type: text/plain\r\n\r\nhello"
)


def letter_of(body="hello", kind="text/plain", **fields):
    """Return a MESSAGE."""
    lines = ["Content-Type: " + kind, "Subject: x", "Authorization: Digest SECRET"]
    return parsed("MESSAGE", lines=lines, body=body, **fields)


class MailboxTest(unittest.TestCase):
    def setUp(self):
        self.box = Mailbox()

    def test_letters_come_out_in_order_one_at_a_time(self):
        for body in ("one", "two"):
            self.assertTrue(self.box.put("bob", letter_of(body)))
        first = self.box.next("bob")
        self.assertEqual(first.body, b"one")
        first.under_way = True
        self.assertIsNone(self.box.next("bob"))
        self.box.delivered(first)
        self.assertEqual(self.box.next("bob").body, b"two")
        self.assertIsNone(self.box.next("alice"))

    def test_a_note_that_somebody_types_is_taken_and_not_kept(self):
        self.assertTrue(
            self.box.put("bob", letter_of(kind="application/im-iscomposing+xml; charset=u"))
        )
        self.assertIsNone(self.box.next("bob"))

    def test_the_share_of_one_user_is_bounded(self):
        body = "x" * (MAX_MAILBOX_BYTES // 2)
        self.assertTrue(self.box.put("bob", letter_of(body)))
        self.assertFalse(self.box.put("bob", letter_of(body)))
        self.assertTrue(self.box.put("alice", letter_of(body)))
        self.assertEqual(self.box.counters["refused_full"], 1)

    def test_the_share_of_all_is_bounded(self):
        body = "x" * (MAX_MAILBOX_BYTES - 1000)
        taken = [self.box.put("user-%d" % n, letter_of(body)) for n in range(20)]
        self.assertEqual(taken.count(True), MAX_MAILBOXES_BYTES // (MAX_MAILBOX_BYTES - 1000))

    def test_letters_survive_a_restart_and_hold_no_credentials(self):
        self.box.put("bob", letter_of("gr\u00fc\u00df"))
        text = json.dumps(self.box.dump())
        self.assertNotIn("SECRET", text)
        other = Mailbox()
        other.restore(json.loads(text))
        self.assertEqual(other.next("bob").body, "gr\u00fc\u00df".encode())

    def test_who_asks_for_a_delivery_notice_is_remembered_over_a_restart(self):
        self.box.put("bob", letter_of(CPIM, "message/cpim"))
        self.box.put("bob", letter_of(CPIM.replace("positive-delivery", "display"), "message/cpim"))
        self.box.put("bob", letter_of(CPIM))
        other = Mailbox()
        other.restore(json.loads(json.dumps(self.box.dump())))
        asker, silent, plain = other.waiting("bob")
        self.assertEqual(asker.receipt[2:], (b"34jk324j", b"2026-11-21T12:16:49Z"))
        self.assertEqual((silent.receipt, plain.receipt), (None, None))

    def test_the_letter_that_is_brought_is_a_whole_message_of_its_sender(self):
        self.box.put("bob", letter_of(sender='"Al" <sip:alice@home.test>;tag=9'))
        via = b"Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1"
        data = mailbox.request(self.box.next("bob"), b"sip:bob@10.0.0.3", via, b"abcd").write()
        brought = message.parse(data)
        self.assertEqual((brought.uri, brought.body), (b"sip:bob@10.0.0.3", b"hello"))
        self.assertEqual(brought.value(b"from"), b'"Al" <sip:alice@home.test>;tag=9')
        self.assertEqual(brought.value(b"content-type"), b"text/plain")
