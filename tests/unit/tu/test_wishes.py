"""What members wish for their calls."""

import unittest

from bellhop.sip import address
from bellhop.tu import wishes


class User:
    forward_always = forward_busy = forward_noanswer = forward_absent = ""
    dnd = pause = False
    quiet = ""
    anonymous = "ring"
    block = ()


class Wishes(unittest.TestCase):
    def test_a_wish_wins_over_the_option(self):
        self.assertEqual(wishes.value(User, None, "dnd"), False)
        self.assertEqual(wishes.value(User, {"dnd": True}, "dnd"), True)
        self.assertEqual(wishes.value(User, {"dnd": True}, "quiet"), "")

    def test_who_hides(self):
        for text, hides in (
            (b'"Anonymous" <sip:anonymous@anonymous.invalid>', True),
            (b"<sip:x@anonymous.invalid>", True),
            (b"<sip:Anonymous@far.test>", True),
            (b"<sip:anna@far.test>", False),
            (b"<tel:+4930>", False),
        ):
            self.assertEqual(wishes.is_nobody(address.parse(text)), hides, text)

    def test_who_is_blocked(self):
        listed = ["+4930*", "0190-1", "spam@far.test", "k" * 52, "bad.test"]
        for number, key, is_blocked in (
            (b"+49-30-123", b"+4930123@x", True), (b"01901", b"01901@x", True),
            (b"spam", b"spam@far.test", True), (b"x", b"x@" + b"k" * 52, True),
            (b"anna", b"anna@bad.test", True), (b"anna", b"anna@notbad.test", False),
            (b"+4931", b"+4931@x", False), (b"spam", b"spam@near.test", False),
        ):  # fmt: skip
            self.assertEqual(wishes.is_listed(listed, [number], key), is_blocked, key)

    def test_what_keeps_a_caller_off(self):
        rest = {"dnd": True}
        self.assertEqual(wishes.why_not(User, rest, None, False, False, False), "dnd")
        self.assertIsNone(wishes.why_not(User, rest, None, False, False, True))
        self.assertEqual(wishes.why_not(User, rest, None, False, True, True), "block")
        night = {"quiet": "22:00-07:00"}
        self.assertEqual(wishes.why_not(User, night, 60, False, False, False), "quiet")
        self.assertIsNone(wishes.why_not(User, night, 600, False, False, False))
        shy = {"anonymous": "refuse"}
        self.assertEqual(wishes.why_not(User, shy, None, True, False, True), "anonymous")
        self.assertIsNone(wishes.why_not(User, {}, None, True, False, False))

    def test_only_what_fits_is_kept(self):
        for name, wish in (
            ("dnd", True), ("quiet", ""), ("quiet", "22:00-07:00"), ("anonymous", "refuse"),
            ("block", ["+49*"]), ("forward_busy", "202"), ("forward_busy", ""),
        ):  # fmt: skip
            self.assertEqual(wishes.checked(name, wish), wish)
        for name, wish in (
            ("dnd", 1), ("quiet", "now"), ("anonymous", "x"), ("block", "202"), ("x", True),
            ("block", ["a\nb"]), ("forward_busy", "a b"), ("block", ["1"] * 101),
        ):  # fmt: skip
            with self.subTest(name=name, wish=wish), self.assertRaises(ValueError):
                wishes.checked(name, wish)


if __name__ == "__main__":
    unittest.main()

    def test_a_number_is_read_without_what_people_write_between_its_digits(self):
        self.assertEqual(wishes.read("forward_always", " +49 (30) 12-34 "), "+49301234")
        self.assertEqual(wishes.read("forward_always", "bob"), "bob")
        self.assertEqual(
            wishes.read("block", "0900 *, +49 30 1, eve@far"), ["0900*", "+49301", "eve@far"]
        )
