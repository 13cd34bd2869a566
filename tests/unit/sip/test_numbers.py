"""Telephone numbers as people dial them, and as providers want them."""

import unittest

from bellhop.sip import numbers
from bellhop.sip.numbers import Plan

BERLIN = Plan(b"49", b"30", b"00", b"0")
PARIS = Plan(b"33", b"", b"00", b"0")
MADRID = Plan(b"34", b"", b"00", b"")
BOSTON = Plan(b"1", b"617", b"011", b"1")
NOWHERE = Plan(b"", b"", b"00", b"0")


class NumbersTest(unittest.TestCase):
    def test_every_way_to_dial_is_one_number(self):
        for plan, dialled, whole in (
            (BERLIN, b"+49 (30) 12 34 56", b"+4930123456"),
            (BERLIN, b"004930123456", b"+4930123456"),
            (BERLIN, b"030123456", b"+4930123456"),
            (BERLIN, b"123456", b"+4930123456"),
            (BERLIN, b"0043123456", b"+43123456"),
            (PARIS, b"0123456789", b"+33123456789"),
            (MADRID, b"912345678", b"+34912345678"),
            (BOSTON, b"5551234", b"+16175551234"),
            (BOSTON, b"2125551234", b"+12125551234"),
            (BOSTON, b"12125551234", b"+12125551234"),
            (BOSTON, b"0114930123456", b"+4930123456"),
            (NOWHERE, b"+4930123456", b"+4930123456"),
        ):
            self.assertEqual(numbers.e164(plan, dialled), whole, dialled)

    def test_what_is_no_whole_number_is_none(self):
        for plan, dialled in (
            (BERLIN, b"112"), (BERLIN, b"115"), (BERLIN, b"alice"), (BERLIN, b""), (BERLIN, b"+"),
            (BERLIN, b"+0123456789"), (BERLIN, b"00" + b"1" * 16), (NOWHERE, b"030123456"),
            (PARIS, b"123456"), (BERLIN, b"*21#"), (BERLIN, b"12\r\n34567"),
        ):  # fmt: skip
            self.assertIsNone(numbers.e164(plan, dialled), dialled)

    def test_providers_write_numbers_as_they_like(self):
        for form, written in (
            (numbers.E164, b"+4930123456"), (numbers.PLAIN, b"4930123456"),
            (numbers.INTERNATIONAL, b"004930123456"), (numbers.NATIONAL, b"030123456"),
        ):  # fmt: skip
            self.assertEqual(numbers.written(BERLIN, b"+4930123456", form), written)
            self.assertEqual(numbers.written(BERLIN, b"115", form), b"115")
        self.assertEqual(numbers.written(BERLIN, b"+43123456", numbers.NATIONAL), b"0043123456")

    def test_what_costs_more_is_not_national(self):
        for number, is_national in (
            (b"+4930123456", True), (b"115", True), (b"+49900123456", False),
            (b"+491371234567", False), (b"+43123456", False), (b"+49180512345", False),
        ):  # fmt: skip
            self.assertEqual(numbers.is_national(BERLIN, number), is_national, number)
        self.assertFalse(numbers.is_national(NOWHERE, b"+4930123456"))

    def test_ranges_beginnings_and_single_numbers_match(self):
        for pattern, number, is_in in (
            (b"+49301234", b"+49301234", True), (b"030 1234", b"+49301234", True),
            (b"+493012300..+493012399", b"+493012345", True),
            (b"+493012300..+493012399", b"+493012400", False),
            (b"+493012300..+493012399", b"+4930123450", False),
            (b"03012*", b"+493012345", True), (b"+49*", b"+43123456", False),
            (b"garbage..+49", b"+493012345", False),
        ):  # fmt: skip
            self.assertEqual(numbers.matches(BERLIN, pattern, number), is_in, pattern)


if __name__ == "__main__":
    unittest.main()
