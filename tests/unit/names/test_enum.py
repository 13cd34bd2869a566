"""Numbers to addresses: which rules count, and that no pattern of a stranger is ever run."""

import unittest

from bellhop.names import enum


def rule(regexp, order=100, preference=10, flags=b"u", service=b"E2U+sip"):
    octets = order.to_bytes(2, "big") + preference.to_bytes(2, "big")
    for text in (flags, service, regexp):
        octets += bytes([len(text)]) + text
    return octets + b"\0"


def found(*rules):
    return enum.addresses(rules, b"49301234")


class NumberTest(unittest.TestCase):
    def test_only_full_international_numbers_have_digits(self):
        self.assertEqual(enum.digits_of(b"+49301234"), b"49301234")
        wrong = (
            b"", b"+", b"112", b"+112", b"49301234", b"+0301234567", b"+4930abc12", b"+49 301234",
            b"+1234567890123456", b"alice",
        )  # fmt: skip
        for number in wrong:
            self.assertEqual(enum.digits_of(number), None)

    def test_owner(self):
        self.assertEqual(enum.owner(b"4930", b"e164.arpa"), b"0.3.9.4.e164.arpa")


class RuleTest(unittest.TestCase):
    def test_the_whole_number(self):
        self.assertEqual(found(rule(b"!^.*$!sip:a@b.test!")), [b"sip:a@b.test"])
        self.assertEqual(found(rule(b"/^.*$/sips:a@b.test/i")), [b"sips:a@b.test"])

    def test_what_follows_some_digits(self):
        self.assertEqual(found(rule(b"!^\\+4930(.*)$!sip:\\1@b.test!")), [b"sip:1234@b.test"])
        self.assertEqual(found(rule(b"!^\\+(.*)$!sip:\\1@b.test!")), [b"sip:49301234@b.test"])
        self.assertEqual(found(rule(b"!^\\+33(.*)$!sip:\\1@b.test!")), [])

    def test_order_then_preference(self):
        rules = (
            rule(b"!^.*$!sip:c@b.test!", 200, 1), rule(b"!^.*$!sip:b@b.test!", 100, 20),
            rule(b"!^.*$!sip:a@b.test!", 100, 10), rule(b"!^.*$!sip:a@b.test!", 300, 10),
        )  # fmt: skip
        self.assertEqual(found(*rules), [b"sip:a@b.test", b"sip:b@b.test", b"sip:c@b.test"])

    def test_services(self):
        for service in (b"E2U+sip", b"e2u+SIP", b"E2U+voice:tel+sip", b"sip+E2U", b"E2U+sip:video"):
            self.assertEqual(len(found(rule(b"!^.*$!sip:a@b.test!", service=service))), 1)
        for service in (b"", b"E2U", b"sip", b"E2U+h323", b"E2U+pres", b"SIP+D2U"):
            self.assertEqual(found(rule(b"!^.*$!sip:a@b.test!", service=service)), [])
        self.assertEqual(found(rule(b"!^.*$!sip:a@b.test!", flags=b"")), [])
        self.assertEqual(found(rule(b"!^.*$!sip:a@b.test!", flags=b"s")), [])

    def test_what_is_not_understood_is_left_out(self):
        wrong = (
            b"", b"!", b"!!!", b"!^.*$!", b"!^.*$!sip:a@b.test", b"!^.*$!sip:a@b.test!x",
            b"!(a+)+$!sip:a@b.test!", b"!^\\+49.(.*)$!sip:a@b.test!", b"!^.*$!sip:\\1@b.test!",
            b"!^\\+49(.*)$!sip:\\2@b.test!", b"!^.*$!tel:+4930!", b"!^.*$!mailto:a@b.test!",
            b"!^.*$!sip:b.test!", b"!^.*$!sip:a@b.test?Route=x!", b"!^.*$!sip:a:pw@b.test!",
            b"!^.*$!sip:a@b.test\r\nX: y!", b"!^.*$!sip:a @b.test!", b"!^\\+(.*)!sip:\\1@b.test!",
        )  # fmt: skip
        for regexp in wrong:
            self.assertEqual(found(rule(regexp)), [], regexp)
        self.assertEqual(found(b"", b"\0" * 6, rule(b"!^.*$!sip:a@b.test!")[:-1]), [])

    def test_few_rules_of_one_number_are_looked_at(self):
        rules = [rule(b"!^.*$!sip:%d@b.test!" % at, at) for at in range(enum.MAX_RULES + 1)]
        self.assertEqual(len(found(*rules)), enum.MAX_RULES)


if __name__ == "__main__":
    unittest.main()
