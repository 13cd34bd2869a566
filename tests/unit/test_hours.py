"""Hours of the day as people write them."""

import unittest

from bellhop import hours


class Hours(unittest.TestCase):
    def test_hours_run_over_midnight(self):
        for minute, is_quiet in ((22 * 60, True), (23 * 60, True), (0, True), (419, True),
                                 (420, False), (1319, False), (None, False)):  # fmt: skip
            self.assertEqual(hours.is_within("22:00-07:00", minute), is_quiet, minute)
        self.assertTrue(hours.is_within("12:00-13:30", 13 * 60 + 29))
        self.assertFalse(hours.is_within("12:00-13:30", 13 * 60 + 30))
        self.assertFalse(hours.is_within("", 5))

    def test_hours_that_are_none(self):
        for text in (
            "22-7",
            "22:00",
            "22:00-",
            "25:00-07:00",
            "a:00-b:00",
            "7:0-8:00",
            "9:00-9:00",
        ):
            with self.subTest(text=text), self.assertRaises(ValueError):
                hours.read(text)

    def test_the_next_turn_is_never_now(self):
        minute, night = hours.MINUTE_MS, "22:00-07:00"
        for day_ms, waits in ((0, 7 * 60), (7 * 60, 15 * 60), (21 * 60, 60), (22 * 60, 9 * 60)):
            self.assertEqual(hours.until_turn(night, day_ms * minute), waits * minute, day_ms)
        self.assertEqual(hours.until_turn("00:00-24:00", 0), hours.DAY_MS)
        self.assertEqual(hours.until_turn("08:00-24:00", hours.DAY_MS - 1), 1)


if __name__ == "__main__":
    unittest.main()
