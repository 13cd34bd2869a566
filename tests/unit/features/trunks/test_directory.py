"""A number is looked up in the DNS first; what it knows nothing of goes by a provider."""

import unittest

from bellhop.features import catalogue
from bellhop.names.answer import BOGUS, INSECURE, SECURE, SILENT
from bellhop.sip import message
from tests.support.carrier import TELEPHONE, provider
from tests.support.exchange import telephone
from tests.support.messages import flow
from tests.unit.features.test_dns import USERS, Asking
from tests.unit.names.test_enum import rule

ALICE = rule(b"!^.*$!sip:alice@far.test!")
KIM = "config user\n\toption name kim\n\toption password x\n\toption may_call %s\n"
FIRST, SECOND = ("203.0.113.5", "203.0.113.6")


class DirectoryTest(unittest.TestCase):
    def start(self, level="all", is_kept=None):
        sections = provider("one", "one.test", more="option register 0")
        sections += provider("two", "two.test", more="option register 0")
        self.made = Asking(USERS + KIM % level + TELEPHONE + sections)
        if is_kept is not None:
            self.made.engine.features["dns"].is_kept = is_kept
        catalogue.join_trunks(self.made.engine)
        self.made.take(self.made.engine.start(self.made.now))
        for host in (FIRST, SECOND):
            self.made.resolve([flow(host)])
        self.kim = telephone(self.made, "K", "kim", "10.0.0.5", password=b"x")

    def dial(self, number="089654321"):
        del self.made.sent[:]
        self.made.receive(self.kim.request("INVITE", "sip:%s@home.test" % number), self.kim.flow)

    def know(self, outcome, *records, why=""):
        """Let the DNS answer both questions alike."""
        for _ in range(2):
            self.made.answer(outcome, *records, why=why)

    def asked(self):
        return [one.flow.host for _, one in self.made.sent if one.data.startswith(b"INVITE")]

    def status(self):
        found = [message.parse(one.data) for _, one in self.made.sent]
        return [one.status for one in found if not hasattr(one, "method")][-1]

    def test_a_number_dialled_as_in_the_place_is_looked_up(self):
        self.start()
        self.dial()
        self.assertEqual(self.made.asked[0].name, "1.2.3.4.5.6.9.8.9.4.e164.dir.test")
        self.know(SECURE, ALICE)
        self.assertEqual(self.asked(), [])
        self.assertEqual(self.made.questions[-1].host, b"far.test")

    def test_one_that_nobody_knows_goes_by_a_provider_then_the_next(self):
        for outcome in (SECURE, INSECURE, SILENT):
            self.start()
            self.dial()
            self.know(outcome)
            self.assertEqual(self.asked(), [FIRST])
            self.made.advance(1500)
            self.assertIn(SECOND, self.asked())

    def test_whom_the_dns_knows_no_provider_is_asked_for(self):
        for outcome in (SECURE, INSECURE):
            self.start()
            self.dial()
            self.know(outcome, ALICE)
            self.made.resolve([flow("10.9.0.9", 5060)])
            self.made.advance(40000)
            self.assertEqual((set(self.asked()), self.status()), ({"10.9.0.9"}, 408))
            self.dial("*1089654321")
            self.assertEqual(self.asked(), [FIRST])

    def test_what_dnssec_refutes_never_falls_back(self):
        self.start()
        self.dial()
        self.know(BOGUS, why="expired")
        self.assertEqual((self.asked(), self.status()), ([], 502))

    def test_one_whose_key_is_kept_is_not_quietly_called_in_clear(self):
        self.start(is_kept=lambda number: number == "+4989654321")
        self.dial()
        self.know(SECURE)
        self.assertEqual((self.asked(), self.status()), ([], 488))
        self.dial("*1089654321")
        self.assertEqual(self.asked(), [FIRST])

    def test_it_is_barred_as_a_call_by_a_provider(self):
        for level, number, is_let in (
            ("national", "089654321", True), ("national", "004312345678", False),
            ("mesh", "089654321", False), ("all", "004312345678", True),
        ):  # fmt: skip
            self.start(level)
            self.dial(number)
            self.assertEqual(bool(self.made.asked), is_let, (level, number))
            if not is_let:
                self.assertEqual(self.status(), 403)


if __name__ == "__main__":
    unittest.main()
