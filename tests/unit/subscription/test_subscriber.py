"""Our subscriptions: when they are asked for, renewed, given up."""

import unittest

from bellhop.sip import message
from bellhop.subscription.package import Package
from bellhop.subscription.subscriber import (
    ACCEPTED,
    CLOSED,
    DUE,
    ENDED,
    LAST_WAIT,
    LOST,
    NOTIFIED,
    OPENED,
    REFUSED,
    SUBSCRIBE,
    Subscriber,
)
from tests.support.messages import parsed

LAMPS = Package(b"dialog", b"application/dialog-info+xml", 600, 50)
CONTACT = b"Contact: <sip:10.0.0.1>"


class SubscriberTest(unittest.TestCase):
    def setUp(self):
        self.one = Subscriber(LAMPS, b"sip:bob@far.test", b"c1", b"t1", 1000)

    def open(self):
        self.one.handle(DUE, 1000)
        return self.one.handle(ACCEPTED, 2000)

    def test_it_is_asked_for_at_once_and_stands_with_the_answer(self):
        self.assertEqual(self.one.deadline, 1000)
        self.assertEqual(self.one.handle(DUE, 1000), [SUBSCRIBE])
        self.assertIsNone(self.one.deadline)
        self.assertEqual(self.one.handle(ACCEPTED, 2000), [OPENED])
        self.assertTrue(self.one.is_open())

    def test_it_is_renewed_when_two_thirds_of_its_time_are_over(self):
        self.open()
        self.assertEqual(self.one.deadline, 2000 + 400000)
        self.assertEqual(self.one.handle(DUE, 402000), [SUBSCRIBE])
        self.assertTrue(self.one.is_open())
        self.assertEqual(self.one.handle(ACCEPTED, 402100), [])
        self.assertEqual(self.one.cseq, 2)

    def test_who_cannot_be_had_is_asked_later_each_time(self):
        waits = []
        for _ in range(8):
            self.one.handle(DUE, 0)
            self.assertEqual(self.one.handle(REFUSED, 0), [])
            waits.append(self.one.deadline)
        self.assertEqual(waits[:3], [1000, 2000, 4000])
        self.assertEqual(waits[-1], LAST_WAIT)

    def test_the_end_of_what_stood_is_told_once(self):
        for event in (ENDED, LOST):
            self.open()
            self.assertEqual(self.one.handle(event, 3000), [CLOSED])
            self.assertEqual(self.one.handle(event, 3000), [])
            self.assertEqual(self.one.deadline, 4000)

    def test_a_notify_that_overtakes_the_answer_is_taken(self):
        notify = parsed("NOTIFY", lines=("Event: dialog",), call_id="c1")
        self.assertFalse(self.one.takes(notify))
        self.one.handle(DUE, 1000)
        self.assertTrue(self.one.takes(notify))
        self.assertEqual(self.one.handle(NOTIFIED, 1000), [])

    def test_the_request_is_whole(self):
        self.one.handle(DUE, 1000)
        made = self.one.request(b"sip:home.test", CONTACT)
        made.insert(b"via", b"Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1")
        read = message.parse(made.write())
        self.assertEqual((read.method, read.uri), (b"SUBSCRIBE", b"sip:bob@far.test"))
        self.assertEqual(read.value(b"event"), b"dialog")
        self.assertEqual(read.value(b"expires"), b"600")
        self.assertEqual(read.cseq, (1, b"SUBSCRIBE"))
