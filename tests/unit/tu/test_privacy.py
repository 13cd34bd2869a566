"""The values of Privacy (RFC 3323, RFC 3325, RFC 7044)."""

import unittest

from bellhop.tu import privacy
from tests.support.messages import parsed


def invite(*lines, sender="<sip:alice@home.test>;tag=1"):
    return parsed("INVITE", "sip:bob@far.test", sender=sender, lines=lines)


class PrivacyTest(unittest.TestCase):
    def test_each_value_in_any_spelling(self):
        for written, values in (
            ("id", {privacy.ID}),
            ("User;HEADER", {privacy.USER, privacy.HEADER}),
            ("session; critical", {privacy.SESSION, privacy.CRITICAL}),
            ("history,id", {privacy.HISTORY, privacy.ID}),
            ("none;id", set()),
            ("nonsense", set()),
        ):
            self.assertEqual(privacy.wanted(invite("Privacy: " + written)), values, written)

    def test_who_hides_the_name(self):
        for value, hides in (
            ("id", True), ("user", True), ("header", True), ("session", False), ("history", False),
            ("critical", False), ("none", False), ("id;critical", True),
        ):  # fmt: skip
            self.assertEqual(privacy.hides(invite("Privacy: " + value)), hides, value)
        self.assertFalse(privacy.hides(invite()))
        nobody = '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1'
        self.assertTrue(privacy.hides(invite(sender=nobody)))


if __name__ == "__main__":
    unittest.main()
