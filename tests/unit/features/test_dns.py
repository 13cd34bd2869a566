"""Numbers in the DNS: who may ask, in which order answers count, what a lying DNS can do."""

import unittest

from bellhop.effects import Ask
from bellhop.features import catalogue
from bellhop.features.dns.named import _is_domain
from bellhop.names.answer import BOGUS, INSECURE, NAPTR, SECURE, SILENT, Answer
from bellhop.sip import message
from tests.support.exchange import Exchange, telephone
from tests.support.messages import flow, request, settings
from tests.unit.names.test_enum import rule

USERS = """
config user
	option name bob
	option extension 202
	option password builder
config dns
	list directory dir.test
	list enum_suffix e164.arpa
"""
NUMBER = "+49301234"
ALICE = rule(b"!^.*$!sip:alice@far.test!")
OTHER = rule(b"!^.*$!sip:other@far.test!", 200)


class Asking(Exchange):
    """An Exchange that keeps what the DNS is asked."""

    def __init__(self, users=USERS):
        self.asked = []
        Exchange.__init__(self, settings("list trusted 10.0.0.0/24\n", users=users))
        catalogue.join_names(self.engine, None, None, None)

    def take(self, effects):
        self.asked += [one for one in effects if isinstance(one, Ask)]
        return Exchange.take(self, effects)

    def answer(self, outcome, *records, why=""):
        """Answer the oldest question."""
        number = self.asked.pop(0).number
        found = Answer(outcome, records, why)
        self.take(self.engine.hear("dns", "answered", number, found, self.now))


