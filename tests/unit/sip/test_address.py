"""name-addr and addr-spec with header parameters."""

import unittest

from bellhop import limits
from bellhop.errors import SipError
from bellhop.sip import address


class AddressTest(unittest.TestCase):
    def test_display_name_uri_and_parameters_are_told_apart(self):
        found = address.parse(b'"A. Liddell" <sip:alice@example.com;lr>;tag=1;x')
        self.assertEqual(found.display, b'"A. Liddell"')
        self.assertEqual(found.uri_bytes, b"sip:alice@example.com;lr")
        self.assertEqual(found.uri.user, b"alice")
        self.assertEqual(found.param(b"tag"), b"1")
        self.assertEqual(found.param(b"x"), b"")
        self.assertIsNone(found.param(b"lr"))

    def test_without_brackets_the_parameters_belong_to_the_header(self):
        found = address.parse(b"sip:alice@example.com;tag=88")
        self.assertEqual(found.uri_bytes, b"sip:alice@example.com")
        self.assertEqual(found.param(b"tag"), b"88")

    def test_a_display_name_may_be_words_without_quotes(self):
        self.assertEqual(address.parse(b"Alice L <sip:a@b>").display, b"Alice L")

    def test_words_around_a_name_leave_its_quotes_whole(self):
        for display, expected in (
            (b'"Gran" ', b'"(x) Gran (y)"'),
            (b"Gran ", b'"(x) Gran (y)"'),
            (b'"6\\"" ', b'"(x) 6\\" (y)"'),
            (b'"" ', b'"(x) gran (y)"'),
            (b"", b'"(x) gran (y)"'),
        ):
            found = address.parse(display + b"<sip:gran@a>;tag=1").worded(b"(x) ", b" (y)", b"gran")
            self.assertEqual(found.write(), expected + b" <sip:gran@a>;tag=1")

    def test_quotes_may_hold_what_would_end_an_address(self):
        found = address.parse(b'"<a>, \\"b\\";c" <sip:a@b>;tag=1')
        self.assertEqual(found.display, b'"<a>, \\"b\\";c"')
        self.assertEqual(found.param(b"tag"), b"1")

    def test_no_blank_is_needed_before_the_bracket(self):
        self.assertEqual(address.parse(b'"A"<sip:a@b>').uri_bytes, b"sip:a@b")

    def test_a_quoted_parameter_is_kept_as_written(self):
        found = address.parse(b'<sip:a@b>;+sip.instance="<urn:uuid:1;2>";reg-id=1')
        self.assertEqual(found.param(b"+sip.instance"), b'"<urn:uuid:1;2>"')
        self.assertEqual(found.param(b"reg-id"), b"1")

    def test_a_list_is_split_at_the_commas_that_part_addresses(self):
        found = address.parse_list(b'"a,b" <sip:a,1@b>;q=1,sip:c@d;q=0.5 , <tel:1>')
        self.assertEqual([one.uri_bytes for one in found], [b"sip:a,1@b", b"sip:c@d", b"tel:1"])

    def test_what_is_written_is_what_was_read(self):
        for value in (b"<sip:a@b>", b'"A" <sip:a@b;lr>;tag=1', b"A <sip:a@b>;x;y=z"):
            self.assertEqual(address.parse(value).write(), value)

    def test_an_addr_spec_is_written_with_brackets(self):
        self.assertEqual(address.parse(b"sip:a@b;tag=1").write(), b"<sip:a@b>;tag=1")

    def test_malformed_addresses_are_refused_with_400(self):
        for value in (
            b"", b"<sip:a@b", b"sip:a@b>", b"<sip:a@b> x", b'"A <sip:a@b>', b'"A" B <sip:a@b>',
            b"A@B <sip:a@b>", b"sip:a@b?x=y", b"<>", b"<sip:a@b>;t g=1", b"alice",
        ):  # fmt: skip
            with self.assertRaises(SipError) as refused:
                address.parse(value)
            self.assertEqual(refused.exception.status, 400)

    def test_the_memory_of_parsed_addresses_is_bounded(self):
        for number in range(3 * limits.MAX_REMEMBERED):
            address.parse(b"<sip:" + str(number).encode() + b"@b>")
        self.assertLessEqual(len(address._memo), limits.MAX_REMEMBERED)
