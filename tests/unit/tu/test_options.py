"""What the node answers as a user agent server."""

import unittest

from bellhop.errors import SipError
from bellhop.tu import options
from tests.support.messages import parsed


class OptionsTest(unittest.TestCase):
    def test_options_tells_what_the_node_can_do(self):
        lines = options.answer_lines(parsed("OPTIONS"))
        self.assertIn(options.ALLOW, lines)
        self.assertIn(b"OPTIONS", options.ALLOW)

    def test_a_method_that_is_not_for_the_node_is_refused_with_405_and_an_unknown_one_with_501(
        self,
    ):
        for method, status in (("INVITE", 405), ("NEWMETHOD", 501)):
            with self.assertRaises(SipError) as refused:
                options.answer_lines(parsed(method))
            self.assertEqual(refused.exception.status, status)
            self.assertTrue(refused.exception.headers[0].startswith(b"Allow: "))

    def test_a_required_extension_must_be_known(self):
        options.check_require(parsed("REGISTER", lines=["Require: Path, outbound"]))
        with self.assertRaises(SipError) as refused:
            options.check_require(parsed("REGISTER", lines=["Require: path, foo, bar"]))
        self.assertEqual(refused.exception.status, 420)
        self.assertEqual(refused.exception.headers, (b"Unsupported: foo, bar",))
