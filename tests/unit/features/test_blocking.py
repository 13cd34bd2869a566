"""`list blocked`: whom the owner does not want to hear."""

import unittest

from tests.support.exchange import Exchange, telephone
from tests.support.messages import flow, request, settings

DOOR = "option strangers allow\n"
ELSEWHERE = flow("203.0.113.9")


class BlockingTest(unittest.TestCase):
    def start(self, *blocked):
        lines = "".join(["list blocked %s\n" % one for one in blocked])
        self.exchange = Exchange(settings(DOOR + "option help_for_strangers 1\n" + lines))
        self.bob = telephone(self.exchange, "B", "bob", "10.0.0.3")

    def call(self, sender="<sip:Eve@far.test>;tag=1", target="sip:bob@home.test", **more):
        """Let somebody call from elsewhere; return the status codes."""
        self.calls = getattr(self, "calls", 0) + 1
        name = "call-%d" % self.calls
        data = request(
            "INVITE", target, sender=sender, call_id=name, branch="z9hG4bK" + name,
            via="203.0.113.9:5060", lines=["Contact: <sip:eve@203.0.113.9>"], **more,
        )  # fmt: skip
        return self.exchange.answers(data, ELSEWHERE)

    def test_caller_host_and_address_are_blocked_in_any_spelling(self):
        for blocked in ("eve@FAR.test", "far.test", "203.0.113.9"):
            self.start(blocked)
            self.assertEqual(self.call(), [603], blocked)

    def test_others_are_not(self):
        self.start("mallory@far.test", "near.test")
        self.assertEqual(self.call(), [])
        self.assertEqual(self.exchange.sent[-1][1].flow, self.bob.flow)

    def test_who_is_blocked_can_call_for_help(self):
        self.start("far.test")
        self.assertNotEqual(self.call(target="sip:112@home.test"), [603])

    def test_who_lives_here_cannot_be_blocked(self):
        self.start("home.test", "10.0.0.3")
        data = self.bob.request("INVITE", "sip:201@home.test")
        self.assertEqual(self.exchange.answers(data, self.bob.flow), [407])

    def test_what_is_refused_is_counted(self):
        self.start("far.test")
        self.call()
        told, _ = self.exchange.engine.answer("status", {}, self.exchange.now)
        self.assertEqual(told["counters"]["blocking"], {"refused": 1})


if __name__ == "__main__":
    unittest.main()
