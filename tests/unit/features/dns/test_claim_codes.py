"""Codes of directories that come by MESSAGE: only who waits for one gets it."""

import unittest

from bellhop.features.dns.codes import WAIT_MS, Codes
from bellhop.names import code
from bellhop.sip import message
from tests.support.exchange import Exchange
from tests.support.messages import flow, request, settings

USERS = """
config user
	option name alice
	option extension 201
	option password wonderland
config dns
	list directory dir.test
"""
KEY, ADDRESS = "q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k=", "alice@home.test"
CODE = "01234567"


class ClaimCodes(unittest.TestCase):
    def setUp(self):
        self.exchange = Exchange(settings(users=USERS))
        self.exchange.engine.join(Codes(self.exchange.node))
        self.count = 0

    def take(self, name=ADDRESS, key=KEY):
        asked = {"user": "alice", "name": name, "key": key}
        return self.exchange.engine.features["claim codes"].take(asked, self.exchange.now)[0][
            "code"
        ]

    def send(self, sender="claims@dir.test", target="sip:" + ADDRESS, text=None, tag=""):
        """Send a text; return the statuses of the answers."""
        del self.exchange.sent[:]
        self.count += 1
        body = code.write("dir.test", CODE, KEY) if text is None else text
        data = request(
            "MESSAGE", target, sender="<sip:%s>;tag=1" % sender, to="<%s>%s" % (target, tag),
            call_id="c%d" % self.count, branch="z9hG4bKb%d" % self.count, body=body,
        )  # fmt: skip
        self.exchange.receive(data, flow("198.51.100.7", 5060))
        found = [message.parse(one.data) for _, one in self.exchange.sent]
        return [one.status for one in found if not hasattr(one, "method")]

    def test_who_waits_gets_it_once(self):
        self.assertEqual(self.take(), "")
        self.assertEqual(self.send(target="sip:Alice@HOME.test;transport=tcp"), [200])
        self.assertEqual(self.take(), CODE)
        self.assertEqual(self.take(), "")

    def test_all_else_goes_the_way_of_any_text(self):
        self.assertNotIn(200, self.send(), "nobody waits")
        self.take()
        for changed in (
            {"sender": "claims@evil.test"}, {"sender": "mallory@dir.test"},
            {"target": "sip:bob@home.test"}, {"target": "sip:alice@other.test"},
            {"text": "hello"}, {"text": code.write("dir.test", CODE, "A" * 44)}, {"text": ""},
            {"text": "\u0660" * 200}, {"target": "tel:+4930"}, {"tag": ";tag=2"},
        ):  # fmt: skip
            self.assertNotIn(200, self.send(**changed), changed)
        self.assertEqual(self.take(), "")

    def test_nobody_waits_for_ever(self):
        self.take()
        self.exchange.now += WAIT_MS + 1
        self.assertNotIn(200, self.send())

    def test_what_is_no_address_is_not_waited_for(self):
        for name in ("", "alice", "+4930", "a b@c", "@"):
            self.take(name)
            self.assertEqual(self.exchange.engine.features["claim codes"].rows, {}, name)


if __name__ == "__main__":
    unittest.main()
