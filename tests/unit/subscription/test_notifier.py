"""The subscriptions of others: granted, told of changes, over."""

import unittest

from bellhop.errors import SipError
from bellhop.sip import message
from bellhop.subscription.notifier import (
    CHANGED,
    CLOSED,
    DUE,
    LOST,
    NOTIFY,
    OPENED,
    REFUSED,
    TAKEN,
    Notifier,
)
from bellhop.subscription.package import Package, is_of
from tests.support.messages import parsed

LAMPS = Package(b"dialog", b"application/dialog-info+xml", 600, 50)
CONTACT = b"Contact: <sip:10.0.0.1>"


def subscribe(expires=None, lines=("Contact: <sip:phone@10.0.0.3>",)):
    more = () if expires is None else ("Expires: %d" % expires,)
    return parsed("SUBSCRIBE", lines=("Event: dialog;id=1",) + tuple(lines) + more)


class NotifierTest(unittest.TestCase):
    def setUp(self):
        self.one = Notifier(LAMPS, b"t1")

    def test_no_more_than_the_package_grants(self):
        self.assertEqual(self.one.subscribe(subscribe(), 1000), (600, [OPENED]))
        self.assertEqual(self.one.subscribe(subscribe(99999), 2000), (600, []))
        self.assertEqual(self.one.subscribe(subscribe(60), 3000), (60, []))
        self.assertEqual(self.one.deadline, 63000)

    def test_expires_of_nothing_ends_it(self):
        self.assertEqual(self.one.subscribe(subscribe(0), 1000), (0, []))
        self.one.subscribe(subscribe(), 1000)
        self.assertEqual(self.one.subscribe(subscribe(0), 2000), (0, [CLOSED]))
        self.assertIsNone(self.one.deadline)

    def test_it_ends_when_its_time_is_over(self):
        self.one.subscribe(subscribe(), 1000)
        self.assertEqual(self.one.handle(DUE, 600999), [])
        self.assertEqual(self.one.handle(DUE, 601000), [CLOSED])

    def test_changes_share_a_notice_and_one_is_under_way(self):
        self.one.subscribe(subscribe(), 1000)
        for _ in range(3):
            self.assertEqual(self.one.handle(CHANGED, 2000), [])
        self.assertEqual(self.one.deadline, 2050)
        self.assertEqual(self.one.handle(DUE, 2050), [NOTIFY])
        self.assertEqual(self.one.handle(CHANGED, 2060), [])
        self.assertEqual(self.one.handle(DUE, 2200), [])
        self.assertEqual(self.one.handle(TAKEN, 2300), [])
        self.assertEqual(self.one.deadline, 2350)
        self.assertEqual(self.one.handle(DUE, 2350), [NOTIFY])
        self.assertEqual(self.one.handle(TAKEN, 2400), [])
        self.assertEqual(self.one.deadline, 601000)

    def test_who_refuses_a_notice_or_is_gone_is_subscribed_no_more(self):
        for event in (REFUSED, LOST):
            self.one.subscribe(subscribe(), 1000)
            self.one.handle(CHANGED, 1000)
            self.one.handle(DUE, 1050)
            self.assertEqual(self.one.handle(event, 1100), [CLOSED])
            self.assertFalse(self.one.is_open())

    def test_one_without_contact_is_refused(self):
        with self.assertRaises(SipError) as refused:
            self.one.subscribe(subscribe(lines=()), 1000)
        self.assertEqual(refused.exception.status, 400)
        self.assertFalse(self.one.is_open())

    def test_the_notice_goes_back_in_the_dialog(self):
        asked = subscribe(lines=("Contact: <sip:phone@10.0.0.3>", "Record-Route: <sip:p;lr>"))
        self.one.subscribe(asked, 1000)
        self.assertEqual(self.one.routes, [b"<sip:p;lr>"])
        made = self.one.request(b"<x/>", CONTACT)
        made.insert(b"via", b"Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1")
        read = message.parse(made.write())
        self.assertEqual((read.uri, read.body), (b"sip:phone@10.0.0.3", b"<x/>"))
        self.assertEqual(read.from_.param(b"tag"), b"t1")
        self.assertEqual(read.to.param(b"tag"), asked.from_.param(b"tag"))
        self.assertEqual(read.call_id, asked.call_id)

    def test_requests_of_other_packages_are_not_its_own(self):
        self.assertTrue(is_of(LAMPS, subscribe()))
        self.assertFalse(is_of(LAMPS, parsed("SUBSCRIBE", lines=("Event: presence",))))
        self.assertFalse(is_of(LAMPS, parsed("INVITE", lines=("Event: dialog",))))