class NumberTest(unittest.TestCase):
    def start(self, target="sip:%s@home.test" % NUMBER, source="10.0.0.3", users=USERS):
        self.exchange = Asking(users)
        telephone(self.exchange, "bob", "bob", "10.0.0.3")
        del self.exchange.sent[:]
        data = request("INVITE", target, to="<%s>" % target)
        self.exchange.receive(data, flow(source, 5060))

    def statuses(self):
        found = [message.parse(one.data) for _, one in self.exchange.sent]
        return [one.status for one in found if not hasattr(one, "method")]

    def reason(self):
        found = [message.parse(one.data) for _, one in self.exchange.sent]
        return [one.reason for one in found if not hasattr(one, "method")][-1]

    def test_all_suffixes_are_asked_at_once_the_directory_first(self):
        self.start()
        self.assertEqual(
            [(one.name, one.zone, one.kind) for one in self.exchange.asked],
            [
                ("4.3.2.1.0.3.9.4.e164.dir.test", "e164.dir.test", NAPTR),
                ("4.3.2.1.0.3.9.4.e164.arpa", "e164.arpa", NAPTR),
            ],
        )

    def test_the_first_in_the_list_counts_whoever_answers_first(self):
        self.start()
        first, second = self.exchange.asked
        hear = self.exchange.engine.hear
        self.exchange.take(hear("dns", "answered", second.number, found(INSECURE, OTHER), 5))
        self.assertEqual(self.exchange.questions, [])
        self.exchange.take(hear("dns", "answered", first.number, found(SECURE, ALICE), 5))
        self.assertEqual([one.host for one in self.exchange.questions], [b"far.test"])
        self.exchange.resolve([flow("10.9.0.9", 5060)])
        sent = message.parse(self.exchange.sent[-1][1].data)
        self.assertEqual(sent.uri, b"sip:alice@far.test")

    def test_unsigned_addresses_are_used(self):
        self.start()
        self.exchange.answer(INSECURE)
        self.exchange.answer(INSECURE, ALICE)
        self.assertEqual([one.host for one in self.exchange.questions], [b"far.test"])

    def test_what_dnssec_refutes_ends_the_call(self):
        self.start()
        self.exchange.answer(BOGUS, why="signature expired")
        self.exchange.answer(INSECURE, OTHER)
        self.assertEqual((self.exchange.questions, self.statuses()[-1]), ([], 502))
        self.assertTrue(b"what DNSSEC refutes" in self.reason())

    def test_nobody_and_silence_are_told_apart(self):
        self.start()
        self.exchange.answer(SECURE)
        self.exchange.answer(SECURE)
        self.assertEqual((self.statuses()[-1], b":" in self.reason()), (404, False))
        self.start()
        self.exchange.answer(SILENT, why="the name servers do not answer in time")
        self.exchange.answer(SECURE)
        self.assertTrue(b"do not answer" in self.reason())

    def test_rules_that_lie_lead_nowhere(self):
        for regexp in (b"!(.*)*$!sip:a@b.test!", b"!^.*$!tel:+49900123!", b"!^.*$!sip:x@y?a=b!"):
            self.start()
            self.exchange.answer(SECURE, rule(regexp), b"\xff" * 9)
            self.exchange.answer(SECURE)
            self.assertEqual((self.exchange.questions, self.statuses()[-1]), ([], 404))

    def test_an_answer_that_comes_too_late_calls_nobody(self):
        self.start()
        asked = list(self.exchange.asked)
        data = request("CANCEL", "sip:%s@home.test" % NUMBER, to="<sip:%s@home.test>" % NUMBER)
        self.exchange.receive(data, flow("10.0.0.3", 5060))
        self.exchange.advance(200)
        for one in asked + asked:
            answer = found(SECURE, ALICE)
            self.exchange.take(self.exchange.engine.hear("dns", "answered", one.number, answer, 9))
        self.assertEqual(self.exchange.questions, [])

    def test_only_full_international_numbers_of_this_house_are_looked_up(self):
        for target in (
            "sip:112@home.test", "sip:301234@home.test", "sip:+112@home.test",
            "sip:alice@home.test", "sip:+49301234@elsewhere.test",
        ):  # fmt: skip
            self.start(target)
            self.assertEqual(self.exchange.asked, [], target)
        self.start("tel:+49-30-1234")
        self.assertEqual(len(self.exchange.asked), 2)

    def test_strangers_ask_nothing(self):
        self.start(source="203.0.113.9")
        self.assertEqual((self.exchange.asked, self.statuses()[-1] in (401, 403, 407)), ([], True))

    def test_the_phone_book_is_looked_up_slowly_and_only_if_wanted(self):
        book = "config contact\n	option name Gran\n	option number '%s'\n"
        book = book % "+49 30 1234" + book % "+49 30 9999" + book % "112"
        exchange = Asking(USERS + book)
        exchange.take(exchange.engine.start(exchange.now))
        exchange.advance(3600000)
        self.assertEqual(exchange.asked, [])
        exchange = Asking(USERS + "	option book 1\n" + book)
        exchange.take(exchange.engine.start(exchange.now))
        for asked in (2, 4, 4):
            exchange.advance(60000)
            self.assertEqual(len(exchange.asked), asked)
        exchange.answer(SECURE, ALICE)
        exchange.answer(SECURE)
        reached = exchange.engine.features["reach"].found()
        self.assertEqual([(row["name"], row["proved"]) for row in reached], [("Gran", True)])
        exchange.advance(86400000 + 120000)
        self.assertEqual(len(exchange.asked), 2 + 4)

    def test_without_suffixes_nothing_is_asked(self):
        self.start(users=USERS.split("	list directory")[0])
        self.assertEqual((self.exchange.asked, self.statuses()[-1]), ([], 404))


class DomainTest(unittest.TestCase):
    def test_a_domain_that_every_house_has_is_none_of_the_internet(self):
        wrong = (
            b"home.arpa",
            b"x.home.arpa",
            b"box.lan",
            b"a.local",
            b"alice",
            b"10.0.0.1",
            b"fe::1",
        )
        self.assertEqual([one for one in wrong if _is_domain(one)], [])
        self.assertTrue(_is_domain(b"example.org") and _is_domain(b"myhome.arpa"))


def found(outcome, *records):
    return Answer(outcome, records, "")


if __name__ == "__main__":
    unittest.main()
