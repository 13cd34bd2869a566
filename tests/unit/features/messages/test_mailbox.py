"""Messages to the absent."""

import json
import unittest

from bellhop.errors import SipError
from bellhop.features.messages import mailbox
from bellhop.features.messages.mailbox import Mailbox
from bellhop.limits import (
    MAILBOX_PARTS,
    MAX_BINDINGS_PER_USER,
    MAX_MAILBOX_BYTES,
    MAX_MAILBOXES_BYTES,
    MEMBER,
    OWN,
    STRANGER,
)
from bellhop.sip import message
from tests.support.messages import parsed

CPIM = (
    "From: <sip:alice@home.test>\r\nTo: <sip:bob@home.test>\r\nDateTime: 2026-11-21T12:16:49Z\r\n"
    "NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: 34jk324j\r\n"
    "imdn.Disposition-Notification: positive-delivery, negative-delivery\r\n\r\n"
    "Content-Type: text/plain\r\n\r\nhello"
)


def letter_of(body="hello", kind="text/plain", lines=(), author="<sip:al@home.test>;tag=1"):
    """Return a MESSAGE."""
    usual = ["Content-Type: " + kind, "Subject: x", "Authorization: Digest SECRET"]
    return parsed("MESSAGE", lines=usual + list(lines), body=body, sender=author)


ALICE, FAR, STRANGE = (OWN, "alice"), (MEMBER, "10.3.0.1"), (STRANGER, "192.0.2.0/24")
PHONE, OTHER = b"desk", b"softphone"


