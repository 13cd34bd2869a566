"""Cursor functions over bytes."""

import unittest

from bellhop.errors import SipError
from bellhop.sip import scan


class FindOutsideTest(unittest.TestCase):
    def test_a_delimiter_in_quotes_is_passed_over(self):
        self.assertEqual(scan.find_outside(b'"a,b",c', b","), 5)

    def test_a_quoted_pair_does_not_end_the_quotes(self):
        self.assertEqual(scan.find_outside(b'"a\\",b",c', b","), 7)

    def test_a_backslash_that_is_quoted_itself_lets_the_quotes_end(self):
        self.assertEqual(scan.find_outside(b'"a\\\\",c', b","), 5)

    def test_angle_brackets_hide_only_where_asked(self):
        self.assertEqual(scan.find_outside(b"<a,b>,c", b","), 2)
        self.assertEqual(scan.find_outside(b"<a,b>,c", b",", 0, True), 5)

    def test_an_absent_delimiter_gives_minus_one(self):
        self.assertEqual(scan.find_outside(b'"a,b"', b","), -1)

    def test_open_quotes_and_brackets_are_refused(self):
        for value in (b'"a', b'"a\\', b'"a\\"', b"<a,"):
            with self.assertRaises(SipError):
                scan.find_outside(value, b",", 0, True)


class SplitOutsideTest(unittest.TestCase):
    def test_elements_lose_the_blanks_around_them(self):
        self.assertEqual(scan.split_outside(b" a ,\tb, c", b","), [b"a", b"b", b"c"])

    def test_commas_in_quotes_and_brackets_stay(self):
        value = b'"a,b" <sip:c,d@e>, <sip:f>'
        parts = scan.split_outside(value, b",", angles=True)
        self.assertEqual(parts, [b'"a,b" <sip:c,d@e>', b"<sip:f>"])

    def test_an_empty_element_is_kept_empty(self):
        self.assertEqual(scan.split_outside(b"a,,b", b","), [b"a", b"", b"b"])


class ParametersTest(unittest.TestCase):
    def test_names_are_folded_and_values_kept(self):
        pairs = scan.parameters(b";Tag=AbC;LR;x = y")
        self.assertEqual(pairs, [(b"tag", b"AbC"), (b"lr", None), (b"x", b"y")])

    def test_a_quoted_value_keeps_quotes_and_semicolons(self):
        self.assertEqual(scan.parameters(b';a="x;y=z";b'), [(b"a", b'"x;y=z"'), (b"b", None)])

    def test_an_empty_value_is_not_an_absent_one(self):
        pairs = scan.parameters(b";a=;b")
        self.assertEqual(pairs, [(b"a", b""), (b"b", None)])
        self.assertEqual(scan.write_parameters(pairs), b";a=;b")

    def test_what_is_written_is_what_was_read(self):
        value = b';tag=1;lr;text="a;b"'
        self.assertEqual(scan.write_parameters(scan.parameters(value)), value)

    def test_a_name_that_is_no_token_is_refused(self):
        for value in (b";a b=1", b";=1", b";a@=1"):
            with self.assertRaises(SipError):
                scan.parameters(value)

    def test_asking_for_a_parameter_tells_empty_from_absent(self):
        pairs = scan.parameters(b";lr;tag=1")
        self.assertEqual(scan.parameter(pairs, b"lr"), b"")
        self.assertEqual(scan.parameter(pairs, b"tag"), b"1")
        self.assertIsNone(scan.parameter(pairs, b"x"))


class QuotedStringTest(unittest.TestCase):
    def test_quote_and_unquote_are_inverse(self):
        for value in (b"", b"a", b'say "hi"', b"back\\slash", b'\\"'):
            self.assertEqual(scan.unquote(scan.quote(value)), value)

    def test_what_is_not_quoted_stays_as_it_is(self):
        self.assertEqual(scan.unquote(b"a\\b"), b"a\\b")


class NumberTest(unittest.TestCase):
    def test_leading_zeros_do_not_matter(self):
        self.assertEqual(scan.number(b"0007", 10, "it"), 7)

    def test_only_digits_up_to_the_bound_are_numbers(self):
        for value in (b"", b"-1", b"+1", b"1 ", b"\xb2", b"11", b"9" * 40):
            with self.assertRaises(SipError):
                scan.number(value, 10, "it")


class TextTest(unittest.TestCase):
    def test_any_octets_survive_the_way_through_text(self):
        octets = bytes(range(256))
        self.assertEqual(scan.to_octets(scan.to_text(octets)), octets)

    def test_nothing_stays_nothing(self):
        self.assertIsNone(scan.to_octets(scan.to_text(None)))