class MailboxTest(unittest.TestCase):
    def setUp(self):
        self.box = Mailbox()

    def put(self, user="bob", sender=ALICE, now=0, **fields):
        """Put a MESSAGE into the box."""
        return self.box.put(user, letter_of(**fields), sender, now)

    def refusal(self, *arguments, **fields):
        """Return the words by which the box refuses a MESSAGE, "" where it takes it."""
        try:
            self.put(*arguments, **fields)
        except SipError as error:
            self.assertEqual(error.status, 480)
            return error.reason
        return ""

    def bodies(self, user="bob"):
        """Return what waits."""
        return [stored.body for stored in self.box.waiting(user)]

    def again(self, now=0):
        """Return the box as the next process has it."""
        other = Mailbox()
        other.restore(json.loads(json.dumps(self.box.dump(now))), now)
        return other

    def test_letters_come_out_in_order_one_at_a_time(self):
        for body in ("one", "two"):
            self.put(body=body)
        first = self.box.next("bob", PHONE)
        self.assertEqual(first.body, b"one")
        first.under_way = PHONE
        self.assertIsNone(self.box.next("bob", PHONE))
        self.assertIsNone(self.box.next("bob", OTHER))
        self.box.delivered(first)
        self.assertEqual(self.box.next("bob", PHONE, first.number).body, b"two")
        self.assertIsNone(self.box.next("alice", PHONE))

    def test_a_note_that_somebody_types_is_taken_and_not_kept(self):
        self.assertIsNone(self.put(kind="application/im-iscomposing+xml; charset=u"))
        self.assertEqual(self.bodies(), [])

    def test_one_sender_and_those_of_a_kind_fill_no_more_than_their_share(self):
        for sender in (ALICE, FAR, STRANGE):
            of_kind, of_one = MAILBOX_PARTS[sender[0]]
            share = "x" * (MAX_MAILBOX_BYTES // of_one - 200)
            user = sender[0]
            self.assertIn("may have", self.refusal(user, sender, body=share + share))
            self.assertEqual(self.refusal(user, sender, body=share), "")
            self.assertIn("of yours", self.refusal(user, sender, body=share))
            taken = 1
            while not self.refusal(user, (sender[0], "other-%d" % taken), body=share):
                taken += 1
            self.assertEqual(taken, of_one // of_kind)

    def test_strangers_leave_room_for_everybody_else(self):
        body = "x" * (MAX_MAILBOX_BYTES // MAILBOX_PARTS[STRANGER][1] - 200)
        for number in range(1000):
            self.refusal("user-%d" % (number % 100), (STRANGER, str(number)), body=body)
        taken = sum([len(stored.body) for stored in self.box.messages])
        self.assertTrue(taken <= MAX_MAILBOXES_BYTES // MAILBOX_PARTS[STRANGER][0])
        self.assertIn("holds no more", self.refusal("user-99", (STRANGER, "x"), body=body))
        self.assertEqual(self.refusal("user-1", FAR, body=body), "")
        self.assertEqual(self.refusal("user-1", ALICE, body=body), "")

    def test_letters_survive_a_restart_and_hold_no_credentials(self):
        first = self.put(body="gr\u00fc\u00df", sender=STRANGE)
        self.assertNotIn("SECRET", json.dumps(self.box.dump(0)))
        other = self.again()
        (again,) = other.waiting("bob")
        self.assertEqual(again.body, "gr\u00fc\u00df".encode())
        self.assertEqual((again.number, again.sender), (first.number, STRANGE))
        self.assertTrue(other.put("bob", letter_of(), ALICE, 0).number > first.number)

    def test_what_an_earlier_version_has_kept_is_taken_for_a_strangers(self):
        self.put()
        (row,) = self.box.dump(0)
        for name in ("id", "sender", "seconds"):
            del row[name]
        other = Mailbox()
        other.restore([row], 0)
        self.assertEqual(other.waiting("bob")[0].sender, (STRANGER, ""))

    def test_what_has_a_time_of_its_own_ends_then(self):
        self.put(body="for ever")
        self.put(body="a minute", lines=["Expires: 60"])
        self.assertIn("may not wait", self.refusal(lines=["Expires: 0"]))
        other = self.again(now=20000)
        for box, end in ((self.box, 60000), (other, 60000)):
            self.assertEqual(box.deadline, end)
            self.assertEqual(box.expire(end - 1), [])
            self.assertEqual([one.body for one in box.expire(end)], [b"a minute"])
            self.assertIsNone(box.deadline)

    def test_what_a_phone_refuses_is_not_brought_there_again(self):
        first, second = self.put(body="one"), self.put(body="two")
        self.assertFalse(self.box.refused(first, PHONE, 415))
        self.assertIs(self.box.next("bob", PHONE), second)
        self.assertIs(self.box.next("bob", OTHER), first)

    def test_what_a_phone_does_not_take_now_is_brought_some_times_more(self):
        first, second = self.put(body="one"), self.put(body="two")
        for _ in range(mailbox.MAX_TRIES):
            self.assertIs(self.box.next("bob", PHONE), first)
            self.assertIs(self.box.next("bob", PHONE, first.number), second)
            self.box.refused(first, PHONE, 486)
        self.assertIs(self.box.next("bob", PHONE), second)

    def test_what_every_phone_refuses_is_thrown_away(self):
        stored = self.put()
        phones = [str(number).encode() for number in range(MAX_BINDINGS_PER_USER)]
        gone = [self.box.refused(stored, phone, 405) for phone in phones]
        self.assertEqual((gone.count(True), gone[-1]), (1, True))
        self.assertEqual(self.bodies(), [])

    def test_who_asks_for_a_delivery_notice_is_remembered_over_a_restart(self):
        displayed = CPIM.replace("positive-delivery", "display")
        self.put(body=CPIM, kind="message/cpim")
        self.put(body=displayed, kind="message/cpim")
        self.put(body=CPIM)
        asker, silent, plain = self.again().waiting("bob")
        self.assertEqual(asker.receipt[2:], (b"34jk324j", b"2026-11-21T12:16:49Z"))
        self.assertEqual((silent.receipt, plain.receipt), (None, None))

    def test_the_letter_that_is_brought_is_a_whole_message_of_its_sender(self):
        stored = self.put(sender=ALICE, author='"Al" <sip:alice@home.test>;tag=9')
        brought = mailbox.request(stored, b"sip:bob@10.0.0.3", b"abcd")
        brought.insert(b"via", b"Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1")
        brought = message.parse(brought.write())
        self.assertEqual((brought.uri, brought.body), (b"sip:bob@10.0.0.3", b"hello"))
        self.assertEqual(brought.value(b"from"), b'"Al" <sip:alice@home.test>;tag=9')
        self.assertEqual(brought.value(b"content-type"), b"text/plain")
